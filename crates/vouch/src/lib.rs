#![doc = include_str!("../README.md")]

mod cheapest;
mod compile;
mod content;
mod error;
mod facts;
#[doc(hidden)]
pub mod files;
mod inputs;
mod keys;
mod links;
mod model;
pub mod picture;
mod proof;
mod published;
mod srs;

pub use cheapest::{LIMB_BITS, WIDE_LIMB_BITS, compile_cheapest, compile_precise};
pub use compile::Compile;
pub use content::{Content, TensorContent};
pub use error::{Error, ErrorKind, Remedy, Result, StatedError};
pub use facts::{
    DISCLOSURE_DIR, disclosure_dir, fact_bounds, fact_index, fact_keys, fact_rows, fact_tensor, fact_words,
    hashed_input, open_fact_key, prove_fact, verify_fact,
};
pub use inputs::{expected_values, inputs, together};
pub use keys::{
    EVM_GROUP, KeyFiles, PROVER_KEY_FILE, ProvingKey, Setup, VERIFIER_KEY_FILE, check_key, key_files,
    open_verifying_key,
};
pub use links::parse_link;
pub use model::{Card, FieldTest, MODEL_FILE, Manifest, Model, Outline};
pub use proof::{Proof, open_proof, random_nonce, read_chain, read_proof, verify};
pub use published::{Published, parse_stated};
pub use srs::{DEFAULT_K, Source, Srs};
pub use vouch_circuit::{CircuitParams, Estimate, Objective};
pub use vouch_compiler::{
    CompileOptions, CompileReport, Compiled, InputError, InputRange, InputShapes, NamedTensor as Tensor,
    NamedTensors as Tensors, NamedTensors as Inputs, OnnxModel, data,
};
pub use vouch_disclosure::Statement;
pub use vouch_envelope::{
    Link, ModelId, Nonce, ProofChain, ProofEnvelope, PublicValues, Section, TensorHash, ValueRef,
};
pub use vouch_program::{Program, Visibility, WeightMode};
pub use vouch_proving::{CircuitPlan, Header, Salt, Watch, cpu, tensor_hash};
pub use vouch_verifier::{
    ChainStep, ClaimedTensor, Expected, Outcome, Schema, Shown, SrsKind, TensorSpec, Verification, VerifiedChain,
    VerifiedClaim, VerifierKey as VerifyingKey, verify_batch, verify_chain,
};

/// The blocks of the guide compile.
#[cfg(doctest)]
#[doc = include_str!("../../../docs/guide/rust.md")]
struct Guide;
