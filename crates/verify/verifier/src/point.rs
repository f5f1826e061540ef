//! Compressed points in halo2's encoding: the x coordinate in little-endian order; in the last byte, bit 7 marks the
//! identity and bit 6 is the parity of y (of its first coefficient, for G2).
//!
//! halo2 accepts the identity mark, and ignores it, on other points, and accepts a parity bit on the identity. Here a
//! point has one encoding: nobody can change a proof's bytes without changing its meaning.

use ark_ec::AffineRepr;
use ark_ec::short_weierstrass::{Affine, SWCurveConfig};
use ark_ff::{AdditiveGroup, BigInteger, Field, PrimeField, Zero};

use crate::curve::{Fq, Fq2, G1Affine, G1Config, G2Affine};
use crate::error::PointError;
use crate::field;

const IDENTITY: u8 = 0b1000_0000;
const ODD: u8 = 0b0100_0000;

/// Splits the flags from the last byte of `bytes`.
fn split_flags<const N: usize>(bytes: &[u8; N]) -> ([u8; N], u8) {
    let mut x = *bytes;
    let mut flags = 0;
    if let Some(last) = x.last_mut() {
        flags = *last & (IDENTITY | ODD);
        *last &= !(IDENTITY | ODD);
    }
    (x, flags)
}

/// Whether the identity is encoded, canonically.
fn is_identity<const N: usize>(x: &[u8; N], flags: u8) -> Result<bool, PointError> {
    if flags & IDENTITY == 0 {
        return Ok(false);
    }
    if flags == IDENTITY && x.iter().all(|&byte| byte == 0) { Ok(true) } else { Err(PointError::NotCanonical) }
}

/// The point with coordinates x and y, or -y: the one of the parity that `flags` says.
fn select<C: SWCurveConfig>(
    x: C::BaseField,
    y: C::BaseField,
    flags: u8,
    is_odd: impl Fn(&C::BaseField) -> bool,
) -> Result<Affine<C>, PointError> {
    let want = flags & ODD != 0;
    let mut negative = y;
    negative.neg_in_place();
    let y = [y, negative].into_iter().find(|y| is_odd(y) == want).ok_or(PointError::NotCanonical)?;
    Ok(Affine::new_unchecked(x, y))
}

/// A square root, if there is one: `a^((p + 1) / 4)`, since p = 3 modulo 4, with four bits of the exponent at a time.
fn square_root(a: Fq) -> Option<Fq> {
    // floor(p / 4) = (p + 1) / 4 - 1.
    let mut exponent = Fq::MODULUS;
    exponent.div2();
    exponent.div2();
    let mut powers = [Fq::ONE; 16];
    let mut power = Fq::ONE;
    for slot in powers.iter_mut().skip(1) {
        power *= a;
        *slot = power;
    }
    let mut root = Fq::ONE;
    for nibble in exponent.to_bytes_be().into_iter().flat_map(|byte| [byte >> 4, byte & 15]) {
        root.square_in_place().square_in_place().square_in_place().square_in_place();
        if nibble != 0 {
            root *= powers.get(usize::from(nibble))?;
        }
    }
    root *= a;
    (root.square() == a).then_some(root)
}

fn is_odd(y: &Fq) -> bool {
    y.into_bigint().is_odd()
}

/// Reads a point of G1. Its order is prime, so every point of the curve is in the group.
pub(crate) fn decode_g1(bytes: &[u8; 32]) -> Result<G1Affine, PointError> {
    let (x, flags) = split_flags(bytes);
    if is_identity(&x, flags)? {
        return Ok(G1Affine::identity());
    }
    let x = field::from_canonical::<Fq>(&x).ok_or(PointError::NotCanonical)?;
    let y = square_root(G1Config::add_b(x.square() * x)).ok_or(PointError::NotOnCurve)?;
    select(x, y, flags, is_odd)
}

/// Reads a point of G1 other than the identity from its coordinates, most significant byte first.
pub(crate) fn decode_coordinates(mut x: [u8; 32], mut y: [u8; 32]) -> Result<G1Affine, PointError> {
    x.reverse();
    y.reverse();
    let (x, y) =
        field::from_canonical::<Fq>(&x).zip(field::from_canonical::<Fq>(&y)).ok_or(PointError::NotCanonical)?;
    if y.square() == G1Config::add_b(x.square() * x) {
        return Ok(G1Affine::new_unchecked(x, y));
    }
    // The identity has no coordinates; contracts write (0, 0).
    Err(if x.is_zero() && y.is_zero() { PointError::Identity } else { PointError::NotOnCurve })
}

/// Reads a point of G2 other than the identity, and checks that it is in the subgroup.
pub(crate) fn decode_g2(bytes: &[u8; 64]) -> Result<G2Affine, PointError> {
    let (x, flags) = split_flags(bytes);
    if is_identity(&x, flags)? {
        return Err(PointError::Identity);
    }
    let (halves, _) = x.as_chunks::<32>();
    let mut coefficients = halves.iter().map(field::from_canonical::<Fq>);
    let (Some(Some(c0)), Some(Some(c1))) = (coefficients.next(), coefficients.next()) else {
        return Err(PointError::NotCanonical);
    };
    let x = Fq2::new(c0, c1);
    let (y, _) = G2Affine::get_ys_from_x_unchecked(x).ok_or(PointError::NotOnCurve)?;
    let point: G2Affine = select(x, y, flags, |y: &Fq2| is_odd(&y.c0))?;
    if point.is_in_correct_subgroup_assuming_on_curve() { Ok(point) } else { Err(PointError::NotInSubgroup) }
}

/// Uncompressed coordinates as the transcript absorbs them; the identity is (0, 0).
pub(crate) fn coordinates(point: &G1Affine) -> [[u8; 32]; 2] {
    point.xy().map_or([[0; 32]; 2], |(x, y)| [field::to_bytes(&x), field::to_bytes(&y)])
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::curve::{Fr, G1Projective};
    use ark_ec::CurveGroup;

    /// Writes a point of G1 as [`decode_g1`] reads it.
    fn encode_g1(point: &G1Affine) -> [u8; 32] {
        let Some((x, y)) = point.xy() else {
            return std::array::from_fn(|i| if i == 31 { IDENTITY } else { 0 });
        };
        let mut bytes = field::to_bytes(&x);
        bytes[31] |= if is_odd(&y) { ODD } else { 0 };
        bytes
    }

    fn encode_g2(point: &G2Affine) -> [u8; 64] {
        let (x, y) = point.xy().unwrap();
        let mut bytes = [0; 64];
        bytes[..32].copy_from_slice(&field::to_bytes(&x.c0));
        bytes[32..].copy_from_slice(&field::to_bytes(&x.c1));
        bytes[63] |= if is_odd(&y.c0) { ODD } else { 0 };
        bytes
    }

    #[test]
    fn points_have_one_encoding() {
        for scalar in 0u64..20 {
            let point = (G1Projective::from(G1Affine::generator()) * Fr::from(scalar)).into_affine();
            let bytes = encode_g1(&point);
            assert_eq!(decode_g1(&bytes), Ok(point));
            let mut marked = bytes;
            marked[31] ^= IDENTITY;
            assert!(decode_g1(&marked).is_err());
            let mut flipped = bytes;
            flipped[31] ^= ODD;
            let negative = if scalar == 0 { Err(PointError::NotCanonical) } else { Ok(-point) };
            assert_eq!(decode_g1(&flipped), negative);
        }
    }

    #[test]
    fn coordinates_are_below_the_modulus_and_on_the_curve() {
        assert_eq!(decode_g1(&[0x3f; 32]), Err(PointError::NotCanonical));
        assert_eq!(decode_g1(&[0; 32]), Err(PointError::NotOnCurve));
        let mut modulus = field::to_bytes(&-Fq::from(1u64));
        modulus[0] += 1;
        assert_eq!(decode_g1(&modulus), Err(PointError::NotCanonical));
    }

    #[test]
    fn square_roots_are_those_of_arkworks() {
        for number in (0u64..100).map(Fq::from).chain([-Fq::from(1u64), Fq::from(3u64).pow([u64::MAX, 5])]) {
            assert_eq!(square_root(number), number.sqrt());
        }
    }

    #[test]
    fn g2_points_are_in_the_subgroup() {
        let generator = G2Affine::generator();
        assert_eq!(decode_g2(&encode_g2(&generator)), Ok(generator));
        let identity = std::array::from_fn(|i| if i == 63 { IDENTITY } else { 0 });
        assert_eq!(decode_g2(&identity), Err(PointError::Identity));
        assert_eq!(decode_g2(&[0x3f; 64]), Err(PointError::NotCanonical));
        // Most points of the twist are outside the subgroup, whose cofactor has 254 bits.
        let outside = (0u64..)
            .find_map(|x| G2Affine::get_point_from_x_unchecked(Fq2::new(Fq::from(x), Fq::from(1u64)), false))
            .unwrap();
        assert_eq!(decode_g2(&encode_g2(&outside)), Err(PointError::NotInSubgroup));
    }
}
