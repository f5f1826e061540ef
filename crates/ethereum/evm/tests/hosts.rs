//! The cases of the verifier's other hosts (`vouch_testing::tamper`), and the bytes of calls, through three machines: the verifier in
//! Rust, the contract in revm in this process, and the contract in anvil over JSON-RPC. All give the same verdicts, and both machines
//! the same bytes.

mod chain;
mod models;
mod node;

use alloy_primitives::{B256, U256, uint};
use alloy_sol_types::{SolCall, SolInterface};
use chain::Chain;
use models::{Case, cases};
use node::Node;
use rand::{RngCore, SeedableRng};
use rand_chacha::ChaCha8Rng;
use vouch_envelope::ProofEnvelope;
use vouch_evm::contract::IVouchVerifier::Claim;
use vouch_evm::contract::VouchVerifier::{VouchVerifierErrors, registerKeyCall, verifyCall, verifyManyCall};
use vouch_evm::{public_values, register_call, verify_call};
use vouch_testing::ANY;
use vouch_testing::tamper::{mutate, tampered};
use vouch_verifier::{VerifierKey, verify};

/// Changed envelopes, changed keys and random keys of each model, as for the other hosts.
const MUTATIONS: usize = 100;

/// The same contract in both machines, and how often what was answered.
struct Machines {
    chain: Chain,
    node: Option<Node>,
    accepted: usize,
    refused: usize,
}

impl Machines {
    fn new(node: bool) -> Self {
        Self { chain: Chain::new(true), node: node.then(Node::start), accepted: 0, refused: 0 }
    }

    fn register(&mut self, case: &Case) {
        self.chain.register(case.key.to_bytes());
        if let Some(node) = &self.node {
            node.send(&register_call(&case.key).unwrap());
        }
    }

    /// What a call returns; none if it reverts. A revert has a name, unless `decoded` says that the bytes may be no arguments.
    fn call(&mut self, data: &[u8], decoded: bool, what: &str) -> Option<Vec<u8>> {
        let answer = self.chain.call(data);
        if let Some(node) = &self.node {
            assert_eq!(answer, node.call(data), "{what}: two machines differ");
        }
        match answer {
            Ok(answer) => Some(answer),
            Err(reason) => {
                let named = VouchVerifierErrors::abi_decode(&reason).is_ok() || (!decoded && reason.is_empty());
                assert!(named, "{what}: no named error");
                None
            }
        }
    }

    fn accepts(&mut self, data: &[u8], decoded: bool, what: &str) -> bool {
        let yes = self.call(data, decoded, what).is_some_and(|answer| answer == B256::with_last_byte(1).0);
        if yes {
            self.accepted += 1;
        } else {
            self.refused += 1;
        }
        yes
    }
}

/// The call about an envelope, also where its values are not those of the key's tensors.
fn call_of(key: &VerifierKey, envelope: &ProofEnvelope) -> verifyCall {
    let public = &envelope.public;
    let values = public_values(key.schema(), envelope).unwrap_or_else(|_| {
        let values = public.inputs.iter().chain(&public.outputs).flat_map(|value| value.to_be_bytes());
        values.chain(public.input_hashes.iter().chain(&public.output_hashes).flat_map(|hash| hash.0)).collect()
    });
    verifyCall {
        modelId: B256::from(envelope.model_id.0),
        proof: envelope.proof.clone().into(),
        publicValues: values.into(),
        nonce: B256::from(envelope.nonce.0),
    }
}

/// Honest, tampered and mutated envelopes; mutated and random keys.
fn same_cases(machines: &mut Machines) -> usize {
    let mut count = 0;
    for (seed, case) in (0u64..).zip(cases()) {
        machines.register(&case);
        let honest = case.envelopes[0].encode().unwrap();
        let mut envelopes = tampered(&honest).unwrap();
        envelopes.extend(case.envelopes.iter().map(|e| ("honest".to_owned(), e.encode().unwrap())));
        let mut rng = ChaCha8Rng::seed_from_u64(seed);
        let mut keys = vec![case.key.to_bytes().to_vec()];
        for number in 0..MUTATIONS {
            let (mut bytes, mut changed, mut random) =
                (honest.clone(), case.key.to_bytes().to_vec(), vec![0; number * 7 % 400]);
            mutate(&mut rng, &mut bytes);
            mutate(&mut rng, &mut changed);
            rng.fill_bytes(&mut random);
            envelopes.push((format!("mutation {number}"), bytes));
            keys.extend([changed, random]);
        }
        for (what, bytes) in envelopes {
            count += 1;
            // What is no envelope is no statement, for the contract either.
            let Ok(envelope) = ProofEnvelope::decode(&bytes) else { continue };
            let what = format!("{}: {what}", case.name);
            let own = verify(&case.key, &ANY, &envelope).is_ok();
            assert_eq!(machines.accepts(&call_of(&case.key, &envelope).abi_encode(), true, &what), own, "{what}");
        }
        for (number, bytes) in keys.into_iter().enumerate() {
            count += 1;
            let own = VerifierKey::from_bytes(&bytes);
            let what = format!("{}: key {number}", case.name);
            let answer = machines.call(&registerKeyCall { key: bytes.into() }.abi_encode(), true, &what);
            match (&own, &answer) {
                (Ok(key), Some(id)) => assert_eq!(id[..], key.model_id().0, "{what}"),
                (Err(_), None) => {}
                // The contract does not look at what texts say.
                (Err(error), Some(_)) => assert!(error.to_string().ends_with("is not UTF-8"), "{what}: {error}"),
                (Ok(_), None) => panic!("{what}: the contract refuses what the verifier accepts"),
            }
        }
    }
    count
}

/// Each word of a call changed in several ways; bytes cut off and added.
fn changed_calldata(machines: &mut Machines) -> usize {
    let q = uint!(21888242871839275222246405745257275088696311157297823662689037894645226208583_U256);
    let mut count = 0;
    for case in cases() {
        machines.register(&case);
        let calls: Vec<verifyCall> = case.envelopes.iter().map(|e| verify_call(&case.key, e).unwrap()).collect();
        let claims =
            calls.iter().cloned().map(|c| Claim { proof: c.proof, publicValues: c.publicValues, nonce: c.nonce });
        let many = verifyManyCall { modelId: calls[0].modelId, claims: claims.collect() };
        for (name, data) in [("verify", calls[0].abi_encode()), ("verifyMany", many.abi_encode())] {
            assert!(machines.accepts(&data, true, name), "{}: {name}", case.name);
            let step = if name == "verify" { 1 } else { 5 };
            for word in (0..(data.len() - 4) / 32).step_by(step) {
                let place = 4 + 32 * word..36 + 32 * word;
                let old = U256::from_be_slice(&data[place.clone()]);
                let changes = [
                    old ^ U256::from(1),
                    old ^ (U256::from(1) << 255),
                    old.wrapping_add(q),
                    U256::MAX,
                    q - U256::from(1),
                ];
                for new in changes.into_iter().filter(|new| *new != old) {
                    let mut changed = data.clone();
                    changed[place.clone()].copy_from_slice(&new.to_be_bytes::<32>());
                    let what = format!("{}: word {word} of {name}", case.name);
                    assert!(!machines.accepts(&changed, false, &what), "{what}");
                    count += 1;
                }
            }
            for length in [4, 35, 36, 131, 132, data.len() - 32, data.len() - 1, data.len() + 1, data.len() + 32] {
                let mut changed = data.clone();
                changed.resize(length, 0);
                let what = format!("{}: {name} of {length} bytes", case.name);
                assert!(!machines.accepts(&changed, false, &what), "{what}");
                count += 1;
            }
        }
    }
    count
}

#[test]
fn verdicts_are_those_of_the_verifier() {
    let mut machines = Machines::new(false);
    let count = same_cases(&mut machines);
    println!("{count} cases: {} accepted, {} refused", machines.accepted, machines.refused);
    assert!(count > 1_700 && machines.accepted >= 8, "{count} cases, {} accepted", machines.accepted);
}

#[test]
fn changed_calldata_is_refused() {
    let count = changed_calldata(&mut Machines::new(false));
    println!("{count} changes");
}

#[test]
#[ignore = "needs anvil: cargo xtask test --only contracts"]
fn a_node_gives_the_same_verdicts() {
    let mut machines = Machines::new(true);
    let count = same_cases(&mut machines) + changed_calldata(&mut machines);
    println!("{count} cases: {} accepted, {} refused", machines.accepted, machines.refused);
    assert!(count > 1_700 && machines.accepted >= 16, "{count} cases, {} accepted", machines.accepted);
}

/// The files that the tests of `contracts` use are what `vouch export --evm` writes for the frozen proofs.
#[test]
fn exported_files_are_of_the_frozen_proofs() {
    let root = concat!(env!("CARGO_MANIFEST_DIR"), "/../../..");
    let read = |file: &str| std::fs::read(format!("{root}/{file}")).unwrap();
    let key = VerifierKey::from_bytes(&read("crates/verify/verifier/tests/fixtures/evm.key")).unwrap();
    for i in 0..2 {
        let proof = read(&format!("crates/verify/verifier/tests/fixtures/evm-{i}.envelope"));
        let call = verify_call(&key, &ProofEnvelope::decode(&proof).unwrap()).unwrap();
        let calls: serde_json::Value =
            serde_json::from_slice(&read(&format!("contracts/test/calls/evm-{i}.json"))).unwrap();
        let hex = |bytes: &[u8]| alloy_primitives::hex::encode_prefixed(bytes);
        assert_eq!(calls["verify"], hex(&call.abi_encode()));
        assert_eq!(calls["registerKey"], hex(&register_call(&key).unwrap()));
        assert_eq!(calls["proof"], hex(&call.proof));
        assert_eq!(calls["publicValues"], hex(&call.publicValues));
    }
}
