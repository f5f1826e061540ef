use alloy_primitives::{Address, B256, U256};
use vouch_api::{
    AccountDeposits, AnnouncedClaim, ChainBlock, DepositContract, DepositEntry, DepositEvent, DepositToken,
    TokenBalance,
};
use vouch_deposits::BlockId;
use vouch_deposits::contract::VouchDeposit::VouchDepositEvents as Event;

use crate::book::{Book, Page};
use crate::entry::Entry;
use crate::error::FollowerError;

/// What the contract takes for a time that never comes.
const NEVER: u64 = (1 << 48) - 1;

impl Book {
    /// The contract and its tokens, as of the last block.
    pub(crate) fn contract(&self) -> DepositContract {
        let ledger = self.ledger();
        let token = |state: vouch_deposits::TokenState| DepositToken {
            address: spelled(state.token),
            symbol: self.symbol(state.token).map(str::to_owned),
            decimals: state.decimals,
            listed: state.listed,
        };
        DepositContract {
            chain_id: self.subject().chain_id,
            contract: spelled(self.subject().contract),
            tokens: ledger.tokens().map(token).collect(),
            paused: ledger.paused(),
            ends_ms: (ledger.stop() < NEVER).then(|| milliseconds(ledger.stop())),
            confirmations: self.depth(),
        }
    }

    /// What an account has and had, as of the last block.
    pub(crate) fn account(
        &self,
        account: Address,
        page: Page,
        current: bool,
    ) -> Result<AccountDeposits, FollowerError> {
        let (Some(block), Some(time)) = (self.index().last(), self.index().last_timestamp()) else {
            return Err(FollowerError::NotYet);
        };
        let ledger = self.ledger();
        let confirmed = self.index().last_confirmed().map(|id| id.number);
        let weight = ledger.weight(account, time)?;
        let (history, history_total) = self.history(account, page)?;
        let entry = |(id, time, entry): (BlockId, u64, Entry)| {
            let sure = confirmed.is_some_and(|number| id.number <= number);
            event(&entry).map(|event| DepositEntry {
                block: chain_block(id, time),
                log_index: entry.log_index,
                transaction: hexadecimal(entry.transaction),
                confirmed: sure,
                points: entry.points.unwrap_or_default().to_string(),
                event,
            })
        };
        let claim = |claim: vouch_deposits::PendingClaim| AnnouncedClaim {
            points: claim.points.to_string(),
            executable_ms: milliseconds(claim.executable_at),
        };
        let balance =
            |(token, units): (Address, U256)| TokenBalance { token: spelled(token), units: units.to_string() };
        Ok(AccountDeposits {
            account: spelled(account),
            contract: self.contract(),
            block: chain_block(block, time),
            current,
            confirmed,
            points: ledger.points(account, time)?.to_string(),
            claimed: ledger.claimed(account).to_string(),
            accrued: ledger.accrued(account, time)?.to_string(),
            weight: weight.to_string(),
            points_per_hour: (weight / U256::from(10).pow(U256::from(18))).to_string(),
            claim: ledger.claim(account).map(claim),
            balances: ledger.balances(account).map(balance).collect(),
            history: history.into_iter().filter_map(entry).collect(),
            history_total,
        })
    }
}

/// An account's event in the words of the interface; none for other events.
fn event(entry: &Entry) -> Option<DepositEvent> {
    Some(match &entry.event {
        Event::Deposited(e) => DepositEvent::Deposited {
            token: spelled(e.token),
            units: e.credited.to_string(),
            balance: e.balance.to_string(),
        },
        Event::Withdrawn(e) => DepositEvent::Withdrawn {
            token: spelled(e.token),
            units: e.debited.to_string(),
            paid: e.paid.to_string(),
            to: spelled(e.to),
            balance: e.balance.to_string(),
        },
        Event::ClaimAnnounced(e) => DepositEvent::ClaimAnnounced {
            claim: e.points.to_string(),
            executable_ms: milliseconds(e.executableAt.to()),
        },
        Event::Claimed(e) => DepositEvent::Claimed { claim: e.points.to_string() },
        Event::ClaimCancelled(e) => DepositEvent::ClaimCancelled { claim: e.points.to_string() },
        _ => return None,
    })
}

fn chain_block(id: BlockId, timestamp: u64) -> ChainBlock {
    ChainBlock { number: id.number, hash: hexadecimal(id.hash), at_ms: milliseconds(timestamp) }
}

fn spelled(address: Address) -> String {
    address.to_checksum(None)
}

fn hexadecimal(hash: B256) -> String {
    format!("{hash:#x}")
}

/// Times of the chain are below 2^48 seconds.
fn milliseconds(seconds: u64) -> u64 {
    seconds.saturating_mul(1000)
}
