#![doc = include_str!("../README.md")]
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
