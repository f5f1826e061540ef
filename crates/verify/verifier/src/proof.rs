//! Reads a proof in halo2's order and reduces it to one pairing equation.

use vouch_envelope::{ModelId, Nonce, ProofEnvelope};

use crate::bn254::{Fr, G1Affine};
use crate::challenge::{CircuitChallenge, Theta, X};
use crate::error::VerifyError;
use crate::expression::LeafValues;
use crate::key::KeyDescription;
use crate::opening::DeferredPairing;
use crate::transcript::Transcript;
use crate::vanishing::{self, LagrangeValues};
use crate::verifier_key::VerifierKey;
use crate::{field, instance, shplonk, weights};

/// Reads the proof of an envelope whose public values have the right number.
pub(crate) fn reduce(key: &VerifierKey, envelope: &ProofEnvelope) -> Result<DeferredPairing, VerifyError> {
    let (description, key) = (key.description(), key.prepared());
    let instance = instance::column(&description.schema, &envelope.public);

    let evm = description.evm.is_some();
    let mut transcript = if evm {
        Transcript::evm(&statement(envelope, &instance), &envelope.proof)
    } else {
        let mut transcript = Transcript::new(&envelope.proof);
        absorb_statement(&mut transcript, &envelope.model_id, &envelope.nonce);
        transcript.common_scalar("halo2's digest of its key", &key.transcript_repr);
        for value in &instance {
            transcript.common_scalar("cell of the instance column", value);
        }
        transcript
    };

    let plan = evm.then_some(&key.plan);
    let (mut columns, challenges) = read_columns(description, key.last_phase, plan, &mut transcript)?;
    let (products, pieces) = match plan {
        Some(plan) => (plan.product_groups(), 1),
        None => {
            // For lookup arguments, of which there are none here. halo2 draws it all the same.
            let Theta(_unused) = transcript.draw();
            (key.permutation.products(), key.quotient_pieces)
        }
    };
    let permutation = key.permutation.commit(products, &mut transcript)?;
    let vanishing = if evm { vanishing::Committed::without() } else { vanishing::Committed::read(&mut transcript)? };
    let vanishing = vanishing.construct(pieces, &mut transcript)?;
    let x: X = transcript.draw();
    let point = key.domain.point(x);

    let instance = key.instance.evaluate(&key.domain, &instance, point)?;
    let advice = transcript.read_scalars("evaluation of an advice column", description.advice_queries.len())?;
    let fixed = transcript.read_scalars("evaluation of a fixed column", description.fixed_queries.len())?;
    let vanishing = vanishing.evaluate(&mut transcript)?;
    let permutation = permutation.evaluate(&key.permutation, &mut transcript)?;

    let leaves = LeafValues { fixed: &fixed, advice: &advice, instance: &instance, challenges: &challenges };
    let lagrange = LagrangeValues::new(&key.domain, &key.selected, point)?;
    let gates = key.gates.evaluate(leaves)?;
    let copies = permutation.expressions(&key.permutation, leaves, &lagrange, point)?;
    let quotient = vanishing.quotient(gates.into_iter().chain(copies), point)?;

    if evm {
        columns.extend(permutation.products.iter().chain(&vanishing.pieces));
    }
    let evaluated = shplonk::Evaluated {
        advice_columns: &columns,
        advice: &advice,
        fixed: &fixed,
        permutation: &permutation,
        vanishing: &vanishing,
        weights: description.weights.as_ref(),
        challenges: &challenges,
        quotient,
    };
    let mut equation = DeferredPairing::new(&key.bases);
    key.plan.reduce(&key.domain, point, &evaluated, &mut transcript, &mut equation)?;
    if let Some(private) = description.weights.as_ref().filter(|weights| weights.is_private()) {
        weights::reduce(private, &columns, &challenges, &mut transcript, &mut equation)?;
    }
    transcript.finish()?;
    Ok(equation)
}

/// What the transcript of the evm profile starts with: the model's identity, the nonce, and the instance column, each cell as
/// 32 bytes, most significant first.
fn statement(envelope: &ProofEnvelope, instance: &[Fr]) -> Vec<u8> {
    let mut bytes = [envelope.model_id.0, envelope.nonce.0].concat();
    for cell in instance {
        bytes.extend(field::to_bytes(cell).iter().rev());
    }
    bytes
}

/// Absorbs which model and which request the proof is for.
fn absorb_statement(transcript: &mut Transcript<'_>, model: &ModelId, nonce: &Nonce) {
    for (what, id) in [("half of the model's identity", &model.0), ("half of the nonce", &nonce.0)] {
        for half in field::from_halves(id) {
            transcript.common_scalar(what, &half);
        }
    }
}

/// Reads the commitments of the advice columns, or of the groups of a plan, phase by phase, and draws the circuit's challenges
/// after each. Those of virtual columns are not in the proof, and nothing takes them from this list.
fn read_columns(
    key: &KeyDescription,
    last_phase: u8,
    groups: Option<&shplonk::Plan>,
    transcript: &mut Transcript<'_>,
) -> Result<(Vec<G1Affine>, Vec<Fr>), VerifyError> {
    let mut columns = vec![G1Affine::IDENTITY; if groups.is_some() { 0 } else { key.advice_phases.len() }];
    let mut challenges = vec![Fr::ZERO; key.challenge_phases.len()];
    for current in 0..=last_phase {
        match groups {
            Some(plan) => {
                columns.extend(transcript.read_points("group of advice columns", plan.phase_groups(current))?);
            }
            None => {
                let places = columns.iter_mut().zip(&key.advice_phases).enumerate();
                for (position, (column, _)) in places.filter(|(_, (_, phase))| **phase == current) {
                    if key.lane_of_virtual(position).is_none() {
                        *column = transcript.read_point("advice column")?;
                    }
                }
            }
        }
        for (challenge, _) in challenges.iter_mut().zip(&key.challenge_phases).filter(|(_, phase)| **phase == current) {
            CircuitChallenge(*challenge) = transcript.draw();
        }
    }
    Ok((columns, challenges))
}
