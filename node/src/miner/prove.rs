//! One proof, in this process.

use std::time::Duration;

use vouch::{ErrorKind, ProvingKey};
use vouch_api::{Nonce, Salt};
use vouch_client::inputs::with_visibility;
use vouch_protocol::encode_answer;
use vouch_verifier::{Section, Visibility};

/// What a prover answers, and how long it took.
pub(crate) struct Answered {
    /// An envelope, for a model with hashed outputs after their values.
    pub(crate) answer: Vec<u8>,
    /// Without waiting.
    pub(crate) time: Duration,
}

/// Proves a run.
pub(crate) fn prove(
    key: &ProvingKey,
    inputs: &[i64],
    salt: Option<Salt>,
    nonce: Nonce,
) -> Result<Answered, ProveError> {
    let salt = salt.unwrap_or_else(Salt::random);
    let proved = key.prove_integers(inputs, nonce, salt).map_err(|error| match error.kind() {
        ErrorKind::Input | ErrorKind::OutOfRange => ProveError::Inputs(error.to_string()),
        _ => ProveError::Broken(error.to_string()),
    })?;
    let envelope = proved.envelope.encode().map_err(|error| ProveError::Broken(error.to_string()))?;
    let schema = key.verifying_key().schema();
    let answer = match schema.hashes(Section::Outputs) {
        0 => envelope,
        _ => encode_answer(&with_visibility(schema, Section::Outputs, Visibility::Hashed, &proved.outputs), &envelope),
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
