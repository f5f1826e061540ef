//! The verifier as one WebAssembly module without imports: the same bytes for browsers, Node, wasmtime and Python.
//!
//! * [`face`]: what the module can do, as safe functions from bytes to JSON. They are all that hosts differ in calling,
//!   so they also run natively, where the tests compare every host with them.
//! * `plain`: the plain ABI, for any host that can call numbers: keys and verifications by handle, bytes by address.
//! * `script`: the face for JavaScript, by wasm-bindgen.
//!
//! The module has no clock, no randomness and no console. A host that wants times hands its own clock to
//! [`Session::step`](face::Session::step); without one all times are 0 and a report is the same wherever it was made.
//! `docs/verifier-wasm.md` has the ABI and the hosts.

mod expected;
pub mod face;
#[cfg(target_arch = "wasm32")]
mod plain;
#[cfg(target_arch = "wasm32")]
mod script;
#[cfg(target_arch = "wasm32")]
mod store;

pub use face::{FaceError, Kind};
