//! Encodings of field elements, and the constants of halo2's evaluation domains.

use crate::curve::Fr;
use ark_ff::{BigInt, FftField, Field, PrimeField};
use vouch_envelope::TensorHash;

/// The element whose little-endian encoding is `bytes`, if that is less than the modulus.
pub(crate) fn from_canonical<F: PrimeField<BigInt = BigInt<4>>>(bytes: &[u8; 32]) -> Option<F> {
    let mut limbs = [0u64; 4];
    let (words, _) = bytes.as_chunks::<8>();
    for (limb, word) in limbs.iter_mut().zip(words) {
        *limb = u64::from_le_bytes(*word);
    }
    F::from_bigint(BigInt(limbs))
}

/// Little-endian encoding of an element.
pub(crate) fn to_bytes<F: PrimeField<BigInt = BigInt<4>>>(value: &F) -> [u8; 32] {
    let mut bytes = [0u8; 32];
    let (words, _) = bytes.as_chunks_mut::<8>();
    for (word, limb) in words.iter_mut().zip(value.into_bigint().0) {
        *word = limb.to_le_bytes();
    }
    bytes
}

/// The little-endian integer of 512 bits, reduced: its distance from uniform is below 2^-256.
pub(crate) fn from_wide(bytes: &[u8; 64]) -> Fr {
    Fr::from_le_bytes_mod_order(bytes)
}

/// The element whose big-endian encoding a hash is, if that is less than the modulus.
pub(crate) fn from_hash(hash: &TensorHash) -> Option<Fr> {
    let mut bytes = hash.0;
    bytes.reverse();
    from_canonical(&bytes)
}

/// A signed integer as a field element: `-v` is `p - v`.
pub(crate) fn from_i64(value: i64) -> Fr {
    let magnitude = Fr::from(value.unsigned_abs());
    if value < 0 { -magnitude } else { magnitude }
}

/// Two elements for 32 bytes: the high and the low 16 bytes, each read as a big-endian integer.
pub(crate) fn from_halves(bytes: &[u8; 32]) -> [Fr; 2] {
    let mut halves = [Fr::from(0u64); 2];
    let (chunks, _) = bytes.as_chunks::<16>();
    for (half, chunk) in halves.iter_mut().zip(chunks) {
        *half = Fr::from(u128::from_be_bytes(*chunk));
    }
    halves
}

/// `2^exponent`.
pub(crate) fn power_of_two(exponent: u8) -> Fr {
    Fr::from(2u64).pow([u64::from(exponent)])
}

/// halo2's generator of the multiplicative group of the BN254 scalar field. (Arkworks uses 5: its roots of unity are
/// not halo2's.)
const GENERATOR: u64 = 7;

/// halo2's root of unity of order `2^k`, for k up to the two-adicity: `7^t` to the power `2^(28 - k)`, where
/// `r - 1 = 2^28 t`.
pub(crate) fn root_of_unity(k: u32) -> Fr {
    let mut root = Fr::from(GENERATOR).pow(Fr::TRACE);
    for _ in k..Fr::TWO_ADICITY {
        root.square_in_place();
    }
    root
}

/// halo2's `DELTA`: `7^(2^28)`, of order t. Its powers keep the columns' cosets apart in the permutation argument.
pub(crate) fn delta() -> Fr {
    Fr::from(GENERATOR).pow([1u64 << Fr::TWO_ADICITY])
}

#[cfg(test)]
mod tests {
    use super::*;
    use ark_ff::{One, Zero};

    #[test]
    fn constants_are_those_of_halo2() {
        let hex = |value: Fr| {
            let mut bytes = to_bytes(&value);
            bytes.reverse();
            vouch_envelope::hex::encode(&bytes)
        };
        assert_eq!(hex(root_of_unity(28)), "03ddb9f5166d18b798865ea93dd31f743215cf6dd39329c8d34f1ed960c37c9c");
        assert_eq!(hex(delta()), "09226b6e22c6f0ca64ec26aad4c86e715b5f898e5e963f25870e56bbe533e9a2");
        assert_eq!(root_of_unity(5).pow([32]), Fr::one());
        assert_ne!(root_of_unity(5).pow([16]), Fr::one());
    }

    #[test]
    fn encodings_are_canonical() {
        for value in [0, 1, -1, i64::MIN, i64::MAX] {
            let element = from_i64(value);
            assert_eq!(from_canonical(&to_bytes(&element)), Some(element));
            assert!((element - from_i64(value)).is_zero());
            assert_eq!(
                element + Fr::from(value.unsigned_abs()) * Fr::from(value < 0),
                Fr::from(value.max(0).unsigned_abs())
            );
        }
        let mut modulus = to_bytes(&from_i64(-1));
        modulus[0] += 1;
        assert_eq!(from_canonical::<Fr>(&modulus), None);
        assert_eq!(from_halves(&std::array::from_fn(|i| u8::from(i == 15 || i == 31))), [Fr::one(); 2]);
    }
}
