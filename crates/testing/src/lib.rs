//! What tests of several crates share. A dev-dependency only: nothing that is published or deployed links it.

pub mod fixtures;
pub mod leak;
pub mod modules;
pub mod random;
pub mod tamper;

#[cfg(feature = "prove")]
mod keys;

#[cfg(feature = "prove")]
pub use keys::keys;
pub use random::{random_program, wide_program};

use vouch_schema::Expected;

/// What a caller expects who takes any proof that holds for the key, from a setup for development too.
pub const ANY: Expected = Expected {
    model_id: None,
    nonce: None,
    inputs: None,
    outputs: None,
    input_hashes: None,
    output_hashes: None,
    allow_development_srs: true,
};
