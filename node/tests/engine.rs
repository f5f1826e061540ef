//! Verification in WebAssembly under fuel: a module that spins, traps, takes memory or answers
//! nonsense is a rejection, never a verdict; so is an envelope that the module's word does not fit.

use std::path::PathBuf;

use vouch_node::engine::{EngineError, NativeEngine, Rejection, Verified, VerifyEngine, WasmEngine};
use vouch_testing::fixtures::{SMALL as ENVELOPES, SMALL_KEY as KEY};
use vouch_testing::modules::{GROW, Module, SPIN, TRAP, number, text_at};
use vouch_verifier::{Expected, Nonce, ProofEnvelope, VerifierKey};
use vouch_verifier_host::Limits;

const LIMITS: Limits = Limits { fuel: 1_000_000, memory: 1 << 20 };

fn key() -> VerifierKey {
    VerifierKey::from_bytes(KEY).unwrap()
}

fn allowed() -> Expected {
    vouch_testing::ANY
}

fn report(accepted: bool, checks: &[(&str, bool)]) -> String {
    let check = |(name, passed): &(&str, bool)| serde_json::json!({ "name": name, "passed": passed, "code": "a-code", "detail": "a detail", "micros": 0 });
    let checks: Vec<_> = checks.iter().map(check).collect();
    serde_json::json!({ "model_id": "00".repeat(32), "accepted": accepted, "checks": checks }).to_string()
}

fn accepting() -> Module {
    Module::saying(&report(true, &[("format", true)]))
}

fn load(bytes: &[u8]) -> Result<WasmEngine, EngineError> {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("verifier.wasm");
    std::fs::write(&path, bytes).unwrap();
    WasmEngine::load(&path, LIMITS)
}

fn verify(module: &Module, envelope: &[u8]) -> Result<Verified, Rejection> {
    let engine = load(&module.bytes()).unwrap();
    let first = engine.verify(&key(), &allowed(), envelope);
    // The same again, from an instance that waited or from a new one.
    assert_eq!(engine.verify(&key(), &allowed(), envelope), first);
    first
}

#[test]
fn other_files_are_errors() {
    let missing = WasmEngine::load(&PathBuf::from("/nowhere/verifier.wasm"), LIMITS).unwrap_err();
    assert!(matches!(missing, EngineError::File { .. }), "{missing}");
    let importing = b"\0asm\x01\0\0\0\x01\x04\x01\x60\0\0\x02\x07\x01\x01a\x01b\0\0".to_vec();
    let whole = accepting().bytes();
    let others = [vec![], b"\0asm".to_vec(), b"\0asm\x01\0\0\0".to_vec(), importing, whole[..whole.len() - 1].to_vec()];
    for bytes in others {
        let error = load(&bytes).unwrap_err();
        assert!(matches!(error, EngineError::Module { .. }), "{error}");
    }
    // What cannot even say its version is found when the node starts.
    for module in
        [accepting().with("vouch_version", SPIN), accepting().with("vouch_abi", TRAP), accepting().starting(GROW)]
    {
        let error = load(&module.bytes()).unwrap_err();
        assert!(matches!(error, EngineError::Module { .. }), "{error}");
    }
}

#[test]
fn a_module_that_gives_up_is_a_rejection() {
    for name in ["vouch_key_load", "vouch_begin", "vouch_step", "vouch_finish"] {
        let said = |body: &[u8]| match verify(&accepting().with(name, body), ENVELOPES[0]) {
            Err(Rejection::Exhausted(text)) => text,
            other => panic!("{name}: {other:?}"),
        };
        assert!(said(SPIN).contains("out of fuel"));
        assert!(said(TRAP).contains("trapped"));
        assert!(said(GROW).contains("out of memory"));
    }
    let Err(Rejection::Exhausted(text)) = verify(&accepting().with("vouch_step", &number(1)), ENVELOPES[0]) else {
        panic!("steps that never end");
    };
    assert!(text.contains("out of fuel"));
}

#[test]
fn other_answers_are_rejections() {
    for text in ["", "{}", "true", r#"{"accepted":true,"checks":[]}"#] {
        // `vouch_version` says the same: any text will do there.
        let result = verify(&Module::saying(text), ENVELOPES[0]);
        assert!(matches!(result, Err(Rejection::Exhausted(_))), "{text}: {result:?}");
    }
    let outside = accepting().with("vouch_finish", &text_at(u32::MAX, u32::MAX));
    assert!(matches!(verify(&outside, ENVELOPES[0]), Err(Rejection::Exhausted(_))));
}

#[test]
fn a_report_counts_only_as_a_whole() {
    let verdict = |accepted, checks: &[(&str, bool)]| verify(&Module::saying(&report(accepted, checks)), ENVELOPES[0]);
    let outputs = ProofEnvelope::decode(ENVELOPES[0]).unwrap().public.outputs;
    assert_eq!(verdict(true, &[("format", true)]).map(|v| v.outputs), Ok(outputs));
    // A check that failed, whatever the report says as a whole, and the other way round.
    assert!(matches!(verdict(true, &[("format", true), ("pairing", false)]), Err(Rejection::Refused(_))));
    assert!(matches!(verdict(true, &[("format", false)]), Err(Rejection::Malformed(_))));
    assert!(matches!(verdict(false, &[("format", true)]), Err(Rejection::Refused(_))));
    assert!(matches!(verdict(false, &[]), Err(Rejection::Refused(_))));
    // The module accepts bytes that are not an envelope: the node's own reading has the last word.
    assert!(matches!(verify(&accepting(), b"not an envelope"), Err(Rejection::Malformed(_))));
}

/// With the real module (`cargo xtask test --only wasm`): the verdicts of the native verifier, also
/// after requests that exhaust it.
#[test]
fn both_engines_agree() {
    let Some(path) = std::env::var_os("VOUCH_WASM") else { return };
    let wasm = WasmEngine::load(&PathBuf::from(path), Limits::default()).unwrap();
    let key = key();
    let mut cases: Vec<(Expected, Vec<u8>)> = Vec::new();
    for envelope in ENVELOPES {
        let whole = ProofEnvelope::decode(envelope).unwrap();
        let exact = Expected {
            nonce: Some(whole.nonce),
            inputs: Some(whole.public.inputs.clone()),
            outputs: Some(whole.public.outputs.clone()),
            ..allowed()
        };
        cases.extend([exact.clone(), Expected::default(), allowed()].map(|e| (e, envelope.to_vec())));
        cases.push((Expected { nonce: Some(Nonce([7; 32])), ..exact.clone() }, envelope.to_vec()));
        for at in (0..envelope.len()).step_by(97) {
            let mut changed = envelope.to_vec();
            changed[at] ^= 1;
            cases.extend([(exact.clone(), changed), (exact.clone(), envelope[..at].to_vec())]);
        }
    }
    let exhausting = Expected { inputs: Some(vec![i64::MIN; 1 << 21]), ..allowed() };
    for (i, (expected, envelope)) in cases.iter().enumerate() {
        if i % 40 == 0 {
            let verdict = wasm.verify(&key, &exhausting, envelope);
            assert!(matches!(verdict, Err(Rejection::Exhausted(_) | Rejection::Refused(_) | Rejection::Malformed(_))));
        }
        let kind = |verdict: Result<Verified, Rejection>| verdict.map_err(|error| std::mem::discriminant(&error));
        assert_eq!(
            kind(wasm.verify(&key, expected, envelope)),
            kind(NativeEngine.verify(&key, expected, envelope)),
            "case {i}"
        );
    }
}
