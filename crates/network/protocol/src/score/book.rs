//! Scores and work of all miners.

use std::collections::BTreeMap;

use super::{decay, improve, quality};
use crate::{PublicKey, Share};

/// What is scored.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Answer {
    /// The proof holds.
    Verified {
        /// The model's reference time, microseconds.
        reference_us: u64,
        /// The response time, microseconds.
        response_us: u64,
    },
    /// Everything else: late, failed, missing, malformed, refused.
    NotVerified,
}

/// Scores and delivered work by the miner's key.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ScoreBook {
    scores: BTreeMap<PublicKey, Share>,
    work: BTreeMap<PublicKey, u64>,
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

    /// A miner's verified work of late, microseconds of reference time.
    pub fn work(&self, miner: &PublicKey) -> u64 {
        self.work.get(miner).copied().unwrap_or_default()
    }

    /// The work of all miners that have any.
    pub fn works(&self) -> &BTreeMap<PublicKey, u64> {
        &self.work
    }

    /// Puts back a score that was stored.
    pub fn restore_score(&mut self, miner: PublicKey, score: Share) {
        self.scores.insert(miner, score);
    }

    /// Puts back work that was stored.
    pub fn restore_work(&mut self, miner: PublicKey, work: u64) {
        self.work.insert(miner, work);
    }

    /// Scores an answer: the miner's score before and after.
    pub fn apply(&mut self, miner: PublicKey, answer: Answer) -> (Share, Share) {
        let before = self.score(&miner);
        let after = match answer {
            Answer::NotVerified => decay(before),
            Answer::Verified { reference_us, response_us } => {
                let work = self.work.entry(miner).or_default();
                *work = work.saturating_add(reference_us);
                improve(before, quality(reference_us, response_us))
            }
        };
        self.scores.insert(miner, after);
        (before, after)
    }

    /// The weights of these miners: each one's share of delivered work times score, rounded down. All weights are 0 where
    /// all work or all scores are.
    pub fn weights(&self, miners: impl IntoIterator<Item = PublicKey>) -> BTreeMap<PublicKey, Share> {
        // Below 2^97 each, so a sum of 2^31 of them fits.
        let pay = |miner: &PublicKey| u128::from(self.work(miner)) * u128::from(self.score(miner).bits());
        let pays: BTreeMap<_, _> = miners.into_iter().map(|miner| (miner, pay(&miner))).collect();
        let total: u128 = pays.values().sum();
        // Scaled down to 64 bits, all by the same power of two.
        let excess = (128 - total.leading_zeros()).saturating_sub(64);
        let scaled = |pay: u128| u64::try_from(pay >> excess).unwrap_or(u64::MAX);
        let whole = scaled(total);
        let share = |pay| if whole == 0 { Share::ZERO } else { Share::of(scaled(pay), whole) };
        pays.into_iter().map(|(miner, pay)| (miner, share(pay))).collect()
    }

    /// Ends an epoch: half of the work is forgotten, so what is paid is recent.
    pub fn end_epoch(&mut self) {
        self.work.retain(|_, work| {
            *work /= 2;
            *work > 0
        });
    }
}
