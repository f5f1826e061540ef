use std::collections::BTreeMap;

use alloy_primitives::{Address, U256};

use crate::contract::VouchDeposit::VouchDepositEvents as Event;
use crate::points::{self, PointsError};

/// What the contract's events add up to: balances, and points to the last digit, of every account at any time.
///
/// A token's *active seconds* are those in which it was listed, up to the stop. Between two changes of a balance,
/// `accrued` grows by `weight * (active seconds now - active seconds at the last change)`.
#[derive(Debug, Clone, Default)]
pub struct Ledger {
    stop: u64,
    time: u64,
    paused: bool,
    tokens: BTreeMap<Address, Token>,
    positions: BTreeMap<(Address, Address), Position>,
    accounts: BTreeMap<Address, Account>,
}

#[derive(Debug, Clone, Copy, Default)]
struct Token {
    decimals: u8,
    listed: bool,
    active: u64,
    since: u64,
}

#[derive(Debug, Clone, Copy, Default)]
struct Position {
    balance: U256,
    settled_at: u64,
}

#[derive(Debug, Clone, Copy, Default)]
struct Account {
    accrued: U256,
    claimed: U256,
    claim: Option<PendingClaim>,
}

/// A claim that was announced, and neither carried out nor called off.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PendingClaim {
    /// What it takes, in parts of `10^-18` points.
    pub points: U256,
    /// From when on it can be carried out.
    pub executable_at: u64,
}

/// A token that was ever listed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct TokenState {
    /// Its address.
    pub token: Address,
    /// Its decimals, as they were when it was first listed.
    pub decimals: u8,
    /// Whether it can be deposited and accrues.
    pub listed: bool,
}

/// Events that cannot have come from the contract, in this order.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[expect(missing_docs, reason = "the message of a variant says what its fields are")]
pub enum LedgerError {
    /// Time went backwards.
    #[error("an event of time {found} follows one of time {previous}")]
    Order { found: u64, previous: u64 },
    /// The token was never listed.
    #[error("token {token} was never listed")]
    UnknownToken { token: Address },
    /// Listed twice, or delisted without being listed.
    #[error("token {token} is listed: {listed}, and cannot become so again")]
    Listing { token: Address, listed: bool },
    /// The balance that the event states is not what it comes to: an event is missing.
    #[error("the balance of {account} in {token} comes to {computed}, the event says {stated}")]
    Balance {
        account: Address,
        token: Address,
        /// As computed; the largest number if it would be negative.
        computed: U256,
        stated: U256,
    },
    /// All claims together are not what the event states: an event is missing.
    #[error("all claims from {account} come to {computed}, the event says {stated}")]
    Claimed { account: Address, computed: U256, stated: U256 },
    /// An announcement while one is pending, or the end of a claim that is not, or of another amount.
    #[error("a claim of {stated} from {account} does not fit the pending one of {pending:?}")]
    Claim { account: Address, pending: Option<U256>, stated: U256 },
    /// Points could not be computed.
    #[error(transparent)]
    Points(#[from] PointsError),
}

impl Ledger {
    /// Applies an event of a block with this time.
    ///
    /// # Errors
    ///
    /// The event does not fit those before; the ledger is then as it was.
    pub fn apply(&mut self, event: &Event, time: u64) -> Result<(), LedgerError> {
        if time < self.time {
            return Err(LedgerError::Order { found: time, previous: self.time });
        }
        match event {
            Event::Deposited(e) => {
                self.change(e.account, e.token, time, e.balance, |balance| balance.checked_add(e.credited))?;
            }
            Event::Withdrawn(e) => {
                self.change(e.account, e.token, time, e.balance, |balance| balance.checked_sub(e.debited))?;
            }
            Event::Claimed(e) => {
                let account = self.accounts.entry(e.account).or_default();
                let computed = account.claimed.saturating_add(e.points);
                if computed != e.claimed {
                    return Err(LedgerError::Claimed { account: e.account, computed, stated: e.claimed });
                }
                Self::end_claim(account, e.account, e.points)?;
                account.claimed = computed;
            }
            Event::ClaimAnnounced(e) => {
                let account = self.accounts.entry(e.account).or_default();
                if let Some(claim) = account.claim {
                    return Err(LedgerError::Claim {
                        account: e.account,
                        pending: Some(claim.points),
                        stated: e.points,
                    });
                }
                account.claim = Some(PendingClaim { points: e.points, executable_at: e.executableAt.to() });
            }
            Event::ClaimCancelled(e) => {
                Self::end_claim(self.accounts.entry(e.account).or_default(), e.account, e.points)?;
            }
            Event::Paused(_) => self.paused = true,
            Event::Unpaused(_) => self.paused = false,
            Event::TokenListed(e) => self.list(e.token, e.decimals, time)?,
            Event::TokenDelisted(e) => self.delist(e.token, time)?,
            Event::DepositStopTimeChanged(e) => self.stop = e.current.to(),
            _ => {}
        }
        self.time = time;
        Ok(())
    }

    /// Points of an account at a time, in parts of `10^-18`. The time is not before the last event's.
    ///
    /// # Errors
    ///
    /// The events cannot have come from the contract.
    pub fn points(&self, account: Address, time: u64) -> Result<U256, PointsError> {
        points::points(self.accrued(account, time)?, self.claimed(account))
    }

    /// The numerator of an account's points at a time, see [`points`].
    ///
    /// # Errors
    ///
    /// The events cannot have come from the contract.
    pub fn accrued(&self, account: Address, time: u64) -> Result<U256, PointsError> {
        let settled = self.accounts.get(&account).map_or(U256::ZERO, |account| account.accrued);
        self.positions_of(account).try_fold(settled, |sum, (token, position)| {
            sum.checked_add(self.gained(token, position, time)?).ok_or(PointsError::Overflow)
        })
    }

    /// All that was claimed from an account.
    #[must_use]
    pub fn claimed(&self, account: Address) -> U256 {
        self.accounts.get(&account).map_or(U256::ZERO, |account| account.claimed)
    }

    /// What an account's `accrued` gains a second at a time.
    ///
    /// # Errors
    ///
    /// The events cannot have come from the contract.
    pub fn weight(&self, account: Address, time: u64) -> Result<U256, PointsError> {
        let accrues = |token: &Token| token.listed && time < self.stop;
        let positions = self.positions_of(account).filter(|(token, _)| accrues(token));
        positions
            .map(|(token, position)| points::weight(position.balance, token.decimals))
            .try_fold(U256::ZERO, |sum, weight| sum.checked_add(weight?).ok_or(PointsError::Overflow))
    }

    /// An account's balance of a token, in units.
    #[must_use]
    pub fn balance(&self, account: Address, token: Address) -> U256 {
        self.positions.get(&(account, token)).map_or(U256::ZERO, |position| position.balance)
    }

    /// An account's balances of all tokens that it ever had, by the tokens' addresses.
    pub fn balances(&self, account: Address) -> impl Iterator<Item = (Address, U256)> {
        let range = (account, Address::ZERO)..=(account, Address::repeat_byte(0xff));
        self.positions.range(range).map(|((_, token), position)| (*token, position.balance))
    }

    /// The claim that is pending for an account, if any.
    #[must_use]
    pub fn claim(&self, account: Address) -> Option<PendingClaim> {
        self.accounts.get(&account).and_then(|account| account.claim)
    }

    /// Every token that was ever listed, by address.
    pub fn tokens(&self) -> impl Iterator<Item = TokenState> {
        self.tokens.iter().map(|(token, state)| TokenState {
            token: *token,
            decimals: state.decimals,
            listed: state.listed,
        })
    }

    /// When accrual and deposits end, in seconds since 1970; `2^48 - 1`: never.
    #[must_use]
    pub fn stop(&self) -> u64 {
        self.stop
    }

    /// Whether deposits are paused.
    #[must_use]
    pub fn paused(&self) -> bool {
        self.paused
    }

    fn end_claim(state: &mut Account, account: Address, stated: U256) -> Result<(), LedgerError> {
        let pending = state.claim.map(|claim| claim.points);
        if pending != Some(stated) {
            return Err(LedgerError::Claim { account, pending, stated });
        }
        state.claim = None;
        Ok(())
    }

    fn positions_of(&self, account: Address) -> impl Iterator<Item = (&Token, &Position)> {
        let range = (account, Address::ZERO)..=(account, Address::repeat_byte(0xff));
        self.positions.range(range).filter_map(move |((_, token), position)| Some((self.tokens.get(token)?, position)))
    }

    fn active(&self, token: &Token, time: u64) -> u64 {
        token.active + if token.listed { time.min(self.stop).saturating_sub(token.since) } else { 0 }
    }

    fn gained(&self, token: &Token, position: &Position, time: u64) -> Result<U256, PointsError> {
        let seconds = self.active(token, time).saturating_sub(position.settled_at);
        points::gained(points::weight(position.balance, token.decimals)?, seconds)
    }

    fn change(
        &mut self,
        account: Address,
        token: Address,
        time: u64,
        stated: U256,
        change: impl FnOnce(U256) -> Option<U256>,
    ) -> Result<(), LedgerError> {
        let state = *self.tokens.get(&token).ok_or(LedgerError::UnknownToken { token })?;
        let position = self.positions.get(&(account, token)).copied().unwrap_or_default();
        let computed = change(position.balance).unwrap_or(U256::MAX);
        if computed != stated {
            return Err(LedgerError::Balance { account, token, computed, stated });
        }
        let gained = self.gained(&state, &position, time)?;
        let settled_at = self.active(&state, time);
        let account_state = self.accounts.entry(account).or_default();
        account_state.accrued = account_state.accrued.checked_add(gained).ok_or(PointsError::Overflow)?;
        self.positions.insert((account, token), Position { balance: stated, settled_at });
        Ok(())
    }

    fn list(&mut self, token: Address, decimals: u8, time: u64) -> Result<(), LedgerError> {
        points::scale(decimals)?;
        let since = time.min(self.stop);
        let state = self.tokens.entry(token).or_insert(Token { decimals, ..Token::default() });
        if state.listed {
            return Err(LedgerError::Listing { token, listed: true });
        }
        (state.listed, state.since) = (true, since);
        Ok(())
    }

    fn delist(&mut self, token: Address, time: u64) -> Result<(), LedgerError> {
        let state = *self.tokens.get(&token).ok_or(LedgerError::UnknownToken { token })?;
        if !state.listed {
            return Err(LedgerError::Listing { token, listed: false });
        }
        let active = self.active(&state, time);
        self.tokens.insert(token, Token { listed: false, active, ..state });
        Ok(())
    }
}
