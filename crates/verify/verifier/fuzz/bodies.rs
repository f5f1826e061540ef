//! What the fuzz targets do with their input. Also run, for a fixed number of inputs, by `tests/fuzz_smoke.rs`.

use vouch_verifier::{
    ChainStep, Expected, Link, ProofChain, ProofEnvelope, ValueRef, VerifierKey, report, report_chain, verify,
    verify_batch, verify_chain,
};

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

/// A chain that its keys accept, and links that it may be expected to have.
const CHAIN: &[u8] = include_bytes!("../tests/fixtures/chain/honest.chain");
const CHAIN_KEYS: [&[u8]; 2] =
    [include_bytes!("../tests/fixtures/chain/forecast.key"), include_bytes!("../tests/fixtures/chain/allocation.key")];

/// Any bytes as a chain: it has one encoding.
pub(crate) fn chain_decode(data: &[u8]) {
    if let Ok(chain) = ProofChain::decode(data) {
        assert_eq!(chain.encode().as_deref(), Ok(data));
    }
}

/// Any bytes as a chain for the fixtures' keys, expected with its own links and with the fixture's: both ways of verifying
/// give the same verdict, and a chain that nobody made is not accepted.
pub(crate) fn verify_chain_bytes(data: &[u8]) {
    thread_local! {
        static LOADED: [VerifierKey; 2] = CHAIN_KEYS.map(|key| VerifierKey::from_bytes(key).expect("the fixture loads"));
    }
    let end = |proof, start| ValueRef { proof, start };
    let own = [(0, 1), (1, 2)].map(|(from, to)| Link { from: end(from, 0), to: end(2, to), len: 1 });
    LOADED.with(|[forecast, allocation]| {
        let steps = [forecast, forecast, allocation].map(|key| ChainStep { key, expected: EXPECTED });
        let accepted = report_chain(&steps, &own, data).accepted;
        let Ok(chain) = ProofChain::decode(data) else {
            assert!(!accepted);
            return;
        };
        assert_eq!(verify_chain(&steps, &own, &chain).is_ok(), accepted);
        assert!(!accepted || data == CHAIN, "a chain that nobody made is accepted");
        let claimed = report_chain(&steps, chain.links(), data).accepted;
        assert_eq!(verify_chain(&steps, chain.links(), &chain).is_ok(), claimed);
    });
}
