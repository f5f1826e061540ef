//! SHPLONK: one proof for the evaluations of many polynomials at many points.
//!
//! Polynomials that are opened at the same set of points S_i are combined with powers of y, the sets with powers of v.
//! Let T be all points, Z_S(X) = Π_{p in S} (X - p), and r_i the polynomial of degree below |S_i| with the claimed
//! evaluations. The prover sends h1 = Σ v^i (f_i - r_i) / Z_{S_i}, and at a random u the verifier forms
//!
//! ```text
//! L(X) = Σ_i v^i Z_{T \ S_i}(u) (f_i(X) - r_i(u)) - Z_T(u) h1(X)
//! ```
//!
//! which is zero at u exactly if the evaluations are right; h2 = L / (X - u) proves that, as an ordinary KZG opening:
//! `e(h2, [s]) = e(L + u h2, [1])` (BDFG20, section 4.1). As in halo2, everything is divided by the factor of the first set, Z_{T \ S_0}(u).
//!
//! Which polynomials are opened where depends on the key alone, so the sets are found when a key is loaded.

use crate::curve::{Fr, G1Affine};
use ark_ff::{One, Zero};

use crate::domain::Domain;
use crate::error::VerifyError;
use crate::key::KeyDescription;
use crate::proof::{Commitments, Evaluations, Opening};
use crate::sorted::SortedMap;
use crate::transcript::Transcript;

/// A polynomial that is opened.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Polynomial {
    Advice(usize),
    Product(usize),
    Fixed(usize),
    Sigma(usize),
    Quotient,
    Random,
}

/// Where an evaluation is found.
#[derive(Debug, Clone, Copy)]
enum Evaluation {
    Advice(usize),
    Fixed(usize),
    Sigma(usize),
    Product(usize),
    ProductNext(usize),
    ProductLast(usize),
    Quotient,
    Random,
}

/// Polynomials that are opened at the same points.
#[derive(Debug, Clone)]
struct RotationSet {
    /// Positions in [`Plan::rotations`], in increasing order.
    points: Vec<usize>,
    /// The polynomials, each with its evaluations at the points.
    polynomials: Vec<(Polynomial, Vec<Evaluation>)>,
}

/// Which polynomials are opened at which rotations of x.
#[derive(Debug, Clone)]
pub(crate) struct Plan {
    rotations: Vec<i64>,
    sets: Vec<RotationSet>,
    advice_columns: usize,
    advice_queries: usize,
    fixed_queries: usize,
}

impl Plan {
    /// The plan of a key whose queries have been checked, with 2^k = n rows.
    pub(crate) fn new(key: &KeyDescription, products: usize, n: i64) -> Self {
        let last = i64::from(key.blinding_factors).saturating_add(1).saturating_neg();
        let position = |column: u32| usize::try_from(column).unwrap_or(usize::MAX);
        let advice = key.advice_queries.iter().enumerate().map(|(index, query)| {
            (Polynomial::Advice(position(query.column)), i64::from(query.rotation), Evaluation::Advice(index))
        });
        let product = (0..products).flat_map(|index| {
            let polynomial = Polynomial::Product(index);
            [(polynomial, 0, Evaluation::Product(index)), (polynomial, 1, Evaluation::ProductNext(index))]
        });
        let product_last = (0..products.saturating_sub(1))
            .rev()
            .map(|index| (Polynomial::Product(index), last, Evaluation::ProductLast(index)));
        let fixed = key.fixed_queries.iter().enumerate().map(|(index, query)| {
            (Polynomial::Fixed(position(query.column)), i64::from(query.rotation), Evaluation::Fixed(index))
        });
        let sigma =
            (0..key.permutation_columns.len()).map(|index| (Polynomial::Sigma(index), 0, Evaluation::Sigma(index)));
        let vanishing = [(Polynomial::Quotient, 0, Evaluation::Quotient), (Polynomial::Random, 0, Evaluation::Random)];

        // Polynomials in the order of their first query, each with its evaluations by rotation.
        let mut opened: Vec<(Polynomial, SortedMap<i64, Evaluation>)> = Vec::new();
        let mut known: SortedMap<Polynomial, usize> = SortedMap::new();
        let queries = advice.chain(product).chain(product_last).chain(fixed).chain(sigma).chain(vanishing);
        for (polynomial, rotation, evaluation) in queries {
            let place = known.get(&polynomial).copied().unwrap_or_else(|| {
                opened.push((polynomial, SortedMap::new()));
                opened.len().saturating_sub(1)
            });
            known.insert(polynomial, place);
            if let Some((_, evaluations)) = opened.get_mut(place) {
                evaluations.insert(rotation.checked_rem_euclid(n).unwrap_or(0), evaluation);
            }
        }

        let mut rotations: SortedMap<i64, ()> = SortedMap::new();
        for (_, evaluations) in &opened {
            for (rotation, _) in evaluations.iter() {
                rotations.insert(*rotation, ());
            }
        }
        let rotations: Vec<i64> = rotations.iter().map(|(rotation, ())| *rotation).collect();

        // Sets in the order of their first polynomial. Few polynomials differ in their points, so a search is short.
        let mut sets: Vec<RotationSet> = Vec::new();
        for (polynomial, evaluations) in opened {
            let points: Vec<usize> =
                evaluations.iter().filter_map(|(rotation, _)| rotations.binary_search(rotation).ok()).collect();
            let evaluations = evaluations.iter().map(|(_, evaluation)| *evaluation).collect();
            match sets.iter_mut().find(|set| set.points == points) {
                Some(set) => set.polynomials.push((polynomial, evaluations)),
                None => sets.push(RotationSet { points, polynomials: vec![(polynomial, evaluations)] }),
            }
        }
        Self {
            rotations,
            sets,
            advice_columns: key.advice_phases.len(),
            advice_queries: key.advice_queries.len(),
            fixed_queries: key.fixed_queries.len(),
        }
    }

    /// Products of two numbers that [`Weights`] and the combinations of evaluations take, except a few for each set.
    #[cfg(test)]
    pub(crate) fn products(&self) -> usize {
        let of_set = |set: &RotationSet| set.points.len() * (set.points.len() + set.polynomials.len());
        self.sets.iter().map(of_set).sum()
    }

    pub(crate) fn advice_columns(&self) -> usize {
        self.advice_columns
    }

    pub(crate) fn advice_queries(&self) -> usize {
        self.advice_queries
    }

    pub(crate) fn fixed_queries(&self) -> usize {
        self.fixed_queries
    }

    /// Reads the multi-opening proof and reduces all evaluations to one pairing equation.
    pub(crate) fn reduce(
        &self,
        domain: &Domain,
        x: Fr,
        commitments: &Commitments,
        evaluations: &Evaluations,
        transcript: &mut Transcript<'_>,
        opening: &mut Opening,
    ) -> Result<(), VerifyError> {
        let y = transcript.challenge();
        let v = transcript.challenge();
        let h1 = transcript.read_point()?;
        let u = transcript.challenge();
        let h2 = transcript.read_point()?;

        let points: Vec<Fr> = self.rotations.iter().map(|&rotation| domain.rotate(x, rotation)).collect();
        let weights = Weights::new(&self.sets, &points, u)?;

        let mut power_of_v = Fr::one();
        let mut remainder = Fr::zero();
        for (set, weight) in self.sets.iter().zip(&weights.sets) {
            let mut factor = power_of_v * weight.factor;
            for (polynomial, values) in &set.polynomials {
                let mut value = Fr::zero();
                for (&evaluation, basis) in values.iter().zip(&weight.basis) {
                    value += evaluations.get(evaluation)? * basis;
                }
                remainder += factor * value;
                commitments.add(*polynomial, factor, opening)?;
                factor *= y;
            }
            power_of_v *= v;
        }
        opening.generator -= remainder;
        opening.terms.push((h1, -weights.first));
        opening.terms.push((h2, u));
        opening.quotient = h2;
        Ok(())
    }
}

/// Factors that depend on the points and on u.
struct Weights {
    sets: Vec<SetWeights>,
    /// Z_{S_0}(u), which is Z_T(u) / Z_{T \ S_0}(u).
    first: Fr,
}

struct SetWeights {
    /// Z_{T \ S_i}(u) / Z_{T \ S_0}(u).
    factor: Fr,
    /// The Lagrange polynomials of S_i at u: r_i(u) is their combination by the evaluations.
    basis: Vec<Fr>,
}

impl Weights {
    fn new(sets: &[RotationSet], points: &[Fr], u: Fr) -> Result<Self, VerifyError> {
        let degenerate = |challenge| VerifyError::DegenerateChallenge { challenge };
        let missing = || VerifyError::Missing { what: "point of a rotation set" };
        let differences: Vec<Fr> = points.iter().map(|point| u - point).collect();
        if differences.iter().any(Fr::is_zero) {
            return Err(degenerate("u"));
        }

        // Z_{S_i}(u) and the denominators (u - p) Π_{q ≠ p} (p - q) of the basis, inverted together.
        let mut vanishing = Vec::with_capacity(sets.len());
        let mut denominators = Vec::new();
        for set in sets {
            let mut product = Fr::one();
            for &at in &set.points {
                let (point, difference) = points.get(at).zip(differences.get(at)).ok_or_else(missing)?;
                product *= difference;
                let mut denominator = *difference;
                for &other in set.points.iter().filter(|&&other| other != at) {
                    denominator *= *point - points.get(other).ok_or_else(missing)?;
                }
                denominators.push(denominator);
            }
            vanishing.push(product);
        }
        let first = vanishing.first().copied().unwrap_or(Fr::one());
        // Z_{T \ S_i} / Z_{T \ S_0} is Z_{S_0} / Z_{S_i}.
        let bases = denominators.len();
        denominators.extend_from_slice(&vanishing);
        if denominators.iter().any(Fr::is_zero) {
            return Err(degenerate("x"));
        }
        ark_ff::batch_inversion(&mut denominators);
        let (bases, inverses) = denominators.split_at_checked(bases).ok_or_else(missing)?;

        let mut bases = bases.iter();
        let sets = sets
            .iter()
            .zip(&vanishing)
            .zip(inverses)
            .map(|((set, &product), inverse)| SetWeights {
                factor: first * inverse,
                basis: bases.by_ref().take(set.points.len()).map(|basis| product * basis).collect(),
            })
            .collect();
        Ok(Self { sets, first })
    }
}

impl Evaluations {
    fn get(&self, evaluation: Evaluation) -> Result<Fr, VerifyError> {
        let value = match evaluation {
            Evaluation::Advice(i) => self.advice.get(i).copied(),
            Evaluation::Fixed(i) => self.fixed.get(i).copied(),
            Evaluation::Sigma(i) => self.sigmas.get(i).copied(),
            Evaluation::Product(i) => self.products.get(i).map(|product| product.current),
            Evaluation::ProductNext(i) => self.products.get(i).map(|product| product.next),
            Evaluation::ProductLast(i) => self.products.get(i).and_then(|product| product.last),
            Evaluation::Quotient => Some(self.quotient),
            Evaluation::Random => Some(self.random),
        };
        value.ok_or(VerifyError::Missing { what: "evaluation" })
    }
}

impl Commitments {
    /// Adds `factor` times a polynomial's commitment to the right side of the equation.
    fn add(&self, polynomial: Polynomial, factor: Fr, opening: &mut Opening) -> Result<(), VerifyError> {
        let missing = || VerifyError::Missing { what: "commitment" };
        let point = |points: &[G1Affine], index: usize| points.get(index).copied().ok_or_else(missing);
        match polynomial {
            Polynomial::Fixed(i) => *opening.fixed.get_mut(i).ok_or_else(missing)? += factor,
            Polynomial::Sigma(i) => *opening.sigmas.get_mut(i).ok_or_else(missing)? += factor,
            Polynomial::Advice(i) => opening.terms.push((point(&self.advice, i)?, factor)),
            Polynomial::Product(i) => opening.terms.push((point(&self.products, i)?, factor)),
            Polynomial::Random => opening.terms.push((self.random, factor)),
            Polynomial::Quotient => {
                let mut factor = factor;
                for piece in &self.quotient {
                    opening.terms.push((*piece, factor));
                    factor *= self.xn;
                }
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use ark_ff::Field;

    fn set(points: &[usize]) -> RotationSet {
        RotationSet { points: points.to_vec(), polynomials: Vec::new() }
    }

    #[test]
    fn weights_interpolate() {
        let points = [3u64, 5, 11].map(Fr::from);
        let u = Fr::from(100u64);
        let weights = Weights::new(&[set(&[0, 2]), set(&[0, 1, 2]), set(&[1])], &points, u).unwrap();
        assert_eq!(weights.first, Fr::from(97u64 * 89));
        let factors: Vec<Fr> = weights.sets.iter().map(|set| set.factor).collect();
        assert_eq!(factors[0], Fr::one());
        assert_eq!(factors[1] * Fr::from(95u64), Fr::one());
        assert_eq!(factors[2] * Fr::from(95u64), Fr::from(97u64 * 89));
        // X^2 from its values at the three points, and X at two.
        let value = |set: usize, values: &[Fr]| -> Fr {
            weights.sets[set].basis.iter().zip(values).map(|(basis, value)| *basis * value).sum()
        };
        assert_eq!(value(1, &points.map(|point| point.square())), u.square());
        assert_eq!(value(0, &[points[0], points[2]]), u);
        assert_eq!(value(2, &[Fr::from(9u64)]), Fr::from(9u64));
    }

    #[test]
    fn degenerate_points_are_refused() {
        let points = [3u64, 5, 3].map(Fr::from);
        let refused = |u: u64| Weights::new(&[set(&[0, 2])], &points, Fr::from(u)).err();
        assert_eq!(refused(5), Some(VerifyError::DegenerateChallenge { challenge: "u" }));
        assert_eq!(refused(9), Some(VerifyError::DegenerateChallenge { challenge: "x" }));
        let missing = Weights::new(&[set(&[3])], &points, Fr::from(9u64)).err();
        assert_eq!(missing, Some(VerifyError::Missing { what: "point of a rotation set" }));
    }
}
