//! What a strategy is made of: a forecast for each token, and an allocation whose input the forecasts are.

use std::sync::Arc;

use serde::{Deserialize, Serialize};
use thiserror::Error;
use vouch_api::{Market, StrategyPlan};
use vouch_client::strategy::{Preferences, Strategy, StrategyModel, StrategyTensors};

pub use vouch_client::strategy::StrategyRefusal;

use crate::registry::{Model, Registry};

/// Which models make a strategy, and where market data comes from.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct StrategySettings {
    /// The model that forecasts, by name or identity.
    pub forecast: String,
    /// The model that allocates, by name or identity.
    pub allocation: String,
    /// The forecast's output that is linked.
    pub output: String,
    /// The allocation's input that the forecasts fill, a value for each token.
    pub input: String,
    /// The allocation's input that is the user's horizon.
    pub horizon: String,
    /// The allocation's input that is the user's risk preference.
    pub risk: String,
    /// Market data: a file, or an address of HTTP or HTTPS, which is not told to anybody.
    pub market: String,
}

impl Default for StrategySettings {
    fn default() -> Self {
        Self {
            forecast: "staking-lstm".into(),
            allocation: "restaking-allocation".into(),
            output: "redemption_hours".into(),
            input: "redemption_hours".into(),
            horizon: "horizon_days".into(),
            risk: "risk".into(),
            market: "models/restaking-allocation/market.json".into(),
        }
    }
}

/// Why two models make no strategy.
#[derive(Debug, Clone, PartialEq, Error)]
#[expect(missing_docs, reason = "the message of a variant says what its fields are")]
pub enum StrategyError {
    /// No model, or more than one, has this name or identity.
    #[error("strategy: {role} `{name}`: expected one model of this name or identity, got {got}")]
    Model {
        /// `forecast` or `allocation`.
        role: &'static str,
        name: String,
        got: usize,
    },
    /// The models do not fit together.
    #[error(transparent)]
    Models(#[from] vouch_client::strategy::StrategyError),
}

/// A strategy of models that are served.
#[derive(Debug, Clone)]
pub struct Blueprint {
    /// Forecasts, once for each token.
    pub forecast: Arc<Model>,
    /// Allocates.
    pub allocation: Arc<Model>,
    /// Names and links.
    pub plan: StrategyPlan,
    /// Links and inputs, as clients compute them.
    strategy: Strategy,
}

fn find(registry: &Registry, role: &'static str, name: &str) -> Result<Arc<Model>, StrategyError> {
    let named = |model: &&Arc<Model>| model.id().to_string() == name || model.bundle.manifest.name == name;
    let found: Vec<_> = registry.iter().filter(named).collect();
    match found.as_slice() {
        [model] => Ok((*model).clone()),
        others => Err(StrategyError::Model { role, name: name.to_owned(), got: others.len() }),
    }
}

fn described(model: &Model) -> StrategyModel {
    let (name, schema) = (model.bundle.manifest.name.clone(), model.key.schema().clone());
    StrategyModel { name, id: model.id(), schema }
}

impl Blueprint {
    /// Finds the models and checks that they fit.
    ///
    /// # Errors
    /// [`StrategyError`].
    pub fn new(registry: &Registry, settings: &StrategySettings) -> Result<Self, StrategyError> {
        let forecast = find(registry, "forecast", &settings.forecast)?;
        let allocation = find(registry, "allocation", &settings.allocation)?;
        let StrategySettings { output, input, horizon, risk, .. } = settings.clone();
        let tensors = StrategyTensors { output, input, horizon, risk };
        let strategy = Strategy::new(tensors, described(&forecast), described(&allocation))?;
        Ok(Self { forecast, allocation, plan: strategy.plan().clone(), strategy })
    }

    /// Number of tokens.
    pub fn tokens(&self) -> usize {
        self.strategy.tokens()
    }

    /// The integers of each token's forecast.
    ///
    /// # Errors
    /// [`StrategyRefusal`].
    pub fn forecast_inputs(&self, market: &Market) -> Result<Vec<Vec<i64>>, StrategyRefusal> {
        self.strategy.forecast_inputs(market)
    }

    /// The linked output of a forecast, from its outputs.
    pub fn forecast_of(&self, outputs: &[i64]) -> Option<i64> {
        self.strategy.forecast_of(outputs)
    }

    /// The integers of the allocation, with the smallest values that there can be where the forecasts will be.
    ///
    /// # Errors
    /// [`StrategyRefusal`].
    pub fn open_allocation(&self, market: &Market, horizon: f64, risk: f64) -> Result<Vec<i64>, StrategyRefusal> {
        self.strategy.open_allocation(market, Preferences { horizon, risk })
    }

    /// The integers of the allocation on forecasts that were proved: they are taken over as they are.
    ///
    /// # Errors
    /// [`StrategyRefusal`].
    pub fn allocation_inputs(
        &self,
        market: &Market,
        horizon: f64,
        risk: f64,
        forecasts: &[i64],
    ) -> Result<Vec<i64>, StrategyRefusal> {
        self.strategy.allocation_inputs(market, Preferences { horizon, risk }, forecasts)
    }

    /// The allocation's inputs that no link fills, in their order.
    pub fn unlinked(&self, inputs: &[i64]) -> Vec<i64> {
        self.strategy.unlinked(inputs)
    }
}
