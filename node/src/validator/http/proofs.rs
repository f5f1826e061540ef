//! Verified proofs.

use axum::Json;
use axum::extract::State;
use axum::response::Response;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;
use vouch_api::{ENVELOPE_TYPE, ProofRecord};

use super::extract::Id;
use super::responses::{IMMUTABLE, Reply, bytes, problems};
use super::state::VerifierSha256;
use crate::validator::store::Store;
use crate::validator::{Validator, reads};
use crate::{ApiError, Refusal};

problems!(Problems: NotFound, NoSuchProof);

pub(super) fn routes() -> OpenApiRouter<Validator> {
    OpenApiRouter::new().routes(routes!(proof)).routes(routes!(proof_envelope))
}

/// What is kept with a proof.
#[utoipa::path(get, path = "/v1/proofs/{id}", params(("id" = String, Path, description = "SHA-256 of the envelope")),
    responses((status = 200, body = ProofRecord), Problems))]
async fn proof(
    State(store): State<Store>,
    State(VerifierSha256(sha256)): State<VerifierSha256>,
    Id(id): Id,
) -> Reply<ProofRecord> {
    let own = id.clone();
    let record = store.read(move |c| reads::proof(c, &own, &sha256)).await?;
    record.map(Json).ok_or_else(|| ApiError::NoSuchProof.because(&id))
}

/// A proof's envelope, as the miner sent it.
#[utoipa::path(get, path = "/v1/proofs/{id}/envelope", params(("id" = String, Path, description = "SHA-256 of the envelope")),
    responses((status = 200, body = Vec<u8>, content_type = "application/vnd.vouch.envelope"), Problems))]
async fn proof_envelope(State(store): State<Store>, Id(id): Id) -> Result<Response, Refusal> {
    let own = id.clone();
    let envelope = store.read(move |c| reads::envelope(c, &own)).await?;
    Ok(bytes(ENVELOPE_TYPE, IMMUTABLE, envelope.ok_or_else(|| ApiError::NoSuchProof.because(&id))?))
}
