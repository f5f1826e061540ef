//! Keys of the state.
//!
//! ```text
//! key = xxhash128(pallet) ‖ xxhash128(entry) ‖ hash of each part
//! ```

use std::hash::Hasher;

use frame_metadata::v14::StorageHasher;
use parity_scale_codec::Encode;
use twox_hash::XxHash64;
use vouch_protocol::PublicKey;

use crate::{Runtime, SubtensorError, Value, decode};

/// The key of a value in the state, and how to read the value.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StorageKey {
    /// The key.
    pub bytes: Vec<u8>,
    /// Type of the value.
    pub value: u32,
    /// The value of what is not stored.
    pub default: Vec<u8>,
}

fn xx(bytes: &[u8], seeds: u64) -> Vec<u8> {
    let one = |seed| {
        let mut hasher = XxHash64::with_seed(seed);
        hasher.write(bytes);
        hasher.finish().to_le_bytes()
    };
    (0..seeds).flat_map(one).collect()
}

fn blake2(bytes: &[u8], length: usize) -> Vec<u8> {
    blake2b_simd::Params::new().hash_length(length).hash(bytes).as_bytes().to_vec()
}

fn hashed(hasher: &StorageHasher, part: &[u8]) -> Vec<u8> {
    match hasher {
        StorageHasher::Identity => part.to_vec(),
        StorageHasher::Blake2_128 => blake2(part, 16),
        StorageHasher::Blake2_256 => blake2(part, 32),
        StorageHasher::Blake2_128Concat => [blake2(part, 16), part.to_vec()].concat(),
        StorageHasher::Twox128 => xx(part, 2),
        StorageHasher::Twox256 => xx(part, 4),
        StorageHasher::Twox64Concat => [xx(part, 1), part.to_vec()].concat(),
    }
}

fn key(runtime: &Runtime, pallet: &str, entry: &str, parts: &[Vec<u8>]) -> Result<StorageKey, SubtensorError> {
    let (found, stored) = runtime.entry(pallet, entry)?;
    if stored.hashers.len() != parts.len() {
        let (got, expected) = (stored.hashers.len(), parts.len());
        return Err(SubtensorError::Metadata(format!("{pallet}.{entry}: expected {expected} keys, got {got}")));
    }
    let mut bytes = [xx(found.prefix.as_bytes(), 2), xx(entry.as_bytes(), 2)].concat();
    for (hasher, part) in stored.hashers.iter().zip(parts) {
        bytes.extend(hashed(hasher, part));
    }
    Ok(StorageKey { bytes, value: stored.value, default: stored.default.clone() })
}

/// The key of a single value.
///
/// # Errors
/// [`SubtensorError::Metadata`]; so have the others.
pub fn plain_key(runtime: &Runtime, pallet: &str, entry: &str) -> Result<StorageKey, SubtensorError> {
    key(runtime, pallet, entry, &[])
}

/// The key of a subnet's value.
pub fn map_key(runtime: &Runtime, pallet: &str, entry: &str, netuid: u16) -> Result<StorageKey, SubtensorError> {
    key(runtime, pallet, entry, &[netuid.encode()])
}

/// The key of an account's value on a subnet.
pub fn account_key(
    runtime: &Runtime,
    pallet: &str,
    entry: &str,
    netuid: u16,
    account: &PublicKey,
) -> Result<StorageKey, SubtensorError> {
    key(runtime, pallet, entry, &[netuid.encode(), account.0.to_vec()])
}

/// The key of a UID's value on a subnet.
pub(crate) fn pair_key(
    runtime: &Runtime,
    pallet: &str,
    entry: &str,
    netuid: u16,
    uid: u16,
) -> Result<StorageKey, SubtensorError> {
    key(runtime, pallet, entry, &[netuid.encode(), uid.encode()])
}

impl StorageKey {
    /// Reads what the node says is stored.
    ///
    /// # Errors
    /// [`SubtensorError::Value`].
    pub fn read(&self, runtime: &Runtime, stored: Option<&[u8]>) -> Result<Value, SubtensorError> {
        let bytes = stored.unwrap_or(&self.default);
        decode(&runtime.types, self.value, bytes).map_err(|source| SubtensorError::Value { what: "the state", source })
    }
}
