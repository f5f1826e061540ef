//! What an account has in the deposit contract, as a validator's index of the contract's events has it.
//!
//! Amounts are decimal integers in strings: they do not fit a JSON number. Units are the smallest parts of a token, of
//! which it has `decimals`; points are in parts of `10^-18`. All of an answer is of one block.

use serde::{Deserialize, Serialize};

/// The deposit contract and its tokens, as far as the chain was read.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct DepositContract {
    /// The chain's number.
    pub chain_id: u64,
    /// The contract's address, with checksum.
    pub contract: String,
    /// Every token that was ever listed.
    pub tokens: Vec<DepositToken>,
    /// Whether deposits are paused. Withdrawals never are.
    pub paused: bool,
    /// When accrual and deposits end; none: never.
    pub ends_ms: Option<u64>,
    /// A block is taken for final when so many are on top of it.
    pub confirmations: u64,
}

/// A token that was ever listed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct DepositToken {
    /// Its address, with checksum.
    pub address: String,
    /// What it calls itself; none if it does not say.
    pub symbol: Option<String>,
    /// Its decimals.
    pub decimals: u8,
    /// Whether it can be deposited and accrues. It can always be withdrawn.
    pub listed: bool,
}

/// A block.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct ChainBlock {
    /// Its height.
    pub number: u64,
    /// Its hash, with `0x`.
    pub hash: String,
    /// Its time.
    pub at_ms: u64,
}

/// An account's balance of one token.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct TokenBalance {
    /// The token's address, with checksum.
    pub token: String,
    /// Units.
    pub units: String,
}

/// A claim that was announced, and neither carried out nor called off.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct AnnouncedClaim {
    /// The points that it takes.
    pub points: String,
    /// From when on it can be carried out.
    pub executable_ms: u64,
}

/// What happened to an account.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub enum DepositEvent {
    /// It deposited.
    Deposited {
        /// The token's address.
        token: String,
        /// The units that arrived.
        units: String,
        /// Its balance after it.
        balance: String,
    },
    /// It withdrew.
    Withdrawn {
        /// The token's address.
        token: String,
        /// By how much its balance fell.
        units: String,
        /// The units that were sent.
        paid: String,
        /// To whom.
        to: String,
        /// Its balance after it.
        balance: String,
    },
    /// A claim was announced.
    ClaimAnnounced {
        /// The points that it takes.
        claim: String,
        /// From when on it can be carried out.
        executable_ms: u64,
    },
    /// A claim was carried out.
    Claimed {
        /// The points that it took.
        claim: String,
    },
    /// A claim was called off.
    ClaimCancelled {
        /// The points that it would have taken.
        claim: String,
    },
}

/// An event of an account, where it is and how sure.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct DepositEntry {
    /// In which block.
    pub block: ChainBlock,
    /// Which of the block's events.
    pub log_index: u64,
    /// In which transaction, with `0x`.
    pub transaction: String,
    /// Whether the block is final: the others may still be replaced.
    pub confirmed: bool,
    /// The account's points after it.
    pub points: String,
    /// What happened.
    #[serde(flatten)]
    pub event: DepositEvent,
}

/// What an account has, and had: the answer of `/v1/deposits/<account>`.
///
/// Until the next event, and up to `contract.ends_ms`, `accrued` grows by `weight` a second, and
/// `points = floor(accrued / (3600 * 10^18)) - claimed`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct AccountDeposits {
    /// The account's address, with checksum.
    pub account: String,
    /// The contract.
    pub contract: DepositContract,
    /// The block that all of this is of: the last that was read.
    pub block: ChainBlock,
    /// Whether the chain was read to its end a moment ago. If not, what follows may be old.
    pub current: bool,
    /// The last block that is final, by height.
    pub confirmed: Option<u64>,
    /// Points at the block: what `calculatePoints` of the contract returns there.
    pub points: String,
    /// All points that were claimed.
    pub claimed: String,
    /// The numerator of points.
    pub accrued: String,
    /// What `accrued` gains a second.
    pub weight: String,
    /// What points gain an hour: `weight / 10^18`, rounded down.
    pub points_per_hour: String,
    /// The claim that is pending.
    pub claim: Option<AnnouncedClaim>,
    /// Balances, of every token that the account ever had.
    pub balances: Vec<TokenBalance>,
    /// What happened, the newest first.
    pub history: Vec<DepositEntry>,
    /// How many events there are in all.
    pub history_total: u64,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_entry_is_flat_and_says_its_kind() {
        let block = ChainBlock { number: 7, hash: "0x01".into(), at_ms: 12_000 };
        let event = DepositEvent::Deposited { token: "0x02".into(), units: "5".into(), balance: "6".into() };
        let entry = DepositEntry {
            block,
            log_index: 3,
            transaction: "0x03".into(),
            confirmed: true,
            points: "0".into(),
            event,
        };
        let json = serde_json::to_value(&entry).unwrap();
        let expected = serde_json::json!({
            "block": {"number": 7, "hash": "0x01", "at_ms": 12_000}, "log_index": 3, "transaction": "0x03",
            "confirmed": true, "points": "0", "kind": "deposited", "token": "0x02", "units": "5", "balance": "6",
        });
        assert_eq!(json, expected);
        assert_eq!(serde_json::from_value::<DepositEntry>(json).unwrap(), entry);
    }
}
