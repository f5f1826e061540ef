//! The cases that every host answers: `cases.json` holds the inputs and the native verifier's reports, and the suites
//! in wasmtime, Node, Chromium and Python compare their own with them, byte for byte.
//!
//! `VOUCH_BLESS=1 cargo test -p vouch-verifier-wasm` writes the file.

use rand::{Rng, RngCore, SeedableRng};
use rand_chacha::ChaCha20Rng;
use serde::{Deserialize, Serialize};
use vouch_envelope::{ModelId, Nonce, ProofEnvelope, hex};
use vouch_verifier::{Expected, VerifierKey};
use vouch_verifier_wasm::face;

const KEYS: [(&str, &[u8]); 2] = [
    ("small", include_bytes!("../../crates/verifier/tests/fixtures/small.key")),
    ("large", include_bytes!("../../crates/verifier/tests/fixtures/large.key")),
];
const ENVELOPES: [(&str, &[u8]); 2] = [
    ("small", include_bytes!("../../crates/verifier/tests/fixtures/small-0.envelope")),
    ("large", include_bytes!("../../crates/verifier/tests/fixtures/large-0.envelope")),
];

#[derive(Debug, PartialEq, Serialize, Deserialize)]
struct Case {
    name: String,
    /// A key of crates/verifier/tests/fixtures.
    key: String,
    expected: Expected,
    /// Hexadecimal.
    envelope: String,
    /// The report's bytes.
    report: String,
}

fn key(name: &str) -> VerifierKey {
    let (_, bytes) = KEYS.into_iter().find(|(known, _)| *known == name).unwrap();
    face::load_key(bytes).unwrap()
}

fn cases() -> Vec<Case> {
    let any = Expected { allow_development_srs: true, ..Expected::default() };
    let mut cases = Vec::new();
    let mut add = |key_name: &str, name: &str, expected: &Expected, envelope: &[u8]| {
        let text = serde_json::to_string(expected).unwrap();
        let report = face::verify(&key(key_name), text.as_bytes(), envelope).unwrap();
        let (name, key, envelope) = (format!("{key_name}: {name}"), key_name.to_owned(), hex::encode(envelope));
        cases.push(Case { name, key, expected: expected.clone(), envelope, report });
    };
    let mut random = ChaCha20Rng::seed_from_u64(3);
    for (name, bytes) in ENVELOPES {
        let honest = ProofEnvelope::decode(bytes).unwrap();
        let strict = Expected {
            model_id: Some(honest.model_id),
            nonce: Some(honest.nonce),
            inputs: Some(honest.public.inputs.clone()),
            outputs: Some(honest.public.outputs.clone()),
            allow_development_srs: true,
        };
        let changed = |change: &dyn Fn(&mut ProofEnvelope)| {
            let mut envelope = honest.clone();
            change(&mut envelope);
            envelope.encode().unwrap()
        };
        add(name, "honest", &strict, bytes);
        add(name, "honest, anything expected", &any, bytes);
        add(name, "development setup not accepted", &Expected::default(), bytes);
        add(name, "tampered output, expected", &strict, &changed(&|e| e.public.outputs[0] += 1));
        add(name, "tampered output", &any, &changed(&|e| e.public.outputs[0] += 1));
        add(name, "tampered input", &any, &changed(&|e| e.public.inputs[0] += 1));
        add(name, "tampered nonce", &any, &changed(&|e| e.nonce.0[5] ^= 1));
        add(name, "output out of range", &any, &changed(&|e| e.public.outputs[0] = i64::MAX));
        add(name, "missing input", &any, &changed(&|e| _ = e.public.inputs.pop()));
        add(name, "other nonce expected", &Expected { nonce: Some(Nonce([9; 32])), ..any.clone() }, bytes);
        add(name, "other model expected", &Expected { model_id: Some(ModelId([9; 32])), ..any.clone() }, bytes);
        add(name, "wrong model", &any, &changed(&|e| e.model_id.0[31] ^= 1));
        add(name, "proof too long", &any, &changed(&|e| e.proof.push(0)));
        add(name, "point at infinity", &any, &changed(&|e| e.proof[..32].fill(0)));
        for at in [0, 33, honest.proof.len() / 2, honest.proof.len() - 1] {
            add(name, &format!("tampered proof, byte {at}"), &any, &changed(&|e| e.proof[at] ^= 1));
        }
        for cut in [0, 7, 40, bytes.len() / 2, bytes.len() - 1] {
            add(name, &format!("truncated to {cut}"), &strict, &bytes[..cut]);
        }
        for number in 0..4 {
            let mut noise = vec![0; random.gen_range(1..300)];
            random.fill_bytes(&mut noise);
            add(name, &format!("random bytes {number}"), &any, &noise);
        }
    }
    add("small", "wrong key", &any, ENVELOPES[1].1);
    add("large", "wrong key", &any, ENVELOPES[0].1);
    cases
}

#[test]
fn the_reports_are_those_of_the_file() {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/cases.json");
    let cases = cases();
    if std::env::var_os("VOUCH_BLESS").is_some() {
        std::fs::write(path, serde_json::to_string_pretty(&cases).unwrap() + "\n").unwrap();
    }
    let file: Vec<Case> = serde_json::from_str(&std::fs::read_to_string(path).unwrap()).unwrap();
    assert!(file.len() > 40);
    assert_eq!(file, cases);
    let accepted: Vec<_> = file.iter().filter(|c| c.report.contains("\"accepted\":true")).map(|c| &c.name).collect();
    assert_eq!(
        accepted,
        ["small: honest", "small: honest, anything expected", "large: honest", "large: honest, anything expected"]
    );
}
