//! The verifier as one WebAssembly module without imports: the same bytes for browsers, Node, wasmtime and Python.
//!
//! * [`api`]: what the module can do, as safe functions from bytes to JSON. They are all that hosts differ in calling,
//!   so they also run natively, where the tests compare every host with them.
//! * `abi`: the plain ABI, for any host that can call numbers: keys and verifications by handle, bytes by address.
//! * `js`: the interface for JavaScript, by wasm-bindgen.
//!
//! The module has no clock, no randomness and no console. A host that wants times hands its own clock to
//! [`Session::step`](api::Session::step); without one all times are 0 and a report is the same wherever it was made.
//! `docs/verifier-wasm.md` has the ABI and the hosts.

#[cfg(target_arch = "wasm32")]
mod abi;
pub mod api;
mod expected;
#[cfg(target_arch = "wasm32")]
mod js;
#[cfg(target_arch = "wasm32")]
mod store;

pub use api::{ApiError, Kind};
