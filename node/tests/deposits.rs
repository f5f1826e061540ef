//! The validator's path to the chain of the deposit contract.

mod support;

use axum::http::StatusCode;
use axum::{Json, Router, routing::post};
use serde_json::{Value, json};
use support::{Net, run};
use vouch_api::{DepositsConfig, paths};

const CONTRACT: &str = "0x9fE46736679d2D9a65F0992F2272dE9f3c7fa6e0";

async fn ask(url: &str, question: &Value) -> (u16, Value) {
    let url = format!("{url}{}", paths::DEPOSITS_RPC);
    let answer = reqwest::Client::new().post(url).json(question).send().await.unwrap();
    (answer.status().as_u16(), answer.json().await.unwrap())
}

/// A node of a chain: it repeats what it was asked, refuses calls, is broken for `eth_getBalance`, and talks without end
/// for logs.
async fn node(Json(question): Json<Value>) -> (StatusCode, String) {
    match question["method"].as_str().unwrap() {
        "eth_call" => (StatusCode::OK, json!({ "error": { "code": 3, "message": "no", "data": "0x01" } }).to_string()),
        "eth_getBalance" => (StatusCode::TOO_MANY_REQUESTS, "slow down".into()),
        "eth_getLogs" => (StatusCode::OK, json!({ "result": "x".repeat(9 << 20) }).to_string()),
        _ => (StatusCode::OK, json!({ "id": question["id"], "result": question }).to_string()),
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn questions_are_passed_on_and_answers_back() {
    let chain = run(Router::new().route("/secret", post(node)), || ()).await;
    let rpc = format!("{}/secret", chain.url);
    let net = Net::new();
    let validator = net
        .validator(|settings| {
            settings.deposit_contract = Some(CONTRACT.into());
            settings.deposit_chain_id = Some(31_337);
            settings.deposit_rpc_url = Some(rpc);
        })
        .await;
    let url = &validator.url;
    let config: DepositsConfig = support::get(url, paths::DEPOSITS).await;
    assert_eq!(config.rpc_url.as_deref(), Some(paths::DEPOSITS_RPC), "the node's own address stays a secret");
    assert_eq!(config.contract.as_deref(), Some(CONTRACT));

    let asked = json!({ "jsonrpc": "2.0", "id": "a", "method": "eth_getBlockByNumber", "params": ["0x1", false] });
    let (status, answer) = ask(url, &asked).await;
    assert_eq!((status, &answer["id"]), (200, &json!("a")));
    assert_eq!(answer["result"]["method"], "eth_getBlockByNumber");
    assert_eq!(answer["result"]["params"], json!(["0x1", false]));

    let (status, answer) = ask(url, &json!({ "method": "eth_call", "params": [{ "to": CONTRACT }] })).await;
    assert_eq!((status, &answer["error"]["data"]), (200, &json!("0x01")), "a refusal of the node is an answer");

    let (status, answer) = ask(url, &json!({ "method": "eth_getBalance", "params": [] })).await;
    assert_eq!((status, answer["detail"].as_str().unwrap().contains("429")), (503, true), "{answer}");
    let (status, answer) = ask(url, &json!({ "method": "eth_getLogs", "params": [{ "address": CONTRACT }] })).await;
    assert_eq!((status, answer["detail"].as_str().unwrap().contains("bytes")), (503, true), "too long an answer");

    for forbidden in ["eth_sendRawTransaction", "eth_accounts", "anvil_mine"] {
        assert_eq!(ask(url, &json!({ "method": forbidden, "params": [] })).await.0, 403, "{forbidden}");
    }
    assert_eq!(ask(url, &json!([asked])).await.0, 400, "a list of questions");
    assert_eq!(ask(url, &json!({ "method": "eth_call", "params": ["x".repeat(20_000)] })).await.0, 413);

    chain.stop().await;
    let (status, answer) = ask(url, &asked).await;
    assert_eq!(status, 503, "502 and 504 would say that the validator is away");
    assert_eq!(answer["title"], "The chain's node does not answer");
    assert!(!answer.to_string().contains("secret"), "{answer}");
}

#[tokio::test(flavor = "multi_thread")]
async fn who_asks_too_much_waits() {
    let chain = run(Router::new().route("/", post(node)), || ()).await;
    let net = Net::new();
    let validator = net
        .validator(|settings| {
            settings.deposit_contract = Some(CONTRACT.into());
            settings.deposit_rpc_url = Some(chain.url.clone());
        })
        .await;
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
async fn without_a_chain_there_is_nothing_to_ask() {
    let net = Net::new();
    let validator = net.validator(|_| ()).await;
    let config: DepositsConfig = support::get(&validator.url, paths::DEPOSITS).await;
    assert_eq!(config, DepositsConfig::default());
    assert_eq!(ask(&validator.url, &json!({ "method": "eth_chainId" })).await.0, 404);
}
