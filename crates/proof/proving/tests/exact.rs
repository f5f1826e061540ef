//! A program whose weights, scaled to the lane's drop, leave 64 bits: its proofs are accepted, those of another program are not.
#![allow(missing_docs)]

use std::sync::Arc;

use vouch_circuit::Objective;
use vouch_envelope::Nonce;
use vouch_program::{Interval, Program, Requant};
use vouch_proving::{ProverKey, ProvingError, Srs, check_key, plan};
use vouch_verifier::{Expected, VerifierKey, VerifyError, verify};

/// y = w·x + bias, beside a column that drops 50 bits.
fn program(w: i64, bias: i64) -> Program {
    let mut b = Program::builder(10);
    let x = b.input("x", &[1], 1.0, Interval::new(-1, 1));
    let one = b.constant(1);
    let big = b.matrix("a", 1, 1, vec![1 << 50], vec![Requant::rescale(50)]);
    let a = b.linear("a", big, 1, 1, x.wires());
    let m = b.matrix("w", 2, 1, vec![w, bias], vec![Requant::exact()]);
    let y = b.linear("y", m, 1, 1, vec![a.at(0), one]);
    b.output("y", &[1], 1.0, y.wires());
    b.finish().unwrap()
}

#[test]
fn a_proof_is_of_the_program_and_of_no_other() {
    let honest = program(1 << 18, 5);
    let plan = plan(&honest, 1, Objective::default(), None).unwrap();
    let srs = Srs::development(plan.k());
    let mut key = ProverKey::generate(&plan, &srs).unwrap();
    let published = VerifierKey::from_bytes(key.verifier.to_bytes()).unwrap();
    check_key(&honest, &srs, &published).unwrap();
    let nonce = Nonce([1; 32]);
    let proved = key.prove(&[1], nonce).unwrap();
    assert_eq!(proved.envelope.public.outputs, [262_149]);
    let expected = Expected {
        nonce: Some(nonce),
        inputs: Some(vec![1]),
        outputs: Some(vec![262_149]),
        allow_development_srs: true,
        ..Expected::default()
    };
    verify(&published, &expected, &proved.envelope).unwrap();
    // With a weight of 0, which is 2^18·2^50 modulo 2^64, the output is 5.
    let other = program(0, 5);
    assert!(check_key(&other, &srs, &published).is_err());
    key.program = Arc::new(other);
    let refused = key.prove(&[1], nonce);
    assert!(matches!(refused, Err(ProvingError::SelfCheck(VerifyError::Pairing))), "{refused:?}");
}
