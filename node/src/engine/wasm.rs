//! The verifier that browsers run, too: the `.wasm` of `verifier-wasm`, in wasmtime.

use std::collections::HashMap;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};

use sha2::{Digest, Sha256};
use thiserror::Error;
use vouch_envelope::{ModelId, ProofEnvelope, hex};
use vouch_verifier::{Expected, VerifierKey};
use vouch_verifier_host::{Host, HostError, Limits, VerificationReport, Verifier};

use super::verify::{Rejection, Verified, VerifyEngine};

/// Instances that wait for work, for each model.
const MAX_IDLE: usize = 8;

/// Why there is no engine.
#[derive(Debug, Error)]
#[expect(missing_docs, reason = "the message of a variant says what its fields are")]
pub enum EngineError {
    /// The file cannot be read.
    #[error("verifier {path}: {source}; `cargo xtask wasm` makes it, and the setting `validator.verifier.wasm` names it", path = path.display())]
    File { path: PathBuf, source: std::io::Error },
    /// The file is no verifier.
    #[error("verifier {path}: {source}", path = path.display())]
    Module { path: PathBuf, source: HostError },
}

/// Verifies in instances of the module, each with one model's key and one verification at a time.
#[derive(Debug)]
pub struct WasmEngine {
    host: Host,
    wasm: Vec<u8>,
    sha256: String,
    idle: Mutex<HashMap<ModelId, Vec<Verifier>>>,
}

impl WasmEngine {
    /// Reads and compiles the module, and tries it.
    ///
    /// # Errors
    /// [`EngineError`].
    pub fn load(path: &Path, limits: Limits) -> Result<Self, EngineError> {
        let wasm = std::fs::read(path).map_err(|source| EngineError::File { path: path.to_owned(), source })?;
        let host = Host::new(&wasm, limits).and_then(|host| host.version().map(|_| host));
        let host = host.map_err(|source| EngineError::Module { path: path.to_owned(), source })?;
        let sha256 = hex::encode(&Sha256::digest(&wasm));
        Ok(Self { host, wasm, sha256, idle: Mutex::default() })
    }

    fn idle(&self) -> std::sync::MutexGuard<'_, HashMap<ModelId, Vec<Verifier>>> {
        self.idle.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// An instance with the key, and its report.
    fn report(&self, key: &VerifierKey, expected: &Expected, envelope: &[u8]) -> Result<VerificationReport, HostError> {
        let waiting = self.idle().get_mut(&key.model_id()).and_then(Vec::pop);
        let mut verifier = match waiting {
            Some(verifier) => verifier,
            None => self.host.verifier(key.to_bytes())?,
        };
        let report = verifier.verify(envelope, expected)?;
        let mut idle = self.idle();
        let waiting = idle.entry(key.model_id()).or_default();
        if waiting.len() < MAX_IDLE {
            waiting.push(verifier);
        }
        Ok(report)
    }
}

impl VerifyEngine for WasmEngine {
    fn verify(&self, key: &VerifierKey, expected: &Expected, envelope: &[u8]) -> Result<Verified, Rejection> {
        let report = self.report(key, expected, envelope).map_err(|error| Rejection::Exhausted(error.to_string()))?;
        if let Some(check) = report.checks.iter().find(|check| !check.passed) {
            let reason = format!("{}: {}", check.name, check.detail);
            return Err(if check.name == "format" { Rejection::Malformed(reason) } else { Rejection::Refused(reason) });
        }
        if !report.accepted {
            return Err(Rejection::Refused("not accepted".into()));
        }
        // The bytes that have just been accepted.
        let envelope = ProofEnvelope::decode(envelope).map_err(|error| Rejection::Malformed(error.to_string()))?;
        Ok(Verified { outputs: envelope.public.outputs, output_hashes: envelope.public.output_hashes })
    }

    fn sha256(&self) -> Option<&str> {
        Some(&self.sha256)
    }

    fn wasm(&self) -> Option<&[u8]> {
        Some(&self.wasm)
    }
}
