//! The validator's interface.

mod predictions;

use std::sync::Arc;
use std::time::Duration;

use axum::extract::rejection::QueryRejection;
use axum::extract::{FromRequestParts, Path, Query, State as Shared_};
use axum::http::{HeaderValue, Method, StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use axum::{Json, Router};
use serde::Deserialize;
use tower_http::cors::{AllowOrigin, CorsLayer};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;
use vouch_api::{
    ENVELOPE_TYPE, Health, LogEntry, MinerHistory, MinerSummary, ModelCard, ModelSummary, Network, Part, Problem,
    ProofRecord, State, paths,
};

pub(super) use self::predictions::{Message, queued, standing, stands, stopped};
use super::strategy::routes as strategies;
use super::{Validator, deposits, disclosure, hidden, openapi, reads, site};
use crate::registry::Model;
use crate::{Refusal, server};

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
        .routes(routes!(predictions::ask))
        .routes(routes!(predictions::prediction))
        .routes(routes!(predictions::prediction_events))
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
