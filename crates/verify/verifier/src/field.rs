//! Encodings of field elements, and the constants of halo2's evaluation domains.

use crate::bn254::{Fp, Fr, Prime, Words, halve};
use vouch_envelope::TensorHash;

/// The integer whose little-endian encoding is `bytes`.
fn integer(bytes: &[u8; 32]) -> Words {
    let mut integer = [0; 4];
    for (word, bytes) in integer.iter_mut().zip(bytes.as_chunks::<8>().0) {
        *word = u64::from_le_bytes(*bytes);
    }
    integer
}

/// The element whose little-endian encoding is `bytes`, if that is less than the modulus.
pub(crate) fn from_canonical<M: Prime>(bytes: &[u8; 32]) -> Option<Fp<M>> {
    Fp::from_words(integer(bytes))
}

/// Little-endian encoding of an element.
pub(crate) fn to_bytes<M: Prime>(value: &Fp<M>) -> [u8; 32] {
    let mut bytes = [0; 32];
    for (bytes, word) in bytes.as_chunks_mut::<8>().0.iter_mut().zip(value.to_words()) {
        *bytes = word.to_le_bytes();
    }
    bytes
}

/// The little-endian integer of 512 bits, reduced: its distance from uniform is below 2^-256.
pub(crate) fn from_wide(bytes: &[u8; 64]) -> Fr {
    let shift = Fr::from(1u128 << 64).square().square();
    bytes.as_chunks::<32>().0.iter().rev().fold(Fr::ZERO, |sum, half| sum * shift + Fr::from_integer(integer(half)))
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

/// halo2's generator of the multiplicative group of the scalar field.
const GENERATOR: u64 = 7;

/// `r - 1 = 2^28 t`, with an odd t.
pub(crate) const TWO_ADICITY: u32 = 28;

/// halo2's root of unity of order `2^k`, for k up to the two-adicity: `7^t` to the power `2^(28 - k)`.
pub(crate) fn root_of_unity(k: u32) -> Fr {
    let mut t = (-Fr::ONE).to_words();
    for _ in 0..TWO_ADICITY {
        t = halve(&t);
    }
    let mut root = Fr::from(GENERATOR).pow(t);
    for _ in k..TWO_ADICITY {
        root = root.square();
    }
    root
}

/// halo2's `DELTA`: `7^(2^28)`, of order t. Its powers keep the columns' cosets apart in the permutation argument.
pub(crate) fn delta() -> Fr {
    Fr::from(GENERATOR).pow([1u64 << TWO_ADICITY])
}

/// An element that is drawn at random.
#[cfg(test)]
pub(crate) fn random(rng: &mut impl rand::RngCore) -> Fr {
    let mut bytes = [0; 64];
    rng.fill_bytes(&mut bytes);
    from_wide(&bytes)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::bn254::Scalars;

    #[test]
    fn constants_are_those_of_halo2() {
        let hex = |value: Fr| {
            let mut bytes = to_bytes(&value);
            bytes.reverse();
            vouch_envelope::hex::encode(&bytes)
        };
        assert_eq!(hex(root_of_unity(28)), "03ddb9f5166d18b798865ea93dd31f743215cf6dd39329c8d34f1ed960c37c9c");
        assert_eq!(hex(delta()), "09226b6e22c6f0ca64ec26aad4c86e715b5f898e5e963f25870e56bbe533e9a2");
        assert_eq!(root_of_unity(5).pow([32]), Fr::ONE);
        assert_ne!(root_of_unity(5).pow([16]), Fr::ONE);
    }

    #[test]
    fn encodings_are_canonical() {
        for value in [0, 1, -1, i64::MIN, i64::MAX] {
            let element = from_i64(value);
            assert_eq!(from_canonical(&to_bytes(&element)), Some(element));
            assert!((element - from_i64(value)).is_zero());
            assert_eq!(
                element + Fr::from(value.unsigned_abs()) * Fr::from(u64::from(value < 0)),
                Fr::from(value.max(0).unsigned_abs())
            );
        }
        let mut modulus = to_bytes(&from_i64(-1));
        modulus[0] += 1;
        assert_eq!(from_canonical::<Scalars>(&modulus), None);
        assert_eq!(from_halves(&std::array::from_fn(|i| u8::from(i == 15 || i == 31))), [Fr::ONE; 2]);
    }
}
