//! Sums and multiples of points where formulas have special cases, the test of the subgroup, and the reading of points.

use ark_ec::{AffineRepr, CurveGroup};
use ark_ff::{BigInteger, PrimeField, Zero};
use proptest::prelude::*;

use crate::bn254::field::Fr;
use crate::bn254::group::{Affine, Coordinate, G1, G1Affine, Jacobian};
use crate::bn254::integer::{Words, difference};
use crate::bn254::prime::{Coordinates, Prime, Scalars};
use crate::bn254::sample::{element, g2_generator, hard, hard_words, our_fq, our_g1, our_g2, outside_of_g2, their_fr};
use crate::field;
use crate::point::decode_g1;

/// Small multiples of a point, those that end a group, and the point of none.
fn scalars() -> Vec<Fr> {
    [0, 1, -1, 2, -2, 3, 7, -7].map(field::from_i64).to_vec()
}

/// All sums of two of the points, whose scalars are known, in all three ways.
fn sums<F: Coordinate>(scalars: &[Fr], multiple: impl Fn(&Fr) -> Affine<F>) {
    for a in scalars {
        for b in scalars {
            let (p, q, expected) = (multiple(a), multiple(b), multiple(&(*a + b)));
            let (left, right) = (Jacobian::from(p), Jacobian::from(q));
            assert_eq!(left.add_affine(&q).to_affine(), expected, "{a:?} + {b:?}, mixed");
            assert_eq!((left + right).to_affine(), expected, "{a:?} + {b:?}");
            // Sums of points whose Z is not 1.
            let shifted = left + right.double() + Jacobian::from(-q);
            assert_eq!((shifted.to_affine(), shifted), (expected, Jacobian::from(expected)));
            let twice = (shifted.double() + left.double() + right.double()).to_affine();
            assert_eq!(twice, multiple(&(*a + b).double().double()), "{a:?} + {b:?}, shifted");
            assert_eq!(shifted.add_affine(&-expected), Jacobian::IDENTITY);
            assert_eq!(shifted.add_affine(&expected), shifted.double());
            assert_eq!(shifted == left, expected == p);
        }
    }
}

#[test]
fn sums_agree_in_special_cases() {
    sums(&scalars(), |scalar| our_g1((ark_bn254::G1Affine::generator() * their_fr(*scalar)).into_affine()));
    sums(&scalars(), |scalar| our_g2((ark_bn254::G2Affine::generator() * their_fr(*scalar)).into_affine()));
    assert_eq!([1u64, 2].map(|c| our_fq(c.into())), [G1Affine::GENERATOR.x, G1Affine::GENERATOR.y]);
}

#[test]
fn multiples_agree_for_hard_scalars() {
    for scalar in scalars().into_iter().chain(hard::<Scalars>()) {
        let (n, theirs) = (scalar.to_words(), their_fr(scalar));
        let ours = G1::multiple(&G1Affine::GENERATOR, &n).to_affine();
        assert_eq!(ours, our_g1((ark_bn254::G1Affine::generator() * theirs).into_affine()), "{scalar:?}");
        let ours = Jacobian::multiple(&g2_generator(), &n).to_affine();
        assert_eq!(ours, our_g2((ark_bn254::G2Affine::generator() * theirs).into_affine()), "{scalar:?}");
        assert_eq!(G1::multiple(&G1Affine::IDENTITY, &n), G1::IDENTITY);
    }
    assert_eq!(G1::multiple(&G1Affine::GENERATOR, &Scalars::MODULUS), G1::IDENTITY);
    assert_eq!(Jacobian::multiple(&g2_generator(), &Scalars::MODULUS), Jacobian::IDENTITY);
}

/// A point is in G2 exactly if r times it is the identity.
#[test]
fn the_subgroup_is_that_of_order_r() {
    for number in 0..20 {
        let point = outside_of_g2(number);
        let is_inside = Jacobian::multiple(&point, &Scalars::MODULUS) == Jacobian::IDENTITY;
        assert!(point.is_on_curve() && !is_inside && !point.is_in_subgroup());
        // r times it is in the subgroup whose order is the cofactor, 2 p - r; the cofactor times it is in G2.
        let of_cofactor = Jacobian::multiple(&point, &Scalars::MODULUS).to_affine();
        assert!(!of_cofactor.is_in_subgroup());
        let p = Coordinates::MODULUS;
        let twice: Words = std::array::from_fn(|i| p[i] << 1 | if i > 0 { p[i - 1] >> 63 } else { 0 });
        let cleared = Jacobian::multiple(&point, &difference(&twice, &Scalars::MODULUS).0).to_affine();
        assert!(cleared.is_in_subgroup() && !cleared.is_identity());
        // A sum of a point inside and one outside is outside.
        assert!(!Jacobian::from(cleared).add_affine(&of_cofactor).to_affine().is_in_subgroup());
    }
    for scalar in hard::<Scalars>().into_iter().step_by(7) {
        assert!(Jacobian::multiple(&g2_generator(), &scalar.to_words()).to_affine().is_in_subgroup());
    }
}

proptest! {
    #[test]
    fn multiples_agree(a in element::<Scalars>(), b in element::<Scalars>()) {
        let g = ark_bn254::G1Affine::generator();
        let (p, q) = ((g * their_fr(a)).into_affine(), (g * their_fr(b)).into_affine());
        let ours = G1::multiple(&our_g1(p), &b.to_words());
        prop_assert_eq!(ours.to_affine(), our_g1((p * their_fr(b)).into_affine()));
        prop_assert_eq!((ours + G1::from(our_g1(q))).to_affine(), our_g1((p * their_fr(b) + q).into_affine()));
        let many = [ours, G1::IDENTITY, G1::from(our_g1(q)), ours.double()];
        prop_assert_eq!(G1::all_to_affine(&many), many.map(G1::to_affine).to_vec());
    }
}

/// Every string of 32 bytes is a point exactly if arkworks finds one with that x and parity, and is written back as the same
/// bytes.
#[test]
fn points_are_read_as_arkworks_finds_them() {
    let mut coordinates = hard_words::<Coordinates>();
    coordinates.extend((0..200u64).map(|x| [x, 0, 0, 0]));
    let mut found = 0;
    for words in coordinates {
        let x = ark_bn254::Fq::from_bigint(ark_ff::BigInt(words)).unwrap();
        let point = ark_bn254::G1Affine::get_ys_from_x_unchecked(x);
        for parity in [false, true] {
            let mut bytes: [u8; 32] = words.map(u64::to_le_bytes).concat().try_into().unwrap();
            bytes[31] |= u8::from(parity) << 6;
            let decoded = decode_g1(&bytes).ok();
            let expected = point.map(|(a, b)| if a.into_bigint().is_odd() == parity { a } else { b });
            let expected = expected.map(|y| Affine { x: our_fq(x), y: our_fq(y) });
            assert_eq!(decoded, expected, "x = {x}");
            assert!(decoded.is_none_or(|p| p.is_on_curve() && !p.is_identity()));
            found += usize::from(decoded.is_some());
        }
        assert!(!x.is_zero() || point.is_none());
        // x + p is another string for the same x: it is refused wherever it fits.
        let mut larger = ark_ff::BigInt(words);
        if !larger.add_with_carry(&ark_bn254::Fq::MODULUS) && larger.num_bits() <= 254 {
            assert!(decode_g1(&larger.to_bytes_le().try_into().unwrap()).is_err(), "x = {x} + p");
        }
    }
    assert!(found > 100, "{found} points");
}
