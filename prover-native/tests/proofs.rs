//! Real proofs of random programs: the verifier accepts them, and does not accept them for anything else.

use halo2_proofs::poly::commitment::ParamsProver;
use vouch::{Card, Compiled, ErrorKind, Model, ProvingKey};
use vouch_envelope::{ModelId, Nonce, ProofEnvelope};
use vouch_proving::{ProvingError, Srs, commit::KzgParams};
use vouch_testing::{ANY, keys, random_program};
use vouch_verifier::{CheckName, Expected, VerifyError, verify, verify_batch};

fn expected(inputs: &[i64], nonce: Nonce) -> Expected {
    Expected { nonce: Some(nonce), inputs: Some(inputs.to_vec()), ..ANY }
}

#[test]
fn random_programs_prove_and_verify() {
    for seed in 0..12 {
        let (program, x) = random_program(seed);
        let key = keys(&program, 1);
        let nonce = Nonce([seed as u8 + 1; 32]);
        let envelope = key.prove(&x, nonce).unwrap().envelope;
        let trace = program.run(&x).unwrap();
        let claim = verify(&key.verifier, &expected(&x, nonce), &envelope).unwrap();
        assert_eq!(claim.outputs(), program.outputs_of(&trace), "seed {seed}");

        let refused = |envelope: &ProofEnvelope, check: CheckName| {
            let error = verify(&key.verifier, &ANY, envelope).unwrap_err();
            assert_eq!(error.check(), check, "seed {seed}: {error}");
        };
        for i in 0..envelope.public.outputs.len() {
            let mut wrong = envelope.clone();
            let tensor = &key.verifier.schema().outputs[0];
            let v = &mut wrong.public.outputs[i];
            if tensor.min < tensor.max {
                *v = if *v < tensor.max { *v + 1 } else { *v - 1 };
                refused(&wrong, CheckName::Pairing);
            } else {
                *v += 1;
                refused(&wrong, CheckName::Outputs);
            }
        }
        // Inputs, used or not, the nonce, and the model are all part of what is proved.
        for (i, &value) in x.iter().enumerate() {
            let mut wrong = envelope.clone();
            let tensor = &key.verifier.schema().inputs[0];
            wrong.public.inputs[i] = if value < tensor.max { value + 1 } else { value - 1 };
            refused(&wrong, CheckName::Pairing);
        }
        let mut wrong = envelope.clone();
        wrong.nonce.0[31] ^= 1;
        refused(&wrong, CheckName::Pairing);
        let mut wrong = envelope.clone();
        wrong.model_id = ModelId([9; 32]);
        refused(&wrong, CheckName::ModelIdentity);
        let other = verify(&key.verifier, &expected(&x, Nonce([200; 32])), &envelope);
        assert!(matches!(other, Err(VerifyError::Nonce { .. })), "seed {seed}");
    }
}

/// A proof for one model is none for another, also where both have the same shape.
#[test]
fn proofs_do_not_cross_models() {
    let (program, x) = random_program(3);
    let (a, b) = (keys(&program, 1), keys(&program, 1));
    assert_ne!(a.verifier.model_id(), b.verifier.model_id(), "the reference strings differ");
    let mut envelope = a.prove(&x, Nonce([1; 32])).unwrap().envelope;
    envelope.model_id = b.verifier.model_id();
    assert!(verify(&b.verifier, &expected(&x, Nonce([1; 32])), &envelope).is_err());
}

#[test]
fn one_proof_for_many_inputs() {
    let (program, x) = random_program(5);
    let key = keys(&program, 3);
    let samples: Vec<Vec<i64>> = vec![x.clone(), x.iter().map(|v| v / 2).collect(), x.clone()];
    let envelope = key.prove(&samples.concat(), Nonce([4; 32])).unwrap().envelope;
    // Outputs are tensor by tensor; this program has one.
    let outputs: Vec<i64> = samples.iter().flat_map(|s| program.outputs_of(&program.run(s).unwrap())).collect();
    assert_eq!(envelope.public.outputs, outputs);
    assert!(matches!(key.prove(&x, Nonce([4; 32])), Err(ProvingError::Run(_))), "too few inputs");
}

#[test]
fn many_proofs_with_one_pairing() {
    let (program, x) = random_program(7);
    let key = keys(&program, 1);
    let mut items: Vec<(Expected, ProofEnvelope)> =
        (0..4u8).map(|i| (expected(&x, Nonce([i; 32])), key.prove(&x, Nonce([i; 32])).unwrap().envelope)).collect();
    assert!(verify_batch(&key.verifier, &items).iter().all(Result::is_ok));
    let last = items[2].1.proof.len() - 1;
    items[2].1.proof[last] ^= 1;
    let verdicts = verify_batch(&key.verifier, &items);
    assert_eq!(verdicts.iter().map(Result::is_ok).collect::<Vec<_>>(), [true, true, false, true]);
}

#[test]
fn values_out_of_range_have_no_proof() {
    let (program, mut x) = random_program(2);
    let key = keys(&program, 1);
    x[0] = i64::from(i32::MAX);
    let error = key.prove(&x, Nonce([0; 32])).unwrap_err();
    assert!(matches!(error, ProvingError::Run(_)));
    let text = error.to_string();
    assert!(text.contains("`x`[0]") && text.contains("range") && text.contains("--input-range"), "{text}");
}

/// A file with a program, to read keys with.
fn model(program: vouch_program::Program) -> Model {
    let onnx = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("../node/tests/fixtures/tiny.onnx");
    let Compiled { report, schema, .. } = vouch_compiler::compile(&onnx, &Default::default()).unwrap();
    Model::new(Compiled { program, report, schema }, Card::default())
}

#[test]
fn keys_survive_the_disk_and_damage_is_found() {
    let (program, x) = random_program(4);
    let key = ProvingKey::from(keys(&program, 1));
    let model = model(program);
    let dir = tempfile::tempdir().unwrap();
    let files = key.save(dir.path()).unwrap();
    let path = dir.path().join(vouch::PROVER_KEY_FILE);
    assert_eq!(files.prover, path);
    let again = ProvingKey::open(dir.path(), &model).unwrap();
    let proof = again.prove_integers(&x, Nonce([5; 32]), vouch::Salt::random()).unwrap();
    verify(key.verifying_key(), &expected(&x, Nonce([5; 32])), &proof.envelope).unwrap();

    let bytes = std::fs::read(&path).unwrap();
    let other = Model { program: random_program(6).0, ..model.clone() };
    let error = ProvingKey::open(&path, &other).unwrap_err();
    assert!(matches!(error.get_ref().unwrap().downcast_ref(), Some(ProvingError::OtherProgram { .. })), "{error}");
    assert!(error.hint().unwrap().contains("Model::setup"));
    let damaged = |what: &str| {
        let error = ProvingKey::open(&path, &model).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Damaged, "{what}: {error}");
        assert!(error.to_string().contains("prover.key"), "{what}: {error}");
    };
    for at in (0..bytes.len()).step_by(bytes.len() / 23) {
        let mut file = bytes.clone();
        file[at] ^= 4;
        std::fs::write(&path, &file).unwrap();
        damaged(&format!("byte {at}"));
    }
    for len in [7, 31, 32, 50, bytes.len() / 2, bytes.len() - 1] {
        std::fs::write(&path, &bytes[..len]).unwrap();
        damaged(&format!("length {len}"));
    }
    // There is no map of an empty file on some systems.
    std::fs::write(&path, []).unwrap();
    assert!(ProvingKey::open(&path, &model).is_err());
}

#[test]
fn reference_strings_are_checked() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("dev.srs");
    let srs = vouch::Srs::development(6);
    srs.save(&path).unwrap();
    let again = vouch::Srs::open(&path).unwrap();
    assert_eq!(again.identity(), srs.identity());
    assert_eq!(again.k(), 6);
    let srs = srs.as_proving();
    assert_eq!(srs.truncated(4).unwrap().identity(), srs.identity());
    srs.truncated(4).unwrap().check().unwrap();
    assert!(matches!(srs.truncated(7), Err(ProvingError::SrsTooSmall { needed: 7, got: 6 })));

    let bytes = std::fs::read(&path).unwrap();
    for at in (0..bytes.len()).step_by(97) {
        let mut damaged = bytes.clone();
        damaged[at] ^= 1;
        std::fs::write(&path, &damaged).unwrap();
        assert_eq!(vouch::Srs::open(&path).unwrap_err().kind(), ErrorKind::Damaged, "byte {at}");
    }
    // Another file, with its own digest, whose points are not all on the curve, or at infinity.
    let with = |at: usize, change: &dyn Fn(&mut [u8])| {
        let mut file = bytes[..bytes.len() - 32].to_vec();
        change(&mut file[at..at + 64]);
        let digest = vouch_proving::digest(b"Vouch-srs-file\0\0", &[&file]);
        std::fs::write(&path, [&file[..], &digest].concat()).unwrap();
        vouch::Srs::open(&path).map(|_| ()).unwrap_err().to_string()
    };
    for (point, name) in [(3, "power 3"), (64 + 5, "Lagrange point 5"), (2 * 64 + 2, "power in G2 1")] {
        let at = 15 + 64 * point;
        let off = with(at, &|point| point[0] ^= 1);
        assert!(off.ends_with(&format!("{name} is not a point of the curve")), "{off}");
        let large = with(at, &|point| point[..32].fill(0xff));
        assert!(large.ends_with(&format!("{name} is not a point of the curve")), "{large}");
    }
    let infinity = with(15 + 64 * (64 + 5), &|point| point.fill(0));
    assert!(infinity.ends_with("Lagrange point 5 is the point at infinity"), "{infinity}");
    // Points that are on the curve, but not powers of one secret; and Lagrange points of another secret.
    let (a, b) = (Srs::development(5), Srs::development(5));
    let lagrange = |s: &Srs| KzgParams::from(s.params.clone()).lagrange().to_vec();
    let mixed = |g: Vec<_>, l: Vec<_>| Srs {
        params: a.params.from_parts(5, g, Some(l), a.params.g2(), a.params.s_g2()),
        kind: a.kind,
    };
    let own = a.params.get_g().to_vec();
    let mut powers = own.clone();
    powers[9] = b.params.get_g()[9];
    assert!(matches!(mixed(powers, lagrange(&a)).check(), Err(ProvingError::Srs(_))));
    assert!(matches!(mixed(own.clone(), lagrange(&b)).check(), Err(ProvingError::Srs(_))));
    assert!(matches!(mixed(b.params.get_g().to_vec(), lagrange(&b)).check(), Err(ProvingError::Srs(_))));
    mixed(own, lagrange(&a)).check().unwrap();
}
