//! Errors of keys, bundles, reference strings and proofs.

use std::{io, path::PathBuf};

use thiserror::Error;
use vouch_circuit::CircuitError;
use vouch_compiler::InputError;
use vouch_envelope::EnvelopeError;
use vouch_program::{ProgramError, RunError};
use vouch_verifier::{KeyError, VerifyError};

use crate::export::ExportError;

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
    /// A key that belongs to another model than the bundle.
    #[error("the prover key is for program {key}, the bundle holds program {bundle}: run `vouch setup` again")]
    OtherProgram {
        /// Digest in the key.
        key: String,
        /// Digest of the bundle's program.
        bundle: String,
    },
    /// The reference string is too short for the circuit.
    #[error(
        "2^{needed} powers are needed, the reference string has only 2^{got}: give one with k of at least {needed}"
    )]
    SrsTooSmall {
        /// The circuit's k, or the one asked for.
        needed: u32,
        /// The reference string's.
        got: u32,
    },
    /// A reference string that is not powers of one secret.
    #[error("the reference string is refused: {0}")]
    Srs(String),
    /// The system has no memory left for the proof.
    #[error("no memory for the proof: {source}")]
    Memory {
        /// What the system said.
        source: io::Error,
    },
    /// The processor is too old for the prover.
    #[error("the prover needs a processor with {missing}; verification does not")]
    Processor {
        /// What it lacks.
        missing: &'static str,
    },
    /// A number of inputs that does not suit the key.
    #[error("the key proves {expected} inputs at once, got {got}")]
    BatchSize {
        /// The key's.
        expected: usize,
        /// As given.
        got: usize,
    },
    /// The inputs do not fit the model.
    #[error(transparent)]
    Input(#[from] InputError),
    /// The program refuses the inputs.
    #[error(transparent)]
    Run(#[from] RunError),
    /// The program is malformed.
    #[error(transparent)]
    Program(#[from] ProgramError),
    /// There is no circuit for the program.
    #[error(transparent)]
    Circuit(#[from] CircuitError),
    /// The verifying key could not be exported.
    #[error(transparent)]
    Export(#[from] ExportError),
    /// A verifying key that is malformed.
    #[error(transparent)]
    Key(#[from] KeyError),
    /// An envelope that is malformed.
    #[error(transparent)]
    Envelope(#[from] EnvelopeError),
    /// halo2 could not make keys or a proof.
    #[error("halo2: {0}")]
    Halo2(String),
    /// The proof that was just made does not verify; it is not given out.
    #[error(
        "the new proof does not verify ({0}); it was discarded. The prover key may be damaged: run `vouch setup` again"
    )]
    SelfCheck(VerifyError),
}

impl ProverError {
    pub(crate) fn format(what: &'static str, reason: impl ToString) -> Self {
        Self::Format { what, reason: reason.to_string() }
    }
}

impl From<halo2_proofs::plonk::Error> for ProverError {
    fn from(e: halo2_proofs::plonk::Error) -> Self {
        Self::Halo2(e.to_string())
    }
}
