//! One proof, in this process.

use std::time::Duration;

use vouch_api::{Nonce, Salt};
use vouch_protocol::encode_answer;
use vouch_prover::{ProverKey, ProvingError};
use vouch_verifier::{Section, Visibility};

use crate::registry::hashed;

/// What a prover answers, and how long it took.
pub(crate) struct Answered {
    /// An envelope, for a model with hashed outputs after their values.
    pub(crate) answer: Vec<u8>,
    /// Without waiting.
    pub(crate) time: Duration,
}

/// Proves a run.
pub(crate) fn prove(key: &ProverKey, inputs: &[i64], salt: Option<Salt>, nonce: Nonce) -> Result<Answered, ProveError> {
    let proved = match salt {
        Some(salt) => key.prove_salted(inputs, nonce, salt),
        None => key.prove(inputs, nonce),
    };
    let proved = proved.map_err(|error| match error {
        ProvingError::Run(_) => ProveError::Inputs(error.to_string()),
        error => ProveError::Broken(error.to_string()),
    })?;
    let envelope = proved.envelope.encode().map_err(|error| ProveError::Broken(error.to_string()))?;
    let schema = key.verifier.schema();
    let answer = match schema.hashes(Section::Outputs) {
        0 => envelope,
        _ => encode_answer(&hashed::of(schema, Section::Outputs, Visibility::Hashed, &proved.outputs), &envelope),
    };
    Ok(Answered { answer, time: proved.witness + proved.prove + proved.verify })
}

/// Why there is no proof.
pub(crate) enum ProveError {
    /// The model refuses the inputs.
    Inputs(String),
    /// The prover failed.
    Broken(String),
}
