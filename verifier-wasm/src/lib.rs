//! The verifier as one WebAssembly module without imports, for browsers, Node, wasmtime and Python alike.
//!
//! * [`face`] is what the module can do, as safe functions from bytes to JSON: load a key, verify, inspect.
//! * [`abi`] is how a host calls it: numbers in, an [`Answer`](abi) in the module's memory out.
//!
//! The module imports nothing: no clock, no randomness, no console. So the same bytes give the same report wherever
//! they run, and a host decides what the module may use. `docs/verifier-wasm.md` describes the hosts.

pub mod abi;
mod error;
pub mod face;
mod keys;

pub use error::{ErrorCode, FaceError};
pub use face::KeyInfo;
