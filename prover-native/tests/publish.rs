//! What is published of a model with private weights, and what an attacker gets out of it.

use std::{collections::BTreeSet, fs, path::Path};

use serde_json::Value;
use vouch::{Card, LIMB_BITS, MODEL_FILE, Model, compile_cheapest};
use vouch_circuit::Objective;
use vouch_compiler::{CompileOptions, InputRanges, OnnxModel};
use vouch_program::WeightMode;
use vouch_testing::leak::{Layer, SIZE, distance, manifest, numbers, onnx, recover};

use crate::program::{self, bad, good, text};

/// A model with private weights: its owner's folder and a published one.
fn made(dir: &Path, layer: &Layer, options: &[&str]) -> (Vec<u8>, Vec<u8>) {
    let (model, bundle, public) = (dir.join("m.onnx"), dir.join("bundle"), dir.join("public"));
    fs::write(&model, onnx(layer, SIZE, None)).unwrap();
    good(&["compile", text(&model), "--input-range", "-1,1", "--weights", "private", "-o", text(&bundle)]);
    good(&["setup", text(&bundle)]);
    good(&[&["publish", text(&bundle), "-o", text(&public)], options].concat());
    (fs::read(bundle.join(MODEL_FILE)).unwrap(), fs::read(public.join(MODEL_FILE)).unwrap())
}

/// The report in a bundle has outputs of the model; their inputs follow from the seed, and the rest is linear algebra.
#[test]
fn published_files_do_not_solve_for_the_weights() {
    let dir = tempfile::tempdir().unwrap();
    let layer = Layer::random(5);
    let (own, public) = made(dir.path(), &layer, &[]);
    let found = recover(&manifest(&own)).expect("the owner's bundle has outputs");
    assert!(distance(&found, &layer) < 1e-5, "the attack works where there are outputs");
    let public = manifest(&public);
    assert!(recover(&public).is_none(), "the published manifest has outputs: {public}");
}

/// Names of all fields, with those of objects inside.
fn fields(value: &Value, path: &str, out: &mut BTreeSet<String>) {
    match value {
        Value::Object(map) => map.iter().for_each(|(name, inner)| fields(inner, &format!("{path}.{name}"), out)),
        Value::Array(list) => list.iter().for_each(|inner| fields(inner, path, out)),
        _ => _ = out.insert(path.to_owned()),
    }
}

#[test]
fn published_manifests_have_the_fields_of_the_list() {
    let dir = tempfile::tempdir().unwrap();
    let (_, public) = made(dir.path(), &Layer::random(8), &["--accuracy", "y=0.25"]);
    let mut found = BTreeSet::new();
    fields(&manifest(&public), "", &mut found);
    let list = [
        ".author",
        ".description",
        ".name",
        ".outline.operators.count",
        ".outline.operators.operator",
        ".outline.opset",
        ".program_digest",
        ".stated.y",
        ".version",
    ];
    assert_eq!(found, list.map(str::to_owned).into());
}

/// Of a neuron tanh(w·x + b), x from 0 to 1, the ends of the table used to tell w and b to about eight bits each.
#[test]
fn tables_of_a_neuron_tell_an_exponent() {
    let published = |w: f32, b: f32| {
        let layer = Layer { weights: vec![w], biases: vec![b] };
        let model = OnnxModel::from_bytes(&onnx(&layer, 1, Some("Tanh"))).unwrap();
        let ranges = InputRanges::global(0.0, 1.0);
        let mut options = CompileOptions { ranges, weights: WeightMode::Private, ..CompileOptions::default() };
        // The same error is acceptable for all, so that the search does not tell them apart.
        options.max_errors.add("y=0.01").unwrap();
        let compiled = compile_cheapest(&model, &options, &LIMB_BITS, 1, Objective::default()).unwrap();
        let hi = compiled.report.tensors.iter().find(|t| t.op.contains("Tanh")).unwrap().hi;
        let mut bundle = Model::new(compiled, Card::default()).without_weights();
        // The file's digest would make all different if anything in it were.
        bundle.manifest.name.clear();
        (hi.to_bits(), bundle.to_bytes().unwrap())
    };
    let of = |list: &[(f32, f32)]| list.iter().map(|&(w, b)| published(w, b)).collect::<BTreeSet<_>>();
    let same = [(1.37, 0.21), (0.05, -1.1), (-2.6, 1.3), (1.0, 0.7), (-0.4, 1.6)];
    assert_eq!(of(&same).len(), 1, "arguments of magnitudes from 1.1 to 1.7");
    let many: Vec<(f32, f32)> = numbers(3, 60, 3.0).chunks(2).map(|c| (c[0], c[1])).collect();
    let all = of(&many);
    let exponents: BTreeSet<u64> = all.iter().map(|(hi, _)| *hi).collect();
    assert!(exponents.len() >= 3, "the neurons have ranges of several sizes");
    assert!(all.len() <= 2 * exponents.len(), "{} files for {} exponents", all.len(), exponents.len());
}

/// A bundle as version 2 wrote it.
fn version_2(bundle: &Model) -> Vec<u8> {
    let bytes = bundle.to_bytes().unwrap();
    let mut manifest = manifest(&bytes);
    manifest["report"]["configuration"].as_object_mut().unwrap().remove("weights").unwrap();
    let manifest = serde_json::to_vec(&manifest).unwrap();
    let program = vouch_testing::leak::program(&bytes);
    let mut out = b"VOUCHMD\0\x02\0".to_vec();
    for part in [manifest.as_slice(), program] {
        out.extend((part.len() as u32).to_le_bytes());
        out.extend(part);
    }
    let digest = vouch_proving::digest(b"Vouch-model-file", &[&out]);
    out.extend(digest);
    out
}

/// Of a bundle that an earlier version wrote, or published, the same fields are published, and a warning says that its ranges are exact.
#[test]
fn bundles_of_version_2_are_read() {
    let dir = tempfile::tempdir().unwrap();
    let (own, _) = made(dir.path(), &Layer::random(13), &[]);
    let own = Model::from_bytes(&own).unwrap();
    let bytes = version_2(&own);
    let read = Model::from_bytes(&bytes).unwrap();
    assert_eq!((&read.program, &read.manifest.name), (&own.program, &own.manifest.name));
    assert!(recover(&manifest(&bytes)).is_some());
    let bundle = dir.path().join("bundle");
    fs::write(bundle.join(MODEL_FILE), bytes).unwrap();
    let public = dir.path().join("again");
    assert_eq!(good(&["publish", text(&bundle), "-o", text(&public)])["coarse"], false);
    assert!(recover(&manifest(&fs::read(public.join(MODEL_FILE)).unwrap())).is_none());
    let said = program::vouch(&["publish", text(&bundle), "-o", text(&public)]);
    assert!(String::from_utf8(said.stderr).unwrap().contains("eight bits of each neuron"));
}

#[test]
fn owners_state_bounds_that_hold() {
    let dir = tempfile::tempdir().unwrap();
    let (own, public) = made(dir.path(), &Layer::random(11), &["--accuracy", "y=0.25"]);
    assert_eq!(manifest(&public)["stated"]["y"], 0.25);
    let measured = manifest(&own)["report"]["accuracy"]["max_abs"].as_f64().unwrap();
    assert!(measured > 1e-9 && measured < 0.25);
    let (bundle, again) = (dir.path().join("bundle"), dir.path().join("again"));
    let publish = |accuracy: &str, words: &[&str]| {
        bad(&["publish", text(&bundle), "-o", text(&again), "--accuracy", accuracy], 3, words);
        assert!(!again.exists());
    };
    publish("y=1e-9", &["--accuracy", "`y`", "measured", "1e-9"]);
    publish("z=0.1", &["no such output", "`y`"]);
    publish("y=-1", &["not a positive number"]);
    publish("y", &["not OUTPUT=ABS"]);
    // A card states it, too.
    let card = dir.path().join("card.json");
    fs::write(&card, r#"{ "accuracy": { "y": 0.5 }, "test": { "mean_abs": 0.0123456, "source": "somewhere" } }"#)
        .unwrap();
    let (model, stated) = (dir.path().join("m.onnx"), dir.path().join("stated"));
    let compile =
        ["compile", text(&model), "--input-range", "-1,1", "--weights", "private", "-o", text(&stated), "--card"];
    good(&[&compile[..], &[text(&card)]].concat());
    good(&["setup", text(&stated)]);
    good(&["publish", text(&stated), "-o", text(&again)]);
    let said = manifest(&fs::read(again.join(MODEL_FILE)).unwrap());
    assert_eq!((&said["stated"]["y"], &said["test"]["mean_abs"]), (&Value::from(0.5), &Value::from(0.013)));
    fs::write(&card, r#"{ "accuracy": { "y": 1e-12 } }"#).unwrap();
    bad(&[&compile[..], &[text(&card)]].concat(), 3, &["accuracy of `y`", "measured"]);
}

#[test]
fn published_bundles_are_inspected_and_published_again() {
    let dir = tempfile::tempdir().unwrap();
    let (_, bytes) = made(dir.path(), &Layer::random(12), &["--accuracy", "y=0.25"]);
    let (public, again) = (dir.path().join("public"), dir.path().join("again"));
    let said = program::vouch(&["inspect", text(&public)]);
    let said = String::from_utf8(said.stdout).unwrap();
    for words in ["stated by the owner", "publishes no accuracy report", "ONNX    not published (opset 13)", "1 Gemm"] {
        assert!(said.contains(words), "no `{words}` in {said}");
    }
    let svg = dir.path().join("svg");
    let seen = good(&["inspect", text(&public), "--svg", text(&svg)]);
    assert_eq!(seen["pictures"].as_array().unwrap().len(), 1);
    assert_eq!(seen["manifest"].get("report"), None);
    good(&["publish", text(&public), "-o", text(&again)]);
    assert_eq!(fs::read(again.join(MODEL_FILE)).unwrap(), bytes);
}

/// Keys that an older compilation left in the folder, whose commitments to fixed weights hide nothing, are not published.
#[test]
fn keys_of_other_programs_are_not_published() {
    let dir = tempfile::tempdir().unwrap();
    let [model, bundle, public] = ["m.onnx", "bundle", "public"].map(|name| dir.path().join(name));
    fs::write(&model, onnx(&Layer::random(3), SIZE, None)).unwrap();
    let compile = ["compile", text(&model), "--input-range", "-1,1", "-o", text(&bundle)];
    good(&compile);
    good(&["setup", text(&bundle), "--batch", "2"]);
    good(&[&compile[..], &["--weights", "private"]].concat());
    good(&["setup", text(&bundle)]);
    let publish = ["publish", text(&bundle), "-o", text(&public)];
    bad(&publish, 6, &["verifier-b2.key is another program's"]);
    assert!(!public.exists());
    good(&["setup", text(&bundle), "--batch", "2"]);
    assert_eq!(good(&publish)["keys"].as_array().unwrap().len(), 2);
    fs::rename(bundle.join("verifier-b2.key"), bundle.join("verifier-b3.key")).unwrap();
    bad(&publish, 6, &["verifier-b3.key is another program's"]);
}
