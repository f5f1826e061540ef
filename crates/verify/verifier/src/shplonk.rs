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
//! In the evm profile one commitment stands for a group of polynomials that are opened at the same points and committed to
//! at the same time (docs/evm.md). For f_0, ..., f_{t-1} it is that of
//!
//! ```text
//! g(X) = Σ_j X^j f_j(X^t)
//! ```
//!
//! Opening g modulo Z_S(X^t) opens all of them at S: with r(X) = Σ_j X^j r_j(X^t), Z_S(X^t) divides g - r exactly if Z_S divides
//! each f_j - r_j, since the exponents of the terms differ modulo t. So a group is a set of one polynomial whose value at u is
//! Σ u^j r_j(u^t), and whose Z is Z_S(u^t).
//!
//! Which polynomials are opened where depends on the key alone, so the sets are found when a key is loaded.

use vouch_schema::num::{index, wide};

use crate::bn254::{Fr, G1Affine, invert_all};
use crate::challenge::{OpeningPoint, PolynomialFactor, SetFactor};
use crate::domain::{Domain, Point, Rows};
use crate::error::VerifyError;
use crate::groups::{GroupMember, GroupTime, OpeningGroup};
use crate::key::{CommittedWeights, KeyDescription};
use crate::opening::DeferredPairing;
use crate::permutation;
use crate::sorted::SortedMap;
use crate::transcript::Transcript;
use crate::{vanishing, weights};

/// A polynomial that is opened.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Polynomial {
    Advice(usize),
    /// A virtual advice column: the combination of a lane's weight columns.
    Combined(usize),
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

/// Where the commitment of a group is found.
#[derive(Debug, Clone, Copy)]
enum Source {
    /// At this position among the key's.
    Key(usize),
    /// At this position among the proof's.
    Proof(usize),
}

/// When groups are committed to: after a phase (0 to 2), the products, the quotient, or in the key, which comes last.
type Time = usize;
const PRODUCTS: Time = 3;
const QUOTIENT: Time = 4;
const KEY: Time = 5;
const TIMES: usize = 6;

/// Polynomials that are opened at the same points.
#[derive(Debug, Clone)]
struct RotationSet {
    time: Time,
    /// The commitment of the group that they are.
    group: Option<Source>,
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
    /// In the evm profile, how many groups are committed to at each time.
    groups: [usize; TIMES],
    grouped: bool,
}

/// The polynomials of a proof, and their values at x and its rotations.
pub(crate) struct Evaluated<'a> {
    /// Commitments of the advice columns; in the evm profile all of the proof's groups.
    pub(crate) advice_columns: &'a [G1Affine],
    /// Evaluations of advice columns, by query.
    pub(crate) advice: &'a [Fr],
    /// Evaluations of fixed columns, by query.
    pub(crate) fixed: &'a [Fr],
    /// The permutation's polynomials and products.
    pub(crate) permutation: &'a permutation::Evaluated,
    /// The random polynomial, and the pieces of the quotient.
    pub(crate) vanishing: &'a vanishing::Evaluated,
    /// The key's weights, for the commitments of virtual columns.
    pub(crate) weights: Option<&'a CommittedWeights>,
    /// The circuit's challenges.
    pub(crate) challenges: &'a [Fr],
    /// The value that the quotient must have.
    pub(crate) quotient: Fr,
}

impl Plan {
    /// The plan of a key whose queries have been checked. `last` is the row after the usable ones.
    pub(crate) fn new(key: &KeyDescription, products: usize, rows: Rows, last: i64) -> Self {
        let advice = key.advice_queries.iter().enumerate().map(|(position, query)| {
            let column = index(query.column);
            let polynomial = key.lane_of_virtual(column).map_or(Polynomial::Advice(column), Polynomial::Combined);
            (polynomial, i64::from(query.rotation), Evaluation::Advice(position))
        });
        let product = (0..products).flat_map(|product| {
            let polynomial = Polynomial::Product(product);
            [(polynomial, 0, Evaluation::Product(product)), (polynomial, 1, Evaluation::ProductNext(product))]
        });
        // All but the last product, from the one before it back to the first.
        let product_last = (0..products)
            .rev()
            .skip(1)
            .map(|product| (Polynomial::Product(product), last, Evaluation::ProductLast(product)));
        let fixed = key.fixed_queries.iter().enumerate().map(|(position, query)| {
            (Polynomial::Fixed(index(query.column)), i64::from(query.rotation), Evaluation::Fixed(position))
        });
        let sigma =
            (0..key.permutation_columns.len()).map(|column| (Polynomial::Sigma(column), 0, Evaluation::Sigma(column)));
        let vanishing = [(Polynomial::Quotient, 0, Evaluation::Quotient), (Polynomial::Random, 0, Evaluation::Random)];
        let vanishing = vanishing.into_iter().take(if key.evm.is_some() { 1 } else { 2 });

        // Polynomials in the order of their first query, each with its evaluations by rotation.
        let mut opened: Vec<(Polynomial, SortedMap<i64, Evaluation>)> = Vec::new();
        let mut known: SortedMap<Polynomial, usize> = SortedMap::new();
        let queries = advice.chain(product).chain(product_last).chain(fixed).chain(sigma).chain(vanishing);
        for (polynomial, rotation, evaluation) in queries {
            let place = known.get(&polynomial).copied().unwrap_or(opened.len());
            if place == opened.len() {
                opened.push((polynomial, SortedMap::new()));
            }
            known.insert(polynomial, place);
            if let Some((_, evaluations)) = opened.get_mut(place) {
                evaluations.insert(rows.reached(rotation), evaluation);
            }
        }

        let mut rotations: SortedMap<i64, ()> = SortedMap::new();
        for (_, evaluations) in &opened {
            for (rotation, _) in evaluations.iter() {
                rotations.insert(*rotation, ());
            }
        }
        let rotations: Vec<i64> = rotations.iter().map(|(rotation, ())| *rotation).collect();

        let phase = |column: usize| key.advice_phases.get(column).map_or(KEY, |phase| usize::from(*phase));
        let time = |polynomial| match polynomial {
            Polynomial::Advice(column) => phase(column),
            Polynomial::Product(_) => PRODUCTS,
            Polynomial::Quotient => QUOTIENT,
            Polynomial::Combined(_) | Polynomial::Fixed(_) | Polynomial::Sigma(_) | Polynomial::Random => KEY,
        };
        let limit = key.evm.as_ref().map_or(usize::MAX, |evm| index(evm.group));

        // Sets in the order of their first polynomial. Few polynomials differ in their points, so a search is short.
        let mut sets: Vec<RotationSet> = Vec::new();
        for (polynomial, evaluations) in opened {
            let points: Vec<usize> =
                evaluations.iter().filter_map(|(rotation, _)| rotations.binary_search(rotation).ok()).collect();
            let evaluations = evaluations.iter().map(|(_, evaluation)| *evaluation).collect();
            let time = if key.evm.is_some() { time(polynomial) } else { KEY };
            let has_room = |set: &RotationSet| set.time == time && set.polynomials.len() < limit;
            match sets.iter_mut().find(|set| has_room(set) && set.points == points) {
                Some(set) => set.polynomials.push((polynomial, evaluations)),
                None => {
                    sets.push(RotationSet { time, group: None, points, polynomials: vec![(polynomial, evaluations)] })
                }
            }
        }
        let mut plan = Self { rotations, sets, groups: [0; TIMES], grouped: key.evm.is_some() };
        if plan.grouped {
            plan.number();
        }
        plan
    }

    /// Gives each group the place of its commitment: in the order of times, at each time in that of the sets.
    fn number(&mut self) {
        let (sets, mut next) = (&mut self.sets, 0..);
        for (time, count) in self.groups.iter_mut().enumerate() {
            if time == KEY {
                next = 0..;
            }
            for (set, place) in sets.iter_mut().filter(|set| set.time == time).zip(next.by_ref()) {
                set.group = Some(if time == KEY { Source::Key(place) } else { Source::Proof(place) });
            }
            *count = sets.iter().filter(|set| set.time == time).count();
        }
    }

    /// The groups, for provers.
    pub(crate) fn groups(&self) -> Vec<OpeningGroup> {
        let group = |set: &RotationSet| OpeningGroup {
            time: match set.time {
                PRODUCTS => GroupTime::Products,
                QUOTIENT => GroupTime::Quotient,
                phase if phase < PRODUCTS => GroupTime::Phase(u8::try_from(phase).unwrap_or(u8::MAX)),
                _ => GroupTime::Key,
            },
            rows: set.points.iter().filter_map(|&at| self.rotations.get(at).copied()).collect(),
            members: set.polynomials.iter().filter_map(|(polynomial, _)| GroupMember::of(*polynomial)).collect(),
        };
        self.sets.iter().map(group).collect()
    }

    /// How many groups a key of the evm profile commits to.
    pub(crate) fn own_groups(&self) -> usize {
        self.groups.last().copied().unwrap_or(0)
    }

    /// How many groups a proof commits to.
    pub(crate) fn proof_groups(&self) -> usize {
        self.groups.iter().take(KEY).sum()
    }

    /// How many groups a proof commits to after a phase.
    pub(crate) fn phase_groups(&self, phase: u8) -> usize {
        self.groups.get(usize::from(phase)).copied().unwrap_or(0)
    }

    /// How many groups of products a proof commits to.
    pub(crate) fn product_groups(&self) -> usize {
        self.groups.get(PRODUCTS).copied().unwrap_or(0)
    }

    /// Products of two numbers that [`Weights`] and the combinations of evaluations take, except a few for each set.
    #[cfg(test)]
    pub(crate) fn products(&self) -> usize {
        let of_set = |set: &RotationSet| set.points.len() * (set.points.len() + set.polynomials.len());
        self.sets.iter().map(of_set).sum()
    }

    /// Reads the multi-opening proof, and reduces all evaluations to one pairing equation, which is added to another.
    pub(crate) fn reduce(
        &self,
        domain: &Domain,
        point: Point,
        evaluated: &Evaluated<'_>,
        transcript: &mut Transcript<'_>,
        equation: &mut DeferredPairing,
    ) -> Result<(), VerifyError> {
        let y = if self.grouped { None } else { Some(transcript.draw()) };
        let SetFactor(v) = transcript.draw();
        let h1 = transcript.read_point("quotient of the multi-opening")?;
        let u: OpeningPoint = transcript.draw();
        let h2 = transcript.read_point("quotient of the opening at u")?;

        let points: Vec<Fr> = self.rotations.iter().map(|&rotation| domain.rotate(point.x, rotation)).collect();
        let weights = Weights::new(&self.sets, &points, u)?;
        // Of a group, polynomial j has the factor u^j.
        let step = y.map_or(u.0, |PolynomialFactor(y)| y);

        let mut power_of_v = Fr::ONE;
        let mut remainder = Fr::ZERO;
        for (set, weight) in self.sets.iter().zip(&weights.sets) {
            let mut factor = power_of_v * weight.factor;
            match set.group {
                Some(Source::Key(place)) => equation.add_fixed(place, factor)?,
                Some(Source::Proof(place)) => equation.add_point(commitment(evaluated.advice_columns, place)?, factor),
                None => {}
            }
            for (polynomial, values) in &set.polynomials {
                let mut value = Fr::ZERO;
                for (&evaluation, basis) in values.iter().zip(&weight.basis) {
                    value += evaluated.value(evaluation)? * basis;
                }
                remainder += factor * value;
                if !self.grouped {
                    evaluated.add(*polynomial, factor, point, equation)?;
                }
                factor *= step;
            }
            power_of_v *= v;
        }
        equation.add_generator(-remainder);
        equation.add_point(h1, -weights.first);
        equation.add_point(h2, u.0);
        equation.add_quotient(h2);
        Ok(())
    }
}

/// Factors that depend on the points and on u.
struct Weights {
    sets: Vec<SetWeights>,
    /// Z_{S_0}(u), which is Z_T(u) / Z_{T \ S_0}(u). With groups everything is divided by Z_T(u) instead: 1.
    first: Fr,
}

struct SetWeights {
    /// Z_{T \ S_i}(u) / Z_{T \ S_0}(u).
    factor: Fr,
    /// The Lagrange polynomials of S_i at u: r_i(u) is their combination by the evaluations.
    basis: Vec<Fr>,
}

impl Weights {
    fn new(sets: &[RotationSet], points: &[Fr], OpeningPoint(u): OpeningPoint) -> Result<Self, VerifyError> {
        let degenerate = |challenge| VerifyError::DegenerateChallenge { challenge };
        let missing = || VerifyError::Missing { what: "point of a rotation set" };
        let grouped = sets.first().is_some_and(|set| set.group.is_some());
        if !grouped && points.contains(&u) {
            return Err(degenerate("u"));
        }

        // Z_{S_i}(u) and the denominators (u - p) Π_{q ≠ p} (p - q) of the basis, inverted together.
        let mut vanishing = Vec::with_capacity(sets.len());
        let mut denominators = Vec::new();
        for set in sets {
            let mut product = Fr::ONE;
            let u = if set.group.is_some() { u.pow([wide(set.polynomials.len())]) } else { u };
            for &at in &set.points {
                let point = points.get(at).ok_or_else(missing)?;
                let mut denominator = u - point;
                product *= denominator;
                if denominator.is_zero() {
                    return Err(degenerate("u"));
                }
                for &other in set.points.iter().filter(|&&other| other != at) {
                    denominator *= *point - points.get(other).ok_or_else(missing)?;
                }
                denominators.push(denominator);
            }
            vanishing.push(product);
        }
        let first = if grouped { Fr::ONE } else { vanishing.first().copied().unwrap_or(Fr::ONE) };
        // Z_{T \ S_i} / Z_{T \ S_0} is Z_{S_0} / Z_{S_i}.
        let bases = denominators.len();
        denominators.extend_from_slice(&vanishing);
        if denominators.iter().any(Fr::is_zero) {
            return Err(degenerate("x"));
        }
        invert_all(&mut denominators);
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

fn commitment(points: &[G1Affine], position: usize) -> Result<G1Affine, VerifyError> {
    points.get(position).copied().ok_or(VerifyError::Missing { what: "commitment" })
}

impl Evaluated<'_> {
    fn value(&self, evaluation: Evaluation) -> Result<Fr, VerifyError> {
        let products = &self.permutation.evaluations;
        let value = match evaluation {
            Evaluation::Advice(i) => self.advice.get(i).copied(),
            Evaluation::Fixed(i) => self.fixed.get(i).copied(),
            Evaluation::Sigma(i) => self.permutation.sigmas.get(i).copied(),
            Evaluation::Product(i) => products.get(i).map(|product| product.current),
            Evaluation::ProductNext(i) => products.get(i).map(|product| product.next),
            Evaluation::ProductLast(i) => products.get(i).and_then(|product| product.last),
            Evaluation::Quotient => Some(self.quotient),
            Evaluation::Random => self.vanishing.random.map(|(_, value)| value),
        };
        value.ok_or(VerifyError::Missing { what: "evaluation" })
    }

    /// Adds `factor` times a polynomial's commitment to the right side of the equation.
    fn add(
        &self,
        polynomial: Polynomial,
        factor: Fr,
        point: Point,
        equation: &mut DeferredPairing,
    ) -> Result<(), VerifyError> {
        match polynomial {
            Polynomial::Fixed(i) => equation.add_fixed(i, factor)?,
            Polynomial::Sigma(i) => equation.add_sigma(i, factor)?,
            Polynomial::Advice(i) => equation.add_point(commitment(self.advice_columns, i)?, factor),
            Polynomial::Combined(lane) => {
                let weights = self.weights.ok_or(VerifyError::Missing { what: "commitment" })?;
                weights::add_lane(weights, lane, weights::mu(weights, self.challenges)?, factor, equation)?;
            }
            Polynomial::Product(i) => equation.add_point(commitment(&self.permutation.products, i)?, factor),
            Polynomial::Random => {
                let random = self.vanishing.random.ok_or(VerifyError::Missing { what: "commitment" })?;
                equation.add_point(random.0, factor);
            }
            Polynomial::Quotient => {
                let mut factor = factor;
                for piece in &self.vanishing.pieces {
                    equation.add_point(*piece, factor);
                    factor *= point.xn;
                }
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn set(points: &[usize]) -> RotationSet {
        RotationSet { time: KEY, group: None, points: points.to_vec(), polynomials: Vec::new() }
    }

    #[test]
    fn weights_interpolate() {
        let points = [3u64, 5, 11].map(Fr::from);
        let u = Fr::from(100u64);
        let weights = Weights::new(&[set(&[0, 2]), set(&[0, 1, 2]), set(&[1])], &points, OpeningPoint(u)).unwrap();
        assert_eq!(weights.first, Fr::from(97u64 * 89));
        let factors: Vec<Fr> = weights.sets.iter().map(|set| set.factor).collect();
        assert_eq!(factors[0], Fr::ONE);
        assert_eq!(factors[1] * Fr::from(95u64), Fr::ONE);
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
        let refused = |u: u64| Weights::new(&[set(&[0, 2])], &points, OpeningPoint(Fr::from(u))).err();
        assert_eq!(refused(5), Some(VerifyError::DegenerateChallenge { challenge: "u" }));
        assert_eq!(refused(9), Some(VerifyError::DegenerateChallenge { challenge: "x" }));
        let missing = Weights::new(&[set(&[3])], &points, OpeningPoint(Fr::from(9u64))).err();
        assert_eq!(missing, Some(VerifyError::Missing { what: "point of a rotation set" }));
    }
}
