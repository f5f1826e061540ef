//! The contract that checks proofs.

use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;
use vouch_api::OnchainConfig;

use crate::validator::Validator;

pub(super) fn routes() -> OpenApiRouter<Validator> {
    OpenApiRouter::new().routes(routes!(config))
}

/// A contract that checks proofs, and a node of its chain, as the dashboard proposes them.
#[utoipa::path(get, path = "/v1/onchain", operation_id = "onchain", responses((status = 200, body = OnchainConfig)))]
async fn config(State(config): State<Arc<OnchainConfig>>) -> Json<OnchainConfig> {
    Json(config.as_ref().clone())
}
