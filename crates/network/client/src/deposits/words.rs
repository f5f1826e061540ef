//! What errors of the contract, of tokens and of wallets mean, in words.

use alloy_sol_types::SolInterface;
use vouch_deposits::contract::VouchDeposit::VouchDepositErrors as Error;
use vouch_deposits::{U256, format_amount, points};

use super::POINT_DECIMALS;
use super::hex::hexadecimal;
use crate::failure::ChainFailure;

/// Why a rehearsed transaction would fail.
pub fn why(failure: &ChainFailure) -> String {
    match failure {
        ChainFailure::Refused { message, data } => match data.as_deref().and_then(reverted) {
            Some(reason) => reason,
            None => format!("It would fail: {}.", message.trim_end_matches('.')),
        },
        other => other.sentence(),
    }
}

/// What the contract, or a token of OpenZeppelin's, says when it refuses.
fn reverted(data: &[u8]) -> Option<String> {
    let selector: [u8; 4] = data.get(..4)?.try_into().ok()?;
    let by_token = match selector {
        [0xfb, 0x8f, 0x41, 0xb2] => Some("The token says that the contract may not draw so much: allow it first."),
        [0xe4, 0x50, 0xd3, 0x8c] => Some("The token says that the account has less than that."),
        // Error(string), and no reason at all.
        _ => None,
    };
    if let Some(text) = by_token {
        return Some(text.into());
    }
    let text = match Error::abi_decode(data) {
        Ok(Error::DepositsStopped(_)) => "Deposits have ended.",
        Ok(Error::EnforcedPause(_)) => "Deposits are paused.",
        Ok(Error::TokenNotListed(_)) => "The token cannot be deposited any more.",
        Ok(Error::UnknownToken(_)) => "The contract does not know this token.",
        Ok(Error::InsufficientBalance(_)) => "The account has less than that in the contract.",
        Ok(Error::NothingReceived(_)) => "Nothing of the token would arrive.",
        Ok(Error::NothingHeld(_)) => "The contract holds nothing that could be paid. The balance is kept.",
        Ok(Error::NothingSent(_)) => "The token would send nothing. The balance is kept.",
        Ok(Error::TokenInShortfall(_)) => "The contract holds less of the token than depositors have.",
        Ok(Error::DepositTooLarge(_)) => "All deposits of the token together would be too large.",
        Ok(Error::ZeroAmount(_)) => "The amount is zero.",
        Ok(_) => return Some(format!("The contract would refuse ({}).", hexadecimal(&selector))),
        Err(_) => return None,
    };
    Some(text.into())
}

/// Points with so many decimals, cut off: they are never more than shown.
pub fn cut(points: U256, places: usize) -> String {
    let text = format_amount(points, POINT_DECIMALS);
    let (whole, fraction) = text.split_once('.').unwrap_or((&text, ""));
    format!("{whole}.{fraction:0<places$.places$}")
}

/// So many decimals that the last but one changes every second, from 4 to 18.
pub fn places(weight: U256) -> usize {
    if weight.is_zero() {
        return 6;
    }
    let a_second = weight / points::DENOMINATOR;
    let digits = if a_second.is_zero() { 0 } else { a_second.to_string().len() };
    (18 - digits.min(18) + 2).clamp(4, 18)
}
