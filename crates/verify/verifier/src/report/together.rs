//! Reports of several proofs for one key that share a pairing equation.

use vouch_envelope::{Expected, ProofEnvelope};

use super::{HOLD, Outcome, Passed, Verification, canonical};
use crate::batch::verify_batch;
use crate::error::{CheckName, VerifyError};
use crate::verifier_key::VerifierKey;

/// The results of several verifications, and how they were made.
#[derive(Debug, Clone, PartialEq)]
pub struct Together {
    /// Of each envelope, in their order.
    pub outcomes: Vec<Outcome>,
    /// How many proofs hold by one pairing equation in common; 0 if each was checked with its own.
    pub together: usize,
}

/// Verifies the bytes of envelopes for one key, each against what the caller expects of it, with one pairing equation
/// for all whose other checks pass. If it does not hold, or is for one proof only, each has its own. The checks, verdicts
/// and claims are those of a [`Verification`] of each alone; the detail of the last check says which equation held.
pub fn verify_together(key: &VerifierKey, items: Vec<(Expected, Vec<u8>)>) -> Together {
    let begin = |(expected, bytes)| up_to_proof(key, expected, bytes);
    let mut verifications: Vec<_> = items.into_iter().map(begin).collect();
    let batch: Vec<_> = verifications.iter().filter_map(item).collect();
    let verdicts = verify_batch(key, &batch);

    let held = verdicts.iter().filter(|verdict| verdict.is_ok()).count();
    let reached = |verdict: &&Result<_, VerifyError>| {
        verdict.as_ref().err().is_none_or(|error| error.check() == CheckName::Pairing)
    };
    let reached = verdicts.iter().filter(reached).count();
    let together = if held == reached && held > 1 { held } else { 0 };
    let how = match (held == reached, held) {
        (true, 0 | 1) => HOLD.to_owned(),
        (true, _) => format!("{HOLD}: one equation for {held} proofs together"),
        (false, _) => format!("{HOLD}: checked alone, because {reached} proofs together did not"),
    };
    let waiting = verifications.iter_mut().filter(|verification| is_ready(verification));
    for (verification, verdict) in waiting.zip(verdicts) {
        record(verification, verdict.map(drop), &how);
    }
    let outcomes = verifications.into_iter().map(Verification::complete).collect();
    Together { outcomes, together }
}

/// A verification with all checks made before those of the proof itself.
fn up_to_proof(key: &VerifierKey, expected: Expected, bytes: Vec<u8>) -> Verification<&VerifierKey> {
    let mut verification = Verification::new(key, expected, bytes);
    while verification.next().is_some_and(|name| name < CheckName::ProofIdentities) && verification.step().is_some() {}
    verification
}

/// Whether only the checks of the proof itself are left between an envelope and its acceptance.
fn is_ready(verification: &Verification<&VerifierKey>) -> bool {
    verification.next() == Some(CheckName::ProofIdentities) && !verification.state.failed
}

/// The part of a batch, if the envelope is ready for one.
fn item(verification: &Verification<&VerifierKey>) -> Option<(Expected, ProofEnvelope)> {
    let envelope = verification.state.envelope.as_ref().filter(|_| is_ready(verification))?;
    Some((verification.expected.clone(), envelope.clone()))
}

/// Writes down the checks of the proof itself, from its verdict in a batch. After malformed messages, the check of the
/// pairing equation is left to the verification, which says that it was not reached.
fn record(verification: &mut Verification<&VerifierKey>, verdict: Result<(), VerifyError>, how: &str) {
    let verdict = match verdict {
        Err(error) if error.check() != CheckName::Pairing => {
            verification.record(CheckName::ProofIdentities, Ok(Err(error)));
            return;
        }
        verdict => verdict,
    };
    if let Some(messages) = verification.state.envelope.as_ref().map(canonical) {
        verification.record(CheckName::ProofIdentities, Ok(Ok(messages)));
        verification.record(CheckName::Pairing, Ok(verdict.map(|()| Passed::whole(how.to_owned()))));
    }
}
