//! The salt of one tensor.

use vouch_schema::{Salt, Section};

use crate::{Element, grain};

const PERSONAL: &[u8; 16] = b"Vouch-tensorsalt";

/// The salt of one tensor, from the salt of a proof: 512 bits of BLAKE2b (personalization `Vouch-tensorsalt`) of the
/// proof's salt, a byte for the section (0: inputs, 1: outputs) and the tensor's name, as a little-endian number, reduced.
/// The salt of one tensor reveals nothing about the salts of others.
pub fn tensor_salt<F: Element>(salt: &Salt, section: Section, name: &str) -> F {
    let section = match section {
        Section::Inputs => 0,
        Section::Outputs => 1,
    };
    let mut state = blake2b_simd::Params::new().hash_length(64).personal(PERSONAL).to_state();
    state.update(&salt.0).update(&[section]).update(name.as_bytes());
    let hash = state.finalize();
    let (words, _) = hash.as_array().as_chunks::<8>();
    let mut limbs = [0; 8];
    for (limb, word) in limbs.iter_mut().zip(words) {
        *limb = u64::from_le_bytes(*word);
    }
    grain::element(limbs)
}
