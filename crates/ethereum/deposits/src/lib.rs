//! Deposits and their points, as the Ethereum contract `VouchDeposit` counts them.
//!
//! * [`points`]: the arithmetic, exact and pure. [`Ledger`] applies it to the contract's events, to the last digit.
//! * [`contract`]: typed calls, events and errors, from the ABI that is committed in `contracts/abi`.
//! * [`parse_address`] and [`parse_amount`]: what people type, refused with a reason before a transaction.
//! * [`EventIndex`]: the events of a chain whose last blocks may be replaced.
//!
//! Nothing here does input or output: who reads the chain gives the blocks, who shows points asks for them.

#![forbid(unsafe_code)]

mod address;
mod amount;
mod bindings;
mod event;
mod index;
mod ledger;
pub mod points;

pub use address::{AddressError, parse_address};
pub use alloy_primitives::{Address, B256, U256};
pub use amount::{AmountError, format_amount, parse_amount};
pub use bindings::contract;
pub use event::{DecodeError, RawLog, decode};
pub use index::{Block, BlockId, EventIndex, IndexError, Indexed};
pub use ledger::{Ledger, LedgerError, PendingClaim, TokenState};
pub use points::PointsError;
