//! The head of the OpenAPI document; paths and schemas come from the routes themselves.

use utoipa::OpenApi;

#[derive(OpenApi)]
#[openapi(info(
    title = "A validator of Vouch",
    description = "Verifiable inference: ask for a prediction, fetch the proof, check it yourself.",
    license(name = "MIT OR Apache-2.0")
))]
struct Document;

pub(super) fn document() -> utoipa::openapi::OpenApi {
    Document::openapi()
}
