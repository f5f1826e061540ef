//! Errors as answers (RFC 9457).

use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use vouch_api::{PROBLEM_JSON, Problem};

/// Why a request is not served.
#[derive(Debug, Clone, PartialEq)]
pub struct Refusal {
    problem: Problem,
    retry_after_s: Option<u64>,
}

impl Refusal {
    /// A refusal of a kind named `name`.
    pub fn new(status: StatusCode, name: &str, title: &str, detail: impl ToString) -> Self {
        Self { problem: Problem::new(status.as_u16(), name, title, detail.to_string()), retry_after_s: None }
    }

    /// Says when to come again.
    #[must_use]
    pub fn retry_after(mut self, seconds: u64) -> Self {
        self.retry_after_s = Some(seconds.max(1));
        self
    }

    /// What is not there.
    pub fn missing(what: &str) -> Self {
        Self::new(StatusCode::NOT_FOUND, "not-found", "Not found", what)
    }

    /// A request that cannot be understood.
    pub fn malformed(detail: impl ToString) -> Self {
        Self::new(StatusCode::BAD_REQUEST, "malformed", "Malformed request", detail)
    }

    /// A request that is understood and cannot be served.
    pub fn unfit(name: &str, title: &str, detail: impl ToString) -> Self {
        Self::new(StatusCode::UNPROCESSABLE_ENTITY, name, title, detail)
    }

    /// Too many requests.
    pub fn rate(seconds: u64) -> Self {
        Self::new(StatusCode::TOO_MANY_REQUESTS, "rate", "Too many requests", "").retry_after(seconds)
    }

    /// No room.
    pub fn full(detail: impl ToString, seconds: u64) -> Self {
        Self::new(StatusCode::SERVICE_UNAVAILABLE, "full", "No room for more", detail).retry_after(seconds)
    }

    /// Something is broken here. The cause goes to the server's own log, not to the caller.
    pub fn internal(cause: impl std::fmt::Display) -> Self {
        tracing::error!(%cause, "internal error");
        Self::new(StatusCode::INTERNAL_SERVER_ERROR, "internal", "Internal error", "")
    }

    /// The problem.
    pub fn problem(&self) -> &Problem {
        &self.problem
    }
}

impl IntoResponse for Refusal {
    fn into_response(self) -> Response {
        let status = StatusCode::from_u16(self.problem.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
        let body = serde_json::to_vec(&self.problem).unwrap_or_default();
        let mut response = (status, [(header::CONTENT_TYPE, PROBLEM_JSON)], body).into_response();
        if let Some(seconds) = self.retry_after_s {
            response.headers_mut().insert(header::RETRY_AFTER, HeaderValue::from(seconds));
        }
        response
    }
}

impl From<crate::database::DatabaseError> for Refusal {
    fn from(error: crate::database::DatabaseError) -> Self {
        Self::internal(error)
    }
}
