//! SHA-256, by the library that wasm-bindgen's own needs anyway.

use sha2::{Digest, Sha256};

/// The digest in hexadecimal.
pub(crate) fn hex(bytes: &[u8]) -> String {
    Sha256::digest(bytes).iter().map(|byte| format!("{byte:02x}")).collect()
}
