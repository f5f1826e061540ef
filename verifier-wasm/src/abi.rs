//! How a host calls the module.
//!
//! The module exports its `memory` and the functions below; it imports nothing. A host
//!
//! 1. asks for memory with [`vouch_alloc`] and copies its bytes there;
//! 2. calls a function, which reads the bytes and gives the address of an *answer*;
//! 3. copies the answer and gives all memory back with [`vouch_free`].
//!
//! An answer is 8 + `len` bytes: `code` (4 bytes, little-endian; 0 if the call was answered, else an
//! [`ErrorCode`](crate::ErrorCode)), `len` (4 bytes, little-endian), and `len` bytes of JSON: what was asked for, or
//! `{"code": …, "message": …}`. The address 0 is no answer: memory is used up.
//!
//! # Safety
//!
//! Inside WebAssembly a wrong address can at worst confuse or stop the module, never its host. Called natively, the
//! usual rules hold: `ptr` and `len` must come from [`vouch_alloc`] or be readable for `len` bytes.

use std::alloc::{Layout, alloc, dealloc};

use serde::Serialize;

use crate::{ErrorCode, FaceError, face, keys};

/// Version of this interface.
pub const ABI_VERSION: u32 = 1;

/// Bytes of an answer before its JSON.
pub const ANSWER_HEADER: usize = 8;

/// The version of this interface; any other call depends on it.
#[unsafe(no_mangle)]
pub extern "C" fn vouch_abi() -> u32 {
    ABI_VERSION
}

/// Gives `len` bytes of memory, or the address 0 if there is not so much left.
#[unsafe(no_mangle)]
pub extern "C" fn vouch_alloc(len: usize) -> *mut u8 {
    match Layout::array::<u8>(len.max(1)) {
        // SAFETY: the size is not 0.
        Ok(layout) => unsafe { alloc(layout) },
        Err(_) => std::ptr::null_mut(),
    }
}

/// Takes back memory that [`vouch_alloc`] or an answer gave.
///
/// # Safety
///
/// `ptr` was given for `len` bytes and has not been taken back.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn vouch_free(ptr: *mut u8, len: usize) {
    if let Ok(layout) = Layout::array::<u8>(len.max(1))
        && !ptr.is_null()
    {
        // SAFETY: the layout is that of `vouch_alloc`.
        unsafe { dealloc(ptr, layout) }
    }
}

/// The versions of the module and of the formats that it reads.
#[unsafe(no_mangle)]
pub extern "C" fn vouch_version() -> *mut u8 {
    answer(face::version())
}

/// Loads a verifying key: `{"handle": …, "key": …}`.
///
/// # Safety
///
/// `len` bytes can be read at `ptr`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn vouch_key_load(ptr: *const u8, len: usize) -> *mut u8 {
    // SAFETY: as the caller promises.
    let bytes = unsafe { bytes(ptr, len) };
    answer(face::load_key(bytes).and_then(|key| {
        let info = face::describe_key(&key)?;
        Ok(format!(r#"{{"handle":{},"key":{info}}}"#, keys::insert(key)))
    }))
}

/// Drops a key; gives 1, or 0 if no key has this handle.
#[unsafe(no_mangle)]
pub extern "C" fn vouch_key_drop(handle: u32) -> u32 {
    u32::from(keys::remove(handle))
}

/// Verifies an envelope against what is expected; the answer is a report.
///
/// # Safety
///
/// The given numbers of bytes can be read at both addresses.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn vouch_verify(
    handle: u32,
    expected: *const u8,
    expected_len: usize,
    envelope: *const u8,
    envelope_len: usize,
) -> *mut u8 {
    // SAFETY: as the caller promises.
    let (expected, envelope) = unsafe { (bytes(expected, expected_len), bytes(envelope, envelope_len)) };
    answer(keys::get(handle, |key| face::verify(key, expected, envelope)).flatten())
}

/// What an envelope says, without any verification.
///
/// # Safety
///
/// `len` bytes can be read at `ptr`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn vouch_inspect(ptr: *const u8, len: usize) -> *mut u8 {
    // SAFETY: as the caller promises.
    answer(face::inspect(unsafe { bytes(ptr, len) }))
}

unsafe fn bytes<'a>(ptr: *const u8, len: usize) -> &'a [u8] {
    if ptr.is_null() || len == 0 {
        return &[];
    }
    // SAFETY: as the callers' callers promise.
    unsafe { std::slice::from_raw_parts(ptr, len) }
}

/// An error as hosts see it.
#[derive(Serialize)]
struct Failure {
    code: ErrorCode,
    message: String,
}

fn answer(result: Result<String, FaceError>) -> *mut u8 {
    let (code, json) = match result {
        Ok(json) => (0, json),
        Err(error) => {
            let failure = Failure { code: error.code(), message: error.to_string() };
            (error.code() as u32, serde_json::to_string(&failure).unwrap_or_default())
        }
    };
    let (Ok(len), total) = (u32::try_from(json.len()), ANSWER_HEADER + json.len()) else {
        return std::ptr::null_mut();
    };
    let ptr = vouch_alloc(total);
    if !ptr.is_null() {
        // SAFETY: `total` bytes have just been given.
        let target = unsafe {
            ptr.write_bytes(0, total);
            std::slice::from_raw_parts_mut(ptr, total)
        };
        target[..4].copy_from_slice(&code.to_le_bytes());
        target[4..8].copy_from_slice(&len.to_le_bytes());
        target[ANSWER_HEADER..].copy_from_slice(json.as_bytes());
    }
    ptr
}
