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

use std::num::NonZero;

use crate::bn254::{Fr, G1Affine};
use crate::challenge::{Beta, Gamma};
use crate::domain::Point;
use crate::error::{KeyError, VerifyError};
use crate::expression::LeafValues;
use crate::field;
use crate::key::{ColumnKind, KeyDescription};
use crate::sorted::SortedMap;
use crate::transcript::Transcript;
use crate::vanishing::LagrangeValues;

/// The columns of the argument, in chunks.
#[derive(Debug, Clone)]
pub(crate) struct Permutation {
    columns: Vec<(ColumnKind, usize)>,
    chunk: NonZero<usize>,
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

/// The prover has committed to the running products, which depend on β and γ.
pub(crate) struct Committed {
    beta: Beta,
    gamma: Gamma,
    commitments: Vec<G1Affine>,
    products: usize,
}

/// The prover has evaluated the permutation's polynomials and the running products at x.
pub(crate) struct Evaluated {
    /// Commitments to the running products, or to groups of them.
    pub(crate) products: Vec<G1Affine>,
    /// The products' values.
    pub(crate) evaluations: Vec<ProductEvaluations>,
    /// The values at x of the permutation's polynomials.
    pub(crate) sigmas: Vec<Fr>,
    beta: Beta,
    gamma: Gamma,
}

impl Permutation {
    /// Finds the queries of the argument's columns. `chunk` is the degree of the circuit minus 2.
    pub(crate) fn new(key: &KeyDescription, chunk: NonZero<usize>) -> Result<Self, KeyError> {
        let mut seen = SortedMap::new();
        let mut columns = Vec::with_capacity(key.permutation_columns.len());
        for (position, column) in key.permutation_columns.iter().enumerate() {
            if !seen.insert(*column, ()) {
                return Err(KeyError::Duplicate { what: "permutation column", position });
            }
            let query =
                key.query_at_current_row(column.kind, column.index).ok_or(KeyError::PermutationQuery { position })?;
            columns.push((column.kind, query));
        }
        Ok(Self { columns, chunk, delta: field::delta() })
    }

    /// Number of running products.
    pub(crate) fn products(&self) -> usize {
        self.columns.len().div_ceil(self.chunk.get())
    }

    /// Draws β and γ, and reads the commitments to the running products, or to groups of them.
    pub(crate) fn commit(&self, points: usize, transcript: &mut Transcript<'_>) -> Result<Committed, VerifyError> {
        let (beta, gamma) = (transcript.draw(), transcript.draw());
        let commitments = transcript.read_points("product of the permutation", points)?;
        Ok(Committed { beta, gamma, commitments, products: self.products() })
    }
}

impl Committed {
    /// Reads the evaluations, after x has been drawn.
    pub(crate) fn evaluate(
        self,
        argument: &Permutation,
        transcript: &mut Transcript<'_>,
    ) -> Result<Evaluated, VerifyError> {
        let Self { beta, gamma, commitments, products } = self;
        let sigmas = transcript.read_scalars("evaluation of the permutation's polynomials", argument.columns.len())?;
        let mut evaluations = Vec::with_capacity(products);
        for remaining in (0..products).rev() {
            let current = transcript.read_scalar("evaluation of a product")?;
            let next = transcript.read_scalar("evaluation of a product, next row")?;
            let last =
                if remaining == 0 { None } else { Some(transcript.read_scalar("evaluation of a product, last row")?) };
            evaluations.push(ProductEvaluations { current, next, last });
        }
        Ok(Evaluated { products: commitments, evaluations, sigmas, beta, gamma })
    }
}

impl Evaluated {
    /// The values at x of the argument's polynomials, in halo2's order.
    pub(crate) fn expressions(
        &self,
        argument: &Permutation,
        leaves: LeafValues<'_>,
        lagrange: &LagrangeValues,
        point: Point,
    ) -> Result<Vec<Fr>, VerifyError> {
        let (products, Beta(beta), Gamma(gamma)) = (&self.evaluations, self.beta, self.gamma);
        let mut expressions = Vec::new();
        if let Some(first) = products.first() {
            expressions.push(lagrange.first * (Fr::ONE - first.current));
        }
        if let Some(last) = products.last() {
            expressions.push((last.current.square() - last.current) * lagrange.last);
        }
        for (product, before) in products.iter().skip(1).zip(products) {
            let before = before.last.ok_or(VerifyError::Missing { what: "last value of a product" })?;
            expressions.push((product.current - before) * lagrange.first);
        }
        let active = Fr::ONE - (lagrange.last + lagrange.blind);
        // β δ^j x, where j counts the columns of all chunks.
        let mut coset = beta * point.x;
        let chunk = argument.chunk.get();
        let chunks = argument.columns.chunks(chunk).zip(self.sigmas.chunks(chunk)).zip(products);
        for ((columns, sigmas), product) in chunks {
            let (mut left, mut right) = (product.next, product.current);
            for (&(kind, query), sigma) in columns.iter().zip(sigmas) {
                let values = match kind {
                    ColumnKind::Advice => leaves.advice,
                    ColumnKind::Fixed => leaves.fixed,
                    ColumnKind::Instance => leaves.instance,
                };
                let value = values.get(query).ok_or(VerifyError::Missing { what: "permutation column" })?;
                let shifted = *value + gamma;
                left *= shifted + beta * sigma;
                right *= shifted + coset;
                coset *= argument.delta;
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
        let one = Fr::ONE;
        let columns = vec![(ColumnKind::Advice, 0); 4];
        let permutation = Permutation { columns, chunk: NonZero::new(3).unwrap(), delta: one };
        assert_eq!(permutation.products(), 2);
        let lagrange = LagrangeValues { first: one, last: one, blind: one };
        let product = |last| ProductEvaluations { current: one, next: one, last };
        let leaves = |advice| LeafValues { fixed: &[], advice, instance: &[], challenges: &[] };
        let run = |advice, last| {
            let evaluated = Evaluated {
                products: Vec::new(),
                evaluations: vec![product(last), product(None)],
                sigmas: vec![one; 4],
                beta: Beta(one),
                gamma: Gamma(one),
            };
            evaluated.expressions(&permutation, leaves(advice), &lagrange, Point { x: one, xn: one })
        };
        let advice = [one];
        assert_eq!(run(&advice, Some(one)).unwrap().len(), 5);
        assert_eq!(run(&advice, None), Err(VerifyError::Missing { what: "last value of a product" }));
        assert_eq!(run(&[], Some(one)), Err(VerifyError::Missing { what: "permutation column" }));
    }
}
