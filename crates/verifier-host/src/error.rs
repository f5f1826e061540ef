//! Why a call has no report. A proof that is refused is no error: it has a report.

use serde::Deserialize;
use thiserror::Error;

/// What the module itself says when it cannot answer.
#[derive(Debug, Clone, PartialEq, Eq, Error, Deserialize)]
#[error("{message}")]
pub struct Failure {
    /// The kind, such as `key`; see `ErrorCode` of `verifier-wasm`.
    pub code: String,
    /// For people.
    pub message: String,
}

/// Why a call has no report.
#[derive(Debug, Error)]
pub enum HostError {
    /// The bytes are not a module that can be run here.
    #[error("the module cannot be loaded: {0}")]
    Module(wasmtime::Error),
    /// The module has no function or memory of this name, or of another type.
    #[error("the module has no suitable export {name}")]
    Export {
        /// The name.
        name: &'static str,
    },
    /// The module has another interface.
    #[error("interface of the module: expected version {expected}, got {got}")]
    Abi {
        /// The version that this crate knows.
        expected: u32,
        /// The module's.
        got: u32,
    },
    /// The module says what was wrong with its arguments.
    #[error(transparent)]
    Refused(#[from] Failure),
    /// The call needed more instructions than allowed.
    #[error("out of fuel: the call needs more than {limit} instructions")]
    OutOfFuel {
        /// The limit.
        limit: u64,
    },
    /// The call needed more memory than allowed.
    #[error("out of memory: the call needs more than {limit} bytes")]
    OutOfMemory {
        /// The limit.
        limit: usize,
    },
    /// The module stopped by itself.
    #[error("the module stopped: {0}")]
    Trap(wasmtime::Error),
    /// The module's answer is not of the form that the interface says.
    #[error("the module's answer is malformed: {0}")]
    Answer(String),
    /// What is expected cannot be written as JSON.
    #[error("expected values: {0}")]
    Expected(serde_json::Error),
}
