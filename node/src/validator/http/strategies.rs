//! Strategies, how they stand, and their chains of proofs.

use std::net::SocketAddr;
use std::sync::Arc;

use axum::Json;
use axum::extract::{ConnectInfo, Request, State as Shared};
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use tokio::sync::broadcast::error::RecvError;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;
use vouch_api::{CHAIN_TYPE, StrategyEvent, StrategyPlan, StrategyRecord, StrategyRequest, StrategyStep, paths};

use super::events::{Message, event, pipe, stream};
use super::extract::Id;
use super::responses::{IMMUTABLE, Reply, bytes, problems};
use crate::validator::Validator;
use crate::validator::predictions::Predictions;
use crate::validator::stop::Stop;
use crate::validator::strategies::{Strategies, StrategyAskError};
use crate::{ApiError, Refusal, now_ms, server};

problems!(PlanProblems: NoStrategies);
problems!(AskProblems: Malformed, NoStrategies, Slow, TooLarge, MediaType, StrategyInputs, Rate, Market, Full);
problems!(Problems: NotFound, NoSuchStrategy);
problems!(EventProblems: NotFound, NoStrategies, NoSuchStrategy);

pub(super) fn routes() -> OpenApiRouter<Validator> {
    OpenApiRouter::new()
        .routes(routes!(plan))
        .routes(routes!(ask))
        .routes(routes!(strategy))
        .routes(routes!(strategy_chain))
        .routes(routes!(strategy_events))
}

impl From<StrategyAskError> for Refusal {
    fn from(error: StrategyAskError) -> Self {
        match error {
            StrategyAskError::None => ApiError::NoStrategies.because(error),
            StrategyAskError::Rate { retry_after_s } => Self::rate(retry_after_s),
            StrategyAskError::Market(error) => {
                tracing::error!(%error, "no market data");
                ApiError::Market.because("the validator's source has none now")
            }
            StrategyAskError::Inputs(_) | StrategyAskError::Run { .. } => ApiError::StrategyInputs.because(error),
            StrategyAskError::Predictions(error) => error.into(),
            StrategyAskError::Database(error) => error.into(),
        }
    }
}

/// What strategies are made of here.
#[utoipa::path(get, path = "/v1/strategies/plan", responses((status = 200, body = StrategyPlan), PlanProblems))]
async fn plan(Shared(strategies): Shared<Arc<Strategies>>) -> Reply<StrategyPlan> {
    Ok(Json(strategies.plan()?.clone()))
}

/// Asks for a strategy: forecasts for all tokens and the allocation on them. The answer is its identifier; how it stands is told there.
#[utoipa::path(post, path = "/v1/strategies", request_body = StrategyRequest,
    responses((status = 202, body = StrategyRecord), AskProblems))]
async fn ask(
    Shared(v): Shared<Validator>,
    ConnectInfo(peer): ConnectInfo<SocketAddr>,
    request: Request,
) -> Result<Response, Refusal> {
    v.strategies.admit(peer.ip())?;
    let asked: StrategyRequest = server::read_json(request, v.http.max_body_bytes).await?;
    let record = v.strategies.ask(asked).await?;
    let location = format!("{}/{}", paths::STRATEGIES, record.status.id);
    Ok((StatusCode::ACCEPTED, [(header::LOCATION, location)], Json(record)).into_response())
}

async fn find(strategies: &Strategies, id: &str) -> Result<StrategyRecord, Refusal> {
    strategies.find(id).await?.ok_or_else(|| ApiError::NoSuchStrategy.because(id))
}

/// How a strategy stands, and what it was made from.
#[utoipa::path(get, path = "/v1/strategies/{id}", params(("id" = String, Path, description = "Its identifier")),
    responses((status = 200, body = StrategyRecord), Problems))]
async fn strategy(Shared(strategies): Shared<Arc<Strategies>>, Id(id): Id) -> Reply<StrategyRecord> {
    Ok(Json(find(&strategies, &id).await?))
}

/// The chain of a strategy's proofs, once it is done.
#[utoipa::path(get, path = "/v1/strategies/{id}/chain", params(("id" = String, Path, description = "Its identifier")),
    responses((status = 200, body = Vec<u8>, content_type = "application/vnd.vouch.chain"), Problems))]
async fn strategy_chain(Shared(strategies): Shared<Arc<Strategies>>, Id(id): Id) -> Result<Response, Refusal> {
    let missing = || ApiError::NotFound.because("there is no such strategy, or it has no chain yet");
    Ok(bytes(CHAIN_TYPE, IMMUTABLE, strategies.chain(&id).await?.ok_or_else(missing)?))
}

/// How a strategy stands, now and at each change, until it ends: server-sent events, each a StrategyEvent.
#[utoipa::path(get, path = "/v1/strategies/{id}/events", params(("id" = String, Path, description = "Its identifier")),
    responses((status = 200, body = Message, content_type = "text/event-stream"), EventProblems))]
async fn strategy_events(
    Shared(strategies): Shared<Arc<Strategies>>,
    Shared(predictions): Shared<Arc<Predictions>>,
    Shared(stop): Shared<Stop>,
    Id(id): Id,
) -> Result<Response, Refusal> {
    strategies.plan()?;
    // First listen, then look: nothing is missed between.
    let (mut news, mut events) = (strategies.listen(), predictions.listen());
    let status = find(&strategies, &id).await?.status;
    let (sender, receiver) = pipe();
    tokio::spawn(async move {
        let mut last = StrategyEvent { seq: 1, at_ms: now_ms(), status, detail: String::new() };
        loop {
            let sent = sender.send(event(last.seq, last.status.state.as_str(), &last)).await;
            if sent.is_err() || last.status.state.is_final() {
                return;
            }
            last = loop {
                let detail = tokio::select! {
                    () = stop.stopped() => return,
                    () = sender.closed() => return,
                    heard = news.recv() => match heard {
                        Ok(heard) if heard == id => String::new(),
                        Ok(_) => continue,
                        // Too slow to hear all: go on from how it stands.
                        Err(RecvError::Lagged(_)) => String::new(),
                        Err(RecvError::Closed) => return,
                    },
                    heard = events.recv() => match heard {
                        Ok(heard) => {
                            let of = |step: &&StrategyStep| step.prediction.as_ref() == Some(&heard.status.id);
                            let Some(step) = last.status.steps.iter().find(of) else { continue };
                            format!("{}: {}", step.token.as_deref().unwrap_or("allocation"), heard.detail)
                        }
                        Err(RecvError::Lagged(_)) => String::new(),
                        Err(RecvError::Closed) => return,
                    },
                };
                let Ok(StrategyRecord { status, .. }) = find(&strategies, &id).await else { return };
                if status != last.status {
                    break StrategyEvent { seq: last.seq + 1, at_ms: now_ms(), status, detail };
                }
            };
        }
    });
    Ok(stream(receiver))
}
