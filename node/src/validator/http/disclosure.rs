//! The keys for facts about hashed inputs, for provers and verifiers of such facts.

use std::sync::Arc;

use axum::extract::State;
use axum::response::Response;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::extract::ModelTensor;
use super::models::find;
use super::responses::{bytes, problems};
use crate::registry::{Model, Registry};
use crate::validator::Validator;
use crate::{ApiError, Refusal};

problems!(Problems: NotFound, NoSuchModel);

pub(super) fn routes() -> OpenApiRouter<Validator> {
    OpenApiRouter::new().routes(routes!(verifier_key)).routes(routes!(prover_key))
}

/// The model, if it has keys for facts about the tensor.
fn with_keys(registry: &Registry, ModelTensor(id, tensor): &ModelTensor) -> Result<Arc<Model>, Refusal> {
    let model = find(registry, id)?;
    if model.disclosures.contains_key(tensor) {
        return Ok(model);
    }
    let detail = "there are no keys for facts about this tensor: it is no hashed input, or they were not made";
    Err(ApiError::NotFound.because(detail))
}

fn key(key: Vec<u8>) -> Response {
    // Keys are made again with another reference string, under the same name.
    bytes("application/octet-stream", "no-cache", key)
}

/// The verifying key of proofs of facts about a hashed input.
#[utoipa::path(get, path = "/v1/models/{id}/disclosure/{tensor}/verifier.key",
    params(("id" = String, Path, description = "The model's identity"), ("tensor" = String, Path, description = "Name of a hashed input")),
    responses((status = 200, body = Vec<u8>, content_type = "application/octet-stream"), Problems))]
async fn verifier_key(State(registry): State<Arc<Registry>>, named: ModelTensor) -> Result<Response, Refusal> {
    let model = with_keys(&registry, &named)?;
    Ok(key(model.disclosures.get(&named.1).map(|keys| keys.verifier.clone()).unwrap_or_default()))
}

/// The prover's key of facts about a hashed input, for its holder to prove with.
#[utoipa::path(get, path = "/v1/models/{id}/disclosure/{tensor}/prover.key",
    params(("id" = String, Path, description = "The model's identity"), ("tensor" = String, Path, description = "Name of a hashed input")),
    responses((status = 200, body = Vec<u8>, content_type = "application/octet-stream"), Problems))]
async fn prover_key(State(registry): State<Arc<Registry>>, named: ModelTensor) -> Result<Response, Refusal> {
    let model = with_keys(&registry, &named)?;
    let read = tokio::task::spawn_blocking(move || model.disclosures.get(&named.1).map(|keys| keys.prover())).await;
    match read.map_err(Refusal::internal)? {
        Some(Ok(bytes)) => Ok(key(bytes)),
        Some(Err(error)) => Err(Refusal::internal(error)),
        None => Err(ApiError::NotFound.because("no such tensor")),
    }
}
