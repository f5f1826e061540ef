//! Verification of an answer against the validator's own question.

use sha2::{Digest, Sha256};
use vouch_api::AttemptOutcome;
use vouch_envelope::hex;
use vouch_protocol::decode_answer;
use vouch_verifier::Expected;

use super::query::Query;
use crate::engine::{Rejection, VerifyEngine};
use crate::validator::ledger::Proof;

/// What became of an answer.
pub(super) struct Judgement {
    pub(super) outcome: AttemptOutcome,
    pub(super) detail: String,
    pub(super) proof: Option<Proof>,
    /// The values of hashed outputs, whose hashes are those of the proof.
    pub(super) outputs: Vec<i64>,
}

impl Judgement {
    pub(super) fn not(outcome: AttemptOutcome, detail: impl ToString) -> Self {
        Self { outcome, detail: detail.to_string(), proof: None, outputs: Vec::new() }
    }
}

/// Verifies an answer. Of the proof nothing is taken but hashes: what they must be follows from the question, or from
/// values that came beside the proof.
pub(super) fn judge(engine: &dyn VerifyEngine, expected: &Expected, query: &Query, body: &[u8]) -> Judgement {
    let model = &query.model;
    let split = if model.hidden_output_len() == 0 { Ok((Vec::new(), body)) } else { decode_answer(body) };
    let (outputs, envelope) = match split {
        Ok(split) => split,
        Err(error) => return Judgement::not(AttemptOutcome::Malformed, error),
    };
    let verified = match engine.verify(&model.key, expected, envelope) {
        Ok(verified) => verified,
        Err(error @ Rejection::Malformed(_)) => return Judgement::not(AttemptOutcome::Malformed, error),
        Err(error) => return Judgement::not(AttemptOutcome::Refused, error),
    };
    if let Err(error) = model.check_outputs(&outputs, &verified.output_hashes, query.salt) {
        return Judgement::not(AttemptOutcome::Refused, error);
    }
    let proof = Proof { id: hex::encode(&Sha256::digest(envelope)), envelope: envelope.to_vec() };
    Judgement { outcome: AttemptOutcome::Verified, detail: String::new(), proof: Some(proof), outputs }
}
