//! The validator: asks miners, verifies what comes back, scores, publishes weights, and serves users.
//!
//! ```text
//! http -> Predictions, Strategies -> Dispatcher -> miners
//!      -> Deposits -> chain's node       |
//!      -> HiddenOutputs                  v
//!      -> Store <------------------ verdicts <- VerifyEngine
//! ```
//!
//! Each service has its state, its section of the settings, and its loop; [`Validator`] puts them together.

mod deposits;
mod dispatcher;
mod epochs;
mod hidden_outputs;
mod http;
mod ledger;
mod onchain;
mod participants;
mod predictions;
mod reads;
mod settings;
mod stop;
mod store;
mod strategies;

use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context, Result};
use tokio::task::JoinSet;
use vouch_api::OnchainConfig;
use vouch_protocol::{ModelTerms, PartyKey, PublicKey, ScoreParameters};
use vouch_verifier::SrsKind;

use crate::chain::Chain;
use crate::engine::VerifyEngine;
use crate::metrics::Metrics;
use crate::now_ms;
use crate::registry::{Model, Registry};

use deposits::Deposits;
use dispatcher::Dispatcher;
use epochs::Epochs;
use hidden_outputs::HiddenOutputs;
use participants::Participants;
use predictions::Predictions;
use stop::Stop;
use store::Store;
use strategies::Strategies;

pub use deposits::DepositSettings;
pub use dispatcher::DispatchSettings;
pub use epochs::ScoreSettings;
pub use hidden_outputs::HiddenOutputSettings;
pub use http::settings::HttpSettings;
pub use onchain::OnchainSettings;
pub use predictions::PredictionSettings;
pub use settings::ValidatorSettings;
pub use strategies::{Blueprint, StrategyError, StrategyRefusal, StrategySettings};

pub(crate) use ledger::DATABASE_FILE;
pub(crate) use reads::read_log;
pub(crate) use settings::RENAMED;

/// A running validator. Clones are the same validator.
#[derive(Clone)]
pub struct Validator {
    key: PartyKey,
    public: PublicKey,
    http: Arc<HttpSettings>,
    registry: Arc<Registry>,
    participants: Arc<Participants>,
    engine: Arc<dyn VerifyEngine>,
    store: Store,
    dispatcher: Arc<Dispatcher>,
    hidden: Arc<HiddenOutputs>,
    predictions: Arc<Predictions>,
    strategies: Arc<Strategies>,
    deposits: Option<Arc<Deposits>>,
    onchain: Arc<OnchainConfig>,
    metrics: Arc<Metrics>,
    started_ms: u64,
    stop: Stop,
}

/// The models that are asked for, and how their proofs are scored.
fn parameters(registry: &Registry) -> ScoreParameters {
    let terms = |model: &Arc<Model>| {
        let development = model.key.srs_kind() == SrsKind::Development;
        (model.id(), ModelTerms { reference_us: model.reference_us(), development })
    };
    ScoreParameters { models: registry.iter().map(terms).collect() }
}

impl Validator {
    /// Loads models and what was stored.
    ///
    /// # Errors
    /// Names what cannot be used.
    pub fn new(
        key: PartyKey,
        settings: ValidatorSettings,
        chain: Arc<dyn Chain>,
        engine: Arc<dyn VerifyEngine>,
    ) -> Result<Self> {
        let ValidatorSettings { models, data, allow_development_srs, chain_every_ms, .. } = settings;
        let public = key.public();
        let timeout = Duration::from_millis(settings.dispatch.timeout_ms);
        let registry = Arc::new(Registry::load(&models, timeout, allow_development_srs)?);
        std::fs::create_dir_all(&data).with_context(|| data.display().to_string())?;
        let scores = &settings.scores;
        let participants = Arc::new(Participants::read(chain, Duration::from_millis(chain_every_ms))?);
        let name = participants.now().chain.clone();
        let store = Store::open(&data.join(DATABASE_FILE), public, name, parameters(&registry), scores.epoch_ms)?;
        let (metrics, stop) = (Arc::new(Metrics::validator()), Stop::new());
        let deposits = Deposits::new(&settings.deposits, &data)?.map(Arc::new);
        let onchain = Arc::new(settings.onchain.config()?);
        let hidden = Arc::new(HiddenOutputs::new(&settings.hidden_outputs));
        let parts = dispatcher::Parts {
            key: key.clone(),
            registry: registry.clone(),
            participants: participants.clone(),
            engine: engine.clone(),
            allow_development_srs,
            store: store.clone(),
            metrics: metrics.clone(),
        };
        let dispatcher = Arc::new(Dispatcher::new(settings.dispatch, parts)?);
        let parts = predictions::Parts {
            registry: registry.clone(),
            dispatcher: dispatcher.clone(),
            hidden: hidden.clone(),
            store: store.clone(),
            metrics: metrics.clone(),
            stop: stop.clone(),
        };
        let predictions = Arc::new(Predictions::new(&settings.predictions, parts));
        let parts = strategies::Parts { predictions: predictions.clone(), store: store.clone(), allow_development_srs };
        let (strategy, rates) = (settings.strategy.as_ref(), &settings.predictions);
        let strategies = Arc::new(Strategies::new(strategy, rates, &registry, parts)?);
        let http = Arc::new(settings.http);
        let started_ms = now_ms();
        Ok(Self {
            key,
            public,
            http,
            registry,
            participants,
            engine,
            store,
            dispatcher,
            hidden,
            predictions,
            strategies,
            deposits,
            onchain,
            metrics,
            started_ms,
            stop,
        })
    }

    /// Starts what runs by itself: benchmarks, epochs, the chain's news, and the predictions that a stop interrupted.
    ///
    /// # Errors
    /// If the stored predictions cannot be read.
    pub async fn start(&self) -> Result<JoinSet<()>> {
        let mut tasks = JoinSet::new();
        if let Some(deposits) = &self.deposits {
            deposits.open().await?;
            tasks.spawn(deposits.clone().follow(self.stop.clone()));
        }
        tasks.spawn(self.participants.clone().follow(self.stop.clone()));
        tasks.spawn(self.hidden.clone().forget(self.stop.clone()));
        tasks.spawn(self.dispatcher.clone().benchmarks(self.stop.clone()));
        let (key, participants, store) = (self.key.clone(), self.participants.clone(), self.store.clone());
        tasks.spawn(Epochs { key, participants, store }.run(self.stop.clone()));
        self.predictions.resume().await?;
        self.strategies.resume().await?;
        Ok(tasks)
    }

    /// Begins nothing more; listeners are told that it ends.
    pub fn close(&self) {
        self.stop.set();
    }

    /// The validator's key.
    pub fn public(&self) -> PublicKey {
        self.public
    }
}
