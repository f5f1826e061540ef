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
    ff::PrimeField,
    group::Group,
};
use rayon::prelude::*;

use super::groups::{is_identity, sum_groups};

/// Scalars that are multiplied apart when the others are much shorter.
const OUTLIERS: usize = 12;
/// Points that one batch of additions works on.
const BATCH: usize = 1 << 13;

/// `Σ scalars[i]·bases[i]`, over as many as there are of both.
pub fn msm(scalars: &[Fr], bases: &[G1Affine]) -> G1 {
    let terms: Vec<Term> = scalars.iter().zip(bases).enumerate().filter_map(|(i, (s, p))| Term::new(s, p, i)).collect();
    if terms.is_empty() {
        return G1::identity();
    }
    let longest = terms.iter().map(|t| t.bits).max().unwrap_or(0);
    let short = short_bits(&terms);
    // Worth it when the others lose at least two windows.
    if short + 16 >= longest {
        return pippenger(&terms, bases);
    }
    let (long, terms): (Vec<Term>, Vec<Term>) = terms.into_iter().partition(|t| t.bits > short);
    interleaved(&long, bases) + pippenger(&terms, bases)
}

/// A few terms: digits of four bits, with the doublings in common. (Straus, "Addition chains of vectors", 1964.)
fn interleaved(terms: &[Term], bases: &[G1Affine]) -> G1 {
    let multiples = |t: &Term| {
        let mut sum = G1::identity();
        let point = bases[t.base as usize];
        let point = if t.negative { -point } else { point };
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
            // Without the bit below.
            if let Some(i) = ((t.bits_from(4 * window, 5) >> 1) as usize).checked_sub(1) {
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

/// ±magnitude · base.
struct Term {
    /// Twice the magnitude, so that the bit below a digit is always there; and zeros above.
    doubled: [u64; 5],
    bits: u32,
    base: u32,
    negative: bool,
}

/// The order of the group, r, and its half.
const ORDER: [u64; 4] = [0x43e1_f593_f000_0001, 0x2833_e848_79b9_7091, 0xb850_45b6_8181_585d, 0x3064_4e72_e131_a029];
const HALF: [u64; 4] =
    [ORDER[0] >> 1 | ORDER[1] << 63, ORDER[1] >> 1 | ORDER[2] << 63, ORDER[2] >> 1 | ORDER[3] << 63, ORDER[3] >> 1];

impl Term {
    /// None for a term that is the identity.
    fn new(scalar: &Fr, point: &G1Affine, base: usize) -> Option<Self> {
        let mut w = words(scalar);
        if w == [0; 4] || is_identity(&(point.x, point.y)) {
            return None;
        }
        let negative = w.iter().rev().gt(HALF.iter().rev());
        if negative {
            let mut borrow = false;
            for (w, r) in w.iter_mut().zip(&ORDER) {
                let (d, first) = r.overflowing_sub(*w);
                let (d, second) = d.overflowing_sub(u64::from(borrow));
                (*w, borrow) = (d, first || second);
            }
        }
        let top = w.iter().enumerate().rev().find(|(_, w)| **w != 0);
        let bits = top.map_or(0, |(i, w)| 64 * i as u32 + 64 - w.leading_zeros());
        let doubled = [w[0] << 1, w[1] << 1 | w[0] >> 63, w[2] << 1 | w[1] >> 63, w[3] << 1 | w[2] >> 63, 0];
        Some(Self { doubled, bits, base: base as u32, negative })
    }

    /// `width` bits (at most 63) of twice the magnitude.
    fn bits_from(&self, at: u32, width: u32) -> u64 {
        let (word, shift) = ((at / 64) as usize & 3, at % 64);
        // In two steps, as a shift by 64 is not one.
        let bits = self.doubled[word] >> shift | self.doubled[word + 1] << 1 << (63 - shift);
        bits & ((1 << width) - 1)
    }

    /// The signed digit (Booth) of `width` bits, with the term's sign.
    fn digit(&self, at: u32, width: u32) -> i32 {
        let bits = self.bits_from(at, width + 1);
        let digit = (bits.div_ceil(2) as i32) - (((bits >> width) as i32) << width);
        let sign = -i32::from(self.negative);
        (digit ^ sign) - sign
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

/// The cheapest digit width: additions of points, and of buckets (twice), at 6 multiplications each.
fn width(bits: u32, points: usize) -> u32 {
    let cost = |c: u32| f64::from((bits + 1).div_ceil(c)) * (points as f64 + f64::from(1u32 << c) + 40.0);
    (2..=15).min_by(|a, b| cost(*a).total_cmp(&cost(*b))).unwrap_or(2)
}

fn pippenger(terms: &[Term], bases: &[G1Affine]) -> G1 {
    let bits = terms.iter().map(|t| t.bits).max().unwrap_or(0);
    if bits == 0 {
        return G1::identity();
    }
    let c = width(bits, terms.len());
    // One more bit for the carry of the last signed digit.
    let windows = (bits + 1).div_ceil(c) as usize;
    let together = (BATCH / terms.len()).clamp(1, windows);
    let negated: Vec<Fq> = bases.iter().map(|p| -p.y).collect();
    let sums: Vec<G1> = (0..windows)
        .step_by(together)
        .collect::<Vec<_>>()
        .into_par_iter()
        .flat_map_iter(|first| windows_sums(terms, (bases, &negated), c, first as u32, together.min(windows - first)))
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

/// The sums of `count` windows from `first` on, of bases with their y negated.
fn windows_sums(terms: &[Term], (bases, negated): (&[G1Affine], &[Fq]), c: u32, first: u32, count: usize) -> Vec<G1> {
    let buckets = 1usize << (c - 1);
    let mut digits: Vec<i32> = Vec::with_capacity(terms.len() * count);
    // Sizes of groups: one for each window's digits of 0, which is left out, and its buckets.
    let mut sizes = vec![0u32; (buckets + 1) * count];
    for (w, sizes) in sizes.chunks_exact_mut(buckets + 1).enumerate() {
        let at = (first + w as u32) * c;
        for t in terms {
            let digit = t.digit(at, c);
            sizes[digit.unsigned_abs() as usize] += 1;
            digits.push(digit);
        }
    }
    let mut starts = Vec::with_capacity(buckets * count + 1);
    let mut end = 0;
    for window in sizes.chunks_exact_mut(buckets + 1) {
        for size in &mut window[1..] {
            starts.push(end);
            end += std::mem::replace(size, end);
        }
    }
    starts.push(end);
    // Where the next point of each group goes; points with digit 0 go to one place at the end.
    let mut next = sizes;
    let mut points = vec![(Fq::zero(), Fq::zero()); end as usize + 1];
    for (row, next) in digits.chunks_exact(terms.len()).zip(next.chunks_exact_mut(buckets + 1)) {
        for (t, &digit) in terms.iter().zip(row) {
            let group = digit.unsigned_abs() as usize;
            let p = &bases[t.base as usize];
            // Signs are random: a branch would be mispredicted half of the time.
            let y = [&p.y, &negated[t.base as usize]][usize::from(digit < 0)];
            let to = if group == 0 { end } else { next[group] };
            points[to as usize] = (p.x, *y);
            next[group] += 1;
        }
    }
    points.truncate(end as usize);
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
    use halo2_proofs::halo2curves::{ff::Field, group::Curve};
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
