use alloy_primitives::{Address, B256, U256};
use vouch_deposits::contract::VouchDeposit::VouchDepositEvents as Event;
use vouch_deposits::{DecodeError, RawLog, decode};

use crate::error::FollowerError;

/// An event as it is kept.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Entry {
    pub(crate) log_index: u64,
    pub(crate) transaction: B256,
    pub(crate) log: RawLog,
    pub(crate) event: Event,
    /// Whose it is, if an account's.
    pub(crate) account: Option<Address>,
    /// That account's points after it.
    pub(crate) points: Option<U256>,
}

impl Entry {
    pub(crate) fn new(log: RawLog, log_index: u64, transaction: B256) -> Result<Self, FollowerError> {
        let foreign = || DecodeError { reason: "it is another contract's".to_owned() };
        let event = decode(log.address, &log)?.ok_or_else(foreign)?;
        let account = match &event {
            Event::Deposited(e) => Some(e.account),
            Event::Withdrawn(e) => Some(e.account),
            Event::ClaimAnnounced(e) => Some(e.account),
            Event::Claimed(e) => Some(e.account),
            Event::ClaimCancelled(e) => Some(e.account),
            _ => None,
        };
        Ok(Self { log_index, transaction, log, event, account, points: None })
    }
}
