//! The interface of a verifier.

use vouch_envelope::TensorHash;
use vouch_verifier::{Expected, VerifierKey};

/// What a verification has shown.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Verified {
    /// The public outputs, as integers.
    pub outputs: Vec<i64>,
    /// The hashes of hashed outputs.
    pub output_hashes: Vec<TensorHash>,
}

/// Why an answer is not accepted.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Rejection {
    /// The bytes are no envelope.
    #[error("{0}")]
    Malformed(String),
    /// The envelope is not what was asked for, or its proof does not hold.
    #[error("{0}")]
    Refused(String),
    /// The verifier itself failed: it ran out of fuel or memory.
    #[error("the verifier gave up: {0}")]
    Exhausted(String),
}

/// Something that verifies. Called on threads that may block; must come back in bounded time for any bytes.
pub trait VerifyEngine: Send + Sync {
    /// Verifies the bytes of an envelope against what the validator itself asked.
    ///
    /// # Errors
    /// [`Rejection`].
    fn verify(&self, key: &VerifierKey, expected: &Expected, envelope: &[u8]) -> Result<Verified, Rejection>;

    /// SHA-256 of the verifier's WebAssembly, if it is one.
    fn sha256(&self) -> Option<&str>;

    /// The verifier's WebAssembly, if it is one: what browsers are given.
    fn wasm(&self) -> Option<&[u8]> {
        None
    }
}
