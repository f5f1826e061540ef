//! `vouch chain`, on the proofs that the verifier's own tests use.

use std::{
    fs,
    path::Path,
    process::{Command, Output},
};

use serde_json::Value;
use vouch_envelope::{Link, ProofChain};

const FIXTURES: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../crates/verify/verifier/tests/fixtures/chain");

fn fixture(name: &str) -> String {
    format!("{FIXTURES}/{name}")
}

fn vouch(args: &[String]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_vouch")).args(["--json", "--quiet"]).args(args).output().unwrap()
}

/// The exit code, and what was said.
fn said(args: &[String]) -> (i32, Value) {
    let out = vouch(args);
    let text = String::from_utf8_lossy(&out.stdout).into_owned();
    let json = serde_json::from_str(&text).unwrap_or_else(|e| panic!("{args:?}: {e}: {text}"));
    (out.status.code().unwrap(), json)
}

fn words(text: &str) -> Vec<String> {
    text.split_whitespace().map(str::to_owned).collect()
}

fn keys() -> Vec<String> {
    let (forecast, allocation) = (fixture("forecast.key"), fixture("allocation.key"));
    words(&format!("--key {forecast} --key {forecast} --key {allocation}"))
}

fn links() -> Vec<String> {
    words("--link 0:hours=2:hours[0] --link 1:outputs[0..1]=2:inputs[2..3]")
}

/// What an honest caller expects, with the inputs in files of `dir`.
fn expected(dir: &Path) -> Vec<String> {
    let inputs = [r#"{"x": [2.5, -0.4375]}"#, r#"{"x": [-0.3125, 2.0625]}"#, r#"{"horizon": [10.0], "delay": [3.0]}"#];
    let mut args = Vec::new();
    for (proof, text) in inputs.iter().enumerate() {
        let path = dir.join(format!("{proof}.json"));
        fs::write(&path, text).unwrap();
        let nonce = format!("0{}", proof + 1).repeat(32);
        args.extend(words(&format!("--nonce {nonce} --input {proof}={}", path.display())));
    }
    args
}

fn verify(chain: &str, rest: &[Vec<String>]) -> (i32, Value) {
    said(&[words(&format!("chain verify {chain} --allow-development")), rest.concat()].concat())
}

/// The same by someone who accepts no development setup, unless a file says so.
fn verify_strictly(chain: &str, rest: &[Vec<String>]) -> (i32, Value) {
    said(&[words(&format!("chain verify {chain}")), rest.concat()].concat())
}

#[test]
fn chains_are_verified() {
    let dir = tempfile::tempdir().unwrap();
    let honest = fixture("honest.chain");
    let (code, json) = verify(&honest, &[keys(), links(), expected(dir.path())]);
    assert_eq!((code, &json["accepted"]), (0, &Value::Bool(true)), "{json}");
    let hours = json["claims"][0]["outputs"]["hours"][0].as_f64().unwrap();
    assert_eq!(json["claims"][2]["inputs"]["hours"][0].as_f64(), Some(hours));
    assert_eq!(json["report"]["links"].as_array().unwrap().len(), 2);

    // A link that does not hold, a link that is not expected, one that is not claimed, another input, another nonce.
    let failed = |args: &[Vec<String>], chain: &str, words: &str| {
        let (code, json) = verify(chain, args);
        let message = json["error"]["message"].as_str().unwrap_or_default();
        assert!(code == 5 && message.contains(words) && json["accepted"] == false, "{words}: {code} {json}");
    };
    failed(
        &[keys(), links(), expected(dir.path())],
        &fixture("unlinked.chain"),
        "link 1 (1:outputs[0..1]=2:inputs[2..3])",
    );
    failed(&[keys(), links()[..2].to_vec()], &honest, "links: link 1: expected none");
    let more = [links(), words("--link 0:spread=2:delay")].concat();
    failed(&[keys(), more], &honest, "links: link 2: expected 0:outputs[1..2]=2:inputs[3..4], got none");
    fs::write(dir.path().join("3.json"), r#"{"horizon": [11.0], "delay": [3.0]}"#).unwrap();
    let other = words(&format!("--input 2={}", dir.path().join("3.json").display()));
    failed(&[keys(), links(), other], &honest, "value 0: expected 176, got 160");
    let (code, json) = verify_strictly(&honest, &[keys(), links(), expected(dir.path())]);
    let message = json["error"]["message"].as_str().unwrap();
    assert!(code == 5 && message.contains("proof 2: setup") && message.contains("--allow-development"), "{message}");
    failed(&[keys()[..4].to_vec(), words("--link 0:hours=1:x[0]")], &honest, "proofs: expected 2, got 3");
}

#[test]
fn chains_are_made_if_they_hold() {
    let dir = tempfile::tempdir().unwrap();
    let chain = ProofChain::decode(&fs::read(fixture("honest.chain")).unwrap()).unwrap();
    let unlinked = ProofChain::decode(&fs::read(fixture("unlinked.chain")).unwrap()).unwrap();
    let mut paths = Vec::new();
    for (name, proof) in ["a", "b", "c"].iter().zip(chain.proofs()).chain([(&"d", &unlinked.proofs()[2])]) {
        let path = dir.path().join(name);
        fs::write(&path, proof.encode().unwrap()).unwrap();
        paths.push(path.display().to_string());
    }
    let out = dir.path().join("out.chain");
    let make = |proofs: &[String], links: Vec<String>| {
        let output = words(&format!("-o {}", out.display()));
        said(&[words("chain link"), proofs.to_vec(), keys(), links, output].concat())
    };
    let (code, json) = make(&paths[..3], links());
    assert_eq!((code, json["proofs"].as_u64()), (0, Some(3)), "{json}");
    assert_eq!(fs::read(&out).unwrap(), fs::read(fixture("honest.chain")).unwrap());
    let made: Vec<Link> = serde_json::from_value(json["links"].clone()).unwrap();
    assert_eq!(made, chain.links());
    let (code, json) = said(&words(&format!("inspect {}", out.display())));
    assert_eq!((code, json["kind"].as_str(), &json["verified"]), (0, Some("chain"), &Value::Bool(false)));
    // The JSON form is the same chain.
    let exported = dir.path().join("chain.json");
    fs::write(&exported, json["chain"].to_string()).unwrap();
    assert_eq!(verify(exported.to_str().unwrap(), &[keys(), links()]).0, 0);

    fs::remove_file(&out).unwrap();
    let refused = |proofs: &[String], links: &str, code: i32, message: &str| {
        let (got, json) = make(proofs, words(links));
        let said = json["error"]["message"].as_str().unwrap_or_default();
        assert!(got == code && said.contains(message), "{links}: {got} {json}");
        assert!(!out.exists());
    };
    let third = [paths[0].clone(), paths[1].clone(), paths[3].clone()];
    refused(&third, "--link 1:hours=2:hours[1]", 5, "the output is");
    refused(&paths[..3], "--link 0:hours=2:horizon", 5, "unit");
    refused(&paths[..3], "--link 0:spread=2:delay", 5, "scale");
    refused(&paths[..2], "", 2, "--key");
    refused(&paths[..3], "--link 0:hours=2:hours", 2, "1 outputs for 2 inputs");
    refused(&paths[..3], "--link 2:shares[0]=0:x[0]", 2, "before");
    refused(&paths[..3], "--link 0:minutes=2:hours[0]", 2, "hours, spread");
    refused(&paths[..3], "--link 3:hours=2:hours[0]", 2, "from 0 to 2");
    for link in [
        "0:hours",
        "hours=2:hours[0]",
        "0:hours=2:hours[2]",
        "0:hours=2:hours[1..1]",
        "0:hours=2:hours[x]",
        "0:hours[0=2:hours[0]",
    ] {
        refused(&paths[..3], &format!("--link {link}"), 2, "--link");
    }
}

#[test]
fn expectations_come_from_one_file() {
    let dir = tempfile::tempdir().unwrap();
    let file = dir.path().join("expected.json");
    let honest = fixture("honest.chain");
    let nonce = |proof: u8| format!("0{proof}").repeat(32);
    // The integers of the inputs that `expected` has as real numbers; the last proof's hours are filled by links.
    let chain = ProofChain::decode(&fs::read(&honest).unwrap()).unwrap();
    let inputs: Vec<Vec<i64>> = chain.proofs().iter().map(|proof| proof.public.inputs.clone()).collect();
    let text: Vec<String> = inputs[0].iter().map(i64::to_string).collect();
    let filled: Vec<usize> = chain.links().iter().flat_map(Link::inputs).collect();
    let own = inputs[2].iter().enumerate().filter(|(at, _)| !filled.contains(at)).map(|(_, value)| *value);
    let given = serde_json::json!({
        "steps": [
            { "nonce": nonce(1), "inputs": text, "allow_development_srs": true },
            { "nonce": nonce(2), "inputs": inputs[1], "allow_development_srs": true },
            { "nonce": nonce(3), "inputs": own.collect::<Vec<_>>(), "allow_development_srs": true },
        ],
        "links": chain.links(),
    });
    let run = |given: &Value, more: &str| {
        fs::write(&file, given.to_string()).unwrap();
        let (code, json) = verify_strictly(&honest, &[keys(), words(&format!("--expected {} {more}", file.display()))]);
        (code, json["error"]["message"].as_str().unwrap_or_default().to_owned())
    };
    assert_eq!(run(&given, ""), (0, String::new()));
    let refused = |change: &dyn Fn(&mut Value), more: &str, code: i32, words: &str| {
        let mut given = given.clone();
        change(&mut given);
        let (got, message) = run(&given, more);
        assert!(got == code && message.contains(words), "{words}: {got} {message}");
    };
    let strict = |g: &mut Value| drop(g["steps"][1].as_object_mut().unwrap().remove("allow_development_srs"));
    refused(&strict, "", 5, "proof 1: setup");
    let mut given_strict = given.clone();
    strict(&mut given_strict);
    assert_eq!(run(&given_strict, "--allow-development"), (0, String::new()));
    refused(&|g| g["steps"][0]["nonce"] = nonce(9).into(), "", 5, "nonce");
    refused(&|g| g["steps"][2]["inputs"][0] = 7.into(), "", 5, "expected 7, got");
    refused(&|g| drop(g["links"].as_array_mut().unwrap().pop()), "", 5, "links");
    refused(&|g| drop(g["steps"].as_array_mut().unwrap().pop()), "", 3, "expected one step for each of 3 keys, got 2");
    refused(&|g| g["steps"][0]["inputs"][0] = "x".into(), "", 3, "invalid digit");
    refused(&|g| g["step"] = 1.into(), "", 3, "unknown field");
    refused(&|g| g["steps"][0]["nonse"] = nonce(1).into(), "", 3, "unknown field `nonse`");
    refused(&|g| g["links"][0]["length"] = 1.into(), "", 3, "unknown field `length`");
    refused(&|g| g["steps"][0]["nonce"] = 1.into(), "", 3, "invalid type");
    refused(&|g| g["steps"][0]["inputs"] = serde_json::json!({}), "", 3, "invalid type");
    refused(&|g| g["steps"][0]["inputs"][0] = 1.5.into(), "", 3, "did not match");
    refused(&|g| g["steps"][0]["allow_development_srs"] = "true".into(), "", 3, "invalid type");
    // Either the file says what is expected, or the options do.
    let both = [words(&format!("chain verify {honest} --expected {}", file.display())), keys(), links()];
    assert_eq!(vouch(&both.concat()).status.code(), Some(2));
}
