//! Salted hashes of tensors: what the owner of a hashed input or output can compute to recognize it.

#![cfg_attr(not(test), deny(clippy::arithmetic_side_effects, clippy::as_conversions))]

use std::sync::LazyLock;

use halo2_proofs::halo2curves::{bn256::Fr, ff::PrimeField};
use rand_core::{OsRng, RngCore};
use vouch_envelope::{Section, TensorHash, hex};
use vouch_poseidon::{HashError, Poseidon, Side, tensor_salt};

static POSEIDON: LazyLock<Poseidon<Fr>> = LazyLock::new(Poseidon::new);

/// The secret from which the salts of a proof's tensors are derived. Who has it and a guess of a hashed tensor can check the guess; give it only to those who
/// may know the values. A new one for each proof.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct Salt(pub [u8; 32]);

impl Salt {
    /// A random one.
    pub fn random() -> Self {
        let mut bytes = [0; 32];
        OsRng.fill_bytes(&mut bytes);
        Self(bytes)
    }

    /// The field element for one tensor ([`tensor_salt`]).
    pub(crate) fn element(&self, section: Section, name: &str) -> Fr {
        let side = match section {
            Section::Inputs => Side::Input,
            Section::Outputs => Side::Output,
        };
        tensor_salt(&self.0, side, name)
    }

    /// The salted hash of a tensor's integers.
    ///
    /// # Errors
    /// [`HashError`] if a value has more than 32 bits.
    pub fn hash(&self, section: Section, name: &str, values: &[i64]) -> Result<TensorHash, HashError> {
        Ok(digest(&POSEIDON.hash(self.element(section, name), values)?))
    }
}

impl std::fmt::Display for Salt {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&hex::encode(&self.0))
    }
}

/// Does not show the secret.
impl std::fmt::Debug for Salt {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Salt")
    }
}

impl std::str::FromStr for Salt {
    type Err = hex::HexError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        hex::decode_array(text).map(Self)
    }
}

/// A field element as a hash: most significant byte first.
pub(crate) fn digest(element: &Fr) -> TensorHash {
    let mut bytes: [u8; 32] = element.to_repr();
    bytes.reverse();
    TensorHash(bytes)
}
