//! The order in which the transcript absorbs messages and draws challenges, compared with a list that is kept.
//!
//! A proof system is unsound if a challenge is drawn before a message that it should depend on. A change of the order, or
//! a message that is no longer absorbed, is a change of `tests/transcript.inventory`, for a reviewer to see.

use std::cell::RefCell;
use std::fmt::Write;

use vouch_envelope::ProofEnvelope;

use crate::key::{CommittedWeights, WeightLane};
use crate::proof;
use crate::verifier_key::VerifierKey;

thread_local! {
    static NOTES: RefCell<Vec<(&'static str, &'static str)>> = const { RefCell::new(Vec::new()) };
}

pub(crate) fn note(kind: &'static str, what: &'static str) {
    NOTES.with_borrow_mut(|notes| notes.push((kind, what)));
}

/// What the transcript of a proof absorbs and draws, with equal steps in a row as one line.
fn inventory(key: &VerifierKey, envelope: &ProofEnvelope) -> String {
    NOTES.take();
    proof::reduce(key, envelope).unwrap();
    let mut text = String::new();
    for steps in NOTES.take().chunk_by(|a, b| a == b) {
        let [(kind, what), ..] = steps else { continue };
        let times = if steps.len() > 1 { format!(" x {}", steps.len()) } else { String::new() };
        writeln!(text, "{kind:<14}{what}{times}").unwrap();
    }
    text
}

/// The key with a column of its second phase that combines two columns of committed weights, and an envelope whose messages
/// can be read. Its proof does not hold, which only the pairing would find.
fn with_weights(key: &VerifierKey, envelope: &ProofEnvelope, private: bool) -> (VerifierKey, ProofEnvelope) {
    let mut description = key.description().clone();
    let point = description.fixed_commitments[0];
    let place = |phases: &[u8], of| u32::try_from(phases.iter().position(|phase| *phase == of).unwrap()).unwrap();
    let challenge = place(&description.challenge_phases, 0);
    let lane = WeightLane { combined: place(&description.advice_phases, 1), commitments: vec![point; 2] };
    let rows = if private { usize::try_from(description.blinding_factors + 1).unwrap() } else { 0 };
    description.weights = Some(CommittedWeights { challenge, lanes: vec![lane], blinding_rows: vec![point; rows] });
    let key = VerifierKey::new(description).unwrap();
    // As a scalar this is 1, as a point it is (1, 2).
    let message = [&[1][..], &[0; 31]].concat();
    let proof = message.repeat(key.proof_len() / 32);
    (key, ProofEnvelope { proof, ..envelope.clone() })
}

#[test]
fn the_transcript_keeps_its_order() {
    let small = VerifierKey::from_bytes(include_bytes!("../../tests/fixtures/small.key")).unwrap();
    let envelope = ProofEnvelope::decode(include_bytes!("../../tests/fixtures/small-0.envelope")).unwrap();
    let mut found = format!("# A key with weights in fixed columns: small.key\n{}", inventory(&small, &envelope));
    for (title, private) in [("a virtual column for fixed weights", false), ("private weights", true)] {
        let (key, unproved) = with_weights(&small, &envelope, private);
        write!(found, "\n# The same with {title}\n{}", inventory(&key, &unproved)).unwrap();
    }
    let evm = VerifierKey::from_bytes(include_bytes!("../../tests/fixtures/evm.key")).unwrap();
    let for_evm = ProofEnvelope::decode(include_bytes!("../../tests/fixtures/evm-0.envelope")).unwrap();
    write!(found, "\n# A key of the evm profile: evm.key\n{}", inventory(&evm, &for_evm)).unwrap();
    let kept = include_str!("../../tests/transcript.inventory");
    assert!(found == kept, "the transcript has changed; if that is meant, tests/transcript.inventory is now\n{found}");
}
