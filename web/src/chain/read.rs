//! What an account has, at one block.

use alloy_sol_types::SolCall;
use serde_json::json;
use vouch_deposits::contract::ERC20Permit::symbolCall;
use vouch_deposits::contract::VouchDeposit::accountOverviewCall;
use vouch_deposits::{Address, PointsError, U256, points};

use super::rpc::{self, ChainFailure, bytes, hexadecimal};

/// The longest symbol of a token that is shown.
const MAX_SYMBOL: usize = 32;

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

/// A token, from the point of view of an account.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Token {
    /// Its address.
    pub address: Address,
    /// What it calls itself, or the beginning of its address.
    pub symbol: String,
    /// Whether it can be deposited and accrues.
    pub listed: bool,
    /// Its decimals.
    pub decimals: u8,
    /// Whether it answers: if not, `held`, `wallet` and `allowance` mean nothing.
    pub readable: bool,
    /// What the account has in the contract.
    pub balance: U256,
    /// What all accounts have in the contract.
    pub total: U256,
    /// What the contract holds.
    pub held: U256,
    /// What the account holds itself.
    pub wallet: U256,
    /// What the contract may draw from the account.
    pub allowance: U256,
}

/// What an account has, at one block.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Account {
    /// Whose.
    pub address: Address,
    /// The block's height.
    pub block: u64,
    /// The block's time, in seconds since 1970.
    pub timestamp: u64,
    /// When accrual and deposits end.
    pub stop: u64,
    /// Whether deposits are paused.
    pub paused: bool,
    /// Points, as the contract computes them.
    pub points: U256,
    /// All points that were ever claimed.
    pub claimed: U256,
    /// The numerator of points.
    pub accrued: U256,
    /// What it gains a second.
    pub weight: U256,
    /// The claim that is announced: points, and from when on it can be carried out.
    pub claim: Option<(U256, u64)>,
    /// Every token that was ever listed.
    pub tokens: Vec<Token>,
}

impl Account {
    /// Points at a time, computed here from the numerator, as long as nothing else happens.
    pub(crate) fn points_at(&self, time: u64) -> Result<U256, PointsError> {
        points::ticked(self.accrued, self.weight, time.min(self.stop).saturating_sub(self.timestamp), self.claimed)
    }

    /// Points that are gained in an hour, in parts.
    pub(crate) fn an_hour(&self) -> U256 {
        self.weight / U256::from(10).pow(U256::from(super::POINT_DECIMALS))
    }

    /// Whether accrual has ended.
    pub(crate) fn stopped(&self, time: u64) -> bool {
        time.max(self.timestamp) >= self.stop
    }

    /// Whether it never had anything here.
    pub(crate) fn is_empty(&self) -> bool {
        self.accrued.is_zero() && self.claimed.is_zero() && self.tokens.iter().all(|token| token.balance.is_zero())
    }
}

/// Asks for the account, at the last block; the contract says which one that is.
pub(crate) async fn account(contract: &Contract, address: Address) -> Result<Account, ChainFailure> {
    let data = hexadecimal(&accountOverviewCall { account: address }.abi_encode());
    let question = json!([{ "to": contract.address.to_checksum(None), "data": data }, "latest"]);
    let answer = match rpc::call(&contract.url, "eth_call", question).await {
        // Another contract, which does not know this call.
        Err(ChainFailure::Refused { data: Some(_), .. }) => return Err(ChainFailure::NoContract),
        answer => answer?,
    };
    let answer = bytes(answer.as_str().unwrap_or_default())?;
    if answer.is_empty() {
        return Err(ChainFailure::NoContract);
    }
    let malformed = |error: alloy_sol_types::Error| ChainFailure::Malformed(error.to_string());
    let seen = accountOverviewCall::abi_decode_returns(&answer).map_err(malformed)?;
    let tokens = seen.tokens.into_iter().map(|token| Token {
        address: token.token,
        symbol: short(token.token),
        listed: token.listed,
        decimals: token.decimals,
        readable: token.readable,
        balance: token.balance,
        total: token.total,
        held: token.held,
        wallet: token.wallet,
        allowance: token.allowance,
    });
    let due: u64 = seen.claim.executableAt.to();
    Ok(Account {
        address,
        block: u64::try_from(seen.blockNumber)
            .map_err(|_| ChainFailure::Malformed("a block's height has more than 64 bits".into()))?,
        timestamp: seen.timestamp.to(),
        stop: seen.depositStopTime.to(),
        paused: seen.paused,
        points: seen.points,
        claimed: seen.claimed,
        accrued: seen.accrued,
        weight: seen.weight,
        claim: (due > 0).then(|| (U256::from(seen.claim.points), due)),
        tokens: tokens.collect(),
    })
}

/// The node's chain.
pub(crate) async fn chain_id(url: &str) -> Result<u64, ChainFailure> {
    rpc::number(&rpc::call(url, "eth_chainId", json!([])).await?)
}

/// What a token calls itself, if it does, and if that can be shown.
pub(crate) async fn symbol(url: &str, token: Address) -> Result<Option<String>, ChainFailure> {
    let question =
        json!([{ "to": token.to_checksum(None), "data": hexadecimal(&symbolCall {}.abi_encode()) }, "latest"]);
    let answer = match rpc::call(url, "eth_call", question).await {
        Err(ChainFailure::Refused { .. }) => return Ok(None),
        answer => bytes(answer?.as_str().unwrap_or_default())?,
    };
    let text = match symbolCall::abi_decode_returns(&answer) {
        Ok(text) => text,
        // Old tokens answer with 32 bytes, filled up with zeros.
        Err(_) if answer.len() == 32 => String::from_utf8_lossy(&answer).trim_end_matches('\0').to_owned(),
        Err(_) => return Ok(None),
    };
    let shown = !text.is_empty() && text.chars().count() <= MAX_SYMBOL && text.chars().all(|c| c.is_ascii_graphic());
    Ok(shown.then_some(text))
}

/// What a call would do if it were sent now: nothing, or why it would fail.
pub(crate) async fn rehearse(url: &str, from: Address, to: Address, data: &[u8]) -> Result<(), ChainFailure> {
    let call = json!({ "from": from.to_checksum(None), "to": to.to_checksum(None), "data": hexadecimal(data) });
    rpc::call(url, "eth_call", json!([call, "latest"])).await.map(|_| ())
}

/// The beginning and the end of an address.
pub(crate) fn short(address: Address) -> String {
    let text = address.to_checksum(None);
    format!("{}…{}", &text[..6], &text[38..])
}
