//! The tests that compile the shipped models. All others: `prover.rs`.
#![allow(missing_docs)]

mod cheapest;
mod models;
mod pieces;
mod shares;
mod shipped;
