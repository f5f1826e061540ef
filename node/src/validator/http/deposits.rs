//! The deposit contract, accounts in it, and questions to its chain's node.

use std::net::SocketAddr;
use std::sync::Arc;

use axum::Json;
use axum::extract::rejection::QueryRejection;
use axum::extract::{ConnectInfo, Path, Query, Request, State};
use serde::Deserialize;
use serde_json::Value;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;
use vouch_api::{AccountDeposits, DepositsConfig};
use vouch_deposits::parse_address;
use vouch_follower::{FollowerError, Page};

use super::responses::{Reply, problems};
use crate::validator::Validator;
use crate::validator::deposits::{Deposits, Question, RpcError};
use crate::{ApiError, Refusal, server};

/// The longest question to the chain's node.
const MAX_QUESTION: usize = 16 << 10;

problems!(AccountProblems: Malformed, NotFound, Address, Full);
problems!(RpcProblems: Malformed, NotPassedOn, NotFound, Slow, TooLarge, MediaType, Rate, Full, ChainNode);

pub(super) fn routes() -> OpenApiRouter<Validator> {
    OpenApiRouter::new().routes(routes!(config)).routes(routes!(ask)).routes(routes!(account))
}

fn configured(deposits: Option<Arc<Deposits>>) -> Result<Arc<Deposits>, Refusal> {
    deposits.ok_or_else(|| ApiError::NotFound.because("no deposit contract is configured"))
}

impl From<RpcError> for Refusal {
    fn from(error: RpcError) -> Self {
        match error {
            RpcError::Rate { retry_after_s } => Self::rate(retry_after_s),
            RpcError::NotPassedOn(_) => ApiError::NotPassedOn.because(error),
            RpcError::Full => Self::full(error, 1),
            RpcError::NotYet => Self::full(error, 5),
            RpcError::Node(_) => ApiError::ChainNode.because(error),
        }
    }
}

/// The deposit contract.
#[utoipa::path(get, path = "/v1/deposits", responses((status = 200, body = DepositsConfig)))]
async fn config(State(deposits): State<Option<Arc<Deposits>>>) -> Json<DepositsConfig> {
    Json(deposits.map(|deposits| deposits.config()).unwrap_or_default())
}

#[derive(Debug, Deserialize, utoipa::IntoParams)]
#[into_params(parameter_in = Query)]
struct HistoryQuery {
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
    responses((status = 200, body = AccountDeposits), AccountProblems))]
async fn account(
    State(deposits): State<Option<Arc<Deposits>>>,
    Path(account): Path<String>,
    query: Result<Query<HistoryQuery>, QueryRejection>,
) -> Reply<AccountDeposits> {
    let Query(query) = query.map_err(|error| ApiError::Malformed.because(error))?;
    let deposits = configured(deposits)?;
    let account = parse_address(&account).map_err(|error| ApiError::Address.because(error))?;
    let page = Page {
        limit: query.limit.map_or(100, |limit| limit as u32),
        before: query.before_block.map(|block| (block, query.before_index.unwrap_or(0))),
    };
    match deposits.account(account, page).await {
        Ok(deposits) => Ok(Json(deposits)),
        Err(error @ FollowerError::NotYet) => Err(Refusal::full(error, 5)),
        Err(error) => Err(Refusal::internal(error)),
    }
}

/// Asks the node of the deposit contract's chain, by JSON-RPC. Only what reads is passed on, and logs only of the contract.
#[utoipa::path(post, path = "/v1/deposits/rpc", operation_id = "deposits_rpc", request_body = Question,
    responses((status = 200, body = Object, description = "A result or an error, as JSON-RPC 2.0 has it"), RpcProblems))]
async fn ask(
    State(deposits): State<Option<Arc<Deposits>>>,
    ConnectInfo(peer): ConnectInfo<SocketAddr>,
    request: Request,
) -> Reply<Value> {
    let deposits = configured(deposits)?;
    let question: Question = server::read_json(request, MAX_QUESTION).await?;
    Ok(Json(deposits.ask(peer.ip(), question).await?))
}
