//! One module a page.

mod deposits;
mod disclose;
mod miner;
mod miners;
mod missing;
mod model;
mod models;
mod network;
mod predict;
mod strategies;
mod verify;

pub(crate) use deposits::Deposits;
pub(crate) use disclose::Disclose;
pub(crate) use miner::Miner;
pub(crate) use miners::Miners;
pub(crate) use missing::Missing;
pub(crate) use model::Model;
pub(crate) use models::Models;
pub(crate) use network::Network;
pub(crate) use predict::Predict;
pub(crate) use strategies::Strategies;
pub(crate) use verify::Verify;
