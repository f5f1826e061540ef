//! Scores, as the protocol defines them.
//!
//! ```text
//! quality   Q = min(reference / rt, 1)         reference: of the model, from its verifying key
//! verified  s' = (9·s + Q) / 10                not verified  s' = 3·s / 5
//! work      w' = w + reference                 for each verified answer; at the end of an epoch w' = w / 2
//! weight    w·s / Σ w·s                        over the miners that are on the chain
//! ```
//!
//! Every quotient and product is rounded down; scores are multiples of 2^-32, times and work whole microseconds. Nothing
//! in here depends on what other miners do: the weight alone is a share.

mod book;

pub use book::{Answer, ScoreBook};

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use vouch_envelope::ModelId;

use crate::Share;

/// Nanoseconds for each row and each 32 bytes of proof: about what one core needs (docs/benchmarks.md).
const NS_PER_CELL: u64 = 500;

/// What a validator knows about a model that it asks for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct ModelTerms {
    /// Response time of full quality, microseconds; also the work that a proof counts as.
    pub reference_us: u64,
    /// Whether the key rests on a development setup, whose maker can forge proofs.
    pub development: bool,
}

/// What a validator scores by. Part of its log, so that scores can be recomputed.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct ScoreParameters {
    /// The models that the validator asks for. A model's identity is the hash of its verifying key.
    pub models: BTreeMap<ModelId, ModelTerms>,
}

/// The reference time of a model, from its verifying key's number of rows (2^`k`) and bytes of a proof: the time of the
/// prover's own cost model on one core, so every party computes the same one and no miner moves it. Microseconds.
pub fn reference_us(k: u32, proof_bytes: u64) -> u64 {
    let rows = 1u64.checked_shl(k).unwrap_or(u64::MAX);
    (rows.saturating_mul(proof_bytes / 32).saturating_mul(NS_PER_CELL) / 1000).max(1)
}

/// The quality of a verified answer: 1 up to the reference time, then inversely proportional to the time.
pub fn quality(reference_us: u64, response_us: u64) -> Share {
    Share::of(reference_us, response_us)
}

/// The score after a verified answer.
pub fn improve(score: Share, quality: Share) -> Share {
    Share::from_bits((9 * score.bits() + quality.bits()) / 10)
}

/// The score after an answer that was not verified.
pub fn decay(score: Share) -> Share {
    Share::from_bits(3 * score.bits() / 5)
}
