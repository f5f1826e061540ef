//! The permutation argument: cells that are copies of each other have equal values.
//!
//! The columns are taken in chunks of `degree - 2`. For each chunk the prover commits to a running product z; with
//! p_j a column, s_j its permutation polynomial, and δ^j its coset (halo2 book, "Permutation argument"; PLONK,
//! section 5):
//!
//! ```text
//! l_0(X) (1 - z_0(X)) = 0
//! l_last(X) (z_last(X)^2 - z_last(X)) = 0
//! l_0(X) (z_i(X) - z_{i-1}(ω^last X)) = 0                                   for i > 0
//! (1 - l_last(X) - l_blind(X)) ·
//!     (z_i(ωX) Π_j (p_j(X) + β s_j(X) + γ) - z_i(X) Π_j (p_j(X) + β δ^j X + γ)) = 0
//! ```
//!
//! The last product may be 0 instead of 1: then some factor was zero, which happens for at most one γ for each cell, with a
//! probability below 2^-219 (docs/chips/README.md).

use crate::curve::Fr;
use ark_ff::{Field, One};

use crate::error::{KeyError, VerifyError};
use crate::expression::LeafValues;
use crate::field;
use crate::key::{ColumnKind, KeyDescription, query_at_current_row};
use crate::sorted::SortedMap;
use crate::transcript::Transcript;
use crate::vanishing::LagrangeValues;

/// The columns of the argument, in chunks.
#[derive(Debug, Clone)]
pub(crate) struct Permutation {
    columns: Vec<(ColumnKind, usize)>,
    chunk: usize,
    delta: Fr,
}

/// Evaluations of one running product.
#[derive(Debug, Clone)]
pub(crate) struct ProductEvaluations {
    /// At x.
    pub(crate) current: Fr,
    /// At ωx.
    pub(crate) next: Fr,
    /// At ω^last x; the last product has none.
    pub(crate) last: Option<Fr>,
}

/// What the argument's identities are evaluated with.
pub(crate) struct Challenges {
    pub(crate) beta: Fr,
    pub(crate) gamma: Fr,
    pub(crate) x: Fr,
}

impl Permutation {
    /// Finds the queries of the argument's columns.
    pub(crate) fn new(key: &KeyDescription) -> Result<Self, KeyError> {
        let mut seen = SortedMap::new();
        let mut columns = Vec::with_capacity(key.permutation_columns.len());
        for (position, column) in key.permutation_columns.iter().enumerate() {
            if !seen.insert(*column, ()) {
                return Err(KeyError::Duplicate { what: "permutation column", position });
            }
            let query =
                query_at_current_row(key, column.kind, column.index).ok_or(KeyError::PermutationQuery { position })?;
            columns.push((column.kind, query));
        }
        // The degree is at least 3; its range has been checked.
        let chunk = usize::try_from(key.degree.saturating_sub(2)).unwrap_or(usize::MAX).max(1);
        Ok(Self { columns, chunk, delta: field::delta() })
    }

    /// Number of running products.
    pub(crate) fn products(&self) -> usize {
        self.columns.len().div_ceil(self.chunk)
    }

    /// Reads the evaluations of the products.
    pub(crate) fn read_evaluations(
        &self,
        transcript: &mut Transcript<'_>,
    ) -> Result<Vec<ProductEvaluations>, VerifyError> {
        (1..=self.products())
            .map(|number| {
                let current = transcript.read_scalar()?;
                let next = transcript.read_scalar()?;
                let last = if number < self.products() { Some(transcript.read_scalar()?) } else { None };
                Ok(ProductEvaluations { current, next, last })
            })
            .collect()
    }

    /// The values at x of the argument's polynomials, in halo2's order.
    pub(crate) fn expressions(
        &self,
        leaves: LeafValues<'_>,
        sigmas: &[Fr],
        products: &[ProductEvaluations],
        lagrange: &LagrangeValues,
        challenges: &Challenges,
    ) -> Result<Vec<Fr>, VerifyError> {
        let mut expressions = Vec::new();
        if let Some(first) = products.first() {
            expressions.push(lagrange.first * (Fr::one() - first.current));
        }
        if let Some(last) = products.last() {
            expressions.push((last.current.square() - last.current) * lagrange.last);
        }
        for (product, before) in products.iter().skip(1).zip(products) {
            let before = before.last.ok_or(VerifyError::Missing { what: "last value of a product" })?;
            expressions.push((product.current - before) * lagrange.first);
        }
        let active = Fr::one() - (lagrange.last + lagrange.blind);
        // β δ^j x, where j counts the columns of all chunks.
        let mut coset = challenges.beta * challenges.x;
        let chunks = self.columns.chunks(self.chunk).zip(sigmas.chunks(self.chunk)).zip(products);
        for ((columns, sigmas), product) in chunks {
            let (mut left, mut right) = (product.next, product.current);
            for (&(kind, query), sigma) in columns.iter().zip(sigmas) {
                let values = match kind {
                    ColumnKind::Advice => leaves.advice,
                    ColumnKind::Fixed => leaves.fixed,
                    ColumnKind::Instance => leaves.instance,
                };
                let value = values.get(query).ok_or(VerifyError::Missing { what: "permutation column" })?;
                let shifted = *value + challenges.gamma;
                left *= shifted + challenges.beta * sigma;
                right *= shifted + coset;
                coset *= self.delta;
            }
            expressions.push((left - right) * active);
        }
        Ok(expressions)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn missing_evaluations_are_named() {
        let one = Fr::one();
        let permutation = Permutation { columns: vec![(ColumnKind::Advice, 0); 4], chunk: 3, delta: one };
        assert_eq!(permutation.products(), 2);
        let lagrange = LagrangeValues { first: one, last: one, blind: one };
        let challenges = Challenges { beta: one, gamma: one, x: one };
        let product = |last| ProductEvaluations { current: one, next: one, last };
        let leaves = |advice| LeafValues { fixed: &[], advice, instance: &[], challenges: &[] };
        let run = |advice, last| {
            permutation.expressions(leaves(advice), &[one; 4], &[product(last), product(None)], &lagrange, &challenges)
        };
        let advice = [one];
        assert_eq!(run(&advice, Some(one)).unwrap().len(), 5);
        assert_eq!(run(&advice, None), Err(VerifyError::Missing { what: "last value of a product" }));
        assert_eq!(run(&[], Some(one)), Err(VerifyError::Missing { what: "permutation column" }));
    }
}
