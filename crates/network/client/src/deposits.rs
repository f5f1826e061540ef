//! An account of the deposit contract: what it has, what it may do, and what happened to it.

mod account;
pub mod hex;
mod history;
pub mod rules;
mod words;

pub use self::account::{Account, Token, short, symbol};
pub use self::history::{Compared, Entry, History, Logged, withdrew};
pub use self::words::{cut, places, why};

/// What the contract takes for a time that never comes.
pub const NEVER: u64 = (1 << 48) - 1;

/// Decimals of a point.
pub const POINT_DECIMALS: u8 = 18;

#[cfg(test)]
mod tests;
