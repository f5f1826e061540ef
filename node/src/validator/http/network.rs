//! The validator's account of itself, its health, its metrics, and its verifier.

use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;
use vouch_api::{Health, Network, Part};

use super::responses::{Reply, problems};
use crate::engine::VerifyEngine;
use crate::metrics::Metrics;
use crate::validator::{Validator, reads};
use crate::{ApiError, Refusal};

problems!(VerifierProblems: NotFound);

pub(super) fn routes() -> OpenApiRouter<Validator> {
    OpenApiRouter::new()
        .routes(routes!(network))
        .routes(routes!(verifier))
        .routes(routes!(health))
        .routes(routes!(ready))
        .route("/metrics", axum::routing::get(metrics))
}

async fn parts(v: &Validator) -> Vec<Part> {
    let log = v.store.read(|c| reads::log(c, None, 1)).await;
    let part = |name: &str, ok, detail: String| Part { name: name.into(), ok, detail };
    let (miners, models) = (v.participants.now().miners.len(), v.registry.iter().count());
    let mut parts = vec![
        match log {
            Ok(newest) => part("database", true, format!("log entry {}", newest.first().map_or(0, |e| e.seq))),
            Err(error) => part("database", false, error.to_string()),
        },
        part("models", models > 0, format!("{models} served")),
        part("miners", miners > 0, format!("{miners} on the chain")),
    ];
    parts.extend(v.deposits.as_ref().and_then(|deposits| deposits.part()));
    parts
}

/// The validator's account of itself.
#[utoipa::path(get, path = "/v1/network", responses((status = 200, body = Network)))]
async fn network(State(v): State<Validator>) -> Reply<Network> {
    let (epoch, epoch_ends_ms) = v.store.write(|ledger| Ok(ledger.epoch())).await?;
    Ok(Json(Network {
        version: env!("CARGO_PKG_VERSION").into(),
        chain: v.participants.now().chain.clone(),
        validator: v.public().to_string(),
        verifier_sha256: v.engine.sha256().unwrap_or_default().to_owned(),
        started_ms: v.started_ms,
        health: parts(&v).await,
        epoch,
        epoch_ends_ms,
        weights: v.store.read(reads::weights).await?,
        waiting: v.predictions.queued() as u64,
        in_flight: v.dispatcher.in_flight() as u64,
        in_flight_limit: v.dispatcher.limit() as u64,
    }))
}

/// The verifier that this validator runs: its SHA-256 is the network's `verifier_sha256`.
#[utoipa::path(get, path = "/v1/verifier.wasm",
    responses((status = 200, body = Vec<u8>, content_type = "application/wasm"), VerifierProblems))]
async fn verifier(State(engine): State<Arc<dyn VerifyEngine>>) -> Result<Response, Refusal> {
    let missing = || ApiError::NotFound.because("this validator runs its native verifier");
    let wasm = engine.wasm().ok_or_else(missing)?;
    Ok(([(header::CONTENT_TYPE, "application/wasm")], wasm.to_vec()).into_response())
}

async fn report(v: &Validator) -> Health {
    let parts = parts(v).await;
    Health { ok: parts.iter().all(|p| p.ok), version: env!("CARGO_PKG_VERSION").into(), parts }
}

/// Whether the process works.
#[utoipa::path(get, path = "/health", responses((status = 200, body = Health)))]
async fn health(State(v): State<Validator>) -> Json<Health> {
    Json(report(&v).await)
}

/// Whether all parts work.
#[utoipa::path(get, path = "/ready", responses((status = 200, body = Health), (status = 503, body = Health)))]
async fn ready(State(v): State<Validator>) -> (StatusCode, Json<Health>) {
    let mut report = report(&v).await;
    if v.stop.is_set() {
        report.ok = false;
    }
    (if report.ok { StatusCode::OK } else { StatusCode::SERVICE_UNAVAILABLE }, Json(report))
}

async fn metrics(State(metrics): State<Arc<Metrics>>) -> String {
    metrics.encode()
}
