//! One instance of the module, and the calls of its interface.

use wasmtime::{Engine, Memory, Module, Store, Trap, TypedFunc, WasmParams, WasmResults};

use crate::limits::MemoryLimit;
use crate::{Failure, HostError, Limits};

/// The version of the interface that this crate knows.
const ABI_VERSION: u32 = 1;
/// Bytes of an answer before its JSON.
const ANSWER_HEADER: u32 = 8;

/// Addresses and lengths of the expected values and of the envelope, after the handle.
type VerifyArguments = (u32, u32, u32, u32, u32);

/// One instance of the module. After an error other than [`HostError::Refused`] it must not be used again.
#[derive(Debug)]
pub(crate) struct Instance {
    store: Store<MemoryLimit>,
    memory: Memory,
    alloc: TypedFunc<u32, u32>,
    free: TypedFunc<(u32, u32), ()>,
    version: TypedFunc<(), u32>,
    key_load: TypedFunc<(u32, u32), u32>,
    verify: TypedFunc<VerifyArguments, u32>,
    inspect: TypedFunc<(u32, u32), u32>,
    limits: Limits,
}

impl Instance {
    pub(crate) fn new(engine: &Engine, module: &Module, limits: Limits) -> Result<Self, HostError> {
        let mut store = Store::new(engine, MemoryLimit::new(limits.memory));
        store.limiter(|limit| limit);
        store.set_fuel(limits.fuel).map_err(HostError::Module)?;
        let instance = wasmtime::Instance::new(&mut store, module, &[]).map_err(|error| {
            if store.data().refused {
                HostError::OutOfMemory { limit: limits.memory }
            } else {
                HostError::Module(error)
            }
        })?;
        let memory = instance.get_memory(&mut store, "memory").ok_or(HostError::Export { name: "memory" })?;
        let abi: TypedFunc<(), u32> = function(&instance, &mut store, "vouch_abi")?;
        let got = abi.call(&mut store, ()).map_err(HostError::Trap)?;
        if got != ABI_VERSION {
            return Err(HostError::Abi { expected: ABI_VERSION, got });
        }
        Ok(Self {
            memory,
            alloc: function(&instance, &mut store, "vouch_alloc")?,
            free: function(&instance, &mut store, "vouch_free")?,
            version: function(&instance, &mut store, "vouch_version")?,
            key_load: function(&instance, &mut store, "vouch_key_load")?,
            verify: function(&instance, &mut store, "vouch_verify")?,
            inspect: function(&instance, &mut store, "vouch_inspect")?,
            store,
            limits,
        })
    }

    pub(crate) fn version(&mut self) -> Result<String, HostError> {
        let version = self.version.clone();
        self.answered(&[], |_| (), &version)
    }

    pub(crate) fn key_load(&mut self, key: &[u8]) -> Result<String, HostError> {
        let load = self.key_load.clone();
        self.answered(&[key], |at| (at[0], length(key)), &load)
    }

    pub(crate) fn verify(&mut self, handle: u32, expected: &[u8], envelope: &[u8]) -> Result<String, HostError> {
        let verify = self.verify.clone();
        let arguments = |at: &[u32]| (handle, at[0], length(expected), at[1], length(envelope));
        self.answered(&[expected, envelope], arguments, &verify)
    }

    pub(crate) fn inspect(&mut self, envelope: &[u8]) -> Result<String, HostError> {
        let inspect = self.inspect.clone();
        self.answered(&[envelope], |at| (at[0], length(envelope)), &inspect)
    }

    /// Copies the inputs into the instance, calls the function with their addresses, and copies its answer.
    fn answered<P: WasmParams>(
        &mut self,
        inputs: &[&[u8]],
        arguments: impl FnOnce(&[u32]) -> P,
        function: &TypedFunc<P, u32>,
    ) -> Result<String, HostError> {
        self.store.set_fuel(self.limits.fuel).map_err(HostError::Module)?;
        let mut addresses = Vec::with_capacity(inputs.len());
        for input in inputs {
            let at = self.call(&self.alloc.clone(), length(input))?;
            if at == 0 {
                return Err(HostError::OutOfMemory { limit: self.limits.memory });
            }
            let written = self.memory.write(&mut self.store, at as usize, input);
            written.map_err(|error| HostError::Answer(error.to_string()))?;
            addresses.push(at);
        }
        let answer = self.call(function, arguments(&addresses))?;
        let (code, json) = self.read_answer(answer)?;
        for (&at, input) in addresses.iter().zip(inputs) {
            self.call(&self.free.clone(), (at, length(input)))?;
        }
        if code == 0 {
            return Ok(json);
        }
        let failure: Failure = serde_json::from_str(&json).map_err(|error| HostError::Answer(error.to_string()))?;
        Err(failure.into())
    }

    fn read_answer(&mut self, at: u32) -> Result<(u32, String), HostError> {
        if at == 0 {
            return Err(HostError::OutOfMemory { limit: self.limits.memory });
        }
        let malformed = |what: &str| HostError::Answer(what.to_owned());
        let data = self.memory.data(&self.store);
        let after = data.get(at as usize..).ok_or_else(|| malformed("outside of memory"))?;
        let (code, after) = after.split_first_chunk().ok_or_else(|| malformed("ends early"))?;
        let (len, after) = after.split_first_chunk().ok_or_else(|| malformed("ends early"))?;
        let (code, len) = (u32::from_le_bytes(*code), u32::from_le_bytes(*len));
        let json = after.get(..len as usize).ok_or_else(|| malformed("ends early"))?;
        let json = String::from_utf8(json.to_vec()).map_err(|_| malformed("not UTF-8"))?;
        self.call(&self.free.clone(), (at, len.saturating_add(ANSWER_HEADER)))?;
        Ok((code, json))
    }

    /// Calls a function, and says which limit stopped it, if one did.
    fn call<P: WasmParams, R: WasmResults>(
        &mut self,
        function: &TypedFunc<P, R>,
        arguments: P,
    ) -> Result<R, HostError> {
        self.store.data_mut().refused = false;
        function.call(&mut self.store, arguments).map_err(|error| {
            if error.downcast_ref::<Trap>() == Some(&Trap::OutOfFuel) {
                HostError::OutOfFuel { limit: self.limits.fuel }
            } else if self.store.data().refused {
                HostError::OutOfMemory { limit: self.limits.memory }
            } else {
                HostError::Trap(error)
            }
        })
    }
}

fn function<P: WasmParams, R: WasmResults>(
    instance: &wasmtime::Instance,
    store: &mut Store<MemoryLimit>,
    name: &'static str,
) -> Result<TypedFunc<P, R>, HostError> {
    instance.get_typed_func(store, name).map_err(|_| HostError::Export { name })
}

/// A length as the module sees it; longer inputs than its memory are refused by its allocator.
fn length(bytes: &[u8]) -> u32 {
    u32::try_from(bytes.len()).unwrap_or(u32::MAX)
}
