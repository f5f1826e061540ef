//! The module in wasmtime against the native verifier. The module is `pkg/vouch_verifier.wasm`, or what
//! `VOUCH_VERIFIER_WASM` names; without one these tests say so and end (`cargo xtask wasm` builds it).

use rand::{Rng, RngCore, SeedableRng};
use rand_chacha::ChaCha20Rng;
use vouch_verifier::{Expected, VerifierKey, report};
use vouch_verifier_host::{Host, HostError, Limits};

const KEY: &[u8] = include_bytes!("../../verifier/tests/fixtures/small.key");
const ENVELOPES: [&[u8]; 2] = [
    include_bytes!("../../verifier/tests/fixtures/small-0.envelope"),
    include_bytes!("../../verifier/tests/fixtures/small-1.envelope"),
];

fn module() -> Option<Vec<u8>> {
    let default = concat!(env!("CARGO_MANIFEST_DIR"), "/../../pkg/vouch_verifier.wasm");
    let path = std::env::var("VOUCH_VERIFIER_WASM").unwrap_or_else(|_| default.to_owned());
    let module = std::fs::read(&path).ok();
    if module.is_none() {
        println!("no {path}: run `cargo xtask wasm`");
    }
    module
}

fn any() -> Expected {
    Expected { allow_development_srs: true, ..Expected::default() }
}

#[derive(serde::Deserialize)]
struct Case {
    name: String,
    key: String,
    expected: Expected,
    envelope: String,
    report: String,
}

#[test]
fn the_cases_have_the_native_reports() {
    let Some(wasm) = module() else { return };
    let host = Host::new(&wasm).unwrap();
    let root = concat!(env!("CARGO_MANIFEST_DIR"), "/../..");
    let cases = std::fs::read_to_string(format!("{root}/verifier-wasm/tests/cases.json")).unwrap();
    let cases: Vec<Case> = serde_json::from_str(&cases).unwrap();
    for key in ["small", "large"] {
        let bytes = std::fs::read(format!("{root}/crates/verifier/tests/fixtures/{key}.key")).unwrap();
        let mut verifier = host.verifier(&bytes).unwrap();
        for case in cases.iter().filter(|case| case.key == key) {
            let expected = serde_json::to_string(&case.expected).unwrap();
            let envelope = vouch_envelope::hex::decode(&case.envelope).unwrap();
            assert_eq!(verifier.verify_json(&expected, &envelope).unwrap(), case.report, "{}", case.name);
        }
    }
}

#[test]
fn damaged_envelopes_have_the_native_reports_and_no_input_traps() {
    let Some(wasm) = module() else { return };
    let mut verifier = Host::new(&wasm).unwrap().verifier(KEY).unwrap();
    let key = VerifierKey::from_bytes(KEY).unwrap();
    assert_eq!((verifier.model_id(), verifier.schema()), (key.model_id(), key.schema()));
    assert_eq!((verifier.srs_kind(), verifier.proof_bytes()), (key.srs_kind(), key.proof_len()));
    let mut random = ChaCha20Rng::seed_from_u64(7);
    for _ in 0..200 {
        let mut bytes = ENVELOPES[random.gen_range(0..2)].to_vec();
        for _ in 0..random.gen_range(1..4) {
            let at = random.gen_range(0..bytes.len());
            match random.gen_range(0..4) {
                0 => bytes[at] ^= 1 << random.gen_range(0..8),
                1 => bytes.truncate(at + 1),
                2 => bytes.insert(at, random.r#gen()),
                _ => random.fill_bytes(&mut bytes[at..]),
            }
        }
        assert_eq!(verifier.verify(&any(), &bytes).unwrap(), report(&key, &any(), &bytes));
    }
}

#[test]
fn damaged_keys_are_refused() {
    let Some(wasm) = module() else { return };
    let host = Host::new(&wasm).unwrap();
    for at in (0..KEY.len()).step_by(37) {
        let mut damaged = KEY.to_vec();
        damaged[at] ^= 0x10;
        match (host.verifier(&damaged), VerifierKey::from_bytes(&damaged)) {
            (Ok(verifier), Ok(key)) => assert_eq!(verifier.model_id(), key.model_id()),
            (Err(HostError::Refused(failure)), Err(error)) => {
                assert_eq!((failure.code.as_str(), failure.message), ("key", format!("verifying key: {error}")));
            }
            (wasm, native) => panic!("byte {at}: {wasm:?}, natively {native:?}"),
        }
    }
}

#[test]
fn limits_end_a_call_cleanly() {
    let Some(wasm) = module() else { return };
    let limits = |fuel, memory| Host::with_limits(&wasm, Limits { fuel, memory });
    let error = limits(100_000, 64 << 20).unwrap().verifier(KEY).unwrap_err();
    assert!(matches!(error, HostError::OutOfFuel { limit: 100_000 }), "{error}");
    let mut verifier = limits(u64::MAX, 4 << 20).unwrap().verifier(KEY).unwrap();
    let error = verifier.verify(&any(), &vec![0; 8 << 20]).unwrap_err();
    assert!(matches!(error, HostError::OutOfMemory { .. }), "{error}");
    assert!(verifier.verify(&any(), ENVELOPES[0]).unwrap().accepted, "the next call starts anew");
    assert!(matches!(limits(u64::MAX, 1 << 16), Err(HostError::OutOfMemory { .. })));
}

#[test]
fn other_modules_are_refused() {
    assert!(matches!(Host::new(b"no module"), Err(HostError::Module(_))));
    let empty = b"\0asm\x01\0\0\0";
    assert!(matches!(Host::new(empty), Err(HostError::Export { name: "memory" })));
}
