#![doc = include_str!("../README.md")]
//!
//! # Trust
//!
//! An independent implementation of the verification of a halo2 proof (PLONKish arithmetization, KZG commitments over
//! BN254, SHPLONK multi-opening), driven by a self-describing [`VerifierKey`].
//!
//! * The *key* is trusted as a whole, through its hash, the [model identity](VerifierKey::model_id).
//! * What is *expected* (model, nonce, values, kind of setup) comes from the caller.
//! * The *envelope* comes from whoever asks to be believed. Nothing in it is trusted.
//!
//! The code is deterministic and single-threaded, contains no unsafe code, and does not panic on any input; the lints
//! at the root of this crate forbid the operations that could.
//!
//! # What is checked
//!
//! 1. The envelope is about the key's model, about the expected request, and about the expected values; its values
//!    have the number and the ranges that the key's schema says (`verify`, which has the one list of checks).
//! 2. The proof's messages are canonical encodings, as many as the circuit calls for (`transcript`).
//! 3. Every gate and the permutation argument hold at a random point, given the claimed evaluations (`expression`,
//!    `permutation`, `vanishing`).
//! 4. The claimed evaluations are those of the committed polynomials (`shplonk`): one pairing equation.
//! 5. Private weights are those that the key commits to (`weights`); this goes into the same equation.
//!
//! # Sources
//!
//! * Gabizon, Williamson, Ciobotaru: *PLONK*, <https://eprint.iacr.org/2019/953>.
//! * *The halo2 book*, <https://zcash.github.io/halo2/design/proving-system.html>.
//! * Boneh, Drake, Fisch, Gabizon: *Efficient polynomial commitment schemes for multiple points and polynomials*
//!   (SHPLONK), <https://eprint.iacr.org/2020/081>, section 4.

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

mod addition;
mod batch;
mod bn254;
mod chain;
mod challenge;
mod claim;
mod domain;
mod error;
mod expression;
mod field;
mod groups;
mod hash;
mod instance;
mod keccak;
mod key;
mod msm;
mod opening;
mod permutation;
mod point;
mod prepared;
mod proof;
mod real;
mod report;
mod scalar;
mod shplonk;
mod sorted;
mod transcript;
mod vanishing;
mod verifier_key;
mod verify;
mod weights;

pub use batch::verify_batch;
pub use chain::{
    ChainError, ChainOutcome, ChainStep, ChainVerification, LinkError, VerifiedChain, report_chain, verify_chain,
};
pub use claim::{ClaimedTensor, Shown, VerifiedClaim};
pub use error::{CheckName, KeyError, PointError, VerifyError};
pub use groups::{GroupMember, GroupTime, OpeningGroup, opening_groups};
pub use key::{
    ColumnKind, ColumnQuery, ColumnRef, CommittedWeights, EvmProfile, GateBuilder, Gates, KEY_MAGIC, KEY_VERSION,
    KeyDescription, Node, NodeId, SrsKind, WeightLane, has_evm_profile,
};
pub use report::{Outcome, Together, Verification, report, verify_together};
pub use scalar::Scalar;
pub use verifier_key::VerifierKey;
pub use verify::{verify, verify_bytes};
pub use vouch_envelope::{
    CHAIN_VERSION, ChainFormatError, ChainReport, Check, ENVELOPE_VERSION, Link, LinkFault, ModelId, Nonce, ProofChain,
    ProofEnvelope, PublicValues, Section, TensorHash, ValueRef, VerificationReport,
};
pub use vouch_schema::{Expected, Schema, TensorSpec, ValueError, Visibility};
