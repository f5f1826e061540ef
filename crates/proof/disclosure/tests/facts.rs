//! Proofs of statements: accepted against the hash that a model's proof shows, refused against anything else.
#![allow(missing_docs)]

use std::{collections::BTreeMap, sync::LazyLock};

use proptest::prelude::*;
use rand_chacha::ChaCha8Rng;
use rand_core::SeedableRng;
use vouch_disclosure::{
    DisclosureError, Statement, disclosure_keys, load_key, prove_statement, spec_of, verify_statement,
};
use vouch_envelope::{Nonce, Section, TensorHash};
use vouch_program::{Interval, Program, Requant, Visibility};
use vouch_proving::{ProverKey, ProvingError, Salt, Srs, tensor_hash};
use vouch_verifier::{CheckName, TensorSpec, VerifierKey, VerifyError};

const NONCE: Nonce = Nonce([7; 32]);
const SALT: Salt = Salt([9; 32]);

struct Fixture {
    srs: Srs,
    model: ProverKey,
    spec: TensorSpec,
    key: ProverKey,
}

/// A model with two hashed inputs, and the disclosure of the second.
static FIXTURE: LazyLock<Fixture> = LazyLock::new(|| {
    let mut p = Program::builder(6);
    let a = p.input("a", &[3], 4.0, Interval::new(-10, 10));
    let b = p.input("b", &[1, 4], 8.0, Interval::new(-100, 155));
    let matrix = p.matrix("sum", 7, 1, vec![1, 1, 1, 2, 2, 2, 2], vec![Requant::exact()]);
    let y = p.linear("y", matrix, 1, 1, [a.wires(), b.wires()].concat());
    p.output("y", &[1], 8.0, y.wires());
    let hashed = ["a", "b"].map(|name| (name.to_owned(), Visibility::Hashed));
    let program = p.finish().unwrap().with_visibility(&BTreeMap::from(hashed)).unwrap();
    let srs = Srs::development_with(9, ChaCha8Rng::seed_from_u64(1));
    let model = ProverKey::setup(&program, &srs).unwrap();
    let spec = model.verifier.schema().inputs[1].clone();
    let key = disclosure_keys(&spec, &srs).unwrap();
    Fixture { srs, model, spec, key }
});

fn hash(values: &[i64]) -> TensorHash {
    tensor_hash(&SALT, Section::Inputs, "b", values).unwrap()
}

fn check(hash: TensorHash, statement: &Statement, nonce: Nonce, bytes: &[u8]) -> Result<(), DisclosureError> {
    let envelope = vouch_envelope::ProofEnvelope::decode(bytes).unwrap();
    verify_statement(&FIXTURE.key.verifier, hash, statement, Some(nonce), true, &envelope).map(|_| ())
}

fn proof(values: &[i64], statement: &Statement) -> Result<Vec<u8>, DisclosureError> {
    Ok(prove_statement(&FIXTURE.key, values, SALT, statement, NONCE)?.encode().unwrap())
}

#[test]
fn a_fact_is_proved_against_the_hash_in_the_models_proof() {
    let Fixture { model, spec, .. } = &*FIXTURE;
    let values = [5, -100, 155, 3];
    let inputs = [&[1, 2, 3], values.as_slice()].concat();
    let shown = model.prove_salted(&inputs, Nonce([1; 32]), SALT).unwrap().envelope.public.input_hashes[1];
    assert_eq!(shown, hash(&values));
    let statement = Statement::element(spec, 2, 155, 155).unwrap();
    let bytes = proof(&values, &statement).unwrap();
    check(shown, &statement, NONCE, &bytes).unwrap();
    // The public values are the statement: nothing else of the tensor is in the envelope.
    let envelope = vouch_envelope::ProofEnvelope::decode(&bytes).unwrap();
    assert_eq!(envelope.public.inputs, statement.inputs(spec).unwrap());
    assert_eq!((envelope.public.input_hashes.as_slice(), envelope.public.outputs.len()), (&[shown][..], 0));
}

#[test]
fn everything_else_is_refused() {
    let spec = &FIXTURE.spec;
    let values = [5, -100, 155, 3];
    let statement = Statement::weighted(spec, vec![1, 0, -1, 2], -200, 0).unwrap();
    let bytes = proof(&values, &statement).unwrap();
    check(hash(&values), &statement, NONCE, &bytes).unwrap();
    let refused = |result, name: CheckName| match result {
        Err(DisclosureError::Refused(e)) => assert_eq!(VerifyError::check(&e), name, "{e}"),
        other => panic!("{other:?}"),
    };
    // Another hash: of other values, or of the same with another salt or another name.
    let mut others = vec![hash(&[5, -100, 155, 4])];
    others.push(tensor_hash(&Salt([8; 32]), Section::Inputs, "b", &values).unwrap());
    others.push(tensor_hash(&SALT, Section::Inputs, "a", &values).unwrap());
    others.push(tensor_hash(&SALT, Section::Outputs, "b", &values).unwrap());
    for other in others {
        refused(check(other, &statement, NONCE, &bytes), CheckName::Inputs);
    }
    // Another statement, also one that is true.
    for (weights, lo, hi) in [
        (vec![1, 0, -1, 2], -200, 1),
        (vec![1, 0, -1, 2], -199, 0),
        (vec![1, 0, -1, 1], -200, 0),
        (vec![0, 0, 0, 0], -200, 0),
    ] {
        let other = Statement::weighted(spec, weights, lo, hi).unwrap();
        refused(check(hash(&values), &other, NONCE, &bytes), CheckName::Inputs);
    }
    refused(check(hash(&values), &statement, Nonce([8; 32]), &bytes), CheckName::Nonce);
    // Another statement or hash in the envelope itself.
    let honest = vouch_envelope::ProofEnvelope::decode(&bytes).unwrap();
    let mut forged = honest.clone();
    let wider = Statement::weighted(spec, vec![1, 0, -1, 2], -200, 1).unwrap();
    forged.public.inputs = wider.inputs(spec).unwrap();
    let forged = forged.encode().unwrap();
    assert!(check(hash(&values), &wider, NONCE, &forged).is_err());
    let mut forged = honest;
    forged.public.input_hashes = vec![hash(&[5, -100, 155, 4])];
    let forged = forged.encode().unwrap();
    assert!(check(hash(&[5, -100, 155, 4]), &statement, NONCE, &forged).is_err());
}

#[test]
fn a_prover_who_does_not_check_gets_no_proof_of_a_false_statement() {
    let Fixture { spec, key, .. } = &*FIXTURE;
    let statement = Statement::element(spec, 0, 6, 155).unwrap();
    let inputs = [&[5, 0, 0, 0], statement.inputs(spec).unwrap().as_slice()].concat();
    assert!(key.prove_salted(&inputs, NONCE, SALT).is_err());
    let error = proof(&[5, 0, 0, 0], &statement).unwrap_err();
    assert!(matches!(error, DisclosureError::False { sum: 5, lo: 6, hi: 155 }), "{error}");
    assert!(matches!(proof(&[156, 0, 0, 0], &statement), Err(DisclosureError::Value { index: 0, got: 156, .. })));
    assert!(matches!(proof(&[6], &statement), Err(DisclosureError::Length { what: "values", .. })));
}

#[test]
fn keys_are_a_function_of_tensor_and_reference_string() {
    let Fixture { srs, spec, key, model } = &*FIXTURE;
    let again = disclosure_keys(spec, srs).unwrap();
    assert_eq!(again.verifier.to_bytes(), key.verifier.to_bytes());
    assert!(again.to_bytes().unwrap() == key.to_bytes().unwrap(), "prover keys differ");
    for other in [
        TensorSpec { name: "c".to_owned(), ..spec.clone() },
        TensorSpec { max: 154, ..spec.clone() },
        TensorSpec { scale: 16.0, ..spec.clone() },
        TensorSpec { shape: vec![4], ..spec.clone() },
    ] {
        assert_ne!(disclosure_keys(&other, srs).unwrap().verifier.model_id(), key.verifier.model_id(), "{other:?}");
    }
    let other = Srs::development_with(9, ChaCha8Rng::seed_from_u64(2));
    assert_ne!(disclosure_keys(spec, &other).unwrap().verifier.model_id(), key.verifier.model_id());
    // The key says what it is for, and the model's key does not pass for one.
    assert_eq!(spec_of(&key.verifier).unwrap(), spec);
    assert!(matches!(spec_of(&model.verifier), Err(DisclosureError::Key { .. })));
}

#[test]
fn a_prover_key_is_read_back() {
    let Fixture { spec, key, .. } = &*FIXTURE;
    let read = load_key(&key.to_bytes().unwrap(), &key.verifier).unwrap();
    let values = [0, 1, 2, 3];
    let statement = Statement::weighted(spec, vec![1; 4], 0, 10).unwrap();
    let bytes = prove_statement(&read, &values, SALT, &statement, NONCE).unwrap().encode().unwrap();
    check(hash(&values), &statement, NONCE, &bytes).unwrap();
    let other = disclosure_keys(spec, &Srs::development_with(9, ChaCha8Rng::seed_from_u64(3))).unwrap();
    assert!(matches!(load_key(&other.to_bytes().unwrap(), &key.verifier), Err(DisclosureError::Key { .. })));
    assert!(matches!(load_key(&[0; 100], &key.verifier), Err(DisclosureError::Proving(ProvingError::Format { .. }))));
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(12))]

    #[test]
    fn there_is_a_proof_exactly_of_what_is_true(
        values in prop::collection::vec(-100i64..=155, 4),
        weights in prop::collection::vec(-1000i64..=1000, 4),
        below in -2i64..50, above in -2i64..50,
    ) {
        let sum: i64 = values.iter().zip(&weights).map(|(x, w)| x * w).sum();
        let (lo, hi) = (sum - below, sum + above);
        match Statement::weighted(&FIXTURE.spec, weights, lo, hi) {
            Err(_) => prop_assert!(lo > hi),
            Ok(statement) => match proof(&values, &statement) {
                Ok(bytes) => {
                    prop_assert!(below >= 0 && above >= 0);
                    prop_assert!(check(hash(&values), &statement, NONCE, &bytes).is_ok());
                }
                Err(error) => prop_assert!(below < 0 || above < 0, "{}", error),
            },
        }
    }
}

/// A stranger's key says in a few bytes how many values its tensor has: no program is made of more than there may be, nor of
/// another number than that of the key's public values.
#[test]
fn nothing_large_is_made_of_a_small_key() {
    let with = |values: u32| {
        let mut description = FIXTURE.key.verifier.description().clone();
        description.schema.inputs[0].shape = vec![values];
        let key = VerifierKey::new(description).unwrap();
        assert!(key.to_bytes().len() < 4000);
        match spec_of(&key) {
            Err(DisclosureError::Key { reason }) => reason,
            other => panic!("{values}: {other:?}"),
        }
    };
    for values in [(1 << 16) + 1, 1 << 20] {
        assert!(with(values).contains("at most 65536 values"), "{}", with(values));
    }
    for values in [3, 5, 1 << 16] {
        assert!(with(values).contains("its public values are not those"), "{}", with(values));
    }
    // With the right number the program is made, and is another.
    assert_eq!(spec_of(&FIXTURE.key.verifier).unwrap(), &FIXTURE.spec);
    let mut description = FIXTURE.key.verifier.description().clone();
    description.schema.inputs[0].max += 1;
    let other = spec_of(&VerifierKey::new(description).unwrap()).unwrap_err().to_string();
    assert!(other.contains("its program is not the one"), "{other}");
}
