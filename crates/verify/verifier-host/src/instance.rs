//! A running module, called through its plain ABI.

use wasmtime::{Instance, InstancePre, Memory, Store, Trap, TypedFunc, WasmParams, WasmResults};

use crate::error::HostError;
use crate::limits::{Limits, Meter};

/// The version of the ABI that this host speaks.
const ABI: u32 = 1;

pub(crate) struct Running {
    store: Store<Meter>,
    memory: Memory,
    alloc: TypedFunc<u32, u32>,
    free: TypedFunc<u32, ()>,
    error: TypedFunc<(), u64>,
    instance: Instance,
}

/// Bytes in the module's memory.
#[derive(Clone, Copy)]
pub(crate) struct Buffer {
    pub(crate) address: u32,
    pub(crate) len: u32,
}

impl Running {
    pub(crate) fn start(module: &InstancePre<Meter>, limits: Limits) -> Result<Self, HostError> {
        let mut store = Store::new(module.module().engine(), Meter { limits, refused: false });
        store.limiter(|meter| meter);
        store.set_fuel(limits.fuel).map_err(|error| HostError::Module(error.to_string()))?;
        let instance = module.instantiate(&mut store).map_err(|error| failed(&store, &error))?;
        let missing = |error: wasmtime::Error| HostError::Module(error.to_string());
        let memory = instance.get_memory(&mut store, "memory").ok_or_else(|| HostError::Module("no memory".into()))?;
        let alloc = instance.get_typed_func(&mut store, "vouch_alloc").map_err(missing)?;
        let free = instance.get_typed_func(&mut store, "vouch_free").map_err(missing)?;
        let error = instance.get_typed_func(&mut store, "vouch_error").map_err(missing)?;
        let mut running = Self { store, memory, alloc, free, error, instance };
        let got: u32 = running.call("vouch_abi", ())?;
        if got != ABI {
            return Err(HostError::Abi { expected: ABI, got });
        }
        Ok(running)
    }

    /// Gives the module its fuel again, for a request of `times` verifications.
    pub(crate) fn refuel(&mut self, times: u64) -> Result<(), HostError> {
        self.store.data_mut().refused = false;
        let fuel = self.store.data().limits.fuel.saturating_mul(times);
        self.store.set_fuel(fuel).map_err(|error| HostError::Module(error.to_string()))
    }

    /// Fuel used since the last [`Running::refuel`].
    pub(crate) fn fuel_used(&self) -> u64 {
        self.store.data().limits.fuel.saturating_sub(self.store.get_fuel().unwrap_or(0))
    }

    /// Bytes of memory that the module has.
    pub(crate) fn memory_used(&self) -> usize {
        self.memory.data_size(&self.store)
    }

    pub(crate) fn call<P: WasmParams, R: WasmResults>(&mut self, name: &str, params: P) -> Result<R, HostError> {
        let function = self.instance.get_typed_func::<P, R>(&mut self.store, name);
        let function = function.map_err(|error| HostError::Module(error.to_string()))?;
        function.call(&mut self.store, params).map_err(|error| failed(&self.store, &error))
    }

    /// A call that gives a handle, or 0 and an error.
    pub(crate) fn handle<P: WasmParams>(&mut self, name: &str, params: P) -> Result<u32, HostError> {
        match self.call(name, params)? {
            0 => Err(self.refusal()),
            handle => Ok(handle),
        }
    }

    /// A call that gives text, or 0 and an error.
    pub(crate) fn text<P: WasmParams>(&mut self, name: &str, params: P) -> Result<String, HostError> {
        match self.call(name, params)? {
            0 => Err(self.refusal()),
            text => self.take(text),
        }
    }

    /// Copies bytes into the module.
    pub(crate) fn put(&mut self, bytes: &[u8]) -> Result<Buffer, HostError> {
        let limit = self.store.data().limits.memory;
        let len = u32::try_from(bytes.len()).map_err(|_| HostError::OutOfMemory { limit })?;
        let address = self.alloc.call(&mut self.store, len).map_err(|error| failed(&self.store, &error))?;
        if address == 0 {
            return Err(HostError::OutOfMemory { limit });
        }
        let written = self.memory.write(&mut self.store, address as usize, bytes);
        written.map_err(|_| HostError::Answer("a buffer outside of the memory".into()))?;
        Ok(Buffer { address, len })
    }

    pub(crate) fn free(&mut self, buffer: Buffer) -> Result<(), HostError> {
        self.free.call(&mut self.store, buffer.address).map_err(|error| failed(&self.store, &error))
    }

    /// Reads and frees the text that a result stands for.
    fn take(&mut self, text: u64) -> Result<String, HostError> {
        let buffer = Buffer { address: text as u32, len: (text >> 32) as u32 };
        let (start, len) = (buffer.address as usize, buffer.len as usize);
        let bytes = start.checked_add(len).and_then(|end| self.memory.data(&self.store).get(start..end));
        let bytes = bytes.ok_or_else(|| HostError::Answer("text outside of the memory".into()))?.to_vec();
        self.free(buffer)?;
        String::from_utf8(bytes).map_err(|error| HostError::Answer(error.to_string()))
    }

    /// Why the last call gave 0.
    fn refusal(&mut self) -> HostError {
        let text = self.error.call(&mut self.store, ()).map_err(|error| failed(&self.store, &error));
        let text = text.and_then(|text| self.take(text));
        match text.map(|text| serde_json::from_str(&text)) {
            Ok(Ok(refusal)) => HostError::Refused(refusal),
            Ok(Err(error)) => HostError::Answer(error.to_string()),
            Err(error) => error,
        }
    }
}

/// Why a call ended early.
fn failed(store: &Store<Meter>, error: &wasmtime::Error) -> HostError {
    let Meter { limits, refused } = store.data();
    match error.downcast_ref::<Trap>() {
        Some(Trap::OutOfFuel) => HostError::OutOfFuel { limit: limits.fuel },
        // The module stops when it gets no memory.
        _ if *refused => HostError::OutOfMemory { limit: limits.memory },
        Some(trap) => HostError::Trap(trap.to_string()),
        None => HostError::Module(error.to_string()),
    }
}
