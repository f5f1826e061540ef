//! Multi-scalar multiplication against one multiplication by a sum of known logarithms, and
//! additions against the group law, with and without AVX-512 IFMA.

use halo2_proofs::halo2curves::{
    bn256::{Fq, Fr, G1, G1Affine},
    ff::{Field, WithSmallOrderMulGroup},
    group::{Curve, Group, prime::PrimeCurveAffine},
};
use rand::{Rng, SeedableRng};
use rand_chacha::ChaCha8Rng;

use super::{
    groups::{is_identity, sum_groups},
    msm,
};
use crate::packed::tests::{both_ways, hard_scalars};

/// Points with their logarithms: the identity, small multiples of the generator, their opposites,
/// and points with the same y.
fn known() -> Vec<(G1Affine, Fr)> {
    let g = G1Affine::generator();
    // (x, y) -> (ζx, y) multiplies by a cube root of 1.
    let turned = |p: &G1Affine| G1Affine { x: p.x * Fq::ZETA, y: p.y };
    let root = [Fr::ZETA, Fr::ZETA.square()].into_iter().find(|r| (g * r).to_affine() == turned(&g)).unwrap();
    let mut out = vec![(G1Affine::identity(), Fr::zero())];
    for d in 1..9u64 {
        let d = Fr::from(d);
        let p = (g * d).to_affine();
        for (p, d) in [(p, d), (turned(&p), d * root), (turned(&turned(&p)), d * root.square())] {
            out.extend([(p, d), (-p, -d)]);
        }
    }
    out
}

/// Every pair of known points, in all eight lanes and in what is left over: sums, doublings,
/// opposite points, the identity.
#[test]
fn all_pairs_of_known_points() {
    let known = known();
    let identity = (Fq::zero(), Fq::zero());
    let pairs: Vec<[G1Affine; 2]> = known.iter().flat_map(|a| known.iter().map(|b| [a.0, b.0])).collect();
    // Cut so that each kind of pair is in each lane, and so that one to forty pairs are added at once.
    for (first, len) in (0..40).map(|i| (i * 53, 1 + i)).chain((0..8).map(|i| (i, pairs.len() - i))) {
        let pairs: Vec<&[G1Affine; 2]> = pairs.iter().cycle().skip(first).take(len).collect();
        let points: Vec<(Fq, Fq)> = pairs.iter().flat_map(|pair| pair.iter().map(|p| (p.x, p.y))).collect();
        let starts: Vec<u32> = (0..=len as u32).map(|i| 2 * i).collect();
        let sums = both_ways(|| sum_groups(points.clone(), starts.clone()));
        for ([a, b], sum) in pairs.iter().zip(sums) {
            let expected = (G1::from(*a) + b).to_affine();
            let expected = if bool::from(expected.is_identity()) { identity } else { (expected.x, expected.y) };
            assert_eq!(sum, expected, "{a:?} + {b:?}");
        }
    }
}

/// Groups in which every round meets special cases: the same point many times, opposite ones, and
/// cube roots of one, whose sum is the identity.
#[test]
fn groups_of_repeated_and_cancelling_points() {
    let known = known();
    let mut rng = ChaCha8Rng::seed_from_u64(11);
    for round in 0..12 {
        let (mut points, mut starts, mut expected) = (Vec::new(), vec![0u32], Vec::new());
        for group in 0..70usize {
            let len = [0, 1, 2, 3, 4, 5, 7, 8, 9, 16, 17, 33][(group + round) % 12];
            let at = 1 + 6 * rng.gen_range(0..8);
            let mut sum = G1::identity();
            for i in 0..len {
                let (p, _) = match group % 5 {
                    0 => known[at],
                    1 => known[at + i % 2],
                    2 => known[at + 2 * (i % 3)],
                    3 => known[if i % 2 == 0 { 0 } else { at }],
                    _ => known[rng.gen_range(0..known.len())],
                };
                sum += p;
                points.push((p.x, p.y));
            }
            starts.push(points.len() as u32);
            expected.push(sum.to_affine());
        }
        let sums = both_ways(|| sum_groups(points.clone(), starts.clone()));
        for (group, (sum, expected)) in sums.into_iter().zip(expected).enumerate() {
            let agrees =
                if bool::from(expected.is_identity()) { is_identity(&sum) } else { sum == (expected.x, expected.y) };
            assert!(agrees, "round {round}, group {group}");
        }
    }
}

/// The sum of `digit·2^(width·j)` below 2^253.
fn repeated(digit: u64, width: u64) -> Fr {
    (0..252 / width).fold(Fr::zero(), |sum, _| sum * Fr::from(1 << width) + Fr::from(digit))
}

/// Kinds of lists of scalars.
const KINDS: usize = 14;

fn scalar(kind: usize, i: usize, n: usize, hard: &[Fr], rng: &mut ChaCha8Rng) -> Fr {
    let minus_one = -Fr::one();
    let half = minus_one * Fr::from(2).invert().unwrap();
    let width = 2 + (i % 14) as u64;
    let short = |rng: &mut ChaCha8Rng| Fr::from(rng.gen_range(0..1024));
    match kind {
        0 => minus_one,
        1 => Fr::one(),
        // (p − 1)/2 is the largest scalar that counts as positive, its successor the smallest that
        // is negative.
        2 => half,
        3 => half + Fr::one(),
        4 => [Fr::zero(), minus_one][i % 2],
        5 => Fr::from(2).pow_vartime([(i % 254) as u64]),
        6 => Fr::from(2).pow_vartime([(i % 253) as u64]) - Fr::one(),
        // Digits at both ends of what a signed digit can be, for each width.
        7 => repeated(1 << (width - 1), width),
        8 => repeated((1 << (width - 1)) - 1, width),
        9 => repeated((1 << width) - 1, width),
        // As many long scalars as are multiplied apart, and one more.
        10 | 11 if i >= n.saturating_sub(kind + 2) => Fr::random(&mut *rng),
        10 | 11 => short(rng),
        12 => hard[i % hard.len()],
        _ => half - short(rng),
    }
}

#[test]
fn sums_of_known_multiples() {
    let (known, hard) = (known(), hard_scalars());
    let mut rng = ChaCha8Rng::seed_from_u64(12);
    let small = [0, 1, 2, 3, 5, 8, 11, 12, 13, 14, 25, 31, 32, 33, 64, 65, 127, 256, 257];
    // Around the number of points that one batch works on.
    let large = [(8191, 12), (8192, 11), (8193, 2), (8193, 8), (4097, 7)];
    let cases = small.iter().flat_map(|n| (0..KINDS).map(move |kind| (*n, kind))).chain(large);
    for (n, kind) in cases {
        // All different, all the same, and a point with its opposite.
        for points in 0..3 {
            if n > 1000 && points > 0 {
                continue;
            }
            let base = |i: usize| match points {
                0 => known[i % known.len()],
                1 => known[3],
                _ => known[5 + i % 2],
            };
            let scalars: Vec<Fr> = (0..n).map(|i| scalar(kind, i, n, &hard, &mut rng)).collect();
            let (bases, logarithms): (Vec<G1Affine>, Vec<Fr>) = (0..n).map(base).unzip();
            let sum: Fr = scalars.iter().zip(&logarithms).map(|(s, d)| *s * d).sum();
            let found = both_ways(|| msm(&scalars, &bases).to_affine());
            assert_eq!(found, (G1::generator() * sum).to_affine(), "{n} scalars of kind {kind}, points {points}");
        }
    }
}

/// Of scalars and bases there may be different numbers; what has no partner counts for nothing.
#[test]
fn the_shorter_list_decides() {
    let known = known();
    let bases: Vec<G1Affine> = known.iter().map(|(p, _)| *p).collect();
    let scalars = vec![-Fr::one(); bases.len()];
    let expected: G1 = bases[..7].iter().map(|p| -G1::from(*p)).sum();
    assert_eq!(both_ways(|| msm(&scalars[..7], &bases).to_affine()), expected.to_affine());
    assert_eq!(both_ways(|| msm(&scalars, &bases[..7]).to_affine()), expected.to_affine());
    assert!(bool::from(msm(&scalars, &[]).is_identity()) && bool::from(msm(&[], &bases).is_identity()));
}
