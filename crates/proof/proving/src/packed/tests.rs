//! Packed arithmetic against halo2curves', one element at a time, on values where carries, borrows
//! and quotients are at their extremes.

use std::{
    fmt::Debug,
    sync::{
        Mutex, PoisonError,
        atomic::{AtomicBool, Ordering},
    },
};

use halo2_proofs::halo2curves::{ff::Field, serde::SerdeObject};
use rand_core::SeedableRng;

use super::*;

/// Makes [`ifma::available`] say no. Other tests may see it: they give the same results either way.
pub(crate) static PORTABLE: AtomicBool = AtomicBool::new(false);

/// Runs something without and with AVX-512 IFMA, where the processor has it, and compares the results.
pub(crate) fn both_ways<T: PartialEq + Debug>(run: impl Fn() -> T) -> T {
    static ONE_AT_A_TIME: Mutex<()> = Mutex::new(());
    let _guard = ONE_AT_A_TIME.lock().unwrap_or_else(PoisonError::into_inner);
    /// Switches back on, also when `run` panics.
    struct Restore;
    impl Drop for Restore {
        fn drop(&mut self) {
            PORTABLE.store(false, Ordering::SeqCst);
        }
    }
    let _restore = Restore;
    PORTABLE.store(true, Ordering::SeqCst);
    let portable = run();
    PORTABLE.store(false, Ordering::SeqCst);
    assert_eq!(portable, run(), "with AVX-512 IFMA and without");
    portable
}

/// The element whose words in memory (its Montgomery form) are these, which are below the modulus.
pub(crate) fn from_words<E: SerdeObject>(words: [u64; 4]) -> E {
    let bytes: Vec<u8> = words.iter().flat_map(|w| w.to_le_bytes()).collect();
    E::from_raw_bytes_unchecked(&bytes)
}

/// Words below both moduli at the borders of limbs of 52 and of 64 bits, and next to zero and to
/// `modulus`.
pub(crate) fn hard_words(modulus: [u64; 4]) -> Vec<[u64; 4]> {
    let mut out = vec![[0; 4]];
    for bit in [0, 1, 11, 12, 51, 52, 53, 63, 64, 103, 104, 105, 127, 128, 155, 156, 157, 191, 192, 207, 208, 209, 252]
    {
        let mut one = [0u64; 4];
        one[bit / 64] = 1 << (bit % 64);
        out.push(one);
        // All bits below it.
        let mut below = [0u64; 4];
        for (i, word) in below.iter_mut().enumerate() {
            *word = match (i * 64 + 64).saturating_sub(bit) {
                0 => u64::MAX,
                left if left >= 64 => 0,
                left => u64::MAX >> left,
            };
        }
        out.push(below);
    }
    for distance in 1..4 {
        out.push([modulus[0] - distance, modulus[1], modulus[2], modulus[3]]);
    }
    // The largest words in all places but the highest; alternating bits.
    out.push([u64::MAX, u64::MAX, u64::MAX, modulus[3] - 1]);
    out.push([0xaaaa_aaaa_aaaa_aaaa; 4].map(|w| w & 0x2fff_ffff_ffff_ffff));
    out.push([0x5555_5555_5555_5555; 4].map(|w| w & 0x2fff_ffff_ffff_ffff));
    out
}

const MODULUS: [u64; 4] = [0x43e1_f593_f000_0001, 0x2833_e848_79b9_7091, 0xb850_45b6_8181_585d, 0x3064_4e72_e131_a029];

/// Scalars that are hard in memory, hard as numbers, and random ones; a multiple of eight.
pub(crate) fn hard_scalars() -> Vec<Fr> {
    let mut rng = rand_chacha::ChaCha8Rng::seed_from_u64(5);
    let words = hard_words(MODULUS);
    let mut out: Vec<Fr> = words.iter().map(|w| from_words(*w)).collect();
    out.extend(words.iter().map(|w| Fr::from_raw(*w)));
    out.extend([Fr::from(2).invert().unwrap(), -Fr::from(2).invert().unwrap()]);
    while !out.len().is_multiple_of(8) || out.len() < 128 {
        out.push(Fr::random(&mut rng));
    }
    out
}

/// One expression at the limits of what bounds allow, for all pairs.
struct AtTheLimits<'a> {
    a: &'a [Fr],
    b: &'a [Fr],
    constant: Fr,
    out: &'a mut [[Fr; 8]; 6],
}

impl Kernel for AtTheLimits<'_> {
    type Output = ();

    #[inline(always)]
    fn run<L: Packed>(self) {
        for at in (0..8).step_by(L::WIDTH) {
            let (a, b) = (L::load(&self.a[at..]), L::load(&self.b[at..]));
            let c = L::splat(&self.constant);
            let four = |x: L| x.add(x).add(x.add(x));
            // Bounds 64 + 16 = 80 = MAX_BOUND.
            let (five_a, five_b) = (four(a).add(a), four(b).add(b));
            let results = [
                five_a,
                a.sub(four(b), 4 * LOAD_BOUND),
                five_a.mul(five_b),
                // Bounds 1 and 66.
                c.sub(five_b.mul(c).add(four(a)), 66),
                five_a.mul(c),
                a.mul(b).sub(c, 1).mul(five_b),
            ];
            for (out, v) in self.out.iter_mut().zip(results) {
                v.store(&mut out[at..]);
            }
        }
    }
}

#[test]
fn values_at_the_limits() {
    let values = hard_scalars();
    let five = Fr::from(5);
    for (i, a) in values.chunks_exact(8).enumerate() {
        for shift in 0..values.len() {
            let b: Vec<Fr> = (0..8).map(|j| values[(8 * i + j + shift) % values.len()]).collect();
            let constant = values[(7 * i + shift) % values.len()];
            let found = both_ways(|| {
                let mut out = [[Fr::zero(); 8]; 6];
                dispatch(8, AtTheLimits { a, b: &b, constant, out: &mut out });
                out
            });
            for lane in 0..8 {
                let (a, b, c) = (a[lane], b[lane], constant);
                let four = Fr::from(4);
                let expected = [
                    five * a,
                    a - four * b,
                    five * a * five * b,
                    c - (five * b * c + four * a),
                    five * a * c,
                    (a * b - c) * five * b,
                ];
                assert_eq!(found.map(|v| v[lane]), expected, "a {a:?} b {b:?} c {c:?}");
            }
        }
    }
}

/// What is in the lanes of a vector, fully reduced.
#[cfg(target_arch = "x86_64")]
mod reduction {
    use super::{super::ifma::*, *};
    use halo2_proofs::halo2curves::bn256::Fq;

    /// # Safety
    /// [`available`].
    #[target_feature(enable = "avx512f,avx512dq,avx512ifma")]
    unsafe fn check<M: Modulus>(modulus: [u64; 4])
    where
        M::Element: SerdeObject + Debug + PartialEq,
    {
        for words in hard_words(modulus) {
            let v = split(words);
            let expected = vec![from_words::<M::Element>(words); 8];
            for (k, multiple) in M::MULTIPLES.iter().take(MAX_BOUND as usize).enumerate() {
                let sum = Wide::<M>::constant(&v).plus(Wide::constant(multiple)).carried();
                let mut out = expected.clone();
                sum.reduced().store_raw(&mut out);
                assert_eq!(out, expected, "{words:x?} and {k} times the modulus");
                if k < 2 {
                    sum.reduced_once().store_raw(&mut out);
                    assert_eq!(out, expected, "{words:x?} and {k} times the modulus, once");
                }
            }
            // From memory to lanes and back, and with all lanes different.
            let mixed: Vec<M::Element> = (0..8).map(|lane| from_words(words.map(|w| w >> (lane % 3)))).collect();
            let mut out = expected;
            Wide::<M>::load_raw::<0>(&mixed).store_raw(&mut out);
            assert_eq!(out, mixed);
        }
    }

    #[test]
    fn every_multiple_of_the_modulus_is_removed() {
        if available() {
            // SAFETY: the processor has the instructions.
            unsafe {
                check::<Scalar>(MODULUS);
                check::<Base>([0x3c20_8c16_d87c_fd47, 0x9781_6a91_6871_ca8d, MODULUS[2], MODULUS[3]]);
            }
        }
    }

    #[test]
    fn constants_are_those_of_the_fields() {
        assert_eq!((split(words(&Fr::one())), split(words(&Fq::one()))), (Scalar::R256, Base::R256));
        let sixteen = (Fr::from(16), Fq::from(16));
        assert_eq!((split(words(&sixteen.0)), split(words(&sixteen.1))), (Scalar::R260, Base::R260));
        for (p, inverse) in [(Scalar::P[0], Scalar::INVERSE), (Base::P[0], Base::INVERSE)] {
            assert_eq!(p.wrapping_mul(inverse) & MASK, MASK);
        }
    }
}

/// Transforms of polynomials whose values add up, or cancel, at every level.
#[test]
fn transforms_of_extreme_polynomials() {
    use super::transform::Transform;
    use halo2_proofs::halo2curves::ff::PrimeField;
    let hard = hard_scalars();
    for k in 5..12u32 {
        let n = 1usize << k;
        let root = (k..Fr::S).fold(Fr::ROOT_OF_UNITY, |r, _| r.square());
        let largest: Fr = from_words([MODULUS[0] - 1, MODULUS[1], MODULUS[2], MODULUS[3]]);
        let mut rng = rand_chacha::ChaCha8Rng::seed_from_u64(u64::from(k));
        let polynomials: [Vec<Fr>; 6] = [
            // Nothing is added to the products of the first level: differences are at their smallest.
            (0..n).map(|i| if i < n / 2 { Fr::zero() } else { Fr::random(&mut rng) }).collect(),
            vec![largest; n],
            (0..n).map(|i| if i % 2 == 0 { largest } else { from_words([1, 0, 0, 0]) }).collect(),
            (0..n).map(|i| if i == n - 1 { -Fr::one() } else { Fr::zero() }).collect(),
            vec![Fr::zero(); n],
            (0..n).map(|i| hard[i % hard.len()]).collect(),
        ];
        for (shift, scale) in [(Fr::one(), None), (Fr::MULTIPLICATIVE_GENERATOR, Some(largest)), (largest, None)] {
            for (i, from) in polynomials.iter().enumerate() {
                let values = both_ways(|| {
                    let mut to = vec![Fr::zero(); n];
                    Transform::new(k, root, shift, scale).run(from, &mut to);
                    to
                });
                // Horner's rule at a few points.
                for at in [0, 1, n / 2 - 1, n - 1] {
                    let x = shift * root.pow_vartime([at as u64]);
                    let value = from.iter().rev().fold(Fr::zero(), |sum, c| sum * x + c);
                    assert_eq!(values[at], value * scale.unwrap_or(Fr::one()), "2^{k}, polynomial {i}, value {at}");
                }
            }
        }
    }
}
