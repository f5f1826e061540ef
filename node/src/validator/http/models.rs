//! The models that are served.

use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use axum::http::header;
use axum::response::{IntoResponse, Response};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;
use vouch_api::{ModelCard, ModelSummary};

use super::extract::Id;
use super::responses::{IMMUTABLE, Reply, bytes, problems};
use super::state::VerifierSha256;
use crate::registry::{Model, Registry};
use crate::validator::store::Store;
use crate::validator::{Validator, reads};
use crate::{ApiError, Refusal};

problems!(Problems: NotFound, NoSuchModel);

pub(super) fn routes() -> OpenApiRouter<Validator> {
    OpenApiRouter::new()
        .routes(routes!(models))
        .routes(routes!(model))
        .routes(routes!(model_key))
        .routes(routes!(model_layout))
}

/// A model by the text of its identity.
pub(super) fn find(registry: &Registry, id: &str) -> Result<Arc<Model>, Refusal> {
    let found = id.parse().ok().and_then(|id| registry.get(&id)).cloned();
    found.ok_or_else(|| ApiError::NoSuchModel.because(id))
}

/// The models that are served.
#[utoipa::path(get, path = "/v1/models", responses((status = 200, body = Vec<ModelSummary>)))]
async fn models(State(registry): State<Arc<Registry>>, State(store): State<Store>) -> Reply<Vec<ModelSummary>> {
    let serving = store.read(reads::serving).await?;
    let count = |model: &Model| serving.get(&model.id()).copied().unwrap_or(0);
    Ok(Json(registry.iter().map(|model| model.summary(count(model))).collect()))
}

/// Everything about a model.
#[utoipa::path(get, path = "/v1/models/{id}", params(("id" = String, Path, description = "The model's identity")),
    responses((status = 200, body = ModelCard), Problems))]
async fn model(
    State(registry): State<Arc<Registry>>,
    State(store): State<Store>,
    State(VerifierSha256(sha256)): State<VerifierSha256>,
    Id(id): Id,
) -> Reply<ModelCard> {
    let model = find(&registry, &id)?;
    let serving = store.read(reads::serving).await?;
    Ok(Json(model.card(serving.get(&model.id()).copied().unwrap_or(0), &sha256)))
}

/// A model's verifying key: its hash is the model's identity.
#[utoipa::path(get, path = "/v1/models/{id}/key", params(("id" = String, Path, description = "The model's identity")),
    responses((status = 200, body = Vec<u8>, content_type = "application/octet-stream"), Problems))]
async fn model_key(State(registry): State<Arc<Registry>>, Id(id): Id) -> Result<Response, Refusal> {
    Ok(bytes("application/octet-stream", IMMUTABLE, find(&registry, &id)?.key.to_bytes().to_vec()))
}

/// A picture of a model's circuit: columns from left to right, rows from top to bottom.
#[utoipa::path(get, path = "/v1/models/{id}/layout.svg", params(("id" = String, Path, description = "The model's identity")),
    responses((status = 200, body = String, content_type = "image/svg+xml"), Problems))]
async fn model_layout(State(registry): State<Arc<Registry>>, Id(id): Id) -> Result<Response, Refusal> {
    let picture = find(&registry, &id)?.picture.clone();
    let picture = picture.ok_or_else(|| ApiError::NotFound.because("there is no picture of this layout"))?;
    let headers = [
        (header::CONTENT_TYPE, "image/svg+xml"),
        (header::CONTENT_SECURITY_POLICY, "default-src 'none'"),
        (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
    ];
    Ok((headers, picture).into_response())
}
