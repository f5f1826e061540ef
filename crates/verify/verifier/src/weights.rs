//! Private weights: that the circuit's combined weights are those behind the key's commitments.
//!
//! A key commits to the weight columns w_{l,c} of each lane l; their last rows R, which no gate looks at, are random. The circuit has for each lane an advice
//! column w_l, committed after the challenge μ. On all other rows it has to be `Σ_c μ^(C−1−c)·w_{l,c}`. With random γ, that is to say that
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
//! of p each, a false combination is accepted with probability at most (Λ + 1)/p, below 2^-247 for 65 lanes (docs/private-weights.md).
//! *Hiding.* A commitment to a column with a random row is a uniform point whatever the weights are; w_l is an advice column with six random rows; (T, e, z) can be made without the d_i. So a key says nothing about
//! weights, and proofs do not either, up to a statistical distance below 2^-221 for each that comes from the quotient's pieces (docs/threat-model.md).
//!
//! The equation is added to the pairing's right side with a random factor.

use crate::curve::{Fr, G1Affine};
use crate::error::VerifyError;
use crate::key::KeyDescription;
use crate::proof::Opening;
use crate::transcript::Transcript;

/// Reads the last part of the proof of a key with private weights and adds its equation to the opening.
pub(crate) fn reduce(
    description: &KeyDescription,
    advice: &[G1Affine],
    challenges: &[Fr],
    transcript: &mut Transcript<'_>,
    opening: &mut Opening,
) -> Result<(), VerifyError> {
    let Some(weights) = &description.weights else { return Ok(()) };
    let find = |index: u32| usize::try_from(index).ok();
    let gamma = transcript.challenge();
    let t = transcript.read_point()?;
    let e = transcript.challenge();
    let z = transcript.read_scalars(weights.blinding_rows.len())?;
    let factor = transcript.challenge();

    let mu = find(weights.challenge).and_then(|index| challenges.get(index)).copied();
    let mu = mu.ok_or(VerifyError::Missing { what: "challenge of private weights" })?;
    // factor · (Σ z_i [L_i] − T − e·D) = 0
    for (sum, z) in opening.blinding_rows.iter_mut().zip(z) {
        *sum += factor * z;
    }
    opening.terms.push((t, -factor));
    // From the last lane and the last column on, so that powers grow.
    let mut scalar = factor * e;
    let mut columns = opening.weights.iter_mut().rev();
    for lane in weights.lanes.iter().rev() {
        let combined = find(lane.combined).and_then(|index| advice.get(index)).copied();
        let combined = combined.ok_or(VerifyError::Missing { what: "column of private weights" })?;
        opening.terms.push((combined, -scalar));
        let mut power = scalar;
        // The commitments first: `zip` takes from its first part even when the second has ended.
        for (_, sum) in lane.commitments.iter().zip(columns.by_ref()) {
            *sum += power;
            power *= mu;
        }
        scalar *= gamma;
    }
    Ok(())
}
