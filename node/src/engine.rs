//! Verification of what a miner sends.

mod native;
mod verify;
mod wasm;

use std::path::PathBuf;
use std::sync::Arc;

use serde::{Deserialize, Serialize};
use vouch_verifier_host::Limits;

pub use native::NativeEngine;
pub use verify::{Rejection, Verified, VerifyEngine};
pub use wasm::{EngineError, WasmEngine};

/// Which verifier to run: `[validator.verifier]`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct VerifierSettings {
    /// The verifier as WebAssembly; `cargo xtask wasm` makes it.
    pub wasm: PathBuf,
    /// Use the verifier that is linked into the program instead: without limits of instructions and memory, and without
    /// a file that browsers can compare theirs with.
    pub native: bool,
}

impl Default for VerifierSettings {
    fn default() -> Self {
        Self { wasm: "pkg/vouch_verifier.wasm".into(), native: false }
    }
}

/// The engine that the settings ask for.
///
/// # Errors
/// [`EngineError`] if the module cannot be used.
pub fn from_settings(settings: &VerifierSettings) -> Result<Arc<dyn VerifyEngine>, EngineError> {
    if settings.native {
        return Ok(Arc::new(NativeEngine));
    }
    Ok(Arc::new(WasmEngine::load(&settings.wasm, Limits::default())?))
}
