//! The head of the OpenAPI document, and examples of this validator's own; paths and schemas come from the routes.

use serde_json::{Value, json};
use utoipa::OpenApi;
use utoipa::openapi::path::{Operation, ParameterBuilder};
use utoipa::openapi::{OpenApi as Description, RefOr};
use vouch_api::paths;

use crate::registry::Model;

#[derive(OpenApi)]
#[openapi(
    info(
        title = "A validator of Vouch",
        description = "Verifiable inference: ask for a prediction, fetch the proof, check it yourself.",
        license(name = "MIT OR Apache-2.0")
    ),
    components(schemas(vouch_api::PredictionEvent, vouch_api::Problem, vouch_api::StrategyEvent))
)]
struct Document;

pub(super) fn document() -> Description {
    Document::openapi()
}

/// Examples that work here: a model that is served, a question that it takes.
pub(super) fn examples(document: &mut Description, model: &Model) {
    let id = model.id().to_string();
    for path in [format!("{}/{{id}}", paths::MODELS), format!("{}/{{id}}/key", paths::MODELS)] {
        let get = document.paths.paths.get_mut(&path).and_then(|item| item.get.as_mut());
        get.into_iter().for_each(|operation| name(operation, &id));
    }
    let ask = document.paths.paths.get_mut(paths::PREDICTIONS).and_then(|item| item.post.as_mut());
    if let Some(RefOr::T(body)) = ask.and_then(|operation| operation.request_body.as_mut())
        && let Some(RefOr::T(content)) = body.content.get_mut("application/json")
    {
        content.example = Some(json!({ "model_id": id, "inputs": inputs(model) }));
    }
}

fn name(operation: &mut Operation, id: &str) {
    for parameter in operation.parameters.iter_mut().flatten() {
        if let RefOr::T(parameter) = parameter
            && parameter.name == "id"
        {
            let example = Value::String(id.to_owned());
            *parameter = ParameterBuilder::from(parameter.clone()).example(Some(example)).build();
        }
    }
}

/// Inputs in the middle of their ranges, in natural units.
fn inputs(model: &Model) -> Value {
    let middle = |spec: &vouch_verifier::TensorSpec| {
        let value = (spec.min as f64 + spec.max as f64) / 2.0 / spec.scale;
        (spec.name.clone(), json!(vec![value; spec.size()]))
    };
    Value::Object(model.key.schema().inputs.iter().map(middle).collect())
}
