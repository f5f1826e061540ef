//! Gas of a verification by the contract of the evm profile (docs/evm.md): what a layout makes it take.

use serde::{Deserialize, Serialize};

use crate::{
    cells::Count,
    number::{index, long},
};

/// Most polynomials that share a commitment.
pub const MAX_GROUP: u32 = 256;

/// What proofs of the evm profile open. Polynomials that are committed to at one time and opened at the same rows share commitments, at
/// most `group` of them each.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Openings {
    /// Polynomials of a proof, by time and rows.
    pub sets: Vec<usize>,
    /// Polynomials of the key, all opened at one row.
    pub own: usize,
    /// Evaluations in a proof.
    pub evaluations: usize,
    /// Public values and hashes.
    pub cells: usize,
}

impl Openings {
    /// Commitments in a proof, without the two of the opening, and in the key.
    pub fn commitments(&self, group: u32) -> (usize, usize) {
        let group = index(group.max(1));
        (self.sets.iter().map(|set| set.div_ceil(group)).sum(), self.own.div_ceil(group))
    }

    /// With P commitments in a proof, K in the key and E evaluations
    ///
    /// ```text
    /// gas = 178,000 + 10,400 P + 6,500 K + 1,360 E + 380 cells
    /// ```
    ///
    /// for a transaction at the prices of the fork Osaka. Fitted to 54 layouts of ten models and a batch (`measured.tsv`), all within 4 %
    /// of what was measured.
    pub fn gas(&self, group: u32) -> u64 {
        let (points, own) = self.commitments(group);
        let terms = [(10_400, points), (6_500, own), (1_360, self.evaluations), (380, self.cells)];
        long(terms.into_iter().fold(Count::new(178_000), |sum, (gas, number)| sum + gas * Count::new(number)).get())
    }

    /// The smallest groups that make no more commitments than the largest.
    pub fn best_group(&self) -> u32 {
        let least = self.commitments(MAX_GROUP);
        (1..MAX_GROUP).find(|group| self.commitments(*group) == least).unwrap_or(MAX_GROUP)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Receipts of anvil 1.7.1, of layouts of the models of docs/evm.md and others, with 2^11 to 2^14 rows.
    const MEASURED: &str = include_str!("gas/measured.tsv");

    #[test]
    fn gas_is_within_five_percent_of_what_was_measured() {
        let mut count = 0;
        for line in MEASURED.lines().filter(|line| !line.starts_with('#')) {
            let numbers: Vec<usize> = line.split('\t').skip(1).map(|field| field.parse().unwrap()).collect();
            let [_, _, points, own, evaluations, cells, measured] = numbers[..] else { panic!("{line}") };
            // Sets of one polynomial have one commitment each, whatever the groups.
            let openings = Openings { sets: vec![1; points], own, evaluations, cells };
            let gas = openings.gas(1);
            let error = gas.abs_diff(long(measured)) * 1000 / long(measured);
            assert!(error <= 40, "{line}: {gas} of the model, {error} per mille off");
            count += 1;
        }
        assert!(count >= 50, "{count} layouts");
    }

    #[test]
    fn groups_are_no_larger_than_needed() {
        let openings = Openings { sets: vec![19, 4, 3, 1], own: 32, ..Openings::default() };
        assert_eq!(openings.commitments(16), (5, 2));
        assert_eq!(openings.best_group(), 32);
        assert_eq!(Openings { own: 300, ..openings.clone() }.best_group(), 150);
        assert!(openings.gas(16) > openings.gas(32));
        assert_eq!(openings.gas(32), openings.gas(MAX_GROUP));
    }
}
