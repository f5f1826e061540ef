//! Compressed points in halo2's encoding: the x coordinate in little-endian order; in the last byte, bit 7 marks the
//! identity and bit 6 is the parity of y (of its first coefficient, for G2).
//!
//! halo2 accepts the identity mark, and ignores it, on other points, and accepts a parity bit on the identity. Here a
//! point has one encoding: nobody can change a proof's bytes without changing its meaning.

use crate::bn254::{Affine, Coordinate, Fq, Fq2, G1Affine, G2Affine};
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
fn select<F: Coordinate>(x: F, y: F, flags: u8, is_odd: impl Fn(&F) -> bool) -> Result<Affine<F>, PointError> {
    let want = flags & ODD != 0;
    let y = [y, -y].into_iter().find(|y| is_odd(y) == want).ok_or(PointError::NotCanonical)?;
    Ok(Affine { x, y })
}

fn is_odd(y: &Fq) -> bool {
    let [low, ..] = y.to_words();
    low & 1 == 1
}

/// Reads a point of G1. Its order is prime, so every point of the curve is in the group.
pub(crate) fn decode_g1(bytes: &[u8; 32]) -> Result<G1Affine, PointError> {
    let (x, flags) = split_flags(bytes);
    if is_identity(&x, flags)? {
        return Ok(G1Affine::IDENTITY);
    }
    let x = field::from_canonical(&x).ok_or(PointError::NotCanonical)?;
    let y = G1Affine::right_side(x).square_root().ok_or(PointError::NotOnCurve)?;
    select(x, y, flags, is_odd)
}

/// Reads a point of G1 other than the identity from its coordinates, most significant byte first.
pub(crate) fn decode_coordinates(mut x: [u8; 32], mut y: [u8; 32]) -> Result<G1Affine, PointError> {
    x.reverse();
    y.reverse();
    let (x, y): (Fq, Fq) = field::from_canonical(&x).zip(field::from_canonical(&y)).ok_or(PointError::NotCanonical)?;
    if y.square() == G1Affine::right_side(x) {
        return Ok(G1Affine { x, y });
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
    let mut coefficients = halves.iter().map(field::from_canonical);
    let (Some(Some(c0)), Some(Some(c1))) = (coefficients.next(), coefficients.next()) else {
        return Err(PointError::NotCanonical);
    };
    let x = Fq2::new(c0, c1);
    let y = G2Affine::right_side(x).square_root().ok_or(PointError::NotOnCurve)?;
    let point = select(x, y, flags, |y: &Fq2| is_odd(&y.c0))?;
    if point.is_in_subgroup() { Ok(point) } else { Err(PointError::NotInSubgroup) }
}

/// Uncompressed coordinates as the transcript absorbs them; the identity is (0, 0).
pub(crate) fn coordinates(point: &G1Affine) -> [[u8; 32]; 2] {
    [field::to_bytes(&point.x), field::to_bytes(&point.y)]
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::bn254::G1;
    use crate::bn254::sample::{g2_generator, outside_of_g2};

    /// Writes a point of G1 as [`decode_g1`] reads it.
    fn encode_g1(point: &G1Affine) -> [u8; 32] {
        if point.is_identity() {
            return std::array::from_fn(|i| if i == 31 { IDENTITY } else { 0 });
        }
        let mut bytes = field::to_bytes(&point.x);
        bytes[31] |= if is_odd(&point.y) { ODD } else { 0 };
        bytes
    }

    fn encode_g2(point: &G2Affine) -> [u8; 64] {
        let G2Affine { x, y } = point;
        let mut bytes = [0; 64];
        bytes[..32].copy_from_slice(&field::to_bytes(&x.c0));
        bytes[32..].copy_from_slice(&field::to_bytes(&x.c1));
        bytes[63] |= if is_odd(&y.c0) { ODD } else { 0 };
        bytes
    }

    #[test]
    fn points_have_one_encoding() {
        for scalar in 0u64..20 {
            let point = G1::multiple(&G1Affine::GENERATOR, &[scalar, 0, 0, 0]).to_affine();
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
    fn g2_points_are_in_the_subgroup() {
        let generator = g2_generator();
        assert_eq!(decode_g2(&encode_g2(&generator)), Ok(generator));
        let identity = std::array::from_fn(|i| if i == 63 { IDENTITY } else { 0 });
        assert_eq!(decode_g2(&identity), Err(PointError::Identity));
        assert_eq!(decode_g2(&[0x3f; 64]), Err(PointError::NotCanonical));
        // Most points of the twist are outside the subgroup, whose cofactor has 254 bits.
        assert_eq!(decode_g2(&encode_g2(&outside_of_g2(0))), Err(PointError::NotInSubgroup));
    }
}
