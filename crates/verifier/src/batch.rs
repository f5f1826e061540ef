//! Many envelopes for one key, with one pairing equation.
//!
//! Each proof leaves an equation `e(a_i, [s]) = e(b_i, [1])`. Their combination with factors ρ_i holds if all of them
//! do; if one does not, it holds for at most one value of its factor out of 2^254. The factors are a hash of all the
//! envelopes, so nobody can choose a proof after its factor, and the verification stays deterministic.

use crate::curve::Fr;
use vouch_envelope::ProofEnvelope;

use crate::claim::{Expected, VerifiedClaim};
use crate::error::VerifyError;
use crate::field;
use crate::hash::Hash;
use crate::key::VerifierKey;
use crate::proof::{Opening, all_hold};
use crate::verify::{check_opening, reduce};

/// Verifies envelopes for one key, each against what the caller expects of it. The results are those of
/// [`verify`](crate::verify()) for each; if all are good, one pairing equation is enough.
pub fn verify_batch(key: &VerifierKey, items: &[(Expected, ProofEnvelope)]) -> Vec<Result<VerifiedClaim, VerifyError>> {
    let reduced: Vec<Result<Opening, VerifyError>> =
        items.iter().map(|(expected, envelope)| reduce(key, expected, envelope)).collect();

    let factors = factors(key, items);
    let openings: Vec<(&Opening, Fr)> =
        reduced.iter().zip(factors).filter_map(|(opening, factor)| Some((opening.as_ref().ok()?, factor))).collect();
    let all_good = openings.is_empty() || all_hold(key.prepared(), &openings);

    let verdict = |(opening, (_, envelope)): (Result<Opening, VerifyError>, &(Expected, ProofEnvelope))| {
        let opening = opening?;
        if !all_good {
            check_opening(key, &opening)?;
        }
        Ok(VerifiedClaim::new(key, envelope))
    };
    reduced.into_iter().zip(items).map(verdict).collect()
}

/// A factor for each item, from the hash of the key and of all items.
fn factors(key: &VerifierKey, items: &[(Expected, ProofEnvelope)]) -> impl Iterator<Item = Fr> {
    let params = || Hash::new::<64>(*b"Vouch-batch-fact");
    let length = |len: usize| u64::try_from(len).unwrap_or(u64::MAX).to_le_bytes();
    let mut state = params();
    state.update(&key.model_id().0).update(&length(items.len()));
    for (_, envelope) in items {
        state.update(&envelope.model_id.0).update(&envelope.nonce.0);
        for values in [&envelope.public.inputs, &envelope.public.outputs] {
            state.update(&length(values.len()));
            for value in values {
                state.update(&value.to_le_bytes());
            }
        }
        state.update(&length(envelope.proof.len())).update(&envelope.proof);
    }
    let seed = state.finish();
    (0u64..).map(move |index| {
        let mut state = params();
        state.update(&seed).update(&index.to_le_bytes());
        field::from_wide(&state.finish())
    })
}
