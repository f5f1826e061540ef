//! Multi-scalar multiplication for some tens to hundreds of points.
//!
//! Straus's method: one chain of doublings for all points, and a table of odd multiples for each point, indexed by the
//! digits of the scalar's windowed non-adjacent form. For few points it is faster than the bucket method of `ark_ec`,
//! whose buckets are then nearly empty; for many points it is slower. Measured (one core, native, the ignored test
//! below), in milliseconds:
//!
//! | points | 30 | 60 | 90 | 120 | 400 |
//! | --- | --- | --- | --- | --- | --- |
//! | Straus | 0.62 | 1.28 | 2.02 | 2.75 | 9.46 |
//! | buckets | 0.86 | 1.50 | 1.99 | 2.44 | 6.41 |

use ark_ec::{AffineRepr, VariableBaseMSM};
use ark_ff::{AdditiveGroup, BigInteger, PrimeField, Zero};

use crate::addition;
use crate::curve::{Fr, G1Affine, G1Projective};

/// Width of the windows: digits are odd, below 2^(WINDOW - 1) in absolute value.
const WINDOW: usize = 5;
/// Number of odd multiples in a table: 1, 3, ..., 2^(WINDOW - 1) - 1.
const MULTIPLES: usize = 1 << (WINDOW - 2);

/// From this number of points on, buckets are faster.
const MANY: usize = 90;

#[cfg(test)]
mod adversarial;

/// The sum of all `scalar · point`.
pub(crate) fn msm(terms: &[(G1Affine, Fr)]) -> G1Projective {
    let terms: Vec<_> = terms.iter().copied().filter(|(point, scalar)| !point.is_zero() && !scalar.is_zero()).collect();
    // A proof has fewer points; only batches have more, and those are the business of servers.
    if terms.len() < MANY || cfg!(target_arch = "wasm32") { straus(&terms) } else { buckets(&terms) }
}

fn buckets(terms: &[(G1Affine, Fr)]) -> G1Projective {
    let (points, scalars): (Vec<_>, Vec<_>) = terms.iter().copied().unzip();
    G1Projective::msm_unchecked(&points, &scalars)
}

fn straus(terms: &[(G1Affine, Fr)]) -> G1Projective {
    let multiples = odd_multiples(terms.iter().map(|(point, _)| *point).collect());
    // All points that a digit selects, by the digit's position.
    let mut selected: Vec<Vec<G1Affine>> = Vec::new();
    for ((_, scalar), table) in terms.iter().zip(&multiples) {
        let digits = scalar.into_bigint().find_wnaf(WINDOW).unwrap_or_default();
        if selected.len() < digits.len() {
            selected.resize_with(digits.len(), Vec::new);
        }
        for (digit, list) in digits.into_iter().zip(&mut selected) {
            // Always found: a digit is odd and below 2 * MULTIPLES, or zero.
            match usize::try_from(digit.unsigned_abs() >> 1).ok().and_then(|index| table.get(index)) {
                Some(multiple) if digit > 0 => list.push(*multiple),
                Some(multiple) if digit < 0 => list.push(-*multiple),
                _ => {}
            }
        }
    }
    let mut sum = G1Projective::zero();
    for point in addition::sum_each(selected).into_iter().rev() {
        sum.double_in_place();
        sum += point;
    }
    sum
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
    use ark_ec::CurveGroup;
    use ark_ff::Field;

    fn terms(count: u64) -> Vec<(G1Affine, Fr)> {
        (0..count)
            .map(|i| {
                let scalar = Fr::from(i + 2).pow([u64::MAX - i, i]) - Fr::from(3u64);
                let point = G1Affine::generator() * Fr::from(i + 1).pow([77, i]);
                (point.into_affine(), scalar)
            })
            .collect()
    }

    #[test]
    fn both_methods_agree() {
        let mut terms = terms(MANY as u64 + 10);
        terms[3].0 = G1Affine::zero();
        terms[4].1 = Fr::zero();
        terms[5].1 = -Fr::from(1u64);
        terms[6].1 = Fr::from(1u64);
        terms[8] = terms[7];
        terms[9] = (-terms[7].0, terms[7].1);
        let expected: G1Projective = terms.iter().map(|(point, scalar)| *point * scalar).sum();
        assert_eq!(msm(&terms), expected);
        let nonzero: Vec<_> =
            terms.iter().copied().filter(|(point, scalar)| !point.is_zero() && !scalar.is_zero()).collect();
        assert_eq!(straus(&nonzero), expected);
        assert_eq!(buckets(&nonzero), expected);
        assert_eq!(msm(&terms[..10]), terms[..10].iter().map(|(point, scalar)| *point * scalar).sum::<G1Projective>());
        assert_eq!(msm(&[]), G1Projective::zero());
        assert_eq!(msm(&terms[3..4]), G1Projective::zero());
    }

    /// Prints the time of both methods: `cargo test --release -p vouch-verifier msm -- --ignored --nocapture`.
    #[test]
    #[ignore = "a measurement"]
    #[expect(clippy::disallowed_types, reason = "a measurement")]
    fn time_of_both_methods() {
        for count in [30, 60, 90, 120, 400, 1000] {
            let terms = terms(count);
            let time = |f: &dyn Fn() -> G1Projective| {
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
