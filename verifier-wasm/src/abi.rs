//! The plain ABI: exports that take and return numbers, for any host. `docs/verifier-wasm.md` describes it.
//!
//! * Bytes go in through a buffer of [`vouch_alloc`], named by its address. The module finds a buffer in its own table
//!   by that address, so no address that a host passes is ever dereferenced, and there is no unsafe code but the
//!   attribute that names the exports.
//! * Text comes out as a buffer, too: its address in the low and its length in the high 32 bits of the result. The host
//!   frees it. 0 means that there is none, and [`vouch_error`] says why.

#![allow(unsafe_code)]

use std::cell::RefCell;
use std::mem::ManuallyDrop;

use crate::api::{self, ABI_VERSION, ApiError, Key, Kind, Session};
use crate::store::Store;

/// Longer buffers are refused: no key or envelope is as long.
const MAX_BUFFER: u32 = 64 << 20;

struct Module {
    /// By address, in increasing order.
    buffers: Vec<(u32, Vec<u8>)>,
    keys: Store<Key>,
    sessions: Store<Session>,
    error: Option<ApiError>,
}

thread_local! {
    /// Never dropped, as a module has no end; and what needs no drop is a plain static.
    static MODULE: RefCell<ManuallyDrop<Module>> = const {
        RefCell::new(ManuallyDrop::new(Module {
            buffers: Vec::new(),
            keys: Store::new(),
            sessions: Store::new(),
            error: None,
        }))
    };
}

fn abi(code: &'static str, message: &str) -> ApiError {
    ApiError::new(Kind::Abi, code, message)
}

impl Module {
    /// The place of a buffer, or where it would be.
    fn buffer(&self, address: u32) -> Result<usize, usize> {
        self.buffers.binary_search_by_key(&address, |(known, _)| *known)
    }

    fn add(&mut self, bytes: Vec<u8>) -> u32 {
        // An address is a number of 32 bits here.
        let address = bytes.as_ptr() as usize as u32;
        let place = self.buffer(address).unwrap_or_else(|place| place);
        self.buffers.insert(place, (address, bytes));
        address
    }

    fn bytes(&self, address: u32, len: u32) -> Result<&[u8], ApiError> {
        if len == 0 {
            return Ok(&[]);
        }
        let place = self.buffer(address).map_err(|_| abi("buffer", "no buffer has this address"))?;
        self.buffers[place].1.get(..len as usize).ok_or_else(|| abi("buffer", "the buffer is shorter"))
    }

    fn key(&self, key: u32) -> Result<&Key, ApiError> {
        self.keys.get(key).ok_or_else(|| abi("handle", "no key has this handle"))
    }

    /// The keys of a chain: a buffer of their handles, each in four bytes, little-endian.
    fn chain_keys(&self, address: u32, len: u32) -> Result<Vec<Key>, ApiError> {
        let (handles, rest) = self.bytes(address, len)?.as_chunks::<4>();
        if !rest.is_empty() {
            return Err(abi("buffer", "expected four bytes for each key"));
        }
        handles.iter().map(|handle| self.key(u32::from_le_bytes(*handle)).cloned()).collect()
    }

    fn text(&mut self, text: String) -> u64 {
        let len = text.len() as u64;
        u64::from(self.add(text.into_bytes())) | len << 32
    }
}

/// Runs a call; an error is kept and gives 0.
fn call<T: Default>(run: impl FnOnce(&mut Module) -> Result<T, ApiError>) -> T {
    MODULE.with_borrow_mut(|module| {
        module.error = None;
        run(module).unwrap_or_else(|error| {
            module.error = Some(error);
            T::default()
        })
    })
}

/// Version of this ABI.
#[unsafe(no_mangle)]
pub(crate) extern "C" fn vouch_abi() -> u32 {
    ABI_VERSION
}

/// A buffer of `len` zero bytes; 0 if there is no memory for it.
#[unsafe(no_mangle)]
pub(crate) extern "C" fn vouch_alloc(len: u32) -> u32 {
    call(|module| {
        let too_long = || abi("memory", "no memory for a buffer of this length");
        let mut bytes = Vec::new();
        // At least one byte, so that every buffer has an address of its own.
        let len = Some(len.max(1)).filter(|len| *len <= MAX_BUFFER).ok_or_else(too_long)? as usize;
        bytes.try_reserve_exact(len).map_err(|_| too_long())?;
        bytes.resize(len, 0);
        Ok(module.add(bytes))
    })
}

/// Frees a buffer.
#[unsafe(no_mangle)]
pub(crate) extern "C" fn vouch_free(address: u32) {
    MODULE.with_borrow_mut(|module| {
        if let Ok(place) = module.buffer(address) {
            module.buffers.remove(place);
        }
    });
}

/// Why the last call gave 0, as JSON; 0 if it did not.
#[unsafe(no_mangle)]
pub(crate) extern "C" fn vouch_error() -> u64 {
    MODULE.with_borrow_mut(|module| match module.error.take() {
        Some(error) => module.text(error.to_json()),
        None => 0,
    })
}

/// Versions, as JSON.
#[unsafe(no_mangle)]
pub(crate) extern "C" fn vouch_version() -> u64 {
    call(|module| Ok(module.text(api::version())))
}

/// What an envelope says, as JSON, not verified.
#[unsafe(no_mangle)]
pub(crate) extern "C" fn vouch_inspect(envelope: u32, len: u32) -> u64 {
    call(|module| {
        let text = api::inspect(module.bytes(envelope, len)?)?;
        Ok(module.text(text))
    })
}

/// Loads a key and returns its handle.
#[unsafe(no_mangle)]
pub(crate) extern "C" fn vouch_key_load(key: u32, len: u32) -> u32 {
    call(|module| {
        let key = Key::load(module.bytes(key, len)?)?;
        module.keys.insert(key).ok_or_else(|| abi("handle", "no handles are left"))
    })
}

/// What a key says of its model, as JSON.
#[unsafe(no_mangle)]
pub(crate) extern "C" fn vouch_key_describe(key: u32) -> u64 {
    call(|module| {
        let text = module.key(key)?.describe();
        Ok(module.text(text))
    })
}

/// Forgets a key.
#[unsafe(no_mangle)]
pub(crate) extern "C" fn vouch_key_free(key: u32) {
    MODULE.with_borrow_mut(|module| module.keys.remove(key));
}

/// Verifies: the report as JSON, with all times 0.
#[unsafe(no_mangle)]
pub(crate) extern "C" fn vouch_verify(
    key: u32,
    envelope: u32,
    envelope_len: u32,
    expected: u32,
    expected_len: u32,
) -> u64 {
    call(|module| {
        let (envelope, expected) = (module.bytes(envelope, envelope_len)?, module.bytes(expected, expected_len)?);
        let text = module.key(key)?.verify(envelope, expected)?;
        Ok(module.text(text))
    })
}

/// Begins a verification and returns its handle.
#[unsafe(no_mangle)]
pub(crate) extern "C" fn vouch_begin(
    key: u32,
    envelope: u32,
    envelope_len: u32,
    expected: u32,
    expected_len: u32,
) -> u32 {
    call(|module| {
        let (envelope, expected) = (module.bytes(envelope, envelope_len)?, module.bytes(expected, expected_len)?);
        let session = module.key(key)?.begin(envelope, expected)?;
        module.sessions.insert(session).ok_or_else(|| abi("handle", "no handles are left"))
    })
}

/// What a chain of proofs says, as JSON, not verified.
#[unsafe(no_mangle)]
pub(crate) extern "C" fn vouch_chain_inspect(chain: u32, len: u32) -> u64 {
    call(|module| {
        let text = api::inspect_chain(module.bytes(chain, len)?)?;
        Ok(module.text(text))
    })
}

/// Verifies a chain of proofs: the report as JSON, with all times 0. `keys` is a buffer of a handle for each proof.
#[unsafe(no_mangle)]
pub(crate) extern "C" fn vouch_chain_verify(
    keys: u32,
    keys_len: u32,
    chain: u32,
    chain_len: u32,
    expected: u32,
    expected_len: u32,
) -> u64 {
    call(|module| {
        let keys = module.chain_keys(keys, keys_len)?;
        let (chain, expected) = (module.bytes(chain, chain_len)?, module.bytes(expected, expected_len)?);
        let text = api::verify_chain(&keys, chain, expected)?;
        Ok(module.text(text))
    })
}

/// Begins the verification of a chain and returns its handle, for the same calls as that of an envelope.
#[unsafe(no_mangle)]
pub(crate) extern "C" fn vouch_chain_begin(
    keys: u32,
    keys_len: u32,
    chain: u32,
    chain_len: u32,
    expected: u32,
    expected_len: u32,
) -> u32 {
    call(|module| {
        let keys = module.chain_keys(keys, keys_len)?;
        let (chain, expected) = (module.bytes(chain, chain_len)?, module.bytes(expected, expected_len)?);
        let session = api::begin_chain(&keys, chain, expected)?;
        module.sessions.insert(session).ok_or_else(|| abi("handle", "no handles are left"))
    })
}

/// Ends the check before and makes the next, at a time in microseconds: 1, or 0 if there is no next.
#[unsafe(no_mangle)]
pub(crate) extern "C" fn vouch_step(session: u32, now: u64) -> u32 {
    call(|module| {
        let session = module.sessions.get_mut(session);
        let session = session.ok_or_else(|| abi("handle", "no verification has this handle"))?;
        Ok(u32::from(session.step(now)))
    })
}

/// Ends a verification: its report as JSON.
#[unsafe(no_mangle)]
pub(crate) extern "C" fn vouch_finish(session: u32) -> u64 {
    call(|module| {
        let session = module.sessions.remove(session);
        let text = session.ok_or_else(|| abi("handle", "no verification has this handle"))?.finish();
        Ok(module.text(text))
    })
}
