//! What a strategy is made of: a forecast for each token, and an allocation whose input the forecasts are.

use std::collections::BTreeMap;
use std::ops::Range;
use std::sync::Arc;

use serde::{Deserialize, Serialize};
use thiserror::Error;
use vouch_api::{Link, Market, StrategyPlan, ValueRef};
use vouch_envelope::{MAX_CHAIN_PROOFS, Section};
use vouch_verifier::TensorSpec;

use crate::registry::{InputRefusal, Model, Registry};

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
pub enum StrategyError {
    /// No model, or more than one, has this name or identity.
    #[error("strategy: {role} `{name}`: expected one model of this name or identity, got {got}")]
    Model {
        /// `forecast` or `allocation`.
        role: &'static str,
        /// What was set.
        name: String,
        /// How many there are.
        got: usize,
    },
    /// A model has no such tensor, or it is not public.
    #[error("strategy: model {model} has no public tensor `{name}` in its {section}")]
    Tensor {
        /// The model.
        model: String,
        /// Inputs or outputs.
        section: Section,
        /// The name.
        name: String,
    },
    /// A tensor has another number of values.
    #[error("strategy: `{name}` of model {model}: expected {expected} values, got {got}")]
    Values {
        /// The model.
        model: String,
        /// The tensor.
        name: String,
        /// Values expected.
        expected: usize,
        /// Values found.
        got: usize,
    },
    /// Equal integers would be different numbers.
    #[error(
        "strategy: the linked output has scale {output}, the input {input}: compile one of the models for the other's"
    )]
    Scale {
        /// Of the output.
        output: f64,
        /// Of the input.
        input: f64,
    },
    /// Equal numbers would be different quantities.
    #[error("strategy: the linked output has unit {output:?}, the input {input:?}")]
    Unit {
        /// Of the output.
        output: String,
        /// Of the input.
        input: String,
    },
    /// More proofs than a chain can have.
    #[error("strategy: expected 1 to {limit} tokens, got {got}")]
    Tokens {
        /// Most tokens.
        limit: usize,
        /// The number of the input's values.
        got: usize,
    },
}

/// Why market data and a user's wishes are no inputs of a strategy.
#[derive(Debug, Clone, PartialEq, Error)]
pub enum StrategyRefusal {
    /// Another number of tokens.
    #[error("expected {expected} tokens, got {got}")]
    Tokens {
        /// How many the allocation is for.
        expected: usize,
        /// How many there are.
        got: usize,
    },
    /// A token's forecast.
    #[error("token {token}: {source}")]
    Forecast {
        /// Its name.
        token: String,
        /// What is wrong with its inputs.
        source: InputRefusal,
    },
    /// A token has other features than the allocation has inputs for.
    #[error("token {token}: expected allocation values {known}")]
    Features {
        /// Its name.
        token: String,
        /// Their names.
        known: String,
    },
    /// The allocation's inputs.
    #[error("allocation: {0}")]
    Allocation(InputRefusal),
    /// A forecast that the allocation does not take.
    #[error("a forecast is outside of what the allocation takes: {0}")]
    Forecasts(String),
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
    /// Position of the linked output among the forecast's outputs.
    output: usize,
    /// Positions of the linked inputs among the allocation's inputs.
    linked: Range<usize>,
}

fn find(registry: &Registry, role: &'static str, name: &str) -> Result<Arc<Model>, StrategyError> {
    let named = |model: &&Arc<Model>| model.id().to_string() == name || model.bundle.manifest.name == name;
    let found: Vec<_> = registry.iter().filter(named).collect();
    match found.as_slice() {
        [model] => Ok((*model).clone()),
        others => Err(StrategyError::Model { role, name: name.to_owned(), got: others.len() }),
    }
}

/// A public tensor and where its values are.
fn tensor<'a>(model: &'a Model, section: Section, name: &str) -> Result<(&'a TensorSpec, Range<usize>), StrategyError> {
    let missing =
        || StrategyError::Tensor { model: model.bundle.manifest.name.clone(), section, name: name.to_owned() };
    let schema = model.key.schema();
    let range = schema.public_range(section, name).ok_or_else(missing)?;
    let spec = schema.section(section).iter().find(|tensor| tensor.name == name).ok_or_else(missing)?;
    Ok((spec, range))
}

fn expect_values(model: &Model, name: &str, range: &Range<usize>, expected: usize) -> Result<(), StrategyError> {
    let got = range.len();
    if got == expected {
        return Ok(());
    }
    Err(StrategyError::Values { model: model.bundle.manifest.name.clone(), name: name.to_owned(), expected, got })
}

impl Blueprint {
    /// Finds the models and checks that they fit.
    ///
    /// # Errors
    /// [`StrategyError`].
    pub fn new(registry: &Registry, settings: &StrategySettings) -> Result<Self, StrategyError> {
        let forecast = find(registry, "forecast", &settings.forecast)?;
        let allocation = find(registry, "allocation", &settings.allocation)?;
        // A strategy's user reads all values in the chain, and its inputs are those of the market data.
        for model in [&forecast, &allocation] {
            let schema = model.key.schema();
            for section in [Section::Inputs, Section::Outputs] {
                schema.section(section).iter().try_for_each(|own| tensor(model, section, &own.name).map(drop))?;
            }
        }
        let (from, output) = tensor(&forecast, Section::Outputs, &settings.output)?;
        let (to, linked) = tensor(&allocation, Section::Inputs, &settings.input)?;
        expect_values(&forecast, &settings.output, &output, 1)?;
        if from.scale.to_bits() != to.scale.to_bits() {
            return Err(StrategyError::Scale { output: from.scale, input: to.scale });
        }
        if from.unit != to.unit {
            return Err(StrategyError::Unit { output: from.unit.clone(), input: to.unit.clone() });
        }
        let tokens = linked.len();
        if !(1..MAX_CHAIN_PROOFS).contains(&tokens) {
            return Err(StrategyError::Tokens { limit: MAX_CHAIN_PROOFS - 1, got: tokens });
        }
        for name in [&settings.horizon, &settings.risk] {
            expect_values(&allocation, name, &tensor(&allocation, Section::Inputs, name)?.1, 1)?;
        }
        for spec in &allocation.key.schema().inputs {
            if ![&settings.horizon, &settings.risk].contains(&&spec.name) {
                expect_values(&allocation, &spec.name, &tensor(&allocation, Section::Inputs, &spec.name)?.1, tokens)?;
            }
        }
        // Both are below the limits of an envelope's sections.
        let end = |proof: usize, start: usize| ValueRef { proof: proof as u32, start: start as u32 };
        let link = |i: usize| Link { from: end(i, output.start), to: end(tokens, linked.start + i), len: 1 };
        let plan = StrategyPlan {
            forecast: forecast.id(),
            allocation: allocation.id(),
            output: settings.output.clone(),
            input: settings.input.clone(),
            horizon: settings.horizon.clone(),
            risk: settings.risk.clone(),
            tokens: tokens as u64,
            links: (0..tokens).map(link).collect(),
        };
        Ok(Self { forecast, allocation, plan, output: output.start, linked })
    }

    /// Number of tokens.
    pub fn tokens(&self) -> usize {
        self.linked.len()
    }

    /// The integers of each token's forecast.
    ///
    /// # Errors
    /// [`StrategyRefusal`].
    pub fn forecast_inputs(&self, market: &Market) -> Result<Vec<Vec<i64>>, StrategyRefusal> {
        let (expected, got) = (self.tokens(), market.tokens.len());
        if expected != got {
            return Err(StrategyRefusal::Tokens { expected, got });
        }
        let inputs = market.tokens.iter().map(|token| {
            let refused = |source| StrategyRefusal::Forecast { token: token.name.clone(), source };
            self.forecast.integers(&token.forecast).map_err(refused)
        });
        inputs.collect()
    }

    /// The linked output of a forecast, from its outputs.
    pub fn forecast_of(&self, outputs: &[i64]) -> Option<i64> {
        outputs.get(self.output).copied()
    }

    /// The integers of the allocation, with the smallest values that there can be where the forecasts will be.
    ///
    /// # Errors
    /// [`StrategyRefusal`].
    pub fn open_allocation(&self, market: &Market, horizon: f64, risk: f64) -> Result<Vec<i64>, StrategyRefusal> {
        let specs = &self.allocation.key.schema().inputs;
        let own = |name: &str| name == self.plan.input || name == self.plan.horizon || name == self.plan.risk;
        let features: Vec<&str> = specs.iter().map(|spec| spec.name.as_str()).filter(|name| !own(name)).collect();
        for token in &market.tokens {
            if token.allocation.len() != features.len() || !features.iter().all(|f| token.allocation.contains_key(*f)) {
                let known = features.iter().map(|name| format!("`{name}`")).collect::<Vec<_>>().join(", ");
                return Err(StrategyRefusal::Features { token: token.name.clone(), known });
            }
        }
        let values = |spec: &TensorSpec| match spec.name.as_str() {
            name if name == self.plan.horizon => vec![horizon],
            name if name == self.plan.risk => vec![risk],
            name if name == self.plan.input => vec![spec.min as f64 / spec.scale; self.tokens()],
            name => market.tokens.iter().filter_map(|token| token.allocation.get(name).copied()).collect(),
        };
        let inputs: BTreeMap<_, _> = specs.iter().map(|spec| (spec.name.clone(), values(spec))).collect();
        self.allocation.integers(&inputs).map_err(StrategyRefusal::Allocation)
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
        let mut inputs = self.open_allocation(market, horizon, risk)?;
        let (expected, got) = (self.tokens(), forecasts.len());
        if expected != got {
            return Err(StrategyRefusal::Tokens { expected, got });
        }
        for (input, forecast) in inputs.iter_mut().skip(self.linked.start).zip(forecasts) {
            *input = *forecast;
        }
        self.allocation.check_integers(&inputs).map_err(StrategyRefusal::Forecasts)?;
        Ok(inputs)
    }

    /// The allocation's inputs that no link fills, in their order.
    pub fn unlinked(&self, inputs: &[i64]) -> Vec<i64> {
        let own = inputs.iter().enumerate().filter(|(at, _)| !self.linked.contains(at));
        own.map(|(_, value)| *value).collect()
    }
}
