//! Combinations of packed weights.

use ff::PrimeField;
use halo2_proofs::halo2curves::bn256::Fr;
use rayon::prelude::*;
use vouch_program::Program;

use crate::{
    cells::Count,
    config::{pow2, signed},
    layout::{Check, Layout},
    number::index,
};

/// For each check, `Σ_c w_c·μ^(C−1−c)` of its weight rows in order.
pub(super) fn combined(program: &Program, layout: &Layout, mu: Fr) -> Vec<Vec<Fr>> {
    let of = |check: &Check| {
        let chunks = 0..check.chunks(layout.params.weight_columns);
        let operands: Vec<usize> = check.operands.iter().map(|(operand, _)| *operand).collect();
        chunks.flat_map(|chunk| combined_rows(program, layout, check, chunk, &operands, mu)).collect()
    };
    layout.checks.iter().map(of).collect()
}

/// The same for one chunk and some operands.
pub(super) fn combined_rows(
    program: &Program,
    layout: &Layout,
    check: &Check,
    chunk: usize,
    operands: &[usize],
    mu: Fr,
) -> Vec<Fr> {
    let (first, factors) = check.factors(program, &layout.params, chunk, mu);
    let combination = Combination::new(&factors);
    let matrix = &program.matrices()[check.matrix];
    operands
        .par_iter()
        .with_min_len(64)
        .map(|operand| {
            let start = *operand * Count::new(index(matrix.cols)) + check.first + Count::new(first);
            combination.of(&matrix.weights[start.get()..(start + factors.len()).get()])
        })
        .collect()
}

/// `Σ factor·weight` for many lists of weights. Each factor is four words, and each word has a sum of its own, which is
/// reduced at the end.
struct Combination {
    factors: Vec<Fr>,
    words: Vec<[i128; 4]>,
}

/// Sums of fewer than 2^30 products of a word and a weight below 2^32 have less than 126 bits.
const SMALL: u64 = 1 << 32;

impl Combination {
    fn new(factors: &[Fr]) -> Self {
        let words = |factor: &Fr| {
            let bytes = factor.to_repr();
            std::array::from_fn(|i| {
                let word = bytes.as_ref().iter().skip(i.saturating_mul(8)).take(8);
                word.rev().fold(0i128, |word, byte| word << 8 | i128::from(*byte))
            })
        };
        Self { factors: factors.to_vec(), words: factors.iter().map(words).collect() }
    }

    fn of(&self, weights: &[i64]) -> Fr {
        if self.words.len() >= 1 << 30 || weights.iter().any(|w| w.unsigned_abs() >= SMALL) {
            let products = weights.iter().zip(&self.factors).map(|(w, factor)| signed(i128::from(*w)) * factor);
            return products.fold(Fr::zero(), |sum, product| sum + product);
        }
        let mut sums = [0i128; 4];
        for (w, words) in weights.iter().zip(&self.words) {
            let w = i128::from(*w);
            for (sum, word) in sums.iter_mut().zip(words) {
                *sum = sum.wrapping_add(word.wrapping_mul(w));
            }
        }
        sums.iter().rev().fold(Fr::zero(), |value, sum| value * pow2(64) + signed(*sum))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sums_of_words_are_sums_of_products() {
        let factors: Vec<Fr> = (0..40u64).map(|i| -Fr::from(i) * pow2(u32::try_from(6 * i).unwrap())).collect();
        for largest in [1i64, 5, (1 << 32) - 1, 1 << 32, (1 << 60) - 1] {
            let weights: Vec<i64> = (0..40).map(|i| [largest, -largest, 0, 1 - largest][i % 4]).collect();
            let products = weights.iter().zip(&factors).map(|(w, f)| signed(i128::from(*w)) * f);
            assert_eq!(Combination::new(&factors).of(&weights), products.sum::<Fr>());
        }
    }
}
