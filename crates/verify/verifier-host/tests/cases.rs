//! The module's answers to the cases of `verifier-wasm/examples/cases`, and its limits.
//!
//! `cargo xtask test --only wasm` sets `VOUCH_WASM` and `VOUCH_CASES`; without them there is nothing to test.

use std::path::PathBuf;

use vouch_testing::{
    ANY,
    fixtures::{ALLOCATION_KEY, FORECAST_KEY, HONEST_CHAIN, SMALL, SMALL_KEY as KEY, UNLINKED_CHAIN},
};
use vouch_verifier_host::{Expected, ExpectedChain, Host, HostError, Limits, Link, Nonce, Refusal, ValueRef, Verifier};

const ENVELOPE: &[u8] = SMALL[0];

fn module() -> Option<Vec<u8>> {
    let path = PathBuf::from(std::env::var_os("VOUCH_WASM")?);
    Some(std::fs::read(path).expect("VOUCH_WASM names the module"))
}

fn allowed() -> Expected {
    ANY
}

#[derive(serde::Deserialize)]
struct Case {
    name: String,
    call: String,
    key: String,
    envelope: String,
    expected: String,
    answer: String,
}

fn unhex(text: &str) -> Vec<u8> {
    (0..text.len() / 2).map(|i| u8::from_str_radix(&text[2 * i..2 * i + 2], 16).expect("hexadecimal")).collect()
}

#[test]
fn answers_are_those_of_the_native_verifier() {
    let (Some(module), Some(cases)) = (module(), std::env::var_os("VOUCH_CASES")) else { return };
    let host = Host::new(&module, Limits::default()).unwrap();
    let cases: Vec<Case> = serde_json::from_slice(&std::fs::read(cases).unwrap()).unwrap();
    let mut last: Option<(String, Verifier)> = None;
    for Case { name, call, key, envelope, expected, answer } in &cases {
        let envelope = unhex(envelope);
        let mut with_key = |run: &dyn Fn(&mut Verifier) -> Result<String, HostError>| {
            if last.as_ref().is_none_or(|(loaded, _)| loaded != key) {
                last = None;
                last = Some((key.clone(), host.verifier(&unhex(key))?));
            }
            run(&mut last.as_mut().expect("loaded").1)
        };
        let got = match call.as_str() {
            "verify" => with_key(&|verifier| verifier.verify_to_text(&envelope, expected)),
            "describe" => with_key(&|verifier| verifier.describe()),
            "chain" => {
                let keys: Vec<_> = key.split(',').map(unhex).collect();
                let keys: Vec<_> = keys.iter().map(Vec::as_slice).collect();
                host.chain_verifier(&keys).and_then(|mut verifier| verifier.verify_to_text(&envelope, expected))
            }
            "inspectChain" => host.inspect_chain(&envelope),
            _ => host.inspect(&envelope),
        };
        let got = match got {
            Ok(text) => text,
            Err(HostError::Refused(Refusal { kind, code, message })) => {
                let text = |value: &str| serde_json::to_string(value).unwrap();
                format!(r#"{{"kind":{},"code":{},"message":{}}}"#, text(&kind), text(&code), text(&message))
            }
            Err(error) => panic!("{name}: {error}"),
        };
        assert_eq!(&got, answer, "{name}");
    }
    println!("{} cases", cases.len());
}

#[test]
fn reports_have_times_and_codes() {
    let Some(module) = module() else { return };
    let host = Host::new(&module, Limits::default()).unwrap();
    let mut verifier = host.verifier(KEY).unwrap();
    let report = verifier.verify(ENVELOPE, &allowed()).unwrap();
    assert!(report.accepted);
    assert!(report.checks.iter().map(|check| check.micros).sum::<u64>() > 0);
    let (fuel, memory) = verifier.used();
    println!("a small proof: {fuel} units of fuel, {memory} bytes of memory");
    // What is not expected is not compared, and the report says so.
    let codes: Vec<_> = report.checks.iter().map(|check| check.code.as_str()).collect();
    assert_eq!(codes, ["ok", "not-checked", "ok", "not-checked", "not-checked", "not-checked", "ok", "ok"]);
    let nothing = verifier.verify_to_text(ENVELOPE, "").unwrap_err();
    assert!(matches!(&nothing, HostError::Refused(Refusal { kind, .. }) if kind == "expected"), "{nothing}");
    let wrong = Expected { nonce: Some(Nonce([9; 32])), ..allowed() };
    let report = verifier.verify(ENVELOPE, &wrong).unwrap();
    assert_eq!(report.checks.iter().find(|check| !check.passed).map(|check| check.code.as_str()), Some("nonce"));
    assert!(host.version().unwrap().contains(r#""abi":1"#));
}

#[test]
fn chains_are_verified_in_one_instance() {
    let Some(module) = module() else { return };
    let host = Host::new(&module, Limits::default()).unwrap();
    let mut verifier = host.chain_verifier(&[FORECAST_KEY, FORECAST_KEY, ALLOCATION_KEY]).unwrap();
    let end = |proof, start| ValueRef { proof, start };
    let link = |from, to| Link { from: end(from, 0), to: end(2, to), len: 1 };
    let mut expected = ExpectedChain { steps: vec![allowed(); 3], links: vec![link(1, 2), link(0, 1)] };
    expected.steps[2].inputs = Some(vec![160, 24]);
    let report = verifier.verify(HONEST_CHAIN, &expected).unwrap();
    assert!(report.accepted, "{report:?}");
    assert!(report.proofs.iter().flat_map(|proof| &proof.checks).map(|check| check.micros).sum::<u64>() > 0);
    let report = verifier.verify(UNLINKED_CHAIN, &expected).unwrap();
    assert_eq!((report.accepted, report.links[1].code.as_str()), (false, "link-value"));
    expected.steps.pop();
    let error = verifier.verify(HONEST_CHAIN, &expected).unwrap_err();
    assert_eq!(error.code(), "step-count");
    // What runs out of fuel is started anew.
    let long = ExpectedChain {
        steps: vec![Expected { inputs: Some(vec![i64::MIN; 1 << 20]), ..allowed() }; 3],
        links: vec![],
    };
    // Enough for three proofs, too little for 60 MB of numbers.
    let limits = Limits { fuel: 400_000_000, ..Limits::default() };
    let mut verifier =
        Host::new(&module, limits).unwrap().chain_verifier(&[FORECAST_KEY, FORECAST_KEY, ALLOCATION_KEY]).unwrap();
    let error = verifier.verify(HONEST_CHAIN, &long).unwrap_err();
    assert!(matches!(error, HostError::OutOfFuel { .. } | HostError::OutOfMemory { .. }), "{error}");
    expected.steps.push(allowed());
    assert!(verifier.verify(HONEST_CHAIN, &expected).unwrap().accepted);
}

#[test]
fn malformed_keys_are_refused() {
    let Some(module) = module() else { return };
    let host = Host::new(&module, Limits::default()).unwrap();
    let error = host.verifier(&KEY[1..]).unwrap_err();
    assert!(matches!(&error, HostError::Refused(Refusal { kind, .. }) if kind == "key"), "{error}");
    assert_eq!(error.code(), "magic");
}

#[test]
fn too_little_fuel_is_an_error_and_the_verifier_recovers() {
    let Some(module) = module() else { return };
    let starved = Host::new(&module, Limits { fuel: 10_000, ..Limits::default() }).unwrap();
    assert!(matches!(starved.verifier(KEY), Err(HostError::OutOfFuel { limit: 10_000 })));

    let mut measured = Host::new(&module, Limits::default()).unwrap().verifier(KEY).unwrap();
    measured.verify(ENVELOPE, &allowed()).unwrap();
    // Loading the key may take more than a verification; more than both is enough for either.
    let fuel = 3 * measured.used().0;
    let mut verifier = Host::new(&module, Limits { fuel, ..Limits::default() }).unwrap().verifier(KEY).unwrap();
    let long = Expected { inputs: Some(vec![i64::MIN; 1 << 20]), ..allowed() };
    let error = verifier.verify(ENVELOPE, &long).unwrap_err();
    assert!(matches!(error, HostError::OutOfFuel { .. }), "{error}");
    assert!(verifier.verify(ENVELOPE, &allowed()).unwrap().accepted);
}

#[test]
fn too_little_memory_is_an_error_and_the_verifier_recovers() {
    let Some(module) = module() else { return };
    let small = Host::new(&module, Limits { memory: 1 << 16, ..Limits::default() }).unwrap();
    assert!(matches!(small.verifier(KEY), Err(HostError::OutOfMemory { limit: 65_536 })));

    let limits = Limits { memory: 4 << 20, ..Limits::default() };
    let mut verifier = Host::new(&module, limits).unwrap().verifier(KEY).unwrap();
    assert!(matches!(verifier.verify(&vec![0; 8 << 20], &allowed()), Err(HostError::OutOfMemory { .. })));
    // Within the buffers' limit, but what it is parsed into is not.
    let long = Expected { inputs: Some(vec![i64::MIN; 1 << 17]), ..allowed() };
    let error = verifier.verify(ENVELOPE, &long).unwrap_err();
    assert!(matches!(error, HostError::OutOfMemory { .. }), "{error}");
    assert!(verifier.verify(ENVELOPE, &allowed()).unwrap().accepted);
}

#[test]
fn other_modules_are_refused() {
    let importing = b"\0asm\x01\0\0\0\x01\x04\x01\x60\0\0\x02\x07\x01\x01a\x01b\0\0";
    for bytes in [&b""[..], b"\0asm", importing] {
        assert!(matches!(Host::new(bytes, Limits::default()), Err(HostError::Module(_))));
    }
    let empty = Host::new(b"\0asm\x01\0\0\0", Limits::default()).unwrap();
    assert!(matches!(empty.version(), Err(HostError::Module(_))));
}
