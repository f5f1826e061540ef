//! What proves: keys and proofs of integer programs, in memory. No files, no ONNX; it builds for WebAssembly.
//!
//! ```text
//! Program --plan--> CircuitPlan --ProverKey::generate(Srs)--> ProverKey --prove--> ProofEnvelope
//! ```

mod blake;
mod check;
#[cfg(test)]
mod circuits;
mod clock;
pub mod commit;
#[doc(hidden)]
pub mod container;
pub mod cpu;
mod error;
mod evm;
pub mod export;
mod hash;
mod keys;
mod layout;
mod number;
mod packed;
mod plonk;
mod prove;
mod random;
mod srs;
mod watch;
mod weights;

pub use blake::digest;
pub use check::check_key;
pub use error::ProvingError;
pub use hash::tensor_hash;
pub use keys::{CircuitPlan, Header, ProverKey, plan};
#[doc(hidden)]
pub use plonk::hiding::{PieceRank, rank_of_pieces};
pub use prove::Proved;
pub use srs::{MAX_K, Srs};
pub use vouch_schema::Salt;
pub use watch::{Watch, stage};
