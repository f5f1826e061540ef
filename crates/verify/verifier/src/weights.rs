//! Weights that are not columns of the circuit.
//!
//! A key commits to the weight columns w_{l,c} of each lane l. The circuit needs only their combination
//!
//! ```text
//! w_l = Σ_c μ^(C−1−c)·w_{l,c}
//! ```
//!
//! for the challenge μ, in an advice column of the second phase.
//!
//! # Fixed weights: a virtual column
//!
//! Nothing has to be hidden, so w_l is that combination on every row. Its commitment, `[w_l] = Σ_c μ^(C−1−c)·[w_{l,c}]`, follows
//! from the key and μ, is not in the proof, and is opened as that of any other column. The terms go into the one multi-scalar
//! multiplication before the pairing. This adds no error: [w_l] commits to w_l because commitments are linear, the w_{l,c} are
//! bound by the key, whose identity is the first thing in the transcript, and μ is drawn from the transcript.
//!
//! # Private weights: a proof of representation
//!
//! The last rows R of the weight columns, which no gate looks at, are random, and w_l is committed in the proof, with random
//! last rows of its own. On all other rows it has to be the combination. With random γ, that is to say that
//!
//! ```text
//! D = Σ_l γ^(Λ−1−l) ( [w_l] − Σ_c μ^(C−1−c) [w_{l,c}] )  =  Σ_{i in R} d_i [L_i]
//! ```
//!
//! for Λ lanes and values d_i that the prover knows ([L_i] commits to the Lagrange polynomial of row i). It shows this by Schnorr's protocol for representations: it sends
//! `T = Σ t_i [L_i]`, gets e, and sends `z_i = t_i + e·d_i`; then `Σ z_i [L_i] = T + e·D`.
//!
//! *Binding.* Two answers to one T give d_i with `D = Σ d_i [L_i]`; then the polynomials agree, or their difference is one that vanishes at the secret of the reference string, which nobody can find
//! (the assumption under which KZG commitments bind). A combination in powers of γ is zero outside of R for more than a fraction of (Λ − 1)/p of all γ only if all its terms are. With one false e and one false factor
//! of p each, a false combination is accepted with probability at most (Λ + 1)/p, below 2^-246 for 128 lanes (docs/private-weights.md).
//! *Hiding.* A commitment to a column with a random row is a uniform point whatever the weights are; w_l is an advice column with six random rows; (T, e, z) can be made without the d_i. So a key says nothing about
//! weights, and proofs do not either, up to a statistical distance below 2^-221 for each that comes from the quotient's pieces (docs/threat-model.md).
//!
//! The equation is added to the pairing's right side with a random factor.

use vouch_schema::num::index;

use crate::bn254::{Fr, G1Affine};
use crate::challenge::{EquationFactor, LaneFactor, SchnorrChallenge};
use crate::error::VerifyError;
use crate::key::CommittedWeights;
use crate::opening::DeferredPairing;
use crate::transcript::Transcript;

/// Reads the last part of the proof of a key with private weights, and adds its equation to the pairing's. `advice` are the
/// commitments of the advice columns, `challenges` those of the circuit.
pub(crate) fn reduce(
    weights: &CommittedWeights,
    advice: &[G1Affine],
    challenges: &[Fr],
    transcript: &mut Transcript<'_>,
    equation: &mut DeferredPairing,
) -> Result<(), VerifyError> {
    let LaneFactor(gamma) = transcript.draw();
    let t = transcript.read_point("commitment T of private weights")?;
    let SchnorrChallenge(e) = transcript.draw();
    let z = transcript.read_scalars("answer z of private weights", weights.blinding_rows.len())?;
    let EquationFactor(factor) = transcript.draw();

    let mu = mu(weights, challenges)?;
    // factor · (Σ z_i [L_i] − T − e·D) = 0
    for (row, z) in z.into_iter().enumerate() {
        equation.add_blinding_row(row, factor * z)?;
    }
    equation.add_point(t, -factor);
    // From the last lane on, so that powers of γ grow.
    let mut scalar = factor * e;
    for (position, lane) in weights.lanes.iter().enumerate().rev() {
        let combined = advice.get(index(lane.combined)).copied();
        let combined = combined.ok_or(VerifyError::Missing { what: "column of private weights" })?;
        equation.add_point(combined, -scalar);
        add_lane(weights, position, mu, scalar, equation)?;
        scalar *= gamma;
    }
    Ok(())
}

/// The challenge that combines the columns of a lane.
pub(crate) fn mu(weights: &CommittedWeights, challenges: &[Fr]) -> Result<Fr, VerifyError> {
    let mu = challenges.get(index(weights.challenge)).copied();
    mu.ok_or(VerifyError::Missing { what: "challenge of committed weights" })
}

/// Adds `scalar · Σ_c μ^(C−1−c) [w_{l,c}]` to the combination, for lane l.
pub(crate) fn add_lane(
    weights: &CommittedWeights,
    lane: usize,
    mu: Fr,
    scalar: Fr,
    equation: &mut DeferredPairing,
) -> Result<(), VerifyError> {
    let lanes = weights.lanes.get(..=lane).ok_or(VerifyError::Missing { what: "lane of committed weights" })?;
    let [before @ .., lane] = lanes else { return Ok(()) };
    let first: usize = before.iter().map(|lane| lane.commitments.len()).sum();
    // From the last column on, so that powers of μ grow.
    let mut power = scalar;
    for (column, _) in (first..).zip(&lane.commitments).collect::<Vec<_>>().into_iter().rev() {
        equation.add_weight(column, power)?;
        power *= mu;
    }
    Ok(())
}
