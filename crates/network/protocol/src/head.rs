//! The head of a validator's log at the end of an epoch, signed. It goes on the chain with the weights, so a log that is
//! rewritten afterwards no longer fits.

use serde::{Deserialize, Serialize};

use crate::{HeadError, LogHash, PartyKey, PublicKey, Signature};

const CONTEXT: &[u8] = b"vouch-head-v1";

/// Which entry ended an epoch.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct EpochHead {
    /// The chain's name.
    pub chain: String,
    /// The validator's key.
    pub validator: PublicKey,
    /// Number of the epoch that ended.
    pub epoch: u64,
    /// Number of the log's entry with its weights.
    pub seq: u64,
    /// Hash of that entry.
    pub head: LogHash,
}

impl EpochHead {
    /// `length of chain ‖ chain ‖ validator ‖ epoch ‖ seq ‖ head`, integers in 8 bytes little-endian.
    fn message(&self) -> Vec<u8> {
        [
            &(self.chain.len() as u64).to_le_bytes()[..],
            self.chain.as_bytes(),
            &self.validator.0,
            &self.epoch.to_le_bytes(),
            &self.seq.to_le_bytes(),
            &self.head.0,
        ]
        .concat()
    }

    /// Signs the head. The key must be the validator's.
    ///
    /// # Errors
    /// [`HeadError::Key`].
    pub fn sign(self, key: &PartyKey) -> Result<SignedHead, HeadError> {
        if key.public() != self.validator {
            return Err(HeadError::Key { expected: self.validator, got: key.public() });
        }
        let signature = key.sign(CONTEXT, &self.message());
        Ok(SignedHead { head: self, signature })
    }
}

/// A head with its validator's signature.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct SignedHead {
    /// The head.
    #[serde(flatten)]
    pub head: EpochHead,
    /// The signature, context `vouch-head-v1`.
    pub signature: Signature,
}

impl SignedHead {
    /// Checks the signature.
    ///
    /// # Errors
    /// [`HeadError::Forged`].
    pub fn verify(&self) -> Result<(), HeadError> {
        let signed = self.head.validator.verify(CONTEXT, &self.head.message(), &self.signature);
        signed.map_err(|_| HeadError::Forged { validator: self.head.validator, epoch: self.head.epoch })
    }

    /// Whether two heads show that a validator has written two logs: both signed, for one epoch, and different.
    ///
    /// # Errors
    /// [`HeadError::Forged`] if one of them is not the validator's, which shows nothing.
    pub fn contradicts(&self, other: &Self) -> Result<bool, HeadError> {
        self.verify()?;
        other.verify()?;
        let key = |signed: &Self| (signed.head.chain.clone(), signed.head.validator, signed.head.epoch);
        Ok(key(self) == key(other) && self.head != other.head)
    }
}
