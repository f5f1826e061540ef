//! The native prover of Vouch: reference strings, bundles, keys and proofs, and the command line `vouch`.
//!
//! ```text
//! ModelBundle (model.vouch) --plan, Srs--> ProverKey (prover.key, verifier.key) --prove--> ProofEnvelope
//! ```

mod bundle;
mod cheapest;
pub mod commit;
pub mod cpu;
mod error;
pub mod export;
pub mod files;
mod hash;
mod keys;
mod lanes;
pub mod picture;
mod plonk;
mod prove;
mod schema;
mod srs;

pub use bundle::{Card, FieldTest, MODEL_FILE, Manifest, ModelBundle};
pub use cheapest::{LIMB_BITS, compile_cheapest};
pub use error::ProverError;
pub use hash::Salt;
pub use keys::{Header, PROVER_KEY_FILE, ProverKey, VERIFIER_KEY_FILE, key_files, plan};
pub use prove::Proved;
pub use schema::schema;
pub use srs::{DEFAULT_K, MAX_K, Source, Srs};
