use std::collections::VecDeque;

use alloy_primitives::B256;

/// A block, by number and hash.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct BlockId {
    /// Its height.
    pub number: u64,
    /// Its hash.
    pub hash: B256,
}

/// A block with what the contract emitted in it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Block<E> {
    /// Which it is.
    pub id: BlockId,
    /// The hash of the one before.
    pub parent: B256,
    /// Its time.
    pub timestamp: u64,
    /// What was emitted, in order.
    pub events: Vec<E>,
}

/// One event, where it is and how sure.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Indexed<'a, E> {
    /// In which block.
    pub block: BlockId,
    /// That block's time.
    pub timestamp: u64,
    /// Whether so many blocks are on top of it that it is taken for final.
    pub confirmed: bool,
    /// What happened.
    pub event: &'a E,
}

/// Why a block was not taken, or not given back.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[expect(missing_docs, reason = "the message of a variant says what its fields are")]
pub enum IndexError {
    /// It is not the one after the last.
    #[error("block {found} cannot follow block {last}")]
    Number { last: u64, found: u64 },
    /// Its parent is another block than the last: the chain was reorganised. Go back to a common block.
    #[error("block {number} follows {found}, the last block is {last}")]
    Parent { number: u64, found: B256, last: B256 },
    /// Its time is before its parent's, which no chain has.
    #[error("block {number} has time {found}, its parent {previous}")]
    Time { number: u64, found: u64, previous: u64 },
    /// The chain changed further back than the confirmation depth: what was taken for final was not.
    #[error("block {number} is confirmed ({confirmed} is the last that is) and cannot be taken back")]
    Final { number: u64, confirmed: u64 },
}

/// The events of a chain whose last blocks may be replaced.
///
/// Every block is given, also those without events, so that each is checked against its parent. A block is confirmed
/// once `depth` blocks are on top of it; confirmed blocks without events are forgotten, and none can be taken back.
#[derive(Debug, Clone)]
pub struct EventIndex<E> {
    depth: u64,
    last: Option<(BlockId, u64)>,
    confirmed: Vec<Block<E>>,
    last_confirmed: Option<(BlockId, u64)>,
    recent: VecDeque<Block<E>>,
}

impl<E> EventIndex<E> {
    /// An index without blocks, which takes a block for final when `depth` blocks are on top of it.
    #[must_use]
    pub fn new(depth: u64) -> Self {
        Self { depth, last: None, confirmed: Vec::new(), last_confirmed: None, recent: VecDeque::new() }
    }

    /// An index that goes on after a block that is final: what is up to it is kept elsewhere.
    #[must_use]
    pub fn resume(depth: u64, confirmed: BlockId, timestamp: u64) -> Self {
        let last = Some((confirmed, timestamp));
        Self { depth, last, confirmed: Vec::new(), last_confirmed: last, recent: VecDeque::new() }
    }

    /// Takes out the final blocks with events, in order, for who keeps them elsewhere.
    pub fn take_confirmed(&mut self) -> Vec<Block<E>> {
        std::mem::take(&mut self.confirmed)
    }

    /// The last block.
    #[must_use]
    pub fn last(&self) -> Option<BlockId> {
        self.last.map(|(id, _)| id)
    }

    /// The last block's time.
    #[must_use]
    pub fn last_timestamp(&self) -> Option<u64> {
        self.last.map(|(_, timestamp)| timestamp)
    }

    /// The last block that is final. What is up to it can be stored for good.
    #[must_use]
    pub fn last_confirmed(&self) -> Option<BlockId> {
        self.last_confirmed.map(|(id, _)| id)
    }

    /// The hash of a block that can still be taken back, or of the last confirmed one: to find a common block.
    #[must_use]
    pub fn hash_at(&self, number: u64) -> Option<B256> {
        let recent = self.recent.iter().map(|block| block.id);
        recent.chain(self.last_confirmed()).find(|id| id.number == number).map(|id| id.hash)
    }

    /// Adds the next block; the first can be any. Returns how many blocks became final by it.
    ///
    /// # Errors
    ///
    /// It does not follow the last block; nothing changed.
    pub fn push(&mut self, block: Block<E>) -> Result<usize, IndexError> {
        if let Some((last, time)) = self.last {
            let (number, found) = (block.id.number, block.parent);
            if last.number.checked_add(1) != Some(number) {
                return Err(IndexError::Number { last: last.number, found: number });
            }
            if found != last.hash {
                return Err(IndexError::Parent { number, found, last: last.hash });
            }
            if block.timestamp < time {
                return Err(IndexError::Time { number, found: block.timestamp, previous: time });
            }
        }
        let head = block.id.number;
        self.last = Some((block.id, block.timestamp));
        self.recent.push_back(block);
        let mut confirmed = 0;
        while self.recent.front().is_some_and(|block| head - block.id.number >= self.depth) {
            let Some(block) = self.recent.pop_front() else { break };
            self.last_confirmed = Some((block.id, block.timestamp));
            confirmed += 1;
            if !block.events.is_empty() {
                self.confirmed.push(block);
            }
        }
        Ok(confirmed)
    }

    /// Takes back all blocks after the one with this number, and returns them, the last first.
    ///
    /// # Errors
    ///
    /// One of them is confirmed; nothing changed.
    pub fn rollback(&mut self, number: u64) -> Result<Vec<Block<E>>, IndexError> {
        if let Some(confirmed) = self.last_confirmed()
            && number < confirmed.number
        {
            return Err(IndexError::Final { number: number + 1, confirmed: confirmed.number });
        }
        let mut gone = Vec::new();
        while self.recent.back().is_some_and(|block| block.id.number > number) {
            gone.extend(self.recent.pop_back());
        }
        self.last = self.recent.back().map(|block| (block.id, block.timestamp)).or(self.last_confirmed);
        Ok(gone)
    }

    /// All events, in order.
    pub fn events(&self) -> impl Iterator<Item = Indexed<'_, E>> {
        let all = self.confirmed.iter().map(|b| (b, true)).chain(self.recent.iter().map(|b| (b, false)));
        all.flat_map(|(block, confirmed)| {
            let (id, timestamp) = (block.id, block.timestamp);
            block.events.iter().map(move |event| Indexed { block: id, timestamp, confirmed, event })
        })
    }
}
