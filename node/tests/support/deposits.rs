//! Questions about deposits.
#![allow(missing_docs, unreachable_pub)]

use serde_json::Value;
use vouch_api::paths;

pub fn path(account: impl std::fmt::Display) -> String {
    format!("{}/{account}", paths::DEPOSITS)
}

/// The status and the reason of a refusal.
pub async fn refused(url: &str, path: &str) -> (u16, String) {
    let answer = reqwest::get(format!("{url}{path}")).await.unwrap();
    let (status, problem) = (answer.status().as_u16(), answer.json::<Value>().await.unwrap());
    (status, problem["detail"].as_str().unwrap().to_owned())
}

/// Asks the chain through the validator.
pub async fn ask(url: &str, question: &Value) -> (u16, Value) {
    let url = format!("{url}{}", paths::DEPOSITS_RPC);
    let answer = reqwest::Client::new().post(url).json(question).send().await.unwrap();
    (answer.status().as_u16(), answer.json().await.unwrap())
}
