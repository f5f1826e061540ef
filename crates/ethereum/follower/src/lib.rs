//! Follows the deposit contract on an Ethereum chain over JSON-RPC, and keeps its history in SQLite.
//!
//! ```text
//! chain --eth_getLogs--> Follower --blocks--> index, ledger (vouch-deposits) --> SQLite
//!                                                   |
//!                                 AccountDeposits (vouch-api), of the last block that was read
//! ```
//!
//! Blocks up to `confirmations` below the head are final, and are read in ranges; those above are read one by one, each
//! checked against its parent's hash, and taken back when the chain replaces them. What is stored is always of one
//! chain: a block with all of its events is one transaction of the database. A follower that was killed goes on where
//! it was.
//!
//! The index is a copy of what the chain says. If it turns out to be wrong (the chain replaced a final block, an event
//! is missing), that is logged as an error and counted in [`Status::rereads`], and the chain is read anew.

#![forbid(unsafe_code)]

mod answer;
mod book;
mod database;
mod entry;
mod error;
mod follower;
mod rpc;
mod shared;
mod walk;

pub use book::Page;
pub use error::{FollowerError, RpcError};
pub use follower::Follower;
pub use shared::{Settings, Status};
