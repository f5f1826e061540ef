//! The library as a program uses it: files, batches, hidden tensors, errors and their hints.
#![allow(missing_docs)]

use std::sync::OnceLock;

use vouch::{
    Content, Error, ErrorKind, Expected, Model, Nonce, ProvingKey, Section, Setup, Shown, Srs, SrsKind, Statement,
    Visibility, Watch, check_key, expected_values, fact_bounds, fact_keys, fact_rows, fact_words, hashed_input, inputs,
    key_files, open_proof, open_verifying_key, prove_fact, random_nonce, verify, verify_fact,
};

/// Four inputs `x`, two outputs `y`.
const ONNX: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../../node/tests/fixtures/tiny.onnx");
const X: [f64; 4] = [0.25, -0.5, 0.75, 1.0];

fn model() -> &'static Model {
    static MODEL: OnceLock<Model> = OnceLock::new();
    MODEL.get_or_init(|| Model::compile(ONNX).unwrap().build().unwrap())
}

fn key() -> &'static ProvingKey {
    static KEY: OnceLock<ProvingKey> = OnceLock::new();
    KEY.get_or_init(|| model().setup(Setup::development()).unwrap())
}

fn expected(nonce: Nonce) -> Expected {
    Expected { nonce: Some(nonce), allow_development_srs: true, ..Expected::default() }
}

/// The kind, and a part of text and hint.
fn is(error: &Error, kind: ErrorKind, text: &str, hint: &str) {
    assert_eq!(error.kind(), kind, "{error}");
    assert!(error.to_string().contains(text), "no `{text}` in: {error}");
    assert!(error.hint().unwrap_or_default().contains(hint), "no `{hint}` in: {:?}", error.hint());
}

#[test]
fn files_are_read_as_they_were_written() {
    let dir = tempfile::tempdir().unwrap();
    let srs = Srs::development(model().setup(Setup::development()).unwrap().k() + 1);
    srs.save(dir.path().join("dev.srs")).unwrap();
    let srs = Srs::open(dir.path().join("dev.srs")).unwrap();
    assert_eq!(srs.kind(), SrsKind::Development);

    let key = model().setup(Setup::new(&srs)).unwrap();
    model().save(dir.path()).unwrap();
    let files = key.save(dir.path()).unwrap();
    assert_eq!(std::fs::metadata(&files.prover).unwrap().len(), files.prover_bytes);
    assert_eq!(std::fs::metadata(&files.verifier).unwrap().len(), files.verifier_bytes);

    let model = Model::open(dir.path()).unwrap();
    let again = ProvingKey::open(dir.path(), &model).unwrap();
    assert_eq!((again.model_id(), again.batch(), again.k()), (key.model_id(), 1, key.k()));
    assert_eq!(ProvingKey::read_header(dir.path()).unwrap(), *key.header());
    let nonce = random_nonce();
    let proof = again.prove(&inputs([("x", X.to_vec())]), nonce).unwrap();
    let bytes = proof.save(dir.path().join("proof")).unwrap();
    assert_eq!(std::fs::metadata(dir.path().join("proof")).unwrap().len(), bytes as u64);
    std::fs::write(dir.path().join("json"), serde_json::to_vec(&proof.envelope).unwrap()).unwrap();

    let verifying = open_verifying_key(&files.verifier).unwrap();
    check_key(&model, 1, &srs, &verifying).unwrap();
    let y = again.dequantize(&proof.outputs)["y"].data.clone();
    for file in ["proof", "json"] {
        let envelope = open_proof(dir.path().join(file)).unwrap();
        let claim = verify(&verifying, &expected(nonce), &envelope).unwrap();
        assert_eq!(claim.real_outputs(), y);
    }
}

#[test]
fn a_batch_is_one_proof() {
    let key = Model::compile(ONNX).unwrap().setup(Setup::development().batch(3)).unwrap();
    assert_eq!(key_files(key.batch()), ("prover-b3.key".to_owned(), "verifier-b3.key".to_owned()));
    let samples: Vec<_> = (0..3).map(|i| inputs([("x", X.map(|x| x / f64::from(i + 1)).to_vec())])).collect();
    let nonce = random_nonce();
    let proof = key.prove_batch(&samples, nonce).unwrap();
    let claim = verify(key.verifying_key(), &expected(nonce), &proof.envelope).unwrap();
    let shown = claim.real_inputs();
    for (i, sample) in samples.iter().enumerate() {
        for (a, b) in shown[4 * i..4 * i + 4].iter().zip(&sample["x"].data) {
            assert!((a - b).abs() < 1e-3, "input {i}: {a}, not {b}");
        }
    }
    let error = key.prove_batch(&samples[..2], nonce).unwrap_err();
    is(&error, ErrorKind::Input, "proves 3 inputs at once, got 2", "`Setup::batch`");
}

#[test]
fn hidden_tensors_are_not_shown() {
    let compile = Model::compile(ONNX).unwrap();
    let model = compile.visibility("x", Visibility::Hashed).visibility("y", Visibility::Private).build().unwrap();
    let key = model.setup(Setup::development()).unwrap();
    let nonce = random_nonce();
    let proof = key.prove(&inputs([("x", X.to_vec())]), nonce).unwrap();
    let public = &proof.envelope.public;
    assert!(public.inputs.is_empty() && public.outputs.is_empty() && public.output_hashes.is_empty());
    let integers = key.quantize(&inputs([("x", X.to_vec())])).unwrap();
    let hash = vouch::tensor_hash(&proof.salt, vouch::Section::Inputs, "x", &integers).unwrap();
    let expected = Expected { input_hashes: Some(vec![hash]), ..expected(nonce) };
    verify(key.verifying_key(), &expected, &proof.envelope).unwrap();
    assert_eq!(key.dequantize(&proof.outputs)["y"].data.len(), 2, "the owner knows the outputs");
}

/// Each error says what to do, in this library's words.
#[test]
fn errors_have_kinds_and_hints() {
    let error = Model::open("/nowhere").unwrap_err();
    is(&error, ErrorKind::System, "/nowhere", "check the path");
    assert!(error.get_ref().unwrap().downcast_ref::<std::io::Error>().is_some());
    assert_eq!(Model::compile("/nowhere.onnx").unwrap_err().kind(), ErrorKind::Model);
    let error = Model::compile(ONNX).unwrap().visibility("z", Visibility::Hashed).build().unwrap_err();
    is(&error, ErrorKind::Model, "z", "");

    let error = key().prove(&inputs([("x", vec![1e9; 4])]), random_nonce()).unwrap_err();
    is(&error, ErrorKind::OutOfRange, "`x`[0]", "`input_range`");
    let error = key().prove(&inputs([("x", vec![0.0; 3])]), random_nonce()).unwrap_err();
    is(&error, ErrorKind::Input, "`x`", "all its values");
    let error = key().prove(&inputs([("z", vec![0.0; 4])]), random_nonce()).unwrap_err();
    is(&error, ErrorKind::Input, "`z`", "by its name");

    let short = Srs::development(5);
    let error = model().setup(Setup::new(&short)).unwrap_err();
    is(&error, ErrorKind::Damaged, "powers are needed", "more powers");

    let nonce = random_nonce();
    let proof = key().prove(&inputs([("x", X.to_vec())]), nonce).unwrap().envelope;
    let strict = Expected { nonce: Some(nonce), ..Expected::default() };
    let error = verify(key().verifying_key(), &strict, &proof).unwrap_err();
    is(&error, ErrorKind::Refused, "", "`Expected::allow_development_srs`");
    let error = verify(key().verifying_key(), &expected(random_nonce()), &proof).unwrap_err();
    is(&error, ErrorKind::Refused, "nonce", "ask for a new proof");
    assert!(format!("{error:?}").contains("hint: "), "shown where `main` returns it");

    let private = Model::compile(ONNX).unwrap().private_weights().build().unwrap();
    let error = private.without_weights().setup(Setup::development()).unwrap_err();
    is(&error, ErrorKind::Model, "", "the owner's model");

    let dir = tempfile::tempdir().unwrap();
    std::fs::write(dir.path().join("model.vouch"), [0; 100]).unwrap();
    is(&Model::open(dir.path()).unwrap_err(), ErrorKind::Damaged, "not a compiled model", "get the file again");
    key().save(dir.path()).unwrap();
    let error = ProvingKey::open(dir.path(), &private).unwrap_err();
    is(&error, ErrorKind::Damaged, "is for program", "`Model::setup`");
}

/// Inputs and outputs by name, in real numbers and as integers; and expectations in the same form.
#[test]
fn claims_are_read_by_name() {
    let (nonce, verifying) = (random_nonce(), key().verifying_key());
    let proof = key().prove(&inputs([("x", X.to_vec())]), nonce).unwrap();
    let schema = verifying.schema();
    let outputs = model().run(&inputs([("x", X.to_vec())])).unwrap();
    let asked = Expected {
        inputs: Some(expected_values(schema, Section::Inputs, &inputs([("x", X.to_vec())])).unwrap()),
        outputs: Some(expected_values(schema, Section::Outputs, &outputs).unwrap()),
        ..expected(nonce)
    };
    let claim = verify(verifying, &asked, &proof.envelope).unwrap();
    let tensors = claim.tensors(Section::Outputs);
    assert_eq!(tensors[0].shown, Shown::Values(claim.outputs()));
    assert_eq!(tensors[0].reals().unwrap(), outputs["y"].data);
    let content = serde_json::to_value(Content::from(&claim)).unwrap();
    assert_eq!(content["model_id"], key().model_id().to_string());
    let (x, y) = (&content["inputs"][0], &content["outputs"][0]);
    assert_eq!((&x["name"], &y["name"]), (&"x".into(), &"y".into()));
    for (integer, value) in y["integers"].as_array().unwrap().iter().zip(y["values"].as_array().unwrap()) {
        let integer: f64 = integer.as_str().unwrap().parse().unwrap();
        assert_eq!(integer / y["scale"].as_f64().unwrap(), value.as_f64().unwrap());
    }

    let of = |section, name: &str, values: Vec<f64>| expected_values(schema, section, &inputs([(name, values)]));
    is(&of(Section::Inputs, "z", X.to_vec()).unwrap_err(), ErrorKind::Input, "there is no `z`", "");
    is(&of(Section::Inputs, "x", vec![0.0]).unwrap_err(), ErrorKind::Input, "`x`", "");
    is(&of(Section::Outputs, "y", vec![1e12; 2]).unwrap_err(), ErrorKind::OutOfRange, "`y`", "");
    let error = expected_values(schema, Section::Inputs, &inputs([])).unwrap_err();
    is(&error, ErrorKind::Input, "`x` is missing", "");
}

/// A fact is verified against the hash that a proof of the model shows.
#[test]
fn facts_are_verified() {
    let model = Model::compile(ONNX).unwrap().visibility("x", Visibility::Hashed).build().unwrap();
    let key = model.setup(Setup::development()).unwrap();
    let proof = key.prove(&inputs([("x", X.to_vec())]), random_nonce()).unwrap();
    let claim = verify(key.verifying_key(), &expected(proof.envelope.nonce), &proof.envelope).unwrap();
    let Shown::Hash(hash) = claim.tensors(Section::Inputs)[0].shown else { panic!("`x` is hashed") };
    let error =
        expected_values(key.verifying_key().schema(), Section::Inputs, &inputs([("x", X.to_vec())])).unwrap_err();
    is(&error, ErrorKind::Input, "`x` is hashed", "");

    let schema = model.program.schema();
    let spec = hashed_input(&schema, "x").unwrap();
    is(&hashed_input(&schema, "z").unwrap_err(), ErrorKind::Input, "hashed inputs: `x`", "");
    let facts = fact_keys(spec, &Srs::development(fact_rows(spec).unwrap())).unwrap();
    let fact = |lo, hi| {
        let (lo, hi) = fact_bounds(spec, lo, hi).unwrap();
        Statement::element(spec, 2, lo, hi).unwrap()
    };
    let shown = fact(0.5, 1.0);
    assert_eq!(fact_words(&shown, spec).split(' ').collect::<Vec<_>>()[..5], ["0.5", "≤", "x[2]", "≤", "1"]);
    let nonce = random_nonce();
    let integers = key.quantize(&inputs([("x", X.to_vec())])).unwrap();
    let envelope = prove_fact(&facts, &integers, proof.salt, &shown, nonce).unwrap();
    let check = |hash, fact: Option<&Statement>, nonce, allow| {
        verify_fact(facts.verifying_key(), hash, fact, Some(nonce), allow, &envelope)
    };
    assert_eq!(check(hash, None, nonce, true).unwrap(), shown);
    assert_eq!(check(hash, Some(&shown), nonce, true).unwrap(), shown);
    let mut other = hash;
    other.0[0] ^= 1;
    for refused in [
        check(hash, Some(&fact(0.0, 1.0)), nonce, true),
        check(other, None, nonce, true),
        check(hash, None, random_nonce(), true),
        check(hash, None, nonce, false),
    ] {
        assert_eq!(refused.unwrap_err().kind(), ErrorKind::Refused);
    }
    is(&fact_bounds(spec, 0.1, 0.1 + 1e-12).unwrap_err(), ErrorKind::Input, "no value of `x`", "");
    assert!(fact_bounds(spec, f64::NAN, 1.0).is_err() && fact_bounds(spec, 1.0, 0.0).is_err());
}

/// Each kind of long work says its stage, and stops before the next.
#[test]
fn watched_work_can_be_stopped() {
    // Not made under a watch that stops it.
    let _ready = key();
    let stopped = Watch::default();
    stopped.stop();
    let x = inputs([("x", X.to_vec())]);
    let works: [&dyn Fn() -> Result<(), Error>; 3] =
        [&|| Model::compile(ONNX)?.build().map(drop), &|| model().setup(Setup::development()).map(drop), &|| {
            key().prove(&x, random_nonce()).map(drop)
        }];
    for work in works {
        assert_eq!(stopped.during(work).unwrap_err().kind(), ErrorKind::Stopped);
        let watch = Watch::default();
        watch.during(work).unwrap();
        assert_ne!(watch.stage(), "");
    }
    assert_eq!(stopped.stage(), "");
}

#[test]
fn ranges_are_known_before_the_compilation() {
    let samples = || (0..9).map(|i| inputs([("x", vec![f64::from(i) / 8.0; 4])])).collect::<Vec<_>>();
    let compile = Model::compile(ONNX).unwrap().calibration_samples(samples()).margin(0.5);
    let ranges = compile.ranges().unwrap();
    let report = compile.build().unwrap().manifest.report.unwrap();
    assert_eq!(ranges, report.ranges.inputs);
    assert_eq!(ranges[0].name, "x");
}
