//! The verifying key: everything a verifier must know about a circuit, in a form that describes itself.

mod codec;
mod constant;
mod limits;
mod prepared;
mod schema;
mod weights;

pub use codec::{KEY_MAGIC, KEY_VERSION};
pub(crate) use prepared::{Prepared, query_at_current_row};
pub use weights::{PrivateWeights, WeightLane};

use vouch_envelope::ModelId;
use vouch_schema::Schema;

use crate::error::KeyError;
use crate::expression::Gates;
use crate::hash::Hash;

/// Where the structured reference string of a key comes from.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum SrsKind {
    /// Made locally: whoever made it can forge proofs. For development only.
    Development,
    /// The result of a public ceremony.
    Ceremony,
}

/// The kinds of columns.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum ColumnKind {
    /// Filled by the prover.
    Advice,
    /// Part of the circuit.
    Fixed,
    /// The public values.
    Instance,
}

/// A column.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ColumnRef {
    /// Its kind.
    pub kind: ColumnKind,
    /// Its index among those of its kind.
    pub index: u32,
}

/// A column at a row relative to the current one.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ColumnQuery {
    /// Index of the column among those of its kind.
    pub column: u32,
    /// The relative row.
    pub rotation: i32,
}

/// The contents of a verifying key, not yet checked. Points and scalars are in halo2's compressed encodings.
#[derive(Debug, Clone, PartialEq)]
pub struct KeyDescription {
    /// Where the reference string comes from.
    pub srs_kind: SrsKind,
    /// Hash of the reference string.
    pub srs_identity: [u8; 32],
    /// Hash of the integer program that the circuit proves.
    pub program_digest: [u8; 32],
    /// halo2's digest of its own verifying key, the first thing in the transcript: a scalar.
    pub transcript_repr: [u8; 32],
    /// Generator of G2.
    pub g2: [u8; 64],
    /// Generator of G2 times the secret of the reference string.
    pub s_g2: [u8; 64],
    /// The circuit has 2^k rows.
    pub k: u32,
    /// Number of values in the instance column.
    pub instance_len: u32,
    /// Degree of the constraint system: the quotient polynomial has one piece less.
    pub degree: u32,
    /// Number of random values at the end of each advice column.
    pub blinding_factors: u32,
    /// For each advice column, the phase (from 0) in which it is committed.
    pub advice_phases: Vec<u8>,
    /// For each challenge, the phase after which it is drawn.
    pub challenge_phases: Vec<u8>,
    /// Evaluations of advice columns, in the proof's order.
    pub advice_queries: Vec<ColumnQuery>,
    /// Evaluations of fixed columns, in the proof's order.
    pub fixed_queries: Vec<ColumnQuery>,
    /// Evaluations of the instance column.
    pub instance_queries: Vec<ColumnQuery>,
    /// The columns of the permutation argument.
    pub permutation_columns: Vec<ColumnRef>,
    /// Commitments of the fixed columns.
    pub fixed_commitments: Vec<[u8; 32]>,
    /// Commitments of the permutation's polynomials, one for each of its columns.
    pub permutation_commitments: Vec<[u8; 32]>,
    /// The gates.
    pub gates: Gates,
    /// The tensors whose values are in the instance column: inputs, then outputs.
    pub schema: Schema,
    /// How the circuit is laid out; free text, JSON by convention.
    pub layout: String,
    /// Commitments to the weights, if they are private; else they are in fixed columns.
    pub weights: Option<PrivateWeights>,
}

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
        self.prepared.proof_len()
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
