use alloy_primitives::{B256, U256, hex};
use alloy_sol_types::SolError;
use serde_json::json;
use vouch_evm::contract::VouchVerifier::{MessageNotCanonical, ProofLength, UnknownModel};
use vouch_verifier::VerifierKey;

use super::*;

const CONTRACT: &str = "0x9fE46736679d2D9a65F0992F2272dE9f3c7fa6e0";
const KEY: &[u8] = include_bytes!("../../../../verify/verifier/tests/fixtures/evm.key");
const ENVELOPE: &[u8] = include_bytes!("../../../../verify/verifier/tests/fixtures/evm-0.envelope");
/// What `vouch export --evm` wrote of them.
const EXPORTED: &str = include_str!("../../../../../contracts/test/calls/evm-0.json");

fn facts(key: &[u8]) -> KeyFacts {
    let key = VerifierKey::from_bytes(key).unwrap();
    KeyFacts { model_id: key.model_id(), srs_kind: "development".into(), schema: key.schema().clone() }
}

fn said(answer: Answer) -> Said {
    Said { answer, gas: Some(1), chain: 1, allows_development: false }
}

fn reverted(data: Vec<u8>) -> Result<Value, NodeFailure> {
    Err(NodeFailure::Refused { message: "execution reverted".into(), data: Some(data) })
}

#[test]
fn the_call_is_the_one_that_is_exported() {
    let envelope = ProofEnvelope::decode(ENVELOPE).unwrap();
    let exported: Value = serde_json::from_str(EXPORTED).unwrap();
    assert_eq!(hexadecimal(&call(KEY, &facts(KEY), &envelope).unwrap()), exported["verify"].as_str().unwrap());
    let place = Place::read("https://node.example", CONTRACT, "1").unwrap();
    assert_eq!(call_question(&place, &[1, 255]), json!([{ "to": CONTRACT, "data": "0x01ff" }, "latest"]));
    assert_eq!(code_question(&place), json!([CONTRACT, "latest"]));

    let small = include_bytes!("../../../../verify/verifier/tests/fixtures/small.key");
    assert_eq!(call(small, &facts(small), &envelope), Err(CallError::OtherProfile));
}

#[test]
fn what_is_typed_is_read_field_by_field() {
    let read = Place::read(" http://127.0.0.1:8545 ", CONTRACT, " 31337 ").unwrap();
    assert_eq!((read.node.as_str(), read.chain), ("http://127.0.0.1:8545", Some(31337)));
    assert_eq!(Place::read("https://node.example/key", CONTRACT, "").unwrap().chain, None);
    for node in ["", "node.example", "ftp://node.example", "https://", "wss://node.example", "https://a b"] {
        let mistakes = Place::read(node, CONTRACT, "").unwrap_err();
        assert_eq!(mistakes.node.as_deref(), Some("A node's address starts with https:// or http://."), "{node}");
        assert_eq!((mistakes.contract, mistakes.chain), (None, None));
    }
    let mistakes = Place::read("", "0x12", "main").unwrap_err();
    assert!(mistakes.node.is_some() && mistakes.chain.is_some());
    assert!(mistakes.contract.unwrap().contains("40 hexadecimal digits"));
}

#[test]
fn answers_of_nodes_are_read() {
    assert_eq!(result(r#"{"jsonrpc":"2.0","id":1,"result":"0x1"}"#), Ok(json!("0x1")));
    let refused = |data: Option<Vec<u8>>| Err(NodeFailure::Refused { message: "reverted".into(), data });
    for data in [r#""0x00ff""#, r#"{"data":"0x00ff"}"#] {
        assert_eq!(
            result(&format!(r#"{{"error":{{"message":"reverted","data":{data}}}}}"#)),
            refused(Some(vec![0, 255]))
        );
    }
    assert_eq!(result(r#"{"error":{"message":"reverted"}}"#), refused(None));
    assert_eq!(result(r#"{"error":{"message":"reverted","data":"what"}}"#), refused(None));
    for wrong in ["", "<html>", "[]", "{}", "3", r#"{"result":null}"#] {
        assert!(matches!(result(wrong), Err(NodeFailure::Malformed(_))), "{wrong}");
    }
    let long = result(&format!(r#"{{"error":{{"message":"{}"}}}}"#, "x".repeat(9_000)));
    let Err(NodeFailure::Refused { message, .. }) = long else { panic!() };
    assert_eq!(message.len(), MAX_MESSAGE);
}

#[test]
fn chain_and_code_are_looked_at_first() {
    let mut place = Place::read("https://node.example", CONTRACT, "1").unwrap();
    assert_eq!(chain(&place, &json!("0x1")), Ok(1));
    let other = chain(&place, &json!("0x7a69")).unwrap_err();
    assert_eq!(
        other.sentence(),
        "The node is of chain 31337, but the contract is on chain 1. Give a node of chain 1, or correct the chain's number."
    );
    place.chain = None;
    assert_eq!(chain(&place, &json!("0x7a69")), Ok(31337));
    assert!(matches!(chain(&place, &json!(1)), Err(Obstacle::Node(NodeFailure::Malformed(_)))));

    assert_eq!(code(1, &json!("0x")), Err(Obstacle::NoContract { chain: 1 }));
    assert_eq!(code(1, &json!("0x6001")), Err(Obstacle::OtherContract { chain: 1 }));
    assert!(matches!(code(1, &json!("6001")), Err(Obstacle::Node(NodeFailure::Malformed(_)))));
    let sentence = Obstacle::NoContract { chain: 1 }.sentence();
    assert!(sentence.contains("Check the address"), "{sentence}");
}

#[test]
fn the_contracts_answers_are_words() {
    let word = |last: u8| Ok(json!(format!("0x{}{last:02x}", "00".repeat(31))));
    assert_eq!(answer(word(1)), Ok(Answer::Valid));
    assert_eq!(answer(word(0)), Ok(Answer::NotValid));
    assert_eq!((said(Answer::Valid).word(), said(Answer::NotValid).word()), ("Valid", "Not valid"));
    for wrong in [word(2), Ok(json!("0x")), Ok(json!(1))] {
        assert!(matches!(answer(wrong), Err(Obstacle::Node(NodeFailure::Malformed(_)))));
    }

    let unknown = answer(reverted(UnknownModel { modelId: B256::ZERO }.abi_encode())).unwrap();
    let unknown = said(unknown);
    assert!(unknown.is_unregistered());
    assert_eq!(unknown.word(), "Key not registered");
    assert!(unknown.sentence().contains("vouch export") && unknown.sentence().ends_with("development setups."));

    let refused = |data: Vec<u8>| said(answer(reverted(data)).unwrap());
    let point = refused(MessageNotCanonical { offset: U256::from(64) }.abi_encode());
    assert_eq!(point.word(), "Refused");
    assert!(!point.is_unregistered());
    assert!(
        point.sentence().starts_with("The contract reverts with MessageNotCanonical: what is at byte 64 of the proof")
    );
    let length = refused(ProofLength { length: U256::from(3), expected: U256::from(9) }.abi_encode());
    assert!(length.sentence().ends_with("the proof has 3 bytes, and proofs of this model have 9."));

    // A revert without a name is the node's word, and so is a refusal without one.
    for data in [vec![], hex!("08c379a0").to_vec()] {
        assert!(matches!(answer(reverted(data)), Err(Obstacle::Node(NodeFailure::Refused { .. }))));
    }
    let slow = answer(Err(NodeFailure::Slow)).unwrap_err();
    assert_eq!(slow.sentence(), "The node has not answered in time. Try again, or give another node.");
    assert_eq!(gas(&json!("0x4c000")), Ok(311_296));
    assert!(gas(&json!(null)).is_err());
}
