//! Runs the verifier's `.wasm` in wasmtime: the file that browsers and Python run, byte for byte, within limits of
//! instructions and memory.
//!
//! ```no_run
//! # fn main() -> Result<(), Box<dyn std::error::Error>> {
//! use vouch_verifier_host::{Expected, Host, Limits};
//!
//! let host = Host::new(&std::fs::read("pkg/vouch_verifier.wasm")?, Limits::default())?;   // compiles: once a process
//! let mut verifier = host.verifier(&std::fs::read("model.key")?)?;                        // once a model
//! let expected = Expected { nonce: Some([7; 32].into()), ..Expected::default() };
//! let report = verifier.verify(&std::fs::read("answer.envelope")?, &expected)?;
//! println!("{}", report.accepted);
//! # Ok(())
//! # }
//! ```
//!
//! The module imports nothing, so it can do nothing but compute. An envelope that is refused is a report. Errors are for
//! keys that are none, and for a module that runs out of its limits; after such an end a [`Verifier`] starts afresh by
//! itself.

#![forbid(unsafe_code)]

mod chain;
mod error;
mod expected;
mod instance;
mod limits;
mod verifier;

pub use chain::ChainVerifier;
pub use error::{HostError, Refusal};
pub use limits::Limits;
pub use verifier::{Host, Verifier};
pub use vouch_envelope::{
    ChainReport, Check, Expected, ExpectedChain, Link, ModelId, Nonce, ValueRef, VerificationReport,
};
