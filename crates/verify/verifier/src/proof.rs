//! Reads a proof in halo2's order and reduces it to one pairing equation.

use crate::curve::{Bn254, Fr, G1Affine};
use ark_ec::pairing::Pairing;
use ark_ec::{AffineRepr, CurveGroup};
use ark_ff::{One, Zero};

use crate::error::VerifyError;
use crate::expression::LeafValues;
use crate::field;
use crate::key::{Prepared, VerifierKey};
use crate::msm::msm;
use crate::permutation::{Challenges, ProductEvaluations};
use crate::transcript::Transcript;
use crate::vanishing::{self, LagrangeValues};
use crate::weights;
use vouch_envelope::{ProofEnvelope, PublicValues, Section};
use vouch_schema::Visibility;

/// Commitments that the prover sent.
pub(crate) struct Commitments {
    pub(crate) advice: Vec<G1Affine>,
    pub(crate) products: Vec<G1Affine>,
    pub(crate) random: G1Affine,
    pub(crate) quotient: Vec<G1Affine>,
    /// x^n, by which the pieces of the quotient are combined.
    pub(crate) xn: Fr,
}

/// Values at x and its rotations: those that the prover sent, and that of the quotient, which follows from them.
pub(crate) struct Evaluations {
    pub(crate) advice: Vec<Fr>,
    pub(crate) fixed: Vec<Fr>,
    pub(crate) sigmas: Vec<Fr>,
    pub(crate) products: Vec<ProductEvaluations>,
    pub(crate) random: Fr,
    pub(crate) quotient: Fr,
}

/// The equation `e(quotient, [s]) = e(combination, [1])` that is left of a proof. The combination is kept as scalars of
/// the key's points (so that those of several proofs can be added) and of the proof's own.
#[derive(Debug)]
pub(crate) struct Opening {
    pub(crate) fixed: Vec<Fr>,
    pub(crate) sigmas: Vec<Fr>,
    pub(crate) weights: Vec<Fr>,
    pub(crate) blinding_rows: Vec<Fr>,
    pub(crate) generator: Fr,
    pub(crate) terms: Vec<(G1Affine, Fr)>,
    pub(crate) quotient: G1Affine,
}

impl Opening {
    fn new(key: &Prepared) -> Self {
        Self {
            fixed: vec![Fr::zero(); key.fixed.len()],
            sigmas: vec![Fr::zero(); key.sigmas.len()],
            weights: vec![Fr::zero(); key.weights.len()],
            blinding_rows: vec![Fr::zero(); key.blinding_rows.len()],
            generator: Fr::zero(),
            terms: Vec::new(),
            quotient: G1Affine::zero(),
        }
    }

    /// Whether the equation holds.
    pub(crate) fn holds(&self, key: &Prepared) -> bool {
        all_hold(key, &[(self, Fr::one())])
    }
}

/// Whether the combination of some equations by `factors` holds. With random factors, it holds for all of them.
pub(crate) fn all_hold(key: &Prepared, openings: &[(&Opening, Fr)]) -> bool {
    let mut total = Opening::new(key);
    let mut quotients = Vec::with_capacity(openings.len());
    for &(opening, factor) in openings {
        for (sums, scalars) in [
            (&mut total.fixed, &opening.fixed),
            (&mut total.sigmas, &opening.sigmas),
            (&mut total.weights, &opening.weights),
            (&mut total.blinding_rows, &opening.blinding_rows),
        ] {
            for (sum, scalar) in sums.iter_mut().zip(scalars) {
                *sum += factor * scalar;
            }
        }
        total.generator += factor * opening.generator;
        total.terms.extend(opening.terms.iter().map(|&(point, scalar)| (point, factor * scalar)));
        quotients.push((opening.quotient, factor));
    }
    for (points, scalars) in [
        (&key.fixed, &total.fixed),
        (&key.sigmas, &total.sigmas),
        (&key.weights, &total.weights),
        (&key.blinding_rows, &total.blinding_rows),
    ] {
        total.terms.extend(points.iter().copied().zip(scalars.iter().copied()));
    }
    total.terms.push((G1Affine::generator(), total.generator));

    let left = match quotients.as_slice() {
        [(point, factor)] if factor.is_one() => *point,
        several => msm(several).into_affine(),
    };
    let right = msm(&total.terms).into_affine();
    // e(left, [s]) · e(right, -[1]) = 1
    let product = Bn254::multi_miller_loop([left, right], [key.s_g2.clone(), key.minus_g2.clone()]);
    Bn254::final_exponentiation(product).is_some_and(|output| output.0.is_one())
}

/// The instance column, for public values that have been counted: of each tensor its values, its hash, or nothing.
fn instance(key: &VerifierKey, public: &PublicValues) -> Vec<Fr> {
    let mut out = Vec::new();
    for section in [Section::Inputs, Section::Outputs] {
        let (values, hashes) = public.section(section);
        let (mut values, mut hashes) = (values.iter(), hashes.iter());
        for tensor in key.schema().section(section) {
            match tensor.visibility {
                Visibility::Public => {
                    let own = values.by_ref().take(tensor.values().unwrap_or(0));
                    out.extend(own.map(|&value| field::from_i64(value)));
                }
                Visibility::Hashed => out.extend(hashes.next().and_then(field::from_hash)),
                Visibility::Private => {}
            }
        }
    }
    out
}

/// Reads the proof of an envelope whose public values have the right number.
pub(crate) fn reduce(key: &VerifierKey, envelope: &ProofEnvelope) -> Result<Opening, VerifyError> {
    let description = key.description();
    let instance = instance(key, &envelope.public);

    let key = key.prepared();
    let mut transcript = Transcript::new(&envelope.proof);
    for id in [&envelope.model_id.0, &envelope.nonce.0] {
        for half in field::from_halves(id) {
            transcript.common_scalar(&half);
        }
    }
    transcript.common_scalar(&key.transcript_repr);
    for value in &instance {
        transcript.common_scalar(value);
    }

    let mut advice = vec![G1Affine::zero(); description.advice_phases.len()];
    let mut challenges = vec![Fr::zero(); description.challenge_phases.len()];
    for current in 0..key.phases {
        for (commitment, _) in advice.iter_mut().zip(&description.advice_phases).filter(|(_, phase)| **phase == current)
        {
            *commitment = transcript.read_point()?;
        }
        for (challenge, _) in
            challenges.iter_mut().zip(&description.challenge_phases).filter(|(_, phase)| **phase == current)
        {
            *challenge = transcript.challenge();
        }
    }
    // halo2 draws θ for lookup arguments, of which there are none here.
    let _theta = transcript.challenge();
    let beta = transcript.challenge();
    let gamma = transcript.challenge();
    let products = transcript.read_points(key.permutation.products())?;
    let random = transcript.read_point()?;
    let y = transcript.challenge();
    let quotient = transcript.read_points(key.quotient_pieces)?;
    let x = transcript.challenge();
    let xn = key.domain.power_n(x);
    let commitments = Commitments { advice, products, random, quotient, xn };

    let instance = instance_evaluations(key, description, &instance, x, xn)?;
    let advice = transcript.read_scalars(description.advice_queries.len())?;
    let fixed = transcript.read_scalars(description.fixed_queries.len())?;
    let random = transcript.read_scalar()?;
    let sigmas = transcript.read_scalars(key.sigmas.len())?;
    let products = key.permutation.read_evaluations(&mut transcript)?;

    let leaves = LeafValues { fixed: &fixed, advice: &advice, instance: &instance, challenges: &challenges };
    let lagrange = LagrangeValues::new(key, x, xn)?;
    let gates = key.gates.evaluate(leaves)?;
    let permutation =
        key.permutation.expressions(leaves, &sigmas, &products, &lagrange, &Challenges { beta, gamma, x })?;
    let quotient = vanishing::quotient(gates.into_iter().chain(permutation), y, xn)?;
    let evaluations = Evaluations { advice, fixed, sigmas, products, random, quotient };

    let mut opening = Opening::new(key);
    key.plan.reduce(&key.domain, x, &commitments, &evaluations, &mut transcript, &mut opening)?;
    weights::reduce(description, &commitments.advice, &challenges, &mut transcript, &mut opening)?;
    transcript.finish()?;
    Ok(opening)
}

/// The values of the instance column at the rotations of x that the circuit queries. The verifier knows the column, so
/// the prover sends neither a commitment nor an evaluation of it. All queries share the Lagrange polynomials: the cost
/// is that of `instance.len()` rows and the few that the rotations add, and a product for each value and query.
fn instance_evaluations(
    key: &Prepared,
    description: &crate::key::KeyDescription,
    instance: &[Fr],
    x: Fr,
    xn: Fr,
) -> Result<Vec<Fr>, VerifyError> {
    let rotations = || description.instance_queries.iter().map(|query| i64::from(query.rotation));
    let (Some(least), Some(most)) = (rotations().min(), rotations().max()) else { return Ok(Vec::new()) };
    let distance = |from: i64, to: i64| usize::try_from(to.saturating_sub(from)).unwrap_or(usize::MAX);
    // The column at ω^r x: row i is multiplied by l_i(ω^r x) = l_{i - r}(x).
    let rows = instance.len().saturating_add(distance(least, most));
    let lagrange = key.domain.lagrange(x, xn, most.saturating_neg(), rows)?;
    let value = |rotation| {
        let own = lagrange.iter().skip(distance(rotation, most));
        instance.iter().zip(own).map(|(value, l)| *value * l).sum()
    };
    Ok(rotations().map(value).collect())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::key::ColumnQuery;

    /// The evaluations are those of the column's polynomial at rotations of x in both directions.
    #[test]
    fn the_instance_is_evaluated_at_every_rotation() {
        let key = VerifierKey::from_bytes(include_bytes!("../tests/fixtures/small.key")).unwrap();
        let mut description = key.description().clone();
        let (key, x) = (key.prepared(), Fr::from(77u64));
        let xn = key.domain.power_n(x);
        let instance: Vec<Fr> = (5u64..14).map(Fr::from).collect();
        for rotations in [vec![], vec![0], vec![3, -2, 0, 64, -64, 1], vec![-5, -7], vec![9, 4]] {
            let query = |&rotation: &i32| ColumnQuery { column: 0, rotation };
            description.instance_queries = rotations.iter().map(query).collect();
            let values = instance_evaluations(key, &description, &instance, x, xn).unwrap();
            let expected: Vec<Fr> = rotations
                .iter()
                .map(|&rotation| {
                    let at = key.domain.rotate(x, i64::from(rotation));
                    let lagrange = key.domain.lagrange(at, xn, 0, instance.len()).unwrap();
                    instance.iter().zip(lagrange).map(|(value, l)| *value * l).sum()
                })
                .collect();
            assert_eq!(values, expected, "{rotations:?}");
        }
    }
}
