//! The interface of strategies.

use std::convert::Infallible;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use axum::Json;
use axum::extract::{ConnectInfo, Request, State as Shared_};
use axum::http::{StatusCode, header};
use axum::response::sse::{Event, KeepAlive, Sse};
use axum::response::{IntoResponse, Response};
use tokio::sync::broadcast::error::RecvError;
use tokio_stream::wrappers::ReceiverStream;
use vouch_api::{
    CHAIN_TYPE, PredictionStatus, Problem, State, StrategyEvent, StrategyPlan, StrategyRecord, StrategyRequest,
    StrategyStatus, StrategyStep, paths,
};
use vouch_envelope::hex;

use super::{Strategies, drive, question};
use crate::random::random;
use crate::validator::ledger::strategies::{Stored, chain, strategy as read};
use crate::validator::routes::{Id, Message, standing, stopped};
use crate::validator::{Validator, predict};
use crate::{Refusal, now_ms, server};

type Shared = Shared_<Arc<Validator>>;
type Reply<T> = Result<Json<T>, Refusal>;

fn own(v: &Validator) -> Result<&Strategies, Refusal> {
    let none = || Refusal::new(StatusCode::NOT_FOUND, "no-strategies", "No strategies here", "none is configured");
    v.strategies.as_ref().ok_or_else(none)
}

fn missing(id: &str) -> Refusal {
    Refusal::new(StatusCode::NOT_FOUND, "no-such-strategy", "No such strategy", id)
}

/// What strategies are made of here.
#[utoipa::path(get, path = "/v1/strategies/plan", responses((status = 200, body = StrategyPlan),
    (status = 404, body = Problem, content_type = "application/problem+json")))]
pub(in crate::validator) async fn plan(Shared_(v): Shared) -> Reply<StrategyPlan> {
    Ok(Json(own(&v)?.blueprint.plan.clone()))
}

/// Asks for a strategy: forecasts for all tokens and the allocation on them. The answer is its identifier; how it stands is told there.
#[utoipa::path(post, path = "/v1/strategies", request_body = StrategyRequest,
    responses((status = 202, body = StrategyRecord),
        (status = 400, body = Problem, content_type = "application/problem+json"), (status = 404, body = Problem, content_type = "application/problem+json"),
        (status = 408, body = Problem, content_type = "application/problem+json"), (status = 413, body = Problem, content_type = "application/problem+json"),
        (status = 415, body = Problem, content_type = "application/problem+json"), (status = 422, body = Problem, content_type = "application/problem+json"),
        (status = 429, body = Problem, content_type = "application/problem+json"), (status = 502, body = Problem, content_type = "application/problem+json"),
        (status = 503, body = Problem, content_type = "application/problem+json")))]
pub(in crate::validator) async fn ask(
    Shared_(v): Shared,
    ConnectInfo(peer): ConnectInfo<SocketAddr>,
    request: Request,
) -> Result<Response, Refusal> {
    let strategies = own(&v)?;
    strategies.limiter.take(peer.ip()).map_err(Refusal::rate)?;
    let asked: StrategyRequest = server::read_json(request, v.settings.max_body_bytes).await?;
    let market = match asked.market {
        Some(market) => market,
        None => strategies.source.market().await.map_err(|error| {
            tracing::error!(%error, "no market data");
            Refusal::new(StatusCode::BAD_GATEWAY, "market", "No market data", "the validator's source has none now")
        })?,
    };
    let blueprint = &strategies.blueprint;
    let unfit = |error| Refusal::unfit("inputs", "Not inputs of the strategy", error);
    let inputs = blueprint.forecast_inputs(&market).map_err(unfit)?;
    blueprint.open_allocation(&market, asked.horizon, asked.risk).map_err(unfit)?;
    if *v.stop.borrow() {
        return Err(Refusal::full("the validator shuts down", 10));
    }
    let forecasts: Vec<_> = inputs.into_iter().map(|inputs| question(blueprint.forecast.id(), inputs)).collect();
    let stored = Stored {
        id: hex::encode(&random::<16>()),
        plan: blueprint.plan.clone(),
        market,
        horizon: asked.horizon,
        risk: asked.risk,
        predictions: forecasts.iter().map(|pending| pending.status.id.clone()).collect(),
        created_ms: now_ms(),
        finished_ms: None,
        error: None,
        chain_id: None,
    };
    {
        let mut live = v.live();
        // The allocation needs a place, too.
        if live.len() + forecasts.len() + 1 > v.settings.open_predictions {
            return Err(Refusal::full("too many predictions are open", 5));
        }
        live.extend(forecasts.iter().map(|pending| (pending.status.id.clone(), pending.status.clone())));
    }
    // Once begun, this is finished, even if the caller goes away: what is accepted is seen through.
    let (own, strategy) = (v.clone(), stored.clone());
    let task = tokio::spawn(async move {
        let (kept, asked) = (strategy.clone(), forecasts.clone());
        let accepted = own.ledger.run(move |ledger| ledger.accept_strategy(&kept, &asked)).await;
        if accepted.is_ok() {
            forecasts.into_iter().for_each(|pending| drop(tokio::spawn(predict::drive(own.clone(), pending))));
            tokio::spawn(drive(own.clone(), strategy));
        } else {
            let mut live = own.live();
            forecasts.iter().for_each(|pending| drop(live.remove(&pending.status.id)));
        }
        accepted
    });
    task.await.map_err(Refusal::internal)??;
    let location = format!("{}/{}", paths::STRATEGIES, stored.id);
    let record = record(&v, stored).await?;
    Ok((StatusCode::ACCEPTED, [(header::LOCATION, location)], Json(record)).into_response())
}

async fn record(v: &Arc<Validator>, stored: Stored) -> Result<StrategyRecord, Refusal> {
    let status = status(v, &stored).await?;
    let Stored { horizon, risk, market, plan, .. } = stored;
    Ok(StrategyRecord { status, horizon, risk, market, plan })
}

/// How a strategy stands, from how its predictions stand.
async fn status(v: &Arc<Validator>, stored: &Stored) -> Result<StrategyStatus, Refusal> {
    let tokens = stored.market.tokens.iter().map(|token| (stored.plan.forecast, Some(token.name.clone())));
    let mut steps = Vec::new();
    for (number, (model_id, token)) in tokens.chain([(stored.plan.allocation, None)]).enumerate() {
        let id = stored.predictions.get(number);
        let known = match id {
            Some(id) => standing(v, id).await?,
            None => None,
        };
        let open = |state| StrategyStep {
            model_id,
            token,
            prediction: id.cloned(),
            state,
            miner: None,
            nonce: None,
            proof_id: None,
        };
        steps.push(match known {
            None => open(State::Queued),
            Some(PredictionStatus { state, miner, nonce, proof_id, .. }) => {
                StrategyStep { miner, nonce, proof_id, ..open(state) }
            }
        });
    }
    let state = match (&stored.chain_id, &stored.error) {
        (Some(_), _) => State::Done,
        (None, Some(_)) => State::Failed,
        // All proofs are there: the chain is being made.
        (None, None) if steps.iter().all(|step| step.state == State::Done) => State::Verifying,
        (None, None) if steps.iter().all(|step| step.state == State::Queued) => State::Queued,
        (None, None) => State::Proving,
    };
    Ok(StrategyStatus {
        id: stored.id.clone(),
        state,
        created_ms: stored.created_ms,
        finished_ms: stored.finished_ms,
        steps,
        chain_id: stored.chain_id.clone(),
        error: stored.error.clone(),
    })
}

async fn find(v: &Arc<Validator>, id: &str) -> Result<Stored, Refusal> {
    let own = id.to_owned();
    v.reader.run(move |c| read(c, &own)).await?.ok_or_else(|| missing(id))
}

/// How a strategy stands, and what it was made from.
#[utoipa::path(get, path = "/v1/strategies/{id}", params(("id" = String, Path, description = "Its identifier")),
    responses((status = 200, body = StrategyRecord), (status = 404, body = Problem, content_type = "application/problem+json")))]
pub(in crate::validator) async fn strategy(Shared_(v): Shared, Id(id): Id) -> Reply<StrategyRecord> {
    let stored = find(&v, &id).await?;
    Ok(Json(record(&v, stored).await?))
}

/// The chain of a strategy's proofs, once it is done.
#[utoipa::path(get, path = "/v1/strategies/{id}/chain", params(("id" = String, Path, description = "Its identifier")),
    responses((status = 200, body = Vec<u8>, content_type = "application/vnd.vouch.chain"), (status = 404, body = Problem, content_type = "application/problem+json")))]
pub(in crate::validator) async fn strategy_chain(Shared_(v): Shared, Id(id): Id) -> Result<Response, Refusal> {
    let own = id.clone();
    let bytes = v.reader.run(move |c| chain(c, &own)).await?;
    let bytes = bytes.ok_or_else(|| Refusal::missing("there is no such strategy, or it has no chain yet"))?;
    let headers = [(header::CONTENT_TYPE, CHAIN_TYPE), (header::CACHE_CONTROL, "public, max-age=31536000, immutable")];
    Ok((headers, bytes).into_response())
}

/// How a strategy stands, now and at each change, until it ends: server-sent events, each a StrategyEvent.
#[utoipa::path(get, path = "/v1/strategies/{id}/events", params(("id" = String, Path, description = "Its identifier")),
    responses((status = 200, body = Message, content_type = "text/event-stream"), (status = 404, body = Problem, content_type = "application/problem+json")))]
pub(in crate::validator) async fn strategy_events(Shared_(v): Shared, Id(id): Id) -> Result<Response, Refusal> {
    // First listen, then look: nothing is missed between.
    let (mut news, mut predictions) = (own(&v)?.news.subscribe(), v.events.subscribe());
    let mut stop = v.stop.subscribe();
    let first = status(&v, &find(&v, &id).await?).await?;
    let (sender, receiver) = tokio::sync::mpsc::channel::<Result<Event, Infallible>>(16);
    let event = |event: &StrategyEvent| {
        let name = event.status.state.as_str();
        Event::default().id(event.seq.to_string()).event(name).json_data(event).unwrap_or_default()
    };
    tokio::spawn(async move {
        let mut last = StrategyEvent { seq: 1, at_ms: now_ms(), status: first, detail: String::new() };
        loop {
            if sender.send(Ok(event(&last))).await.is_err() || last.status.state.is_final() {
                return;
            }
            last = loop {
                let detail = tokio::select! {
                    () = stopped(&mut stop) => return,
                    () = sender.closed() => return,
                    heard = news.recv() => match heard {
                        Ok(heard) if heard == id => String::new(),
                        Ok(_) => continue,
                        // Too slow to hear all: go on from how it stands.
                        Err(RecvError::Lagged(_)) => String::new(),
                        Err(RecvError::Closed) => return,
                    },
                    heard = predictions.recv() => match heard {
                        Ok(heard) => {
                            let of = |step: &&StrategyStep| step.prediction.as_ref() == Some(&heard.status.id);
                            let Some(step) = last.status.steps.iter().find(of) else { continue };
                            format!("{}: {}", step.token.as_deref().unwrap_or("allocation"), heard.detail)
                        }
                        Err(RecvError::Lagged(_)) => String::new(),
                        Err(RecvError::Closed) => return,
                    },
                };
                let Ok(stored) = find(&v, &id).await else { return };
                let Ok(status) = status(&v, &stored).await else { return };
                if status != last.status {
                    break StrategyEvent { seq: last.seq + 1, at_ms: now_ms(), status, detail };
                }
            };
        }
    });
    let keep = KeepAlive::new().interval(Duration::from_secs(15));
    Ok(Sse::new(ReceiverStream::new(receiver)).keep_alive(keep).into_response())
}
