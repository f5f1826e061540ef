//! The fields: constants, all operations on all pairs of hard values and on random ones, encodings.

use ark_ff::{AdditiveGroup, BigInt, Field as _, MontConfig, PrimeField, Zero};
use proptest::prelude::*;

use crate::bn254::cubic::Fq6;
use crate::bn254::field::{Fp, Fq, Fr};
use crate::bn254::inversion::invert_all;
use crate::bn254::prime::{Coordinates, Prime, Scalars};
use crate::bn254::quadratic::{Fq2, GAMMA, XI};
use crate::bn254::sample::{
    element, hard, hard_words, our_fq, our_fq2, our_fr, quadratic, their_fq, their_fq2, their_fr,
};
use crate::bn254::tower::Fq12;

type Theirs6 = ark_bn254::Fq6;
type Theirs12 = ark_bn254::Fq12;

#[test]
fn constants_are_those_of_arkworks() {
    assert_eq!(Coordinates::MODULUS, ark_bn254::FqConfig::MODULUS.0);
    assert_eq!(Scalars::MODULUS, ark_bn254::FrConfig::MODULUS.0);
    assert_eq!(Coordinates::INVERSE, ark_bn254::FqConfig::INV);
    assert_eq!(Scalars::INVERSE, ark_bn254::FrConfig::INV);
    assert_eq!((Coordinates::R, Coordinates::R_SQUARED), (ark_bn254::FqConfig::R.0, ark_bn254::FqConfig::R2.0));
    assert_eq!((Scalars::R, Scalars::R_SQUARED), (ark_bn254::FrConfig::R.0, ark_bn254::FrConfig::R2.0));
    assert_eq!(their_fq2(XI), <ark_bn254::Fq6Config as ark_ff::Fp6Config>::NONRESIDUE);
    assert_eq!(their_fq2(GAMMA), <ark_bn254::Fq12Config as ark_ff::Fp12Config>::FROBENIUS_COEFF_FP12_C1[1]);
    assert_eq!(their_fq2(Fq2::TWIST), <ark_bn254::g2::Config as ark_ec::short_weierstrass::SWCurveConfig>::COEFF_B);
}

/// All operations of a prime field on two elements; `root` is arkworks' square root.
macro_rules! compare {
    ($a:expr, $b:expr, $theirs:ident, $ours:ident) => {{
        let (a, b) = ($a, $b);
        let (x, y) = ($theirs(a), $theirs(b));
        assert_eq!($ours(x), a);
        assert_eq!([a + b, a - b, a * b], [x + y, x - y, x * y].map($ours), "{a:?} {b:?}");
        assert_eq!([-a, a.double(), a.square()], [-x, x.double(), x.square()].map($ours), "{a:?}");
        assert_eq!(a.half().double(), a);
        assert_eq!((a.is_zero(), a.is_one(), a == b), (x.is_zero(), x == y.pow([0]), x == y));
        let mut sum = a;
        sum += b;
        sum *= &b;
        sum -= a;
        assert_eq!(sum, (a + &b) * b - &a);
        assert_eq!([a, b, a].iter().sum::<Fp<_>>(), a + b + a);
    }};
}

#[test]
fn prime_fields_agree_on_all_pairs_of_hard_values() {
    let (coordinates, scalars) = (hard::<Coordinates>(), hard::<Scalars>());
    for a in &coordinates {
        coordinates.iter().step_by(3).for_each(|b| compare!(*a, *b, their_fq, our_fq));
        assert_eq!(a.inverse(), their_fq(*a).inverse().map(our_fq), "{a:?}");
        roots(*a);
    }
    for a in &scalars {
        scalars.iter().step_by(3).for_each(|b| compare!(*a, *b, their_fr, our_fr));
        assert_eq!(a.inverse(), their_fr(*a).inverse().map(our_fr), "{a:?}");
    }
}

/// A square has a root, and arkworks finds it or its opposite; other elements have none.
fn roots(a: Fq) {
    let (ours, theirs) = (a.square_root(), their_fq(a).sqrt().map(our_fq));
    assert_eq!(ours.is_some(), theirs.is_some(), "{a:?}");
    assert!(ours.zip(theirs).is_none_or(|(ours, theirs)| ours == theirs || ours == -theirs));
    assert!(ours.is_none_or(|root| root.square() == a));
}

fn quadratic_roots(a: Fq2) {
    let (ours, theirs) = (a.square_root(), their_fq2(a).sqrt());
    assert_eq!(ours.is_some(), theirs.is_some(), "{a:?}");
    assert!(ours.is_none_or(|root| root.square() == a), "{a:?}");
}

#[test]
fn elements_of_fq_have_roots_in_fq2() {
    for a in hard::<Coordinates>() {
        for (c0, c1) in [(a, Fq::ZERO), (Fq::ZERO, a), (a, a), (a, -a)] {
            quadratic_roots(Fq2::new(c0, c1));
            assert!(!c1.is_zero() || Fq2::new(c0, c1).square_root().is_some());
        }
    }
}

/// An integer is that of an element exactly if it is below the modulus.
fn encodings<M: Prime>() {
    for words in hard_words::<M>() {
        assert_eq!(Fp::<M>::from_words(words).unwrap().to_words(), words);
        let (larger, _) = words.iter().zip(M::MODULUS).fold((Vec::new(), false), |(mut sum, carry), (a, b)| {
            let (digit, first) = a.overflowing_add(b);
            let (digit, second) = digit.overflowing_add(u64::from(carry));
            sum.push(digit);
            (sum, first | second)
        });
        let larger: [u64; 4] = larger.try_into().unwrap();
        assert_eq!(Fp::<M>::from_words(larger), None);
        assert_eq!(Fp::<M>::from_integer(larger).to_words(), words);
    }
    for words in [M::MODULUS, [u64::MAX; 4], [0, 0, 0, 1 << 63]] {
        assert_eq!(Fp::<M>::from_words(words), None);
    }
}

#[test]
fn encodings_are_canonical() {
    encodings::<Coordinates>();
    encodings::<Scalars>();
    assert_eq!(Fr::from(u128::MAX), Fr::from(1u128 << 64) * Fr::from(u64::MAX) + Fr::from(u64::MAX));
}

#[test]
fn zeros_stay_when_all_are_inverted() {
    let elements: Vec<Fr> = hard();
    let mut inverses = elements.clone();
    inverses.extend([Fr::ZERO; 2]);
    invert_all(&mut inverses);
    for (element, inverse) in elements.into_iter().chain([Fr::ZERO; 2]).zip(inverses) {
        assert_eq!(inverse, element.inverse().unwrap_or(Fr::ZERO));
    }
    invert_all::<Fr>(&mut []);
}

fn their6(a: Fq6) -> Theirs6 {
    Theirs6::new(their_fq2(a.c0), their_fq2(a.c1), their_fq2(a.c2))
}

fn their12(a: Fq12) -> Theirs12 {
    Theirs12::new(their6(a.c0), their6(a.c1))
}

/// The power `(p^6 - 1) (p^2 + 1)`: an element of the subgroup in which squares are cheap.
fn cyclotomic(a: &Fq12) -> Option<Fq12> {
    let power = a.conjugate() * a.inverse()?;
    Some(power.frobenius().frobenius() * power)
}

fn cubic() -> impl Strategy<Value = Fq6> {
    proptest::array::uniform3(quadratic()).prop_map(|[c0, c1, c2]| Fq6::new(c0, c1, c2))
}

proptest! {
    #[test]
    fn prime_fields_agree(
        a in element::<Coordinates>(), b in element::<Coordinates>(), c in element::<Scalars>(), d in element::<Scalars>(),
        exponent: [u64; 2],
    ) {
        compare!(a, b, their_fq, our_fq);
        compare!(c, d, their_fr, our_fr);
        prop_assert_eq!(a.inverse(), their_fq(a).inverse().map(our_fq));
        prop_assert_eq!(c.inverse(), their_fr(c).inverse().map(our_fr));
        prop_assert_eq!(c.pow(exponent), our_fr(their_fr(c).pow(exponent)));
        roots(a);
        roots(a.square());
    }

    #[test]
    fn integers_are_reduced(integer: [u64; 4]) {
        let reduced = Fr::from_integer(integer);
        prop_assert_eq!(reduced, our_fr(ark_bn254::Fr::from_le_bytes_mod_order(&integer.map(u64::to_le_bytes).concat())));
        prop_assert_eq!(Fr::from_words(integer).is_some(), BigInt(integer) < ark_bn254::FrConfig::MODULUS);
    }

    #[test]
    fn fq2_agrees(a in quadratic(), b in quadratic()) {
        let (x, y) = (their_fq2(a), their_fq2(b));
        prop_assert_eq!([a + b, a - b, a * b], [x + y, x - y, x * y].map(our_fq2));
        prop_assert_eq!([-a, a.double(), a.square()], [-x, x.double(), x.square()].map(our_fq2));
        prop_assert_eq!(a.inverse(), x.inverse().map(our_fq2));
        prop_assert_eq!((a.times_xi(), a.scaled(&b.c0)), (a * XI, a * Fq2::new(b.c0, Fq::ZERO)));
        let mut power = x;
        power.frobenius_map_in_place(1);
        prop_assert_eq!(a.conjugate(), our_fq2(power));
        quadratic_roots(a);
        quadratic_roots(a.square());
    }

    #[test]
    fn the_tower_agrees(a in cubic(), b in cubic(), c in cubic(), d in cubic()) {
        let (x, y) = (their6(a), their6(b));
        prop_assert_eq!([a + b, a - b, a * b, -a].map(their6), [x + y, x - y, x * y, -x]);
        prop_assert_eq!(a.inverse().map(their6), x.inverse());
        prop_assert_eq!(a.times_sparse(&b.c0, &b.c1), a * Fq6::new(b.c0, b.c1, Fq2::ZERO));
        prop_assert_eq!(a.times_v(), a * Fq6::new(Fq2::ZERO, Fq2::ONE, Fq2::ZERO));

        let (f, g) = (Fq12::new(a, b), Fq12::new(c, d));
        let (x, y) = (their12(f), their12(g));
        prop_assert_eq!([f * g, f.square()].map(their12), [x * y, x.square()]);
        prop_assert_eq!(f.inverse().map(their12), x.inverse());
        let mut power = x;
        power.frobenius_map_in_place(1);
        prop_assert_eq!(their12(f.frobenius()), power);
        power.frobenius_map_in_place(5);
        prop_assert_eq!(their12(f.conjugate()), power);
        let line = Fq12::new(Fq6::ONE, Fq6::new(d.c0, d.c1, Fq2::ZERO));
        prop_assert_eq!(f.times_line(&d.c0, &d.c1), f * line);
        if let Some(f) = cyclotomic(&f) {
            prop_assert_eq!(f.cyclotomic_square(), f.square());
            prop_assert_eq!(f.conjugate(), f.inverse().unwrap());
        }
    }
}

#[test]
fn zeros_have_no_inverses() {
    assert_eq!((Fq::ZERO.inverse(), Fr::ZERO.inverse(), Fq2::ZERO.inverse()), (None, None, None));
    assert_eq!((Fq6::ZERO.inverse(), Fq12::new(Fq6::ZERO, Fq6::ZERO).inverse()), (None, None));
    assert_eq!(Fq12::new(Fq6::ZERO, Fq6::ZERO).final_exponentiation(), None);
}
