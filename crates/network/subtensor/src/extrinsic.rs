//! Signed transactions, in the form of version 4.
//!
//! ```text
//! payload     = call ‖ explicit part of each extension ‖ implicit part of each extension
//! signature   = sr25519(context "substrate", payload, or its BLAKE2b-256 if it is longer than 256 bytes)
//! transaction = compact length ‖ 0x84 ‖ 0x00 ‖ key ‖ 0x01 ‖ signature ‖ explicit parts ‖ call
//! ```

use parity_scale_codec::{Compact, Encode};
use vouch_protocol::PartyKey;

use crate::{Call, Runtime, SubtensorError};

const CONTEXT: &[u8] = b"substrate";
/// Signed, version 4.
const VERSION: u8 = 0x84;
/// Longest payload that is signed as it is, bytes.
const MAX_PLAIN: usize = 256;

/// How long a transaction is valid: `period` blocks, a power of two, around a block.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Era {
    period: u64,
    block: u64,
}

impl Era {
    /// From `block` on for `period` blocks, of which there are 4 to 65,536, rounded up to a power of two.
    pub fn new(period: u64, block: u64) -> Self {
        Self { period: period.clamp(4, 1 << 16).next_power_of_two(), block }
    }

    /// The last block in which it is valid.
    pub fn end(&self) -> u64 {
        self.birth() + self.period - 1
    }

    /// The block whose hash is signed.
    pub fn birth(&self) -> u64 {
        let factor = (self.period >> 12).max(1);
        let phase = self.block % self.period / factor * factor;
        self.block - (self.block % self.period) + phase
    }

    /// Its two bytes.
    pub fn encode(&self) -> [u8; 2] {
        let factor = (self.period >> 12).max(1);
        let phase = self.block % self.period / factor;
        let exponent = u64::from(self.period.trailing_zeros()).saturating_sub(1).clamp(1, 15);
        // The phase has at most 12 bits.
        ((exponent | (phase << 4)) as u16).to_le_bytes()
    }
}

/// What a signature depends on besides the call.
#[derive(Debug, Clone)]
pub struct SigningContext {
    /// Hash of the chain's first block.
    pub genesis: [u8; 32],
    /// How long it is valid.
    pub era: Era,
    /// Hash of the block in which it begins to be.
    pub birth_hash: [u8; 32],
    /// Number of the account's transaction.
    pub nonce: u32,
}

/// A signed transaction.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Signed {
    /// Its bytes.
    pub bytes: Vec<u8>,
    /// The last block that may have it.
    pub end: u64,
}

impl SigningContext {
    /// The explicit and the implicit parts.
    fn parts(&self, runtime: &Runtime) -> Result<(Vec<u8>, Vec<u8>), SubtensorError> {
        let (mut explicit, mut implicit) = (Vec::new(), Vec::new());
        for extension in &runtime.extensions {
            match extension.name.as_str() {
                "CheckMortality" => {
                    explicit.extend(self.era.encode());
                    implicit.extend(self.birth_hash);
                }
                "CheckNonce" => Compact(self.nonce).encode_to(&mut explicit),
                // No tip: the chain's weights are free.
                "ChargeTransactionPayment" => Compact(0u64).encode_to(&mut explicit),
                "CheckSpecVersion" => runtime.spec_version.encode_to(&mut implicit),
                "CheckTxVersion" => runtime.transaction_version.encode_to(&mut implicit),
                "CheckGenesis" => implicit.extend(self.genesis),
                // Off, and no hash.
                "CheckMetadataHash" => {
                    explicit.push(0);
                    implicit.push(0);
                }
                name => {
                    let empty = |ty| runtime.is_empty(ty).unwrap_or(false);
                    if !empty(extension.explicit) || !empty(extension.implicit) {
                        return Err(SubtensorError::Extension { extension: name.to_owned() });
                    }
                }
            }
        }
        Ok((explicit, implicit))
    }

    /// What is signed for a call.
    ///
    /// # Errors
    /// [`SubtensorError::Changed`], [`SubtensorError::Extension`], [`SubtensorError::Metadata`].
    pub fn payload(&self, runtime: &Runtime, call: &Call) -> Result<Vec<u8>, SubtensorError> {
        let (explicit, implicit) = self.parts(runtime)?;
        let payload = [call.encode(runtime)?, explicit, implicit].concat();
        if payload.len() > MAX_PLAIN {
            return Ok(blake2b_simd::Params::new().hash_length(32).hash(&payload).as_bytes().to_vec());
        }
        Ok(payload)
    }

    /// Signs a call.
    ///
    /// # Errors
    /// As [`SigningContext::payload`].
    pub fn sign(&self, runtime: &Runtime, call: &Call, key: &PartyKey) -> Result<Signed, SubtensorError> {
        let payload = self.payload(runtime, call)?;
        let signature = key.sign(CONTEXT, &payload);
        let (explicit, _) = self.parts(runtime)?;
        let body = [&[VERSION, 0][..], &key.public().0, &[1], &signature.0, &explicit, &call.encode(runtime)?].concat();
        let mut bytes = Compact(body.len() as u32).encode();
        bytes.extend(body);
        Ok(Signed { bytes, end: self.era.end() })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn eras_have_their_bytes() {
        // From Substrate's own tests: period 64, current 42 is 0x2a5 << 0 in its form; and one with quantization.
        assert_eq!(Era::new(64, 42).encode(), [5 + ((42 % 16) << 4), 42 / 16]);
        assert_eq!((Era::new(64, 1000).birth(), Era::new(64, 1000).end()), (1000, 1063));
        let long = Era::new(32768, 20_003);
        assert_eq!((long.birth(), long.encode()), (20_000, (14u16 | (2500 << 4)).to_le_bytes()));
        assert_eq!(Era::new(1, 7).period, 4);
    }
}
