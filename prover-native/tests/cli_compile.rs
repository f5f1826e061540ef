//! `vouch compile` for batches, and on the caller's samples.

use std::{fs, path::Path};

use serde_json::Value;

use crate::program::{MODEL, bad, good, text, vouch};

const ALLOCATION: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../models/restaking-allocation/");

/// `--batch` of `compile` and `plan`: limbs as wide as is cheapest for that many inputs, of a program of one.
#[test]
fn models_are_compiled_for_a_batch() {
    let dir = tempfile::tempdir().unwrap();
    let at = |name: &str| text(&dir.path().join(name)).to_owned();
    let (one, many) = (at("one"), at("many"));
    let widths = [(&one, "1"), (&many, "16")].map(|(dir, batch)| {
        let said = good(&["compile", MODEL, "--batch", batch, "-o", dir]);
        let configuration = &said["report"]["configuration"];
        assert_eq!(configuration["batch"].to_string(), batch);
        configuration["limb_bits"].as_u64().unwrap()
    });
    assert_eq!(widths, [11, 12]);
    let default = good(&["compile", MODEL, "-o", &at("default")]);
    assert_eq!(default["report"]["configuration"]["limb_bits"], 11);
    // The proof of 16 is cheaper than with what is cheapest for one, and `plan` of the model finds the same.
    let chosen = |model: &str, batch: &str| good(&["plan", model, "--batch", batch])["chosen"].clone();
    assert_eq!(chosen(MODEL, "16"), chosen(&many, "16"));
    assert_eq!(chosen(MODEL, "1"), chosen(&one, "1"));
    let seconds = |dir: &str| chosen(dir, "16")["prove_seconds"].as_f64().unwrap();
    assert!(seconds(&many) < seconds(&one), "{} {}", seconds(&many), seconds(&one));
    let shown = vouch(&["inspect", &many]).stdout;
    assert!(String::from_utf8_lossy(&shown).contains("for proofs about 16 inputs"));
    // Keys of one input and of a batch, as before.
    assert_eq!(good(&["setup", &many])["batch"], 1);
    assert_eq!(good(&["setup", &many, "--batch", "16"])["batch"], 16);
    assert!(Path::new(&at("many/verifier.key")).exists() && Path::new(&at("many/verifier-b16.key")).exists());
    for wrong in ["0", "4097", "-1", "many"] {
        let batch = format!("--batch={wrong}");
        let words = [wrong, "--batch <N>"];
        bad(&["compile", MODEL, &batch, "-o", &at("never")], 2, &words);
        bad(&["plan", MODEL, &batch], 2, &words);
        bad(&["setup", &many, &batch], 2, &words);
    }
    assert!(!dir.path().join("never").exists());
}

/// `--samples` and `--max-error`: accuracy where the caller wants it.
#[test]
fn accuracy_is_demanded_on_samples() {
    let dir = tempfile::tempdir().unwrap();
    let at = |name: &str| text(&dir.path().join(name)).to_owned();
    let (out, samples) = (at("out"), format!("{ALLOCATION}samples.npz"));
    let model = format!("{ALLOCATION}restaking-allocation.onnx");
    let compile = |more: &[&str]| good(&[&["compile", &model, "-o", &out], more].concat())["report"].clone();
    let usual = compile(&[]);
    assert_eq!(usual["accuracy"]["source"], "random");
    // The samples' file also holds the float model's outputs.
    let report = compile(&["--samples", &samples, "--max-error", "shares=0.0005"]);
    let accuracy = &report["accuracy"];
    assert_eq!((&accuracy["source"], &accuracy["samples"]), (&"random, samples.npz".into(), &52.into()));
    let set = &accuracy["sets"][1];
    assert_eq!((&set["source"], &set["samples"]), (&"samples.npz".into(), &32.into()));
    let shares = set["outputs"].as_array().unwrap().iter().find(|o| o["name"] == "shares").unwrap();
    assert_eq!(shares["max_error"], 0.0005);
    assert!(shares["max_abs"].as_f64().unwrap() <= 0.0005, "{shares}");
    assert!(report["configuration"]["limb_bits"].as_u64() > usual["configuration"]["limb_bits"].as_u64());
    assert_eq!((&report["warnings"], &report["ranges"]["source"]), (&Value::Array(vec![]), &"interval".into()));
    // What cannot be reached is an error, which names the tensor that costs most, unless it is accepted.
    let demanded = ["--limb-bits", "10", "--samples", &samples, "--max-error", "shares=1e-6"];
    let never = at("never");
    let refused = [&["compile", &model, "-o", &never], &demanded[..]].concat();
    bad(&refused, 3, &["`shares`", "1.00e-6", "most of it comes from", "--accept-error shares="]);
    assert!(!dir.path().join("never").exists());
    let narrow = compile(&[&demanded[..], &["--accept-error", "shares=0.5"]].concat());
    let shares = narrow["accuracy"]["outputs"].as_array().unwrap().iter().find(|o| o["name"] == "shares").unwrap();
    assert_eq!(shares["accepted"], 0.5);
    let warnings = narrow["warnings"].as_array().unwrap();
    assert!(warnings.len() == 1 && warnings[0].as_str().unwrap().contains("`shares`, 1.00e-6"), "{warnings:?}");

    let bad = |more: &[&str], code, words: &[&str]| {
        bad(&[&["compile", &model, "-o", &at("never")], more].concat(), code, words)
    };
    bad(&["--max-error", "nobody=1"], 3, &["max-error", "nobody", "expected_yield, shares"]);
    bad(&["--max-error", "shares=small"], 3, &["shares=small", "NAME=ABS"]);
    bad(&["--max-error", "shares=0"], 3, &["max-error", "positive"]);
    bad(&["--max-error", "shares=1", "--max-error", "shares=2"], 3, &["shares", "twice"]);
    bad(&["--samples", &at("none.npz")], 3, &["none.npz"]);
    let example = fs::read(format!("{ALLOCATION}example.json")).unwrap();
    let mut one: Value = serde_json::from_slice(&example).unwrap();
    one["horizon_days"][0][0] = 61.into();
    fs::write(at("far.json"), one.to_string()).unwrap();
    bad(&["--samples", &at("far.json")], 3, &["far.json, sample 0", "horizon_days", "is 61", "[7, 60]"]);
    one["horizon_days"] = Value::Null;
    fs::write(at("odd.json"), one.to_string()).unwrap();
    bad(&["--samples", &at("odd.json")], 3, &["horizon_days"]);
    assert!(!dir.path().join("never").exists());
}

/// Weights that leave 64 bits where they are scaled to the bits that the program drops: a small difference of large numbers.
#[test]
fn weights_beyond_64_bits_are_proved() {
    let dir = tempfile::tempdir().unwrap();
    let at = |name: &str| text(&dir.path().join(name)).to_owned();
    let models = [("m4096", "4096,4097", 4096.25, 0.25), ("time", "1700003840,1700007936", 1_700_005_888.0, 0.5)];
    for (name, range, x, y) in models {
        let model = format!("{}/tests/exact/{name}.onnx", env!("CARGO_MANIFEST_DIR"));
        let out = at(name);
        good(&["compile", &model, "--input-range", range, "--limb-bits", "14", "-o", &out]);
        good(&["setup", &out]);
        fs::write(dir.path().join("x.json"), format!("{{\"x\": [{x}]}}")).unwrap();
        let said = good(&["prove", &out, "--input", &at("x.json"), "-o", &at("proof")]);
        let shown = said.to_string();
        let key = format!("{out}/verifier.key");
        good(&["verify", &at("proof"), "--key", &key, "--allow-development"]);
        let got = said["outputs"]["y"][0][0].as_f64().unwrap_or_else(|| panic!("{shown}"));
        assert!((got - y).abs() < 0.01, "{name}: {got}");
    }
}
