//! A strategy's models, and its chain of proofs.

use std::sync::Arc;

use leptos::prelude::*;
use vouch_client::strategy::{Preferences, Strategy, StrategyModel, StrategyValues};
use vouch_client::tamper::ChainCheat;
use vouch_envelope::ProofChain;
use wasm_bindgen_futures::spawn_local;

use crate::api::{StrategyPlan, StrategyRecord};
use crate::settings::Settings;
use crate::setup::Ready;
use crate::worker::{self, ChainReport, ExpectedChain};

/// The two models, and how they are put together.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Models {
    /// Forecasts for one token.
    pub forecast: Ready,
    /// Allocates.
    pub allocation: Ready,
    /// Links and expected inputs.
    pub strategy: Strategy,
}

impl Models {
    /// Checks that the models fit together, by their keys.
    pub(crate) fn new(plan: &StrategyPlan, forecast: Ready, allocation: Ready) -> Result<Self, String> {
        let model = |ready: &Ready| StrategyModel {
            name: ready.card.summary.name.clone(),
            id: ready.facts.model_id,
            schema: ready.facts.schema.clone(),
        };
        let strategy = Strategy::of_plan(plan, model(&forecast), model(&allocation));
        Ok(Self { strategy: strategy.map_err(|error| error.sentence())?, forecast, allocation })
    }

    /// Whether the maker of a setup could forge proofs of either model.
    pub(crate) fn is_development(&self) -> bool {
        self.forecast.facts.is_development() || self.allocation.facts.is_development()
    }

    /// What is expected of the chain, if it is to be about this market and these preferences.
    pub(crate) fn expected(&self, record: &StrategyRecord, preferences: Preferences) -> Result<ExpectedChain, String> {
        let nonces: Vec<_> = record.status.steps.iter().map(|step| step.nonce).collect();
        self.strategy.expected(&record.market, preferences, &nonces).map_err(|error| error.sentence())
    }
}

/// A chain and what is expected of it.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct ChainEvidence {
    /// The models.
    pub models: Models,
    /// What the validator says of the strategy.
    pub record: StrategyRecord,
    /// What is expected of the chain, apart from the setup.
    pub expected: ExpectedChain,
    /// Its bytes.
    pub bytes: Arc<Vec<u8>>,
    /// Whether the preferences come from this page, and not from the validator's account of them.
    pub asked_here: bool,
}

/// How far the verification of a chain is.
#[derive(Debug, Clone, PartialEq, Default)]
pub(crate) enum ChainState {
    /// Not begun.
    #[default]
    Waiting,
    /// The worker is at it.
    Running,
    /// It has ended.
    Done(ChainReport),
    /// It could not be made.
    Impossible(String),
}

impl ChainState {
    /// The report, if there is one.
    pub(crate) fn report(&self) -> Option<&ChainReport> {
        match self {
            Self::Done(report) => Some(report),
            _ => None,
        }
    }

    /// Whether the chain is accepted.
    pub(crate) fn is_accepted(&self) -> bool {
        self.report().is_some_and(|report| report.accepted)
    }
}

impl ChainEvidence {
    /// The names of the tokens.
    pub(crate) fn tokens(&self) -> Vec<&str> {
        self.record.market.tokens.iter().map(|token| token.name.as_str()).collect()
    }

    /// The chain, changed as a liar might.
    pub(crate) fn cheated(&self, cheat: ChainCheat) -> Result<Vec<u8>, String> {
        cheat.apply(&self.chain().ok_or("These bytes are not a chain.")?)
    }

    /// What the chain says.
    pub(crate) fn values(&self) -> Option<StrategyValues> {
        self.models.strategy.values(&self.chain()?)
    }

    /// The chain, if the bytes are one.
    pub(crate) fn chain(&self) -> Option<ProofChain> {
        ProofChain::decode(&self.bytes).ok()
    }

    /// Verifies bytes against what is expected.
    pub(crate) async fn verify(&self, bytes: &[u8], allow_development_srs: bool) -> ChainState {
        let mut expected = self.expected.clone();
        for step in &mut expected.steps {
            step.allow_development_srs = allow_development_srs;
        }
        let keys = [self.models.forecast.key.clone(), self.models.allocation.key.clone()];
        let tokens = self.models.strategy.tokens();
        let order: Vec<usize> = (0..=tokens).map(|proof| usize::from(proof == tokens)).collect();
        match worker::verify_chain(&keys, &order, bytes, &expected).await {
            Ok(report) => ChainState::Done(report),
            Err(reason) => ChainState::Impossible(reason),
        }
    }

    /// Verifies, and again whenever the setup policy changes.
    pub(crate) fn verdict(&self) -> RwSignal<ChainState> {
        let state = RwSignal::new(ChainState::Running);
        let settings = Settings::get();
        let evidence = self.clone();
        Effect::new(move || {
            let allow = settings.allow_development.get();
            let evidence = evidence.clone();
            spawn_local(async move {
                let done = evidence.verify(&evidence.bytes, allow).await;
                state.try_set(done);
            });
        });
        state
    }
}
