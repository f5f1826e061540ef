//! The miner's interface.

use std::sync::Arc;
use std::time::{Duration, Instant};

use axum::extract::{Request, State};
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use axum::{Json, Router};
use vouch_api::{ANSWER_TYPE, Capacity, ENVELOPE_TYPE, Health, MinerModel, NonceSource, Part, ProveRequest, paths};
use vouch_channel::Caller;
use vouch_protocol::{PublicKey, SignatureError, SignedHeaders, verify};

use super::Miner;
use super::run::{NoProof, Run};
use crate::chain::Parties;
use crate::metrics::by;
use crate::registry::Model;
use crate::{ApiError, Refusal, now_ms, server};

/// Longest deadline that a caller may give.
const MAX_DEADLINE_MS: u64 = 600_000;
const MAX_ID_CHARS: usize = 64;

type Shared = State<Arc<Miner>>;

impl Miner {
    /// The server.
    pub fn router(self: &Arc<Self>) -> Router {
        server::layers(routes(self.clone()), self.metrics.clone())
    }
}

/// What validators may ask over QUIC: nothing of what the operator watches.
pub(super) fn for_validators(miner: Arc<Miner>) -> Router {
    let quick = server::timeout(served(&miner), Duration::from_secs(10));
    let app = Router::new().route(paths::PROVE, post(prove)).with_state(miner.clone()).merge(quick);
    server::layers(app, miner.metrics.clone())
}

fn served(miner: &Arc<Miner>) -> Router {
    Router::new()
        .route(paths::MODELS, get(models))
        .route(paths::CAPACITY, get(capacity))
        .fallback(|| async { ApiError::NotFound.because("no such path") })
        .with_state(miner.clone())
}

fn routes(miner: Arc<Miner>) -> Router {
    let watched = Router::new()
        .route("/health", get(health))
        .route("/ready", get(ready))
        .route("/metrics", get(metrics))
        .with_state(miner.clone());
    let quick = server::timeout(served(&miner).merge(watched), Duration::from_secs(10));
    Router::new().route(paths::PROVE, post(prove)).with_state(miner).merge(quick)
}

async fn models(State(miner): Shared) -> Json<Vec<MinerModel>> {
    let shown = |model: &Arc<Model>| {
        let manifest = &model.bundle.manifest;
        MinerModel { id: model.id(), name: manifest.name.clone(), version: manifest.version.clone() }
    };
    Json(miner.registry.iter().map(shown).collect())
}

async fn capacity(State(miner): Shared) -> Json<Capacity> {
    Json(miner.provers.capacity().await)
}

async fn metrics(State(miner): Shared) -> String {
    miner.metrics.encode()
}

async fn health(State(miner): Shared) -> Json<Health> {
    Json(report(&miner).await)
}

async fn ready(State(miner): Shared) -> (StatusCode, Json<Health>) {
    let report = report(&miner).await;
    let status = if report.ok { StatusCode::OK } else { StatusCode::SERVICE_UNAVAILABLE };
    (status, Json(report))
}

async fn report(miner: &Arc<Miner>) -> Health {
    let capacity = miner.provers.capacity().await;
    let (chain_ok, chain_detail) = match parties(miner).await {
        Ok(parties) => (true, format!("{} validators", parties.validators.len())),
        Err(reason) => (false, reason),
    };
    let part = |name: &str, ok, detail| Part { name: name.into(), ok, detail };
    let parts = vec![
        part("queue", capacity.open, format!("{} of {} taken", capacity.waiting + capacity.proving, capacity.limit)),
        part("chain", chain_ok, chain_detail),
    ];
    Health { ok: parts.iter().all(|p| p.ok), version: env!("CARGO_PKG_VERSION").into(), parts }
}

async fn prove(State(miner): Shared, request: Request) -> Response {
    let arrived = Instant::now();
    let (result, response) = match answer(&miner, request, arrived).await {
        Ok((kind, answer)) => ("proved".to_owned(), ([(header::CONTENT_TYPE, kind)], answer).into_response()),
        Err(refusal) => (refusal.error().code().to_owned(), refusal.into_response()),
    };
    miner.metrics.proofs.get_or_create(&by(result)).inc();
    response
}

/// The answer with its media type.
async fn answer(miner: &Arc<Miner>, request: Request, arrived: Instant) -> Result<(&'static str, Vec<u8>), Refusal> {
    let (head, body) = request.into_parts();
    let signed = SignedHeaders::parse(|name| single(&head.headers, name)).map_err(unsigned)?;
    // A channel is one validator's: it passes nothing on for others.
    if head.extensions.get::<Caller>().is_some_and(|caller| caller.key != signed.key) {
        return Err(ApiError::Forged.because("the channel is another key's"));
    }
    let parties = known(miner, signed.key).await?;
    // The age first: the signature needs the body, and the body may be long.
    if signed.expires_ms <= now_ms() {
        return Err(unsigned(SignatureError::Expired { expires_ms: signed.expires_ms, now_ms: now_ms() }));
    }
    let time = Duration::from_millis(miner.settings.body_timeout_ms);
    let body = server::read_body(body, miner.settings.max_body_bytes, time).await?;
    let path = head.uri.path_and_query().map_or("/", |p| p.as_str());
    verify(&signed, &miner.public, head.method.as_str(), path, &body, now_ms()).map_err(unsigned)?;
    miner.limiter.take(signed.key).map_err(Refusal::rate)?;
    if !miner.store.remember(signed.key, signed.nonce, signed.expires_ms, now_ms()).await? {
        return Err(ApiError::Replayed.into());
    }
    let asked: ProveRequest = serde_json::from_slice(&body).map_err(|error| ApiError::Malformed.because(error))?;
    if asked.request_id.is_empty() || asked.request_id.len() > MAX_ID_CHARS {
        return Err(ApiError::Malformed.because(format!("request_id: expected 1 to {MAX_ID_CHARS} characters")));
    }
    let Some(model) = miner.registry.get(&asked.model_id) else {
        return Err(ApiError::NoSuchModel.because(asked.model_id));
    };
    model.check_integers(&asked.inputs).map_err(|e| ApiError::Inputs.because(e))?;
    model.check_salt(asked.salt).map_err(|e| ApiError::Salt.because(e))?;
    let deadline = Duration::from_millis(asked.deadline_ms.min(MAX_DEADLINE_MS)).saturating_sub(arrived.elapsed());
    // Held until the answer is made, or the caller goes away.
    let share = miner.shares.take(&parties, signed.key, miner.settings.queue);
    let Some(_share) = share else { return Err(Refusal::full("the caller's share of the queue is taken", 1)) };
    if !miner.store.take(signed.key, asked.request_id.clone(), now_ms()).await? {
        return Err(ApiError::Answered.because(asked.request_id));
    }
    let kind = if model.hidden_output_len() > 0 { ANSWER_TYPE } else { ENVELOPE_TYPE };
    // The nonce is not the caller's to choose: it binds the proof to this miner and to the caller.
    let source = NonceSource {
        chain: &parties.chain,
        validator: signed.key.0,
        miner: miner.public.0,
        model_id: asked.model_id,
        user_part: asked.user_part,
        validator_part: asked.validator_part,
    };
    let run = Run { inputs: asked.inputs, salt: asked.salt, nonce: source.nonce() };
    let proved = miner.provers.prove(model, run, deadline).await;
    proved.map(|answer| (kind, answer)).map_err(|error| match error {
        NoProof::Inputs(reason) => ApiError::RefusedInputs.because(reason),
        NoProof::Full { retry_after_s } => Refusal::full("the queue is full", retry_after_s),
        NoProof::Closed => Refusal::full("the miner shuts down", 10),
        NoProof::Late => ApiError::DeadlinePassed.into(),
        NoProof::Unreachable(reason) => {
            tracing::error!(reason, "a job found no queue");
            Refusal::full("the queue does not answer", 10)
        }
        NoProof::Broken(reason) => Refusal::internal(reason),
    })
}

/// The value of a header that is there once.
fn single<'a>(headers: &'a HeaderMap, name: &str) -> Option<&'a str> {
    let mut values = headers.get_all(name).iter();
    let first = values.next()?;
    if values.next().is_some() { None } else { first.to_str().ok() }
}

fn unsigned(error: SignatureError) -> Refusal {
    let kind = match error {
        SignatureError::Header { .. } => ApiError::Unsigned,
        SignatureError::Expired { .. } | SignatureError::TooFar { .. } => ApiError::Expired,
        SignatureError::Key | SignatureError::Forged => ApiError::Forged,
    };
    kind.because(error)
}

/// Who takes part, if the caller is a validator with enough stake.
pub(super) async fn known(miner: &Arc<Miner>, caller: PublicKey) -> Result<Arc<Parties>, Refusal> {
    let parties = parties(miner).await.map_err(Refusal::internal)?;
    let least = miner.settings.min_stake;
    let detail = match parties.stake(&caller) {
        Some(stake) if stake >= least => return Ok(parties),
        Some(stake) => format!("stake {stake}, at least {least} is needed"),
        None => "no validator on the chain has this key".to_owned(),
    };
    Err(ApiError::UnknownCaller.because(detail))
}

/// Who takes part; or why that cannot be said.
async fn parties(miner: &Arc<Miner>) -> Result<Arc<Parties>, String> {
    if let Some(parties) = miner.chain.known() {
        return Ok(parties);
    }
    let chain = miner.chain.clone();
    let asked = tokio::task::spawn_blocking(move || chain.parties()).await;
    asked.map_err(|_| "the chain gave no answer".to_owned())?.map_err(|error| error.to_string())
}
