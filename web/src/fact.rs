//! Keys of facts about hidden inputs, from the validator.

use vouch_client::fact::FactKey;
use vouch_client::key::KeyFacts;
use vouch_envelope::{ProofEnvelope, Section, TensorHash};
use vouch_schema::TensorSpec;

use crate::api::{self, ModelId};
use crate::worker::{self, Expected};

/// The key for facts about an input of a model, from the validator. Its first input must be the model's.
pub(crate) async fn fetch(model: &KeyFacts, model_key: &[u8], tensor: &TensorSpec) -> Result<FactKey, String> {
    let key = match api::fact_key(model.model_id, &tensor.name, "verifier.key").await {
        Ok(key) => key,
        Err(failure) if failure.is_missing() => {
            return Err(format!("This validator has no keys for facts about {}.", tensor.name));
        }
        Err(failure) => return Err(failure.sentence()),
    };
    let facts = worker::key_facts(&key).await?;
    FactKey::new((model, model_key), tensor, key, facts).map_err(|error| error.to_string())
}

/// The key that an envelope was made for, among those of the validator's models.
pub(crate) async fn key_of(envelope: &ProofEnvelope) -> Result<FactKey, String> {
    let models = api::models().await.map_err(|failure| failure.sentence())?;
    for summary in models {
        let model_key = api::key(summary.id).await.map_err(|failure| failure.sentence())?;
        let model = worker::key_facts(&model_key).await?;
        for tensor in model.schema.hashed(Section::Inputs) {
            match fetch(&model, &model_key, tensor).await {
                Ok(found) if found.facts.model_id == envelope.model_id => return Ok(found),
                _ => {}
            }
        }
    }
    Err("This is no proof of a fact about an input of a model that this validator serves.".to_owned())
}

/// The hash that a proof of the model shows of the tensor, after its verification here.
pub(crate) async fn hash_in(key: &FactKey, envelope: &[u8], development: bool) -> Result<TensorHash, String> {
    let expected = Expected { allow_development_srs: development, ..Expected::default() };
    let report = worker::verify(&key.model_key, envelope, &expected).await?;
    if !report.accepted {
        return Err(format!("The proof of the model is refused by {}.", report.refused_by().join(" and ")));
    }
    let decoded = ProofEnvelope::decode(envelope).map_err(|error| error.to_string())?;
    key.hash_in(&decoded).map_err(|error| error.to_string())
}

/// The model's facts, and the bytes of its key.
pub(crate) async fn model(id: ModelId) -> Result<(KeyFacts, Vec<u8>), String> {
    let key = api::key(id).await.map_err(|failure| match failure.is_missing() {
        true => format!("This validator does not serve the model {id}."),
        false => failure.sentence(),
    })?;
    Ok((worker::key_facts(&key).await?, key))
}
