//! Keys and proofs of the evm profile.

use vouch_envelope::Nonce;
use vouch_program::{Interval, Program, Requant, Term};
use vouch_proving::{ProverKey, ProvingError, Srs, check_key, plan};
use vouch_verifier::{Expected, KeyDescription, VerifierKey, VerifyError, verify};

/// y = x_0·x_1 + 3·x_0, and its maximum with 0.
fn program() -> Program {
    let mut b = Program::builder(5);
    let x = b.input("x", &[2], 1.0, Interval::new(-4, 4));
    let three = b.constant(3);
    let terms = vec![
        Term { factor: 1, a: vec![x.at(0)], b: vec![x.at(1)] },
        Term { factor: 1, a: vec![x.at(0)], b: vec![three] },
    ];
    let (y, _) = b.product("y", terms, Requant::exact());
    b.output("y", &[1], 1.0, y.wires());
    b.finish().unwrap()
}

fn key(group: u32) -> (ProverKey, Srs) {
    let plan = plan(&program(), 1, Default::default(), None).unwrap().for_evm(group).unwrap();
    let srs = Srs::development(plan.powers());
    (ProverKey::generate(&plan, &srs).unwrap(), srs)
}

fn development() -> Expected {
    Expected { allow_development_srs: true, ..Expected::default() }
}

#[test]
fn proofs_of_every_size_of_groups_verify() {
    let mut lengths = Vec::new();
    for group in [1, 2, 5, 32] {
        let (key, srs) = key(group);
        let verifier = VerifierKey::from_bytes(key.verifier.to_bytes()).unwrap();
        assert_eq!(verifier.description(), key.verifier.description());
        let proved = key.prove(&[3, -2], Nonce([7; 32])).unwrap();
        assert_eq!(proved.envelope.public.outputs, [3]);
        assert_eq!(proved.envelope.proof.len(), verifier.proof_len());
        verify(&verifier, &development(), &proved.envelope).unwrap();
        lengths.push((verifier.proof_len(), verifier.description().fixed_commitments.len()));
        check_key(&program(), &srs, &verifier).unwrap();
        key.check().unwrap();
        // Another nonce, value or message: each is bound.
        let mut nonce = proved.envelope.clone();
        nonce.nonce.0[31] ^= 1;
        let mut output = proved.envelope.clone();
        output.public.outputs[0] += 1;
        for changed in [nonce, output] {
            assert_eq!(verify(&verifier, &development(), &changed), Err(VerifyError::Pairing));
        }
    }
    // The larger the groups, the fewer points.
    assert!(lengths.is_sorted_by(|a, b| a.0 > b.0 && a.1 >= b.1), "{lengths:?}");
    assert_eq!(lengths.last().unwrap().1, 1, "{lengths:?}");
}

/// A column of the second phase before columns of the first one, as the combined operands of matrices are.
#[test]
fn phases_may_be_mixed() {
    let mut b = Program::builder(5);
    let x = b.input("x", &[2], 1.0, Interval::new(-4, 4));
    let m = b.matrix("m", 2, 1, vec![2, -3], vec![Requant::exact()]);
    let y = b.linear("y", m, 1, 1, x.wires());
    b.output("y", &[1], 1.0, y.wires());
    let program = b.finish().unwrap();
    for group in [1, 4] {
        let plan = plan(&program, 1, Default::default(), None).unwrap().for_evm(group).unwrap();
        let key = ProverKey::generate(&plan, &Srs::development(plan.powers())).unwrap();
        assert!(!key.verifier.description().advice_phases.is_sorted());
        let proved = key.prove(&[3, -2], Nonce([7; 32])).unwrap();
        assert_eq!(proved.envelope.public.outputs, [12]);
        verify(&key.verifier, &development(), &proved.envelope).unwrap();
    }
}

/// As many rows as a model's circuit has.
#[test]
fn large_circuits_are_proved() {
    for group in [1, 5] {
        let plan = plan(&program(), 1, Default::default(), Some(12)).unwrap().for_evm(group).unwrap();
        let key = ProverKey::generate(&plan, &Srs::development(plan.powers())).unwrap();
        let proved = key.prove(&[3, -2], Nonce([7; 32])).unwrap();
        verify(&key.verifier, &development(), &proved.envelope).unwrap();
    }
}

/// A change of any byte of a proof is refused.
#[test]
fn every_word_of_a_proof_counts() {
    let (key, _) = key(4);
    let envelope = key.prove(&[-4, 4], Nonce([1; 32])).unwrap().envelope;
    for word in 0..envelope.proof.len() / 32 {
        for byte in [31, 0] {
            let mut changed = envelope.clone();
            changed.proof[32 * word + byte] ^= 1;
            assert!(verify(&key.verifier, &development(), &changed).is_err(), "word {word}");
        }
        // Not the only encoding of a number below either modulus.
        let mut changed = envelope.clone();
        changed.proof[32 * word..][..32].fill(0xff);
        let refused = verify(&key.verifier, &development(), &changed);
        assert!(matches!(refused, Err(VerifyError::Scalar { .. } | VerifyError::Point { .. })), "{refused:?}");
    }
    // The point at infinity, which contracts write as zeros.
    let mut changed = envelope.clone();
    changed.proof[..64].fill(0);
    let refused = verify(&key.verifier, &development(), &changed);
    assert!(matches!(&refused, Err(e) if e.to_string().contains("the identity")), "{refused:?}");
}

#[test]
fn prover_keys_are_read_again() {
    let (key, _) = key(4);
    let bytes = key.to_bytes().unwrap();
    let read = ProverKey::from_bytes(&bytes, &program()).unwrap();
    let envelope = read.prove(&[1, 1], Nonce([1; 32])).unwrap().envelope;
    verify(&key.verifier, &development(), &envelope).unwrap();
    read.check().unwrap();
}

#[test]
fn a_short_reference_string_is_refused() {
    let plan = plan(&program(), 1, Default::default(), None).unwrap();
    let srs = Srs::development(plan.k());
    assert!(ProverKey::generate(&plan, &srs).is_ok());
    let plan = plan.for_evm(16).unwrap();
    assert_eq!(plan.powers(), plan.k() + 4);
    let refused = ProverKey::generate(&plan, &srs);
    let (needed, got) = (plan.powers(), plan.k());
    assert!(matches!(refused, Err(ProvingError::SrsTooSmall { needed: n, got: g }) if (n, g) == (needed, got)));
}

/// What a key says of its profile is checked.
#[test]
fn keys_of_the_profile_are_checked() {
    let (key, srs) = key(4);
    let honest = key.verifier.description();
    let refused = |change: &dyn Fn(&mut KeyDescription)| {
        let mut description = honest.clone();
        change(&mut description);
        VerifierKey::new(description).unwrap_err().to_string()
    };
    assert_eq!(refused(&|key| key.evm.as_mut().unwrap().group = 0), "polynomials in a group: expected 1 to 256, got 0");
    let groups = honest.fixed_commitments.len();
    let more = format!("number of commitments to groups: expected {groups}, got {}", groups + 1);
    assert_eq!(refused(&|key| key.fixed_commitments.push(key.fixed_commitments[0])), more);
    let sigmas = "permutation commitments in the evm profile: expected at most 0, got 1";
    assert_eq!(refused(&|key| key.permutation_commitments.push([0; 32])), sigmas);
    // Other groups are another key, which is not that of the program.
    let mut description = honest.clone();
    description.fixed_commitments.reverse();
    let swapped = VerifierKey::new(description).unwrap();
    assert_ne!(swapped.model_id(), key.verifier.model_id());
    if groups > 1 {
        let refused = check_key(&program(), &srs, &swapped);
        assert!(matches!(refused, Err(ProvingError::OtherKey { .. })), "{refused:?}");
    }
}

/// Writes the fixtures that the verifier's own tests and those of the contract read.
#[test]
#[ignore = "writes files"]
fn write_fixtures() {
    let dir = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("../../verify/verifier/tests/fixtures");
    let (key, _) = key(8);
    std::fs::write(dir.join("evm.key"), key.verifier.to_bytes()).unwrap();
    for (i, inputs) in [[3, -2], [-4, 4]].into_iter().enumerate() {
        let envelope = key.prove(&inputs, Nonce([7; 32])).unwrap().envelope;
        std::fs::write(dir.join(format!("evm-{i}.envelope")), envelope.encode().unwrap()).unwrap();
    }
}
