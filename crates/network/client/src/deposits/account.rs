//! What an account has, at one block.

use alloy_sol_types::SolCall;
use vouch_deposits::contract::ERC20Permit::symbolCall;
use vouch_deposits::contract::VouchDeposit::accountOverviewCall;
use vouch_deposits::{Address, PointsError, U256, points};

use super::POINT_DECIMALS;
use crate::failure::ChainFailure;

/// The longest symbol of a token that is shown.
const MAX_SYMBOL: usize = 32;

/// A token, from the point of view of an account.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Token {
    /// Its address.
    pub address: Address,
    /// What it calls itself, or the beginning of its address.
    pub symbol: String,
    /// Whether it can be deposited and accrues.
    pub listed: bool,
    /// Its decimals.
    pub decimals: u8,
    /// Whether it answers: if not, `held`, `wallet` and `allowance` mean nothing.
    pub readable: bool,
    /// What the account has in the contract.
    pub balance: U256,
    /// What all accounts have in the contract.
    pub total: U256,
    /// What the contract holds.
    pub held: U256,
    /// What the account holds itself.
    pub wallet: U256,
    /// What the contract may draw from the account.
    pub allowance: U256,
}

/// What an account has, at one block.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Account {
    /// Whose.
    pub address: Address,
    /// The block's height.
    pub block: u64,
    /// The block's time, in seconds since 1970.
    pub timestamp: u64,
    /// When accrual and deposits end.
    pub stop: u64,
    /// Whether deposits are paused.
    pub paused: bool,
    /// Points, as the contract computes them.
    pub points: U256,
    /// All points that were ever claimed.
    pub claimed: U256,
    /// The numerator of points.
    pub accrued: U256,
    /// What it gains a second.
    pub weight: U256,
    /// The claim that is announced: points, and from when on it can be carried out.
    pub claim: Option<(U256, u64)>,
    /// Every token that was ever listed.
    pub tokens: Vec<Token>,
}

impl Account {
    /// Points at a time, computed here from the numerator, as long as nothing else happens.
    ///
    /// # Errors
    /// [`PointsError`] for more than 256 bits.
    pub fn points_at(&self, time: u64) -> Result<U256, PointsError> {
        points::ticked(self.accrued, self.weight, time.min(self.stop).saturating_sub(self.timestamp), self.claimed)
    }

    /// Points that are gained in an hour, in parts.
    pub fn an_hour(&self) -> U256 {
        self.weight / U256::from(10).pow(U256::from(POINT_DECIMALS))
    }

    /// Whether accrual has ended.
    pub fn stopped(&self, time: u64) -> bool {
        time.max(self.timestamp) >= self.stop
    }

    /// Whether it never had anything here.
    pub fn is_empty(&self) -> bool {
        self.accrued.is_zero() && self.claimed.is_zero() && self.tokens.iter().all(|token| token.balance.is_zero())
    }

    /// The call of the contract that [`Account::read`] reads the answer of.
    pub fn call(address: Address) -> Vec<u8> {
        accountOverviewCall { account: address }.abi_encode()
    }

    /// Reads what the contract answers about an account. Tokens are named by their addresses.
    ///
    /// # Errors
    /// [`ChainFailure::NoContract`] for no answer at all, [`ChainFailure::Malformed`] for another one.
    pub fn read(address: Address, answer: &[u8]) -> Result<Self, ChainFailure> {
        if answer.is_empty() {
            return Err(ChainFailure::NoContract);
        }
        let malformed = |error: alloy_sol_types::Error| ChainFailure::Malformed(error.to_string());
        let seen = accountOverviewCall::abi_decode_returns(answer).map_err(malformed)?;
        let tokens = seen.tokens.into_iter().map(|token| Token {
            address: token.token,
            symbol: short(token.token),
            listed: token.listed,
            decimals: token.decimals,
            readable: token.readable,
            balance: token.balance,
            total: token.total,
            held: token.held,
            wallet: token.wallet,
            allowance: token.allowance,
        });
        let due: u64 = seen.claim.executableAt.to();
        Ok(Self {
            address,
            block: u64::try_from(seen.blockNumber)
                .map_err(|_| ChainFailure::Malformed("a block's height has more than 64 bits".into()))?,
            timestamp: seen.timestamp.to(),
            stop: seen.depositStopTime.to(),
            paused: seen.paused,
            points: seen.points,
            claimed: seen.claimed,
            accrued: seen.accrued,
            weight: seen.weight,
            claim: (due > 0).then(|| (U256::from(seen.claim.points), due)),
            tokens: tokens.collect(),
        })
    }
}

/// The symbol in a token's answer, if it can be shown: up to 32 printable characters of ASCII.
pub fn symbol(answer: &[u8]) -> Option<String> {
    let text = match symbolCall::abi_decode_returns(answer) {
        Ok(text) => text,
        // Old tokens answer with 32 bytes, filled up with zeros.
        Err(_) if answer.len() == 32 => String::from_utf8_lossy(answer).trim_end_matches('\0').to_owned(),
        Err(_) => return None,
    };
    let shown = !text.is_empty() && text.chars().count() <= MAX_SYMBOL && text.chars().all(|c| c.is_ascii_graphic());
    shown.then_some(text)
}

/// The beginning and the end of an address.
pub fn short(address: Address) -> String {
    let text = address.to_checksum(None);
    format!("{}…{}", &text[..6], &text[38..])
}
