//! Deposits without a chain: nodes that are no use, and validators without a contract. With one: `deposits_chain.rs`.

use std::sync::Arc;

use axum::http::StatusCode;
use axum::{Json, Router, routing::post};
use serde_json::{Value, json};
use vouch_api::{DepositsConfig, paths};
use vouch_node::engine;
use vouch_node::validator::{Validator, ValidatorSettings};

use crate::support::deposits::{ask, path, refused};
use crate::support::{Net, Running, get, run};

const CONTRACT: &str = "0x9fE46736679d2D9a65F0992F2272dE9f3c7fa6e0";
const STRANGER: &str = "0x00000000000000000000000000000000DeaDBeef";

/// A node that is no use: it refuses calls in an odd way, talks without end for logs, and is busy for blocks.
async fn useless(Json(question): Json<Value>) -> (StatusCode, String) {
    match question["method"].as_str().unwrap() {
        "eth_call" => {
            (StatusCode::BAD_REQUEST, json!({ "error": { "code": 3, "message": "no", "data": "0x01" } }).to_string())
        }
        "eth_getLogs" => (StatusCode::OK, json!({ "result": "x".repeat(5 << 20) }).to_string()),
        "eth_getBlockByNumber" => (StatusCode::TOO_MANY_REQUESTS, "slow down".into()),
        _ => (StatusCode::OK, "<html>hello</html>".into()),
    }
}

async fn with_node(net: &Net, node: &Running) -> Running {
    let url = format!("{}/secret", node.url);
    let change = |settings: &mut ValidatorSettings| {
        settings.deposits.contract = Some(CONTRACT.into());
        settings.deposits.chain_id = Some(31_337);
        settings.deposits.rpc_url = Some(url);
        settings.deposits.poll_ms = 60_000;
    };
    net.validator(change).await
}

#[tokio::test(flavor = "multi_thread")]
async fn nodes_that_are_no_use_are_said_to_be_without_their_address() {
    let node = run(Router::new().route("/secret", post(useless)), || ()).await;
    let net = Net::new();
    let validator = with_node(&net, &node).await;
    let url = &validator.url;
    let config: DepositsConfig = get(url, paths::DEPOSITS).await;
    assert_eq!(config.rpc_url.as_deref(), Some(paths::DEPOSITS_RPC), "the node's own address stays a secret");
    let call = json!({ "method": "eth_call", "params": [{ "to": CONTRACT }, "latest"] });
    let (status, answer) = ask(url, &call).await;
    assert_eq!((status, &answer["error"]["data"]), (200, &json!("0x01")), "a refusal of the node is an answer");
    for (question, why) in [
        (json!({ "method": "eth_chainId" }), "status 200 and no result"),
        (json!({ "method": "eth_getLogs", "params": [{ "address": CONTRACT }] }), "more than 4194304 bytes"),
        (json!({ "method": "eth_getBlockByNumber", "params": ["0x1", false] }), "status 429"),
    ] {
        let (status, answer) = ask(url, &question).await;
        assert!(status == 503 && answer["detail"].as_str().unwrap().contains(why), "{answer}");
    }
    // Nothing was read of such a chain.
    let (status, _) = refused(url, &path(STRANGER)).await;
    assert_eq!(status, 503);
    node.stop().await;
    let (status, answer) = ask(url, &call).await;
    assert_eq!((status, answer["title"].as_str()), (503, Some("The chain's node does not answer")));
    let health = reqwest::get(format!("{url}/health")).await.unwrap().text().await.unwrap();
    assert!(!answer.to_string().contains("secret") && !health.contains("secret"), "{answer} {health}");
}

#[tokio::test(flavor = "multi_thread")]
async fn who_asks_too_much_waits() {
    let node = run(Router::new().route("/secret", post(useless)), || ()).await;
    let net = Net::new();
    let validator = with_node(&net, &node).await;
    let mut statuses = Vec::new();
    for _ in 0..400 {
        statuses.push(ask(&validator.url, &json!({ "method": "eth_chainId" })).await.0);
        if statuses.last() == Some(&429) {
            break;
        }
    }
    assert!(statuses.len() > 100 && statuses.last() == Some(&429), "{} answers", statuses.len());
}

#[tokio::test(flavor = "multi_thread")]
async fn without_a_contract_there_is_nothing_to_ask() {
    let net = Net::new();
    let validator = net.validator(|_| ()).await;
    let config: DepositsConfig = get(&validator.url, paths::DEPOSITS).await;
    assert_eq!(config, DepositsConfig::default());
    assert_eq!(ask(&validator.url, &json!({ "method": "eth_chainId" })).await.0, 404);
    assert_eq!(refused(&validator.url, &path(STRANGER)).await.0, 404);
}

#[tokio::test(flavor = "multi_thread")]
async fn configurations_that_cannot_work_are_refused_at_the_start() {
    type Change = fn(&mut ValidatorSettings);
    let cases: [(Change, &str); 4] = [
        (|settings| settings.deposits.rpc_url = None, "set all or none"),
        (|settings| settings.deposits.chain_id = None, "set all or none"),
        (|settings| settings.deposits.contract = Some(CONTRACT.replace('F', "f")), "deposits.contract: the checksum"),
        (
            |settings| settings.deposits.rpc_url = Some("ws://secret.example".into()),
            "deposits.rpc_url: it starts neither",
        ),
    ];
    let net = Net::new();
    for (change, why) in cases {
        let mut settings = net.settings();
        settings.deposits.contract = Some(CONTRACT.into());
        settings.deposits.chain_id = Some(31_337);
        settings.deposits.rpc_url = Some("http://127.0.0.1:9".into());
        change(&mut settings);
        let engine = engine::from_settings(&settings.verifier).unwrap();
        let refused = Validator::new(net.key.clone(), settings, Arc::new(net.chain.clone()), engine);
        let error = format!("{:#}", refused.err().unwrap());
        assert!(error.contains(why) && !error.contains("secret"), "{error}");
    }
}
