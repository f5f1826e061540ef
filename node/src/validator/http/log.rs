//! The hash-chained log.

use axum::Json;
use axum::extract::rejection::QueryRejection;
use axum::extract::{Query, State};
use serde::Deserialize;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;
use vouch_api::LogEntry;

use super::responses::{Reply, problems};
use crate::validator::store::Store;
use crate::validator::{Validator, reads};
use crate::{ApiError, server};

/// Most entries in one answer.
const MAX_ENTRIES: u64 = 1000;

problems!(Problems: Malformed);

pub(super) fn routes() -> OpenApiRouter<Validator> {
    OpenApiRouter::new().routes(routes!(log))
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
    #[serde(default, deserialize_with = "server::at_most::<MAX_ENTRIES, _>")]
    limit: Option<u64>,
}

/// The hash-chained log.
#[utoipa::path(get, path = "/v1/log", params(LogQuery), responses((status = 200, body = Vec<LogEntry>), Problems))]
async fn log(State(store): State<Store>, query: Result<Query<LogQuery>, QueryRejection>) -> Reply<Vec<LogEntry>> {
    let Query(query) = query.map_err(|error| ApiError::Malformed.because(error))?;
    let limit = query.limit.unwrap_or(100);
    Ok(Json(store.read(move |c| reads::log(c, query.after, limit)).await?))
}
