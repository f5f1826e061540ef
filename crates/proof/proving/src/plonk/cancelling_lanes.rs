//! An attack on the combination of the lanes of private weights (`crates/verify/verifier/src/weights.rs`).
//!
//! One equation stands for all lanes: `D = Σ_l γ^(Λ−1−l)·([w_l] − Σ_c μ^(C−1−c)·[w_{l,c}])` has to be a commitment to a
//! column that is 0 outside of the blinded rows. Here a prover claims the outputs of a model with one other weight. Its
//! combined weights are wrong in one row of one lane, and it adds the opposite error in the same row of another lane that
//! has no operand there, so that the circuit accepts. The errors cancel in D if γ is 1. The test computes the equation itself,
//! with γ as drawn and with γ = 1, and gives the same proofs to the verifier.

use std::sync::Arc;

use halo2_proofs::{
    halo2curves::{
        bn256::Bn256,
        group::{Group, GroupEncoding},
    },
    plonk::verify_proof,
    poly::kzg::{commitment::KZGCommitmentScheme, multiopen::VerifierSHPLONK, strategy::SingleStrategy},
    transcript::{Blake2bRead, Blake2bWrite, Transcript, TranscriptRead, TranscriptReadBuffer, TranscriptWriterBuffer},
};
use vouch_circuit::{CircuitParams, Lane, LaneRow, Objective, Row, Weights};
use vouch_envelope::{Nonce, ProofEnvelope, PublicValues};
use vouch_program::{Interval, Program, Requant, WeightMode};
use vouch_verifier::{Expected, VerifyError, verify};

use super::*;
use crate::{ProverKey, Srs, plan, prove::statement};

const INPUTS: usize = 20;
const OUTPUTS: usize = 8;
const NONCE: Nonce = Nonce([3; 32]);

/// A layer with private weights.
fn program(weights: &[i64]) -> Program {
    let mut p = Program::builder(5);
    let x = p.input("x", &[INPUTS as u32], 1.0, Interval::new(-2, 2)).wires();
    let m = p.matrix("m", INPUTS as u32, OUTPUTS as u32, weights.to_vec(), vec![Requant::exact(); OUTPUTS]);
    let y = p.linear("y", m, 1, 1, x).wires();
    p.output("y", &[OUTPUTS as u32], 1.0, y);
    p.finish().unwrap().with_weights(WeightMode::Private).unwrap()
}

/// A key whose weights lie in several lanes of one column each.
fn key(program: &Program) -> ProverKey {
    let mut plan = plan(program, 1, Objective::default(), Some(6)).unwrap();
    plan.estimate.params = CircuitParams { weight_columns: 1, matrix_lanes: 3, ..plan.estimate.params };
    ProverKey::generate(&plan, &Srs::development(6)).unwrap()
}

/// A weight (row and column of the matrix), where it is, and a lane without an operand in the same row.
fn target(key: &ProverKey) -> ((usize, usize), LaneRow, Lane) {
    let rows = key.layout.pieces.iter().flat_map(|piece| {
        piece.rows.iter().enumerate().map(|(i, r)| (LaneRow { lane: piece.lane, row: piece.row + i }, r.weights))
    });
    let used: Vec<(LaneRow, Weights)> = rows.collect();
    let free = |row: Row| {
        let mut lanes = (0..key.header.params.matrix_lanes).map(Lane::new);
        lanes.find(|lane| !used.iter().any(|(at, _)| at.row == row && at.lane == *lane))
    };
    let found = used.iter().find_map(|(at, weights)| match *weights {
        Weights::Packed { check, operand, chunk } => {
            // Private sums are not packed, and a lane has one column: a chunk is a column of the matrix.
            let check = &key.layout.checks[check];
            assert_eq!(check.per_pack, 1);
            Some(((operand, check.first + chunk), *at, free(at.row)?))
        }
        Weights::Unit | Weights::Nothing => None,
    });
    found.unwrap()
}

/// A proof of what `circuit` claims. `cheat` changes the second phase, and γ may be one that the prover wishes for.
fn prove(
    key: &ProverKey,
    circuit: &ModelCircuit,
    cheat: &dyn Fn(&ModelConfig, Fr, &mut vouch_circuit::Columns),
    gamma: Option<Fr>,
) -> Vec<u8> {
    let second_phase = |circuit: &ModelCircuit, config: &ModelConfig, challenges: &[Fr]| {
        let mut columns = circuit.second_phase(config, challenges);
        cheat(config, challenges[config.mu.index()], &mut columns);
        columns
    };
    let mut transcript = Blake2bWrite::<_, G1Affine, Challenge255<_>>::init(Vec::new());
    for scalar in statement(&key.verifier.model_id(), &NONCE) {
        transcript.common_scalar(scalar).unwrap();
    }
    let link =
        create_circuit_proof(&key.params, &key.pk, circuit.clone(), &second_phase, None, &mut transcript).unwrap();
    let drawn = *transcript.squeeze_challenge_scalar::<()>();
    let (gamma, blinding) = (gamma.unwrap_or(drawn), key.blinding.as_ref().unwrap());
    weights::prove_combination(&key.params, blinding, &link.combined, link.mu, gamma, &mut transcript).unwrap();
    transcript.finalize()
}

fn read<'a>(proof: &'a [u8], key: &ProverKey) -> Blake2bRead<&'a [u8], G1Affine, Challenge255<G1Affine>> {
    let mut transcript = Blake2bRead::init(proof);
    for scalar in statement(&key.verifier.model_id(), &NONCE) {
        transcript.common_scalar(scalar).unwrap();
    }
    transcript
}

fn point(bytes: &[u8; 32]) -> G1 {
    let mut repr = <G1Affine as GroupEncoding>::Repr::default();
    repr.as_mut().copy_from_slice(bytes);
    Option::<G1Affine>::from(G1Affine::from_bytes(&repr)).unwrap().into()
}

/// Whether a proof is valid with γ as drawn, or with another.
fn valid(key: &ProverKey, instance: &[Fr], proof: &[u8], gamma: Option<Fr>) -> bool {
    // The circuit's part, by halo2's verifier; what is left are γ, T, e and z.
    let vk = key.pk.get_vk();
    let mut transcript = read(proof, key);
    let circuit = verify_proof::<KZGCommitmentScheme<Bn256>, VerifierSHPLONK<'_, Bn256>, _, _, _>(
        key.params.inner(),
        vk,
        SingleStrategy::new(key.params.inner()),
        &[&[instance]],
        &mut transcript,
    );
    assert!(circuit.is_ok(), "the circuit's part");
    let description = key.verifier.description();
    let weights = description.weights.as_ref().unwrap();
    let drawn = *transcript.squeeze_challenge_scalar::<()>();
    let gamma = gamma.unwrap_or(drawn);
    let t: G1 = transcript.read_point().unwrap().into();
    let e = *transcript.squeeze_challenge_scalar::<()>();
    let z: Vec<Fr> = weights.blinding_rows.iter().map(|_| transcript.read_scalar().unwrap()).collect();

    // The commitments to advice columns, and μ.
    let mut transcript = read(proof, key);
    vk.hash_into(&mut transcript).unwrap();
    instance.iter().for_each(|v| transcript.common_scalar(*v).unwrap());
    let cs = vk.cs();
    let mut advice = vec![G1::identity(); cs.num_advice_columns()];
    let mut challenges = vec![Fr::zero(); cs.num_challenges()];
    for phase in 0..2 {
        for (column, _) in cs.advice_column_phase().iter().enumerate().filter(|(_, p)| **p == phase) {
            advice[column] = transcript.read_point().unwrap().into();
        }
        for (challenge, _) in cs.challenge_phase().iter().enumerate().filter(|(_, p)| **p == phase) {
            challenges[challenge] = *transcript.squeeze_challenge_scalar::<()>();
        }
    }
    let mu = challenges[weights.challenge as usize];
    let d = weights.lanes.iter().fold(G1::identity(), |d, lane| {
        let own = lane.commitments.iter().fold(G1::identity(), |sum, c| sum * mu + point(c));
        d * gamma + advice[lane.combined as usize] - own
    });
    let left: G1 = weights.blinding_rows.iter().zip(&z).map(|(row, z)| point(row) * z).sum();
    left == t + d * e
}

#[test]
fn errors_of_two_lanes_do_not_cancel() {
    let weights: Vec<i64> = (0..INPUTS * OUTPUTS).map(|i| i as i64 * 7 % 5 - 2).collect();
    let own = program(&weights);
    let key = key(&own);
    assert!(key.header.params.matrix_lanes > 1);
    let ((operand, column), at, free) = target(&key);
    assert_ne!(at.lane, free);
    let mut changed = weights.clone();
    changed[operand * OUTPUTS + column] += 1;
    let other = program(&changed);
    let x: Vec<i64> = (0..INPUTS).map(|i| [1, -2, 2, -1][i % 4]).collect();
    let (honest_run, false_run) = (own.run(&x).unwrap(), other.run(&x).unwrap());
    let (outputs, false_outputs) = (own.outputs_of(&honest_run), other.outputs_of(&false_run));
    assert_ne!(outputs, false_outputs, "the statement is a false one");

    let honest = ModelCircuit::prove(key.program.clone(), key.layout.clone(), &honest_run, &[]).unwrap();
    let cheat = ModelCircuit::prove(Arc::new(other), key.layout.clone(), &false_run, &[]).unwrap();
    let nothing = |_: &ModelConfig, _: Fr, _: &mut vouch_circuit::Columns| {};
    // Moves the error of the changed weight into the other lane with the opposite sign.
    let opposite = |config: &ModelConfig, mu: Fr, columns: &mut vouch_circuit::Columns| {
        let column = |c| ModelCircuit::committed_weights(&key.program, &key.layout, at.lane.index(), c)[at.row.index()];
        let columns_of_lane = 0..key.header.params.weight_columns;
        let committed = columns_of_lane.fold(Fr::zero(), |sum, c| sum * mu + column(c));
        let combined = |lane: Lane| {
            let column = config.matrix[lane].weights.private().unwrap();
            columns.iter().position(|(c, _)| *c == column).unwrap()
        };
        let (from, to) = (combined(at.lane), combined(free));
        let error = columns[from].1[at.row] - committed;
        assert_ne!(error, Fr::zero());
        columns[to].1[at.row] -= error;
    };
    let one = Some(Fr::one());
    let verdict = |proof: &[u8], outputs: &[i64]| {
        let public = PublicValues { inputs: x.clone(), outputs: outputs.to_vec(), ..PublicValues::default() };
        let envelope = ProofEnvelope { model_id: key.verifier.model_id(), nonce: NONCE, public, proof: proof.to_vec() };
        let expected = Expected {
            nonce: Some(NONCE),
            inputs: Some(x.clone()),
            allow_development_srs: true,
            ..Expected::default()
        };
        verify(&key.verifier, &expected, &envelope).map(|claim| claim.outputs().to_vec())
    };

    // The equation here is that of the verifier: an honest proof holds with γ as drawn, and with no other.
    let proof = prove(&key, &honest, &nothing, None);
    let instance = honest.instance().unwrap();
    assert!(valid(&key, instance, &proof, None) && !valid(&key, instance, &proof, one));
    assert_eq!(verdict(&proof, &outputs).unwrap(), outputs);
    // An honest prover's proof for γ = 1 holds for γ = 1.
    assert!(valid(&key, instance, &prove(&key, &honest, &nothing, one), one));

    // A wrong weight in one lane is found even with γ = 1.
    let instance = cheat.instance().unwrap();
    for gamma in [None, one] {
        let proof = prove(&key, &cheat, &nothing, gamma);
        assert!(!valid(&key, instance, &proof, gamma));
        assert!(matches!(verdict(&proof, &false_outputs), Err(VerifyError::Pairing)));
    }
    // Errors that cancel: with γ = 1 the false statement is accepted. The verifier draws γ, and refuses it.
    let proof = prove(&key, &cheat, &opposite, one);
    assert!(valid(&key, instance, &proof, one), "without a random γ the attack succeeds");
    assert!(!valid(&key, instance, &proof, None));
    assert!(matches!(verdict(&proof, &false_outputs), Err(VerifyError::Pairing)));
    let proof = prove(&key, &cheat, &opposite, None);
    assert!(!valid(&key, instance, &proof, None));
    assert!(matches!(verdict(&proof, &false_outputs), Err(VerifyError::Pairing)));
}
