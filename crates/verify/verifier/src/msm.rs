//! Multi-scalar multiplication for some tens to hundreds of points.
//!
//! Straus's method: one chain of doublings for all points, and a table of odd multiples for each point, indexed by the
//! digits of the scalar's windowed non-adjacent form. For few points it is faster than the bucket method, whose buckets
//! are then nearly empty; for many points it is slower. Measured (one core, native, the ignored test below, the least of
//! several runs on a shared machine), in milliseconds:
//!
//! | points | 30 | 60 | 90 | 120 | 400 | 1000 |
//! | --- | --- | --- | --- | --- | --- | --- |
//! | Straus | 0.57 | 1.02 | 1.59 | 1.97 | 7.1 | 16.4 |
//! | buckets | 0.87 | 1.85 | 2.25 | 2.67 | 8.0 | 14.4 |

use vouch_schema::num::{index, wide};

use crate::addition;
use crate::bn254::{Fr, G1, G1Affine, bits, digits};

/// Width of the windows: digits are odd, below 2^(WINDOW - 1) in absolute value.
const WINDOW: u8 = 5;
/// Number of odd multiples in a table: 1, 3, ..., 2^(WINDOW - 1) - 1.
const MULTIPLES: usize = 1 << (WINDOW - 2);

/// Bits of a scalar's words.
const BITS: usize = 256;

/// From this number of points on, buckets are faster.
const MANY: usize = 600;

#[cfg(test)]
mod adversarial;

/// The sum of all `scalar · point`.
pub(crate) fn msm(terms: &[(G1Affine, Fr)]) -> G1 {
    let terms: Vec<_> =
        terms.iter().copied().filter(|(point, scalar)| !point.is_identity() && !scalar.is_zero()).collect();
    // A proof has fewer points; only batches have more, and those are the business of servers.
    if terms.len() < MANY || cfg!(target_arch = "wasm32") { straus(&terms) } else { buckets(&terms) }
}

fn straus(terms: &[(G1Affine, Fr)]) -> G1 {
    let multiples = odd_multiples(terms.iter().map(|(point, _)| *point).collect());
    // All points that a digit selects, by the digit's position.
    let mut selected: Vec<Vec<G1Affine>> = Vec::new();
    for ((_, scalar), table) in terms.iter().zip(&multiples) {
        let digits = digits(&scalar.to_words(), WINDOW);
        if selected.len() < digits.len() {
            selected.resize_with(digits.len(), Vec::new);
        }
        for (digit, list) in digits.into_iter().zip(&mut selected) {
            // Always found: a digit is odd and below 2 * MULTIPLES, or zero.
            match table.get(usize::from(digit.unsigned_abs() >> 1)) {
                Some(multiple) if digit > 0 => list.push(*multiple),
                Some(multiple) if digit < 0 => list.push(-*multiple),
                _ => {}
            }
        }
    }
    let mut sum = G1::IDENTITY;
    for point in addition::sum_each(selected).into_iter().rev() {
        sum = sum.double().add_affine(&point);
    }
    sum
}

/// A scalar in digits of `width` bits from `1 - 2^(width - 1)` to `2^(width - 1)`, the lowest first.
fn windows(scalar: &Fr, width: usize) -> Vec<i16> {
    let bits: Vec<bool> = bits(&scalar.to_words()).collect();
    let half = 1i16 << width.abs_diff(1);
    let mut carry = 0;
    let digit = |window: &[bool]| {
        let digit = window.iter().fold(0i16, |digit, bit| (digit << 1) | i16::from(*bit));
        let digit = digit.checked_add(carry)?;
        // The highest window has no carry: bits from 254 on are zero.
        carry = i16::from(digit > half);
        if carry == 0 { Some(digit) } else { digit.checked_sub(half)?.checked_sub(half) }
    };
    bits.rchunks(width).map_while(digit).collect()
}

/// The bucket method (Pippenger's): for each window and each digit, the sum of the points with that digit; with s_d the sum
/// for d, `Σ d s_d` is the sum of all `s_d + s_(d+1) + ...`.
fn buckets(terms: &[(G1Affine, Fr)]) -> G1 {
    // The best width for a number of points, by measurement.
    let width = wide(terms.len()).checked_ilog2().unwrap_or(0).clamp(6, 13).abs_diff(2);
    let width = index(width);
    let half = 1usize << width.abs_diff(1);
    let mut lists: Vec<Vec<G1Affine>> = Vec::new();
    lists.resize_with(half.checked_mul(BITS.div_ceil(width)).unwrap_or(0), Vec::new);
    for (point, scalar) in terms {
        for (digit, lists) in windows(scalar, width).into_iter().zip(lists.chunks_mut(half)) {
            let place = usize::from(digit.unsigned_abs()).checked_sub(1);
            if let Some(list) = place.and_then(|place| lists.get_mut(place)) {
                list.push(if digit < 0 { -*point } else { *point });
            }
        }
    }
    addition::sum_each(lists).chunks(half).rev().fold(G1::IDENTITY, |sum, buckets| {
        let doubled = (0..width).fold(sum, |sum, _| sum.double());
        let (mut of_higher, mut total) = (G1::IDENTITY, doubled);
        for bucket in buckets.iter().rev() {
            of_higher = of_higher.add_affine(bucket);
            total += of_higher;
        }
        total
    })
}

/// For each point P: P, 3 P, 5 P, ...
fn odd_multiples(points: Vec<G1Affine>) -> Vec<Vec<G1Affine>> {
    let doubles = addition::add_pairs(&points.iter().map(|point| (*point, *point)).collect::<Vec<_>>());
    let mut tables: Vec<Vec<G1Affine>> = points.iter().map(|_| Vec::with_capacity(MULTIPLES)).collect();
    let mut current = points;
    for remaining in (0..MULTIPLES).rev() {
        for (table, multiple) in tables.iter_mut().zip(&current) {
            table.push(*multiple);
        }
        if remaining > 0 {
            current = addition::add_pairs(&current.into_iter().zip(doubles.iter().copied()).collect::<Vec<_>>());
        }
    }
    tables
}

#[cfg(test)]
mod tests {
    use super::*;

    fn times((point, scalar): &(G1Affine, Fr)) -> G1 {
        G1::multiple(point, &scalar.to_words())
    }

    fn terms(count: u64) -> Vec<(G1Affine, Fr)> {
        (0..count)
            .map(|i| {
                let scalar = Fr::from(i + 2).pow([u64::MAX - i, i]) - Fr::from(3u64);
                let factor = Fr::from(i + 1).pow([77, i]);
                (times(&(G1Affine::GENERATOR, factor)).to_affine(), scalar)
            })
            .collect()
    }

    #[test]
    fn both_methods_agree() {
        let mut terms = terms(MANY as u64 + 10);
        terms[3].0 = G1Affine::IDENTITY;
        terms[4].1 = Fr::ZERO;
        terms[5].1 = -Fr::from(1u64);
        terms[6].1 = Fr::from(1u64);
        terms[8] = terms[7];
        terms[9] = (-terms[7].0, terms[7].1);
        let expected: G1 = terms.iter().map(times).sum();
        assert_eq!(msm(&terms), expected);
        let nonzero: Vec<_> =
            terms.iter().copied().filter(|(point, scalar)| !point.is_identity() && !scalar.is_zero()).collect();
        assert_eq!(straus(&nonzero), expected);
        assert_eq!(buckets(&nonzero), expected);
        assert_eq!(msm(&terms[..10]), terms[..10].iter().map(times).sum::<G1>());
        assert_eq!(msm(&[]), G1::IDENTITY);
        assert_eq!(msm(&terms[3..4]), G1::IDENTITY);
    }

    /// Prints the time of both methods: `cargo test --release -p vouch-verifier msm -- --ignored --nocapture`.
    #[test]
    #[ignore = "a measurement"]
    #[expect(clippy::disallowed_types, reason = "a measurement")]
    fn time_of_both_methods() {
        for count in [30, 60, 90, 120, 400, 1000] {
            let terms = terms(count);
            let time = |f: &dyn Fn() -> G1| {
                let start = std::time::Instant::now();
                for _ in 0..20 {
                    let _ = std::hint::black_box(f());
                }
                start.elapsed() / 20
            };
            println!("{count} points: {:?}, buckets {:?}", time(&|| straus(&terms)), time(&|| buckets(&terms)));
        }
    }
}
