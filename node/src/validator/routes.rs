//! The validator's interface.

use std::convert::Infallible;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use axum::extract::rejection::QueryRejection;
use axum::extract::{ConnectInfo, FromRequestParts, Path, Query, Request, State as Shared_};
use axum::http::{HeaderValue, Method, StatusCode, header};
use axum::response::sse::{Event, KeepAlive, Sse};
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use axum::{Json, Router};
use serde::Deserialize;
use tokio_stream::wrappers::ReceiverStream;
use tower_http::cors::{AllowOrigin, CorsLayer};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;
use vouch_api::{
    ENVELOPE_TYPE, Health, LogEntry, MAX_PREDICTION_VALUES, MinerHistory, MinerSummary, ModelCard, ModelSummary,
    Network, Part, PredictionAccepted, PredictionEvent, PredictionRequest, PredictionStatus, Problem, ProofRecord,
    Salt, State, paths,
};
use vouch_envelope::hex;

use super::ledger::{Pending, Question};
use super::strategy::routes as strategies;
use super::{Validator, deposits, disclosure, hidden, openapi, predict, reads, site};
use crate::database::DatabaseError;
use crate::registry::{Model, random};
use crate::{Refusal, now_ms, server};

type Shared = Shared_<Arc<Validator>>;
type Reply<T> = Result<Json<T>, Refusal>;

/// The `{id}` of a path. What is no text is the identifier of nothing.
pub(super) struct Id(pub(super) String);

impl<S: Send + Sync> FromRequestParts<S> for Id {
    type Rejection = Refusal;

    async fn from_request_parts(parts: &mut axum::http::request::Parts, state: &S) -> Result<Self, Refusal> {
        let path = Path::from_request_parts(parts, state).await;
        path.map(|Path(id)| Self(id)).map_err(|_| Refusal::missing("no such identifier"))
    }
}

/// Most entries of the log in one answer.
const MAX_LOG: u64 = 1000;

/// The routes, and the document that describes them.
pub(super) fn documented() -> (Router<Arc<Validator>>, utoipa::openapi::OpenApi) {
    OpenApiRouter::with_openapi(openapi::document())
        .routes(routes!(network))
        .routes(routes!(models))
        .routes(routes!(model))
        .routes(routes!(model_key))
        .routes(routes!(model_layout))
        .routes(routes!(disclosure::verifier_key))
        .routes(routes!(disclosure::prover_key))
        .routes(routes!(miners))
        .routes(routes!(miner))
        .routes(routes!(predict_))
        .routes(routes!(prediction))
        .routes(routes!(prediction_events))
        .routes(routes!(hidden::outputs))
        .routes(routes!(strategies::plan))
        .routes(routes!(strategies::ask))
        .routes(routes!(strategies::strategy))
        .routes(routes!(strategies::strategy_chain))
        .routes(routes!(strategies::strategy_events))
        .routes(routes!(proof))
        .routes(routes!(proof_envelope))
        .routes(routes!(log))
        .routes(routes!(deposits::config))
        .routes(routes!(deposits::rpc::ask))
        .routes(routes!(deposits::account))
        .routes(routes!(verifier))
        .routes(routes!(health))
        .routes(routes!(ready))
        .split_for_parts()
}

pub(super) fn router(validator: Arc<Validator>) -> Router {
    let (routes, mut document) = documented();
    if let Some(model) = validator.registry.iter().next() {
        openapi::examples(&mut document, model);
    }
    let document = Arc::new(document);
    let app = routes
        .route(paths::OPENAPI, get(move || async move { Json(document.as_ref().clone()) }))
        .route("/metrics", get(metrics))
        .route("/v1/{*rest}", axum::routing::any(|| async { Refusal::missing("no such path") }))
        .with_state(validator.clone());
    let app = match &validator.settings.dashboard {
        Some(dir) => app.fallback_service(site::site(dir)),
        None => app.fallback(|| async { Refusal::missing("no such path") }),
    };
    server::timeout(app, Duration::from_secs(30)).layer(cors(&validator.settings.cors))
}

fn cors(origins: &[String]) -> CorsLayer {
    let layer = CorsLayer::new().allow_methods([Method::GET, Method::POST]).allow_headers([header::CONTENT_TYPE]);
    if origins.iter().any(|origin| origin == "*") {
        return layer.allow_origin(AllowOrigin::any());
    }
    layer.allow_origin(origins.iter().filter_map(|o| HeaderValue::from_str(o).ok()).collect::<Vec<_>>())
}

pub(super) fn find(validator: &Validator, id: &str) -> Result<Arc<Model>, Refusal> {
    let found = id.parse().ok().and_then(|id| validator.registry.get(&id)).cloned();
    found.ok_or_else(|| Refusal::new(StatusCode::NOT_FOUND, "no-such-model", "No such model", id))
}

fn sha256(validator: &Validator) -> String {
    validator.engine.sha256().unwrap_or_default().to_owned()
}

async fn parts(validator: &Arc<Validator>) -> Vec<Part> {
    let log = validator.reader.run(|c| reads::log(c, None, 1)).await;
    let part = |name: &str, ok, detail: String| Part { name: name.into(), ok, detail };
    let parties = validator.parties();
    let count = validator.registry.iter().count();
    let mut parts = vec![
        match log {
            Ok(newest) => part("database", true, format!("log entry {}", newest.first().map_or(0, |e| e.seq))),
            Err(error) => part("database", false, error.to_string()),
        },
        part("models", count > 0, format!("{count} served")),
        part("miners", !parties.miners.is_empty(), format!("{} on the chain", parties.miners.len())),
    ];
    parts.extend(validator.deposits_part());
    parts
}

/// The validator's account of itself.
#[utoipa::path(get, path = "/v1/network", responses((status = 200, body = Network)))]
async fn network(Shared_(v): Shared) -> Reply<Network> {
    let (epoch, epoch_ends_ms) = v.ledger.run(|ledger| Ok(ledger.epoch())).await?;
    let in_flight = v.flight.len() as u64;
    let open = v.live().values().filter(|p| p.state == State::Queued).count() as u64;
    Ok(Json(Network {
        version: env!("CARGO_PKG_VERSION").into(),
        validator: v.public().to_string(),
        verifier_sha256: sha256(&v),
        started_ms: v.started_ms,
        health: parts(&v).await,
        epoch,
        epoch_ends_ms,
        weights: v.reader.run(|c| reads::weights(c)).await?,
        waiting: open,
        in_flight,
        in_flight_limit: v.settings.in_flight as u64,
    }))
}

/// The models that are served.
#[utoipa::path(get, path = "/v1/models", responses((status = 200, body = Vec<ModelSummary>)))]
async fn models(Shared_(v): Shared) -> Reply<Vec<ModelSummary>> {
    let serving = v.reader.run(|c| reads::serving(c)).await?;
    let count = |model: &Model| serving.get(&model.id()).copied().unwrap_or(0);
    Ok(Json(v.registry.iter().map(|model| model.summary(count(model))).collect()))
}

/// Everything about a model.
#[utoipa::path(get, path = "/v1/models/{id}", params(("id" = String, Path, description = "The model's identity")),
    responses((status = 200, body = ModelCard), (status = 404, body = Problem, content_type = "application/problem+json")))]
async fn model(Shared_(v): Shared, Id(id): Id) -> Reply<ModelCard> {
    let model = find(&v, &id)?;
    let serving = v.reader.run(|c| reads::serving(c)).await?;
    Ok(Json(model.card(serving.get(&model.id()).copied().unwrap_or(0), &sha256(&v))))
}

/// A model's verifying key: its hash is the model's identity.
#[utoipa::path(get, path = "/v1/models/{id}/key", params(("id" = String, Path, description = "The model's identity")),
    responses((status = 200, body = Vec<u8>, content_type = "application/octet-stream"), (status = 404, body = Problem, content_type = "application/problem+json")))]
async fn model_key(Shared_(v): Shared, Id(id): Id) -> Result<Response, Refusal> {
    let key = find(&v, &id)?.key.to_bytes().to_vec();
    let headers = [
        (header::CONTENT_TYPE, "application/octet-stream"),
        (header::CACHE_CONTROL, "public, max-age=31536000, immutable"),
    ];
    Ok((headers, key).into_response())
}

/// A picture of a model's circuit: columns from left to right, rows from top to bottom.
#[utoipa::path(get, path = "/v1/models/{id}/layout.svg", params(("id" = String, Path, description = "The model's identity")),
    responses((status = 200, body = String, content_type = "image/svg+xml"), (status = 404, body = Problem, content_type = "application/problem+json")))]
async fn model_layout(Shared_(v): Shared, Id(id): Id) -> Result<Response, Refusal> {
    let picture =
        find(&v, &id)?.picture.clone().ok_or_else(|| Refusal::missing("there is no picture of this layout"))?;
    let headers = [
        (header::CONTENT_TYPE, "image/svg+xml"),
        (header::CONTENT_SECURITY_POLICY, "default-src 'none'"),
        (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
    ];
    Ok((headers, picture).into_response())
}

/// The miners on the chain, best first.
#[utoipa::path(get, path = "/v1/miners", responses((status = 200, body = Vec<MinerSummary>)))]
async fn miners(Shared_(v): Shared) -> Reply<Vec<MinerSummary>> {
    let parties = v.parties();
    Ok(Json(v.reader.run(move |c| reads::miners(c, &parties.miners)).await?))
}

/// One miner's history.
#[utoipa::path(get, path = "/v1/miners/{id}", params(("id" = String, Path, description = "The miner's public key")),
    responses((status = 200, body = MinerHistory), (status = 404, body = Problem, content_type = "application/problem+json")))]
async fn miner(Shared_(v): Shared, Id(id): Id) -> Reply<MinerHistory> {
    let missing = || Refusal::new(StatusCode::NOT_FOUND, "no-such-miner", "No such miner", &id);
    let key = id.parse().map_err(|_| missing())?;
    if !v.parties().miners.iter().any(|miner| miner.key == key) {
        return Err(missing());
    }
    Ok(Json(v.reader.run(move |c| reads::history(c, key)).await?))
}

/// Asks for a prediction. The answer is its identifier; how it stands is told there.
#[utoipa::path(post, path = "/v1/predictions", request_body = PredictionRequest,
    responses((status = 202, body = PredictionAccepted),
        (status = 400, body = Problem, content_type = "application/problem+json"), (status = 404, body = Problem, content_type = "application/problem+json"),
        (status = 408, body = Problem, content_type = "application/problem+json"), (status = 409, body = Problem, content_type = "application/problem+json"),
        (status = 413, body = Problem, content_type = "application/problem+json"), (status = 415, body = Problem, content_type = "application/problem+json"),
        (status = 422, body = Problem, content_type = "application/problem+json"), (status = 429, body = Problem, content_type = "application/problem+json"),
        (status = 503, body = Problem, content_type = "application/problem+json")))]
async fn predict_(
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
    let inputs = model.quantize(&asked.inputs).map_err(|e| Refusal::unfit("inputs", "Not inputs of the model", e))?;
    let drawn = (model.has_hashes() && asked.salt.is_none()).then(|| Salt(random()));
    let salt = asked.salt.or(drawn);
    model.check_salt(salt).map_err(|e| Refusal::unfit("salt", "The model takes no salt", e))?;
    if *v.stop.borrow() {
        return Err(Refusal::full("the validator shuts down", 10));
    }
    let status = PredictionStatus {
        id: hex::encode(&random::<16>()),
        model_id: asked.model_id,
        nonce: asked.nonce,
        state: State::Queued,
        created_ms: now_ms(),
        finished_ms: None,
        miner: None,
        attempts: 0,
        proof_id: None,
        error: None,
    };
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

/// How a question stands, if there is one.
pub(super) async fn standing(v: &Arc<Validator>, id: &str) -> Result<Option<PredictionStatus>, DatabaseError> {
    if let Some(status) = v.live().get(id) {
        return Ok(Some(status.clone()));
    }
    let own = id.to_owned();
    v.reader.run(move |c| reads::prediction(c, &own)).await
}

pub(super) async fn stands(v: &Arc<Validator>, id: &str) -> Result<PredictionStatus, Refusal> {
    let status = standing(v, id).await?;
    status.ok_or_else(|| Refusal::new(StatusCode::NOT_FOUND, "no-such-prediction", "No such prediction", id))
}

/// How a prediction stands.
#[utoipa::path(get, path = "/v1/predictions/{id}", params(("id" = String, Path, description = "Its identifier")),
    responses((status = 200, body = PredictionStatus), (status = 404, body = Problem, content_type = "application/problem+json")))]
async fn prediction(Shared_(v): Shared, Id(id): Id) -> Reply<PredictionStatus> {
    Ok(Json(stands(&v, &id).await?))
}

/// Ready when the validator stops. (What `wait_for` gives may not be kept across an await.)
pub(super) async fn stopped(stop: &mut tokio::sync::watch::Receiver<bool>) {
    let _ = stop.wait_for(|stop| *stop).await;
}

/// A server-sent event, as `text/event-stream` has it.
#[derive(utoipa::ToSchema)]
#[expect(dead_code, reason = "for the document only")]
pub(super) struct Message {
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
async fn prediction_events(Shared_(v): Shared, Id(id): Id) -> Result<Response, Refusal> {
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

fn no_proof(id: &str) -> Refusal {
    Refusal::new(StatusCode::NOT_FOUND, "no-such-proof", "No such proof", id)
}

/// What is kept with a proof.
#[utoipa::path(get, path = "/v1/proofs/{id}", params(("id" = String, Path, description = "SHA-256 of the envelope")),
    responses((status = 200, body = ProofRecord), (status = 404, body = Problem, content_type = "application/problem+json")))]
async fn proof(Shared_(v): Shared, Id(id): Id) -> Reply<ProofRecord> {
    let (own, verifier) = (id.clone(), sha256(&v));
    let record = v.reader.run(move |c| reads::proof(c, &own, &verifier)).await?;
    record.map(Json).ok_or_else(|| no_proof(&id))
}

/// A proof's envelope, as the miner sent it.
#[utoipa::path(get, path = "/v1/proofs/{id}/envelope", params(("id" = String, Path, description = "SHA-256 of the envelope")),
    responses((status = 200, body = Vec<u8>, content_type = "application/vnd.vouch.envelope"), (status = 404, body = Problem, content_type = "application/problem+json")))]
async fn proof_envelope(Shared_(v): Shared, Id(id): Id) -> Result<Response, Refusal> {
    let own = id.clone();
    let envelope = v.reader.run(move |c| reads::envelope(c, &own)).await?.ok_or_else(|| no_proof(&id))?;
    let headers =
        [(header::CONTENT_TYPE, ENVELOPE_TYPE), (header::CACHE_CONTROL, "public, max-age=31536000, immutable")];
    Ok((headers, envelope).into_response())
}

#[derive(Debug, Deserialize, utoipa::IntoParams)]
#[into_params(parameter_in = Query)]
struct LogQuery {
    /// Entries after this number, oldest first; without it the newest, newest first.
    #[param(maximum = 9007199254740991_i64)]
    #[serde(default, deserialize_with = "server::at_most::<{ server::MAX_NUMBER }, _>")]
    after: Option<u64>,
    /// At most so many, up to 1000.
    #[param(maximum = 1000)]
    #[serde(default, deserialize_with = "server::at_most::<MAX_LOG, _>")]
    limit: Option<u64>,
}

/// The hash-chained log.
#[utoipa::path(get, path = "/v1/log", params(LogQuery),
    responses((status = 200, body = Vec<LogEntry>), (status = 400, body = Problem, content_type = "application/problem+json")))]
async fn log(Shared_(v): Shared, query: Result<Query<LogQuery>, QueryRejection>) -> Reply<Vec<LogEntry>> {
    let Query(query) = query.map_err(Refusal::malformed)?;
    let limit = query.limit.unwrap_or(100);
    Ok(Json(v.reader.run(move |c| reads::log(c, query.after, limit)).await?))
}

/// The verifier that this validator runs: its SHA-256 is the network's `verifier_sha256`.
#[utoipa::path(get, path = "/v1/verifier.wasm", responses((status = 200, body = Vec<u8>, content_type = "application/wasm"),
    (status = 404, body = Problem, content_type = "application/problem+json")))]
async fn verifier(Shared_(v): Shared) -> Result<Response, Refusal> {
    let wasm = v.engine.wasm().ok_or_else(|| Refusal::missing("this validator runs its native verifier"))?;
    Ok(([(header::CONTENT_TYPE, "application/wasm")], wasm.to_vec()).into_response())
}

async fn report(v: &Arc<Validator>) -> Health {
    let parts = parts(v).await;
    Health { ok: parts.iter().all(|p| p.ok), version: env!("CARGO_PKG_VERSION").into(), parts }
}

/// Whether the process works.
#[utoipa::path(get, path = "/health", responses((status = 200, body = Health)))]
async fn health(Shared_(v): Shared) -> Json<Health> {
    Json(report(&v).await)
}

/// Whether all parts work.
#[utoipa::path(get, path = "/ready", responses((status = 200, body = Health), (status = 503, body = Health)))]
async fn ready(Shared_(v): Shared) -> (StatusCode, Json<Health>) {
    let mut report = report(&v).await;
    if *v.stop.borrow() {
        report.ok = false;
    }
    (if report.ok { StatusCode::OK } else { StatusCode::SERVICE_UNAVAILABLE }, Json(report))
}

async fn metrics(Shared_(v): Shared) -> String {
    v.metrics.encode()
}
