//! The hash of a question's inputs that the log keeps.

use std::fmt;

use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use vouch_envelope::{TensorHash, hex_text};

const DOMAIN: &[u8] = b"vouch-inputs-v1\0";

/// SHA-256 of what a proof must show about its inputs: the integers of public tensors and the hashes of hashed ones. It
/// says no more about hashed values than the proof does.
///
/// `SHA-256("vouch-inputs-v1\0" ‖ number of values ‖ values ‖ number of hashes ‖ hashes)`, numbers and values in 8 bytes
/// little-endian.
#[derive(Clone, Copy, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct InputsHash(pub [u8; 32]);

hex_text!(InputsHash);

impl InputsHash {
    /// The hash of these values and hashes.
    pub fn of(values: &[i64], hashes: &[TensorHash]) -> Self {
        let mut hash = Sha256::new().chain_update(DOMAIN).chain_update((values.len() as u64).to_le_bytes());
        for value in values {
            hash.update(value.to_le_bytes());
        }
        hash.update((hashes.len() as u64).to_le_bytes());
        for tensor in hashes {
            hash.update(tensor.0);
        }
        Self(hash.finalize().into())
    }
}

impl fmt::Debug for InputsHash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "InputsHash({self})")
    }
}
