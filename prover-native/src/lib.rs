//! The native prover: reference strings, bundles, keys and proofs.

pub mod export;
