//! Errors as answers (RFC 9457): every kind of problem that a server answers with, and one such answer.

use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use vouch_api::{PROBLEM_JSON, Problem};

macro_rules! api_errors {
    ($($(#[$doc:meta])* $name:ident = $status:ident, $code:literal, $title:literal;)+) => {
        /// A kind of problem. Its code is what programs may rely on, and part of the wire format.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
        #[non_exhaustive]
        pub enum ApiError {
            $($(#[$doc])* $name,)+
        }

        impl ApiError {
            /// All kinds.
            pub const ALL: &[Self] = &[$(Self::$name),+];

            /// The HTTP status of the answer.
            pub const fn status(self) -> StatusCode {
                match self { $(Self::$name => StatusCode::$status,)+ }
            }

            /// The short name: the end of a problem's `type`.
            pub const fn code(self) -> &'static str {
                match self { $(Self::$name => $code,)+ }
            }

            /// The kind in words.
            pub const fn title(self) -> &'static str {
                match self { $(Self::$name => $title,)+ }
            }
        }
    };
}

api_errors! {
    /// A body, a query or a header that cannot be read.
    Malformed = BAD_REQUEST, "malformed", "Malformed request";
    /// A signed header is missing, or there twice.
    Unsigned = UNAUTHORIZED, "unsigned", "The request's signature is not accepted";
    /// The signed request has expired, or is valid for too long.
    Expired = UNAUTHORIZED, "expired", "The request's signature is not accepted";
    /// The signature does not verify.
    Forged = UNAUTHORIZED, "forged", "The request's signature is not accepted";
    /// The caller is not a validator on the chain, or has too little stake.
    UnknownCaller = FORBIDDEN, "unknown-caller", "Unknown caller";
    /// The salt is not the one of the prediction.
    OtherSalt = FORBIDDEN, "other-salt", "The prediction has another salt";
    /// A question to the chain's node that the validator does not pass on.
    NotPassedOn = FORBIDDEN, "not-passed-on", "Not passed on";
    /// No such path, file or thing.
    NotFound = NOT_FOUND, "not-found", "Not found";
    /// No model of this identity is served.
    NoSuchModel = NOT_FOUND, "no-such-model", "No such model";
    /// No miner on the chain has this key.
    NoSuchMiner = NOT_FOUND, "no-such-miner", "No such miner";
    /// No prediction has this identifier.
    NoSuchPrediction = NOT_FOUND, "no-such-prediction", "No such prediction";
    /// No proof has this identifier.
    NoSuchProof = NOT_FOUND, "no-such-proof", "No such proof";
    /// No strategy has this identifier.
    NoSuchStrategy = NOT_FOUND, "no-such-strategy", "No such strategy";
    /// The validator has no strategies.
    NoStrategies = NOT_FOUND, "no-strategies", "No strategies here";
    /// The path exists, the method does not.
    Method = METHOD_NOT_ALLOWED, "method", "Method not allowed";
    /// The body did not arrive in time.
    Slow = REQUEST_TIMEOUT, "slow", "The request came too slowly";
    /// The caller's part of the nonce was used by an earlier question.
    NonceUsed = CONFLICT, "nonce-used", "The user part was used before";
    /// The prediction is still open.
    Open = CONFLICT, "open", "The prediction has not ended";
    /// The signed request was sent before.
    Replayed = CONFLICT, "replayed", "The request came before";
    /// A request of this identifier was answered before.
    Answered = CONFLICT, "answered", "The request was answered before";
    /// The values were fetched, have expired, or never existed.
    NotKept = GONE, "not-kept", "There are no values of this prediction";
    /// The body is longer than the limit.
    TooLarge = PAYLOAD_TOO_LARGE, "too-large", "The body is too large";
    /// The body is not JSON by its content type.
    MediaType = UNSUPPORTED_MEDIA_TYPE, "media-type", "Unsupported media type";
    /// Numbers that are not inputs of the model.
    Inputs = UNPROCESSABLE_ENTITY, "inputs", "Not inputs of the model";
    /// More numbers than a question may have.
    TooManyValues = UNPROCESSABLE_ENTITY, "inputs", "Too many values";
    /// Inputs in range on which the program has no result.
    RefusedInputs = UNPROCESSABLE_ENTITY, "inputs", "The model refuses the inputs";
    /// Market data or preferences that are not inputs of the strategy.
    StrategyInputs = UNPROCESSABLE_ENTITY, "inputs", "Not inputs of the strategy";
    /// A salt for a model without hashed tensors.
    NeedlessSalt = UNPROCESSABLE_ENTITY, "salt", "The model takes no salt";
    /// A salt that is missing or not needed, in a request to a miner.
    Salt = UNPROCESSABLE_ENTITY, "salt", "Not the salt that the model needs";
    /// Not the address of an account.
    Address = UNPROCESSABLE_ENTITY, "address", "Not an account";
    /// More requests than the caller's rate allows.
    Rate = TOO_MANY_REQUESTS, "rate", "Too many requests";
    /// A bug, or a broken disk. The cause is in the server's own log.
    Internal = INTERNAL_SERVER_ERROR, "internal", "Internal error";
    /// The source of market data has none now.
    Market = BAD_GATEWAY, "market", "No market data";
    /// A limit on open work is reached, or the server stops.
    Full = SERVICE_UNAVAILABLE, "full", "No room for more";
    /// The chain's node is away or of no use. 502 and 504 would say that the validator itself is.
    ChainNode = SERVICE_UNAVAILABLE, "chain-node", "The chain's node does not answer";
    /// The server took too long.
    Late = GATEWAY_TIMEOUT, "late", "Not done in time";
    /// The caller's deadline passed before the proof was there.
    DeadlinePassed = GATEWAY_TIMEOUT, "late", "The deadline came before the proof";
}

impl ApiError {
    /// This problem, and what it is about.
    pub fn because(self, detail: impl ToString) -> Refusal {
        Refusal { error: self, detail: detail.to_string(), retry_after_s: None }
    }
}

/// One answer that is a problem.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Refusal {
    error: ApiError,
    detail: String,
    retry_after_s: Option<u64>,
}

impl Refusal {
    /// Adds the header `Retry-After`.
    #[must_use]
    pub fn retry_after(mut self, seconds: u64) -> Self {
        self.retry_after_s = Some(seconds.max(1));
        self
    }

    /// [`ApiError::Rate`] with `Retry-After`.
    pub fn rate(seconds: u64) -> Self {
        Self::from(ApiError::Rate).retry_after(seconds)
    }

    /// [`ApiError::Full`] with `Retry-After`.
    pub fn full(detail: impl ToString, seconds: u64) -> Self {
        ApiError::Full.because(detail).retry_after(seconds)
    }

    /// [`ApiError::Internal`]. The cause goes to the server's own log, not to the caller.
    pub fn internal(cause: impl std::fmt::Display) -> Self {
        tracing::error!(%cause, "internal error");
        ApiError::Internal.into()
    }

    /// The kind of problem.
    pub fn error(&self) -> ApiError {
        self.error
    }
}

impl From<ApiError> for Refusal {
    fn from(error: ApiError) -> Self {
        error.because("")
    }
}

impl From<crate::database::DatabaseError> for Refusal {
    fn from(error: crate::database::DatabaseError) -> Self {
        Self::internal(error)
    }
}

impl IntoResponse for Refusal {
    fn into_response(self) -> Response {
        let Self { error, detail, retry_after_s } = self;
        let problem = Problem::new(error.status().as_u16(), error.code(), error.title(), detail);
        let body = serde_json::to_vec(&problem).unwrap_or_default();
        let mut response = (error.status(), [(header::CONTENT_TYPE, PROBLEM_JSON)], body).into_response();
        if let Some(seconds) = retry_after_s {
            response.headers_mut().insert(header::RETRY_AFTER, HeaderValue::from(seconds));
        }
        response
    }
}

impl IntoResponse for ApiError {
    fn into_response(self) -> Response {
        Refusal::from(self).into_response()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::HashMap;

    /// Clients tell problems apart by status and code; the title is for people.
    #[test]
    fn a_code_has_one_status() {
        let mut seen = HashMap::new();
        for error in ApiError::ALL {
            let first = *seen.entry(error.code()).or_insert(error.status());
            assert_eq!(first, error.status(), "{error:?}");
            assert!(error.status().is_client_error() || error.status().is_server_error(), "{error:?}");
            assert!(error.code().bytes().all(|b| b.is_ascii_lowercase() || b == b'-'), "{error:?}");
        }
    }
}
