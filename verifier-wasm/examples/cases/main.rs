//! Writes the cases that every host runs, with the answers of the native verifier, as JSON:
//! `cases DIR [MUTATIONS]`, where `DIR` has `NAME.key` and `NAME-0.envelope`.

mod chain;

use std::fmt::Write;
use std::path::Path;

use rand::{RngCore, SeedableRng};
use rand_chacha::ChaCha8Rng;
use serde::Serialize;
use vouch_testing::tamper::{mutate, tampered};
use vouch_verifier::ProofEnvelope;
use vouch_verifier_wasm::ApiError;
use vouch_verifier_wasm::api::{self, Key};

/// A call of the verifier.
#[derive(Serialize)]
struct Case {
    name: String,
    /// `verify`, `describe`, `inspect`, `chain` or `inspectChain`.
    call: &'static str,
    /// Hexadecimal; empty for `inspect`. For `chain` the keys of its proofs, separated by commas.
    key: String,
    /// Hexadecimal; empty for `describe`. For `chain` and `inspectChain` a chain.
    envelope: String,
    /// JSON.
    expected: String,
    /// The native verifier's.
    answer: String,
}

#[derive(Default)]
struct Cases(Vec<Case>);

fn hex(bytes: &[u8]) -> String {
    bytes.iter().fold(String::with_capacity(2 * bytes.len()), |mut text, byte| {
        let _ = write!(text, "{byte:02x}");
        text
    })
}

/// An answer or an error, as the hosts write them.
fn answer(result: Result<String, ApiError>) -> String {
    result.unwrap_or_else(|error| error.to_json())
}

impl Cases {
    fn verify(&mut self, name: impl Into<String>, key: &[u8], envelope: &[u8], expected: &str) {
        let result = Key::load(key).and_then(|key| key.verify(envelope, expected.as_bytes()));
        let (key, envelope) = (hex(key), hex(envelope));
        let (name, expected) = (name.into(), expected.to_owned());
        self.0.push(Case { name, call: "verify", key, envelope, expected, answer: answer(result) });
    }

    fn describe(&mut self, name: impl Into<String>, key: &[u8]) {
        let answer = answer(Key::load(key).map(|key| key.describe()));
        let (name, key) = (name.into(), hex(key));
        self.0.push(Case { name, call: "describe", key, envelope: String::new(), expected: String::new(), answer });
    }

    fn inspect(&mut self, name: impl Into<String>, envelope: &[u8]) {
        let answer = answer(api::inspect(envelope));
        let (name, envelope) = (name.into(), hex(envelope));
        self.0.push(Case { name, call: "inspect", key: String::new(), envelope, expected: String::new(), answer });
    }

    /// Everything that a caller can expect, for one proof.
    fn expectations(&mut self, name: &str, key: &[u8], bytes: &[u8]) -> Result<(), Error> {
        let envelope = ProofEnvelope::decode(bytes)?;
        let model = Key::load(key)?.describe();
        let model = serde_json::from_str::<serde_json::Value>(&model)?["model_id"].clone();
        let any = r#"{"allow_development_srs":true}"#;
        self.verify(format!("{name}: honest"), key, bytes, any);
        let text = |values: &[i64]| values.iter().map(i64::to_string).collect::<Vec<_>>();
        let (inputs, outputs) = (&envelope.public.inputs, &envelope.public.outputs);
        let full = |inputs: &[String], outputs: &[i64], nonce: String| {
            serde_json::json!({ "model_id": model, "nonce": nonce, "inputs": inputs, "outputs": outputs,
                "allow_development_srs": true })
            .to_string()
        };
        let nonce = envelope.nonce.to_string();
        self.verify(format!("{name}: as expected"), key, bytes, &full(&text(inputs), outputs, nonce.clone()));
        for (field, value) in [("inputs", serde_json::json!(text(inputs))), ("nonce", serde_json::json!(nonce))] {
            let only = serde_json::json!({ field: value, "allow_development_srs": true }).to_string();
            self.verify(format!("{name}: only {field} expected"), key, bytes, &only);
        }
        self.verify(format!("{name}: wrong nonce"), key, bytes, &full(&text(inputs), outputs, "ab".repeat(32)));
        self.verify(format!("{name}: no outputs"), key, bytes, &full(&text(inputs), &[], nonce.clone()));
        let mut other = outputs.clone();
        if let Some(last) = other.last_mut() {
            *last += 1;
        }
        self.verify(format!("{name}: wrong output"), key, bytes, &full(&text(inputs), &other, nonce.clone()));
        let mut other = text(inputs);
        other[0] = i64::MIN.to_string();
        self.verify(format!("{name}: wrong input"), key, bytes, &full(&other, outputs, nonce));
        let model = format!(r#"{{"model_id":"{}","allow_development_srs":true}}"#, "01".repeat(32));
        self.verify(format!("{name}: wrong model"), key, bytes, &model);
        self.verify(format!("{name}: development setup not allowed"), key, bytes, "{}");
        for expected in ["", "{", "[]", r#"{"nonse":""}"#, r#"{"nonce":"00"}"#, r#"{"inputs":[1.5]}"#, "\"\u{fffd}\""] {
            self.verify(format!("{name}: malformed expectation {expected}"), key, bytes, expected);
        }
        Ok(())
    }

    /// Every part of an envelope changed, well-formed and not.
    fn tampering(&mut self, name: &str, key: &[u8], bytes: &[u8]) -> Result<(), Error> {
        let any = r#"{"allow_development_srs":true}"#;
        for (what, changed) in tampered(bytes)? {
            self.verify(format!("{name}: {what}"), key, &changed, any);
        }
        for len in (0..bytes.len()).step_by(1 + bytes.len() / 40) {
            self.inspect(format!("{name}: inspect, cut at {len}"), &bytes[..len]);
        }
        self.inspect(format!("{name}: inspect"), bytes);
        Ok(())
    }
}

type Error = Box<dyn std::error::Error>;

fn main() -> Result<(), Error> {
    let mut arguments = std::env::args().skip(1);
    let dir = arguments.next().ok_or("usage: cases DIR [MUTATIONS]")?;
    let mutations: usize = arguments.next().map_or(Ok(100), |text| text.parse())?;
    let mut names: Vec<String> = std::fs::read_dir(&dir)?
        .filter_map(|entry| Some(entry.ok()?.file_name().to_str()?.strip_suffix(".key")?.to_owned()))
        .collect();
    names.sort();
    let read = |name: String| std::fs::read(Path::new(&dir).join(name));
    let mut cases = Cases::default();
    let mut keys: Vec<Vec<u8>> = Vec::new();
    for (seed, name) in (0u64..).zip(&names) {
        let (key, envelope) = (read(format!("{name}.key"))?, read(format!("{name}-0.envelope"))?);
        cases.describe(format!("{name}: key"), &key);
        cases.expectations(name, &key, &envelope)?;
        cases.tampering(name, &key, &envelope)?;
        for other in &keys {
            cases.verify(format!("{name}: another model's key"), other, &envelope, r#"{"allow_development_srs":true}"#);
        }
        let mut rng = ChaCha8Rng::seed_from_u64(seed);
        for number in 0..mutations {
            let (mut bytes, mut changed, mut random) = (envelope.clone(), key.clone(), vec![0; number * 7 % 400]);
            mutate(&mut rng, &mut bytes);
            mutate(&mut rng, &mut changed);
            rng.fill_bytes(&mut random);
            cases.verify(format!("{name}: mutation {number}"), &key, &bytes, r#"{"allow_development_srs":true}"#);
            cases.describe(format!("{name}: mutated key {number}"), &changed);
            cases.verify(format!("{name}: random bytes {number}"), &key, &random, "{}");
            cases.describe(format!("{name}: random bytes as a key {number}"), &random);
        }
        keys.push(key);
    }
    // What the fuzzers of `crates/verify/verifier` have found, if their corpora are there.
    let corpus = concat!(env!("CARGO_MANIFEST_DIR"), "/../crates/verify/verifier/fuzz/corpus");
    for (target, key) in [("verify_envelope", keys.last()), ("key_decode", None)] {
        let Ok(entries) = std::fs::read_dir(Path::new(corpus).join(target)) else { continue };
        let mut files: Vec<_> = entries.filter_map(|entry| Some(entry.ok()?.path())).collect();
        files.sort();
        for file in files {
            let (name, bytes) = (format!("corpus {target}: {}", file.display()), std::fs::read(&file)?);
            match key {
                Some(key) => cases.verify(name, key, &bytes, r#"{"allow_development_srs":true}"#),
                None => cases.describe(name, &bytes),
            }
        }
    }
    chain::add(&mut cases, mutations)?;
    serde_json::to_writer(std::io::stdout().lock(), &cases.0)?;
    Ok(())
}
