//! Proofs of programs whose inputs and outputs are hashed or private: who learns what, and that nobody gets through with another salt, hash or value.

use std::collections::BTreeMap;

use halo2_proofs::halo2curves::{bn256::Fr, ff::PrimeField};
use proptest::prelude::*;
use vouch_circuit::Objective;
use vouch_envelope::{Nonce, ProofEnvelope};
use vouch_program::{Interval, Program, Requant, Segment, Term, Visibility};
use vouch_proving::{ProverKey, Salt, Srs, plan, tensor_hash};
use vouch_testing::{ANY, keys};
use vouch_verifier::{CheckName, Expected, Section, TensorHash, VerifyError, report, verify};

const LO: i64 = -200;
const HI: i64 = 300;

/// Two inputs of 9 and 2 values, a matrix with a table, a product, and two outputs: `relu(W·a)` and `a·b`.
fn program(modes: [Visibility; 4]) -> Program {
    let mut p = Program::builder(6);
    let a = p.input("a", &[9], 16.0, Interval::new(LO, HI));
    let b = p.input("b", &[2], 16.0, Interval::new(-31, 31));
    let segments = (-16..16i64).map(|s| Segment { base: if s < 0 { 0 } else { s * 64 }, slope: i64::from(s >= 0) });
    let relu = p.table("relu", 1.0, -16, segments.collect());
    let weights = (0..27).map(|i| i % 7 - 3).collect();
    let m = p.matrix("w", 9, 3, weights, vec![Requant::table(3, relu, 0); 3]);
    let y = p.linear("y", m, 1, 1, a.wires());
    let term = Term { factor: 1, a: vec![a.at(0), a.at(1)], b: b.wires() };
    let (z, _) = p.product("z", vec![term], Requant::rescale(4));
    p.output("y", &[3], 16.0, y.wires());
    p.output("z", &[2], 16.0, z.wires());
    let names = ["a", "b", "y", "z"].map(str::to_owned);
    p.finish().unwrap().with_visibility(&BTreeMap::from_iter(names.into_iter().zip(modes))).unwrap()
}

fn key(program: &Program) -> ProverKey {
    keys(program, 1)
}

/// What the owner of all values and of the salt expects.
fn expected(modes: [Visibility; 4], inputs: &[i64], outputs: &[i64], salt: Salt) -> Expected {
    let tensors = [
        (Section::Inputs, "a", &inputs[..9]),
        (Section::Inputs, "b", &inputs[9..]),
        (Section::Outputs, "y", &outputs[..3]),
        (Section::Outputs, "z", &outputs[3..]),
    ];
    let mut values = [Vec::new(), Vec::new()];
    let mut hashes = [Vec::new(), Vec::new()];
    for (mode, (section, name, own)) in modes.into_iter().zip(tensors) {
        let i = usize::from(section == Section::Outputs);
        match mode {
            Visibility::Public => values[i].extend(own),
            Visibility::Hashed => hashes[i].push(tensor_hash(&salt, section, name, own).unwrap()),
            Visibility::Private => {}
        }
    }
    let ([inputs, outputs], [input_hashes, output_hashes]) = (values, hashes);
    Expected {
        inputs: Some(inputs),
        outputs: Some(outputs),
        input_hashes: Some(input_hashes),
        output_hashes: Some(output_hashes),
        ..ANY
    }
}

fn refused(key: &ProverKey, expected: &Expected, envelope: &ProofEnvelope, check: CheckName) {
    let error = verify(&key.verifier, expected, envelope).unwrap_err();
    assert_eq!(error.check(), check, "{error}");
}

/// Values and hashes are compared apart, and a report says which of them were.
#[test]
fn what_nobody_named_is_not_checked() {
    use Visibility::{Hashed, Private, Public};
    const NOT: &str = "; not compared with yours: you gave none";
    let (inputs, salt) = (vec![0; 11], Salt([7; 32]));
    let said = |modes, unnamed: fn(&mut Expected)| {
        let program = program(modes);
        let outputs = program.outputs_of(&program.run(&inputs).unwrap());
        let key = key(&program);
        let envelope = key.prove_salted(&inputs, Nonce([1; 32]), salt).unwrap().envelope;
        let mut expected = expected(modes, &inputs, &outputs, salt);
        unnamed(&mut expected);
        let report = report(&key.verifier, &expected, &envelope.encode().unwrap());
        assert!(report.accepted, "{report:?}");
        [4, 5].map(|check: usize| (report.checks[check].code.clone(), report.checks[check].detail.clone()))
    };
    let modes = [Public, Hashed, Hashed, Private];
    let is = |said: &(String, String), code: &str, detail: &str| {
        assert_eq!((said.0.as_str(), said.1.as_str()), (code, detail))
    };
    let [inputs, outputs] = said(modes, |_| ());
    is(&inputs, "ok", "9 values in range, as expected; 1 hashed tensor, as expected");
    is(&outputs, "ok", "no public values; 1 hashed tensor, as expected");
    let [inputs, outputs] = said(modes, |expected| (expected.input_hashes, expected.output_hashes) = (None, None));
    is(&inputs, "not-checked", &format!("9 values in range, as expected; 1 hashed tensor{NOT}"));
    is(&outputs, "not-checked", &format!("no public values; 1 hashed tensor{NOT}"));
    let [inputs, outputs] = said(modes, |expected| (expected.inputs, expected.outputs) = (None, None));
    is(&inputs, "not-checked", &format!("9 values in range{NOT}; 1 hashed tensor, as expected"));
    is(&outputs, "ok", "no public values; 1 hashed tensor, as expected");
    // Where nothing is shown, there is nothing to compare.
    let [inputs, outputs] = said([Private, Private, Hashed, Hashed], |expected| *expected = ANY);
    is(&inputs, "ok", "no public values");
    is(&outputs, "not-checked", &format!("no public values; 2 hashed tensors{NOT}"));
}

fn modes() -> impl Strategy<Value = [Visibility; 4]> {
    let mode = prop::sample::select(vec![Visibility::Public, Visibility::Hashed, Visibility::Private]);
    prop::array::uniform4(mode)
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 12, ..ProptestConfig::default() })]

    /// Every mode of every tensor: what is expected is accepted, and nothing else is.
    #[test]
    fn proofs_show_what_they_should(
        modes in modes(),
        a in prop::collection::vec(LO..=HI, 9),
        b in prop::collection::vec(-31i64..=31, 2),
        salt: [u8; 32],
        at: prop::sample::Index,
    ) {
        let salt = Salt(salt);
        let program = program(modes);
        let inputs = [a, b].concat();
        let key = key(&program);
        let Ok(trace) = program.run(&inputs) else { return Ok(()) };
        let outputs = program.outputs_of(&trace);
        let proved = key.prove_salted(&inputs, Nonce([1; 32]), salt).unwrap();
        prop_assert_eq!(&proved.outputs, &outputs);
        let envelope = proved.envelope;
        let right = expected(modes, &inputs, &outputs, salt);
        let claim = verify(&key.verifier, &right, &envelope).unwrap();
        prop_assert_eq!(claim.public(), &envelope.public);
        prop_assert_eq!(ProofEnvelope::decode(&envelope.encode().unwrap()), Ok(envelope.clone()));
        let json = serde_json::to_string(&envelope).unwrap();
        prop_assert_eq!(serde_json::from_str::<ProofEnvelope>(&json).unwrap(), envelope.clone());

        let hashed = |s: std::ops::Range<usize>| modes[s].contains(&Visibility::Hashed);
        if hashed(0..4) {
            let mut wrong = salt;
            wrong.0[at.index(32)] ^= 1;
            let wrong = expected(modes, &inputs, &outputs, wrong);
            refused(&key, &wrong, &envelope, if hashed(0..2) { CheckName::Inputs } else { CheckName::Outputs });
        }
        // Other values for the same proof: what they change is noticed.
        let mut others = inputs.clone();
        let i = at.index(11);
        others[i] += if others[i] > 0 { -1 } else { 1 };
        let wrong = expected(modes, &others, &outputs, salt);
        match modes[usize::from(i >= 9)] {
            Visibility::Private => prop_assert!(verify(&key.verifier, &wrong, &envelope).is_ok()),
            _ => refused(&key, &wrong, &envelope, CheckName::Inputs),
        }
        // A hash that is not the prover's, in the envelope.
        for section in 0..2 {
            let mut forged = envelope.clone();
            let list = if section == 0 { &mut forged.public.input_hashes } else { &mut forged.public.output_hashes };
            let Some(hash) = list.last_mut() else { continue };
            hash.0[31] ^= 1;
            refused(&key, &ANY, &forged, CheckName::Pairing);
            forged = envelope.clone();
            let list = if section == 0 { &mut forged.public.input_hashes } else { &mut forged.public.output_hashes };
            let check = if section == 0 { CheckName::Inputs } else { CheckName::Outputs };
            list.last_mut().unwrap().0 = [0xff; 32];
            refused(&key, &ANY, &forged, check);
            list_of(&mut forged, section).pop();
            refused(&key, &ANY, &forged, check);
        }
    }
}

fn list_of(envelope: &mut ProofEnvelope, section: usize) -> &mut Vec<TensorHash> {
    if section == 0 { &mut envelope.public.input_hashes } else { &mut envelope.public.output_hashes }
}

/// Two private inputs with the same public part: transcripts of the same shape, no element in common but what is the same for every witness, and
/// nothing of the inputs or of the salt in either.
#[test]
fn transcripts_do_not_tell_private_inputs_apart() {
    let hidden = Visibility::Private;
    let program = program([hidden, Visibility::Hashed, hidden, hidden]);
    let key = key(&program);
    let constant = |bytes: &[u8]| bytes.iter().filter(|b| **b != 0).count() <= 1;
    let nonce = Nonce([3; 32]);
    let inputs = [vec![LO; 11], vec![123; 11]].map(|mut x| {
        x[9..].fill(7);
        x
    });
    let salts = [Salt([0x5a; 32]), Salt([0xa5; 32])];
    let mut proofs = Vec::new();
    for (x, salt) in inputs.iter().zip(salts) {
        for _ in 0..2 {
            let envelope = key.prove_salted(x, nonce, salt).unwrap().envelope;
            assert_eq!((envelope.public.inputs.len(), envelope.public.outputs.len()), (0, 0));
            let bytes = envelope.encode().unwrap();
            let run = |needle: &[u8]| bytes.windows(needle.len()).any(|w| w == needle);
            assert!(!run(&salt.0[..8]), "the salt");
            // No element of the proof is a value of the witness, nor a small number at all (but for columns that are zero whatever the witness is).
            for element in envelope.proof.chunks_exact(32) {
                let negated = (-Fr::from_repr(element.try_into().unwrap()).unwrap_or(Fr::one())).to_repr();
                for e in [element, &negated[..]] {
                    assert!(constant(element) && element[0] < 2 || e[4..].iter().any(|b| *b != 0), "{element:?}");
                }
            }
            proofs.push(envelope.proof);
        }
    }
    for (i, a) in proofs.iter().enumerate() {
        for b in &proofs[..i] {
            assert_eq!(a.len(), b.len());
            for (at, (a, b)) in a.chunks_exact(32).zip(b.chunks_exact(32)).enumerate() {
                assert!(a != b || constant(a), "element {at}");
            }
        }
    }
}

/// The same input with another salt has another hash, so that equal inputs of two proofs are not seen to be equal.
#[test]
fn salts_are_fresh() {
    let program = program([Visibility::Hashed, Visibility::Public, Visibility::Public, Visibility::Public]);
    let key = key(&program);
    let x = vec![1; 11];
    let [a, b] = [0, 1].map(|_| key.prove(&x, Nonce([0; 32])).unwrap());
    assert_ne!(a.salt, b.salt);
    assert_ne!(a.envelope.public.input_hashes, b.envelope.public.input_hashes);
    assert_eq!(a.envelope.public.outputs, b.envelope.public.outputs);
    // One proof's hash is not the other's.
    let mut mixed = a.envelope.clone();
    mixed.public.input_hashes = b.envelope.public.input_hashes;
    assert_eq!(verify(&key.verifier, &ANY, &mixed), Err(VerifyError::Pairing));
}

/// The visibility is part of the model's identity.
#[test]
fn modes_are_models_of_their_own() {
    let p = Visibility::Public;
    let srs = Srs::development(8);
    let mut seen = Vec::new();
    for mode in [p, Visibility::Hashed, Visibility::Private] {
        let program = program([mode, p, p, p]);
        let key = ProverKey::generate(&plan(&program, 1, Objective::default(), Some(8)).unwrap(), &srs).unwrap();
        assert_eq!(key.verifier.schema().is_public(), mode == p);
        seen.push(key.verifier.model_id());
    }
    seen.dedup();
    assert_eq!(seen.len(), 3);
}
