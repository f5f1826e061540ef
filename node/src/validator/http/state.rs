//! What handlers take from the validator: the services that they name, and nothing else.

use std::sync::Arc;

use axum::extract::FromRef;
use vouch_api::OnchainConfig;

use crate::engine::VerifyEngine;
use crate::metrics::Metrics;
use crate::registry::Registry;
use crate::validator::Validator;
use crate::validator::deposits::Deposits;
use crate::validator::hidden_outputs::HiddenOutputs;
use crate::validator::participants::Participants;
use crate::validator::predictions::Predictions;
use crate::validator::stop::Stop;
use crate::validator::store::Store;
use crate::validator::strategies::Strategies;

/// SHA-256 of the verifier's WebAssembly; empty for the native verifier.
pub(super) struct VerifierSha256(pub(super) String);

impl FromRef<Validator> for VerifierSha256 {
    fn from_ref(validator: &Validator) -> Self {
        Self(validator.engine.sha256().unwrap_or_default().to_owned())
    }
}

macro_rules! services {
    ($($field:ident: $service:ty),+ $(,)?) => {
        $(impl FromRef<Validator> for $service {
            fn from_ref(validator: &Validator) -> Self {
                validator.$field.clone()
            }
        })+
    };
}

services! {
    deposits: Option<Arc<Deposits>>,
    engine: Arc<dyn VerifyEngine>,
    hidden: Arc<HiddenOutputs>,
    metrics: Arc<Metrics>,
    onchain: Arc<OnchainConfig>,
    participants: Arc<Participants>,
    predictions: Arc<Predictions>,
    registry: Arc<Registry>,
    stop: Stop,
    store: Store,
    strategies: Arc<Strategies>,
}
