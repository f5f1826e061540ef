//! The curve that WebAssembly uses ([`super::config`]), and the reading of points, against
//! arkworks' on all pairs of hard values.

use ark_bn254::{Fq as ArkFq, Fr as ArkFr};
use ark_ec::{AffineRepr, CurveGroup, PrimeGroup};
use ark_ff::{AdditiveGroup, BigInt, BigInteger, Field, MontConfig, PrimeField};

use super::config::{self, fq};
use crate::point::decode_g1;

/// Words below the modulus at the borders of limbs of 29 and of 64 bits, and next to zero and to
/// the modulus.
fn hard_words(modulus: BigInt<4>) -> Vec<BigInt<4>> {
    let mut out = vec![BigInt::from(0u64)];
    for bit in (0..9u32).flat_map(|i| [29 * i, 29 * i + 28]).chain([63, 64, 127, 128, 191, 192, 232, 252]) {
        let mut power = BigInt::<4>::from(1u64);
        power <<= bit;
        let mut below = power;
        below.sub_with_borrow(&BigInt::from(1u64));
        out.extend([power, below]);
    }
    for distance in 1..4u64 {
        let mut value = modulus;
        value.sub_with_borrow(&BigInt::from(distance));
        out.push(value);
    }
    // As many bits as possible in all limbs but the highest.
    let [_, _, _, top] = modulus.0;
    out.push(BigInt([u64::MAX, u64::MAX, u64::MAX, top - 1]));
    out.retain(|value| *value < modulus);
    out
}

#[test]
fn products_of_all_pairs_of_hard_words() {
    let scalars = hard_words(ArkFr::MODULUS);
    let coordinates = hard_words(ArkFq::MODULUS);
    for (i, a) in coordinates.iter().enumerate() {
        for (j, b) in coordinates.iter().enumerate() {
            let (a, b) = (ArkFq::new_unchecked(*a), ArkFq::new_unchecked(*b));
            assert_eq!(fq(a) * fq(b), fq(a * b), "{a} {b}");
            assert_eq!((fq(a) + fq(b), fq(a) - fq(b)), (fq(a + b), fq(a - b)), "{a} {b}");
            // Two products at once: the largest sum of columns there is.
            let c = ArkFq::new_unchecked(coordinates[(i + j) % coordinates.len()]);
            let sum = <config::FqConfig as MontConfig<4>>::sum_of_products(&[fq(a), fq(c)], &[fq(b), fq(a)]);
            assert_eq!(sum, fq(a * b + c * a), "{a} {b} {c}");
        }
        let a = ArkFq::new_unchecked(*a);
        assert_eq!((fq(a).square(), fq(a).double(), -fq(a)), (fq(a.square()), fq(a.double()), fq(-a)));
    }
    for a in &scalars {
        for b in &scalars {
            let (a, b) = (ArkFr::new_unchecked(*a), ArkFr::new_unchecked(*b));
            let product = config::Fr::new_unchecked(a.0) * config::Fr::new_unchecked(b.0);
            assert_eq!(product.0, (a * b).0, "{a} {b}");
        }
    }
}

/// The same point on the other curve.
fn imported(point: &ark_bn254::G1Affine) -> config::G1Affine {
    point.xy().map_or(config::G1Affine::identity(), |(x, y)| config::G1Affine::new_unchecked(fq(x), fq(y)))
}

/// Sums, mixed sums and multiples on both curves, where formulas have special cases.
#[test]
fn groups_agree_in_special_cases() {
    let g = ark_bn254::G1Projective::generator();
    let points: Vec<ark_bn254::G1Affine> =
        [0i64, 1, -1, 2, -2, 3, 7, -7].iter().map(|d| (g * ArkFr::from(*d)).into_affine()).collect();
    for a in &points {
        for b in &points {
            let expected = imported(&(ark_bn254::G1Projective::from(*a) + b).into_affine());
            let (mine, other) = (config::G1Projective::from(imported(a)), config::G1Projective::from(imported(b)));
            assert_eq!((mine + imported(b)).into_affine(), expected, "{a} + {b}, mixed");
            assert_eq!((mine + other).into_affine(), expected, "{a} + {b}");
            // A sum whose Z is not 1.
            let shifted = mine + other.double() - other;
            assert_eq!(shifted.into_affine(), expected, "{a} + {b}, shifted");
        }
        let half = -ArkFr::from(1u64) / ArkFr::from(2u64);
        for scalar in [ArkFr::from(0u64), ArkFr::from(1u64), -ArkFr::from(1u64), half, ArkFr::from(2u64).pow([253])] {
            let mine = imported(a) * config::Fr::new_unchecked(scalar.0);
            assert_eq!(mine.into_affine(), imported(&(*a * scalar).into_affine()), "{a} times {scalar}");
        }
    }
}

/// Every string of 32 bytes is a point exactly if arkworks finds one with that x and parity, and is
/// written back as the same bytes.
#[test]
fn points_are_read_as_arkworks_finds_them() {
    let mut coordinates: Vec<BigInt<4>> = hard_words(ArkFq::MODULUS);
    coordinates.extend((0..200u64).map(BigInt::from));
    let mut found = 0;
    for x in coordinates {
        let bytes: [u8; 32] = x.to_bytes_le().try_into().unwrap();
        let point = ArkFq::from_bigint(x).and_then(ark_bn254::G1Affine::get_ys_from_x_unchecked);
        for parity in [false, true] {
            let mut bytes = bytes;
            bytes[31] |= u8::from(parity) << 6;
            let decoded = decode_g1(&bytes).ok();
            let expected = point.map(|(a, b)| if a.into_bigint().is_odd() == parity { a } else { b });
            assert_eq!(decoded.map(|p| p.y), expected, "x = {x}");
            assert!(decoded.is_none_or(|p| p.is_on_curve() && p.x.into_bigint() == x));
            found += usize::from(decoded.is_some());
        }
        // x + p is another string for the same x: it is refused wherever it fits.
        let mut larger = x;
        if !larger.add_with_carry(&ArkFq::MODULUS) && larger.num_bits() <= 254 {
            assert!(decode_g1(&larger.to_bytes_le().try_into().unwrap()).is_err(), "x = {x} + p");
        }
    }
    assert!(found > 100, "{found} points");
}
