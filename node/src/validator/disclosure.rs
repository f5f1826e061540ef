//! The keys for facts about hashed inputs, for whoever proves or checks one.

use std::sync::Arc;

use axum::extract::{FromRequestParts, Path, State as Shared_};
use axum::http::header;
use axum::response::{IntoResponse, Response};
use vouch_api::Problem;

use super::Validator;
use super::routes::find;
use crate::Refusal;
use crate::registry::Model;

/// `{id}` and `{tensor}` of a path. What is no text names nothing.
pub(super) struct Named(String, String);

impl<S: Send + Sync> FromRequestParts<S> for Named {
    type Rejection = Refusal;

    async fn from_request_parts(parts: &mut axum::http::request::Parts, state: &S) -> Result<Self, Refusal> {
        let path = Path::from_request_parts(parts, state).await;
        path.map(|Path((id, tensor))| Self(id, tensor)).map_err(|_| Refusal::missing("no such tensor"))
    }
}

/// The model, if it has keys for facts about the tensor.
fn with_keys(validator: &Validator, Named(id, tensor): &Named) -> Result<Arc<Model>, Refusal> {
    let model = find(validator, id)?;
    if model.disclosures.contains_key(tensor) {
        return Ok(model);
    }
    Err(Refusal::missing("there are no keys for facts about this tensor: it is no hashed input, or they were not made"))
}

fn key(bytes: Vec<u8>) -> Response {
    // Keys are made again with another reference string, under the same name.
    let headers = [(header::CONTENT_TYPE, "application/octet-stream"), (header::CACHE_CONTROL, "no-cache")];
    (headers, bytes).into_response()
}

/// The verifying key of proofs of facts about a hashed input.
#[utoipa::path(get, path = "/v1/models/{id}/disclosure/{tensor}/verifier.key",
    params(("id" = String, Path, description = "The model's identity"), ("tensor" = String, Path, description = "Name of a hashed input")),
    responses((status = 200, body = Vec<u8>, content_type = "application/octet-stream"), (status = 404, body = Problem, content_type = "application/problem+json")))]
pub(super) async fn verifier_key(Shared_(v): Shared_<Arc<Validator>>, named: Named) -> Result<Response, Refusal> {
    let model = with_keys(&v, &named)?;
    Ok(key(model.disclosures.get(&named.1).map(|keys| keys.verifier.clone()).unwrap_or_default()))
}

/// The prover's key of facts about a hashed input, for its holder to prove with.
#[utoipa::path(get, path = "/v1/models/{id}/disclosure/{tensor}/prover.key",
    params(("id" = String, Path, description = "The model's identity"), ("tensor" = String, Path, description = "Name of a hashed input")),
    responses((status = 200, body = Vec<u8>, content_type = "application/octet-stream"), (status = 404, body = Problem, content_type = "application/problem+json")))]
pub(super) async fn prover_key(Shared_(v): Shared_<Arc<Validator>>, named: Named) -> Result<Response, Refusal> {
    let model = with_keys(&v, &named)?;
    let read = tokio::task::spawn_blocking(move || model.disclosures.get(&named.1).map(|keys| keys.prover())).await;
    match read.map_err(Refusal::internal)? {
        Some(Ok(bytes)) => Ok(key(bytes)),
        Some(Err(error)) => Err(Refusal::internal(error)),
        None => Err(Refusal::missing("no such tensor")),
    }
}
