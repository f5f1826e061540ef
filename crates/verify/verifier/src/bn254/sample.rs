//! Elements and points for tests, and the same ones in arkworks' types.

use ark_ec::AffineRepr;
use ark_ff::{BigInt, PrimeField};
use proptest::prelude::*;

use super::field::{Fp, Fq, Fr};
use super::group::{Affine, G1Affine, G2Affine};
use super::integer::{Words, difference};
use super::prime::Prime;
use super::quadratic::Fq2;

/// Words below the modulus at the borders of limbs of 29 and of 64 bits, and next to zero and to the modulus.
pub(crate) fn hard_words<M: Prime>() -> Vec<Words> {
    let below = |n: u64| difference(&M::MODULUS, &[n, 0, 0, 0]).0;
    let power =
        |bit: u32| -> Words { std::array::from_fn(|i| if bit as usize / 64 == i { 1 << (bit % 64) } else { 0 }) };
    let bits = (0..9u32).flat_map(|i| [29 * i, 29 * i + 28]).chain([63, 64, 127, 128, 191, 192, 232, 252]);
    let mut words: Vec<Words> = bits.flat_map(|bit| [power(bit), difference(&power(bit), &power(0)).0]).collect();
    words.extend((1..4).map(below));
    // As many bits as possible in all limbs but the highest.
    words.push([u64::MAX, u64::MAX, u64::MAX, M::MODULUS[3] - 1]);
    words.retain(|words| difference(words, &M::MODULUS).1);
    words
}

/// The elements that have those words as Montgomery's form, and those that have them as integers.
pub(crate) fn hard<M: Prime>() -> Vec<Fp<M>> {
    let words = hard_words::<M>();
    words.iter().map(|form| Fp::of_form(*form)).chain(words.iter().filter_map(|words| Fp::from_words(*words))).collect()
}

/// Any element, and often a hard one.
pub(crate) fn element<M: Prime>() -> impl Strategy<Value = Fp<M>> {
    let any = any::<Words>().prop_map(|words| Fp::from_integer(words));
    prop_oneof![3 => any, 1 => proptest::sample::select(hard::<M>())]
}

/// Any element of Fq2.
pub(crate) fn quadratic() -> impl Strategy<Value = Fq2> {
    (element(), element()).prop_map(|(c0, c1)| Fq2::new(c0, c1))
}

pub(crate) fn their_fq(a: Fq) -> ark_bn254::Fq {
    ark_bn254::Fq::from_bigint(BigInt(a.to_words())).unwrap()
}

pub(crate) fn their_fr(a: Fr) -> ark_bn254::Fr {
    ark_bn254::Fr::from_bigint(BigInt(a.to_words())).unwrap()
}

pub(crate) fn our_fq(a: ark_bn254::Fq) -> Fq {
    Fq::from_words(a.into_bigint().0).unwrap()
}

pub(crate) fn our_fr(a: ark_bn254::Fr) -> Fr {
    Fr::from_words(a.into_bigint().0).unwrap()
}

pub(crate) fn their_fq2(a: Fq2) -> ark_bn254::Fq2 {
    ark_bn254::Fq2::new(their_fq(a.c0), their_fq(a.c1))
}

pub(crate) fn our_fq2(a: ark_bn254::Fq2) -> Fq2 {
    Fq2::new(our_fq(a.c0), our_fq(a.c1))
}

pub(crate) fn our_g1(point: ark_bn254::G1Affine) -> G1Affine {
    point.xy().map_or(G1Affine::IDENTITY, |(x, y)| Affine { x: our_fq(x), y: our_fq(y) })
}

pub(crate) fn our_g2(point: ark_bn254::G2Affine) -> G2Affine {
    point.xy().map_or(G2Affine::IDENTITY, |(x, y)| Affine { x: our_fq2(x), y: our_fq2(y) })
}

/// Arkworks' generator of G2.
pub(crate) fn g2_generator() -> G2Affine {
    our_g2(ark_bn254::G2Affine::generator())
}

/// Points of the twisted curve, of which most are outside of G2: its cofactor has 254 bits.
pub(crate) fn outside_of_g2(number: usize) -> G2Affine {
    let x = (0u64..).map(|x| Fq2::new(Fq::from(x), Fq::ONE));
    let points = x.filter_map(|x| Some(Affine { x, y: G2Affine::right_side(x).square_root()? }));
    points.into_iter().nth(number).unwrap()
}
