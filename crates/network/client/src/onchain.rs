//! A proof, checked by the contract on Ethereum: where it is asked, what it is asked, and what its answers mean.
//!
//! The questions are JSON-RPC's, to a node that the user chooses: `eth_chainId`, `eth_getCode`, `eth_call`, `eth_estimateGas`. The
//! call is the one that `vouch export --evm` writes.

mod words;

use serde_json::{Value, json};
use vouch_deposits::{Address, parse_address};
use vouch_envelope::ProofEnvelope;
use vouch_evm::{Answer, CallError, Code, KeyParts, SolCall, verify_call};

use crate::deposits::hex::{bytes, hexadecimal, number};
use crate::key::KeyFacts;
use crate::words::sentence;

/// The longest message of a node that is shown.
const MAX_MESSAGE: usize = 200;

/// A contract, and a node that can be asked about it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Place {
    /// The node's address.
    pub node: String,
    /// The contract's.
    pub contract: Address,
    /// The chain that the contract is on, if that is known.
    pub chain: Option<u64>,
}

/// What is wrong with each of three fields, in sentences.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Mistakes {
    /// With the node's address.
    pub node: Option<String>,
    /// With the contract's.
    pub contract: Option<String>,
    /// With the chain's number.
    pub chain: Option<String>,
}

impl Place {
    /// Reads what was typed. The chain may be empty.
    ///
    /// # Errors
    /// [`Mistakes`].
    pub fn read(node: &str, contract: &str, chain: &str) -> Result<Self, Mistakes> {
        let node = node.trim();
        let host = ["https://", "http://"].iter().find_map(|scheme| node.strip_prefix(scheme));
        let good = host.is_some_and(|host| !host.is_empty() && !node.contains(char::is_whitespace));
        let contract = parse_address(contract).map_err(|error| sentence(&error));
        let chain = Some(chain.trim()).filter(|text| !text.is_empty()).map(str::parse::<u64>).transpose();
        match (good, contract, chain) {
            (true, Ok(contract), Ok(chain)) => Ok(Self { node: node.to_owned(), contract, chain }),
            (good, contract, chain) => Err(Mistakes {
                node: (!good).then(|| "A node's address starts with https:// or http://.".to_owned()),
                contract: contract.err(),
                chain: chain.err().map(|_| "A chain has a number, as 1 for Ethereum's main chain.".to_owned()),
            }),
        }
    }
}

/// Why a node gives no answer.
#[derive(Debug, Clone, PartialEq)]
pub enum NodeFailure {
    /// Nothing is there, or the browser does not let this page reach it.
    Unreachable,
    /// It takes too long.
    Slow,
    /// Its answer is too long to be one.
    TooLong,
    /// It refuses, without JSON-RPC.
    Status(u16),
    /// It refuses a question; a call that reverts says why in `data`.
    Refused {
        /// In its words.
        message: String,
        /// What the contract answered.
        data: Option<Vec<u8>>,
    },
    /// The answer is not what it should be.
    Malformed(String),
}

/// Why the contract was not asked, or has not answered.
#[derive(Debug, Clone, PartialEq)]
pub enum Obstacle {
    /// The node.
    Node(NodeFailure),
    /// The node is of another chain than the contract.
    OtherChain {
        /// The node's.
        found: u64,
        /// The contract's.
        expected: u64,
    },
    /// There is no contract at the address.
    NoContract {
        /// The node's chain.
        chain: u64,
    },
    /// There is another one.
    OtherContract {
        /// The node's chain.
        chain: u64,
    },
}

/// What the contract says.
#[derive(Debug, Clone, PartialEq)]
pub struct Said {
    /// Of the proof.
    pub answer: Answer,
    /// The gas that a transaction with this call would take; none if the call is refused.
    pub gas: Option<u64>,
    /// The node's chain.
    pub chain: u64,
    /// Whether the contract takes keys of development setups.
    pub allows_development: bool,
}

/// The call that asks the contract about a proof, which only proofs of the evm profile have.
///
/// # Errors
/// [`CallError`].
pub fn call(key: &[u8], facts: &KeyFacts, envelope: &ProofEnvelope) -> Result<Vec<u8>, CallError> {
    let key = KeyParts { bytes: key, model_id: facts.model_id, schema: &facts.schema };
    Ok(verify_call(key, envelope)?.abi_encode())
}

/// The parameters of `eth_getCode`.
pub fn code_question(place: &Place) -> Value {
    json!([place.contract.to_checksum(None), "latest"])
}

/// The parameters of `eth_call` and, without the block, of `eth_estimateGas`.
pub fn call_question(place: &Place, call: &[u8]) -> Value {
    json!([{ "to": place.contract.to_checksum(None), "data": hexadecimal(call) }, "latest"])
}

/// The result in a node's answer, which is JSON-RPC's.
///
/// # Errors
/// [`NodeFailure::Refused`] if the node says so, [`NodeFailure::Malformed`].
pub fn result(text: &str) -> Result<Value, NodeFailure> {
    let mut answer: Value =
        serde_json::from_str(text).map_err(|_| NodeFailure::Malformed("it is not JSON".to_owned()))?;
    let mut part = |name: &str| answer.get_mut(name).map(Value::take).filter(|part| !part.is_null());
    match (part("error"), part("result")) {
        (Some(error), _) => {
            let message = error.get("message").and_then(Value::as_str).unwrap_or("no reason given");
            // Some nodes wrap what the contract says once more.
            let data = error.get("data").map(|data| data.get("data").unwrap_or(data)).and_then(Value::as_str);
            Err(NodeFailure::Refused {
                message: message.chars().take(MAX_MESSAGE).collect(),
                data: data.and_then(|text| bytes(text).ok()),
            })
        }
        (None, Some(result)) => Ok(result),
        (None, None) => Err(NodeFailure::Malformed("it has neither a result nor an error".to_owned())),
    }
}

/// The node's chain, which must be the contract's where that is known.
///
/// # Errors
/// [`Obstacle`].
pub fn chain(place: &Place, answer: &Value) -> Result<u64, Obstacle> {
    let found = number(answer).map_err(|_| malformed("its chain's number is none"))?;
    match place.chain {
        Some(expected) if expected != found => Err(Obstacle::OtherChain { found, expected }),
        _ => Ok(found),
    }
}

/// Whether the code at the address is that of the contract; and whether that takes keys of development setups.
///
/// # Errors
/// [`Obstacle`].
pub fn code(chain: u64, answer: &Value) -> Result<bool, Obstacle> {
    let code =
        answer.as_str().and_then(|text| bytes(text).ok()).ok_or_else(|| malformed("a contract's code is none"))?;
    match Code::of(&code) {
        Code::Nothing => Err(Obstacle::NoContract { chain }),
        Code::Other => Err(Obstacle::OtherContract { chain }),
        Code::Verifier { allows_development } => Ok(allows_development),
    }
}

/// What the contract says of a proof, from what `eth_call` gave.
///
/// # Errors
/// [`Obstacle::Node`].
pub fn answer(given: Result<Value, NodeFailure>) -> Result<Answer, Obstacle> {
    let answer = match &given {
        Ok(value) => value.as_str().and_then(|text| bytes(text).ok()).and_then(|data| Answer::returned(&data)),
        Err(NodeFailure::Refused { data: Some(data), .. }) => Answer::reverted(data),
        Err(_) => None,
    };
    match (answer, given) {
        (Some(answer), _) => Ok(answer),
        (None, Err(failure)) => Err(Obstacle::Node(failure)),
        (None, Ok(_)) => Err(malformed("what the contract returns is no answer of it")),
    }
}

/// The gas of a transaction.
///
/// # Errors
/// [`Obstacle::Node`].
pub fn gas(answer: &Value) -> Result<u64, Obstacle> {
    number(answer).map_err(|_| malformed("its estimate of gas is no number"))
}

fn malformed(what: &str) -> Obstacle {
    Obstacle::Node(NodeFailure::Malformed(what.to_owned()))
}

#[cfg(test)]
mod tests;
