//! What can be known before a transaction: whether an amount can be deposited or withdrawn, and if not, why.

use vouch_deposits::{U256, format_amount, parse_amount};

use super::{Account, Token};
use crate::words::sentence;

/// Why nothing at all can be deposited of a token; none if something can.
pub fn closed(account: &Account, token: &Token, now: u64) -> Option<String> {
    if account.stopped(now) {
        return Some("Deposits have ended, and accrual with them. Points stay as they are; what was deposited can be withdrawn at any time.".into());
    }
    if account.paused {
        return Some("Deposits are paused by the contract's owner. Withdrawals are not: nobody can pause them.".into());
    }
    if !token.listed {
        return Some(format!(
            "{} cannot be deposited any more: it was taken off the list. It can be withdrawn.",
            token.symbol
        ));
    }
    if !token.readable {
        return Some(format!("The token {} does not answer, so it cannot be deposited now.", token.symbol));
    }
    if token.held < token.total {
        return Some(format!(
            "The contract holds less {} than depositors have together, so a new deposit would share their loss. It is refused until the token is whole again.",
            token.symbol
        ));
    }
    None
}

/// The units to deposit. An allowance that is too small is not refused here: it can be given.
///
/// # Errors
/// A sentence for people.
pub fn deposit(token: &Token, text: &str) -> Result<U256, String> {
    let units = parse_amount(text, token.decimals).map_err(|error| sentence(&error))?;
    if units > token.wallet {
        return Err(format!("The account has {} {} itself, which is less.", amount(token, token.wallet), token.symbol));
    }
    let room = most(token.decimals).saturating_sub(token.total);
    if units > room {
        return Err(format!(
            "The contract takes at most {} {} more, from all accounts together.",
            amount(token, room),
            token.symbol
        ));
    }
    Ok(units)
}

/// The units to withdraw.
///
/// # Errors
/// A sentence for people.
pub fn withdrawal(token: &Token, text: &str) -> Result<U256, String> {
    let units = parse_amount(text, token.decimals).map_err(|error| sentence(&error))?;
    if units > token.balance {
        return Err(format!(
            "The account has {} {} in the contract, which is less.",
            amount(token, token.balance),
            token.symbol
        ));
    }
    if paid(token, units).is_some_and(|paid| paid.is_zero()) {
        return Err(format!(
            "Nothing would be paid: the contract holds no {} for this amount. The balance is kept.",
            token.symbol
        ));
    }
    Ok(units)
}

/// What a withdrawal pays, if the token can be read: less than `units` only if the token's balances shrank.
pub fn paid(token: &Token, units: U256) -> Option<U256> {
    if !token.readable {
        return None;
    }
    if token.held >= token.total {
        return Some(units);
    }
    // Both are below 2^128.
    units.checked_mul(token.held).map(|product| product / token.total)
}

/// An amount of a token, exactly.
pub fn amount(token: &Token, units: U256) -> String {
    format_amount(units, token.decimals)
}

/// Most units of a token that the contract takes: with fewer than 18 decimals, as many whole tokens as of one with 18.
fn most(decimals: u8) -> U256 {
    let missing = 18_u8.saturating_sub(decimals);
    U256::from(u128::MAX) / U256::from(10).pow(U256::from(missing))
}
