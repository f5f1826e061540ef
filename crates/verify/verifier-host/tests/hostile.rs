//! Modules that spin, trap, take memory, lack exports, or answer nonsense: each gives the error
//! that says so, and never a verdict.

use vouch_testing::modules::{GROW, I64, Module, SPIN, TEXT, TRAP, number, text_at};
use vouch_verifier_host::{Expected, Host, HostError, Limits, Refusal, VerificationReport};

const LIMITS: Limits = Limits { fuel: 1_000_000, memory: 1 << 20 };

/// The report of a verifier that accepts everything.
fn accepted() -> String {
    let report = serde_json::json!({
        "model_id": "00".repeat(32),
        "accepted": true,
        "checks": [{ "name": "format", "passed": true, "code": "ok", "detail": "", "micros": 0 }],
    });
    report.to_string()
}

fn honest() -> Module {
    Module::saying(&accepted())
}

fn run(module: &Module) -> Result<VerificationReport, HostError> {
    Host::new(&module.bytes(), LIMITS)?.verifier(b"key")?.verify(b"envelope", &Expected::default())
}

/// Everything below rests on this one: without a fault the module's word is taken.
#[test]
fn the_module_without_a_fault_is_believed() {
    assert!(run(&honest()).unwrap().accepted);
}

/// The functions that a verification calls.
const CALLED: [&str; 7] =
    ["vouch_abi", "vouch_alloc", "vouch_free", "vouch_key_load", "vouch_begin", "vouch_step", "vouch_finish"];

#[test]
fn endless_loops_run_out_of_fuel() {
    for name in CALLED {
        let error = run(&honest().with(name, SPIN)).unwrap_err();
        assert!(matches!(error, HostError::OutOfFuel { limit: 1_000_000 }), "{name}: {error}");
        assert_eq!(error.code(), "out-of-fuel");
    }
    // Steps that never end are the host's loop.
    let error = run(&honest().with("vouch_step", &number(1))).unwrap_err();
    assert!(matches!(error, HostError::OutOfFuel { .. }), "{error}");
    let error = run(&honest().starting(SPIN)).unwrap_err();
    assert!(matches!(error, HostError::OutOfFuel { .. }), "at the start: {error}");
}

#[test]
fn traps_are_errors() {
    for name in CALLED {
        let error = run(&honest().with(name, TRAP)).unwrap_err();
        assert!(matches!(error, HostError::Trap(_)), "{name}: {error}");
    }
    // Recursion ends at the limit of the stack, which comes before that of the fuel.
    for name in ["vouch_key_load", "vouch_begin", "vouch_step", "vouch_finish"] {
        let module = honest();
        let body = module.recursion(name);
        let error = run(&module.with(name, &body)).unwrap_err();
        assert!(matches!(&error, HostError::Trap(text) if text.contains("stack")), "{name}: {error}");
    }
    let error = run(&honest().starting(TRAP)).unwrap_err();
    assert!(matches!(error, HostError::Trap(_)), "at the start: {error}");
}

#[test]
fn memory_has_a_limit() {
    for name in CALLED {
        let error = run(&honest().with(name, GROW)).unwrap_err();
        assert!(matches!(error, HostError::OutOfMemory { limit: 0x10_0000 }), "{name}: {error}");
    }
    let error = run(&Module { pages: 17, ..honest() }).unwrap_err();
    assert!(matches!(error, HostError::OutOfMemory { .. }), "from the start: {error}");
    // There is no memory for a buffer.
    let error = run(&honest().with("vouch_alloc", &number(0))).unwrap_err();
    assert!(matches!(error, HostError::OutOfMemory { .. }), "{error}");
}

#[test]
fn other_exports_are_refused() {
    for name in CALLED.into_iter().chain(["vouch_error"]) {
        let error = run(&honest().without(name)).unwrap_err();
        assert!(matches!(error, HostError::Module(_)), "{name}: {error}");
    }
    let error = run(&Module { memory: false, ..honest() }).unwrap_err();
    assert!(matches!(error, HostError::Module(_)), "{error}");
    // A result of another type.
    let mut module = honest().with("vouch_step", &text_at(0, 0));
    let step = module.functions.iter_mut().find(|f| f.name == "vouch_step").unwrap();
    step.results = vec![I64];
    assert!(matches!(run(&module), Err(HostError::Module(_))));
    let error = run(&honest().with("vouch_abi", &number(2))).unwrap_err();
    assert!(matches!(error, HostError::Abi { expected: 1, got: 2 }), "{error}");
}

#[test]
fn answers_of_another_form_are_refused() {
    let refused = |module: Module, what: &str| {
        let error = run(&module).unwrap_err();
        assert!(matches!(error, HostError::Answer(_)), "{what}: {error}");
    };
    for address in [8 << 16, u32::MAX] {
        refused(honest().with("vouch_alloc", &number(address)), "a buffer outside of the memory");
    }
    for (address, len) in [(8 << 16, 1), (TEXT, 8 << 16), (u32::MAX, u32::MAX), (0, u32::MAX), (u32::MAX, 1)] {
        refused(honest().with("vouch_finish", &text_at(address, len)), "text outside of the memory");
    }
    for text in
        ["", "{", "null", "true", "[]", r#"{"accepted":true}"#, &accepted()[1..], &accepted().replace("00", "zz")]
    {
        refused(Module::saying(text), text);
    }
    let mut module = honest();
    module.text[3] = 0xff;
    refused(module, "not UTF-8");
    // No answer: an error is asked for, and there is none, or it is none.
    let silent = text_at(0, 0);
    for name in ["vouch_key_load", "vouch_begin"] {
        refused(honest().with(name, &number(0)), name);
        refused(honest().with(name, &number(0)).with("vouch_error", &silent), name);
    }
    refused(honest().with("vouch_finish", &silent), "no report");
}

#[test]
fn refusals_are_read() {
    let text = r#"{"kind":"expected","code":"malformed","message":"a test"}"#;
    let error = run(&Module::saying(text).with("vouch_begin", &number(0))).unwrap_err();
    assert!(matches!(&error, HostError::Refused(Refusal { kind, .. }) if kind == "expected"), "{error}");
    assert_eq!(error.code(), "malformed");
}

/// The other calls have the same ends.
#[test]
fn what_else_is_asked_of_a_module() {
    let of = |module: Module| Host::new(&module.bytes(), LIMITS).unwrap();
    for name in ["vouch_version", "vouch_inspect", "vouch_chain_inspect", "vouch_key_describe", "vouch_verify"] {
        for (body, code) in [(SPIN, "out-of-fuel"), (TRAP, "trap"), (GROW, "out-of-memory")] {
            let host = of(honest().with(name, body));
            let error = match name {
                "vouch_version" => host.version().unwrap_err(),
                "vouch_inspect" => host.inspect(b"envelope").unwrap_err(),
                "vouch_chain_inspect" => host.inspect_chain(b"chain").unwrap_err(),
                "vouch_key_describe" => host.verifier(b"key").unwrap().describe().unwrap_err(),
                _ => host.verifier(b"key").unwrap().verify_to_text(b"envelope", "{}").unwrap_err(),
            };
            assert_eq!(error.code(), code, "{name}");
        }
    }
}

/// Files that are cut or damaged do not compile, or are modules with other answers; nothing panics.
#[test]
fn damaged_modules_are_errors() {
    let bytes = honest().bytes();
    let verdict = |bytes: &[u8]| Host::new(bytes, LIMITS)?.verifier(b"key")?.verify(b"envelope", &Expected::default());
    // Some beginnings end between two sections: they are modules without exports or without text.
    for len in 0..bytes.len() {
        let error = verdict(&bytes[..len]).unwrap_err();
        assert!(matches!(error, HostError::Module(_) | HostError::Answer(_)), "the first {len} bytes: {error}");
    }
    for at in (0..bytes.len()).step_by(5) {
        let mut damaged = bytes.clone();
        damaged[at] ^= 0x41;
        if let Err(error) = verdict(&damaged) {
            assert!(!error.code().is_empty() && !error.to_string().is_empty());
        }
    }
}
