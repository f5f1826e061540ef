//! Scores, as the protocol defines them.
//!
//! ```text
//! time      t = clamp((rt - fast) / (slow - fast), 0, 0.99)
//! curve     N(x) = (tan((x - 1/2)·0.9·π) - tan(-0.45·π)) / (tan(0.45·π) - tan(-0.45·π))
//! reward    R = w_time · (1 - N(t)) + w_size · (1 - clamp(size / size_limit, 0, 1))
//! verified  s' = s + 0.1 · (R - s)          not verified  s' = s - 0.4 · s
//! ```
//!
//! Every quotient and product is rounded down to a multiple of 2^-32. N is the straight line between its values at
//! multiples of 1/1024 (`table.rs`), which differs from N by less than 5·10^-5.

mod book;
mod table;

pub use book::{Answer, ScoreBook};

use serde::{Deserialize, Serialize};

use crate::Share;

/// What a validator weighs. Part of its log, so that whoever recomputes scores knows.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct ScoreParameters {
    /// Weight of the response time; that of the size is the rest to 1.
    pub w_time: Share,
    /// Bytes of an answer that is worth nothing for its size.
    pub size_limit: u64,
}

impl Default for ScoreParameters {
    fn default() -> Self {
        Self { w_time: Share::of(1, 2), size_limit: 16_384 }
    }
}

/// The response times between which answers are compared, in microseconds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Bounds {
    /// A response that takes this long or less is worth the most.
    pub fast: u64,
    /// A response that takes this long or more is worth the least. Above `fast`.
    pub slow: u64,
}

impl Bounds {
    /// The 10th and the 90th percentile (nearest rank) of the latest responses of all miners to one model, the one
    /// that is scored included. So that nobody is punished for noise, `slow` is at least 1 ms and a quarter of `fast`
    /// above `fast`: a single miner, and miners that are equally fast, get the full reward. `None` without responses.
    pub fn of(samples: impl IntoIterator<Item = u64>) -> Option<Self> {
        let mut samples: Vec<u64> = samples.into_iter().collect();
        samples.sort_unstable();
        let rank = |percent: usize| samples.get((percent * samples.len()).div_ceil(100).saturating_sub(1)).copied();
        let (fast, slow) = (rank(10)?, rank(90)?);
        Some(Self { fast, slow: slow.max(fast.saturating_add((fast / 4).max(1000))) })
    }
}

/// The relative response time t.
pub fn time(response_us: u64, bounds: Bounds) -> Share {
    let width = bounds.slow.saturating_sub(bounds.fast);
    Share::of(response_us.saturating_sub(bounds.fast), width.max(1)).min(Share::LATEST)
}

/// The curve N: flat in the middle, steep at both ends.
pub fn curve(x: Share) -> Share {
    const STEP_BITS: u32 = 22;
    let (index, rest) = ((x.bits() >> STEP_BITS) as usize, x.bits() & ((1 << STEP_BITS) - 1));
    let at = |i: usize| table::TABLE.get(i).copied().unwrap_or(Share::ONE.bits());
    let low = at(index);
    Share::from_table(low + (((at(index + 1) - low) * rest) >> STEP_BITS))
}

/// The reward R of a verified answer.
pub fn reward(parameters: &ScoreParameters, t: Share, size: u64) -> Share {
    let fast = parameters.w_time.times(curve(t).complement());
    let small = parameters.w_time.complement().times(Share::of(size, parameters.size_limit).complement());
    fast.plus(small)
}

/// The score after a verified answer.
pub fn improve(score: Share, reward: Share) -> Share {
    Share::from_table((9 * score.bits() + reward.bits()) / 10)
}

/// The score after an answer that was not verified.
pub fn decay(score: Share) -> Share {
    Share::from_table(3 * score.bits() / 5)
}
