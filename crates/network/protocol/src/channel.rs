//! Which keys a confidential channel is between: each side signs what only this one channel has in common.
//!
//! The exporter is TLS 1.3's keying material (RFC 8446, section 7.5) under [`EXPORTER_LABEL`]. The two ends of one TLS session
//! compute the same 32 bytes, and no other session has them. Whoever sits between two sessions cannot pass a signature on.

use crate::{PartyKey, PublicKey, Signature, SignatureError};

/// Label of the exporter, without a context.
pub const EXPORTER_LABEL: &[u8] = b"EXPORTER-vouch-channel-v1";

const CONTEXT: &[u8] = b"vouch-channel-v1";

/// The sides of a channel.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ChannelRole {
    /// Opens the channel.
    Validator,
    /// Is asked.
    Miner,
}

/// What both sides sign.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ChannelBinding {
    /// The session's exporter.
    pub exporter: [u8; 32],
    /// The validator's key.
    pub validator: PublicKey,
    /// The miner's key.
    pub miner: PublicKey,
}

impl ChannelBinding {
    /// `exporter ‖ role ‖ validator ‖ miner`; the role is 0 for the validator and 1 for the miner.
    fn message(&self, role: ChannelRole) -> Vec<u8> {
        let role = match role {
            ChannelRole::Validator => 0,
            ChannelRole::Miner => 1,
        };
        [&self.exporter[..], &[role], &self.validator.0, &self.miner.0].concat()
    }

    /// The signature of one side.
    pub fn sign(&self, role: ChannelRole, key: &PartyKey) -> Signature {
        key.sign(CONTEXT, &self.message(role))
    }

    /// Checks the signature of one side.
    ///
    /// # Errors
    /// [`SignatureError`].
    pub fn verify(&self, role: ChannelRole, signature: &Signature) -> Result<(), SignatureError> {
        let key = match role {
            ChannelRole::Validator => self.validator,
            ChannelRole::Miner => self.miner,
        };
        key.verify(CONTEXT, &self.message(role), signature)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_signature_is_of_one_channel_one_side_and_two_keys() {
        let (validator, miner, other) = (PartyKey::generate(), PartyKey::generate(), PartyKey::generate().public());
        let right = ChannelBinding { exporter: [7; 32], validator: validator.public(), miner: miner.public() };
        for (role, key) in [(ChannelRole::Validator, &validator), (ChannelRole::Miner, &miner)] {
            let signature = right.sign(role, key);
            right.verify(role, &signature).unwrap();
            let mut exporter = right.exporter;
            exporter[31] ^= 1;
            for wrong in [
                ChannelBinding { exporter, ..right },
                ChannelBinding { validator: other, ..right },
                ChannelBinding { miner: other, ..right },
            ] {
                assert_eq!(wrong.verify(role, &signature), Err(SignatureError::Forged), "{wrong:?}");
            }
        }
        // What one side signed is not what the other has to sign, even if both have one key.
        let same = ChannelBinding { miner: validator.public(), ..right };
        let signature = same.sign(ChannelRole::Validator, &validator);
        assert_eq!(same.verify(ChannelRole::Miner, &signature), Err(SignatureError::Forged));
    }
}
