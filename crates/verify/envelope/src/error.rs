//! Errors of the envelope's codecs.

use thiserror::Error;

use crate::hex::HexError;
use crate::{CursorError, Section};

#[cfg(test)]
mod tests;

/// Why bytes or JSON are not a proof envelope, or an envelope cannot be written.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
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
    Version {
        /// Version that this code knows.
        expected: u16,
        /// Version of the input.
        got: u16,
    },
    /// A section says that it has hashes, and has none.
    #[error("{section} at byte {offset}: expected hashes, got none")]
    NoHashes {
        /// Which section.
        section: Section,
        /// Where their number is.
        offset: usize,
    },
    /// A section has a visibility that this version does not know.
    #[error("{section} at byte {offset}: expected visibility {expected} (values) or 1 (values and hashes), got {got}")]
    Visibility {
        /// Which section.
        section: Section,
        /// Where the visibility is.
        offset: usize,
        /// The visibility of public values.
        expected: u8,
        /// The visibility found.
        got: u8,
    },
    /// A section has too many values to be written.
    #[error("{section}: expected at most {limit} values, got {got}")]
    TooManyValues {
        /// Which section.
        section: Section,
        /// Largest number accepted.
        limit: usize,
        /// Number found.
        got: usize,
    },
    /// The proof has too many bytes to be written.
    #[error("proof: expected at most {limit} bytes, got {got}")]
    ProofTooLong {
        /// Largest length accepted.
        limit: usize,
        /// Length found.
        got: usize,
    },
    /// A field of the JSON form is not hexadecimal.
    #[error("field {field}: {source}")]
    Hex {
        /// Which field.
        field: &'static str,
        /// What is wrong with it.
        source: HexError,
    },
    /// A value of the JSON form is not a decimal integer of 64 bits in its shortest form.
    #[error("{section}, value {index}: expected a decimal integer of 64 bits, got `{got}`")]
    Decimal {
        /// Which section.
        section: Section,
        /// Which value.
        index: usize,
        /// The text found.
        got: String,
    },
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
