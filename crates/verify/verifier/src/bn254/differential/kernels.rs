//! The two ways to multiply, `words.rs` and `limbs.rs`, against each other.

use proptest::prelude::*;

use crate::bn254::integer::Words;
use crate::bn254::prime::{Coordinates, Prime, Scalars};
use crate::bn254::sample::{element, hard_words};
use crate::bn254::{limbs, words};

/// Compares all functions on numbers below the modulus.
fn compare<M: Prime>([a, b, c, d]: [&Words; 4]) {
    assert_eq!(words::multiply::<M>(a, b), limbs::multiply::<M>(a, b), "{a:?} {b:?}");
    assert_eq!(words::square::<M>(a), limbs::square::<M>(a), "{a:?}");
    assert_eq!(words::square::<M>(a), words::multiply::<M>(a, a), "{a:?}");
    let product = words::multiply_pairs::<M>([a, b], [c, d]);
    assert_eq!(product, limbs::multiply_pairs::<M>([a, b], [c, d]), "{a:?} {b:?} {c:?} {d:?}");
}

fn compare_hard<M: Prime>() {
    let words = hard_words::<M>();
    for (i, a) in words.iter().enumerate() {
        for (j, b) in words.iter().enumerate() {
            let other = |step: usize| &words[(i + step * j + step) % words.len()];
            compare::<M>([a, b, a, b]);
            compare::<M>([a, b, b, a]);
            compare::<M>([a, b, other(1), other(2)]);
            // The second factor need not be below the modulus.
            for b in [[u64::MAX; 4], M::MODULUS, [0, 0, 0, 1 << 63]] {
                assert_eq!(words::multiply::<M>(a, &b), limbs::multiply::<M>(a, &b), "{a:?} {b:?}");
            }
        }
    }
}

#[test]
fn they_agree_on_all_pairs_of_hard_words() {
    compare_hard::<Coordinates>();
    compare_hard::<Scalars>();
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(4096))]

    #[test]
    fn they_agree(
        q in proptest::array::uniform4(element::<Coordinates>()),
        r in proptest::array::uniform4(element::<Scalars>()),
    ) {
        compare::<Coordinates>(q.each_ref().map(|a| a.form()));
        compare::<Scalars>(r.each_ref().map(|a| a.form()));
    }
}
