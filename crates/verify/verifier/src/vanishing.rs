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
//! and the multi-opening shows that the committed polynomial takes this value. A random polynomial is opened beside it.

use crate::bn254::{Fr, G1Affine};
use crate::challenge::Y;
use crate::domain::{Domain, Point};
use crate::error::VerifyError;
use crate::transcript::Transcript;
use vouch_schema::num::index;

/// The rows that are selected, relative to row 0: from the one after the usable rows, over the blinded ones, to row 0.
#[derive(Debug, Clone)]
pub(crate) struct SelectedRows {
    start: i64,
    len: usize,
}

impl SelectedRows {
    /// Of a circuit with a number of blinded rows, if the numbers fit.
    pub(crate) fn new(blinding_factors: u32) -> Option<Self> {
        let start = i64::from(blinding_factors).checked_add(1)?.checked_neg()?;
        Some(Self { start, len: index(blinding_factors).checked_add(2)? })
    }

    /// The first of them: the row after the usable ones.
    pub(crate) fn last_row(&self) -> i64 {
        self.start
    }
}

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
    /// The values at a point.
    pub(crate) fn new(domain: &Domain, rows: &SelectedRows, point: Point) -> Result<Self, VerifyError> {
        let values = domain.lagrange(point, rows.start, rows.len)?;
        match values.as_slice() {
            [last, blind @ .., first] => Ok(Self { first: *first, last: *last, blind: blind.iter().sum() }),
            _ => Err(VerifyError::Missing { what: "Lagrange polynomials" }),
        }
    }
}

/// The prover has committed to the random polynomial.
pub(crate) struct Committed {
    random: Option<G1Affine>,
}

/// The prover has committed to the quotient of the identities that y combines.
pub(crate) struct Constructed {
    random: Option<G1Affine>,
    y: Y,
    pieces: Vec<G1Affine>,
}

/// The prover has evaluated the random polynomial at x.
pub(crate) struct Evaluated {
    /// Commitment to the random polynomial, and its value at x.
    pub(crate) random: Option<(G1Affine, Fr)>,
    /// Commitments to the pieces of the quotient.
    pub(crate) pieces: Vec<G1Affine>,
    y: Y,
}

impl Committed {
    /// Reads the commitment.
    pub(crate) fn read(transcript: &mut Transcript<'_>) -> Result<Self, VerifyError> {
        Ok(Self { random: Some(transcript.read_point("random polynomial")?) })
    }

    /// Without a random polynomial, which the evm profile has not.
    pub(crate) fn without() -> Self {
        Self { random: None }
    }

    /// Draws y and reads the commitments to the quotient.
    pub(crate) fn construct(self, pieces: usize, transcript: &mut Transcript<'_>) -> Result<Constructed, VerifyError> {
        let y = transcript.draw();
        Ok(Constructed { random: self.random, y, pieces: transcript.read_points("piece of the quotient", pieces)? })
    }
}

impl Constructed {
    /// Reads the evaluation, after x has been drawn.
    pub(crate) fn evaluate(self, transcript: &mut Transcript<'_>) -> Result<Evaluated, VerifyError> {
        let random = match self.random {
            Some(random) => Some((random, transcript.read_scalar("evaluation of the random polynomial")?)),
            None => None,
        };
        Ok(Evaluated { random, pieces: self.pieces, y: self.y })
    }
}

impl Evaluated {
    /// The value that the quotient polynomial must have at x, given the identities' values there.
    pub(crate) fn quotient(&self, identities: impl IntoIterator<Item = Fr>, point: Point) -> Result<Fr, VerifyError> {
        quotient(identities, self.y, point.xn)
    }
}

fn quotient(identities: impl IntoIterator<Item = Fr>, Y(y): Y, xn: Fr) -> Result<Fr, VerifyError> {
    let combined = identities.into_iter().fold(Fr::ZERO, |sum, value| sum * y + value);
    let vanishing = (xn - Fr::ONE).inverse().ok_or(VerifyError::DegenerateChallenge { challenge: "x" })?;
    Ok(combined * vanishing)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_quotient_is_a_combination_by_powers_of_y() {
        let [a, b, c, y] = [3u64, 5, 7, 10].map(Fr::from);
        assert_eq!(quotient([a, b, c], Y(y), Fr::from(2u64)), Ok(Fr::from(357u64)));
        let degenerate = Err(VerifyError::DegenerateChallenge { challenge: "x" });
        assert_eq!(quotient([a], Y(y), Fr::ONE), degenerate);
    }
}
