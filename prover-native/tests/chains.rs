//! Chains of real proofs: forecasts whose outputs are inputs of an allocation.

use std::path::Path;

use vouch_envelope::{Link, Nonce, ProofChain, ProofEnvelope, ValueRef};
use vouch_program::{Interval, Program, Requant};
use vouch_proving::ProverKey;
use vouch_testing::ANY;
use vouch_verifier::{ChainError, ChainStep, Expected, LinkError, verify_chain};

/// Two values to hours, and their spread.
fn forecast() -> Program {
    let mut p = Program::builder(6);
    let x = p.input("x", &[2], 16.0, Interval::new(-100, 100));
    let m = p.matrix("w", 2, 2, vec![3, -1, -2, 4], vec![Requant::rescale(1); 2]);
    let y = p.linear("y", m, 1, 1, x.wires());
    for (name, wire) in [("hours", 0), ("spread", 1)] {
        p.output(name, &[1], 16.0, vec![y.at(wire)]);
        p.output_unit("h");
    }
    p.finish().unwrap()
}

/// A horizon, hours of two tokens, and a delay in another scale, to two shares.
fn allocation() -> Program {
    let mut p = Program::builder(6);
    let mut wires = Vec::new();
    for (name, len, scale, unit) in [("horizon", 1, 16.0, "d"), ("hours", 2, 16.0, "h"), ("delay", 1, 8.0, "h")] {
        wires.extend(p.input(name, &[len], scale, Interval::new(-1000, 1000)).wires());
        p.input_unit(unit);
    }
    let m = p.matrix("w", 4, 2, vec![1, 2, -3, 1, 2, -2, 1, 1], vec![Requant::rescale(2); 2]);
    let y = p.linear("y", m, 1, 1, wires);
    p.output("shares", &[2], 16.0, y.wires());
    p.finish().unwrap()
}

fn keys() -> [ProverKey; 2] {
    [forecast(), allocation()].map(|program| ProverKey::development(&program).unwrap())
}

fn link(from: u32, to: u32) -> Link {
    let end = |proof, start| ValueRef { proof, start };
    Link { from: end(from, 0), to: end(2, to), len: 1 }
}

fn links() -> Vec<Link> {
    vec![link(0, 1), link(1, 2)]
}

/// Two forecasts, and an allocation on hours that differ by `lie` from the forecast ones.
fn prove(keys: &[ProverKey; 2], lie: i64) -> Vec<ProofEnvelope> {
    let [forecast, allocation] = keys;
    let first = forecast.prove(&[40, -7], Nonce([1; 32])).unwrap().envelope;
    let second = forecast.prove(&[-5, 33], Nonce([2; 32])).unwrap().envelope;
    let hours = [&first, &second].map(|envelope| envelope.public.outputs[0]);
    let third = allocation.prove(&[160, hours[0], hours[1] + lie, 24], Nonce([3; 32])).unwrap().envelope;
    vec![first, second, third]
}

#[test]
fn a_chain_of_proofs_is_verified() {
    let keys = keys();
    let step = |key: usize, nonce, inputs| {
        let (nonce, inputs) = (Some(Nonce([nonce; 32])), Some(inputs));
        let expected = Expected { nonce, inputs, ..ANY };
        ChainStep { key: &keys[key].verifier, expected }
    };
    let steps = [step(0, 1, vec![40, -7]), step(0, 2, vec![-5, 33]), step(1, 3, vec![160, 24])];
    let chain = ProofChain::new(prove(&keys, 0), links()).unwrap();
    let verified = verify_chain(&steps, &links(), &chain).unwrap();
    let hours = [0, 1].map(|proof| verified.claims()[proof].outputs()[0]);
    assert_eq!(verified.claims()[2].inputs(), [160, hours[0], hours[1], 24]);

    // Each proof holds, but the last is not about what the second has computed.
    let chain = ProofChain::new(prove(&keys, 1), links()).unwrap();
    let source = LinkError::Value { position: 0, output: hours[1], input: hours[1] + 1 };
    let refused = ChainError::Link { link: 1, at: link(1, 2), source };
    assert_eq!(verify_chain(&steps, &links(), &chain), Err(refused));
}

/// Writes the fixtures of `crates/verify/verifier/tests/chain.rs`.
#[test]
#[ignore = "writes files"]
fn write_fixtures() {
    let dir = Path::new(env!("CARGO_MANIFEST_DIR")).join("../crates/verify/verifier/tests/fixtures/chain");
    std::fs::create_dir_all(&dir).unwrap();
    let keys = keys();
    for (name, key) in [("forecast.key", &keys[0]), ("allocation.key", &keys[1])] {
        std::fs::write(dir.join(name), key.verifier.to_bytes()).unwrap();
    }
    for (name, lie) in [("honest.chain", 0), ("unlinked.chain", 1)] {
        let chain = ProofChain::new(prove(&keys, lie), links()).unwrap();
        std::fs::write(dir.join(name), chain.encode().unwrap()).unwrap();
    }
}
