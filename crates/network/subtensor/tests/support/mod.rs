//! A chain in memory, and nodes that serve it as Subtensor's do.
//!
//! The runtime is the committed metadata. What is submitted is decoded here, with code of its own: signature, number, time of
//! validity and arguments are checked before a block takes it.
#![allow(dead_code, missing_docs, unreachable_pub, unused_imports)]

pub mod chain;
pub mod extrinsic;
pub mod metadata15;
pub mod node;
pub mod state;

use std::sync::Arc;
use std::time::Duration;

use vouch_protocol::{EpochHead, LogHash, PartyKey, Share, SignedHead, WeightEntry};
use vouch_subtensor::{Options, Retry, Subtensor, SubtensorError};

pub use chain::{Chain, NeuronState};
pub use node::{Mode, Node};

/// A key that is always the same.
pub fn key(byte: u8) -> PartyKey {
    PartyKey::from_seed(&[byte; 32]).unwrap()
}

/// The subnet on these nodes, with short times.
pub fn subnet(nodes: &[&Node], key: Option<PartyKey>) -> Subtensor {
    Subtensor::new(options(nodes, key))
}

pub fn options(nodes: &[&Node], key: Option<PartyKey>) -> Options {
    let endpoints = nodes.iter().map(|node| node.endpoint()).collect();
    let times = (Duration::from_millis(1_500), Duration::ZERO);
    Options { key, timeout: times.0, keep: times.1, stale: times.1, ..Options::new(endpoints, chain::NETUID) }
}

pub fn weights(of: &[(&PartyKey, u64)]) -> Vec<WeightEntry> {
    let entry =
        |(key, weight): &(&PartyKey, u64)| WeightEntry { miner: key.public(), weight: Share::new(*weight).unwrap() };
    of.iter().map(entry).collect()
}

pub fn head(chain: &str, key: &PartyKey, epoch: u64) -> SignedHead {
    let head =
        EpochHead { chain: chain.into(), validator: key.public(), epoch, seq: epoch * 10, head: LogHash([7; 32]) };
    head.sign(key).unwrap()
}

/// Repeats a step, with a block between, until it is done or fails for good. Returns the number of blocks.
pub fn blocks_until(chain: &Arc<Chain>, step: impl Fn() -> Result<(), SubtensorError>) -> Result<u64, SubtensorError> {
    for blocks in 0..400 {
        match step() {
            Ok(()) => return Ok(blocks),
            Err(error) if error.retry() == Retry::Never => return Err(error),
            Err(_) => chain.advance(1),
        }
    }
    panic!("nothing after 400 blocks")
}
