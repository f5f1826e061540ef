//! The nonce of a proof: a hash of everything that the proof was asked for with.
//!
//! A miner computes it from the signed request; the validator, users and auditors compute it again. So a proof is worth
//! something to one miner only, for one request of one validator on one chain.

use std::fmt;

use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use vouch_envelope::{hex, hex_text};
use vouch_schema::{ModelId, Nonce};

use crate::{Network, PredictionStatus};

const DOMAIN: &[u8] = b"vouch-nonce-v1\0";

/// What one party contributes to a nonce: 32 random bytes. 64 hexadecimal digits in text.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct NoncePart(pub [u8; 32]);

hex_text!(NoncePart);

impl fmt::Debug for NoncePart {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "NoncePart({self})")
    }
}

/// Everything that a nonce binds a proof to.
///
/// ```text
/// nonce = SHA-256("vouch-nonce-v1\0" ‖ length of chain ‖ chain ‖ validator ‖ miner ‖ model ‖ user part ‖ validator part)
/// ```
///
/// The length is in 8 bytes little-endian; the rest has 32 bytes each.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct NonceSource<'a> {
    /// Name of the chain on which both parties are registered.
    pub chain: &'a str,
    /// The validator's public key.
    pub validator: [u8; 32],
    /// The miner's public key.
    pub miner: [u8; 32],
    /// The model.
    pub model_id: ModelId,
    /// The user's part. The validator draws it where no user asks or the user gave none.
    pub user_part: NoncePart,
    /// The validator's part, different for each attempt.
    pub validator_part: NoncePart,
}

impl NonceSource<'_> {
    /// The nonce that the proof must contain.
    pub fn nonce(&self) -> Nonce {
        let hash = Sha256::new()
            .chain_update(DOMAIN)
            .chain_update((self.chain.len() as u64).to_le_bytes())
            .chain_update(self.chain)
            .chain_update(self.validator)
            .chain_update(self.miner)
            .chain_update(self.model_id.0)
            .chain_update(self.user_part.0)
            .chain_update(self.validator_part.0);
        Nonce(hash.finalize().into())
    }
}

/// The nonce that the proof of an answer must contain: a user's own part and model, with what the validator says about
/// itself and about the answer. `None` while there is no answer, or if the validator's account has no valid keys.
///
/// Whatever the validator says, the nonce depends on the user's part, so the proof cannot be older than that.
pub fn answer_nonce(
    network: &Network,
    status: &PredictionStatus,
    model_id: ModelId,
    user_part: NoncePart,
) -> Option<Nonce> {
    let key = |text: &str| hex::decode_array(text).ok();
    let source = NonceSource {
        chain: &network.chain,
        validator: key(&network.validator)?,
        miner: key(status.miner.as_deref()?)?,
        model_id,
        user_part,
        validator_part: status.validator_part?,
    };
    Some(source.nonce())
}

#[cfg(test)]
mod tests {
    use super::*;

    const SOURCE: NonceSource<'_> = NonceSource {
        chain: "local",
        validator: [1; 32],
        miner: [2; 32],
        model_id: ModelId([3; 32]),
        user_part: NoncePart([4; 32]),
        validator_part: NoncePart([5; 32]),
    };

    /// Computed with Python's `hashlib` from the formula above.
    #[test]
    fn the_nonce_is_the_hash_of_the_formula() {
        let expected = "4221c3282b1097226c2629264dc88718d079c9056d31b9af22b3e5897cfbe121";
        assert_eq!(SOURCE.nonce().to_string(), expected);
    }

    #[test]
    fn every_field_changes_the_nonce() {
        let others = [
            NonceSource { chain: "locam", ..SOURCE },
            NonceSource { chain: "local\u{1}", ..SOURCE },
            NonceSource { validator: [9; 32], ..SOURCE },
            NonceSource { miner: [9; 32], ..SOURCE },
            NonceSource { model_id: ModelId([9; 32]), ..SOURCE },
            NonceSource { user_part: NoncePart([9; 32]), ..SOURCE },
            NonceSource { validator_part: NoncePart([9; 32]), ..SOURCE },
            // The same bytes in exchanged places.
            NonceSource { validator: SOURCE.miner, miner: SOURCE.validator, ..SOURCE },
            NonceSource { user_part: SOURCE.validator_part, validator_part: SOURCE.user_part, ..SOURCE },
        ];
        for other in others {
            assert_ne!(other.nonce(), SOURCE.nonce(), "{other:?}");
        }
    }
}
