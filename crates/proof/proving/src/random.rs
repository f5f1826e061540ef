//! Randomness from the operating system.

use halo2_proofs::halo2curves::{bn256::Fr, ff::FromUniformBytes};
use rand_core::{OsRng, RngCore};

/// Uniform field elements from the operating system's generator.
pub(crate) fn fill_random(to: &mut [Fr]) {
    let mut bytes = [0u8; 64 * 64];
    for chunk in to.chunks_mut(64) {
        let bytes = &mut bytes[..64 * chunk.len()];
        OsRng.fill_bytes(bytes);
        for (v, b) in chunk.iter_mut().zip(bytes.as_chunks::<64>().0) {
            *v = Fr::from_uniform_bytes(b);
        }
    }
}
