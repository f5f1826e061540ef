//! Calls of an Ethereum node, by way of the validator.

use serde::Deserialize;
use serde_json::{Value, json};

use crate::http::{self, Failure};

/// The longest message of a node that is shown.
const MAX_MESSAGE: usize = 200;

/// Why the chain cannot be read.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum ChainFailure {
    /// The validator does not pass the question on.
    Validator(Failure),
    /// The validator does not reach the node.
    NodeDown(String),
    /// The node refuses; a call that reverts says why in `data`.
    Refused {
        /// In its words.
        message: String,
        /// What the contract answered.
        data: Option<Vec<u8>>,
    },
    /// The answer is not what it should be.
    Malformed(String),
    /// The node is of another chain than the validator says.
    OtherChain {
        /// The node's chain.
        found: u64,
        /// The validator's.
        expected: u64,
    },
    /// There is no such contract at the address.
    NoContract,
}

impl ChainFailure {
    /// A sentence for people.
    pub(crate) fn sentence(&self) -> String {
        match self {
            Self::Validator(failure) => failure.sentence(),
            Self::NodeDown(detail) if detail.is_empty() => "The chain's node does not answer.".into(),
            Self::NodeDown(detail) => {
                format!("The validator does not reach the chain's node: {}.", detail.trim_end_matches('.'))
            }
            Self::Refused { message, .. } => format!("The chain's node refuses: {}.", message.trim_end_matches('.')),
            Self::Malformed(what) => format!("The answer of the chain's node is not what this page understands: {what}."),
            Self::OtherChain { found, expected } => format!(
                "The validator's node is of chain {found}, but the contract is said to be on chain {expected}. Nothing of it is shown: the validator's configuration is wrong."
            ),
            Self::NoContract => {
                "There is no deposit contract at this address of this chain. The validator's configuration is wrong, or the node has not caught up.".into()
            }
        }
    }
}

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

/// Bytes, from hexadecimal with `0x`.
pub(crate) fn bytes(text: &str) -> Result<Vec<u8>, ChainFailure> {
    let wrong =
        || ChainFailure::Malformed(format!("“{}” is not hexadecimal", text.chars().take(20).collect::<String>()));
    let digits = text.strip_prefix("0x").ok_or_else(wrong)?;
    if !digits.is_ascii() || digits.len() % 2 != 0 {
        return Err(wrong());
    }
    let byte = |at: usize| digits.get(at..at + 2).and_then(|pair| u8::from_str_radix(pair, 16).ok()).ok_or_else(wrong);
    (0..digits.len()).step_by(2).map(byte).collect()
}

/// A number, from hexadecimal with `0x`.
pub(crate) fn number(value: &Value) -> Result<u64, ChainFailure> {
    let digits = value.as_str().and_then(|text| text.strip_prefix("0x"));
    let parsed = digits.and_then(|digits| u64::from_str_radix(digits, 16).ok());
    parsed.ok_or_else(|| ChainFailure::Malformed(format!("{value} is not a number")))
}

/// Hexadecimal with `0x`.
pub(crate) fn hexadecimal(bytes: &[u8]) -> String {
    bytes.iter().fold("0x".to_owned(), |mut text, byte| {
        text.push_str(&format!("{byte:02x}"));
        text
    })
}
