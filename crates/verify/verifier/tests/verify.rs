//! Frozen proofs are accepted; every reason to refuse one is given its own error.

mod fixture;

use fixture::small;
use vouch_testing::{
    ANY,
    fixtures::{LARGE, LARGE_KEY, SMALL, SMALL_KEY},
};
use vouch_verifier::{
    Check, CheckName, Expected, ModelId, Nonce, Outcome, PointError, ProofEnvelope, Section, SrsKind, Together,
    Verification, VerifierKey, VerifyError, report, verify, verify_batch, verify_bytes, verify_together,
};

/// The model identities are frozen with the format: a change of either is a new version.
#[test]
fn frozen_proofs_are_accepted() {
    for (key, envelopes) in [(SMALL_KEY, SMALL), (LARGE_KEY, LARGE)] {
        let key = VerifierKey::from_bytes(key).unwrap();
        for (number, bytes) in (0u8..).zip(envelopes) {
            let claim = verify_bytes(&key, &ANY, bytes).unwrap();
            assert_eq!(claim.model_id(), key.model_id());
            assert_eq!(claim.nonce(), Nonce([number; 32]));
            assert_eq!(claim.srs_kind(), SrsKind::Development);
            assert_eq!(&claim.inputs()[..6], [-1, 2, 3, -2, 1, 4]);
            assert_eq!(&claim.real_inputs()[..2], [-1.0 / 16.0, 2.0 / 16.0]);
            assert_eq!(claim.real_outputs().len(), claim.outputs().len());
            assert_eq!(claim.schema(), key.schema());
            let expected = Expected {
                model_id: Some(key.model_id()),
                nonce: Some(Nonce([number; 32])),
                inputs: Some(claim.inputs().to_vec()),
                outputs: Some(claim.outputs().to_vec()),
                allow_development_srs: true,
                ..Expected::default()
            };
            let Outcome { report, claim: shown } = Verification::new(&key, expected.clone(), bytes.to_vec()).complete();
            assert_eq!(shown.as_ref(), Some(&claim));
            assert_eq!(verify_bytes(&key, &expected, bytes), Ok(claim));
            assert!(report.accepted && report.checks.iter().all(|check| check.code == Check::OK), "{report:?}");
            let names: Vec<_> = report.checks.iter().map(|check| check.name.clone()).collect();
            assert_eq!(names, CheckName::ALL.map(|name| name.to_string()));
        }
    }
}

/// Verifies a changed envelope against changed expectations; the report says the same.
fn refused(change: impl FnOnce(&mut Expected, &mut ProofEnvelope)) -> VerifyError {
    let (key, mut envelope) = small();
    let mut expected = ANY;
    change(&mut expected, &mut envelope);
    let error = verify(&key, &expected, &envelope).unwrap_err();
    let report = report(&key, &expected, &envelope.encode().unwrap());
    assert!(!report.accepted);
    let check = report.checks.iter().find(|check| check.name == error.check().to_string()).unwrap();
    assert_eq!((check.passed, &check.detail), (false, &error.to_string()));
    error
}

#[test]
fn bytes_that_are_no_envelope_are_refused() {
    let (key, _) = small();
    let error = verify_bytes(&key, &ANY, &SMALL[0][1..]).unwrap_err();
    assert!(matches!(error, VerifyError::Envelope(_)));
    let report = report(&key, &ANY, &SMALL[0][1..]);
    assert!(report.checks.iter().all(|check| !check.passed));
    assert_eq!(report.checks[7].detail, "not reached: the check of the format failed");
}

/// The codes of all checks of an honest proof.
fn codes(expected: &Expected) -> Vec<String> {
    let (key, envelope) = small();
    let report = report(&key, expected, &envelope.encode().unwrap());
    assert!(report.accepted && report.checks.iter().all(|check| check.passed), "{report:?}");
    report.checks.into_iter().map(|check| check.code).collect()
}

/// A comparison that the caller did not ask for is not made, and the report does not say that it was.
#[test]
fn what_nobody_asked_for_is_not_checked() {
    let (key, envelope) = small();
    type Name = fn(&mut Expected, &ProofEnvelope);
    let names: [(&str, usize, Name); 4] = [
        ("model identity", 1, |expected, envelope| expected.model_id = Some(envelope.model_id)),
        ("nonce", 3, |expected, envelope| expected.nonce = Some(envelope.nonce)),
        ("public inputs", 4, |expected, envelope| expected.inputs = Some(envelope.public.inputs.clone())),
        ("public outputs", 5, |expected, envelope| expected.outputs = Some(envelope.public.outputs.clone())),
    ];
    for given in 0..1 << names.len() {
        let mut expected = ANY;
        let mut wanted = ["ok"; 8];
        for (bit, (_, place, name)) in names.iter().enumerate() {
            if given >> bit & 1 == 1 {
                name(&mut expected, &envelope);
            } else {
                wanted[*place] = "not-checked";
            }
        }
        assert_eq!(codes(&expected), wanted, "{expected:?}");
    }
    // What was looked at is said all the same.
    let report = report(&key, &ANY, SMALL[0]);
    for (name, place, _) in names {
        let check = &report.checks[place];
        assert_eq!(check.name, name);
        assert!(check.detail.ends_with("; not compared with yours: you gave none"), "{}", check.detail);
    }
    assert!(report.checks[4].detail.starts_with("6 values in range;"), "{}", report.checks[4].detail);
    assert!(report.checks[3].detail.starts_with(&envelope.nonce.to_string()));
}

#[test]
fn checks_that_callers_change_make_no_claim() {
    let (key, mut envelope) = small();
    envelope.public.outputs[0] += 1;
    let mut verification = Verification::new(&key, ANY, envelope.encode().unwrap());
    while let Some(check) = verification.step() {
        check.passed = true;
    }
    let Outcome { report, claim } = verification.finish();
    assert_eq!((report.accepted, claim), (false, None));
    let mut verification = Verification::new(&key, ANY, SMALL[0].to_vec());
    for _ in 1..CheckName::ALL.len() {
        verification.step().unwrap();
    }
    let Outcome { report, claim } = verification.finish();
    assert_eq!((report.accepted, claim), (false, None));
}

/// Proofs that are verified together have the reports and claims of each alone, up to the words about the equation.
#[test]
fn proofs_together_are_checked_as_strictly_as_alone() {
    let (key, good) = small();
    let encode = |change: fn(&mut ProofEnvelope)| {
        let mut envelope = good.clone();
        change(&mut envelope);
        envelope.encode().unwrap()
    };
    let nonce = |byte| Expected { nonce: Some(Nonce([byte; 32])), ..ANY };
    let (honest, second) = (SMALL[0].to_vec(), SMALL[1].to_vec());
    let bad: [(Expected, Vec<u8>); 7] = [
        (Expected::default(), honest.clone()),
        (nonce(9), honest.clone()),
        (ANY, encode(|envelope| envelope.public.outputs[0] += 1)),
        (ANY, encode(|envelope| envelope.public.outputs[0] = i64::MIN)),
        (ANY, encode(|envelope| envelope.proof.clear())),
        (ANY, honest[1..].to_vec()),
        (Expected { model_id: Some(ModelId([7; 32])), ..ANY }, honest.clone()),
    ];
    let together = |items: &[(Expected, Vec<u8>)]| {
        let Together { outcomes, together } = verify_together(&key, items.to_vec());
        assert_eq!(outcomes.len(), items.len());
        for (outcome, (expected, bytes)) in outcomes.iter().zip(items) {
            let alone = Verification::new(&key, expected.clone(), bytes.clone()).complete();
            assert_eq!((&outcome.claim, outcome.report.accepted), (&alone.claim, alone.report.accepted));
            for (check, alone) in outcome.report.checks.iter().zip(&alone.report.checks) {
                let same = |check: &Check| (check.name.clone(), check.passed, check.code.clone());
                assert_eq!(same(check), same(alone));
                assert!(check.detail.starts_with(&alone.detail), "{} {}", check.detail, alone.detail);
            }
            assert_eq!(outcome.report.checks.len(), CheckName::ALL.len());
        }
        let last = outcomes.last().map(|outcome| outcome.report.checks[7].detail.clone()).unwrap_or_default();
        (together, last)
    };
    let hold = "gates, copies and evaluations hold";
    assert_eq!(together(&[]), (0, String::new()));
    assert_eq!(together(&[(ANY, honest.clone())]), (0, hold.to_owned()));
    let pair = [(nonce(0), honest.clone()), (nonce(1), second.clone())];
    assert_eq!(together(&pair), (2, format!("{hold}: one equation for 2 proofs together")));
    // Only the third has an equation that could spoil that of the others.
    for (number, item) in bad.iter().cloned().enumerate() {
        let (count, _) = together(&[(ANY, honest.clone()), item, (ANY, second.clone())]);
        assert_eq!(count, if number == 2 { 0 } else { 2 }, "{number}");
    }
    let mixed = together(&[bad.to_vec(), vec![(ANY, honest), (ANY, second)]].concat());
    assert_eq!(mixed, (0, format!("{hold}: checked alone, because 3 proofs together did not")));
}

#[test]
fn another_model_is_refused() {
    let (key, _) = small();
    let other = ModelId([3; 32]);
    assert_eq!(
        refused(|expected, _| expected.model_id = Some(other)),
        VerifyError::KeyIdentity { expected: other, got: key.model_id() }
    );
    assert_eq!(
        refused(|_, envelope| envelope.model_id = other),
        VerifyError::ModelIdentity { expected: key.model_id(), got: other }
    );
}

#[test]
fn a_development_setup_is_refused_by_default() {
    assert!(!Expected::default().allow_development_srs);
    assert_eq!(refused(|expected, _| expected.allow_development_srs = false), VerifyError::DevelopmentSetup);
}

#[test]
fn another_nonce_is_refused() {
    let (expected, got) = (Nonce([1; 32]), Nonce([0; 32]));
    assert_eq!(refused(|e, _| e.nonce = Some(expected)), VerifyError::Nonce { expected, got });
    // The envelope may say what the caller expects, but the proof was made for another request.
    let renamed = refused(|e, envelope| {
        e.nonce = Some(expected);
        envelope.nonce = expected;
    });
    assert_eq!(renamed, VerifyError::Pairing);
}

#[test]
fn other_values_are_refused() {
    let (inputs, outputs) = (Section::Inputs, Section::Outputs);
    assert_eq!(
        refused(|_, envelope| envelope.public.inputs.push(0)),
        VerifyError::ValueCount { section: inputs, expected: 6, got: 7 }
    );
    // Moving the border between inputs and outputs does not change the instance column.
    let moved = refused(|_, envelope| {
        let value = envelope.public.outputs.remove(0);
        envelope.public.inputs.push(value);
    });
    assert_eq!(moved, VerifyError::ValueCount { section: inputs, expected: 6, got: 7 });
    assert_eq!(
        refused(|_, envelope| envelope.public.outputs[1] = i64::MIN),
        VerifyError::ValueRange {
            section: outputs,
            tensor: "a".into(),
            index: 1,
            min: -(1 << 40),
            max: 1 << 40,
            got: i64::MIN
        }
    );
    assert_eq!(
        refused(|expected, envelope| expected.outputs = Some(envelope.public.outputs[1..].to_vec())),
        VerifyError::ExpectedCount { section: outputs, expected: 2, got: 3 }
    );
    let other = refused(|expected, envelope| {
        let mut inputs = envelope.public.inputs.clone();
        inputs[2] = 5;
        expected.inputs = Some(inputs);
    });
    assert_eq!(other, VerifyError::Value { section: inputs, index: 2, expected: 5, got: 3 });
    assert_eq!(refused(|_, envelope| envelope.public.outputs[2] += 1), VerifyError::Pairing);
}

#[test]
fn malformed_proofs_are_refused() {
    let (key, envelope) = small();
    let len = key.proof_len();
    assert_eq!(envelope.proof.len(), len);
    for cut in 0..len {
        let error = refused(|_, envelope| envelope.proof.truncate(cut));
        assert!(matches!(error, VerifyError::Proof(_)), "{cut}: {error}");
    }
    assert!(matches!(refused(|_, envelope| envelope.proof.push(0)), VerifyError::Proof(_)));
    let marked = refused(|_, envelope| envelope.proof[31] ^= 0x80);
    assert!(matches!(marked, VerifyError::Point { offset: 0, reason: PointError::NotCanonical, .. }), "{marked}");
    let beyond = refused(|_, envelope| envelope.proof[32..64].fill(0x3f));
    assert!(matches!(beyond, VerifyError::Point { offset: 32, reason: PointError::NotCanonical, .. }));
    let outside = refused(|_, envelope| envelope.proof[..32].fill(0));
    assert!(matches!(outside, VerifyError::Point { offset: 0, reason: PointError::NotOnCurve, .. }));
    // The last scalar is before the two points of the multi-opening.
    let at = len - 96;
    let scalar = refused(|_, envelope| envelope.proof[at..at + 32].fill(0xff));
    assert_eq!(scalar, VerifyError::Scalar { offset: at, got: "ff".repeat(32) });
}

#[test]
fn changed_proofs_are_refused() {
    let (_, envelope) = small();
    for byte in 0..envelope.proof.len() {
        refused(|_, envelope| envelope.proof[byte] ^= 1 << (byte % 8));
    }
}

#[test]
fn a_batch_names_the_bad_items() {
    let (key, good) = small();
    assert!(verify_batch(&key, &[]).is_empty());
    let second = ProofEnvelope::decode(SMALL[1]).unwrap();
    let mut bad = good.clone();
    bad.public.outputs[0] += 1;
    let mut malformed = second.clone();
    malformed.proof.clear();
    let strict = Expected { nonce: Some(Nonce([9; 32])), ..ANY };
    let all_good = [(ANY, good.clone()), (ANY, second.clone())];
    assert!(verify_batch(&key, &all_good).iter().all(Result::is_ok));
    let items =
        [(ANY, good.clone()), (ANY, bad), (ANY, malformed), (strict, second.clone()), (ANY, second), (ANY, good)];
    let verdicts = verify_batch(&key, &items);
    let single: Vec<_> = items.iter().map(|(expected, envelope)| verify(&key, expected, envelope)).collect();
    assert_eq!(verdicts, single);
    let errors: Vec<_> = verdicts.iter().map(|verdict| verdict.as_ref().err().map(VerifyError::check)).collect();
    let bad = [Some(CheckName::Pairing), Some(CheckName::ProofIdentities), Some(CheckName::Nonce)];
    assert_eq!(errors, [&[None], &bad[..], &[None, None]].concat());
}

#[test]
fn reports_are_json() {
    let (key, _) = small();
    let report = report(&key, &ANY, SMALL[0]);
    let json = serde_json::to_string(&report).unwrap();
    assert_eq!(serde_json::from_str::<vouch_verifier::VerificationReport>(&json).unwrap(), report);
}
