//! The history of an account, read from the chain's logs.

use std::collections::{BTreeMap, BTreeSet};

use alloy_sol_types::SolEvent;
use serde::Deserialize;
use serde_json::{Value, json};
use vouch_client::deposits::hex::{bytes, hexadecimal, number};
use vouch_client::deposits::{Account, History, Logged};
use vouch_client::failure::ChainFailure;
use vouch_deposits::contract::VouchDeposit::{DepositStopTimeChanged, TokenDelisted, TokenListed};
use vouch_deposits::{Address, B256, RawLog};

use super::Contract;
use super::rpc;

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Log {
    address: Address,
    topics: Vec<B256>,
    data: String,
    block_number: Value,
    log_index: Value,
    transaction_hash: B256,
    #[serde(default)]
    block_timestamp: Value,
}

/// Reads the events up to the block of `seen`, and adds them up.
pub(crate) async fn history(contract: &Contract, seen: &Account) -> Result<History, ChainFailure> {
    // Those of every account change what a balance accrues.
    let common = [TokenListed::SIGNATURE_HASH, TokenDelisted::SIGNATURE_HASH, DepositStopTimeChanged::SIGNATURE_HASH];
    let common: Vec<_> = common.iter().map(|topic| hexadecimal(topic.as_slice())).collect();
    let own = hexadecimal(seen.address.into_word().as_slice());
    let mut logs = BTreeMap::new();
    for topics in [json!([common]), json!([null, own])] {
        for log in fetch(contract, topics, seen.block).await? {
            logs.insert((number(&log.block_number)?, number(&log.log_index)?), log);
        }
    }
    let times = times(contract, &logs).await?;
    let logged = |(at, log): ((u64, u64), Log)| {
        let raw = RawLog { address: log.address, topics: log.topics, data: bytes(&log.data)? };
        Ok((at, Logged { transaction: log.transaction_hash, log: raw }))
    };
    let logs = logs.into_iter().map(logged).collect::<Result<_, ChainFailure>>()?;
    History::new(contract.address, seen, logs, &times)
}

async fn fetch(contract: &Contract, topics: Value, last: u64) -> Result<Vec<Log>, ChainFailure> {
    let filter = json!([{
        "address": contract.address.to_checksum(None),
        "topics": topics,
        "fromBlock": format!("{:#x}", contract.first_block),
        "toBlock": format!("{last:#x}"),
    }]);
    let answer = rpc::call(&contract.url, "eth_getLogs", filter).await?;
    serde_json::from_value(answer).map_err(|error| ChainFailure::Malformed(error.to_string()))
}

/// The times of the blocks that logs are in: newer nodes say them, others are asked.
async fn times(contract: &Contract, logs: &BTreeMap<(u64, u64), Log>) -> Result<BTreeMap<u64, u64>, ChainFailure> {
    let mut times = BTreeMap::new();
    for ((block, _), log) in logs {
        if let Ok(time) = number(&log.block_timestamp) {
            times.insert(*block, time);
        }
    }
    let missing: BTreeSet<u64> =
        logs.keys().map(|(block, _)| *block).filter(|block| !times.contains_key(block)).collect();
    for block in missing {
        let answer = rpc::call(&contract.url, "eth_getBlockByNumber", json!([format!("{block:#x}"), false])).await?;
        times.insert(block, number(&answer["timestamp"])?);
    }
    Ok(times)
}
