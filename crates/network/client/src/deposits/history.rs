//! What happened to an account, from the contract's events; and its points, computed from nothing but them.

use std::collections::BTreeMap;

use vouch_deposits::contract::VouchDeposit::VouchDepositEvents as Event;
use vouch_deposits::{Address, B256, Ledger, RawLog, U256, decode};

use super::Account;
use crate::failure::ChainFailure;

/// A log of the chain.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Logged {
    /// The transaction that it is from.
    pub transaction: B256,
    /// The log itself.
    pub log: RawLog,
}

/// One event of an account.
#[derive(Debug, Clone)]
pub struct Entry {
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
pub struct History {
    /// Its events, oldest first.
    pub entries: Vec<Entry>,
    /// Points over time, as times and points, where their slope changes, up to the last event.
    course: Vec<(u64, U256)>,
    ledger: Ledger,
}

/// A history compared with what the contract says at a block.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Compared {
    /// The block.
    pub block: u64,
    /// Points at its time, computed from the events alone.
    pub points: U256,
    /// Whether points, balances, claims and the stop are what the contract says, to the last digit.
    pub agrees: bool,
}

impl History {
    /// Adds up the contract's events. `logs` are those that concern any account's accrual and the account of `seen`, by
    /// block and position in the block; `times` are the blocks' times in seconds since 1970.
    ///
    /// # Errors
    /// [`ChainFailure::Malformed`] for logs that are not the contract's events, that contradict each other, or whose block
    /// has no time.
    pub fn new(
        contract: Address,
        seen: &Account,
        logs: BTreeMap<(u64, u64), Logged>,
        times: &BTreeMap<u64, u64>,
    ) -> Result<Self, ChainFailure> {
        let mut ledger = Ledger::default();
        let (mut entries, mut course) = (Vec::new(), Vec::new());
        for ((block, _), Logged { transaction, log }) in logs {
            let no_time = || ChainFailure::Malformed(format!("block {block} has no time"));
            let at = times.get(&block).copied().ok_or_else(no_time)?;
            let Some(event) = decode(contract, &log).map_err(|error| malformed(&error))? else { continue };
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
                entries.push(Entry { at, block, transaction, event, points: after });
            }
        }
        Ok(Self { entries, course, ledger })
    }

    /// Adds the events up to the time of a block, and compares. If they agree, no event is missing that matters.
    ///
    /// # Errors
    /// [`ChainFailure::Malformed`] if the events cannot be added up.
    pub fn compare(&self, seen: &Account) -> Result<Compared, ChainFailure> {
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
    pub fn course(&self, seen: &Account) -> Vec<(u64, U256)> {
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

/// A withdrawal, in words.
pub fn withdrew(debited: &str, paid: &str, to: Option<&str>) -> String {
    let mut text = format!("Withdrew {debited}");
    if paid != debited {
        text.push_str(&format!(", of which {paid} was paid"));
    }
    if let Some(to) = to {
        text.push_str(&format!(", to {to}"));
    }
    text
}
