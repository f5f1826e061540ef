use std::collections::BTreeMap;

use alloy_primitives::{Address, B256};
use vouch_deposits::{Block, BlockId, RawLog};

use crate::book::Book;
use crate::entry::Entry;
use crate::error::{FollowerError, RpcError};
use crate::rpc::{Header, Log};
use crate::shared::Shared;

/// Blocks that become final while they are waited for are read one by one up to this many; more are read in ranges.
const ONE_BY_ONE: u64 = 32;

/// The way along the chain: what a look needs from the one before.
pub(crate) struct Walk {
    /// How many blocks are asked for at once. Halved when the node refuses, doubled when it answers.
    range: u64,
    /// Whether the node was found to be of the right chain since the last failure.
    identified: bool,
}

impl Walk {
    pub(crate) fn new(range: u64) -> Self {
        Self { range: range.max(1), identified: false }
    }

    /// After a failure, the node may be another one.
    pub(crate) fn suspect(&mut self) {
        self.identified = false;
    }

    /// Reads all that is new.
    pub(crate) async fn look(&mut self, shared: &Shared) -> Result<(), FollowerError> {
        if !self.identified {
            identify(shared).await?;
            self.identified = true;
        }
        let head = shared.rpc.head().await?;
        shared.status().head = Some(head.id.number);
        self.read_final(shared, head).await?;
        read_recent(shared, head).await?;
        name_tokens(shared).await
    }

    /// Reads in ranges what is final, if it is much.
    async fn read_final(&mut self, shared: &Shared, head: Header) -> Result<(), FollowerError> {
        let Some(target) = head.id.number.checked_sub(shared.settings.confirmations) else { return Ok(()) };
        let place = shared.with_book(|book| Ok((book.index().last(), book.index().last_confirmed()))).await?;
        let (last, mut confirmed) = place;
        let first = shared.settings.first_block;
        let much = last.map_or(target >= first, |last| target > last.number.saturating_add(ONE_BY_ONE));
        if !much {
            return Ok(());
        }
        if last != confirmed {
            shared.with_book(Book::forget_recent).await?;
        }
        if let Some(id) = confirmed {
            hold_to(shared, id).await?;
        }
        while let Some(from) = Some(confirmed.map_or(first, |id| id.number + 1)).filter(|from| *from <= target) {
            let last = self.read_range(shared, from, target).await?;
            confirmed = Some(last);
            let mut status = shared.status();
            (status.last, status.confirmed) = (confirmed, confirmed);
        }
        Ok(())
    }

    /// Reads a range of final blocks, and returns its last.
    async fn read_range(&mut self, shared: &Shared, from: u64, target: u64) -> Result<BlockId, FollowerError> {
        let (logs, to) = loop {
            let to = target.min(from.saturating_add(self.range - 1));
            match shared.rpc.logs(shared.settings.contract, from, to).await {
                Ok(logs) => break (logs, to),
                // Nodes limit ranges and answers, each in its own words.
                Err(error @ (RpcError::Refused { .. } | RpcError::TooLong { .. })) if self.range > 1 => {
                    self.range = (self.range / 2).max(1);
                    tracing::debug!(%error, range = self.range, "fewer blocks at once");
                }
                Err(error) => return Err(error.into()),
            }
        };
        self.range = self.range.saturating_mul(2).min(shared.settings.range.max(1));
        let mut blocks: BTreeMap<u64, Vec<Log>> = BTreeMap::new();
        for log in logs {
            blocks.entry(log.block_number.to()).or_default().push(log);
        }
        let last = block(shared, to).await?;
        let mut read = Vec::with_capacity(blocks.len());
        for (number, logs) in blocks {
            read.push(with_time(shared, number, logs, last).await?);
        }
        shared.with_book(move |book| book.advance(read, last.id, last.timestamp)).await?;
        Ok(last.id)
    }
}

/// A final block with its events. Its parent is of no interest: what is final is not checked against it.
async fn with_time(shared: &Shared, number: u64, logs: Vec<Log>, last: Header) -> Result<Block<Entry>, FollowerError> {
    let contradiction = FollowerError::Contradiction { number };
    let Some(hash) = logs.first().map(|log| log.block_hash) else { return Err(contradiction) };
    let stated = logs.first().and_then(|log| log.block_timestamp).map(|time| time.to::<u64>());
    let timestamp = match stated {
        _ if number == last.id.number => last.timestamp,
        Some(time) if time >> 48 == 0 => time,
        _ => {
            let header = block(shared, number).await?;
            if header.id.hash != hash {
                return Err(contradiction);
            }
            header.timestamp
        }
    };
    let other = number == last.id.number && hash != last.id.hash;
    if other || logs.iter().any(|log| log.block_hash != hash) {
        return Err(contradiction);
    }
    Ok(Block { id: BlockId { number, hash }, parent: B256::ZERO, timestamp, events: entries(logs)? })
}

/// Reads the blocks up to the head one by one, after taking back those that are no longer part of the chain.
async fn read_recent(shared: &Shared, head: Header) -> Result<(), FollowerError> {
    loop {
        let number = head.id.number;
        let look = move |book: &mut Book| {
            let index = book.index();
            Ok((index.last(), index.last_confirmed(), index.hash_at(number)))
        };
        let (last, confirmed, known) = shared.with_book(look).await?;
        let next = last.map_or(shared.settings.first_block, |last| last.number + 1);
        if known == Some(head.id.hash) {
            // The head was read, by this look or, if the node has fallen behind, before.
            return Ok(());
        }
        if next > number {
            match (last, confirmed) {
                (None, _) => return Ok(()),
                (_, Some(confirmed)) if number < confirmed.number => {
                    return Err(FollowerError::Behind { head: number, confirmed: confirmed.number });
                }
                _ => go_back(shared, number).await?,
            }
            continue;
        }
        let header = if next == number { head } else { block(shared, next).await? };
        if last.is_some_and(|last| last.hash != header.parent) {
            go_back(shared, next - 1).await?;
            continue;
        }
        let logs = shared.rpc.logs_of(shared.settings.contract, header.id).await?;
        let Header { id, parent, timestamp } = header;
        let read = Block { id, parent, timestamp, events: entries(logs)? };
        shared.with_book(move |book| book.push(read)).await?;
        let mut status = shared.status();
        status.last = Some(id);
    }
}

/// Takes back the blocks that are not part of the chain any more: all above the highest that both have. By what the
/// node said before, that is below `top`.
async fn go_back(shared: &Shared, top: u64) -> Result<(), FollowerError> {
    for number in (0..=top).rev() {
        let known = shared.with_book(move |book| Ok((book.index().hash_at(number), book.index().last_confirmed())));
        let (Some(hash), confirmed) = known.await? else { break };
        let found = block(shared, number).await?.id.hash;
        if found == hash {
            if number == top {
                // The node has changed its mind in between, and would again: the next look will tell.
                return Err(FollowerError::Contradiction { number });
            }
            tracing::info!(number, "the chain was reorganised after this block");
            return shared.with_book(move |book| book.rollback(number)).await;
        }
        if confirmed.is_some_and(|confirmed| confirmed.number == number) {
            return Err(FollowerError::Reorganised { number, found });
        }
    }
    // Nothing is final, and nothing is in common.
    shared.with_book(Book::forget_recent).await
}

/// A final block must still be part of the chain.
async fn hold_to(shared: &Shared, id: BlockId) -> Result<(), FollowerError> {
    let found = block(shared, id.number).await?.id.hash;
    if found == id.hash { Ok(()) } else { Err(FollowerError::Reorganised { number: id.number, found }) }
}

/// The block of a height that the chain has.
async fn block(shared: &Shared, number: u64) -> Result<Header, FollowerError> {
    let header = shared.rpc.block(number).await?;
    header.filter(|header| header.id.number == number).ok_or(FollowerError::Contradiction { number })
}

fn entries(logs: Vec<Log>) -> Result<Vec<Entry>, FollowerError> {
    let entry = |log: Log| {
        let raw = RawLog { address: log.address, topics: log.topics, data: log.data.to_vec() };
        Entry::new(raw, log.log_index.to(), log.transaction_hash)
    };
    logs.into_iter().map(entry).collect()
}

/// Makes sure that the node is of the chain that was asked for, and of the same one as before.
async fn identify(shared: &Shared) -> Result<(), FollowerError> {
    let settings = &shared.settings;
    let found = shared.rpc.chain_id().await?;
    if found != settings.chain_id {
        return Err(FollowerError::WrongChain { found, expected: settings.chain_id });
    }
    let genesis = block(shared, 0).await?.id.hash;
    shared.with_book(move |book| book.hold_to_genesis(genesis)).await?;
    if !shared.rpc.has_code(settings.contract).await? {
        let contract = settings.contract.to_checksum(None);
        return Err(FollowerError::NoContract { contract, chain_id: found });
    }
    Ok(())
}

/// Asks new tokens what they call themselves.
async fn name_tokens(shared: &Shared) -> Result<(), FollowerError> {
    let unnamed: Vec<Address> = shared.with_book(|book| Ok(book.unnamed())).await?;
    for token in unnamed {
        let symbol = shared.rpc.symbol(token).await?;
        shared.with_book(move |book| book.name(token, symbol)).await?;
    }
    Ok(())
}
