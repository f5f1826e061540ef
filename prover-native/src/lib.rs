//! The native prover of Vouch: bundles, the files of reference strings and keys, and the command line `vouch`. What proves is in [`vouch_proving`].
//!
//! ```text
//! ModelBundle (model.vouch) --plan, Srs--> ProverKey (prover.key, verifier.key) --prove--> ProofEnvelope
//! ```

mod bundle;
mod cheapest;
mod disclosures;
mod error;
pub mod files;
mod keys;
pub mod picture;
mod published;
mod srs;

pub use bundle::{Card, FieldTest, MODEL_FILE, Manifest, ModelBundle};
pub use cheapest::{LIMB_BITS, compile_cheapest};
pub use disclosures::{DISCLOSURE_DIR, disclosure_dir, hashed_inputs};
pub use error::ProverError;
pub use keys::{KeyFile, PROVER_KEY_FILE, VERIFIER_KEY_FILE, key_files};
pub use published::{Outline, StatedError, parse_stated};
pub use srs::{DEFAULT_K, Source, SrsFile};
pub use vouch_proving::{
    Header, MAX_K, Proved, ProverKey, ProvingError, Salt, Srs, check_key, commit, cpu, export, plan, tensor_hash,
};
