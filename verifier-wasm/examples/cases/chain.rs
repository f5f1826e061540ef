//! Cases of chains: everything about one changed, and everything that can be expected of it.

use std::path::Path;

use rand::SeedableRng;
use rand_chacha::ChaCha8Rng;
use serde_json::{Value, json};
use vouch_testing::tamper::mutate;
use vouch_verifier::{Link, Nonce, ProofChain, ProofEnvelope, ValueRef};
use vouch_verifier_wasm::api::{self, Key};

use super::{Case, Cases, Error, answer, hex};

/// What the native verifier's own tests use.
const FIXTURES: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../crates/verify/verifier/tests/fixtures/chain");

/// A chain, its keys, and what an honest caller expects.
struct Setting {
    keys: Vec<Vec<u8>>,
    chain: ProofChain,
    expected: Value,
}

fn link(from: (u32, u32), to: (u32, u32), len: u32) -> Link {
    let end = |(proof, start)| ValueRef { proof, start };
    Link { from: end(from), to: end(to), len }
}

impl Cases {
    fn chain(&mut self, name: &str, keys: &[Vec<u8>], chain: &[u8], expected: &str) {
        let loaded = keys.iter().map(|key| Key::load(key)).collect::<Result<Vec<_>, _>>();
        let result = loaded.and_then(|keys| api::verify_chain(&keys, chain, expected.as_bytes()));
        let key = keys.iter().map(|key| hex(key)).collect::<Vec<_>>().join(",");
        let (name, expected) = (format!("chain: {name}"), expected.to_owned());
        self.0.push(Case { name, call: "chain", key, envelope: hex(chain), expected, answer: answer(result) });
    }

    fn inspect_chain(&mut self, name: &str, chain: &[u8]) {
        let (name, answer) = (format!("chain: {name}"), answer(api::inspect_chain(chain)));
        let (key, expected) = (String::new(), String::new());
        self.0.push(Case { name, call: "inspectChain", key, envelope: hex(chain), expected, answer });
    }

    /// A chain of changed proofs, with links that are expected.
    fn changed(
        &mut self,
        name: &str,
        setting: &Setting,
        change: impl FnOnce(&mut Vec<ProofEnvelope>),
    ) -> Result<(), Error> {
        let mut proofs = setting.chain.proofs().to_vec();
        change(&mut proofs);
        let chain = ProofChain::new(proofs, setting.chain.links().to_vec())?;
        self.chain(name, &setting.keys, &chain.encode()?, &setting.expected.to_string());
        Ok(())
    }

    fn proofs_changed(&mut self, setting: &Setting) -> Result<(), Error> {
        for proof in 0..setting.chain.proofs().len() {
            type Change = fn(&mut ProofEnvelope);
            let changes: [(&str, Change); 7] = [
                ("model identity", |e| e.model_id.0[5] ^= 1),
                ("nonce", |e| e.nonce = Nonce([9; 32])),
                ("first input", |e| e.public.inputs[0] += 1),
                ("second input", |e| e.public.inputs[1] -= 1),
                ("first output", |e| e.public.outputs[0] += 1),
                ("second output", |e| e.public.outputs[1] = i64::MAX),
                ("no proof", |e| e.proof.clear()),
            ];
            for (what, change) in changes {
                self.changed(&format!("proof {proof}, {what}"), setting, |proofs| change(&mut proofs[proof]))?;
            }
            let bytes = setting.chain.proofs()[proof].proof.len();
            for at in (0..bytes).step_by(97) {
                let flip = |proofs: &mut Vec<ProofEnvelope>| proofs[proof].proof[at] ^= 1;
                self.changed(&format!("proof {proof}, bit flipped at {at}"), setting, flip)?;
            }
        }
        for (from, to) in [(0, 1), (1, 2)] {
            self.changed(&format!("both ends of the link from proof {from}"), setting, |proofs| {
                proofs[from].public.outputs[0] += 1;
                proofs[2].public.inputs[to] += 1;
            })?;
        }
        self.changed("proofs swapped", setting, |proofs| proofs.swap(0, 1))?;
        self.changed("a proof twice", setting, |proofs| proofs[1] = proofs[0].clone())?;
        self.changed("a proof more", setting, |proofs| proofs.push(proofs[0].clone()))
    }

    /// Links that chain or caller, or both, have otherwise.
    fn links_changed(&mut self, setting: &Setting) -> Result<(), Error> {
        let [first, second] = setting.chain.links() else { return Err("the fixture has two links".into()) };
        let lists: [(&str, Vec<Link>); 9] = [
            ("none", vec![]),
            ("the first", vec![*first]),
            ("the second", vec![*second]),
            ("one more", vec![*first, *second, link((0, 1), (2, 3), 1)]),
            ("another source", vec![link((1, 0), (2, 1), 1), *second]),
            ("another output", vec![link((0, 1), (2, 1), 1), *second]),
            ("another unit", vec![link((0, 0), (2, 0), 1), *second]),
            ("another scale", vec![*first, link((0, 1), (2, 3), 1)]),
            ("two tensors", vec![link((0, 0), (2, 1), 2)]),
        ];
        for (name, links) in lists {
            let claimed = ProofChain::new(setting.chain.proofs().to_vec(), links.clone())?.encode()?;
            let mut expected = setting.expected.clone();
            self.chain(&format!("claimed: {name}"), &setting.keys, &claimed, &expected.to_string());
            expected["links"] = json!(links);
            let honest = setting.chain.encode()?;
            self.chain(&format!("expected: {name}"), &setting.keys, &honest, &expected.to_string());
            expected["steps"][2]["inputs"] = Value::Null;
            self.chain(&format!("agreed: {name}"), &setting.keys, &claimed, &expected.to_string());
        }
        // In another order in the bytes: each link has five, at the end.
        let mut bytes = setting.chain.encode()?;
        let at = bytes.len() - 10;
        bytes[at..].rotate_left(5);
        self.chain("links in another order", &setting.keys, &bytes, &setting.expected.to_string());
        self.inspect_chain("inspect, links in another order", &bytes);
        let mut expected = setting.expected.clone();
        expected["links"] = json!([second, first]);
        self.chain("expected in another order", &setting.keys, &setting.chain.encode()?, &expected.to_string());
        Ok(())
    }

    fn expected_otherwise(&mut self, setting: &Setting) -> Result<(), Error> {
        let honest = setting.chain.encode()?;
        let mut with = |name: &str, change: &dyn Fn(&mut Value)| {
            let mut expected = setting.expected.clone();
            change(&mut expected);
            self.chain(name, &setting.keys, &honest, &expected.to_string());
        };
        with("as expected", &|_| ());
        with("any inputs", &|e| e["steps"][2]["inputs"] = Value::Null);
        with("an input too few", &|e| e["steps"][2]["inputs"] = json!([160]));
        with("an input too many", &|e| e["steps"][2]["inputs"] = json!([160, 24, 0]));
        with("another known input", &|e| e["steps"][2]["inputs"] = json!([160, 25]));
        for step in 0..3 {
            with(&format!("another nonce for proof {step}"), &|e| e["steps"][step]["nonce"] = json!("09".repeat(32)));
            with(&format!("another model for proof {step}"), &|e| {
                e["steps"][step]["model_id"] = json!("09".repeat(32))
            });
            with(&format!("no development setup for proof {step}"), &|e| {
                e["steps"][step]["allow_development_srs"] = json!(false);
            });
        }
        with("a step too few", &|e| drop(e["steps"].as_array_mut().and_then(Vec::pop)));
        let expected = setting.expected.to_string();
        let mut keys = setting.keys.clone();
        keys.rotate_left(1);
        self.chain("other keys", &keys, &honest, &expected);
        let mut two = setting.expected.clone();
        drop(two["steps"].as_array_mut().and_then(Vec::pop));
        self.chain("two proofs expected", &setting.keys[..2], &honest, &two.to_string());
        for text in ["", "{}", "[]", r#"{"steps":[],"links":[]}"#, r#"{"steps":[{}],"links":[{}]}"#, r#"{"links":{}}"#]
        {
            self.chain(&format!("malformed expectation {text}"), &setting.keys, &honest, text);
        }
        Ok(())
    }
}

/// Adds the cases.
pub(super) fn add(cases: &mut Cases, mutations: usize) -> Result<(), Error> {
    let read = |name: &str| std::fs::read(Path::new(FIXTURES).join(name));
    let (forecast, allocation, honest) = (read("forecast.key")?, read("allocation.key")?, read("honest.chain")?);
    let chain = ProofChain::decode(&honest)?;
    let step = |nonce: &str, inputs: Value| json!({ "nonce": nonce.repeat(32), "inputs": inputs, "allow_development_srs": true });
    let steps = [step("01", json!([40, -7])), step("02", json!([-5, 33])), step("03", json!([160, 24]))];
    let expected = json!({ "steps": steps, "links": chain.links() });
    let setting = Setting { keys: vec![forecast.clone(), forecast, allocation], chain, expected };
    cases.expected_otherwise(&setting)?;
    cases.proofs_changed(&setting)?;
    cases.links_changed(&setting)?;
    let expected = setting.expected.to_string();
    cases.chain("each proof holds, a link does not", &setting.keys, &read("unlinked.chain")?, &expected);
    cases.inspect_chain("inspect", &honest);
    for len in (0..honest.len()).step_by(1 + honest.len() / 20) {
        cases.inspect_chain(&format!("inspect, cut at {len}"), &honest[..len]);
        cases.chain(&format!("cut at {len}"), &setting.keys, &honest[..len], &expected);
    }
    let mut rng = ChaCha8Rng::seed_from_u64(7);
    for number in 0..mutations {
        let mut bytes = honest.clone();
        mutate(&mut rng, &mut bytes);
        cases.chain(&format!("mutation {number}"), &setting.keys, &bytes, &expected);
    }
    Ok(())
}
