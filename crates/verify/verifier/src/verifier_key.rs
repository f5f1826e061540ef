//! The verifying key that a verification takes: checked, prepared, with its bytes and its identity.

use vouch_envelope::ModelId;
use vouch_schema::Schema;

use crate::error::KeyError;
use crate::hash::Hash;
use crate::key::{KeyDescription, SrsKind, codec};
use crate::prepared::Prepared;

/// A verifying key that has been checked and prepared.
#[derive(Debug, Clone)]
pub struct VerifierKey {
    description: KeyDescription,
    bytes: Vec<u8>,
    model_id: ModelId,
    prepared: Prepared,
}

impl VerifierKey {
    /// Checks a description and prepares a key.
    pub fn new(description: KeyDescription) -> Result<Self, KeyError> {
        let prepared = Prepared::new(&description)?;
        let bytes = codec::encode(&description);
        // What is written must be readable: the reader's limits hold for keys that are made here, too.
        codec::decode(&bytes)?;
        let model_id = hash(&bytes);
        Ok(Self { description, bytes, model_id, prepared })
    }

    /// Reads a key. A key has exactly one encoding.
    pub fn from_bytes(bytes: &[u8]) -> Result<Self, KeyError> {
        let description = codec::decode(bytes)?;
        let prepared = Prepared::new(&description)?;
        let encoded = codec::encode(&description);
        if encoded != bytes {
            let same = encoded.iter().zip(bytes).take_while(|(a, b)| a == b).count();
            return Err(KeyError::NotCanonical { offset: same });
        }
        Ok(Self { description, bytes: encoded, model_id: hash(bytes), prepared })
    }

    /// The key's bytes.
    pub fn to_bytes(&self) -> &[u8] {
        &self.bytes
    }

    /// The model's identity: BLAKE2b-256 of the key's bytes, with the personalization `Vouch-model-id\0\0`.
    pub fn model_id(&self) -> ModelId {
        self.model_id
    }

    /// Everything in the key.
    pub fn description(&self) -> &KeyDescription {
        &self.description
    }

    /// The tensors that a claim is about.
    pub fn schema(&self) -> &Schema {
        &self.description.schema
    }

    /// Where the reference string comes from.
    pub fn srs_kind(&self) -> SrsKind {
        self.description.srs_kind
    }

    /// Length in bytes of a proof for this key.
    pub fn proof_len(&self) -> usize {
        self.prepared.proof_len
    }

    pub(crate) fn prepared(&self) -> &Prepared {
        &self.prepared
    }
}

fn hash(bytes: &[u8]) -> ModelId {
    let hash = Hash::new::<32>(*b"Vouch-model-id\0\0").update(bytes).finish();
    let mut id = [0; 32];
    for (byte, hashed) in id.iter_mut().zip(hash) {
        *byte = hashed;
    }
    ModelId(id)
}
