//! Vouch's servers: miners, which prove, and validators, which ask, verify and score.
//!
//! ```text
//! user ---- prediction ----> validator ---- signed request ----> miner
//!      <--- proof envelope --           <--- proof envelope ----
//! ```
//!
//! * [`miner`]: the prover behind a bounded queue; signed requests only.
//! * [`prover`]: a host that proves for a miner whose queue is in NATS.
//! * [`validator`]: registry, scheduler, verification, scores, predictions, the log, and the dashboard's files.
//! * [`hidden`]: hashed inputs and outputs.
//! * [`audit`]: recomputes every score and weight from a log and verifies proofs again.
//! * [`chain`]: who takes part, with which stake; where weights are published.

pub mod audit;
mod broker;
pub mod chain;
pub mod config;
mod database;
pub mod disclosure;
pub mod engine;
pub mod hidden;
mod limit;
pub mod market;
mod metrics;
pub mod miner;
mod problem;
pub mod prover;
mod random;
pub mod registry;
pub mod server;
pub mod strategy;
pub mod validator;

pub use problem::Refusal;

/// Milliseconds since 1970, UTC.
pub fn now_ms() -> u64 {
    let since = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH);
    since.map_or(0, |d| u64::try_from(d.as_millis()).unwrap_or(u64::MAX))
}
