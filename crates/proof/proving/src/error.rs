//! Errors of keys, reference strings and proofs.

use std::io;

use thiserror::Error;
use vouch_circuit::CircuitError;
use vouch_program::{ProgramError, RunError};
use vouch_verifier::{KeyError, VerifyError};

use crate::export::ExportError;

/// What can go wrong between a program and its proof.
#[derive(Debug, Error)]
#[non_exhaustive]
#[expect(missing_docs, reason = "the message of a variant says what its fields are")]
pub enum ProvingError {
    /// Bytes of one of Vouch's own formats that are not what they should be.
    #[error("{what}: {reason}")]
    Format { what: &'static str, reason: String },
    /// A key that belongs to another program.
    #[error("the prover key is for program {key}, the bundle holds program {bundle}: run `vouch setup` again")]
    OtherProgram { key: String, bundle: String },
    /// A verifying key that is not the one of a program.
    #[error(
        "the verifying key is not that of this program and reference string: another {what}. Do not accept proofs for it"
    )]
    OtherKey { what: String },
    /// The reference string is too short for the circuit.
    #[error(
        "2^{needed} powers are needed, the reference string has only 2^{got}: give one with k of at least {needed}"
    )]
    SrsTooSmall {
        /// The circuit's k, or the one asked for.
        needed: u32,
        got: u32,
    },
    /// The evm profile for a model with private weights.
    #[error(
        "the evm profile has no private weights, and this model's are: make keys without the profile, or compile the model with \
         fixed weights (the default), of which each proof reveals something"
    )]
    PrivateWeights,
    /// A reference string that is not powers of one secret.
    #[error("the reference string is refused: {0}")]
    Srs(String),
    /// A challenge, or a constant of the field, for which the proof would divide by zero. A challenge is one with
    /// probability below 2^-240: prove again.
    #[error("the proof would divide by zero: {what}")]
    Zero { what: &'static str },
    /// The system has no memory left for the proof.
    #[error("no memory for the proof: {source}")]
    Memory { source: io::Error },
    /// The work was asked to stop ([`Watch::stop`](crate::Watch::stop)).
    #[error("stopped, as asked")]
    Stopped,
    /// The processor is too old for the prover.
    #[error("the prover needs a processor with {missing}; verification does not")]
    Processor { missing: &'static str },
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
    /// halo2 could not make keys or a proof.
    #[error("halo2: {0}")]
    Halo2(String),
    /// The proof that was just made does not verify; it is not given out.
    #[error(
        "the new proof does not verify ({0}); it was discarded. The prover key may be damaged: run `vouch setup` again"
    )]
    SelfCheck(VerifyError),
}

impl ProvingError {
    pub(crate) fn format(what: &'static str, reason: impl ToString) -> Self {
        Self::Format { what, reason: reason.to_string() }
    }
}

#[doc(hidden)]
impl From<halo2_proofs::plonk::Error> for ProvingError {
    fn from(e: halo2_proofs::plonk::Error) -> Self {
        Self::Halo2(e.to_string())
    }
}

/// An error of halo2.
pub(crate) fn halo2(e: impl std::fmt::Display) -> ProvingError {
    ProvingError::Halo2(e.to_string())
}
