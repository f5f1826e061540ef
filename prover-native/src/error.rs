//! Errors of files, bundles, keys and proofs.

use std::{io, path::PathBuf};

use thiserror::Error;
use vouch_circuit::CircuitError;
use vouch_compiler::{CompileError, InputError};
use vouch_envelope::EnvelopeError;
use vouch_program::ProgramError;
use vouch_proving::ProvingError;
use vouch_verifier::KeyError;

/// What can go wrong between a compiled model and a proof.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum ProverError {
    /// A file could not be read or written.
    #[error("{path}: {source}", path = .path.display())]
    File {
        /// The file.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// A file of one of Vouch's own formats that is not what it should be.
    #[error("{what}: {reason}")]
    Format {
        /// Which kind of file.
        what: &'static str,
        /// What is wrong with it.
        reason: String,
    },
    /// A number of inputs that does not suit the key.
    #[error("the key proves {expected} inputs at once, got {got}")]
    BatchSize {
        /// The key's.
        expected: usize,
        /// As given.
        got: usize,
    },
    /// The model could not be compiled.
    #[error(transparent)]
    Compile(#[from] CompileError),
    /// The inputs do not fit the model.
    #[error(transparent)]
    Input(#[from] InputError),
    /// An envelope that is malformed.
    #[error(transparent)]
    Envelope(#[from] EnvelopeError),
    /// Keys, reference strings and proofs, in memory.
    #[error(transparent)]
    Proving(#[from] ProvingError),
}

impl ProverError {
    pub(crate) fn format(what: &'static str, reason: impl ToString) -> Self {
        Self::Format { what, reason: reason.to_string() }
    }
}

impl From<ProgramError> for ProverError {
    fn from(e: ProgramError) -> Self {
        Self::Proving(e.into())
    }
}

impl From<CircuitError> for ProverError {
    fn from(e: CircuitError) -> Self {
        Self::Proving(e.into())
    }
}

impl From<KeyError> for ProverError {
    fn from(e: KeyError) -> Self {
        Self::Proving(e.into())
    }
}
