//! Splits with leaves on both sides, of many trees, that ask the same.
//!
//! A split that is reached if p is 1 adds w₀·p + (w₁ − w₀)·p·b, with the values w₀ and w₁ of its leaves. Splits with one
//! comparison b share the product: (Σ (w₁ − w₀)·p)·b.

use std::collections::BTreeMap;

use super::forest::{ALWAYS, Aggregate, Branch, Lowering, Visit, totals};
use crate::graph::ValueId;

/// As many splits for each target make a group: fewer rows would be saved than the group takes.
const LEAST: usize = 3;

/// What belongs to one truth value and one target.
#[derive(Default)]
struct Group {
    /// What a truth value on the way to a split adds to the sum.
    terms: BTreeMap<usize, f64>,
    /// Smallest and largest difference, of each tree.
    trees: BTreeMap<usize, (f64, f64)>,
}

/// The splits that are grouped, and their groups.
#[derive(Default)]
pub(super) struct Last {
    taken: Vec<bool>,
    groups: BTreeMap<(usize, usize), Group>,
}

impl Last {
    pub(super) fn takes(&self, split: usize) -> bool {
        self.taken.get(split).copied().unwrap_or(false)
    }
}

impl Lowering<'_, '_, '_, '_> {
    /// The splits that are worth a group.
    pub(super) fn shared(&self, live: &[bool]) -> Last {
        let forest = self.forest;
        if !matches!(forest.aggregate, Aggregate::Sum | Aggregate::Average) {
            return Last::default();
        }
        let mut last = live.to_vec();
        forest.roots.iter().filter_map(|b| b.split()).for_each(|root| last[root] = false);
        let mut counts = vec![0usize; self.bits.len()];
        for (i, split) in forest.splits.iter().enumerate() {
            last[i] &= split.yes.split().is_none() && split.no.split().is_none();
            counts[self.conditions[i].0] += usize::from(last[i]);
        }
        let least = LEAST * forest.targets;
        let taken = last.iter().zip(&self.conditions).map(|(last, (bit, _))| *last && counts[*bit] >= least).collect();
        Last { taken, groups: BTreeMap::new() }
    }

    /// Counts the leaves of a split that is grouped.
    pub(super) fn end(&mut self, split: usize, visit: &Visit) {
        let (bit, negated) = self.conditions[split];
        let split = &self.forest.splits[split];
        let (Branch::Leaf(with), Branch::Leaf(without)) =
            (if negated { (split.no, split.yes) } else { (split.yes, split.no) })
        else {
            return;
        };
        self.leaf(visit.tree, without, &visit.reach);
        self.widen(visit.tree, with);
        let mut differences = totals(&self.forest.leaves[with]);
        for (target, w) in totals(&self.forest.leaves[without]) {
            *differences.entry(target).or_insert(0.0) -= w;
        }
        for (target, difference) in differences {
            let group = self.last.groups.entry((bit, target)).or_default();
            for &(p, sign) in &visit.reach {
                *group.terms.entry(p).or_insert(0.0) += sign * difference;
            }
            // A tree has one leaf that counts.
            let (lo, hi) = group.trees.entry(visit.tree).or_default();
            (*lo, *hi) = (lo.min(difference), hi.max(difference));
        }
    }

    /// Adds the products of all groups to the values of the trees.
    pub(super) fn add_last(&mut self) {
        let groups = std::mem::take(&mut self.last.groups);
        let mut sums = Vec::with_capacity(groups.len());
        let mut found = Vec::with_capacity(groups.len());
        for ((bit, target), mut group) in groups {
            let bias = group.terms.remove(&ALWAYS).unwrap_or(0.0);
            group.terms.retain(|_, w| *w != 0.0);
            if group.terms.is_empty() {
                *self.values[0].terms.entry((bit, target)).or_insert(0.0) += bias;
                continue;
            }
            let operands = (0..self.rows).flat_map(|r| group.terms.keys().map(move |&p| (p, r)));
            let operands: Vec<ValueId> = operands.map(|(p, r)| self.bits[p][r]).collect();
            sums.push((group.terms.into_values().collect(), bias, operands));
            let range = group.trees.values().fold((0.0, 0.0), |sum, r| (sum.0 + r.0, sum.1 + r.1));
            found.push((bit, target, range));
        }
        if found.is_empty() {
            return;
        }
        let sums = self.parts.sums("shared", sums);
        let bits: Vec<usize> = found.iter().map(|f| f.0).collect();
        let bits = self.values_of(&bits);
        for (v, (.., range)) in sums.chunks_exact(self.rows).zip(&found) {
            self.bound(v, *range);
        }
        let products = self.parts.mul("shared.products", &sums, &bits);
        for (v, (_, target, range)) in products.chunks_exact(self.rows).zip(found) {
            self.bound(v, range);
            *self.values[0].terms.entry((self.bits.len(), target)).or_insert(0.0) += 1.0;
            self.bits.push(v.to_vec());
        }
    }

    fn bound(&mut self, values: &[ValueId], (lo, hi): (f64, f64)) {
        self.parts.graph.bound_below(values, lo);
        self.parts.graph.bound_above(values, hi);
    }
}
