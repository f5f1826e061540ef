//! Questions of users, and how they stand.

use std::convert::Infallible;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use axum::Json;
use axum::extract::{ConnectInfo, Request, State as Shared_};
use axum::http::{StatusCode, header};
use axum::response::sse::{Event, KeepAlive, Sse};
use axum::response::{IntoResponse, Response};
use tokio_stream::wrappers::ReceiverStream;
use vouch_api::{
    MAX_PREDICTION_VALUES, ModelId, Nonce, PredictionAccepted, PredictionEvent, PredictionRequest, PredictionStatus,
    Problem, Salt, State, paths,
};
use vouch_envelope::hex;

use super::{Id, Reply, Shared, find};
use crate::database::DatabaseError;
use crate::random::random;
use crate::validator::ledger::{Pending, Question};
use crate::validator::{Validator, predict, reads};
use crate::{Refusal, now_ms, server};

/// Asks for a prediction. The answer is its identifier; how it stands is told there.
#[utoipa::path(post, path = "/v1/predictions", request_body = PredictionRequest,
    responses((status = 202, body = PredictionAccepted),
        (status = 400, body = Problem, content_type = "application/problem+json"), (status = 404, body = Problem, content_type = "application/problem+json"),
        (status = 408, body = Problem, content_type = "application/problem+json"), (status = 409, body = Problem, content_type = "application/problem+json"),
        (status = 413, body = Problem, content_type = "application/problem+json"), (status = 415, body = Problem, content_type = "application/problem+json"),
        (status = 422, body = Problem, content_type = "application/problem+json"), (status = 429, body = Problem, content_type = "application/problem+json"),
        (status = 503, body = Problem, content_type = "application/problem+json")))]
pub(super) async fn ask(
    Shared_(v): Shared,
    ConnectInfo(peer): ConnectInfo<SocketAddr>,
    request: Request,
) -> Result<Response, Refusal> {
    v.limiter.take(peer.ip()).map_err(Refusal::rate)?;
    let asked: PredictionRequest = server::read_json(request, v.settings.max_body_bytes).await?;
    let model = find(&v, &asked.model_id.to_string())?;
    let values: usize = asked.inputs.values().map(Vec::len).sum();
    if values > MAX_PREDICTION_VALUES {
        return Err(Refusal::unfit("inputs", "Too many values", format!("at most {MAX_PREDICTION_VALUES}")));
    }
    let inputs = model.integers(&asked.inputs).map_err(|e| Refusal::unfit("inputs", "Not inputs of the model", e))?;
    let drawn = (model.has_hashes() && asked.salt.is_none()).then(|| Salt(random()));
    let salt = asked.salt.or(drawn);
    model.check_salt(salt).map_err(|e| Refusal::unfit("salt", "The model takes no salt", e))?;
    if *v.stop.borrow() {
        return Err(Refusal::full("the validator shuts down", 10));
    }
    let status = queued(asked.model_id, asked.nonce);
    {
        let mut live = v.live();
        if live.len() >= v.settings.open_predictions {
            return Err(Refusal::full("too many predictions are open", 5));
        }
        live.insert(status.id.clone(), status.clone());
    }
    let pending = Pending { status: status.clone(), question: Some(Question { inputs, salt }) };
    // Once begun, this is finished, even if the caller goes away: what is accepted is seen through.
    let own = v.clone();
    let task = tokio::spawn(async move {
        let kept = pending.clone();
        let accepted = own.ledger.run(move |ledger| ledger.accept(&kept)).await;
        if matches!(accepted, Ok(true)) {
            tokio::spawn(predict::drive(own.clone(), pending));
        } else {
            own.live().remove(&pending.status.id);
        }
        accepted
    });
    if !task.await.map_err(Refusal::internal)?? {
        return Err(Refusal::new(StatusCode::CONFLICT, "nonce-used", "The nonce was used before", "draw another"));
    }
    let location = format!("{}/{}", paths::PREDICTIONS, status.id);
    let accepted = PredictionAccepted { status, salt: drawn };
    Ok((StatusCode::ACCEPTED, [(header::LOCATION, location)], Json(accepted)).into_response())
}

/// A question that nobody has been asked yet.
pub(in crate::validator) fn queued(model_id: ModelId, nonce: Option<Nonce>) -> PredictionStatus {
    PredictionStatus {
        id: hex::encode(&random::<16>()),
        model_id,
        nonce,
        state: State::Queued,
        created_ms: now_ms(),
        finished_ms: None,
        miner: None,
        attempts: 0,
        proof_id: None,
        error: None,
    }
}

/// How a question stands, if there is one.
pub(in crate::validator) async fn standing(
    v: &Arc<Validator>,
    id: &str,
) -> Result<Option<PredictionStatus>, DatabaseError> {
    if let Some(status) = v.live().get(id) {
        return Ok(Some(status.clone()));
    }
    let own = id.to_owned();
    v.reader.run(move |c| reads::prediction(c, &own)).await
}

pub(in crate::validator) async fn stands(v: &Arc<Validator>, id: &str) -> Result<PredictionStatus, Refusal> {
    let status = standing(v, id).await?;
    status.ok_or_else(|| Refusal::new(StatusCode::NOT_FOUND, "no-such-prediction", "No such prediction", id))
}

/// How a prediction stands.
#[utoipa::path(get, path = "/v1/predictions/{id}", params(("id" = String, Path, description = "Its identifier")),
    responses((status = 200, body = PredictionStatus), (status = 404, body = Problem, content_type = "application/problem+json")))]
pub(super) async fn prediction(Shared_(v): Shared, Id(id): Id) -> Reply<PredictionStatus> {
    Ok(Json(stands(&v, &id).await?))
}

/// Ready when the validator stops. (What `wait_for` gives may not be kept across an await.)
pub(in crate::validator) async fn stopped(stop: &mut tokio::sync::watch::Receiver<bool>) {
    let _ = stop.wait_for(|stop| *stop).await;
}

/// A server-sent event, as `text/event-stream` has it.
#[derive(utoipa::ToSchema)]
#[expect(dead_code, reason = "for the document only")]
pub(in crate::validator) struct Message {
    /// The event's number.
    id: String,
    /// The prediction's state.
    event: String,
    /// A PredictionEvent.
    #[schema(content_media_type = "application/json")]
    data: String,
}

/// How a prediction stands, now and at each change, until it ends: server-sent events, each a PredictionEvent.
#[utoipa::path(get, path = "/v1/predictions/{id}/events", params(("id" = String, Path, description = "Its identifier")),
    responses((status = 200, body = Message, content_type = "text/event-stream"), (status = 404, body = Problem, content_type = "application/problem+json")))]
pub(super) async fn prediction_events(Shared_(v): Shared, Id(id): Id) -> Result<Response, Refusal> {
    // First listen, then look: nothing is missed between.
    let mut events = v.events.subscribe();
    let mut stop = v.stop.subscribe();
    let status = stands(&v, &id).await?;
    let (sender, receiver) = tokio::sync::mpsc::channel::<Result<Event, Infallible>>(16);
    let event = |event: &PredictionEvent| {
        let name = event.status.state.as_str();
        Event::default().id(event.seq.to_string()).event(name).json_data(event).unwrap_or_default()
    };
    tokio::spawn(async move {
        let mut last = PredictionEvent { seq: 0, at_ms: now_ms(), status, detail: String::new() };
        loop {
            if sender.send(Ok(event(&last))).await.is_err() || last.status.state.is_final() {
                return;
            }
            last = loop {
                tokio::select! {
                    () = stopped(&mut stop) => return,
                    () = sender.closed() => return,
                    next = events.recv() => match next {
                        Ok(next) if next.status.id == id => break next,
                        Ok(_) => {}
                        // Too slow to hear all: go on from how it stands.
                        Err(tokio::sync::broadcast::error::RecvError::Lagged(_)) => match stands(&v, &id).await {
                            Ok(status) => break PredictionEvent { seq: last.seq, at_ms: now_ms(), status, detail: String::new() },
                            Err(_) => return,
                        },
                        Err(tokio::sync::broadcast::error::RecvError::Closed) => return,
                    },
                }
            };
        }
    });
    let keep = KeepAlive::new().interval(Duration::from_secs(15));
    Ok(Sse::new(ReceiverStream::new(receiver)).keep_alive(keep).into_response())
}
