//! The chain that deposits are on: read through the validator's own path for JSON-RPC (so that the page's policy allows no
//! other address), and written through the wallet of this browser.

pub(crate) mod history;
pub(crate) mod read;
pub(crate) mod rpc;
pub(crate) mod rules;
pub(crate) mod source;
pub(crate) mod wallet;
pub(crate) mod words;

pub(crate) use read::{Account, Contract, Token};
pub(crate) use source::Source;

/// What the contract takes for a time that never comes.
pub(crate) const NEVER: u64 = (1 << 48) - 1;

/// Decimals of a point.
pub(crate) const POINT_DECIMALS: u8 = 18;
