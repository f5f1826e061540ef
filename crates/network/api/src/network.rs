//! A validator's account of itself and of what it has done.

use serde::{Deserialize, Serialize};

/// A validator's account of itself.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Network {
    /// Version of the software.
    pub version: String,
    /// Name of the chain on which it is registered: part of every nonce.
    pub chain: String,
    /// The validator's public key.
    pub validator: String,
    /// SHA-256 of the verifier that it runs; empty for a native one.
    pub verifier_sha256: String,
    /// When it started.
    pub started_ms: u64,
    /// The parts of it and whether they work.
    pub health: Vec<Part>,
    /// Number of the running epoch.
    pub epoch: u64,
    /// When it ends and weights are published.
    pub epoch_ends_ms: u64,
    /// The weights published last, by miner.
    pub weights: Vec<Weight>,
    /// Queries waiting for a miner.
    pub waiting: u64,
    /// Queries with a miner.
    pub in_flight: u64,
    /// Most queries that may be with miners.
    pub in_flight_limit: u64,
}

/// A part of a server.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Part {
    /// Its name.
    pub name: String,
    /// Whether it works.
    pub ok: bool,
    /// More about it.
    pub detail: String,
}

/// Whether a server works: the answer of `/health` and `/ready`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Health {
    /// Whether all parts work.
    pub ok: bool,
    /// Version of the software.
    pub version: String,
    /// The parts.
    pub parts: Vec<Part>,
}

/// A published weight.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Weight {
    /// The miner's key.
    pub miner: String,
    /// Its share.
    pub weight: f64,
}

/// An entry of the hash-chained log.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct LogEntry {
    /// Its number, from 1, without gaps.
    pub seq: u64,
    /// When.
    pub at_ms: u64,
    /// What kind of thing happened.
    pub kind: String,
    /// What happened, for people.
    pub text: String,
    /// What happened, exactly: the JSON text that the hash covers.
    #[serde(default)]
    pub body: String,
    /// Hash of the entry before.
    #[serde(default)]
    pub previous: String,
    /// Hash of the entry and the one before.
    pub hash: String,
}

/// A contract that checks proofs, and a node of its chain, if the validator proposes one.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct OnchainConfig {
    /// The contract's address.
    pub contract: Option<String>,
    /// Its chain.
    #[serde(default)]
    pub chain_id: Option<u64>,
    /// A node's address, for JSON-RPC, which browsers ask themselves.
    #[serde(default)]
    pub rpc_url: Option<String>,
}

/// The deposit contract, if there is one.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct DepositsConfig {
    /// Its address.
    pub contract: Option<String>,
    /// The chain.
    #[serde(default)]
    pub chain_id: Option<u64>,
    /// The block in which it was deployed, or one before.
    #[serde(default)]
    pub first_block: u64,
    /// Where the chain can be asked, as JSON-RPC: a path of the validator, which passes questions on.
    #[serde(default)]
    pub rpc_url: Option<String>,
}
