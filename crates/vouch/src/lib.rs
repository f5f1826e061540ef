#![doc = include_str!("../README.md")]

mod cheapest;
mod compile;
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
pub use error::{Error, ErrorKind, Result};
pub use facts::{DISCLOSURE_DIR, disclosure_dir, fact_keys, fact_rows, hashed_inputs, open_fact_key, prove_fact};
pub use inputs::{inputs, together};
pub use keys::{
    EVM_GROUP, KeyFiles, PROVER_KEY_FILE, ProvingKey, Setup, VERIFIER_KEY_FILE, check_key, key_files,
    open_verifying_key,
};
pub use links::parse_link;
pub use model::{Card, FieldTest, MODEL_FILE, Manifest, Model};
pub use proof::{Proof, open_proof, random_nonce, read_chain, read_proof, verify};
pub use published::{Outline, Published, StatedError, parse_stated};
pub use srs::{DEFAULT_K, Source, Srs};
pub use vouch_circuit::{CircuitParams, Estimate, Objective};
pub use vouch_compiler::{
    CompileOptions, CompileReport, Compiled, InputShapes, NamedTensor as Tensor, NamedTensors as Tensors,
    NamedTensors as Inputs, OnnxModel, data,
};
pub use vouch_disclosure::Statement;
pub use vouch_envelope::{
    Link, ModelId, Nonce, ProofChain, ProofEnvelope, PublicValues, Section, TensorHash, ValueRef,
};
pub use vouch_program::{Program, Visibility, WeightMode};
pub use vouch_proving::{CircuitPlan, Header, Salt, cpu, tensor_hash};
pub use vouch_verifier::{
    ChainStep, Expected, SrsKind, VerifiedChain, VerifiedClaim, VerifierKey as VerifyingKey, verify_batch, verify_chain,
};
