//! Why a call was not answered. A proof that is refused is no error: it has a report.

use serde::Serialize;
use thiserror::Error;
use vouch_envelope::EnvelopeError;
use vouch_verifier::KeyError;

/// The kinds of errors, with the numbers and names that hosts see. Numbers are never reused.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
#[repr(u32)]
pub enum ErrorCode {
    /// The bytes are not a verifying key.
    Key = 1,
    /// The text is not what can be expected of a proof.
    Expected = 2,
    /// The bytes are not an envelope; only an inspection says so, a verification has a report.
    Envelope = 3,
    /// No key has this handle.
    Handle = 4,
    /// The answer could not be written.
    Internal = 5,
}

/// Why a call was not answered.
#[derive(Debug, Error)]
pub enum FaceError {
    /// The bytes are not a verifying key.
    #[error("verifying key: {0}")]
    Key(#[from] KeyError),
    /// The text is not JSON of the right form.
    #[error("expected values: {0}")]
    Expected(serde_json::Error),
    /// The bytes are not an envelope.
    #[error("envelope: {0}")]
    Envelope(#[from] EnvelopeError),
    /// No key has this handle.
    #[error("no key has the handle {got}")]
    Handle {
        /// The handle.
        got: u32,
    },
    /// The answer could not be written.
    #[error("answer: {0}")]
    Internal(serde_json::Error),
}

impl FaceError {
    /// The kind of the error.
    pub fn code(&self) -> ErrorCode {
        match self {
            Self::Key(_) => ErrorCode::Key,
            Self::Expected(_) => ErrorCode::Expected,
            Self::Envelope(_) => ErrorCode::Envelope,
            Self::Handle { .. } => ErrorCode::Handle,
            Self::Internal(_) => ErrorCode::Internal,
        }
    }
}
