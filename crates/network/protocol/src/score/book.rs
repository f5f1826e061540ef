//! The scores of all miners.

use std::collections::BTreeMap;

use vouch_envelope::ModelId;

use super::{Bounds, ScoreParameters, decay, improve, reward, time};
use crate::{PublicKey, Share};

/// What is scored.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Answer {
    /// The proof holds.
    Verified {
        /// From the moment the request was sent until the last byte came, microseconds.
        response_us: u64,
        /// Bytes of the envelope.
        size: u64,
    },
    /// Everything else: late, failed, missing, malformed, refused.
    NotVerified,
}

/// Scores by the miner's key, and the latest verified response of each miner to each model.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ScoreBook {
    scores: BTreeMap<PublicKey, Share>,
    latest: BTreeMap<ModelId, BTreeMap<PublicKey, u64>>,
}

impl ScoreBook {
    /// An empty book: every score is 0.
    pub fn new() -> Self {
        Self::default()
    }

    /// A miner's score.
    pub fn score(&self, miner: &PublicKey) -> Share {
        self.scores.get(miner).copied().unwrap_or_default()
    }

    /// All scores, by key.
    pub fn scores(&self) -> &BTreeMap<PublicKey, Share> {
        &self.scores
    }

    /// Puts back a score that was stored.
    pub fn restore_score(&mut self, miner: PublicKey, score: Share) {
        self.scores.insert(miner, score);
    }

    /// Puts back a response time that was stored.
    pub fn restore_latest(&mut self, model: ModelId, miner: PublicKey, response_us: u64) {
        self.latest.entry(model).or_default().insert(miner, response_us);
    }

    /// Scores an answer: the miner's score before and after.
    pub fn apply(
        &mut self,
        parameters: &ScoreParameters,
        model: ModelId,
        miner: PublicKey,
        answer: Answer,
    ) -> (Share, Share) {
        let before = self.score(&miner);
        let after = match answer {
            Answer::NotVerified => decay(before),
            Answer::Verified { response_us, size } => {
                let latest = self.latest.entry(model).or_default();
                latest.insert(miner, response_us);
                let t = Bounds::of(latest.values().copied()).map_or(Share::ZERO, |bounds| time(response_us, bounds));
                improve(before, reward(parameters, t, size))
            }
        };
        self.scores.insert(miner, after);
        (before, after)
    }
}
