//! What the module can do, from bytes and text to bytes and text.

use thiserror::Error;
use vouch_disclosure::{DisclosureError, MAX_WEIGHT, Statement, load_key, prove_statement, spec_of};
use vouch_envelope::{EnvelopeError, Nonce, Section, hex::HexError};
use vouch_proving::{ProverKey, Salt, tensor_hash};
use vouch_verifier::{KeyError, VerifierKey};

/// Why there is no key, hash or proof.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum ApiError {
    /// The verifying key is malformed.
    #[error("verifying key: {0}")]
    Key(#[from] KeyError),
    /// Salt or nonce.
    #[error("not 64 hexadecimal digits: {0}")]
    Hex(#[from] HexError),
    /// The statement is not its JSON.
    #[error("statement: {0}")]
    Statement(#[from] serde_json::Error),
    /// Values that cannot be hashed.
    #[error("values: {0}")]
    Values(String),
    /// No key or no proof.
    #[error(transparent)]
    Disclosure(#[from] DisclosureError),
    /// The proof cannot be written.
    #[error(transparent)]
    Envelope(#[from] EnvelopeError),
}

/// The key of one tensor, ready to prove.
#[derive(Debug)]
pub struct Prover(ProverKey);

impl Prover {
    /// Reads a prover's key, which must be that of the verifying key: every proof is verified with it before it is given out.
    ///
    /// # Errors
    /// [`ApiError`] if either is malformed, or they do not belong together.
    pub fn load(prover_key: &[u8], verifier_key: &[u8]) -> Result<Self, ApiError> {
        Ok(Self(load_key(prover_key, &VerifierKey::from_bytes(verifier_key)?)?))
    }

    /// What the key is about: `{"tensor": {"name", "shape", "unit", "scale", "min", "max", "visibility"}, "max_weight", "k", "proof_bytes", "model_id"}`.
    ///
    /// # Errors
    /// None after [`Prover::load`].
    pub fn describe(&self) -> Result<String, ApiError> {
        let key = &self.0;
        let about = serde_json::json!({
            "tensor": spec_of(&key.verifier)?,
            "max_weight": MAX_WEIGHT,
            "k": key.header.params.k,
            "proof_bytes": key.verifier.proof_len(),
            "model_id": key.verifier.model_id(),
        });
        Ok(about.to_string())
    }

    /// The salted hash of values of the tensor, as a proof of the model shows it.
    ///
    /// # Errors
    /// [`ApiError::Hex`], [`ApiError::Values`].
    pub fn hash(&self, values: &[i32], salt: &str) -> Result<String, ApiError> {
        let (salt, spec): (Salt, _) = (salt.parse()?, spec_of(&self.0.verifier)?);
        let hash = tensor_hash(&salt, Section::Inputs, &spec.name, &wide(values));
        hash.map(|hash| hash.to_string()).map_err(|e| ApiError::Values(e.to_string()))
    }

    /// Proves a statement (JSON of [`Statement`]) about values; gives the bytes of the envelope.
    ///
    /// # Errors
    /// [`ApiError::Disclosure`] if the statement is false, and the others for what is malformed.
    pub fn prove(&self, values: &[i32], salt: &str, statement: &str, nonce: &str) -> Result<Vec<u8>, ApiError> {
        let statement: Statement = serde_json::from_str(statement)?;
        let (salt, nonce): (Salt, Nonce) = (salt.parse()?, nonce.parse()?);
        Ok(prove_statement(&self.0, &wide(values), salt, &statement, nonce)?.encode()?)
    }
}

fn wide(values: &[i32]) -> Vec<i64> {
    values.iter().map(|v| i64::from(*v)).collect()
}
