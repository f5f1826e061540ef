//! The deposit contract's side of the validator: what a follower of the chain has read, and questions to the chain's node.

pub(super) mod rpc;

use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context, Result, bail};
use axum::Json;
use axum::extract::rejection::QueryRejection;
use axum::extract::{Path, Query, State};
use serde::Deserialize;
use vouch_api::{AccountDeposits, DepositsConfig, Part, Problem, paths};
use vouch_deposits::{Address, parse_address};
use vouch_follower::{Follower, FollowerError, Page, Settings};

use super::{Validator, ValidatorSettings};
use crate::{Refusal, server};
use rpc::Rpc;

/// The database of a validator's follower, in its folder.
const FILE: &str = "deposits.sqlite";

/// The deposit contract, as it is configured.
pub(super) struct Deposits {
    contract: Address,
    chain_id: u64,
    rpc: Rpc,
}

impl Deposits {
    /// The contract of the settings, if there is one.
    pub(super) fn of(settings: &ValidatorSettings) -> Result<Option<Self>> {
        let s = settings;
        let (contract, chain_id, rpc_url) = match (&s.deposit_contract, s.deposit_chain_id, &s.deposit_rpc_url) {
            (Some(contract), Some(chain_id), Some(rpc_url)) => (contract, chain_id, rpc_url),
            (None, None, None) => return Ok(None),
            _ => bail!("deposit_contract, deposit_chain_id and deposit_rpc_url: set all or none"),
        };
        let contract = parse_address(contract).context("deposit_contract")?;
        Ok(Some(Self { contract, chain_id, rpc: Rpc::new(rpc_url, contract).context("deposit_rpc_url")? }))
    }
}

impl Validator {
    /// Opens the follower, if there is a contract.
    pub(super) async fn follow_deposits(&self) -> Result<Option<&Follower>> {
        let Some(Deposits { contract, chain_id, rpc }) = &self.deposits else { return Ok(None) };
        let s = &self.settings;
        let settings = Settings {
            first_block: s.deposit_first_block,
            confirmations: s.deposit_confirmations,
            poll: Duration::from_millis(s.deposit_poll_ms),
            ..Settings::new(rpc.url(), *chain_id, *contract)
        };
        let follower = Follower::open(&s.data.join(FILE), settings).await.context("deposits")?;
        Ok(Some(self.follower.get_or_init(|| follower)))
    }

    /// How following goes, if there is a contract.
    pub(super) fn deposits_part(&self) -> Option<Part> {
        self.follower.get().map(|follower| follower.status().part())
    }
}

/// The deposit contract.
#[utoipa::path(get, path = "/v1/deposits", responses((status = 200, body = DepositsConfig)))]
pub(super) async fn config(State(v): State<Arc<Validator>>) -> Json<DepositsConfig> {
    Json(match &v.deposits {
        Some(Deposits { contract, chain_id, .. }) => DepositsConfig {
            contract: Some(contract.to_checksum(None)),
            chain_id: Some(*chain_id),
            first_block: v.settings.deposit_first_block,
            rpc_url: Some(paths::DEPOSITS_RPC.to_owned()),
        },
        None => DepositsConfig::default(),
    })
}

#[derive(Debug, Deserialize, utoipa::IntoParams)]
#[into_params(parameter_in = Query)]
pub(super) struct HistoryQuery {
    /// At most so many events, the newest first; up to 1000.
    #[param(maximum = 1000)]
    #[serde(default, deserialize_with = "server::at_most::<{ Page::MAX as u64 }, _>")]
    limit: Option<u64>,
    /// Only events before this block's event with the index `before_index`.
    #[param(maximum = 9007199254740991_i64)]
    #[serde(default, deserialize_with = "server::at_most::<{ server::MAX_NUMBER }, _>")]
    before_block: Option<u64>,
    /// See `before_block`; 0 if left out.
    #[param(maximum = 9007199254740991_i64)]
    #[serde(default, deserialize_with = "server::at_most::<{ server::MAX_NUMBER }, _>")]
    before_index: Option<u64>,
}

/// What an account has in the deposit contract, and had.
#[utoipa::path(get, path = "/v1/deposits/{account}",
    params(("account" = String, Path, description = "The account's address, with or without checksum"), HistoryQuery),
    responses((status = 200, body = AccountDeposits),
        (status = 400, body = Problem, content_type = "application/problem+json"), (status = 404, body = Problem, content_type = "application/problem+json"),
        (status = 422, body = Problem, content_type = "application/problem+json"), (status = 503, body = Problem, content_type = "application/problem+json")))]
pub(super) async fn account(
    State(v): State<Arc<Validator>>,
    Path(account): Path<String>,
    query: Result<Query<HistoryQuery>, QueryRejection>,
) -> Result<Json<AccountDeposits>, Refusal> {
    let Query(query) = query.map_err(Refusal::malformed)?;
    let follower = v.follower.get().ok_or_else(|| Refusal::missing("no deposit contract is configured"))?;
    let account = parse_address(&account).map_err(|error| Refusal::unfit("address", "Not an account", error))?;
    let page = Page {
        limit: query.limit.map_or(100, |limit| limit as u32),
        before: query.before_block.map(|block| (block, query.before_index.unwrap_or(0))),
    };
    match follower.account(account, page).await {
        Ok(deposits) => Ok(Json(deposits)),
        Err(error @ FollowerError::NotYet) => Err(Refusal::full(error, 5)),
        Err(error) => Err(Refusal::internal(error)),
    }
}
