//! From scores to weights.

use std::collections::BTreeMap;

use crate::{PublicKey, Share};

/// Each miner's share of all scores, rounded down. All weights are 0 where all scores are.
pub fn weights(scores: &BTreeMap<PublicKey, Share>) -> BTreeMap<PublicKey, Share> {
    let total: u64 = scores.values().map(|score| score.bits()).sum();
    let share = |score: &Share| if total == 0 { Share::ZERO } else { Share::of(score.bits(), total) };
    scores.iter().map(|(miner, score)| (*miner, share(score))).collect()
}
