//! Why the host has no answer.

use serde::Deserialize;
use thiserror::Error;

/// What the module says of an input that it cannot use.
#[derive(Debug, Clone, PartialEq, Eq, Error, Deserialize)]
#[error("{kind}: {message}")]
pub struct Refusal {
    /// What is wrong: `key`, `envelope`, `chain`, `expected`, or `abi`.
    pub kind: String,
    /// How, for programs.
    pub code: String,
    /// How, for people.
    pub message: String,
}

/// Why a call has no answer.
#[derive(Debug, Error)]
#[non_exhaustive]
#[expect(missing_docs, reason = "the message of a variant says what its fields are")]
pub enum HostError {
    /// The bytes are not a module that this host can run.
    #[error("not the verifier's module: {0}")]
    Module(String),
    /// The module speaks another version of the ABI.
    #[error("the module's ABI: expected version {expected}, got {got}")]
    Abi { expected: u32, got: u32 },
    /// The module cannot use an input.
    #[error(transparent)]
    Refused(#[from] Refusal),
    /// The module needs more instructions than it was given.
    #[error("out of fuel: the limit is {limit}")]
    OutOfFuel { limit: u64 },
    /// The module needs more memory than it was given.
    #[error("out of memory: the limit is {limit} bytes")]
    OutOfMemory { limit: usize },
    /// The module stopped by itself. It has no input for which it should.
    #[error("the module trapped: {0}")]
    Trap(String),
    /// The expectations cannot be written as JSON.
    #[error("the expectations: {0}")]
    Expected(String),
    /// An answer of the module is not of the form that it should be.
    #[error("the module's answer: {0}")]
    Answer(String),
}

impl HostError {
    /// A short name of the kind of error, fixed, for programs.
    pub fn code(&self) -> &str {
        match self {
            Self::Module(_) => "module",
            Self::Abi { .. } => "abi-version",
            Self::Refused(refusal) => &refusal.code,
            Self::OutOfFuel { .. } => "out-of-fuel",
            Self::OutOfMemory { .. } => "out-of-memory",
            Self::Trap(_) => "trap",
            Self::Expected(_) => "expected",
            Self::Answer(_) => "answer",
        }
    }
}
