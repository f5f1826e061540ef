//! The miners, their scores and their history.

use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;
use vouch_api::{MinerHistory, MinerSummary};

use super::extract::Id;
use super::responses::{Reply, problems};
use crate::ApiError;
use crate::validator::participants::Participants;
use crate::validator::store::Store;
use crate::validator::{Validator, reads};

problems!(Problems: NotFound, NoSuchMiner);

pub(super) fn routes() -> OpenApiRouter<Validator> {
    OpenApiRouter::new().routes(routes!(miners)).routes(routes!(miner))
}

/// The miners on the chain, best first.
#[utoipa::path(get, path = "/v1/miners", responses((status = 200, body = Vec<MinerSummary>)))]
async fn miners(State(participants): State<Arc<Participants>>, State(store): State<Store>) -> Reply<Vec<MinerSummary>> {
    let parties = participants.now();
    Ok(Json(store.read(move |c| reads::miners(c, &parties.miners)).await?))
}

/// One miner's history.
#[utoipa::path(get, path = "/v1/miners/{id}", params(("id" = String, Path, description = "The miner's public key")),
    responses((status = 200, body = MinerHistory), Problems))]
async fn miner(
    State(participants): State<Arc<Participants>>,
    State(store): State<Store>,
    Id(id): Id,
) -> Reply<MinerHistory> {
    let missing = || ApiError::NoSuchMiner.because(&id);
    let key = id.parse().map_err(|_| missing())?;
    if !participants.now().miners.iter().any(|miner| miner.key == key) {
        return Err(missing());
    }
    Ok(Json(store.read(move |c| reads::history(c, key)).await?))
}
