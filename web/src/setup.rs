//! What must be there before one can ask a model: its card, and its verifying key, read by the verifier.

use std::sync::Arc;

use leptos::prelude::*;
use vouch_client::key::KeyFacts;
use wasm_bindgen_futures::spawn_local;

use crate::api::{self, ModelCard, ModelId};
use crate::components::{Field, Fields};
use crate::http::{self, Failure};
use crate::poll::{alive, sleep};
use crate::{settings, worker};

/// A model that can be asked.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Ready {
    /// What the validator says about it.
    pub(crate) card: ModelCard,
    /// The key's bytes.
    pub(crate) key: Arc<Vec<u8>>,
    /// What the key says.
    pub(crate) facts: KeyFacts,
    /// The identity that a model of this name had before in this browser, if it was another.
    pub(crate) identity_changed: Option<String>,
}

impl Ready {
    /// Empty inputs.
    pub(crate) fn fields(&self) -> Fields {
        let described = self.facts.schema.inputs.iter().map(|tensor| {
            let note = self.card.inputs.iter().find(|note| note.name == tensor.name);
            Field { tensor: tensor.clone(), description: note.map(|note| note.description.clone()).unwrap_or_default() }
        });
        Fields::new(described.collect())
    }

    /// Fills in the card's example.
    pub(crate) fn fill_sample(&self, fields: &Fields) {
        let Some(sample) = &self.card.sample else {
            return;
        };
        for (index, tensor) in self.facts.schema.inputs.iter().enumerate() {
            if let Some(values) = sample.get(&tensor.name) {
                fields.fill(index, values);
            }
        }
    }
}

/// How far that is.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Setup {
    /// It is on its way.
    Loading,
    /// It is here.
    Ready(Box<Ready>),
    /// It cannot be used, and why.
    Failed(String),
}

/// Fetches card and key; tries again while the validator does not answer.
pub(crate) fn load(id: ModelId) -> RwSignal<Setup> {
    let state = RwSignal::new(Setup::Loading);
    let alive = alive();
    spawn_local(async move {
        while alive.load(std::sync::atomic::Ordering::Relaxed) {
            match fetch(id).await {
                Ok(ready) => return state.set(ready),
                Err(Failure::Unreachable) => sleep(std::time::Duration::from_secs(2)).await,
                Err(failure) => return state.set(Setup::Failed(failure.sentence())),
            }
        }
    });
    state
}

/// Fetches card and key, and checks that the key is the model's.
pub(crate) async fn fetch(id: ModelId) -> Result<Setup, Failure> {
    let card: ModelCard = http::get(&format!("{}/{id}", api::MODELS)).await?;
    let key = api::key(id).await?;
    let facts = match worker::key_facts(&key).await {
        Ok(facts) => facts,
        Err(reason) => return Ok(Setup::Failed(format!("The verifying key cannot be used: {reason}."))),
    };
    if facts.model_id != id {
        return Ok(Setup::Failed(format!(
            "The validator offers the model {id}, but the key that it sent is that of {}. Without the right key nothing can be checked, so there is nothing to ask here.",
            facts.model_id
        )));
    }
    let memory = format!("model.{}", card.summary.name);
    let before = settings::read(&memory);
    settings::write(&memory, &id.to_string());
    let identity_changed = Some(before).filter(|before| !before.is_empty() && *before != id.to_string());
    Ok(Setup::Ready(Box::new(Ready { card, key: Arc::new(key), facts, identity_changed })))
}
