//! Strategies: a forecast for each token and an allocation on what they proved, as one chain of proofs.

mod blueprint;
mod drive;

use std::net::IpAddr;
use std::sync::Arc;

use anyhow::{Context, Result};
use thiserror::Error;
use tokio::sync::broadcast;
use vouch_api::{PredictionStatus, State, StrategyPlan, StrategyRecord, StrategyRequest, StrategyStatus, StrategyStep};
use vouch_envelope::hex;

use super::ledger::strategies::{self, Stored};
use super::predictions::{PredictionError, PredictionSettings, Predictions, question};
use super::store::Store;
use crate::database::DatabaseError;
use crate::limit::Limiter;
use crate::market::{self, MarketError, MarketSource};
use crate::now_ms;
use crate::random::random;
use crate::registry::{Registry, RunRefusal};
use crate::server;

use drive::Driver;

pub use blueprint::{Blueprint, StrategyError, StrategyRefusal, StrategySettings};

/// A strategy that is not accepted.
#[derive(Debug, Error)]
pub(super) enum StrategyAskError {
    #[error("none is configured")]
    None,
    #[error("too many requests; the next is possible in {retry_after_s} s")]
    Rate { retry_after_s: u64 },
    #[error(transparent)]
    Market(#[from] MarketError),
    #[error(transparent)]
    Inputs(#[from] StrategyRefusal),
    /// A forecast's inputs on which its program has no result.
    #[error("token {token}: {source}")]
    Run { token: String, source: RunRefusal },
    #[error(transparent)]
    Predictions(#[from] PredictionError),
    #[error(transparent)]
    Database(#[from] DatabaseError),
}

/// Market data, and who may ask how often.
struct Offer {
    source: Box<dyn MarketSource>,
    /// A strategy is as many questions as it has proofs, and counts as many.
    limiter: Limiter<IpAddr>,
}

/// What the service works with.
pub(super) struct Parts {
    pub(super) predictions: Arc<Predictions>,
    pub(super) store: Store,
    pub(super) allow_development_srs: bool,
}

/// The service of strategies. Without a strategy in the settings it still knows the ones in the database.
pub(super) struct Strategies {
    offer: Option<Offer>,
    predictions: Arc<Predictions>,
    store: Store,
    driver: Arc<Driver>,
}

impl Strategies {
    /// Finds the models and the market data.
    pub(super) fn new(
        settings: Option<&StrategySettings>,
        rates: &PredictionSettings,
        registry: &Registry,
        parts: Parts,
    ) -> Result<Self> {
        let Parts { predictions, store, allow_development_srs } = parts;
        let (mut offer, mut blueprint) = (None, None);
        if let Some(settings) = settings {
            let found = Blueprint::new(registry, settings).context("setting `validator.strategy`")?;
            let source = market::source(&settings.market).context("setting `validator.strategy.market`")?;
            // At most MAX_CHAIN_PROOFS.
            let proofs = found.tokens() as u32 + 1;
            let limiter = Limiter::new(rates.rate / f64::from(proofs), rates.burst / proofs);
            (offer, blueprint) = (Some(Offer { source, limiter }), Some(found));
        }
        let driver = Driver {
            blueprint,
            predictions: predictions.clone(),
            store: store.clone(),
            allow_development_srs,
            news: broadcast::channel(256).0,
        };
        Ok(Self { offer, predictions, store, driver: Arc::new(driver) })
    }

    fn offered(&self) -> Result<(&Offer, &Blueprint), StrategyAskError> {
        self.offer.as_ref().zip(self.driver.blueprint.as_ref()).ok_or(StrategyAskError::None)
    }

    /// What strategies are made of here.
    pub(super) fn plan(&self) -> Result<&StrategyPlan, StrategyAskError> {
        Ok(&self.offered()?.1.plan)
    }

    /// Takes one strategy from a client's rate.
    pub(super) fn admit(&self, client: IpAddr) -> Result<(), StrategyAskError> {
        let taken = self.offered()?.0.limiter.take(server::counted(client));
        taken.map_err(|retry_after_s| StrategyAskError::Rate { retry_after_s })
    }

    /// Accepts a strategy. Once accepted, it is seen through to its end, even if the caller goes away.
    pub(super) async fn ask(&self, asked: StrategyRequest) -> Result<StrategyRecord, StrategyAskError> {
        let (offer, blueprint) = self.offered()?;
        let market = match asked.market {
            Some(market) => market,
            None => offer.source.market().await?,
        };
        let inputs = blueprint.forecast_inputs(&market)?;
        blueprint.open_allocation(&market, asked.horizon, asked.risk)?;
        let (model, runs) = (blueprint.forecast.clone(), inputs.clone());
        let runs =
            tokio::task::spawn_blocking(move || runs.iter().map(|inputs| model.check_run(inputs)).collect::<Vec<_>>());
        let runs = runs.await.map_err(|_| PredictionError::Panicked)?;
        for (token, run) in market.tokens.iter().zip(runs) {
            run.map_err(|source| StrategyAskError::Run { token: token.name.clone(), source })?;
        }
        let forecasts: Vec<_> = inputs.into_iter().map(|inputs| question(blueprint.forecast.id(), inputs)).collect();
        let stored = Stored {
            id: hex::encode(&random::<16>()),
            plan: blueprint.plan.clone(),
            market,
            horizon: asked.horizon,
            risk: asked.risk,
            predictions: forecasts.iter().map(|pending| pending.status.id.clone()).collect(),
            created_ms: now_ms(),
            finished_ms: None,
            error: None,
            chain_id: None,
        };
        // The allocation needs a place, too.
        let statuses: Vec<_> = forecasts.iter().map(|pending| pending.status.clone()).collect();
        self.predictions.reserve(&statuses, 1)?;
        let (store, predictions, driver) = (self.store.clone(), self.predictions.clone(), self.driver.clone());
        let strategy = stored.clone();
        let task = tokio::spawn(async move {
            let (kept, asked) = (strategy.clone(), forecasts.clone());
            let accepted = store.write(move |ledger| ledger.accept_strategy(&kept, &asked)).await;
            if accepted.is_ok() {
                forecasts.into_iter().for_each(|pending| predictions.begin(pending));
                tokio::spawn(driver.drive(strategy));
            } else {
                forecasts.iter().for_each(|pending| predictions.forget(&pending.status.id));
            }
            accepted
        });
        task.await.map_err(|_| PredictionError::Panicked)??;
        Ok(self.record(stored).await?)
    }

    /// Takes up the strategies that a stop interrupted.
    pub(super) async fn resume(&self) -> Result<(), DatabaseError> {
        for strategy in self.store.write(|ledger| ledger.open_strategies()).await? {
            tokio::spawn(self.driver.clone().drive(strategy));
        }
        Ok(())
    }

    /// Identifiers of strategies as they go on.
    pub(super) fn listen(&self) -> broadcast::Receiver<String> {
        self.driver.news.subscribe()
    }

    /// A strategy, if there is one.
    pub(super) async fn find(&self, id: &str) -> Result<Option<StrategyRecord>, DatabaseError> {
        let own = id.to_owned();
        match self.store.read(move |c| strategies::strategy(c, &own)).await? {
            Some(stored) => Ok(Some(self.record(stored).await?)),
            None => Ok(None),
        }
    }

    /// The bytes of a strategy's chain, if there is one.
    pub(super) async fn chain(&self, id: &str) -> Result<Option<Vec<u8>>, DatabaseError> {
        let own = id.to_owned();
        self.store.read(move |c| strategies::chain(c, &own)).await
    }

    async fn record(&self, stored: Stored) -> Result<StrategyRecord, DatabaseError> {
        let status = self.status(&stored).await?;
        let Stored { horizon, risk, market, plan, .. } = stored;
        Ok(StrategyRecord { status, horizon, risk, market, plan })
    }

    /// How a strategy stands, from how its predictions stand.
    async fn status(&self, stored: &Stored) -> Result<StrategyStatus, DatabaseError> {
        let tokens = stored.market.tokens.iter().map(|token| (stored.plan.forecast, Some(token.name.clone())));
        let mut steps = Vec::new();
        for (number, (model_id, token)) in tokens.chain([(stored.plan.allocation, None)]).enumerate() {
            let id = stored.predictions.get(number);
            let known = match id {
                Some(id) => self.predictions.standing(id).await?,
                None => None,
            };
            let open = |state| StrategyStep {
                model_id,
                token,
                prediction: id.cloned(),
                state,
                miner: None,
                user_part: None,
                validator_part: None,
                nonce: None,
                proof_id: None,
            };
            steps.push(match known {
                None => open(State::Queued),
                Some(PredictionStatus { state, miner, user_part, validator_part, nonce, proof_id, .. }) => {
                    StrategyStep { miner, user_part: Some(user_part), validator_part, nonce, proof_id, ..open(state) }
                }
            });
        }
        let state = match (&stored.chain_id, &stored.error) {
            (Some(_), _) => State::Done,
            (None, Some(_)) => State::Failed,
            // All proofs are there: the chain is being made.
            (None, None) if steps.iter().all(|step| step.state == State::Done) => State::Verifying,
            (None, None) if steps.iter().all(|step| step.state == State::Queued) => State::Queued,
            (None, None) => State::Proving,
        };
        Ok(StrategyStatus {
            id: stored.id.clone(),
            state,
            created_ms: stored.created_ms,
            finished_ms: stored.finished_ms,
            steps,
            chain_id: stored.chain_id.clone(),
            error: stored.error.clone(),
        })
    }
}
