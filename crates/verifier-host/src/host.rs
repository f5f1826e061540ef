//! The compiled module.

use wasmtime::{Config, Engine, Module};

use crate::instance::Instance;
use crate::{HostError, Limits, Verifier};

/// The compiled module, ready to be run any number of times. Cloning is cheap.
#[derive(Debug, Clone)]
pub struct Host {
    engine: Engine,
    module: Module,
    limits: Limits,
}

impl Host {
    /// Compiles the module, with the default limits.
    pub fn new(wasm: &[u8]) -> Result<Self, HostError> {
        Self::with_limits(wasm, Limits::default())
    }

    /// Compiles the module. A module that imports anything is refused.
    pub fn with_limits(wasm: &[u8], limits: Limits) -> Result<Self, HostError> {
        let mut config = Config::new();
        config.consume_fuel(true);
        let engine = Engine::new(&config).map_err(HostError::Module)?;
        let module = Module::from_binary(&engine, wasm).map_err(HostError::Module)?;
        let host = Self { engine, module, limits };
        host.instance()?;
        Ok(host)
    }

    /// A verifier for one key.
    pub fn verifier(&self, key: &[u8]) -> Result<Verifier, HostError> {
        Verifier::new(self.clone(), key)
    }

    /// What an envelope says, as JSON; nothing of it has been verified.
    pub fn inspect(&self, envelope: &[u8]) -> Result<String, HostError> {
        self.instance()?.inspect(envelope)
    }

    /// The versions of the module and of the formats that it reads, as JSON.
    pub fn version(&self) -> Result<String, HostError> {
        self.instance()?.version()
    }

    pub(crate) fn instance(&self) -> Result<Instance, HostError> {
        Instance::new(&self.engine, &self.module, self.limits)
    }
}
