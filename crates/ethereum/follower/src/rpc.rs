use std::time::Duration;

use alloy_primitives::{Address, B256, Bytes, U64};
use alloy_sol_types::{SolCall, SolValue};
use reqwest::header::RETRY_AFTER;
use reqwest::{Client, StatusCode, Url};
use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::{Value, json};
use vouch_deposits::BlockId;
use vouch_deposits::contract::ERC20Permit::symbolCall;

use crate::error::{FollowerError, RpcError};

/// The longest answer that is taken.
const MAX_ANSWER: usize = 64 << 20;
/// The longest symbol of a token that is shown.
const MAX_SYMBOL: usize = 32;

/// An Ethereum node, and the calls that following needs.
pub(crate) struct Rpc {
    client: Client,
    url: Url,
}

/// A block's header.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Header {
    pub(crate) id: BlockId,
    pub(crate) parent: B256,
    pub(crate) timestamp: u64,
}

/// A log, as nodes write it.
#[derive(Debug, Clone, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Log {
    pub(crate) address: Address,
    pub(crate) topics: Vec<B256>,
    pub(crate) data: Bytes,
    pub(crate) block_number: U64,
    pub(crate) block_hash: B256,
    pub(crate) transaction_hash: B256,
    pub(crate) log_index: U64,
    /// Newer nodes say it, which saves a call.
    #[serde(default)]
    pub(crate) block_timestamp: Option<U64>,
    #[serde(default)]
    removed: bool,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct RawHeader {
    number: U64,
    hash: B256,
    parent_hash: B256,
    timestamp: U64,
}

#[derive(Deserialize)]
struct Answer {
    #[serde(default)]
    result: Value,
    error: Option<Refusal>,
}

#[derive(Deserialize)]
struct Refusal {
    code: i64,
    message: String,
}

impl Rpc {
    pub(crate) fn new(url: &str, timeout: Duration) -> Result<Self, FollowerError> {
        let bad = |reason: String| FollowerError::Url { reason };
        let url: Url = url.parse().map_err(|error| bad(format!("{error}")))?;
        if !["http", "https"].contains(&url.scheme()) {
            return Err(bad(format!("it starts with {}, not with http or https", url.scheme())));
        }
        let client = Client::builder().timeout(timeout).connect_timeout(timeout.min(Duration::from_secs(10)));
        let client = client.build().map_err(|error| bad(error.without_url().to_string()))?;
        Ok(Self { client, url })
    }

    async fn call<T: DeserializeOwned>(&self, method: &'static str, params: Value) -> Result<T, RpcError> {
        let transport = |error: reqwest::Error| RpcError::Transport(causes(&error.without_url()));
        let body = json!({ "jsonrpc": "2.0", "id": 1, "method": method, "params": params });
        let mut response = self.client.post(self.url.clone()).json(&body).send().await.map_err(transport)?;
        let status = response.status();
        let retry_after = response.headers().get(RETRY_AFTER).and_then(|value| value.to_str().ok()?.parse().ok());
        let mut text = Vec::new();
        while let Some(chunk) = response.chunk().await.map_err(transport)? {
            if text.len() + chunk.len() > MAX_ANSWER {
                return Err(RpcError::TooLong { method, limit: MAX_ANSWER });
            }
            text.extend_from_slice(&chunk);
        }
        let malformed = |error: serde_json::Error| RpcError::Malformed { method, reason: error.to_string() };
        // A node that is busy may say so in the words of JSON-RPC, too; what it says over HTTP is the same for all.
        let busy = status.is_server_error() || status == StatusCode::TOO_MANY_REQUESTS;
        let answer = match serde_json::from_slice::<Answer>(&text) {
            Ok(answer) if status.is_success() || (answer.error.is_some() && !busy) => answer,
            Err(error) if status.is_success() => return Err(malformed(error)),
            _ => {
                let retry_after = retry_after.map(Duration::from_secs);
                return Err(RpcError::Status { status: status.as_u16(), retry_after });
            }
        };
        if let Some(Refusal { code, message }) = answer.error {
            return Err(RpcError::Refused { method, code, message });
        }
        serde_json::from_value(answer.result).map_err(malformed)
    }

    pub(crate) async fn chain_id(&self) -> Result<u64, RpcError> {
        Ok(self.call::<U64>("eth_chainId", json!([])).await?.to())
    }

    pub(crate) async fn has_code(&self, address: Address) -> Result<bool, RpcError> {
        Ok(!self.call::<Bytes>("eth_getCode", json!([address, "latest"])).await?.is_empty())
    }

    /// The last block.
    pub(crate) async fn head(&self) -> Result<Header, RpcError> {
        let method = "eth_getBlockByNumber";
        let header = self.header(json!(["latest", false])).await?;
        header.ok_or_else(|| RpcError::Malformed { method, reason: "there is no last block".to_owned() })
    }

    /// The block of this height, if there is one.
    pub(crate) async fn block(&self, number: u64) -> Result<Option<Header>, RpcError> {
        self.header(json!([U64::from(number), false])).await
    }

    async fn header(&self, params: Value) -> Result<Option<Header>, RpcError> {
        const METHOD: &str = "eth_getBlockByNumber";
        let Some(raw) = self.call::<Option<RawHeader>>(METHOD, params).await? else { return Ok(None) };
        let (number, timestamp) = (raw.number.to::<u64>(), raw.timestamp.to::<u64>());
        // The contract itself has 48 bits for times; the database has 63 for numbers.
        if number >> 62 != 0 || timestamp >> 48 != 0 {
            return Err(RpcError::Malformed { method: METHOD, reason: format!("block {number} at {timestamp}") });
        }
        Ok(Some(Header { id: BlockId { number, hash: raw.hash }, parent: raw.parent_hash, timestamp }))
    }

    /// What a contract emitted in blocks `from` to `to`, in order.
    pub(crate) async fn logs(&self, contract: Address, from: u64, to: u64) -> Result<Vec<Log>, RpcError> {
        let filter = json!([{ "address": contract, "fromBlock": U64::from(from), "toBlock": U64::from(to) }]);
        self.filtered(contract, filter, |log| (from..=to).contains(&log.block_number.to())).await
    }

    /// What a contract emitted in a block, in order.
    pub(crate) async fn logs_of(&self, contract: Address, block: BlockId) -> Result<Vec<Log>, RpcError> {
        let filter = json!([{ "address": contract, "blockHash": block.hash }]);
        self.filtered(contract, filter, |log| log.block_hash == block.hash).await
    }

    async fn filtered(
        &self,
        contract: Address,
        filter: Value,
        asked: impl Fn(&Log) -> bool,
    ) -> Result<Vec<Log>, RpcError> {
        const METHOD: &str = "eth_getLogs";
        let mut logs: Vec<Log> = self.call(METHOD, filter).await?;
        let malformed = |reason: &str| RpcError::Malformed { method: METHOD, reason: reason.to_owned() };
        if !logs.iter().all(|log| log.address == contract && !log.removed && asked(log)) {
            return Err(malformed("a log was not asked for"));
        }
        let place = |log: &Log| (log.block_number, log.log_index);
        logs.sort_by_key(place);
        if logs.windows(2).any(|pair| place(&pair[0]) == place(&pair[1])) {
            return Err(malformed("two logs have the same place"));
        }
        Ok(logs)
    }

    /// What a token calls itself, if it does, in at most 32 characters that can be shown.
    pub(crate) async fn symbol(&self, token: Address) -> Result<Option<String>, RpcError> {
        let call = json!([{ "to": token, "data": Bytes::from(symbolCall {}.abi_encode()) }, "latest"]);
        match self.call::<Bytes>("eth_call", call).await {
            Ok(data) => Ok(symbol(&data)),
            Err(RpcError::Refused { .. }) => Ok(None),
            Err(error) => Err(error),
        }
    }
}

/// A string, or, of old tokens, 32 bytes filled up with zeros.
fn symbol(data: &[u8]) -> Option<String> {
    let text = match String::abi_decode(data) {
        Ok(text) => text,
        Err(_) if data.len() == 32 => std::str::from_utf8(data).ok()?.trim_end_matches('\0').to_owned(),
        Err(_) => return None,
    };
    let shown = !text.is_empty() && text.chars().count() <= MAX_SYMBOL && text.chars().all(|c| c.is_ascii_graphic());
    shown.then_some(text)
}

/// An error with what caused it: `reqwest` alone says little.
fn causes(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut source = error.source();
    while let Some(cause) = source {
        text += &format!(": {cause}");
        source = cause.source();
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn symbols_are_strings_or_words_and_can_be_shown() {
        assert_eq!(symbol(&"WETH".abi_encode()), Some("WETH".to_owned()));
        let mut word = [0; 32];
        word[..3].copy_from_slice(b"MKR");
        assert_eq!(symbol(&word), Some("MKR".to_owned()));
        for odd in ["", "a b", "<b>\u{202e}", &"x".repeat(33)] {
            assert_eq!(symbol(&odd.abi_encode()), None, "{odd:?}");
        }
        assert_eq!(symbol(&[0xff; 32]), None);
        assert_eq!(symbol(&[]), None);
    }

    #[test]
    fn urls_are_checked() {
        let timeout = Duration::from_secs(1);
        assert!(Rpc::new("https://example.org/v3/key", timeout).is_ok());
        assert!(matches!(Rpc::new("example.org", timeout), Err(FollowerError::Url { .. })));
        assert!(matches!(Rpc::new("ws://example.org", timeout), Err(FollowerError::Url { .. })));
    }
}
