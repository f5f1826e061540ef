//! The verifying key: everything a verifier must know about a circuit, in a form that describes itself.

pub(crate) mod codec;
mod constant;
pub(crate) mod evm;
mod gates;
pub(crate) mod limits;
pub(crate) mod schema;
pub(crate) mod weights;

pub use codec::{KEY_MAGIC, KEY_VERSION, has_evm_profile};
pub use evm::EvmProfile;
pub use gates::{GateBuilder, Gates, Node, NodeId};
pub use weights::{CommittedWeights, WeightLane};

use vouch_schema::Schema;

use crate::error::KeyError;

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
    /// Commitments to the weights, where these are not in fixed columns.
    pub weights: Option<CommittedWeights>,
    /// For proofs that a contract on Ethereum checks: a transcript of Keccak, and polynomials committed to in groups.
    pub evm: Option<EvmProfile>,
}

impl KeyDescription {
    /// Whether the weights are private: the key has hiding commitments to them.
    pub fn has_private_weights(&self) -> bool {
        self.weights.as_ref().is_some_and(CommittedWeights::is_private)
    }

    /// The lane of weights whose combination is an advice column, if that column is virtual: its commitment follows from the
    /// key, and is not in the proof.
    pub(crate) fn lane_of_virtual(&self, column: usize) -> Option<usize> {
        self.weights.as_ref().and_then(|weights| weights.lane_of_virtual(column))
    }

    /// Number of advice columns whose commitments are not in the proof.
    pub(crate) fn virtual_columns(&self) -> usize {
        self.weights.as_ref().filter(|weights| !weights.is_private()).map_or(0, |weights| weights.lanes.len())
    }

    /// Position of the query of a column at the current row.
    pub(crate) fn query_at_current_row(&self, kind: ColumnKind, column: u32) -> Option<usize> {
        let queries = match kind {
            ColumnKind::Advice => &self.advice_queries,
            ColumnKind::Fixed => &self.fixed_queries,
            ColumnKind::Instance => &self.instance_queries,
        };
        queries.iter().position(|query| query.column == column && query.rotation == 0)
    }
}

/// A number that follows from those of a key, which are refused if it does not fit its type.
pub(crate) fn fits<T>(what: &'static str, number: Option<T>) -> Result<T, KeyError> {
    number.ok_or(KeyError::Range { what, min: 0, max: u64::from(u32::MAX), got: u64::MAX })
}
