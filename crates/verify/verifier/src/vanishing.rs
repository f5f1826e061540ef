//! The vanishing argument: all identities hold on every row, because their combination is a multiple of X^n - 1.
//!
//! The prover commits to the quotient h in pieces h_0, h_1, ... of n coefficients. At the random point x the verifier
//! computes, with y a random number and e_i the identities in order (halo2 book, "Vanishing argument"; PLONK,
//! section 8.3, round 3):
//!
//! ```text
//! h(x) = (Σ y^(m - i) e_i(x)) / (x^n - 1),        [h] = Σ x^(n j) [h_j]
//! ```
//!
//! and the multi-opening shows that the committed polynomial takes this value.

use crate::curve::Fr;
use ark_ff::{Field, One, Zero};

use crate::error::VerifyError;
use crate::key::Prepared;

/// Values at x of the polynomials that select rows.
pub(crate) struct LagrangeValues {
    /// One on the first row.
    pub(crate) first: Fr,
    /// One on the row after the usable ones.
    pub(crate) last: Fr,
    /// One on the rows with blinding factors.
    pub(crate) blind: Fr,
}

impl LagrangeValues {
    /// The values at x, where `xn` is x^n.
    pub(crate) fn new(key: &Prepared, x: Fr, xn: Fr) -> Result<Self, VerifyError> {
        // Rows -(b + 1) to 0: last, b blinded ones, first.
        let len = key.blinding_factors.saturating_add(2);
        let start = i64::try_from(key.blinding_factors).unwrap_or(i64::MAX).saturating_add(1).saturating_neg();
        let values = key.domain.lagrange(x, xn, start, len)?;
        match values.as_slice() {
            [last, blind @ .., first] => Ok(Self { first: *first, last: *last, blind: blind.iter().sum() }),
            _ => Err(VerifyError::Missing { what: "Lagrange polynomials" }),
        }
    }
}

/// The value that the quotient polynomial must have at x.
pub(crate) fn quotient(expressions: impl IntoIterator<Item = Fr>, y: Fr, xn: Fr) -> Result<Fr, VerifyError> {
    let combined = expressions.into_iter().fold(Fr::zero(), |sum, value| sum * y + value);
    let vanishing = (xn - Fr::one()).inverse().ok_or(VerifyError::DegenerateChallenge { challenge: "x" })?;
    Ok(combined * vanishing)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_quotient_is_a_combination_by_powers_of_y() {
        let [a, b, c, y] = [3u64, 5, 7, 10].map(Fr::from);
        assert_eq!(quotient([a, b, c], y, Fr::from(2u64)), Ok(Fr::from(357u64)));
        let degenerate = Err(VerifyError::DegenerateChallenge { challenge: "x" });
        assert_eq!(quotient([a], y, Fr::one()), degenerate);
    }
}
