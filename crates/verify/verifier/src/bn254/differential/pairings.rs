//! The pairing against arkworks', and its laws.

use ark_ec::pairing::Pairing;
use ark_ec::{AffineRepr, CurveGroup};
use proptest::prelude::*;

use crate::bn254::cubic::Fq6;
use crate::bn254::field::Fr;
use crate::bn254::group::{Affine, Coordinate, G1Affine, G2Affine, Jacobian};
use crate::bn254::lines::{PreparedG2, Step, steps};
use crate::bn254::pairing::{miller_loop, product_is_one};
use crate::bn254::prime::Scalars;
use crate::bn254::sample::{element, g2_generator, hard, our_fq2, our_g1, our_g2, their_fr};
use crate::bn254::tower::Fq12;

type TheirG1 = ark_bn254::G1Affine;
type TheirG2 = ark_bn254::G2Affine;

/// The product of the pairings, by arkworks.
fn theirs(pairs: &[(TheirG1, TheirG2)]) -> Fq12 {
    let (left, right): (Vec<_>, Vec<_>) = pairs.iter().copied().unzip();
    let value = ark_bn254::Bn254::multi_pairing(left, right).0;
    let [c0, c1] = [value.c0, value.c1].map(|c| Fq6::new(our_fq2(c.c0), our_fq2(c.c1), our_fq2(c.c2)));
    Fq12::new(c0, c1)
}

/// The product of the pairings.
fn ours(pairs: &[(G1Affine, G2Affine)]) -> Fq12 {
    let prepared: Vec<PreparedG2> = pairs.iter().map(|(_, point)| PreparedG2::new(point)).collect();
    let pairs: Vec<_> = pairs.iter().map(|(point, _)| *point).zip(&prepared).collect();
    let value = miller_loop(&pairs).final_exponentiation().unwrap();
    assert_eq!(product_is_one(&pairs), value == Fq12::ONE);
    value
}

fn both(pairs: &[(TheirG1, TheirG2)]) -> Fq12 {
    let value = ours(&pairs.iter().map(|(p, q)| (our_g1(*p), our_g2(*q))).collect::<Vec<_>>());
    assert_eq!(value, theirs(pairs));
    value
}

fn point<F: Coordinate>(generator: &Affine<F>, scalar: Fr) -> Affine<F> {
    Jacobian::multiple(generator, &scalar.to_words()).to_affine()
}

fn pairing(a: Fr, b: Fr) -> Fq12 {
    ours(&[(point(&G1Affine::GENERATOR, a), point(&g2_generator(), b))])
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(16))]

    #[test]
    fn products_agree(scalars in proptest::collection::vec((element::<Scalars>(), element::<Scalars>()), 0..4)) {
        let (g, h) = (TheirG1::generator(), TheirG2::generator());
        let pairs = scalars.iter().map(|(a, b)| ((g * their_fr(*a)).into_affine(), (h * their_fr(*b)).into_affine()));
        both(&pairs.collect::<Vec<_>>());
    }

    #[test]
    fn it_is_bilinear(a in element::<Scalars>(), b in element::<Scalars>(), c in element::<Scalars>()) {
        prop_assert_eq!(pairing(a, b), pairing(a * b, Fr::ONE));
        prop_assert_eq!(pairing(a, b), pairing(b, a));
        prop_assert_eq!(pairing(a + c, b), pairing(a, b) * pairing(c, b));
        prop_assert_eq!(pairing(-a, b), pairing(a, b).conjugate());
        // e(a, b) e(-ab, 1) = 1, and not for another scalar.
        let product = |factor| {
            let (left, right) = (point(&G1Affine::GENERATOR, a), point(&G1Affine::GENERATOR, factor));
            ours(&[(left, point(&g2_generator(), b)), (right, g2_generator())]) == Fq12::ONE
        };
        prop_assert!(product(-(a * b)));
        prop_assert!(!product(Fr::ONE - a * b));
    }
}

#[test]
fn identities_have_the_value_one() {
    let (g, h) = (TheirG1::generator(), TheirG2::generator());
    let generators = both(&[(g, h)]);
    assert_ne!(generators, Fq12::ONE);
    let (no_g, no_h) = (TheirG1::identity(), TheirG2::identity());
    for pairs in [&[][..], &[(no_g, h)], &[(g, no_h)], &[(no_g, no_h)], &[(no_g, h), (g, no_h)]] {
        assert_eq!(both(pairs), Fq12::ONE);
        assert_eq!(both(&[pairs, &[(g, h)], pairs].concat()), generators);
    }
    assert_eq!(both(&[(g, h), (-g, h)]), Fq12::ONE);
    assert_eq!(both(&[(g, h), (g, -h)]), Fq12::ONE);
    assert_eq!(both(&[(g, h), (g, h)]), generators * generators);
}

#[test]
fn values_agree_for_hard_scalars() {
    for scalar in hard::<Scalars>().into_iter().step_by(5) {
        let power = their_fr(scalar);
        both(&[((TheirG1::generator() * power).into_affine(), (TheirG2::generator() * power).into_affine())]);
    }
}

/// The value has order r.
#[test]
fn values_are_roots_of_unity() {
    let value = pairing(Fr::from(5u64), Fr::from(7u64));
    let power = |bits: &[u64]| {
        let bits = bits.iter().rev().flat_map(|word| (0..64).rev().map(move |i| word >> i & 1 == 1));
        bits.fold(Fq12::ONE, |power, bit| if bit { power.square() * value } else { power.square() })
    };
    assert_ne!(value, Fq12::ONE);
    assert_eq!(power(&<Scalars as crate::bn254::Prime>::MODULUS), Fq12::ONE);
    assert_eq!(power(&[35]), pairing(Fr::from(35u64), Fr::from(35u64)));
}

/// 6 x + 2, by the steps of the loop, and a line for each step and two more.
#[test]
fn the_loop_makes_its_multiple() {
    let multiple = steps().fold(1i128, |multiple, step| match step {
        Step::Double => 2 * multiple,
        Step::Add => multiple + 1,
        Step::Subtract => multiple - 1,
    });
    assert_eq!(multiple, 6 * 4_965_661_367_192_848_881 + 2);
    assert_eq!(PreparedG2::new(&g2_generator()).lines.len(), steps().count() + 2);
}
