//! What an account has, at one block.

use alloy_sol_types::SolCall;
use serde_json::json;
use vouch_client::deposits::hex::{bytes, hexadecimal, number};
use vouch_client::deposits::{self, Account};
use vouch_client::failure::ChainFailure;
use vouch_deposits::Address;
use vouch_deposits::contract::ERC20Permit::symbolCall;

use super::rpc;

/// The contract, and where it can be asked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Contract {
    /// Its address.
    pub address: Address,
    /// The chain, if the validator says.
    pub chain_id: Option<u64>,
    /// The block in which it was deployed, or one before.
    pub first_block: u64,
    /// The validator's path for JSON-RPC.
    pub url: String,
}

/// Asks for the account, at the last block; the contract says which one that is.
pub(crate) async fn account(contract: &Contract, address: Address) -> Result<Account, ChainFailure> {
    let data = hexadecimal(&Account::call(address));
    let question = json!([{ "to": contract.address.to_checksum(None), "data": data }, "latest"]);
    let answer = match rpc::call(&contract.url, "eth_call", question).await {
        // Another contract, which does not know this call.
        Err(ChainFailure::Refused { data: Some(_), .. }) => return Err(ChainFailure::NoContract),
        answer => answer?,
    };
    Account::read(address, &bytes(answer.as_str().unwrap_or_default())?)
}

/// The node's chain.
pub(crate) async fn chain_id(url: &str) -> Result<u64, ChainFailure> {
    number(&rpc::call(url, "eth_chainId", json!([])).await?)
}

/// What a token calls itself, if it does, and if that can be shown.
pub(crate) async fn symbol(url: &str, token: Address) -> Result<Option<String>, ChainFailure> {
    let question =
        json!([{ "to": token.to_checksum(None), "data": hexadecimal(&symbolCall {}.abi_encode()) }, "latest"]);
    let answer = match rpc::call(url, "eth_call", question).await {
        Err(ChainFailure::Refused { .. }) => return Ok(None),
        answer => bytes(answer?.as_str().unwrap_or_default())?,
    };
    Ok(deposits::symbol(&answer))
}

/// What a call would do if it were sent now: nothing, or why it would fail.
pub(crate) async fn rehearse(url: &str, from: Address, to: Address, data: &[u8]) -> Result<(), ChainFailure> {
    let call = json!({ "from": from.to_checksum(None), "to": to.to_checksum(None), "data": hexadecimal(data) });
    rpc::call(url, "eth_call", json!([call, "latest"])).await.map(|_| ())
}
