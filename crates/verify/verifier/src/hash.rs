//! BLAKE2b with a personalization (RFC 7693; the paper's section 2.8).
//!
//! `blake2` has a variant that is small as WebAssembly, but none with a personalization and without a key, so its block
//! function is used with a buffer.

use blake2::Blake2bVarCore;
use blake2::digest::core_api::{Buffer, UpdateCore, VariableOutputCore};

/// A hash in the making.
#[derive(Clone)]
pub(crate) struct Hash {
    core: Blake2bVarCore,
    buffer: Buffer<Blake2bVarCore>,
}

impl Hash {
    /// The hash of `LEN` bytes of nothing yet.
    pub(crate) fn new<const LEN: usize>(personalization: [u8; 16]) -> Self {
        const { assert!(LEN >= 1 && LEN <= 64) };
        let core = Blake2bVarCore::new_with_params(&[], &personalization, 0, LEN);
        Self { core, buffer: Buffer::<Blake2bVarCore>::default() }
    }

    /// Appends bytes to what is hashed.
    pub(crate) fn update(&mut self, bytes: &[u8]) -> &mut Self {
        let Self { core, buffer } = self;
        buffer.digest_blocks(bytes, |blocks| core.update_blocks(blocks));
        self
    }

    /// The hash of everything so far, of which the first `LEN` bytes count.
    pub(crate) fn finish(&self) -> [u8; 64] {
        let Self { mut core, mut buffer } = self.clone();
        let mut output = Default::default();
        core.finalize_variable_core(&mut buffer, &mut output);
        output.into()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Against a second implementation, at lengths around the block's.
    #[test]
    fn is_blake2b() {
        let bytes: Vec<u8> = (0u32..1_000).map(|i| ((i * i) >> 3) as u8).collect();
        for len in [0, 1, 127, 128, 129, 255, 256, 257, 1_000] {
            let (first, second) = bytes[..len].split_at(len / 3);
            let hash = Hash::new::<64>(*b"Halo2-Transcript").update(first).update(second).finish();
            let params = |len| {
                let mut params = blake2b_simd::Params::new();
                params.hash_length(len).personal(b"Halo2-Transcript");
                params
            };
            assert_eq!(&hash, params(64).hash(&bytes[..len]).as_array(), "{len}");
            let hash = Hash::new::<32>(*b"Halo2-Transcript").update(&bytes[..len]).finish();
            assert_eq!(&hash[..32], params(32).hash(&bytes[..len]).as_bytes(), "{len}");
        }
    }
}
