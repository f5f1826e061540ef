//! Answers that several handlers give, and the problems of each in the OpenAPI document.

use std::collections::BTreeMap;

use axum::Json;
use axum::http::header;
use axum::response::{IntoResponse, Response};
use utoipa::openapi::{ContentBuilder, Ref, RefOr, ResponseBuilder, response};
use vouch_api::PROBLEM_JSON;

use crate::{ApiError, Refusal};

/// An answer in JSON.
pub(super) type Reply<T> = Result<Json<T>, Refusal>;

/// What never changes under its path.
pub(super) const IMMUTABLE: &str = "public, max-age=31536000, immutable";

/// Bytes of a media type, which clients may keep as `cache` says.
pub(super) fn bytes(media_type: &'static str, cache: &'static str, bytes: Vec<u8>) -> Response {
    ([(header::CONTENT_TYPE, media_type), (header::CACHE_CONTROL, cache)], bytes).into_response()
}

/// The document's responses for problems: one for each status.
pub(super) fn documented(errors: &[ApiError]) -> BTreeMap<String, RefOr<response::Response>> {
    let problem = || {
        let content = ContentBuilder::new().schema(Some(Ref::from_schema_name("Problem"))).build();
        ResponseBuilder::new().content(PROBLEM_JSON, content).build()
    };
    errors.iter().map(|error| (error.status().as_str().to_owned(), RefOr::T(problem()))).collect()
}

/// Names the problems of a handler, for `responses` of `utoipa::path`.
macro_rules! problems {
    ($name:ident: $($error:ident),+ $(,)?) => {
        enum $name {}

        impl utoipa::IntoResponses for $name {
            fn responses()
            -> std::collections::BTreeMap<String, utoipa::openapi::RefOr<utoipa::openapi::response::Response>> {
                $crate::validator::http::responses::documented(&[$($crate::ApiError::$error),+])
            }
        }
    };
}

pub(super) use problems;
