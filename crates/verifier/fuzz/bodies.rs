//! What the fuzz targets do with their input. Also run, for a fixed number of inputs, by `tests/fuzz_smoke.rs`.

use vouch_verifier::{Expected, ProofEnvelope, VerifierKey, report, verify, verify_batch};

/// A key and an envelope that it accepts.
const KEY: &[u8] = include_bytes!("../tests/fixtures/small.key");
const ENVELOPE: &[u8] = include_bytes!("../tests/fixtures/small-0.envelope");

const EXPECTED: Expected = Expected {
    model_id: None,
    nonce: None,
    inputs: None,
    outputs: None,
    input_hashes: None,
    output_hashes: None,
    allow_development_srs: true,
};

/// Any bytes as an envelope: it has one encoding.
pub(crate) fn envelope_decode(data: &[u8]) {
    if let Ok(envelope) = ProofEnvelope::decode(data) {
        assert_eq!(envelope.encode().as_deref(), Ok(data));
    }
}

/// Any bytes as a key: it has one encoding, and can be used.
pub(crate) fn key_decode(data: &[u8]) {
    let Ok(key) = VerifierKey::from_bytes(data) else { return };
    assert_eq!(key.to_bytes(), data);
    let mut envelope = ProofEnvelope::decode(ENVELOPE).expect("the fixture decodes");
    envelope.model_id = key.model_id();
    let verdict = verify(&key, &EXPECTED, &envelope);
    // Another key has another identity, which the proof is not for.
    assert!(verdict.is_err() || data == KEY);
}

/// Any bytes as an envelope for the fixture's key: every way of verifying gives the same verdict.
pub(crate) fn verify_envelope(data: &[u8]) {
    thread_local! {
        static LOADED: VerifierKey = VerifierKey::from_bytes(KEY).expect("the fixture loads");
    }
    LOADED.with(|key| {
        let accepted = report(key, &EXPECTED, data).accepted;
        let Ok(envelope) = ProofEnvelope::decode(data) else {
            assert!(!accepted);
            return;
        };
        let verdict = verify(key, &EXPECTED, &envelope);
        assert_eq!(verdict.is_ok(), accepted);
        assert!(!accepted || data == ENVELOPE, "an envelope that nobody proved is accepted");
        assert_eq!(verify_batch(key, &[(EXPECTED, envelope)]), [verdict]);
    });
}
