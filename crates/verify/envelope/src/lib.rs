#![doc = include_str!("../README.md")]
//!
//! # Types
//!
//! * [`ProofEnvelope`] carries a proof together with the claim it is about: the model's identity, the nonce of the
//!   request, and the public inputs and outputs. Nothing in an envelope is trusted by itself: a verifier compares
//!   every field with what its own caller expects.
//! * [`ProofChain`] is a list of envelopes with links: outputs of one proof that are inputs of a later one.
//! * [`VerificationReport`] (of a chain: [`ChainReport`]) is the list of checks that a verifier made, for people and for user interfaces.
//! * [`Reader`] and [`Writer`] are the cursors that this format and the verifying key's format are written with. They
//!   cannot panic, read integers in one canonical form only, and know the offset of every error.
//!
//! # Binary format of an envelope, version 1
//!
//! All fixed-width integers are little-endian.
//!
//! | field | bytes |
//! | --- | --- |
//! | magic `VOUCHPF\0` | 8 |
//! | version | 2 |
//! | model identity | 32 |
//! | nonce | 32 |
//! | inputs: visibility (0 = values, 1 = values and hashes of hashed tensors) | 1 |
//! | inputs: count | 4 |
//! | inputs: zigzag LEB128 values, minimal length | 1 to 10 each |
//! | inputs, if visibility is 1: number of hashes, from 1 on | 4 |
//! | inputs, if visibility is 1: hashes | 32 each |
//! | outputs: visibility, count, values, hashes | as for the inputs |
//! | proof length | 4 |
//! | proof | as said |
//!
//! Nothing may follow. A value has exactly one encoding, so equal envelopes have equal bytes.
//!
//! # Binary format of a chain, version 1
//!
//! | field | bytes |
//! | --- | --- |
//! | magic `VOUCHPC\0` | 8 |
//! | version | 2 |
//! | number of proofs, 1 to 64 | LEB128 |
//! | each proof: length of its envelope (LEB128), the envelope | as said |
//! | number of links, at most 4096 | LEB128 |
//! | each link: from proof, from output, to proof, to input, number of values | LEB128 each |
//!
//! Links are in the order of the inputs that they fill, which do not overlap. Nothing may follow.

#![forbid(unsafe_code)]
#![cfg_attr(
    not(test),
    deny(
        clippy::indexing_slicing,
        clippy::arithmetic_side_effects,
        clippy::integer_division,
        clippy::as_conversions,
        clippy::string_slice,
        clippy::panic_in_result_fn,
        clippy::unwrap_used,
        clippy::expect_used,
        clippy::panic,
        clippy::unreachable,
        clippy::let_underscore_must_use,
        clippy::wildcard_enum_match_arm,
        clippy::disallowed_methods,
        clippy::disallowed_types
    )
)]

mod chain;
mod cursor;
mod error;
mod proof;
mod report;

pub use chain::{
    CHAIN_MAGIC, CHAIN_VERSION, ChainFormatError, ExpectedChain, Link, LinkFault, MAX_CHAIN_PROOFS, MAX_LINKS,
    ProofChain, ValueRef,
};
pub use cursor::{CursorError, Reader, Writer};
pub use error::EnvelopeError;
pub use proof::{
    ENVELOPE_MAGIC, ENVELOPE_VERSION, EnvelopeJson, MAX_HASHES, MAX_PROOF_BYTES, ProofEnvelope, PublicValues,
};
pub use report::{ChainReport, Check, VerificationReport};
pub use vouch_schema::{Expected, MAX_VALUES, ModelId, Nonce, Section, TensorHash, hex, hex_text};
