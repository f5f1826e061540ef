//! A node of Ethereum that the user has chosen, asked about a proof.
//!
//! The page's policy allows it no address but the validator's. A worker with a policy of its own (`static/node-worker.js`) asks the
//! node.

use js_sys::Object;
use serde_json::Value;
use vouch_client::onchain::{self, NodeFailure, Obstacle, Place, Said};
use vouch_evm::Answer;

use crate::asked::{Asked, set};

thread_local! {
    static WORKER: &'static Asked = Asked::start("/assets/node-worker.js");
}

/// What the contract says of the proof of a call.
///
/// # Errors
/// [`Obstacle`] if it was not asked, or has not answered.
pub(crate) async fn check(place: &Place, call: &[u8]) -> Result<Said, Obstacle> {
    let ask = async |method: &'static str, params: Value| question(place, method, params).await;
    let node = Obstacle::Node;
    let chain = onchain::chain(place, &ask("eth_chainId", Value::Array(Vec::new())).await.map_err(node)?)?;
    let code = ask("eth_getCode", onchain::code_question(place)).await.map_err(node)?;
    let allows_development = onchain::code(chain, &code)?;
    let question = onchain::call_question(place, call);
    let answer = onchain::answer(ask("eth_call", question.clone()).await)?;
    let gas = match answer {
        Answer::Refused(_) => None,
        _ => Some(onchain::gas(&ask("eth_estimateGas", question).await.map_err(node)?)?),
    };
    Ok(Said { answer, gas, chain, allows_development })
}

async fn question(place: &Place, method: &str, params: Value) -> Result<Value, NodeFailure> {
    let (message, params) = (Object::new(), params.to_string());
    for (name, text) in [("node", place.node.as_str()), ("method", method), ("params", params.as_str())] {
        set(&message, name, &text.into());
    }
    match WORKER.with(|worker| *worker).ask(&message).await {
        Ok(text) => onchain::result(&text),
        Err(error) => Err(match error.as_str() {
            "slow" => NodeFailure::Slow,
            "long" => NodeFailure::TooLong,
            error => match error.strip_prefix("status ").and_then(|status| status.parse().ok()) {
                Some(status) => NodeFailure::Status(status),
                None => NodeFailure::Unreachable,
            },
        }),
    }
}
