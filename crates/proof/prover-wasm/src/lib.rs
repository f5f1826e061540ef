//! The prover of disclosures as a WebAssembly module, for a Web Worker or Node.
//!
//! The holder of a hashed input proves a fact about it ([`vouch_disclosure`]) where the input is: neither values nor salt leave the machine. The module has one
//! thread and needs no shared memory, so no cross-origin isolation. It takes randomness from the host's `crypto.getRandomValues`.

mod api;

pub use api::{ApiError, Prover};

#[cfg(target_arch = "wasm32")]
mod js;
