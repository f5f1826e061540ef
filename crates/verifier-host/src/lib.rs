//! Runs the verifier's `.wasm` in wasmtime: the same bytes that browsers and Python run, so the same verdict, with
//! limits on instructions (fuel) and memory.
//!
//! ```no_run
//! # fn main() -> Result<(), Box<dyn std::error::Error>> {
//! # let (expected, envelope) = (vouch_verifier::Expected::default(), vec![]);
//! let host = vouch_verifier_host::Host::new(&std::fs::read("vouch_verifier.wasm")?)?;
//! let mut verifier = host.verifier(&std::fs::read("model.key")?)?;
//! let report = verifier.verify(&expected, &envelope)?;
//! println!("{}", report.accepted);
//! # Ok(())
//! # }
//! ```
//!
//! A [`Host`] is compiled once and shared between threads. A [`Verifier`] is an instance of the module with one key; a
//! call that runs out of fuel or memory ends with an error and the next call starts in a fresh instance.

#![forbid(unsafe_code)]

mod error;
mod host;
mod instance;
mod limits;
mod verifier;

pub use error::{Failure, HostError};
pub use host::Host;
pub use limits::Limits;
pub use verifier::Verifier;
