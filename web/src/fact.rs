//! Facts about hashed inputs: keys, sentences, and what a verifier expects.

use vouch_disclosure::{Form, Statement};
use vouch_envelope::{ProofEnvelope, Section, TensorHash};
use vouch_schema::{TensorSpec, Visibility};

use crate::api::{self, ModelId};
use crate::claim::KeyFacts;
use crate::numbers::Numbers;
use crate::worker::{self, Expected};

/// The keys of a tensor's facts, and the model that it belongs to.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct FactKey {
    /// What the model's verifying key says.
    pub model: KeyFacts,
    /// The model's verifying key.
    pub model_key: Vec<u8>,
    /// The tensor.
    pub tensor: TensorSpec,
    /// The verifying key of facts about it.
    pub key: Vec<u8>,
    /// What that key says.
    pub facts: KeyFacts,
}

impl FactKey {
    /// The key for facts about an input of a model, from the validator. Its first input must be the model's.
    pub(crate) async fn fetch(model: &KeyFacts, model_key: &[u8], tensor: &TensorSpec) -> Result<Self, String> {
        let key = match api::fact_key(model.model_id, &tensor.name, "verifier.key").await {
            Ok(key) => key,
            Err(failure) if failure.is_missing() => {
                return Err(format!("This validator has no keys for facts about {}.", tensor.name));
            }
            Err(failure) => return Err(failure.sentence()),
        };
        let facts = worker::key_facts(&key).await?;
        let (weights, bounds) = (facts.inputs.get(1).map(TensorSpec::size), facts.inputs.get(2..));
        let bounds: Option<Vec<usize>> = bounds.map(|all| all.iter().map(TensorSpec::size).collect());
        if facts.inputs.first() != Some(tensor) || weights != Some(tensor.size()) || bounds != Some(vec![2, 2]) {
            return Err(format!("The validator's key is not one for facts about {}.", tensor.name));
        }
        Ok(Self { model: model.clone(), model_key: model_key.to_vec(), tensor: tensor.clone(), key, facts })
    }

    /// The key that an envelope was made for, among those of the validator's models.
    pub(crate) async fn of(envelope: &ProofEnvelope) -> Result<Self, String> {
        let models = api::models().await.map_err(|failure| failure.sentence())?;
        for summary in models {
            let model_key = api::key(summary.id).await.map_err(|failure| failure.sentence())?;
            let model = worker::key_facts(&model_key).await?;
            for tensor in model.inputs.iter().filter(|tensor| tensor.visibility == Visibility::Hashed) {
                match Self::fetch(&model, &model_key, tensor).await {
                    Ok(found) if found.facts.model_id == envelope.model_id => return Ok(found),
                    _ => {}
                }
            }
        }
        Err("This is no proof of a fact about an input of a model that this validator serves.".to_owned())
    }

    /// The tensor as the crate of statements knows it.
    pub(crate) fn spec(&self) -> TensorSpec {
        TensorSpec { visibility: Visibility::Hashed, ..self.tensor.clone() }
    }

    /// What a verifier expects of a proof of a statement.
    pub(crate) fn expected(
        &self,
        statement: &Statement,
        hash: Option<TensorHash>,
        development: bool,
    ) -> Result<Expected, String> {
        let inputs = statement.inputs(&self.spec()).map_err(|error| error.to_string())?;
        Ok(Expected {
            inputs: Some(inputs),
            input_hashes: hash.map(|hash| vec![hash]),
            allow_development_srs: development,
            ..Expected::default()
        })
    }

    /// The hash that a proof of the model shows of the tensor, after its verification here.
    pub(crate) async fn hash_in(&self, envelope: &[u8], development: bool) -> Result<TensorHash, String> {
        let expected = Expected { allow_development_srs: development, ..Expected::default() };
        let report = worker::verify(&self.model_key, envelope, &expected).await?;
        if !report.accepted {
            return Err(format!("The proof of the model is refused by {}.", report.refused_by().join(" and ")));
        }
        let decoded = ProofEnvelope::decode(envelope).map_err(|error| error.to_string())?;
        let hashed = self.model.section(Section::Inputs).iter().filter(|t| t.visibility == Visibility::Hashed);
        let place = hashed.enumerate().find(|(_, t)| t.name == self.tensor.name).map(|(place, _)| place);
        let hash = place.and_then(|place| decoded.public.input_hashes.get(place));
        hash.copied().ok_or_else(|| "The proof shows no hash of this tensor.".to_owned())
    }

    /// The statement in words.
    pub(crate) fn words(&self, statement: &Statement, numbers: Numbers) -> String {
        let show = |integer: i64| exact(numbers, self.tensor.real(integer));
        let name = self.tensor.name.replace('_', " ");
        let used: Vec<(usize, i64)> = statement.weights.iter().copied().enumerate().filter(|(_, w)| *w != 0).collect();
        let what = match used.as_slice() {
            [(index, 1)] => format!("value {} of {name}", index + 1),
            [] => "nothing".to_owned(),
            _ => {
                let terms: Vec<String> = used.iter().map(|(index, w)| format!("{w} × value {}", index + 1)).collect();
                format!("{} of {name}", terms.join(" + "))
            }
        };
        let Statement { lo, hi, .. } = statement;
        if lo == hi {
            return format!("{what} is {} {}", show(*lo), self.tensor.unit);
        }
        format!("{what} is from {} to {} {}", show(*lo), show(*hi), self.tensor.unit)
    }
}

/// A number with all its digits: a fact is about that number, not one near it.
fn exact(numbers: Numbers, real: f64) -> String {
    let text = numbers.exact(&real.abs().to_string());
    if real < 0.0 { format!("\u{2212}{text}") } else { text }
}

/// The smallest and the largest sum that statements reach.
pub(crate) fn reach(spec: &TensorSpec) -> Result<i64, String> {
    Form::of(spec).map(|form| form.max_sum).map_err(|error| error.to_string())
}

/// The model's facts, and the bytes of its key.
pub(crate) async fn model(id: ModelId) -> Result<(KeyFacts, Vec<u8>), String> {
    let key = api::key(id).await.map_err(|failure| match failure.is_missing() {
        true => format!("This validator does not serve the model {id}."),
        false => failure.sentence(),
    })?;
    Ok((worker::key_facts(&key).await?, key))
}
