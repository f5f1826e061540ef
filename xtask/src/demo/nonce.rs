//! The nonce of an answer, computed as the protocol defines it, without Vouch's code.

use anyhow::{Context, Result, ensure};
use sha2::{Digest, Sha256};

/// What a nonce is the hash of. Keys, model and parts are 64 hexadecimal digits.
pub(super) struct Source<'a> {
    pub(super) chain: &'a str,
    pub(super) validator: &'a str,
    pub(super) miner: &'a str,
    pub(super) model: &'a str,
    pub(super) user_part: &'a str,
    pub(super) validator_part: &'a str,
}

impl Source<'_> {
    /// The nonce, 64 hexadecimal digits.
    pub(super) fn nonce(&self) -> Result<String> {
        let mut hash = Sha256::new();
        hash.update(b"vouch-nonce-v1\0");
        hash.update((self.chain.len() as u64).to_le_bytes());
        hash.update(self.chain);
        for text in [self.validator, self.miner, self.model, self.user_part, self.validator_part] {
            hash.update(bytes(text)?);
        }
        Ok(hash.finalize().iter().map(|byte| format!("{byte:02x}")).collect())
    }
}

fn bytes(text: &str) -> Result<[u8; 32]> {
    ensure!(text.len() == 64 && text.is_ascii(), "`{text}`: expected 64 hexadecimal digits");
    let mut bytes = [0; 32];
    for (index, byte) in bytes.iter_mut().enumerate() {
        let digits = text.get(2 * index..2 * index + 2).unwrap_or_default();
        *byte = u8::from_str_radix(digits, 16).with_context(|| format!("`{text}`: not hexadecimal"))?;
    }
    Ok(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The same value as in the protocol's own test.
    #[test]
    fn the_nonce_is_the_protocols() {
        let [validator, miner, model, user_part, validator_part] =
            [1u8, 2, 3, 4, 5].map(|byte| format!("{byte:02x}").repeat(32));
        let source = Source {
            chain: "local",
            validator: &validator,
            miner: &miner,
            model: &model,
            user_part: &user_part,
            validator_part: &validator_part,
        };
        assert_eq!(source.nonce().unwrap(), "4221c3282b1097226c2629264dc88718d079c9056d31b9af22b3e5897cfbe121");
        for wrong in ["", "zz", &"g".repeat(64), &"é".repeat(32)] {
            assert!(Source { miner: wrong, ..source }.nonce().is_err(), "{wrong}");
        }
    }
}
