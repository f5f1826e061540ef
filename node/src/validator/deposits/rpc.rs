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
use serde_json::{Map, Value, json};
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
/// Gas that a call may use: an account's overview takes a few hundred thousand.
const GAS: &str = "0x989680";
/// Most conditions on topics of one question for logs.
const MAX_TOPICS: usize = 64;

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
    /// Which contracts are tokens is not known yet.
    #[error("the chain has not been read yet")]
    NotYet,
    /// The node is away, or what it says is of no use.
    #[error("{0}")]
    Node(String),
}

/// The chain's node.
pub(super) struct Rpc {
    url: Url,
    contract: Address,
    first_block: u64,
    client: Client,
    limiter: Limiter<IpAddr>,
    open: Semaphore,
}

impl Rpc {
    /// A node at an address.
    pub(super) fn new(url: &str, contract: Address, first_block: u64) -> Result<Self> {
        // The address may contain a secret: errors do not repeat it.
        let url: Url = url.parse().map_err(|error| anyhow!("{error}"))?;
        ensure!(["http", "https"].contains(&url.scheme()), "it starts neither with http nor with https");
        let client = Client::builder()
            .redirect(reqwest::redirect::Policy::none())
            .connect_timeout(TIMEOUT)
            .timeout(TIMEOUT)
            .build()
            .map_err(|error| anyhow!("{}", error.without_url()))?;
        Ok(Self { url, contract, first_block, client, limiter: Limiter::new(RATE, BURST), open: Semaphore::new(OPEN) })
    }

    /// The node's address, which is nobody else's business.
    pub(super) fn url(&self) -> &str {
        self.url.as_str()
    }

    /// Passes a question on.
    ///
    /// # Errors
    /// [`RpcError`].
    pub(super) async fn ask(
        &self,
        client: IpAddr,
        question: Question,
        tokens: Option<&[Address]>,
    ) -> Result<Value, RpcError> {
        self.limiter.take(client).map_err(|retry_after_s| RpcError::Rate { retry_after_s })?;
        let params = self.permitted(&question, tokens)?;
        let Ok(Ok(_turn)) = tokio::time::timeout(WAIT, self.open.acquire()).await else {
            return Err(RpcError::Full);
        };
        let Question { id, method, .. } = question;
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

    /// The parameters of a question as they are passed on: what the page asks, and nothing beside it. Calls are of the
    /// contract and its `tokens`, with bounded gas; logs are of the contract, from its first block on.
    fn permitted(&self, question: &Question, tokens: Option<&[Address]>) -> Result<Value, RpcError> {
        let forbidden = |detail| Err(RpcError::NotPassedOn(detail));
        match (question.method.as_str(), question.params.as_slice()) {
            ("eth_chainId", []) => Ok(json!([])),
            // A third parameter would be a state that is made up.
            ("eth_call", [Value::Object(call), block]) if is_block(block) => {
                match address(call.get("to")) {
                    Some(to) if to == self.contract => {}
                    Some(to) => match tokens {
                        Some(tokens) if tokens.contains(&to) => {}
                        Some(_) => return forbidden("calls are passed on of the deposit contract and its tokens only"),
                        None => return Err(RpcError::NotYet),
                    },
                    None => return forbidden("calls are passed on of the deposit contract and its tokens only"),
                }
                let mut own = Map::new();
                for name in ["from", "to", "data", "input"] {
                    own.extend(call.get(name).map(|value| (name.to_owned(), value.clone())));
                }
                own.insert("gas".to_owned(), json!(GAS));
                Ok(json!([own, block]))
            }
            ("eth_getBlockByNumber", [block, Value::Bool(false)]) if is_block(block) => Ok(json!([block, false])),
            ("eth_getLogs", [Value::Object(filter)]) if address(filter.get("address")) == Some(self.contract) => {
                let from = filter.get("fromBlock").and_then(number).unwrap_or(0).max(self.first_block);
                let mut own = Map::new();
                own.insert("address".to_owned(), json!(self.contract.to_checksum(None)));
                own.insert("fromBlock".to_owned(), json!(format!("{from:#x}")));
                if let Some(to) = filter.get("toBlock") {
                    if !is_block(to) {
                        return forbidden("not with these parameters");
                    }
                    own.insert("toBlock".to_owned(), to.clone());
                }
                if let Some(topics) = filter.get("topics") {
                    if conditions(topics) > MAX_TOPICS {
                        return forbidden("not with so many topics");
                    }
                    own.insert("topics".to_owned(), topics.clone());
                }
                Ok(json!([own]))
            }
            ("eth_getLogs", _) => forbidden("logs are passed on of the deposit contract only"),
            ("eth_chainId" | "eth_call" | "eth_getBlockByNumber", _) => forbidden("not with these parameters"),
            _ => forbidden("this method is not one that the dashboard needs"),
        }
    }
}

fn address(value: Option<&Value>) -> Option<Address> {
    value.and_then(Value::as_str).and_then(|text| text.parse().ok())
}

/// A number, from hexadecimal with `0x`.
fn number(value: &Value) -> Option<u64> {
    u64::from_str_radix(value.as_str()?.strip_prefix("0x")?, 16).ok()
}

fn is_block(value: &Value) -> bool {
    value == "latest" || number(value).is_some()
}

/// Number of values in a filter's topics, which are lists of values or lists of such lists.
fn conditions(topics: &Value) -> usize {
    match topics {
        Value::Array(list) => list.iter().map(conditions).sum(),
        _ => 1,
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
        passed_on(method, params, Some(&[])).is_ok()
    }

    /// What the node is asked for a question.
    fn passed_on(method: &str, params: Value, tokens: Option<&[Address]>) -> Result<Value, RpcError> {
        let rpc = Rpc::new("http://127.0.0.1:1", CONTRACT.parse().unwrap(), 0x10).unwrap();
        let question = serde_json::from_value(json!({ "method": method, "params": params }));
        let question = question.map_err(|_| RpcError::NotPassedOn("no question"))?;
        rpc.permitted(&question, tokens)
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
            let error = Rpc::new(wrong, Address::ZERO, 0).err().map(|error| format!("{error:#}"));
            assert!(error.is_some_and(|text| !text.contains("secret")), "{wrong}");
        }
    }

    /// A question must not make the node work without bounds, nor for others.
    #[test]
    fn calls_are_of_named_contracts_with_bounded_gas() {
        const TOKEN: &str = "0x5FbDB2315678afecb367f032d93F642f64180aa3";
        let token: Address = TOKEN.parse().unwrap();
        let call = |to: &str| json!([{ "to": to, "data": "0x01", "gas": "0xffffffffff", "value": "0x1", "accessList": [] }, "latest"]);
        let asked = json!([{ "to": CONTRACT, "data": "0x01", "gas": GAS }, "latest"]);
        assert_eq!(passed_on("eth_call", call(CONTRACT), None), Ok(asked));
        let asked = json!([{ "to": TOKEN, "data": "0x01", "gas": GAS }, "latest"]);
        assert_eq!(passed_on("eth_call", call(TOKEN), Some(&[token])), Ok(asked));
        assert_eq!(passed_on("eth_call", call(TOKEN), None), Err(RpcError::NotYet));
        for (to, tokens) in [(TOKEN, &[][..]), ("0x0000000000000000000000000000000000000001", &[token])] {
            assert!(matches!(passed_on("eth_call", call(to), Some(tokens)), Err(RpcError::NotPassedOn(_))), "{to}");
        }
        // Creates a contract, whose code is the question's.
        assert!(!permitted("eth_call", json!([{ "data": "0x5b600056" }, "latest"])));
        for block in [json!("pending"), json!({ "blockHash": "0x00" }), json!("x"), Value::Null] {
            assert!(!permitted("eth_call", json!([{ "to": CONTRACT }, block])), "{block}");
            assert!(!permitted("eth_getBlockByNumber", json!([block, false])), "{block}");
        }
    }

    #[test]
    fn logs_begin_at_the_contracts_first_block() {
        let logs = |filter: Value| passed_on("eth_getLogs", json!([filter]), None);
        let asked = |from: &str| json!([{ "address": CONTRACT, "fromBlock": from }]);
        for (from, first) in [("0x0", "0x10"), ("earliest", "0x10"), ("0x20", "0x20")] {
            assert_eq!(logs(json!({ "address": CONTRACT, "fromBlock": from })), Ok(asked(first)), "{from}");
        }
        assert_eq!(logs(json!({ "address": CONTRACT, "blockHash": "0x00" })), Ok(asked("0x10")));
        let topics =
            |count: usize| json!({ "address": CONTRACT, "topics": [vec!["0x00"; count]], "toBlock": "latest" });
        assert!(logs(topics(MAX_TOPICS)).is_ok());
        assert!(logs(topics(MAX_TOPICS + 1)).is_err());
    }
}
