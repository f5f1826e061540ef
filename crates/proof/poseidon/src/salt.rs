//! The salt of one tensor.

use crate::{Element, grain};

const PERSONAL: &[u8; 16] = b"Vouch-tensorsalt";

/// Where a tensor is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Side {
    /// Among the inputs.
    Input,
    /// Among the outputs.
    Output,
}

/// The salt of one tensor, from the secret of a proof: 512 bits of BLAKE2b (personalization `Vouch-tensorsalt`) of the secret, a byte for the side (0: inputs, 1: outputs) and the
/// tensor's name, as a little-endian number, reduced. Who learns the salt of one tensor learns nothing of those of others.
pub fn tensor_salt<F: Element>(secret: &[u8; 32], side: Side, name: &str) -> F {
    let mut state = blake2b_simd::Params::new().hash_length(64).personal(PERSONAL).to_state();
    state.update(secret).update(&[u8::from(side == Side::Output)]).update(name.as_bytes());
    let hash = state.finalize();
    let (words, _) = hash.as_array().as_chunks::<8>();
    let mut limbs = [0; 8];
    for (limb, word) in limbs.iter_mut().zip(words) {
        *limb = u64::from_le_bytes(*word);
    }
    grain::element(limbs)
}
