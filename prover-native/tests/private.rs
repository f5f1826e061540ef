//! Proofs of programs with private weights: that they verify, that nothing in them can be changed, that keys can be checked without the weights, and what keys and proofs show.

use std::{collections::BTreeMap, sync::OnceLock};

use proptest::prelude::*;
use vouch_circuit::{CircuitParams, Objective};
use vouch_envelope::{Nonce, ProofEnvelope};
use vouch_program::{Interval, Program, Requant, RunError, Segment, Term, Visibility, WeightMode};
use vouch_proving::{ProverKey, ProvingError, Salt, Srs, check_key, plan, tensor_hash};
use vouch_testing::ANY;
use vouch_verifier::{
    CommittedWeights, Expected, KeyDescription, KeyError, VerifierKey, VerifyError, verify, verify_batch,
};

const INPUTS: usize = 9;

/// `b·relu(W·a)`, with W's entries from a seed.
fn program(seed: i64, mode: Visibility) -> Program {
    let mut p = Program::builder(6);
    let a = p.input("a", &[INPUTS as u32], 16.0, Interval::new(-200, 300));
    let segments = (-16..16i64).map(|s| Segment { base: if s < 0 { 0 } else { s * 64 }, slope: i64::from(s >= 0) });
    let relu = p.table("relu", 1.0, -16, segments.collect());
    let weights = (0..27).map(|i| (i * 5 + seed * (i + 1)) % 7 - 3).collect();
    let m = p.matrix("w", INPUTS as u32, 3, weights, vec![Requant::table(3, relu, 0); 3]);
    let y = p.linear("y", m, 1, 1, a.wires());
    let one = p.constant(1);
    let again = p.matrix("v", 4, 2, (0..8).map(|i| (i + seed) % 5 - 2).collect(), vec![Requant::rescale(2); 2]);
    let z = p.linear("z", again, 1, 1, vec![y.at(0), y.at(1), y.at(2), one]);
    let term = Term { factor: 1, a: z.wires(), b: vec![a.at(0), a.at(1)] };
    let (out, _) = p.product("out", vec![term], Requant::rescale(4));
    p.output("out", &[2], 16.0, out.wires());
    let modes = BTreeMap::from([("a".to_owned(), mode)]);
    p.finish().unwrap().with_visibility(&modes).unwrap().with_weights(WeightMode::Private).unwrap()
}

fn srs() -> &'static Srs {
    static SRS: OnceLock<Srs> = OnceLock::new();
    SRS.get_or_init(|| Srs::development(10))
}

fn key(program: &Program) -> ProverKey {
    let plan = plan(program, 1, Objective::default(), None).unwrap();
    let (key, estimate) = (ProverKey::generate(&plan, srs()).unwrap(), &plan.estimate);
    assert_eq!(key.verifier.proof_len(), estimate.proof_bytes, "the predicted proof size");
    let weights = key.verifier.description().weights.as_ref().unwrap();
    assert_eq!(weights.lanes.iter().map(|l| l.commitments.len()).sum::<usize>(), estimate.weight_commitments);
    key
}

fn made() -> &'static (Program, ProverKey, ProofEnvelope) {
    static MADE: OnceLock<(Program, ProverKey, ProofEnvelope)> = OnceLock::new();
    MADE.get_or_init(|| {
        let program = program(1, Visibility::Public);
        let key = key(&program);
        let envelope = key.prove(&inputs(3), Nonce([4; 32])).unwrap().envelope;
        (program, key, envelope)
    })
}

fn inputs(seed: i64) -> Vec<i64> {
    (0..INPUTS as i64).map(|i| (i * 17 + seed * 13) % 100 - 20).collect()
}

#[test]
fn proofs_are_of_the_interpreters_outputs() {
    let (program, key, _) = made();
    for seed in 0..4 {
        let x = inputs(seed);
        let proved = key.prove(&x, Nonce([1; 32])).unwrap();
        assert_eq!(proved.outputs, program.outputs_of(&program.run(&x).unwrap()));
        let claim = verify(&key.verifier, &ANY, &proved.envelope).unwrap();
        assert_eq!(claim.outputs(), proved.outputs);
    }
}

#[test]
fn no_byte_of_a_proof_can_be_changed() {
    let (_, key, envelope) = made();
    assert_eq!(envelope.proof.len(), key.verifier.proof_len());
    // One byte of each element, all bytes of the part that is about weights.
    let part = envelope.proof.len() - 7 * 32;
    for at in (0..envelope.proof.len()).filter(|at| *at >= part || at % 32 == 5) {
        let mut changed = envelope.clone();
        changed.proof[at] ^= 1;
        assert!(verify(&key.verifier, &ANY, &changed).is_err(), "byte {at}");
    }
    for len in [0, part, envelope.proof.len() - 32, envelope.proof.len() - 1] {
        let mut shorter = envelope.clone();
        shorter.proof.truncate(len);
        assert!(verify(&key.verifier, &ANY, &shorter).is_err(), "{len} bytes");
    }
    let mut output = envelope.clone();
    output.public.outputs[0] += 1;
    assert_eq!(verify(&key.verifier, &ANY, &output).unwrap_err(), VerifyError::Pairing);
}

/// Two keys of the same weights, and one of others: the proof of one is no proof for another, though circuit and reference string are the same.
#[test]
fn keys_of_other_weights_refuse() {
    let (program, own, envelope) = made();
    let same = key(program);
    let others = key(&self::program(2, Visibility::Public));
    for other in [&same, &others] {
        let (a, b) = (own.verifier.description(), other.verifier.description());
        assert_ne!(own.verifier.model_id(), other.verifier.model_id());
        // Nothing but the commitments tells them apart, and no commitment is the same.
        assert_eq!(KeyDescription { weights: None, ..a.clone() }, KeyDescription { weights: None, ..b.clone() });
        let points = |d: &KeyDescription| -> Vec<[u8; 32]> {
            d.weights.iter().flat_map(|w| &w.lanes).flat_map(|l| l.commitments.clone()).collect()
        };
        assert!(points(a).iter().zip(&points(b)).all(|(a, b)| a != b));
        let mut moved = envelope.clone();
        moved.model_id = other.verifier.model_id();
        assert_eq!(verify(&other.verifier, &ANY, &moved).unwrap_err(), VerifyError::Pairing);
    }
    // Two programs with other weights have one public part.
    assert_eq!(program.public_digest(), self::program(2, Visibility::Public).public_digest());
}

#[test]
fn a_batch_has_one_pairing_and_finds_the_false_one() {
    let (_, key, envelope) = made();
    let mut items: Vec<_> =
        (0..3).map(|seed| (ANY, key.prove(&inputs(seed), Nonce([1; 32])).unwrap().envelope)).collect();
    assert!(verify_batch(&key.verifier, &items).iter().all(Result::is_ok));
    let mut wrong = envelope.clone();
    // The last answer of the part about weights.
    let last = wrong.proof.len() - 32;
    wrong.proof[last] ^= 1;
    items.insert(1, (ANY, wrong));
    let verdicts = verify_batch(&key.verifier, &items);
    assert_eq!(verdicts.iter().map(Result::is_ok).collect::<Vec<_>>(), [true, false, true, true]);
}

#[test]
fn keys_are_read_again() {
    let (program, key, _) = made();
    let bytes = key.to_bytes().unwrap();
    let again = ProverKey::from_bytes(&bytes, program).unwrap();
    assert_eq!(again.verifier.model_id(), key.verifier.model_id());
    assert!(again.prove(&inputs(1), Nonce([2; 32])).is_ok());
    let public = program.without_weights();
    assert!(matches!(ProverKey::from_bytes(&bytes, &public), Err(ProvingError::OtherProgram { .. })));
    let made = ProverKey::setup(&public, srs());
    assert!(matches!(made, Err(ProvingError::Run(RunError::NoWeights))));
}

#[test]
fn published_keys_are_checked_without_weights() {
    let (program, key, _) = made();
    let public = program.without_weights();
    assert!(check_key(&public, srs(), &key.verifier).is_ok());
    assert!(check_key(program, srs(), &key.verifier).is_ok());
    let refused = |change: &dyn Fn(&mut KeyDescription)| {
        let mut description = key.verifier.description().clone();
        change(&mut description);
        assert_ne!(&description, key.verifier.description());
        let wrong = VerifierKey::new(description).unwrap();
        match check_key(&public, srs(), &wrong) {
            Err(ProvingError::OtherKey { what }) => what,
            other => panic!("{:?}: {other:?}", wrong.model_id()),
        }
    };
    // A circuit that states less, or something else.
    assert_eq!(refused(&|d| d.gates.polynomials.truncate(1)), "gates");
    assert_eq!(refused(&|d| d.fixed_commitments.swap(0, 1)), "fixed columns");
    assert_eq!(refused(&|d| d.permutation_commitments.swap(0, 1)), "wiring");
    assert_eq!(refused(&|d| d.schema.inputs[0].max += 1), "schema");
    assert_eq!(refused(&|d| d.program_digest[0] ^= 1), "program");
    assert_eq!(refused(&|d| d.srs_identity[0] ^= 1), "reference string");
    // A row that gates look at in place of one that they do not: weights could then differ from proof to proof.
    let swap = |w: &mut CommittedWeights| w.blinding_rows.swap(0, 1);
    assert_eq!(refused(&|d| d.weights.as_mut().map_or((), swap)), "weights");
    let one_more = |w: &mut CommittedWeights| w.lanes[0].commitments.push(w.blinding_rows[0]);
    assert_eq!(refused(&|d| d.weights.as_mut().map_or((), one_more)), "number of commitments to weights");
    assert_eq!(refused(&|d| d.weights = None), "weights");
    let other = check_key(&public, &Srs::development(10), &key.verifier);
    assert!(matches!(other, Err(ProvingError::OtherKey { what }) if what == "reference string"));
    // A layout that would take all memory, or that no lane can have.
    for (from, to) in [("\"weight_columns\":", "\"weight_columns\":9"), ("\"linear_limbs\":", "\"linear_limbs\":1")] {
        let absurd = if from.contains("columns") { format!("{to}99999999") } else { to.to_owned() };
        let what = refused(&|d| d.layout = d.layout.replace(from, &absurd));
        assert!(what.starts_with("layout ("), "{what}");
    }
    let fixed = program.clone().with_weights(WeightMode::Fixed).unwrap();
    assert!(matches!(check_key(&fixed, srs(), &key.verifier), Err(ProvingError::OtherKey { .. })));
    // Other commitments are another model with the same circuit: nothing of it can be checked, or need be.
    let mut description = key.verifier.description().clone();
    let weights = description.weights.as_mut().unwrap();
    weights.lanes[0].commitments[0] = weights.blinding_rows[0];
    let moved = VerifierKey::new(description).unwrap();
    assert!(check_key(&public, srs(), &moved).is_ok());
    assert_ne!(moved.model_id(), key.verifier.model_id());
}

/// Every way in which the part about weights of a key can be wrong.
#[test]
fn malformed_keys_are_refused() {
    let description = made().1.verifier.description();
    let refused = |change: &dyn Fn(&mut CommittedWeights)| {
        let mut description = description.clone();
        change(description.weights.as_mut().unwrap());
        VerifierKey::new(description).unwrap_err()
    };
    let phases = description.advice_phases.len() as u64;
    assert!(matches!(refused(&|w| w.challenge = 99), KeyError::Index { what: "challenge of committed weights", .. }));
    assert!(
        matches!(refused(&|w| w.lanes[0].combined = 999), KeyError::Index { got: 999, limit, .. } if limit as u64 == phases)
    );
    assert!(matches!(
        refused(&|w| w.lanes[0].combined = 0),
        KeyError::Range { what: "phase of a column of committed weights", .. }
    ));
    assert!(matches!(refused(&|w| w.lanes.push(w.lanes[0].clone())), KeyError::Duplicate { .. }));
    assert!(matches!(refused(&|w| w.lanes.clear()), KeyError::Range { what: "lanes of committed weights", .. }));
    assert!(matches!(
        refused(&|w| w.lanes[0].commitments.clear()),
        KeyError::Range { what: "weight columns of a lane", .. }
    ));
    assert!(matches!(
        refused(&|w| w.blinding_rows.truncate(5)),
        KeyError::Mismatch { what: "blinding rows of private weights", .. }
    ));
    assert!(matches!(
        refused(&|w| w.lanes[0].commitments[0] = [0xff; 32]),
        KeyError::Point { what: "commitment to weights", .. }
    ));
    assert!(matches!(refused(&|w| w.blinding_rows[2] = [0xff; 32]), KeyError::Point { what: "blinding row", .. }));
    // Versions and encoding: the version is the oldest that can say it.
    let bytes = made().1.verifier.to_bytes();
    assert_eq!(bytes[8], 3);
    assert_eq!(VerifierKey::from_bytes(bytes).unwrap().to_bytes(), bytes);
    for version in [1, 2] {
        let mut older = bytes.to_vec();
        older[8] = version;
        assert!(VerifierKey::from_bytes(&older).is_err());
    }
    for len in 0..bytes.len() {
        assert!(VerifierKey::from_bytes(&bytes[..len]).is_err());
    }
}

/// Keys and proofs of other weights look the same, and no element of a key or a proof is a weight.
#[test]
fn keys_and_proofs_do_not_show_weights() {
    let mut seen = Vec::new();
    for seed in [1, 2] {
        let program = program(seed, Visibility::Public);
        let key = key(&program);
        let proof = key.prove(&inputs(1), Nonce([1; 32])).unwrap().envelope.proof;
        seen.push((proof.len(), key.verifier.to_bytes().len(), key.header.params.clone()));
        let small = |element: &[u8]| element[8..].iter().all(|b| *b == 0) && element[..8] != [0; 8];
        assert_eq!(proof.chunks_exact(32).filter(|element| small(element)).count(), 0);
    }
    assert_eq!(seen[0], seen[1]);
}

/// With a hashed input, both at once.
#[test]
fn hashed_inputs_and_private_weights() {
    let program = program(5, Visibility::Hashed);
    let key = key(&program);
    let salt = Salt([9; 32]);
    let proved = key.prove_salted(&inputs(2), Nonce([3; 32]), salt).unwrap();
    let hash = tensor_hash(&salt, vouch_verifier::Section::Inputs, "a", &inputs(2)).unwrap();
    let expected = Expected { input_hashes: Some(vec![hash]), ..ANY };
    assert!(verify(&key.verifier, &expected, &proved.envelope).is_ok());
    let other = tensor_hash(&Salt([8; 32]), vouch_verifier::Section::Inputs, "a", &inputs(2)).unwrap();
    let wrong = Expected { input_hashes: Some(vec![other]), ..ANY };
    assert!(matches!(verify(&key.verifier, &wrong, &proved.envelope), Err(VerifyError::Hash { .. })));
}

/// Layouts with one, two and more weight columns and lanes.
#[test]
fn all_layouts_verify() {
    let program = program(1, Visibility::Public);
    let plan = plan(&program, 1, Objective::default(), None).unwrap();
    for (weight_columns, matrix_lanes) in [(1, 1), (2, 1), (3, 2), (1, 2), (1, 3)] {
        let mut plan = plan.clone();
        plan.estimate.params = CircuitParams { weight_columns, matrix_lanes, ..plan.estimate.params };
        let key = ProverKey::generate(&plan, srs()).unwrap();
        let proved = key.prove(&inputs(1), Nonce([1; 32]));
        let envelope =
            proved.unwrap_or_else(|e| panic!("{weight_columns} columns, {matrix_lanes} lanes: {e}")).envelope;
        assert!(verify(&key.verifier, &ANY, &envelope).is_ok());
        // All rows fit one lane: a second one is what the cost model may try, a third one is a stranger's.
        match check_key(&program.without_weights(), srs(), &key.verifier) {
            Ok(()) => assert!(matrix_lanes < 3),
            Err(e) => {
                assert!(matrix_lanes == 3 && e.to_string().contains("matrix_lanes: expected 1 to 2, got 3"), "{e}")
            }
        }
    }
}

/// One proof about several inputs.
#[test]
fn batches_have_private_weights_too() {
    let program = program(1, Visibility::Public);
    let key = ProverKey::generate(&plan(&program, 4, Objective::default(), None).unwrap(), srs()).unwrap();
    let x: Vec<i64> = (0..4).flat_map(inputs).collect();
    let proved = key.prove(&x, Nonce([1; 32])).unwrap();
    assert!(verify(&key.verifier, &ANY, &proved.envelope).is_ok());
    assert!(check_key(&program.without_weights().batched(4).unwrap(), srs(), &key.verifier).is_ok());
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(16))]

    /// Private weights change nothing of what is computed.
    #[test]
    fn outputs_are_those_of_fixed_weights(x in proptest::collection::vec(-200i64..=300, INPUTS), seed in 0i64..5) {
        let private = program(seed, Visibility::Public);
        let fixed = private.clone().with_weights(WeightMode::Fixed).unwrap();
        prop_assert_eq!(private.run(&x), fixed.run(&x));
    }
}

/// Fixed weights have a virtual column: no proof commits to it, and keys have version 4.
#[test]
fn fixed_weights_are_bound_by_the_key() {
    let program = program(1, Visibility::Public).with_weights(WeightMode::Fixed).unwrap();
    let key = key(&program);
    let description = key.verifier.description();
    let bytes = key.verifier.to_bytes();
    assert_eq!((bytes[8], description.has_private_weights()), (4, false));
    assert_eq!(VerifierKey::from_bytes(bytes).unwrap().to_bytes(), bytes);
    let envelope = key.prove(&inputs(2), Nonce([5; 32])).unwrap().envelope;
    verify(&key.verifier, &ANY, &envelope).unwrap();
    check_key(&program, srs(), &key.verifier).unwrap();

    // The keys of programs with another weight differ in one commitment: a proof for one is none for the other, and the check
    // of a third party's key names the difference.
    let lanes = |key: &VerifierKey| key.description().weights.clone().unwrap().lanes;
    let mut changed = 0;
    for lane in 0..lanes(&key.verifier).len() {
        for column in 0..lanes(&key.verifier)[lane].commitments.len() {
            let mut other = description.clone();
            let list = &mut other.weights.as_mut().unwrap().lanes[lane].commitments;
            list[column] = description.fixed_commitments[0];
            let other = VerifierKey::new(other).unwrap();
            let what = check_key(&program, srs(), &other).unwrap_err();
            assert!(matches!(&what, ProvingError::OtherKey { what } if what == "weights"), "{what:?}");
            let moved = ProofEnvelope { model_id: other.model_id(), ..envelope.clone() };
            assert!(matches!(verify(&other, &ANY, &moved), Err(VerifyError::Pairing)), "lane {lane}, column {column}");
            changed += 1;
        }
    }
    assert!(changed > 0);

    // Each message of the proof.
    for at in (0..envelope.proof.len()).step_by(32) {
        let mut proof = envelope.proof.clone();
        proof[at] ^= 1;
        assert!(verify(&key.verifier, &ANY, &ProofEnvelope { proof, ..envelope.clone() }).is_err(), "byte {at}");
    }
    for len in [0, envelope.proof.len() - 32, envelope.proof.len() + 32] {
        let mut proof = envelope.proof.clone();
        proof.resize(len, 0);
        assert!(verify(&key.verifier, &ANY, &ProofEnvelope { proof, ..envelope.clone() }).is_err(), "{len} bytes");
    }

    // Malformed keys.
    let refused = |change: &dyn Fn(&mut CommittedWeights)| {
        let mut description = description.clone();
        change(description.weights.as_mut().unwrap());
        VerifierKey::new(description).unwrap_err()
    };
    assert!(matches!(refused(&|w| w.challenge = 99), KeyError::Index { what: "challenge of committed weights", .. }));
    assert!(matches!(refused(&|w| w.lanes[0].combined = 0), KeyError::Range { .. }));
    assert!(matches!(refused(&|w| w.lanes[0].combined = 999), KeyError::Index { .. }));
    assert!(matches!(refused(&|w| w.lanes.push(w.lanes[0].clone())), KeyError::Duplicate { .. }));
    assert!(matches!(refused(&|w| w.lanes.clear()), KeyError::Range { .. }));
    assert!(matches!(refused(&|w| w.lanes[0].commitments.clear()), KeyError::Range { .. }));
    // As a key of private weights, its list of blinded rows is missing or empty.
    let mut private = bytes.to_vec();
    private[8] = 3;
    assert!(VerifierKey::from_bytes(&private).is_err());
    private.push(0);
    assert!(matches!(
        VerifierKey::from_bytes(&private),
        Err(KeyError::Range { what: "blinding rows of private weights", .. })
    ));
    for len in 0..bytes.len() {
        assert!(VerifierKey::from_bytes(&bytes[..len]).is_err());
    }
}
