//! A subnet's epochs, and the round of drand at which committed weights open.
//!
//! Since 2026 runtimes keep the epochs in their state: the next one begins `tempo` blocks after the last, or where the
//! subnet's owner wants it. Before, they followed from the number of the block:
//!
//! ```text
//! epoch = (block + netuid + 1) / (tempo + 1)
//! ```

use crate::timelock::{DRAND_GENESIS, DRAND_PERIOD};

/// Blocks after the first of the epoch that opens the weights: the chain must have read the round by then.
const SECURITY_BLOCKS: u64 = 3;

/// Where a subnet is in its epochs, at one block.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Schedule {
    /// Kept in the state.
    Kept {
        /// Blocks of an epoch.
        tempo: u64,
        /// The block of the last epoch's step.
        last: u64,
        /// A block at which the owner wants the next one, or 0.
        pending: u64,
        /// Number of the epoch.
        index: u64,
    },
    /// Computed from the number of the block.
    Computed {
        /// Blocks of an epoch, less one.
        tempo: u64,
        /// The subnet.
        netuid: u16,
    },
}

impl Schedule {
    /// Number of the epoch of a block that comes next.
    pub fn epoch(&self, block: u64) -> u64 {
        match *self {
            Self::Kept { index, .. } => index + u64::from(self.next(block) <= block),
            Self::Computed { tempo, netuid } => (block + u64::from(netuid) + 1) / (tempo + 1),
        }
    }

    /// The first block of the next epoch.
    pub fn next(&self, block: u64) -> u64 {
        match *self {
            Self::Kept { tempo, last, pending, .. } => {
                let own = last.saturating_add(tempo.max(1));
                if pending > 0 { own.min(pending) } else { own }
            }
            Self::Computed { tempo, netuid } => {
                ((self.epoch(block) + 1) * (tempo + 1)).saturating_sub(u64::from(netuid) + 1)
            }
        }
    }

    /// The first block of the epoch that opens what is committed in the block after `block`, `period` epochs later.
    pub fn opens(&self, block: u64, period: u64) -> u64 {
        match *self {
            Self::Kept { tempo, .. } => {
                let next = self.next(block);
                // An epoch that begins with that block, or is due, has the commitment.
                let due = next <= block + 1;
                let (next, periods) = if due { (block + 1, period) } else { (next, period.saturating_sub(1)) };
                next.saturating_add(periods.saturating_mul(tempo.max(1)))
            }
            Self::Computed { tempo, netuid } => {
                (self.epoch(block + 1) + period).saturating_mul(tempo + 1).saturating_sub(u64::from(netuid) + 1)
            }
        }
    }

    /// The round of drand for weights that are committed after `block`, at `now_ms`, with blocks of `block_ms`: the last one
    /// before the third block of the epoch that opens them.
    pub fn round(&self, block: u64, period: u64, now_ms: u64, block_ms: u64) -> u64 {
        let blocks = self.opens(block, period).saturating_add(SECURITY_BLOCKS).saturating_sub(block);
        let at = now_ms.saturating_add(blocks.saturating_mul(block_ms));
        (at.saturating_sub(DRAND_GENESIS * 1000) / (DRAND_PERIOD * 1000)).max(1)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn epochs_follow_from_blocks() {
        let s = Schedule::Computed { tempo: 360, netuid: 2 };
        // (block + 3) / 361: block 358 is the first of epoch 1.
        assert_eq!((s.epoch(357), s.epoch(358), s.next(357), s.next(358)), (0, 1, 358, 719));
        assert_eq!((s.opens(356, 1), s.opens(357, 1), s.opens(357, 2)), (358, 719, 1080));
    }

    #[test]
    fn kept_epochs_begin_where_the_state_says() {
        let s = |pending| Schedule::Kept { tempo: 360, last: 1000, pending, index: 7 };
        assert_eq!((s(0).epoch(1359), s(0).epoch(1360), s(0).next(1200)), (7, 8, 1360));
        assert_eq!((s(1300).epoch(1299), s(1300).epoch(1300), s(1300).next(1200)), (7, 8, 1300));
        assert_eq!((s(0).opens(1200, 1), s(0).opens(1200, 3)), (1360, 2080));
        // It begins with the next block, or is due: what is committed there belongs to it.
        assert_eq!((s(0).opens(1358, 1), s(0).opens(1359, 1), s(0).opens(1360, 1)), (1360, 1720, 1721));
    }

    #[test]
    fn a_round_is_a_moment() {
        let s = Schedule::Computed { tempo: 99, netuid: 0 };
        // Block 0 to 99 + 3 of 12 s each: 1,224 s after the beginning of drand.
        assert_eq!(s.round(0, 1, DRAND_GENESIS * 1000, 12_000), 408);
        assert_eq!(s.round(0, 1, 0, 12_000), 1);
    }
}
