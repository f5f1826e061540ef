//! `/v1/deposits/rpc`: questions to the chain's node, for the dashboard.
//!
//! The page's policy allows it no address but the validator's, and the node's address may contain a secret, so the
//! validator passes questions on: of a list of methods that only read, logs only of the deposit contract, within
//! limits. It changes neither questions nor answers.

use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;
use std::time::Duration;

use axum::Json;
use axum::extract::{ConnectInfo, Request, State};
use axum::http::StatusCode;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use vouch_api::Problem;

use super::Validator;
use crate::limit::Limiter;
use crate::{Refusal, server};

/// What may be asked.
const METHODS: [&str; 6] =
    ["eth_chainId", "eth_blockNumber", "eth_call", "eth_getLogs", "eth_getBlockByNumber", "eth_getBalance"];
/// The longest question.
const MAX_QUESTION: usize = 16 << 10;
/// The longest answer.
const MAX_ANSWER: usize = 8 << 20;
/// How long the node may take.
const TIMEOUT: Duration = Duration::from_secs(10);
/// Questions a second of each client, in the long run.
const RATE: f64 = 10.0;
/// Questions of each client at once.
const BURST: u32 = 100;

/// A question, as JSON-RPC 2.0 has it. Lists of questions are not taken.
#[derive(Debug, Clone, Deserialize, Serialize, utoipa::ToSchema)]
struct Question {
    #[serde(default)]
    #[schema(value_type = Object)]
    id: Value,
    /// One of `eth_chainId`, `eth_blockNumber`, `eth_call`, `eth_getLogs`, `eth_getBlockByNumber`, `eth_getBalance`.
    method: String,
    #[serde(default)]
    #[schema(value_type = Vec<Object>)]
    params: Value,
}

/// The chain's node.
pub(super) struct DepositRpc {
    url: reqwest::Url,
    contract: String,
    client: reqwest::Client,
    limiter: Limiter<IpAddr>,
}

impl DepositRpc {
    /// A node at an address.
    pub(super) fn new(url: &str, contract: &str) -> anyhow::Result<Self> {
        // The address may contain a secret: errors do not repeat it.
        let url: reqwest::Url = url.parse().map_err(|error| anyhow::anyhow!("deposit_rpc_url: {error}"))?;
        anyhow::ensure!(["http", "https"].contains(&url.scheme()), "deposit_rpc_url: it is neither http nor https");
        let client = reqwest::Client::builder()
            .redirect(reqwest::redirect::Policy::none())
            .connect_timeout(TIMEOUT)
            .timeout(TIMEOUT)
            .build()?;
        Ok(Self { url, contract: contract.to_owned(), client, limiter: Limiter::new(RATE, BURST) })
    }

    /// Passes a question on.
    async fn ask(&self, client: IpAddr, question: Question) -> Result<Value, Refusal> {
        self.limiter.take(client).map_err(Refusal::rate)?;
        self.permit(&question)?;
        let Question { id, method, params } = question;
        let body = json!({ "jsonrpc": "2.0", "id": 1, "method": method, "params": params });
        let down = |error: reqwest::Error| unreachable(reason(&error));
        let mut response = self.client.post(self.url.clone()).json(&body).send().await.map_err(down)?;
        let status = response.status();
        let mut text = Vec::new();
        while let Some(chunk) = response.chunk().await.map_err(down)? {
            if text.len() + chunk.len() > MAX_ANSWER {
                return Err(unreachable(&format!("its answer has more than {MAX_ANSWER} bytes")));
            }
            text.extend_from_slice(&chunk);
        }
        let answer: Value = serde_json::from_slice(&text).unwrap_or_default();
        // Nodes that refuse a question say so with any status; the reason is in the answer.
        match (answer.get("error"), answer.get("result")) {
            (Some(error), _) if !error.is_null() => Ok(json!({ "jsonrpc": "2.0", "id": id, "error": error })),
            (_, Some(result)) if status.is_success() => Ok(json!({ "jsonrpc": "2.0", "id": id, "result": result })),
            _ => Err(unreachable(&format!("it answers with status {} and no result", status.as_u16()))),
        }
    }

    fn permit(&self, question: &Question) -> Result<(), Refusal> {
        let forbidden = |detail: &str| Refusal::new(StatusCode::FORBIDDEN, "not-passed-on", "Not passed on", detail);
        if !METHODS.contains(&question.method.as_str()) {
            return Err(forbidden("this method is not one that the dashboard needs"));
        }
        if !question.params.is_array() && !question.params.is_null() {
            return Err(forbidden("parameters are a list"));
        }
        let address = question.params.pointer("/0/address").and_then(Value::as_str).unwrap_or_default();
        if question.method == "eth_getLogs" && !address.eq_ignore_ascii_case(&self.contract) {
            return Err(forbidden("logs are passed on of the deposit contract only"));
        }
        Ok(())
    }
}

/// Asks the node of the deposit contract's chain, by JSON-RPC. Only what reads is passed on, and logs only of the contract.
#[utoipa::path(post, path = "/v1/deposits/rpc", request_body = Question,
    responses((status = 200, body = Object, description = "A result or an error, as JSON-RPC 2.0 has it"),
        (status = 400, body = Problem, content_type = "application/problem+json"), (status = 403, body = Problem, content_type = "application/problem+json"),
        (status = 404, body = Problem, content_type = "application/problem+json"), (status = 408, body = Problem, content_type = "application/problem+json"),
        (status = 413, body = Problem, content_type = "application/problem+json"), (status = 415, body = Problem, content_type = "application/problem+json"),
        (status = 429, body = Problem, content_type = "application/problem+json"), (status = 503, body = Problem, content_type = "application/problem+json")))]
pub(super) async fn deposits_rpc(
    State(v): State<Arc<Validator>>,
    ConnectInfo(peer): ConnectInfo<SocketAddr>,
    request: Request,
) -> Result<Json<Value>, Refusal> {
    let rpc = v.deposit_rpc.as_ref().ok_or_else(|| Refusal::missing("no node of a chain is configured"))?;
    let question: Question = server::read_json(request, MAX_QUESTION).await?;
    Ok(Json(rpc.ask(peer.ip(), question).await?))
}

/// The node is away. 502 and 504 would say that the validator itself is.
fn unreachable(why: &str) -> Refusal {
    Refusal::new(StatusCode::SERVICE_UNAVAILABLE, "chain-node", "The chain's node does not answer", why)
}

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

    fn permitted(question: Value) -> bool {
        let rpc = DepositRpc::new("http://127.0.0.1:1", CONTRACT).unwrap();
        serde_json::from_value(question).is_ok_and(|question| rpc.permit(&question).is_ok())
    }

    #[test]
    fn only_what_reads_is_passed_on() {
        assert!(METHODS.iter().filter(|m| **m != "eth_getLogs").all(|m| permitted(json!({ "method": m, "params": [] }))));
        for method in ["eth_sendRawTransaction", "eth_sendTransaction", "anvil_setBalance", "eth_call ", "debug_traceCall", ""]
        {
            assert!(!permitted(json!({ "method": method, "params": [] })), "{method}");
        }
        assert!(!permitted(json!([{ "method": "eth_chainId" }])), "a list of questions");
        assert!(!permitted(json!({ "method": "eth_call", "params": { "to": CONTRACT } })));
    }

    #[test]
    fn logs_are_those_of_the_contract() {
        let logs = |address: Value| permitted(json!({ "method": "eth_getLogs", "params": [{ "address": address }] }));
        assert!(logs(json!(CONTRACT)) && logs(json!(CONTRACT.to_lowercase())));
        assert!(!logs(json!("0x0000000000000000000000000000000000000001")));
        assert!(!logs(json!([CONTRACT, "0x0000000000000000000000000000000000000001"])) && !logs(Value::Null));
        assert!(!permitted(json!({ "method": "eth_getLogs", "params": [] })));
    }

    #[test]
    fn addresses_of_nodes_are_checked_and_not_repeated() {
        for wrong in ["", "ftp://secret.example/key", "secret"] {
            let error = DepositRpc::new(wrong, CONTRACT).err().map(|error| error.to_string());
            assert!(error.is_some_and(|text| !text.contains("secret")), "{wrong}");
        }
    }
}
