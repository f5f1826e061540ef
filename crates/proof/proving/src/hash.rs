//! Salted hashes of tensors: what the owner of a hashed input or output can compute to recognize it.

#![cfg_attr(not(test), deny(clippy::arithmetic_side_effects, clippy::as_conversions))]

use std::sync::LazyLock;

use halo2_proofs::halo2curves::{bn256::Fr, ff::PrimeField};
use vouch_poseidon::{HashError, Poseidon};
use vouch_schema::{Salt, Section, TensorHash};

static POSEIDON: LazyLock<Poseidon<Fr>> = LazyLock::new(Poseidon::new);

/// The salted hash of a tensor's integers, as a proof made with the salt shows it.
///
/// # Errors
/// [`HashError`] if a value has more than 32 bits.
pub fn tensor_hash(salt: &Salt, section: Section, name: &str, values: &[i64]) -> Result<TensorHash, HashError> {
    POSEIDON.tensor_hash(salt, section, name, values, PrimeField::to_repr)
}

/// A field element as a hash.
pub(crate) fn digest(element: &Fr) -> TensorHash {
    vouch_poseidon::digest(element.to_repr())
}
