//! What handlers take from a request.

use axum::extract::{FromRequestParts, Path};
use axum::http::request::Parts;

use crate::{ApiError, Refusal};

/// The `{id}` of a path. Bytes that are not text identify nothing.
pub(super) struct Id(pub(super) String);

impl<S: Send + Sync> FromRequestParts<S> for Id {
    type Rejection = Refusal;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Refusal> {
        let path = Path::from_request_parts(parts, state).await;
        path.map(|Path(id)| Self(id)).map_err(|_| ApiError::NotFound.because("no such identifier"))
    }
}

/// The `{id}` and `{tensor}` of a path.
pub(super) struct ModelTensor(pub(super) String, pub(super) String);

impl<S: Send + Sync> FromRequestParts<S> for ModelTensor {
    type Rejection = Refusal;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Refusal> {
        let path = Path::from_request_parts(parts, state).await;
        path.map(|Path((id, tensor))| Self(id, tensor)).map_err(|_| ApiError::NotFound.because("no such tensor"))
    }
}
