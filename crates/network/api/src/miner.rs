//! Miners and their scores.

use serde::{Deserialize, Serialize};

use crate::ProofSummary;

/// A miner in the list.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct MinerSummary {
    /// Its public key.
    pub id: String,
    /// Its score, from 0 to 1.
    pub score: f64,
    /// Its share of the weights that were published last.
    pub weight: f64,
    /// Answers that were verified.
    pub verified: u64,
    /// Answers that were refused: the proof does not hold, or is no proof.
    pub refused: u64,
    /// Answers that were late or missing.
    pub missing: u64,
    /// Response time, milliseconds, median of the recent ones.
    pub response_ms: Option<f64>,
    /// Time to verify, milliseconds, median of the recent ones.
    #[serde(default)]
    pub verify_ms: Option<f64>,
    /// Bytes of its last proof.
    pub proof_bytes: Option<u64>,
    /// When it last answered.
    pub seen_ms: Option<u64>,
}

/// A moment and a value: a pair in JSON.
pub type Moment = (f64, f64);

/// One miner's history.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct MinerHistory {
    /// Scores: moment, score; oldest first.
    #[cfg_attr(feature = "openapi", schema(value_type = Vec<Vec<f64>>))]
    pub scores: Vec<Moment>,
    /// Recent response times, milliseconds, oldest first.
    pub responses_ms: Vec<f64>,
    /// Recent proof sizes, bytes, oldest first.
    pub proof_bytes: Vec<f64>,
    /// Recent proofs, newest first.
    pub proofs: Vec<ProofSummary>,
}
