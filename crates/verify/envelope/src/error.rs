//! Errors of the envelope's codecs.

use thiserror::Error;

use crate::hex::HexError;
use crate::{CursorError, Section};

#[cfg(test)]
mod tests;

/// Why bytes or JSON are not a proof envelope, or an envelope cannot be written.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[expect(missing_docs, reason = "the message of a variant says what its fields are")]
pub enum EnvelopeError {
    /// A field is malformed.
    #[error(transparent)]
    Field(#[from] CursorError),
    /// The input is something else.
    #[error("not a proof envelope: expected magic {}, got {}", crate::hex::encode(expected), crate::hex::encode(got))]
    Magic {
        /// Magic of the format.
        expected: [u8; 8],
        /// First bytes of the input.
        got: [u8; 8],
    },
    /// The input is of another version of the format.
    #[error("proof envelope: expected version {expected}, got {got}")]
    Version { expected: u16, got: u16 },
    /// A section says that it has hashes, and has none.
    #[error("{section} at byte {offset}: expected hashes, got none")]
    NoHashes { section: Section, offset: usize },
    /// A section has a visibility that this version does not know.
    #[error("{section} at byte {offset}: expected visibility {expected} (values) or 1 (values and hashes), got {got}")]
    Visibility { section: Section, offset: usize, expected: u8, got: u8 },
    /// A section has too many values to be written.
    #[error("{section}: expected at most {limit} values, got {got}")]
    TooManyValues { section: Section, limit: usize, got: usize },
    /// The proof has too many bytes to be written.
    #[error("proof: expected at most {limit} bytes, got {got}")]
    ProofTooLong { limit: usize, got: usize },
    /// A field of the JSON form is not hexadecimal.
    #[error("field {field}: {source}")]
    Hex { field: &'static str, source: HexError },
    /// A value of the JSON form is not a decimal integer of 64 bits in its shortest form.
    #[error("{section}, value {index}: expected a decimal integer of 64 bits, got `{got}`")]
    Decimal { section: Section, index: usize, got: String },
}

impl EnvelopeError {
    /// A short name of the kind of error, fixed, for programs.
    pub fn code(&self) -> &'static str {
        match self {
            Self::Field(error) => error.code(),
            Self::Magic { .. } => "magic",
            Self::Version { .. } => "version",
            Self::Visibility { .. } => "visibility",
            Self::NoHashes { .. } => "no-hashes",
            Self::TooManyValues { .. } => "too-many-values",
            Self::ProofTooLong { .. } => "proof-too-long",
            Self::Hex { .. } => "hexadecimal",
            Self::Decimal { .. } => "decimal",
        }
    }
}
