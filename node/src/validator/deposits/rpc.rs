//! Questions to the chain's node, for the dashboard.
//!
//! The page's policy allows it no address but the validator's, and the node's address may contain a secret, so the
//! validator passes questions on: the ones that the page asks, which only read, and logs only of the deposit contract.
//! Where they go is configured; they and their answers are limited in size, time and number.

use std::net::IpAddr;
use std::time::Duration;

use anyhow::{Result, anyhow, ensure};
use reqwest::{Client, StatusCode, Url};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use thiserror::Error;
use tokio::sync::Semaphore;
use vouch_deposits::Address;

use crate::limit::Limiter;

/// The longest answer.
const MAX_ANSWER: usize = 4 << 20;
/// How long the node may take.
const TIMEOUT: Duration = Duration::from_secs(10);
/// How long a question may wait for its turn.
const WAIT: Duration = Duration::from_secs(5);
/// Questions that are with the node at once: with the longest answers, a few hundred megabytes.
const OPEN: usize = 16;
/// Questions a second of each client, in the long run.
const RATE: f64 = 10.0;
/// Questions of each client at once.
const BURST: u32 = 100;

/// A question, as JSON-RPC 2.0 has it. Lists of questions are not taken.
#[derive(Debug, Clone, Deserialize, Serialize, utoipa::ToSchema)]
pub(in crate::validator) struct Question {
    #[serde(default)]
    #[schema(value_type = Object)]
    id: Value,
    /// One of `eth_chainId`, `eth_call`, `eth_getLogs`, `eth_getBlockByNumber`.
    method: String,
    #[serde(default)]
    #[schema(value_type = Vec<Object>)]
    params: Vec<Value>,
}

/// A question without an answer.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub(in crate::validator) enum RpcError {
    #[error("too many requests; the next is possible in {retry_after_s} s")]
    Rate { retry_after_s: u64 },
    /// The page does not ask this.
    #[error("{0}")]
    NotPassedOn(&'static str),
    #[error("too many questions are with the chain's node")]
    Full,
    /// The node is away, or what it says is of no use.
    #[error("{0}")]
    Node(String),
}

/// The chain's node.
pub(super) struct Rpc {
    url: Url,
    contract: Address,
    client: Client,
    limiter: Limiter<IpAddr>,
    open: Semaphore,
}

impl Rpc {
    /// A node at an address.
    pub(super) fn new(url: &str, contract: Address) -> Result<Self> {
        // The address may contain a secret: errors do not repeat it.
        let url: Url = url.parse().map_err(|error| anyhow!("{error}"))?;
        ensure!(["http", "https"].contains(&url.scheme()), "it starts neither with http nor with https");
        let client = Client::builder()
            .redirect(reqwest::redirect::Policy::none())
            .connect_timeout(TIMEOUT)
            .timeout(TIMEOUT)
            .build()
            .map_err(|error| anyhow!("{}", error.without_url()))?;
        Ok(Self { url, contract, client, limiter: Limiter::new(RATE, BURST), open: Semaphore::new(OPEN) })
    }

    /// The node's address, which is nobody else's business.
    pub(super) fn url(&self) -> &str {
        self.url.as_str()
    }

    /// Passes a question on.
    ///
    /// # Errors
    /// [`RpcError`].
    pub(super) async fn ask(&self, client: IpAddr, question: Question) -> Result<Value, RpcError> {
        self.limiter.take(client).map_err(|retry_after_s| RpcError::Rate { retry_after_s })?;
        self.permit(&question)?;
        let Ok(Ok(_turn)) = tokio::time::timeout(WAIT, self.open.acquire()).await else {
            return Err(RpcError::Full);
        };
        let Question { id, method, params } = question;
        let body = json!({ "jsonrpc": "2.0", "id": 1, "method": method, "params": params });
        let (status, mut answer) = self.exchange(&body).await?;
        let mut part = |name: &str| answer.get_mut(name).map(Value::take).filter(|part| !part.is_null());
        // Nodes that refuse a question say so with any status; the reason is in the answer.
        match (part("error"), part("result")) {
            (Some(error), _) => Ok(json!({ "jsonrpc": "2.0", "id": id, "error": error })),
            (None, result) if status.is_success() && answer.is_object() => {
                Ok(json!({ "jsonrpc": "2.0", "id": id, "result": result }))
            }
            _ => Err(RpcError::Node(format!("it answers with status {} and no result", status.as_u16()))),
        }
    }

    /// The status of the node's answer, and its body, if that is JSON.
    async fn exchange(&self, body: &Value) -> Result<(StatusCode, Value), RpcError> {
        let down = |error: reqwest::Error| RpcError::Node(reason(&error).to_owned());
        let mut response = self.client.post(self.url.clone()).json(body).send().await.map_err(down)?;
        let mut text = Vec::new();
        while let Some(chunk) = response.chunk().await.map_err(down)? {
            if text.len() + chunk.len() > MAX_ANSWER {
                return Err(RpcError::Node(format!("its answer has more than {MAX_ANSWER} bytes")));
            }
            text.extend_from_slice(&chunk);
        }
        Ok((response.status(), serde_json::from_slice(&text).unwrap_or_default()))
    }

    /// Whether a question is one of the page's.
    fn permit(&self, question: &Question) -> Result<(), RpcError> {
        let forbidden = RpcError::NotPassedOn;
        match (question.method.as_str(), question.params.as_slice()) {
            ("eth_chainId", []) => Ok(()),
            // A third parameter would be a state that is made up.
            ("eth_call", [call, _]) if call.is_object() => Ok(()),
            ("eth_getBlockByNumber", [_, Value::Bool(false)]) => Ok(()),
            ("eth_getLogs", [filter]) if self.is_contract(filter.get("address")) => Ok(()),
            ("eth_getLogs", _) => Err(forbidden("logs are passed on of the deposit contract only")),
            ("eth_chainId" | "eth_call" | "eth_getBlockByNumber", _) => Err(forbidden("not with these parameters")),
            _ => Err(forbidden("this method is not one that the dashboard needs")),
        }
    }

    fn is_contract(&self, address: Option<&Value>) -> bool {
        address.and_then(Value::as_str).and_then(|text| text.parse().ok()) == Some(self.contract)
    }
}

/// In words of our own: those of the library contain the address.
fn reason(error: &reqwest::Error) -> &'static str {
    match error {
        error if error.is_timeout() => "it takes too long",
        error if error.is_connect() => "no connection",
        _ => "the connection broke",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const CONTRACT: &str = "0x9fE46736679d2D9a65F0992F2272dE9f3c7fa6e0";

    fn permitted(method: &str, params: Value) -> bool {
        let rpc = Rpc::new("http://127.0.0.1:1", CONTRACT.parse().unwrap()).unwrap();
        let question = serde_json::from_value(json!({ "method": method, "params": params }));
        question.is_ok_and(|question| rpc.permit(&question).is_ok())
    }

    #[test]
    fn only_the_pages_questions_are_passed_on() {
        assert!(permitted("eth_chainId", json!([])));
        assert!(permitted("eth_call", json!([{ "to": CONTRACT }, "latest"])));
        assert!(permitted("eth_getBlockByNumber", json!(["0x1", false])));
        for method in
            ["eth_sendRawTransaction", "eth_sendTransaction", "eth_accounts", "anvil_mine", "eth_call ", "ETH_CALL", ""]
        {
            assert!(!permitted(method, json!([])), "{method}");
        }
        let made_up = json!({ CONTRACT: { "code": "0x" } });
        assert!(!permitted("eth_call", json!([{ "to": CONTRACT }, "latest", made_up])), "a state that is made up");
        assert!(!permitted("eth_call", json!({ "to": CONTRACT })), "parameters are a list");
        assert!(!permitted("eth_getBlockByNumber", json!(["latest", true])), "all transactions of a block");
    }

    #[test]
    fn logs_are_those_of_the_contract() {
        let logs = |address: Value| permitted("eth_getLogs", json!([{ "address": address }]));
        assert!(logs(json!(CONTRACT)) && logs(json!(CONTRACT.to_lowercase())));
        assert!(!logs(json!("0x0000000000000000000000000000000000000001")));
        assert!(!logs(json!([CONTRACT, "0x0000000000000000000000000000000000000001"])) && !logs(Value::Null));
        assert!(!permitted("eth_getLogs", json!([])));
        assert!(!permitted("eth_getLogs", json!([{ "address": CONTRACT }, {}])));
    }

    #[test]
    fn addresses_of_nodes_are_checked_and_not_repeated() {
        for wrong in ["", "ftp://secret.example/key", "secret", "http://secret:x:y"] {
            let error = Rpc::new(wrong, Address::ZERO).err().map(|error| format!("{error:#}"));
            assert!(error.is_some_and(|text| !text.contains("secret")), "{wrong}");
        }
    }
}
