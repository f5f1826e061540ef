//! `vouch disclose` on the default model with a hashed input: keys, proofs of facts, verification against the model's own proof.

use std::{
    fs,
    path::{Path, PathBuf},
    process::{Command, Output},
    sync::OnceLock,
};

use serde_json::{Value, json};

const MODEL: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../models/staking-lstm/staking-lstm.onnx");
const INPUT: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../models/staking-lstm/example.json");
/// The test's keys are of development setups.
const ALLOW: &str = "--allow-development";
const SALT: &str = "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef";
const OTHER: &str = "1123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef";
const TENSOR: &str = "queue_position_eth";

fn vouch(args: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_vouch")).args(["--json", "--quiet"]).args(args).output().unwrap()
}

fn good(args: &[&str]) -> Value {
    let out = vouch(args);
    let text = String::from_utf8_lossy(&out.stdout);
    assert!(out.status.success(), "{args:?}: {text}");
    serde_json::from_str(&text).unwrap()
}

fn bad(args: &[&str], code: i32, words: &[&str]) {
    let out = vouch(args);
    let text = String::from_utf8_lossy(&out.stdout).into_owned() + &String::from_utf8_lossy(&out.stderr);
    assert_eq!(out.status.code(), Some(code), "{args:?}: {text}");
    for word in words {
        assert!(text.contains(word), "{args:?}: no `{word}` in {text}");
    }
}

fn text(path: &Path) -> &str {
    path.to_str().unwrap()
}

/// A bundle with a hashed input, its keys, those of the facts, and a proof of the model.
fn bundle() -> &'static Path {
    static DIR: OnceLock<tempfile::TempDir> = OnceLock::new();
    let dir = DIR.get_or_init(|| {
        let dir = tempfile::tempdir().unwrap();
        let path = text(dir.path());
        let hashed = format!("{TENSOR}=hashed");
        good(&["compile", MODEL, "-o", path, "--limb-bits", "11", "--visibility", &hashed]);
        good(&["setup", path]);
        let keys = good(&["disclose", "setup", path]);
        assert_eq!(keys["keys"][0]["tensor"], TENSOR);
        assert_eq!(keys["keys"][0]["k"], 10);
        let proof = dir.path().join("model.proof");
        good(&["prove", path, "--input", INPUT, "--salt", SALT, "-o", text(&proof)]);
        dir
    });
    dir.path()
}

fn key() -> PathBuf {
    bundle().join("disclosure").join(TENSOR).join("verifier.key")
}

fn values() -> Vec<f64> {
    let example: Value = serde_json::from_slice(&fs::read(INPUT).unwrap()).unwrap();
    fn numbers(v: &Value) -> Vec<f64> {
        v.as_array().map_or_else(|| vec![v.as_f64().unwrap()], |all| all.iter().flat_map(numbers).collect())
    }
    numbers(&example[TENSOR])
}

/// `vouch disclose prove` with more arguments.
fn prove<'a>(output: &'a Path, fact: &[&'a str]) -> Vec<&'a str> {
    let start = ["disclose", "prove", text(bundle()), "--input", INPUT, "--tensor", TENSOR, "-o", text(output)];
    [&start, fact].concat()
}

#[test]
fn a_range_of_a_value_is_proved_against_the_models_proof() {
    let (dir, key) = (bundle(), key());
    let proof = dir.join("range.proof");
    let value = values()[2];
    let range = format!("{},{}", value - 10.0, value + 500.0);
    let fact = ["--index", "2", "--value-range", &range];
    let proved = good(&prove(&proof, &[&["--salt", SALT], fact.as_slice()].concat()));
    assert_eq!(proved["statement"]["index"], 2);
    let (model, model_key) = (dir.join("model.proof"), dir.join("verifier.key"));
    let against = ["--original", text(&model), "--original-key", text(&model_key)];
    let verify = ["disclose", "verify", ALLOW, text(&proof), "--key", text(&key)];
    let nonce = proved["nonce"].as_str().unwrap();
    let verified = good(&[&verify, against.as_slice(), &fact, &["--nonce", nonce]].concat());
    assert_eq!((&verified["accepted"], &verified["statement"]), (&json!(true), &proved["statement"]));
    // Without a fact, it says which one is proved.
    let verified = good(&[&verify, against.as_slice()].concat());
    assert_eq!(verified["statement"], proved["statement"]);
    let hash = verified["hash"].as_str().unwrap();
    good(&[&verify, ["--hash", hash].as_slice()].concat());
    // Another fact, hash, nonce, tensor.
    let wider = format!("{},{}", value - 10.0, value + 520.0);
    bad(&[&verify, against.as_slice(), &["--index", "2", "--value-range", &wider]].concat(), 5, &["inputs"]);
    bad(&[&verify, against.as_slice(), &["--index", "3", "--value-range", &range]].concat(), 5, &["inputs"]);
    bad(&[&verify, ["--hash", SALT].as_slice()].concat(), 5, &["inputs"]);
    bad(&[&verify, against.as_slice(), &["--nonce", SALT]].concat(), 5, &["nonce"]);
    let strict = ["disclose", "verify", text(&proof), "--key", text(&key)];
    for against in [against.as_slice(), &["--hash", hash]] {
        bad(&[&strict, against].concat(), 5, &["development setup", "--allow-development"]);
    }
    bad(
        &["disclose", "verify", ALLOW, text(&proof), "--key", text(&model_key), "--hash", hash],
        6,
        &["no key of a disclosure"],
    );
    bad(&verify, 2, &["--hash"]);
    // A proof with another salt is about another hash.
    let other = dir.join("other.proof");
    good(&prove(&other, &[&["--salt", OTHER], fact.as_slice()].concat()));
    bad(
        &[&["disclose", "verify", ALLOW, text(&other), "--key", text(&key)], against.as_slice()].concat(),
        5,
        &["hash"],
    );
    // The proof of the fact is none of the model.
    bad(&["verify", ALLOW, text(&proof), "--key", text(&model_key)], 5, &["model identity"]);
}

#[test]
fn a_value_is_shown_and_a_mean_is_bounded() {
    let (dir, key) = (bundle(), key());
    let values = values();
    let proof = dir.join("value.proof");
    let proved = good(&prove(&proof, &["--salt", SALT, "--index", "4", "--reveal"]));
    let shown = proved["statement"]["real_lo"].as_f64().unwrap();
    assert_eq!(proved["statement"]["real_hi"].as_f64().unwrap(), shown);
    assert!((shown - values[4]).abs() < 3.0, "{shown}, {values:?}");
    let hash = proved["hash"].as_str().unwrap();
    let same = format!("{shown},{shown}");
    let fact = ["--index", "4", "--value-range", &same];
    good(
        &[&["disclose", "verify", ALLOW, text(&proof), "--key", text(&key), "--hash", hash], fact.as_slice()].concat(),
    );
    // The mean of five values is at most …: five times that bounds their sum.
    let weights = dir.join("weights.json");
    fs::write(&weights, "[1, 1, 1, 1, 1]").unwrap();
    let sum: f64 = values.iter().sum();
    let range = format!("0,{}", sum + 100.0);
    let fact = ["--weights", text(&weights), "--value-range", &range];
    let proof = dir.join("mean.proof");
    good(&prove(&proof, &[&["--salt", SALT], fact.as_slice()].concat()));
    good(
        &[&["disclose", "verify", ALLOW, text(&proof), "--key", text(&key), "--hash", hash], fact.as_slice()].concat(),
    );
}

#[test]
fn what_is_false_or_no_fact_is_refused() {
    let out = bundle().join("none.proof");
    let value = values()[0];
    let above = format!("{},{}", value + 50.0, value + 60.0);
    bad(&prove(&out, &["--salt", SALT, "--index", "0", "--value-range", &above]), 4, &["the statement is false"]);
    bad(&prove(&out, &["--salt", SALT, "--index", "5", "--reveal"]), 3, &["5 values"]);
    bad(&prove(&out, &["--salt", SALT, "--index", "0"]), 2, &["--value-range"]);
    bad(&prove(&out, &["--salt", SALT, "--index", "0", "--value-range", "2,1"]), 3, &["multiples"]);
    bad(&prove(&out, &["--salt", SALT, "--index", "0", "--value-range", "x"]), 2, &["no range"]);
    bad(&prove(&out, &["--salt", SALT, "--index", "0", "--value-range", "0,1e300"]), 3, &["out of reach"]);
    bad(&prove(&out, &["--salt", "zz", "--index", "0", "--reveal"]), 2, &["hexadecimal"]);
    let weights = bundle().join("bad-weights.json");
    fs::write(&weights, "[1, 2]").unwrap();
    bad(&prove(&out, &["--salt", SALT, "--weights", text(&weights), "--value-range", "0,1"]), 3, &["2 weights"]);
    let start = ["disclose", "prove", text(bundle()), "--input", INPUT, "-o", text(&out), "--salt", SALT];
    bad(
        &[&start, ["--tensor", "sweep_hours", "--index", "0", "--reveal"].as_slice()].concat(),
        3,
        &["not a hashed input"],
    );
    assert!(!out.exists());
}
