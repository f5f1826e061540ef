//! The host and its verifiers.

use std::time::Instant;

use vouch_envelope::{Expected, VerificationReport};
use wasmtime::{Config, Engine, InstancePre, Linker, Module};

use crate::chain::ChainVerifier;
use crate::error::HostError;
use crate::expected::to_json;
use crate::instance::Running;
use crate::limits::{Limits, Meter};

/// The compiled module. It can be shared between threads and cloned cheaply.
#[derive(Clone)]
pub struct Host {
    module: InstancePre<Meter>,
    limits: Limits,
}

impl std::fmt::Debug for Host {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Host").field("limits", &self.limits).finish_non_exhaustive()
    }
}

impl Host {
    /// Compiles the module.
    pub fn new(wasm: &[u8], limits: Limits) -> Result<Self, HostError> {
        let wrong = |error: wasmtime::Error| HostError::Module(error.to_string());
        let engine = Engine::new(Config::new().consume_fuel(true)).map_err(wrong)?;
        let module = Module::new(&engine, wasm).map_err(wrong)?;
        // Without definitions: a module that imports anything is refused.
        let module = Linker::new(&engine).instantiate_pre(&module).map_err(wrong)?;
        Ok(Self { module, limits })
    }

    /// An instance with a key, for one thread at a time.
    pub fn verifier(&self, key: &[u8]) -> Result<Verifier, HostError> {
        let mut verifier = Verifier { host: self.clone(), bytes: key.to_vec(), running: None };
        verifier.running()?;
        Ok(verifier)
    }

    /// An instance with the key of each proof of a chain, for one thread at a time.
    ///
    /// # Errors
    /// [`HostError::Refused`] if one of them is no key.
    pub fn chain_verifier(&self, keys: &[&[u8]]) -> Result<ChainVerifier, HostError> {
        ChainVerifier::start(self.clone(), keys)
    }

    pub(crate) fn running(&self) -> Result<Running, HostError> {
        Running::start(&self.module, self.limits)
    }

    /// What a chain of proofs says, as JSON. Nothing of it is verified.
    ///
    /// # Errors
    /// [`HostError`].
    pub fn inspect_chain(&self, chain: &[u8]) -> Result<String, HostError> {
        let mut running = self.running()?;
        let buffer = running.put(chain)?;
        running.text("vouch_chain_inspect", (buffer.address, buffer.len))
    }

    /// What an envelope says, as JSON. Nothing of it is verified.
    pub fn inspect(&self, envelope: &[u8]) -> Result<String, HostError> {
        let mut running = Running::start(&self.module, self.limits)?;
        let buffer = running.put(envelope)?;
        running.text("vouch_inspect", (buffer.address, buffer.len))
    }

    /// Versions of the module, as JSON.
    pub fn version(&self) -> Result<String, HostError> {
        Running::start(&self.module, self.limits)?.text("vouch_version", ())
    }
}

/// A key that has been checked and prepared, in an instance of its own.
pub struct Verifier {
    host: Host,
    bytes: Vec<u8>,
    running: Option<(Running, u32)>,
}

impl std::fmt::Debug for Verifier {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Verifier").field("host", &self.host).finish_non_exhaustive()
    }
}

impl Verifier {
    /// The instance and the key's handle; a new one if the last has stopped.
    fn running(&mut self) -> Result<&mut (Running, u32), HostError> {
        let running = match self.running.take() {
            Some(running) => running,
            None => {
                let mut running = Running::start(&self.host.module, self.host.limits)?;
                let buffer = running.put(&self.bytes)?;
                let key = running.handle("vouch_key_load", (buffer.address, buffer.len))?;
                running.free(buffer)?;
                (running, key)
            }
        };
        Ok(self.running.insert(running))
    }

    /// Runs a request; if it stops the instance, that is not used again.
    fn request<T>(&mut self, run: impl FnOnce(&mut Running, u32) -> Result<T, HostError>) -> Result<T, HostError> {
        let (running, key) = self.running()?;
        running.refuel(1)?;
        let result = run(running, *key);
        if !matches!(result, Ok(_) | Err(HostError::Refused(_))) {
            self.running = None;
        }
        result
    }

    /// What the key says of its model, as JSON.
    pub fn describe(&mut self) -> Result<String, HostError> {
        self.request(|running, key| running.text("vouch_key_describe", key))
    }

    /// Verifies an envelope. The report has the time of each check.
    pub fn verify(&mut self, envelope: &[u8], expected: &Expected) -> Result<VerificationReport, HostError> {
        let expected = to_json(expected)?;
        let text = self.request(|running, key| {
            let (envelope, expected) = (running.put(envelope)?, running.put(expected.as_bytes())?);
            let params = (key, envelope.address, envelope.len, expected.address, expected.len);
            let session = running.handle("vouch_begin", params);
            running.free(envelope)?;
            running.free(expected)?;
            let (session, start) = (session?, Instant::now());
            let now = || u64::try_from(start.elapsed().as_micros()).unwrap_or(u64::MAX);
            while running.call::<_, u32>("vouch_step", (session, now()))? != 0 {}
            running.text("vouch_finish", session)
        })?;
        serde_json::from_str(&text).map_err(|error| HostError::Answer(error.to_string()))
    }

    /// The report as the module writes it, with all times 0: the same bytes wherever it is made. `expected` is JSON.
    pub fn verify_to_text(&mut self, envelope: &[u8], expected: &str) -> Result<String, HostError> {
        self.request(|running, key| {
            let (envelope, expected) = (running.put(envelope)?, running.put(expected.as_bytes())?);
            let params = (key, envelope.address, envelope.len, expected.address, expected.len);
            let text = running.text("vouch_verify", params);
            running.free(envelope)?;
            running.free(expected)?;
            text
        })
    }

    /// Fuel of the last request, and bytes of memory that the instance has; zeros if it has stopped.
    pub fn used(&self) -> (u64, usize) {
        self.running.as_ref().map_or((0, 0), |(running, _)| (running.fuel_used(), running.memory_used()))
    }
}
