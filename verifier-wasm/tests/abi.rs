//! The interface, called natively.

use vouch_verifier_wasm::abi::*;

const KEY: &[u8] = include_bytes!("../../crates/verifier/tests/fixtures/small.key");
const ENVELOPE: &[u8] = include_bytes!("../../crates/verifier/tests/fixtures/small-0.envelope");

/// The code and the JSON of an answer, which is given back.
fn read(answer: *mut u8) -> (u32, String) {
    assert!(!answer.is_null());
    // SAFETY: an answer is as long as it says.
    unsafe {
        let word = |at: usize| u32::from_le_bytes(*answer.add(at).cast::<[u8; 4]>());
        let len = word(4) as usize;
        let json = std::slice::from_raw_parts(answer.add(ANSWER_HEADER), len).to_vec();
        let answered = (word(0), String::from_utf8(json).unwrap());
        vouch_free(answer, len + ANSWER_HEADER);
        answered
    }
}

fn load(key: &[u8]) -> (u32, String) {
    // SAFETY: the bytes are there.
    read(unsafe { vouch_key_load(key.as_ptr(), key.len()) })
}

fn verify(handle: u32, expected: &str, envelope: &[u8]) -> (u32, String) {
    // SAFETY: the bytes are there.
    read(unsafe { vouch_verify(handle, expected.as_ptr(), expected.len(), envelope.as_ptr(), envelope.len()) })
}

#[test]
fn calls_are_answered() {
    assert_eq!(vouch_abi(), ABI_VERSION);
    assert!(read(vouch_version()).1.contains(r#""abi":1"#));
    let (code, loaded) = load(KEY);
    assert_eq!(code, 0, "{loaded}");
    assert!(loaded.starts_with(r#"{"handle":1,"key":{"model_id":""#), "{loaded}");
    let (code, report) = verify(1, r#"{"allow_development_srs":true}"#, ENVELOPE);
    assert_eq!((code, report.contains(r#""accepted":true"#)), (0, true), "{report}");
    // SAFETY: the bytes are there.
    let (code, inspection) = read(unsafe { vouch_inspect(ENVELOPE.as_ptr(), ENVELOPE.len()) });
    assert_eq!((code, inspection.contains(r#""inputs":["-1","2","3","-2","1","4"]"#)), (0, true), "{inspection}");

    assert_eq!(verify(1, "{", ENVELOPE).0, 2);
    assert!(verify(7, "{}", ENVELOPE).1.contains(r#""code":"handle""#));
    assert_eq!(load(&KEY[1..]).0, 1);
    // SAFETY: nothing is read.
    assert_eq!(read(unsafe { vouch_inspect(std::ptr::null(), 0) }).0, 3);
    assert_eq!((vouch_key_drop(1), vouch_key_drop(1), vouch_key_drop(0)), (1, 0, 0));
    assert_eq!(verify(1, "{}", ENVELOPE).0, 4);
}

#[test]
fn impossible_allocations_are_refused() {
    assert!(vouch_alloc(usize::MAX).is_null());
    // SAFETY: the address 0 is ignored, and the other was given.
    unsafe {
        vouch_free(std::ptr::null_mut(), 1);
        vouch_free(vouch_alloc(0), 0);
    }
}
