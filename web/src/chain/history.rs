//! What happened to an account, from the contract's events; and its points, computed from nothing but them.

use std::collections::{BTreeMap, BTreeSet};

use alloy_sol_types::SolEvent;
use serde::Deserialize;
use serde_json::{Value, json};
use vouch_deposits::contract::VouchDeposit::{
    DepositStopTimeChanged, TokenDelisted, TokenListed, VouchDepositEvents as Event,
};
use vouch_deposits::{Address, B256, Ledger, RawLog, U256, decode};

use super::rpc::{self, ChainFailure, bytes, hexadecimal, number};
use super::{Account, Contract};

/// One event of an account.
#[derive(Debug, Clone)]
pub(crate) struct Entry {
    /// The block's time.
    pub at: u64,
    /// The block's height.
    pub block: u64,
    /// The transaction.
    pub transaction: B256,
    /// What happened.
    pub event: Event,
    /// Points after it.
    pub points: U256,
}

/// An account's history up to a block.
#[derive(Debug, Clone)]
pub(crate) struct History {
    /// Its events, oldest first.
    pub entries: Vec<Entry>,
    /// Points over time, as times and points, where their slope changes, up to the last event.
    course: Vec<(u64, U256)>,
    ledger: Ledger,
}

/// A history compared with what the contract says at a block.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Compared {
    /// The block.
    pub block: u64,
    /// Points at its time, computed from the events alone.
    pub points: U256,
    /// Whether points, balances, claims and the stop are what the contract says, to the last digit.
    pub agrees: bool,
}

impl History {
    /// Adds the events up to the time of a block, and compares. If they agree, no event is missing that matters.
    pub(crate) fn compare(&self, seen: &Account) -> Result<Compared, ChainFailure> {
        let points = self.ledger.points(seen.address, seen.timestamp).map_err(|error| malformed(&error))?;
        let balances =
            seen.tokens.iter().all(|token| self.ledger.balance(seen.address, token.address) == token.balance);
        let claim = self.ledger.claim(seen.address).map(|claim| (claim.points, claim.executable_at));
        let agrees = balances
            && points == seen.points
            && claim == seen.claim
            && self.ledger.claimed(seen.address) == seen.claimed;
        Ok(Compared { block: seen.block, points, agrees: agrees && self.ledger.stop() == seen.stop })
    }

    /// Points over time up to the block of `seen`: straight lines lie between these times.
    pub(crate) fn course(&self, seen: &Account) -> Vec<(u64, U256)> {
        let mut course = self.course.clone();
        if let Some(last) = course.last().copied() {
            if last.0 < seen.stop && seen.stop < seen.timestamp {
                course.push((seen.stop, seen.points));
            }
            course.push((seen.timestamp, seen.points));
        }
        course
    }
}

fn malformed(error: &dyn std::error::Error) -> ChainFailure {
    ChainFailure::Malformed(error.to_string())
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Log {
    address: Address,
    topics: Vec<B256>,
    data: String,
    block_number: Value,
    log_index: Value,
    transaction_hash: B256,
    #[serde(default)]
    block_timestamp: Value,
}

/// Reads the events up to the block of `seen`, and adds them up.
pub(crate) async fn history(contract: &Contract, seen: &Account) -> Result<History, ChainFailure> {
    // Those of every account change what a balance accrues.
    let common = [TokenListed::SIGNATURE_HASH, TokenDelisted::SIGNATURE_HASH, DepositStopTimeChanged::SIGNATURE_HASH];
    let common: Vec<_> = common.iter().map(|topic| hexadecimal(topic.as_slice())).collect();
    let own = hexadecimal(seen.address.into_word().as_slice());
    let mut logs = BTreeMap::new();
    for topics in [json!([common]), json!([null, own])] {
        for log in fetch(contract, topics, seen.block).await? {
            logs.insert((number(&log.block_number)?, number(&log.log_index)?), log);
        }
    }
    let times = times(contract, &logs).await?;
    let mut ledger = Ledger::default();
    let (mut entries, mut course) = (Vec::new(), Vec::new());
    for ((block, _), log) in logs {
        let at = times.get(&block).copied().unwrap_or_default();
        let raw = RawLog { address: log.address, topics: log.topics, data: bytes(&log.data)? };
        let Some(event) = decode(contract.address, &raw).map_err(|error| malformed(&error))? else { continue };
        let points = |ledger: &Ledger| ledger.points(seen.address, at).map_err(|error| malformed(&error));
        let before = points(&ledger)?;
        ledger.apply(&event, at).map_err(|error| malformed(&error))?;
        let after = points(&ledger)?;
        let own = concerns(&event, seen.address);
        if own || !entries.is_empty() {
            course.push((at, before));
            if after != before {
                course.push((at, after));
            }
        }
        if own {
            entries.push(Entry { at, block, transaction: log.transaction_hash, event, points: after });
        }
    }
    Ok(History { entries, course, ledger })
}

/// Whether an event is about an account, and not only mentions it.
fn concerns(event: &Event, account: Address) -> bool {
    match event {
        Event::Deposited(e) => e.account == account,
        Event::Withdrawn(e) => e.account == account,
        Event::ClaimAnnounced(e) => e.account == account,
        Event::Claimed(e) => e.account == account,
        Event::ClaimCancelled(e) => e.account == account,
        _ => false,
    }
}

async fn fetch(contract: &Contract, topics: Value, last: u64) -> Result<Vec<Log>, ChainFailure> {
    let filter = json!([{
        "address": contract.address.to_checksum(None),
        "topics": topics,
        "fromBlock": format!("{:#x}", contract.first_block),
        "toBlock": format!("{last:#x}"),
    }]);
    let answer = rpc::call(&contract.url, "eth_getLogs", filter).await?;
    serde_json::from_value(answer).map_err(|error| ChainFailure::Malformed(error.to_string()))
}

/// The times of the blocks that logs are in: newer nodes say them, others are asked.
async fn times(contract: &Contract, logs: &BTreeMap<(u64, u64), Log>) -> Result<BTreeMap<u64, u64>, ChainFailure> {
    let mut times = BTreeMap::new();
    for ((block, _), log) in logs {
        if let Ok(time) = number(&log.block_timestamp) {
            times.insert(*block, time);
        }
    }
    let missing: BTreeSet<u64> =
        logs.keys().map(|(block, _)| *block).filter(|block| !times.contains_key(block)).collect();
    for block in missing {
        let answer = rpc::call(&contract.url, "eth_getBlockByNumber", json!([format!("{block:#x}"), false])).await?;
        times.insert(block, number(&answer["timestamp"])?);
    }
    Ok(times)
}
