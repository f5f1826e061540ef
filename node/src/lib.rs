//! Vouch's servers: miners, which prove, and validators, which ask, verify and score.
//!
//! ```text
//! user ---- prediction ----> validator ---- signed request ----> miner
//!      <--- proof envelope --           <--- proof envelope ----
//! ```
//!
//! * [`miner`]: the prover behind a bounded queue; signed requests only.
//! * [`prover`]: a host that proves for a miner whose queue is in NATS.
//! * [`validator`]: queries, verification, scores, predictions, the log, and the dashboard's files.
//! * [`registry`]: the models that are served, and what their proofs must show.
//! * [`audit`]: recomputes every score and weight from a log and verifies proofs again.
//! * [`chain`]: who takes part, with which stake; where weights are published.
//! * [`keys`]: the node's own key.

mod api_error;
pub mod audit;
mod broker;
pub mod chain;
pub mod config;
mod database;
pub mod engine;
pub mod keys;
mod limit;
pub mod market;
mod metrics;
pub mod miner;
pub mod prover;
mod random;
pub mod registry;
pub mod server;
pub mod validator;

pub use api_error::{ApiError, Refusal};

/// Milliseconds since 1970, UTC.
pub fn now_ms() -> u64 {
    let since = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH);
    since.map_or(0, |d| u64::try_from(d.as_millis()).unwrap_or(u64::MAX))
}
