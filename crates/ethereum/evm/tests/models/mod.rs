//! Small models whose proofs the contract checks.

#![allow(unreachable_pub, missing_docs, dead_code)]

use std::collections::BTreeMap;

use vouch_envelope::{Nonce, ProofEnvelope};
use vouch_program::{Interval, Program, Requant, Term, Visibility};
use vouch_proving::{ProverKey, Srs, plan};
use vouch_verifier::VerifierKey;

/// y = x_0·x_1 + 3·x_0, and a maximum; with the tensors' visibilities.
pub fn program(visibility: &[(&str, Visibility)]) -> Program {
    let mut b = Program::builder(5);
    let x = b.input("x", &[2], 1.0, Interval::new(-4, 4));
    let w = b.input("w", &[1], 0.5, Interval::new(0, 3));
    let three = b.constant(3);
    let terms = vec![
        Term { factor: 1, a: vec![x.at(0)], b: vec![x.at(1)] },
        Term { factor: 1, a: vec![w.at(0)], b: vec![three] },
    ];
    let (y, _) = b.product("y", terms, Requant::exact());
    b.output("y", &[1], 2.0, y.wires());
    let visibility: BTreeMap<String, Visibility> = visibility.iter().map(|(n, v)| ((*n).to_owned(), *v)).collect();
    b.finish().unwrap().with_visibility(&visibility).unwrap()
}

/// A model, and two of its proofs.
pub struct Case {
    pub name: String,
    pub key: VerifierKey,
    pub envelopes: Vec<ProofEnvelope>,
}

/// Names of tensors that are not public.
type Hidden = [(&'static str, Visibility)];

/// Models with public, hashed and private tensors, and groups of several sizes.
pub fn cases() -> Vec<Case> {
    use Visibility::{Hashed, Private};
    let all: [(&str, u32, &Hidden); 4] = [
        ("public, no groups", 1, &[]),
        ("public, groups of 3", 3, &[]),
        ("hidden, groups of 8", 8, &[("x", Hashed), ("w", Private)]),
        ("hidden outputs, groups of 64", 64, &[("y", Hashed)]),
    ];
    let make = |(name, group, visibility): (&str, u32, &Hidden)| {
        let program = program(visibility);
        let plan = plan(&program, 1, Default::default(), None).unwrap().for_evm(group).unwrap();
        let key = ProverKey::generate(&plan, &Srs::development(plan.powers())).unwrap();
        let prove = |inputs: [i64; 3], nonce| key.prove(&inputs, Nonce([nonce; 32])).unwrap().envelope;
        Case { name: name.to_owned(), envelopes: vec![prove([3, -2, 1], 7), prove([-4, 4, 0], 8)], key: key.verifier }
    };
    all.into_iter().map(make).collect()
}
