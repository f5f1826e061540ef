//! Both methods, and the additions below them, against double-and-add: points that are equal,
//! opposite, infinite, or have the same y; scalars at the ends of the field and of the windows.

use rand::{Rng, SeedableRng};
use rand_chacha::ChaCha8Rng;

use super::{MANY, buckets, msm, straus};
use crate::addition::{add_pairs, sum_each};
use crate::bn254::{Fq, Fr, G1, G1Affine};
use crate::field::random;

/// Multiplication by the definition, bit by bit from the highest.
fn slow(point: &G1Affine, scalar: &Fr) -> G1 {
    scalar.to_words().iter().rev().flat_map(|word| (0..64).rev().map(move |i| word >> i & 1 == 1)).fold(
        G1::IDENTITY,
        |sum, bit| {
            let sum = sum.double();
            if bit { sum + G1::from(*point) } else { sum }
        },
    )
}

/// The identity; multiples of the generator; their opposites; points with the same y, whose x
/// differ by a cube root of one.
fn points() -> Vec<G1Affine> {
    let exponent = (-Fq::ONE * Fq::from(3u64).inverse().unwrap()).to_words();
    let root = (2u64..).map(|x| Fq::from(x).pow(exponent)).find(|root| *root != Fq::from(1u64)).unwrap();
    assert_eq!(root.pow([3]), Fq::from(1u64));
    let mut out = vec![G1Affine::IDENTITY];
    for d in 1..6u64 {
        let p = slow(&G1Affine::GENERATOR, &Fr::from(d)).to_affine();
        for x in [p.x, p.x * root, p.x * root * root] {
            let turned = G1Affine { x, y: p.y };
            assert!(turned.is_on_curve());
            out.extend([turned, -turned]);
        }
    }
    out
}

fn scalars(rng: &mut ChaCha8Rng) -> Vec<Fr> {
    let minus_one = -Fr::from(1u64);
    let half = minus_one * Fr::from(2u64).inverse().unwrap();
    let mut out = vec![Fr::ZERO, Fr::from(1u64), Fr::from(2u64), minus_one, minus_one - Fr::from(1u64), half, -half];
    for e in [1u64, 4, 5, 63, 64, 65, 127, 128, 191, 192, 252, 253] {
        let power = Fr::from(2u64).pow([e]);
        out.extend([power, power - Fr::from(1u64), -power, power + half]);
    }
    // Windows of five bits that are all 16 (the carry of a signed digit), all 15, all 17, all 31.
    for digit in [16u64, 15, 17, 31] {
        out.push((0..50).fold(Fr::ZERO, |sum, _| sum * Fr::from(32u64) + Fr::from(digit)));
    }
    out.extend((0..8).map(|_| random(rng)));
    out
}

#[test]
fn every_pair_of_points_is_added() {
    let points = points();
    let pairs: Vec<_> = points.iter().flat_map(|a| points.iter().map(move |b| (*a, *b))).collect();
    let sums = add_pairs(&pairs);
    for ((a, b), sum) in pairs.iter().zip(sums) {
        assert_eq!(sum, (G1::from(*a) + G1::from(*b)).to_affine(), "{a:?} + {b:?}");
        assert!(sum.is_on_curve());
    }
    // All pairs as one list, and in lists of each length.
    let flat: Vec<G1Affine> = pairs.iter().flat_map(|(a, b)| [*a, *b]).collect();
    let lists: Vec<Vec<G1Affine>> = (0..40).map(|len| flat.iter().skip(7 * len).take(len).copied().collect()).collect();
    let expected: Vec<G1Affine> =
        lists.iter().map(|list| list.iter().map(|p| G1::from(*p)).sum::<G1>().to_affine()).collect();
    assert_eq!(sum_each(lists), expected);
    let total: G1 = flat.iter().map(|p| G1::from(*p)).sum();
    assert_eq!(sum_each(vec![flat]), vec![total.to_affine()]);
}

#[test]
fn every_scalar_on_every_point() {
    let mut rng = ChaCha8Rng::seed_from_u64(1);
    for point in points().iter().step_by(4) {
        for scalar in scalars(&mut rng) {
            assert_eq!(msm(&[(*point, scalar)]), slow(point, &scalar), "{scalar:?}");
        }
    }
}

#[test]
fn both_methods_on_adversarial_lists() {
    let mut rng = ChaCha8Rng::seed_from_u64(2);
    let (points, scalars) = (points(), scalars(&mut rng));
    for n in [1, 2, 3, 7, 8, 31, 32, 33, MANY - 1, MANY, MANY + 1, 150] {
        for kind in 0..6 {
            let terms: Vec<(G1Affine, Fr)> = (0..n)
                .map(|i| match kind {
                    // The same term many times: digits select equal points.
                    0 => (points[1], scalars[3]),
                    // Terms that cancel in pairs, by their points or by their scalars.
                    1 => (points[1 + i % 2], scalars[n % scalars.len()]),
                    2 => (points[3], if i % 2 == 0 { scalars[5] } else { -scalars[5] }),
                    // Three points that add up to the identity.
                    3 => (points[1 + 2 * (i % 3)], scalars[n % scalars.len()]),
                    4 => (points[i % points.len()], scalars[i % scalars.len()]),
                    _ => (points[rng.gen_range(0..points.len())], scalars[rng.gen_range(0..scalars.len())]),
                })
                .collect();
            let expected: G1 = terms.iter().map(|(point, scalar)| slow(point, scalar)).sum();
            assert_eq!(msm(&terms), expected, "{n} terms of kind {kind}");
            let kept: Vec<_> = terms.iter().copied().filter(|(p, s)| !p.is_identity() && !s.is_zero()).collect();
            assert_eq!(straus(&kept), expected, "{n} terms of kind {kind}: windows");
            assert_eq!(buckets(&kept), expected, "{n} terms of kind {kind}: buckets");
        }
    }
}
