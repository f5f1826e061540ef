//! The validator's interface: one file a resource.

mod deposits;
mod disclosure;
mod events;
mod extract;
mod log;
mod miners;
mod models;
mod network;
mod onchain;
mod openapi;
mod predictions;
mod proofs;
mod responses;
pub(super) mod settings;
mod site;
mod state;
mod strategies;

use std::sync::Arc;
use std::time::Duration;

use axum::http::{HeaderValue, Method, header};
use axum::routing::{any, get};
use axum::{Json, Router};
use tower_http::cors::{AllowOrigin, CorsLayer};
use utoipa_axum::router::OpenApiRouter;
use vouch_api::paths;

use super::Validator;
use crate::{ApiError, server};

/// How long a request may take, without streams beyond their first byte.
const TIMEOUT: Duration = Duration::from_secs(30);

impl Validator {
    /// The server.
    pub fn router(&self) -> Router {
        server::layers(routes(self), self.metrics.clone())
    }
}

/// The routes, and the document that describes them.
fn documented() -> (Router<Validator>, utoipa::openapi::OpenApi) {
    OpenApiRouter::with_openapi(openapi::document())
        .merge(deposits::routes())
        .merge(disclosure::routes())
        .merge(log::routes())
        .merge(miners::routes())
        .merge(models::routes())
        .merge(network::routes())
        .merge(onchain::routes())
        .merge(predictions::routes())
        .merge(proofs::routes())
        .merge(strategies::routes())
        .split_for_parts()
}

fn routes(validator: &Validator) -> Router {
    let (routes, mut document) = documented();
    if let Some(model) = validator.registry.iter().next() {
        openapi::examples(&mut document, model);
    }
    let document = Arc::new(document);
    let missing = || async { ApiError::NotFound.because("no such path") };
    let app = routes
        .route(paths::OPENAPI, get(move || async move { Json(document.as_ref().clone()) }))
        .route("/v1/{*rest}", any(missing))
        .with_state(validator.clone());
    let app = match &validator.http.dashboard {
        Some(dir) => app.fallback_service(site::site(dir)),
        None => app.fallback(missing),
    };
    server::timeout(app, TIMEOUT).layer(cors(&validator.http.cors))
}

fn cors(origins: &[String]) -> CorsLayer {
    let layer = CorsLayer::new().allow_methods([Method::GET, Method::POST]).allow_headers([header::CONTENT_TYPE]);
    if origins.iter().any(|origin| origin == "*") {
        return layer.allow_origin(AllowOrigin::any());
    }
    layer.allow_origin(origins.iter().filter_map(|o| HeaderValue::from_str(o).ok()).collect::<Vec<_>>())
}
