//! A frozen chain is accepted; every way to change it, or to expect another, is refused and says which proof or link.
//!
//! Two forecasts (`x`: 2 values; outputs `hours`, `spread`, both in h with scale 16) and an allocation (inputs `horizon`
//! in d, `hours` of 2 values in h, `delay` in h with scale 8), made by `prover-native/tests/chains.rs`.

use proptest::prelude::*;
use vouch_testing::{
    ANY,
    fixtures::{ALLOCATION_KEY, FORECAST_KEY, HONEST_CHAIN as HONEST, UNLINKED_CHAIN as UNLINKED},
};
use vouch_verifier::{
    ChainError, ChainStep, ChainVerification, Expected, Link, LinkError, ModelId, Nonce, ProofChain, ProofEnvelope,
    Section, ValueRef, VerifierKey, VerifyError, report_chain, verify_chain,
};

struct Setting {
    keys: [VerifierKey; 2],
    chain: ProofChain,
}

fn setting() -> Setting {
    let keys = [FORECAST_KEY, ALLOCATION_KEY].map(|bytes| VerifierKey::from_bytes(bytes).unwrap());
    Setting { keys, chain: ProofChain::decode(HONEST).unwrap() }
}

fn link(from: (u32, u32), to: (u32, u32), len: u32) -> Link {
    let end = |(proof, start)| ValueRef { proof, start };
    Link { from: end(from), to: end(to), len }
}

fn links() -> Vec<Link> {
    vec![link((0, 0), (2, 1), 1), link((1, 0), (2, 2), 1)]
}

impl Setting {
    /// What an honest caller expects: nonces, and the inputs that are no forecasts.
    fn steps(&self) -> Vec<ChainStep<&VerifierKey>> {
        let step = |key, nonce, inputs: &[i64]| {
            let (nonce, inputs) = (Some(Nonce([nonce; 32])), Some(inputs.to_vec()));
            let expected = Expected { nonce, inputs, ..ANY };
            ChainStep { key, expected }
        };
        let [forecast, allocation] = &self.keys;
        vec![step(forecast, 1, &[40, -7]), step(forecast, 2, &[-5, 33]), step(allocation, 3, &[160, 24])]
    }

    /// The verdict, which the report must share.
    #[allow(clippy::result_large_err)]
    fn verify(&self, steps: &[ChainStep<&VerifierKey>], links: &[Link], chain: &ProofChain) -> Result<(), ChainError> {
        let verdict = verify_chain(steps, links, chain).map(|verified| {
            assert_eq!(verified.claims().len(), 3);
            assert_eq!(verified.links(), chain.links());
        });
        let report = report_chain(steps, links, &chain.encode().unwrap());
        assert_eq!(report.accepted, verdict.is_ok(), "{report:?}");
        let failed = |checks: &[vouch_verifier::Check], code: &str, detail: &str| {
            checks.iter().any(|check| !check.passed && check.code == code && detail.ends_with(&check.detail))
        };
        if let Err(error) = &verdict {
            let (code, detail) = (error.code(), error.to_string());
            let said = match error {
                ChainError::Proof { proof, .. } => failed(&report.proofs[*proof].checks, code, &detail),
                ChainError::Link { link, .. } => failed(&report.links[*link..=*link], code, &detail),
                _ => failed(&report.checks, code, &detail),
            };
            assert!(said, "{error}: {report:?}");
        }
        verdict
    }

    /// Changes one proof.
    fn changed(&self, proof: usize, change: impl FnOnce(&mut ProofEnvelope)) -> ChainError {
        let mut proofs = self.chain.proofs().to_vec();
        change(&mut proofs[proof]);
        let chain = ProofChain::new(proofs, links()).unwrap();
        self.verify(&self.steps(), &links(), &chain).unwrap_err()
    }
}

#[test]
fn a_frozen_chain_is_accepted() {
    let setting = setting();
    let verified = verify_chain(&setting.steps(), &links(), &setting.chain).unwrap();
    let [first, second, third] = verified.claims() else { panic!("three claims") };
    assert_eq!(third.inputs(), [160, first.outputs()[0], second.outputs()[0], 24]);
    assert_eq!(third.real_inputs()[1], first.real_outputs()[0]);
    setting.verify(&setting.steps(), &links(), &setting.chain).unwrap();
    // The caller's links may come in any order, and who accepts any inputs need not name them.
    let mut any = setting.steps();
    any[2].expected.inputs = None;
    setting.verify(&any, &[links()[1], links()[0]], &setting.chain).unwrap();
    let report = report_chain(&setting.steps(), &links(), HONEST);
    let names = |checks: &[vouch_verifier::Check]| checks.iter().map(|check| check.name.clone()).collect::<Vec<_>>();
    assert_eq!(names(&report.checks), ["format", "proofs", "links"]);
    assert_eq!(names(&report.links), ["0:outputs[0..1]=2:inputs[1..2]", "1:outputs[0..1]=2:inputs[2..3]"]);
    assert_eq!(report.proofs[2].checks[4].detail, "4 values in range (2 of them by links), as expected");
    assert_eq!(report.links[0].detail, "1 values of hours are those of hours, scale 16.0");
    assert!(report.checks.iter().chain(&report.links).all(|check| check.passed && check.code == "ok"));
}

/// A proof's input that a link fills is compared by the link, not by the caller; what neither names is not checked.
#[test]
fn inputs_that_nobody_names_are_not_checked() {
    let setting = setting();
    let inputs = |steps: &[ChainStep<&VerifierKey>], links: &[Link], chain: &ProofChain| {
        let report = report_chain(steps, links, &chain.encode().unwrap());
        assert!(report.accepted, "{report:?}");
        let check = &report.proofs[2].checks[4];
        assert!(check.passed);
        (check.code.clone(), check.detail.clone())
    };
    let mut steps = setting.steps();
    let said = inputs(&steps, &links(), &setting.chain);
    assert_eq!(said, ("ok".into(), "4 values in range (2 of them by links), as expected".into()));
    steps[2].expected.inputs = None;
    let said = inputs(&steps, &links(), &setting.chain);
    let detail = "4 values in range (2 of them by links); not compared with yours: you gave none";
    assert_eq!(said, ("not-checked".into(), detail.into()));
    let none = ProofChain::new(setting.chain.proofs().to_vec(), vec![]).unwrap();
    let said = inputs(&steps, &[], &none);
    assert_eq!(said, ("not-checked".into(), "4 values in range; not compared with yours: you gave none".into()));
}

#[test]
fn a_report_of_a_chain_comes_with_what_it_has_shown() {
    let setting = setting();
    let outcome = |bytes: &[u8]| ChainVerification::new(setting.steps(), links(), bytes.to_vec()).complete();
    let shown = outcome(HONEST).verified.unwrap();
    assert_eq!(shown, verify_chain(&setting.steps(), &links(), &setting.chain).unwrap());
    for bytes in [UNLINKED, &HONEST[1..], &HONEST[..HONEST.len() - 1]] {
        let outcome = outcome(bytes);
        assert_eq!((outcome.report.accepted, outcome.verified), (false, None));
    }
    // Before the last check there is nothing, and what a caller writes into a check makes nothing true.
    let mut verification = ChainVerification::new(setting.steps(), links(), UNLINKED.to_vec());
    while let Some(check) = verification.step() {
        check.passed = true;
    }
    let outcome = verification.finish();
    assert_eq!((outcome.report.accepted, outcome.verified), (false, None));
    let mut verification = ChainVerification::new(setting.steps(), links(), HONEST.to_vec());
    for _ in 0..3 + 3 * 8 + 1 {
        verification.step().unwrap();
    }
    let outcome = verification.finish();
    assert_eq!((outcome.report.accepted, outcome.verified), (false, None));
}

#[test]
fn a_changed_proof_is_named() {
    let setting = setting();
    for proof in 0..3 {
        let bytes = setting.chain.proofs()[proof].proof.len();
        for byte in (0..bytes).step_by(97) {
            let error = setting.changed(proof, |envelope| envelope.proof[byte] ^= 1);
            assert!(matches!(error, ChainError::Proof { proof: named, .. } if named == proof), "{proof}: {error}");
        }
        let pairing = |error| assert_eq!(error, ChainError::Proof { proof, source: VerifyError::Pairing });
        pairing(setting.changed(proof, |envelope| envelope.public.outputs[1] += 1));
        // The linked output and the linked input, changed alike in both proofs or in one of them.
        if proof < 2 {
            pairing(setting.changed(proof, |envelope| envelope.public.outputs[0] += 1));
            let mut proofs = setting.chain.proofs().to_vec();
            proofs[proof].public.outputs[0] += 1;
            proofs[2].public.inputs[1 + proof] += 1;
            let chain = ProofChain::new(proofs, links()).unwrap();
            pairing(setting.verify(&setting.steps(), &links(), &chain).unwrap_err());
            let input = setting.changed(2, |envelope| envelope.public.inputs[1 + proof] += 1);
            assert_eq!(input, ChainError::Proof { proof: 2, source: VerifyError::Pairing });
        }
        let nonce = setting.changed(proof, |envelope| envelope.nonce = Nonce([9; 32]));
        assert!(matches!(nonce, ChainError::Proof { proof: p, source: VerifyError::Nonce { .. } } if p == proof));
        let model = setting.changed(proof, |envelope| envelope.model_id = ModelId([9; 32]));
        assert!(
            matches!(model, ChainError::Proof { proof: p, source: VerifyError::ModelIdentity { .. } } if p == proof)
        );
        let known = setting.changed(proof, |envelope| envelope.public.inputs[0] += 1);
        let source =
            |index, expected| VerifyError::Value { section: Section::Inputs, index, expected, got: expected + 1 };
        assert_eq!(known, ChainError::Proof { proof, source: source(0, [40, -5, 160][proof]) });
    }
    let last = setting.changed(2, |envelope| envelope.public.inputs[3] += 1);
    let source = VerifyError::Value { section: Section::Inputs, index: 3, expected: 24, got: 25 };
    assert_eq!(last, ChainError::Proof { proof: 2, source });
}

#[test]
fn proofs_that_hold_and_do_not_fit_are_refused_at_the_link() {
    let setting = setting();
    let chain = ProofChain::decode(UNLINKED).unwrap();
    let output = chain.proofs()[1].public.outputs[0];
    let source = LinkError::Value { position: 0, output, input: output + 1 };
    let refused = ChainError::Link { link: 1, at: links()[1], source };
    assert_eq!(setting.verify(&setting.steps(), &links(), &chain), Err(refused));
    // The first link alone is true. Then the other input is not linked, and has to be known.
    let first = ProofChain::new(chain.proofs().to_vec(), links()[..1].to_vec()).unwrap();
    let mut steps = setting.steps();
    steps[2].expected.inputs = Some(vec![160, output + 1, 24]);
    setting.verify(&steps, &links()[..1], &first).unwrap();
    let short = setting.verify(&setting.steps(), &links()[..1], &first).unwrap_err();
    let source = VerifyError::ExpectedCount { section: Section::Inputs, expected: 3, got: 4 };
    assert_eq!(short, ChainError::Proof { proof: 2, source });
}

#[test]
fn other_links_than_the_callers_are_refused() {
    let setting = setting();
    let proofs = || setting.chain.proofs().to_vec();
    let (first, second) = (links()[0], links()[1]);
    let claimed = |claims: Vec<Link>, links: &[Link]| {
        let chain = ProofChain::new(proofs(), claims).unwrap();
        setting.verify(&setting.steps(), links, &chain).unwrap_err()
    };
    let differs = |link, expected, got| ChainError::Claimed { link, expected, got };
    assert_eq!(claimed(vec![], &links()), differs(0, Some(first), None));
    assert_eq!(claimed(vec![first], &links()), differs(1, Some(second), None));
    assert_eq!(claimed(vec![second], &links()), differs(0, Some(first), Some(second)));
    assert_eq!(claimed(links(), &links()[..1]), differs(1, None, Some(second)));
    assert_eq!(claimed(links(), &[]), differs(0, None, Some(first)));
    let more = link((0, 1), (2, 3), 1);
    assert_eq!(claimed([links(), vec![more]].concat(), &links()), differs(2, None, Some(more)));
    let other = link((1, 0), (2, 1), 1);
    assert_eq!(claimed(vec![other, second], &links()), differs(0, Some(first), Some(other)));
    assert_eq!(claimed(links(), &[first, second, second]), differs(2, Some(second), None));
}

/// Links between tensors that do not fit, which caller and chain agree on.
#[test]
fn scales_units_and_tensors_must_fit() {
    let setting = setting();
    let refused = |at: Link| {
        let chain = ProofChain::new(setting.chain.proofs().to_vec(), vec![at]).unwrap();
        let mut steps = setting.steps();
        steps[2].expected.inputs = None;
        match setting.verify(&steps, &[at], &chain).unwrap_err() {
            ChainError::Link { link: 0, source, .. } => source,
            other => panic!("{other}"),
        }
    };
    let unit = LinkError::Unit { from: "hours".into(), output: "h".into(), to: "horizon".into(), input: "d".into() };
    assert_eq!(refused(link((0, 0), (2, 0), 1)), unit);
    let scale = LinkError::Scale { from: "spread".into(), output: 16.0, to: "delay".into(), input: 8.0 };
    assert_eq!(refused(link((0, 1), (2, 3), 1)), scale);
    let tensor = |section, proof, start, end| LinkError::Tensor { section, proof, start, end };
    assert_eq!(refused(link((0, 0), (2, 1), 2)), tensor(Section::Outputs, 0, 0, 2));
    // One value of `hours` and one of `delay`; the output side fails first.
    assert_eq!(refused(link((0, 0), (2, 2), 2)), tensor(Section::Outputs, 0, 0, 2));
    let value = refused(link((0, 1), (2, 1), 1));
    assert!(matches!(value, LinkError::Value { position: 0, .. }), "{value}");
}

#[test]
fn other_proofs_keys_and_requests_are_refused() {
    let setting = setting();
    let proofs = setting.chain.proofs().to_vec();
    let swapped = vec![proofs[1].clone(), proofs[0].clone(), proofs[2].clone()];
    let swapped = ProofChain::new(swapped, links()).unwrap();
    let error = setting.verify(&setting.steps(), &links(), &swapped).unwrap_err();
    assert!(matches!(error, ChainError::Proof { proof: 0, source: VerifyError::Nonce { .. } }), "{error}");
    for steps in [&setting.steps()[..2], &[]] {
        let error = setting.verify(steps, &links(), &setting.chain).unwrap_err();
        assert_eq!(error, ChainError::Proofs { expected: steps.len(), got: 3 });
    }
    let mut steps = setting.steps();
    steps[1].key = &setting.keys[1];
    let error = setting.verify(&steps, &links(), &setting.chain).unwrap_err();
    assert!(matches!(error, ChainError::Proof { proof: 1, source: VerifyError::ModelIdentity { .. } }), "{error}");
    for proof in 0..3 {
        let mut steps = setting.steps();
        steps[proof].expected.nonce = Some(Nonce([9; 32]));
        let error = setting.verify(&steps, &links(), &setting.chain).unwrap_err();
        assert!(matches!(error, ChainError::Proof { proof: p, source: VerifyError::Nonce { .. } } if p == proof));
        let mut steps = setting.steps();
        steps[proof].expected.allow_development_srs = false;
        let error = setting.verify(&steps, &links(), &setting.chain).unwrap_err();
        assert_eq!(error, ChainError::Proof { proof, source: VerifyError::DevelopmentSetup });
    }
    let report = report_chain(&setting.steps(), &links(), &HONEST[1..]);
    assert!(!report.accepted && report.proofs.is_empty() && report.links.is_empty());
    let codes: Vec<_> = report.checks.iter().map(|check| check.code.as_str()).collect();
    assert_eq!(codes, ["magic", "not-reached", "not-reached"]);
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    /// Whatever byte is changed, the chain is refused.
    #[test]
    fn changed_bytes_are_refused(at: prop::sample::Index, flip in 1u8..) {
        let setting = setting();
        let mut bytes = HONEST.to_vec();
        let at = at.index(bytes.len());
        bytes[at] ^= flip;
        let report = report_chain(&setting.steps(), &links(), &bytes);
        prop_assert!(!report.accepted);
        if let Ok(chain) = ProofChain::decode(&bytes) {
            prop_assert!(verify_chain(&setting.steps(), &links(), &chain).is_err());
        }
    }
}
