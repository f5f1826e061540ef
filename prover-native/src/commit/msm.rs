//! Multi-scalar multiplication Σ s_i·P_i on BN254's G1.
//!
//! Bucket method (Pippenger) with signed digits of c bits. Points of a bucket are added in affine coordinates, many buckets at a time, so that one
//! field inversion serves thousands of additions: about 6 multiplications an addition instead of 11 or more. The weighted sum of the
//! buckets, Σ_b b·B_b with b = i·2^h + j, is 2^h·Σ_i i·(Σ_j B_ij) + Σ_j j·(Σ_i B_ij), whose inner sums are again such additions.
//!
//! Scalars count with their absolute value, −v for p − v. A column of a witness holds limbs of ten or twenty bits and a few random blinding values: the
//! largest scalars, if they are few, are multiplied apart, and the rest then takes one window or two instead of thirty.
//! (Bernstein, Doumen, Lange, Oosterwijk, "Faster batch forgery identification", 2012, for the bucket method; additions by batched inversion as in
//! Montgomery, "Speeding the Pollard and elliptic curve methods of factorization", 1987.)

use halo2_proofs::halo2curves::{
    bn256::{Fq, Fr, G1, G1Affine},
    ff::{Field, PrimeField},
    group::Group,
};
use rayon::prelude::*;

use super::groups::{is_identity, sum_groups};

/// Scalars that are multiplied apart when the others are much shorter.
const OUTLIERS: usize = 12;
/// Points that one batch of additions works on.
const BATCH: usize = 1 << 14;

/// `Σ scalars[i]·bases[i]`, over as many as there are of both.
pub fn msm(scalars: &[Fr], bases: &[G1Affine]) -> G1 {
    let terms: Vec<Term> = scalars.iter().zip(bases).filter_map(|(s, p)| Term::new(s, p)).collect();
    if terms.is_empty() {
        return G1::identity();
    }
    let longest = terms.iter().map(|t| t.bits).max().unwrap_or(0);
    let short = short_bits(&terms);
    // Worth it when the others lose at least two windows.
    if short + 16 >= longest {
        return pippenger(&terms);
    }
    let (long, terms): (Vec<Term>, Vec<Term>) = terms.into_iter().partition(|t| t.bits > short);
    interleaved(&long) + pippenger(&terms)
}

/// A few terms: digits of four bits, with the doublings in common. (Straus, "Addition chains of vectors", 1964.)
fn interleaved(terms: &[Term]) -> G1 {
    let multiples = |t: &Term| {
        let mut sum = G1::identity();
        let point = t.point();
        std::array::from_fn::<G1, 15, _>(|_| {
            sum += point;
            sum
        })
    };
    let tables: Vec<[G1; 15]> = terms.iter().map(multiples).collect();
    let bits = terms.iter().map(|t| t.bits).max().unwrap_or(0);
    (0..bits.div_ceil(4)).rev().fold(G1::identity(), |sum, window| {
        let mut sum = sum.double().double().double().double();
        for (t, table) in terms.iter().zip(&tables) {
            if let Some(i) = (t.digit(4 * window, 4) as usize).checked_sub(1) {
                sum += table[i];
            }
        }
        sum
    })
}

/// The bit length that all but [`OUTLIERS`] scalars keep within.
fn short_bits(terms: &[Term]) -> u32 {
    let mut count = [0usize; 257];
    for t in terms {
        count[t.bits as usize] += 1;
    }
    let mut left = OUTLIERS;
    for bits in (1..257).rev() {
        match left.checked_sub(count[bits]) {
            Some(rest) => left = rest,
            None => return bits as u32,
        }
    }
    0
}

/// ±magnitude · point.
struct Term {
    magnitude: [u64; 4],
    bits: u32,
    negative: bool,
    x: Fq,
    y: Fq,
}

impl Term {
    /// None for a term that is the identity.
    fn new(scalar: &Fr, point: &G1Affine) -> Option<Self> {
        // The identity is (0, 0) in affine coordinates, which is not on the curve y² = x³ + 3.
        if bool::from(scalar.is_zero()) || (point.x == Fq::zero() && point.y == Fq::zero()) {
            return None;
        }
        let positive = words(scalar);
        let negated = words(&-scalar);
        let (magnitude, negative) = if less(&positive, &negated) { (positive, false) } else { (negated, true) };
        let bits = magnitude
            .iter()
            .enumerate()
            .rev()
            .find(|(_, w)| **w != 0)
            .map_or(0, |(i, w)| 64 * i as u32 + 64 - w.leading_zeros());
        Some(Self { magnitude, bits, negative, x: point.x, y: point.y })
    }

    /// The point, with the scalar's sign.
    fn point(&self) -> G1Affine {
        G1Affine { x: self.x, y: if self.negative { -self.y } else { self.y } }
    }

    /// Bits `at … at + width − 1`.
    fn digit(&self, at: u32, width: u32) -> u64 {
        let (word, shift) = ((at / 64) as usize, at % 64);
        let low = self.magnitude.get(word).map_or(0, |w| w >> shift);
        let high = if shift == 0 { 0 } else { self.magnitude.get(word + 1).map_or(0, |w| w << (64 - shift)) };
        (low | high) & ((1 << width) - 1)
    }
}

fn words(s: &Fr) -> [u64; 4] {
    let repr = s.to_repr();
    let bytes = repr.as_ref();
    std::array::from_fn(|i| {
        let mut word = [0; 8];
        word.copy_from_slice(&bytes[8 * i..8 * i + 8]);
        u64::from_le_bytes(word)
    })
}

fn less(a: &[u64; 4], b: &[u64; 4]) -> bool {
    a.iter().rev().lt(b.iter().rev())
}

/// The cheapest digit width: additions of points, and of buckets (twice), at 6 multiplications each.
fn width(bits: u32, points: usize) -> u32 {
    let cost = |c: u32| f64::from((bits + 1).div_ceil(c)) * (points as f64 + f64::from(1u32 << c) + 40.0);
    (2..=15).min_by(|a, b| cost(*a).total_cmp(&cost(*b))).unwrap_or(2)
}

fn pippenger(terms: &[Term]) -> G1 {
    let bits = terms.iter().map(|t| t.bits).max().unwrap_or(0);
    if bits == 0 {
        return G1::identity();
    }
    let c = width(bits, terms.len());
    // One more bit for the carry of the last signed digit.
    let windows = (bits + 1).div_ceil(c) as usize;
    let together = (BATCH / terms.len()).clamp(1, windows);
    let sums: Vec<G1> = (0..windows)
        .step_by(together)
        .collect::<Vec<_>>()
        .into_par_iter()
        .flat_map_iter(|first| windows_sums(terms, c, first as u32, together.min(windows - first)))
        .collect();
    sums.iter().rev().fold(G1::identity(), |mut acc, s| {
        if !bool::from(acc.is_identity()) {
            for _ in 0..c {
                acc = acc.double();
            }
        }
        acc + s
    })
}

/// The sums of `count` windows from `first` on.
fn windows_sums(terms: &[Term], c: u32, first: u32, count: usize) -> Vec<G1> {
    let buckets = 1usize << (c - 1);
    let half = 1u64 << (c - 1);
    // (bucket over all windows, sign) of every term, in windows; 0 is no bucket.
    let mut digits: Vec<i32> = Vec::with_capacity(terms.len() * count);
    let mut sizes = vec![0u32; buckets * count + 1];
    for w in 0..count {
        for t in terms {
            let at = (first + w as u32) * c;
            // Booth: bits of the window, plus the bit below, minus 2^c times the window's own top bit.
            let digit = t.digit(at, c);
            let raw = digit + if at == 0 { 0 } else { t.digit(at - 1, 1) };
            let (magnitude, negative) = if digit >= half { ((1 << c) - raw, true) } else { (raw, false) };
            if magnitude == 0 {
                digits.push(0);
                continue;
            }
            let bucket = w * buckets + magnitude as usize - 1;
            sizes[bucket + 1] += 1;
            let signed = bucket as i32 + 1;
            digits.push(if negative != t.negative { -signed } else { signed });
        }
    }
    for i in 1..sizes.len() {
        sizes[i] += sizes[i - 1];
    }
    let starts = sizes;
    let mut next: Vec<u32> = starts.clone();
    let mut points = vec![(Fq::zero(), Fq::zero()); starts.last().copied().unwrap_or(0) as usize];
    for row in digits.chunks_exact(terms.len()) {
        for (t, &d) in terms.iter().zip(row) {
            if d != 0 {
                let bucket = d.unsigned_abs() as usize - 1;
                points[next[bucket] as usize] = (t.x, if d < 0 { -t.y } else { t.y });
                next[bucket] += 1;
            }
        }
    }
    let filled = sum_groups(points, starts);
    weighted(&filled, c, count)
}

/// `Σ_b (b + 1)·B_b` of each window.
fn weighted(buckets: &[(Fq, Fq)], c: u32, count: usize) -> Vec<G1> {
    let per = 1usize << (c - 1);
    let low = 1usize << ((c - 1) / 2);
    let high = per / low;
    // Weight b + 1 = i·low + j with i in 0..=high, j in 0..low: group by i and by j.
    let mut points = Vec::with_capacity(2 * buckets.len());
    let mut starts = vec![0u32];
    for window in buckets.chunks_exact(per) {
        for i in 1..=high {
            points.extend(window[i * low - 1..(i * low + low - 1).min(per)].iter().filter(|p| !is_identity(p)));
            starts.push(points.len() as u32);
        }
        for j in 1..low {
            points.extend((j - 1..per).step_by(low).map(|b| window[b]).filter(|p| !is_identity(p)));
            starts.push(points.len() as u32);
        }
    }
    let groups = sum_groups(points, starts);
    let plain = |points: &[(Fq, Fq)]| {
        let (mut running, mut sum) = (G1::identity(), G1::identity());
        for p in points.iter().rev() {
            if !is_identity(p) {
                running += G1Affine { x: p.0, y: p.1 };
            }
            sum += running;
        }
        sum
    };
    groups
        .chunks_exact(high + low - 1)
        .take(count)
        .map(|g| {
            let (rows, columns) = g.split_at(high);
            let mut sum = plain(rows);
            for _ in 0..low.ilog2() {
                sum = sum.double();
            }
            sum + plain(columns)
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use halo2_proofs::halo2curves::group::Curve;
    use rand_core::{RngCore, SeedableRng};

    use super::*;

    fn naive(scalars: &[Fr], bases: &[G1Affine]) -> G1 {
        scalars.iter().zip(bases).fold(G1::identity(), |acc, (s, p)| acc + *p * *s)
    }

    fn bases(n: usize, rng: &mut impl RngCore) -> Vec<G1Affine> {
        (0..n).map(|_| G1::random(&mut *rng).to_affine()).collect()
    }

    #[test]
    fn agrees_with_the_definition() {
        let mut rng = rand_chacha::ChaCha8Rng::seed_from_u64(1);
        let points = bases(300, &mut rng);
        for n in [0, 1, 2, 3, 17, 64, 300] {
            for kind in 0..6 {
                let mut scalars: Vec<Fr> = (0..n)
                    .map(|i| match kind {
                        0 => Fr::random(&mut rng),
                        1 => Fr::from(u64::from(rng.next_u32() % 1024)),
                        2 => -Fr::from(u64::from(rng.next_u32())),
                        3 => Fr::from(i as u64 % 2),
                        4 => Fr::from(rng.next_u64()) - Fr::from(rng.next_u64()),
                        _ => Fr::from(512),
                    })
                    .collect();
                assert_eq!(msm(&scalars, &points), naive(&scalars, &points), "n {n} kind {kind}");
                // A few long scalars among short ones, as blinding rows are.
                for s in scalars.iter_mut().rev().take(6) {
                    *s = Fr::random(&mut rng);
                }
                assert_eq!(msm(&scalars, &points), naive(&scalars, &points), "blinded, n {n} kind {kind}");
            }
        }
    }

    #[test]
    fn equal_opposite_and_infinite_points() {
        let mut rng = rand_chacha::ChaCha8Rng::seed_from_u64(2);
        let p = G1::random(&mut rng).to_affine();
        let identity = G1Affine { x: Fq::zero(), y: Fq::zero() };
        let points = [p, p, -p, p, identity, -p, -p, p, identity, p];
        for scalars in [[7u64; 10], [1; 10], [3, 3, 3, 3, 9, 3, 3, 4, 5, 6], [0, 0, 1, 1, 0, 0, 0, 1, 1, 0]] {
            let scalars = scalars.map(Fr::from);
            assert_eq!(msm(&scalars, &points), naive(&scalars, &points));
        }
    }

    #[test]
    fn extreme_digits() {
        let mut rng = rand_chacha::ChaCha8Rng::seed_from_u64(3);
        let points = bases(40, &mut rng);
        let half = -Fr::one() * Fr::from(2).invert().unwrap();
        let mut scalars = vec![-Fr::one(), half, half + Fr::one(), Fr::from(u64::MAX), -Fr::from(u64::MAX)];
        for e in 0..35u32 {
            scalars.push(Fr::from(2).pow_vartime([u64::from(e * 7)]) - Fr::one());
        }
        assert_eq!(msm(&scalars, &points), naive(&scalars, &points));
    }
}
