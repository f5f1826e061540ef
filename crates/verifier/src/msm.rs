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

use ark_bn254::{Fr, G1Affine, G1Projective};
use ark_ec::{AffineRepr, CurveGroup, VariableBaseMSM};
use ark_ff::{AdditiveGroup, BigInteger, PrimeField, Zero};

/// Width of the windows: digits are odd, below 2^(WINDOW - 1) in absolute value.
const WINDOW: usize = 5;
/// Number of odd multiples in a table: 1, 3, ..., 2^(WINDOW - 1) - 1.
const MULTIPLES: usize = 1 << (WINDOW - 2);

/// From this number of points on, buckets are faster.
const MANY: usize = 90;

/// The sum of all `scalar · point`.
pub(crate) fn msm(terms: &[(G1Affine, Fr)]) -> G1Projective {
    let terms: Vec<_> = terms.iter().copied().filter(|(point, scalar)| !point.is_zero() && !scalar.is_zero()).collect();
    if terms.len() < MANY { straus(&terms) } else { buckets(&terms) }
}

fn buckets(terms: &[(G1Affine, Fr)]) -> G1Projective {
    let (points, scalars): (Vec<_>, Vec<_>) = terms.iter().copied().unzip();
    G1Projective::msm_unchecked(&points, &scalars)
}

fn straus(terms: &[(G1Affine, Fr)]) -> G1Projective {
    let mut multiples = Vec::with_capacity(terms.len().saturating_mul(MULTIPLES));
    for (point, _) in terms {
        let double = point.into_group().double();
        let mut multiple = point.into_group();
        for _ in 0..MULTIPLES {
            multiples.push(multiple);
            multiple += double;
        }
    }
    let multiples = G1Projective::normalize_batch(&multiples);

    let digits: Vec<Vec<i64>> =
        terms.iter().map(|(_, scalar)| scalar.into_bigint().find_wnaf(WINDOW).unwrap_or_default()).collect();
    let len = digits.iter().map(Vec::len).max().unwrap_or(0);

    let mut sum = G1Projective::zero();
    for position in (0..len).rev() {
        sum.double_in_place();
        for (digits, table) in digits.iter().zip(multiples.chunks(MULTIPLES)) {
            let digit = digits.get(position).copied().unwrap_or(0);
            if digit == 0 {
                continue;
            }
            let index = usize::try_from(digit.unsigned_abs() >> 1).unwrap_or(usize::MAX);
            // Always found: a digit is odd and below 2 * MULTIPLES.
            if let Some(multiple) = table.get(index) {
                if digit > 0 { sum += multiple } else { sum -= multiple }
            }
        }
    }
    sum
}

#[cfg(test)]
mod tests {
    use super::*;
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
