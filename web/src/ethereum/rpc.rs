//! Calls of an Ethereum node, by way of the validator.

use serde::Deserialize;
use serde_json::{Value, json};
use vouch_client::deposits::hex::bytes;
use vouch_client::failure::{ChainFailure, Failure};

use crate::http;

/// The longest message of a node that is shown.
const MAX_MESSAGE: usize = 200;

#[derive(Deserialize)]
struct Answer {
    #[serde(default)]
    result: Value,
    error: Option<Refusal>,
}

#[derive(Deserialize)]
struct Refusal {
    #[serde(default)]
    message: String,
    #[serde(default)]
    data: Value,
}

/// One call.
pub(crate) async fn call(url: &str, method: &str, params: Value) -> Result<Value, ChainFailure> {
    let question = json!({ "jsonrpc": "2.0", "id": 1, "method": method, "params": params });
    let answer: Answer = http::post(url, &question).await.map_err(|failure| match failure {
        Failure::Refused { status: 503, detail, .. } => ChainFailure::NodeDown(detail),
        other => ChainFailure::Validator(other),
    })?;
    match answer.error {
        Some(Refusal { message, data }) => Err(ChainFailure::Refused {
            message: message.chars().take(MAX_MESSAGE).collect(),
            data: data.as_str().and_then(|text| bytes(text).ok()),
        }),
        None => Ok(answer.result),
    }
}
