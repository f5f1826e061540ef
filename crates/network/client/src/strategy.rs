//! Strategies: a forecast for each token, and an allocation whose input the forecasts are, as a chain of proofs.
//!
//! Which models and which tensors make a strategy is a setting of a validator. The integers, their places and the links
//! follow from the verifying keys, the market data and the user's preferences, and are computed here for both sides: the
//! validator links the proofs with them, and a client expects them.

mod error;
mod values;

use std::collections::BTreeMap;
use std::ops::Range;

use vouch_api::{Link, Market, StrategyPlan, ValueRef};
use vouch_envelope::{ExpectedChain, MAX_CHAIN_PROOFS};
use vouch_schema::{Expected, ModelId, Nonce, Schema, Section, TensorSpec};

use crate::inputs;

pub use self::error::{StrategyError, StrategyRefusal};
pub use self::values::{StrategyValues, proof_name, provenance};

/// The tensors by which two models make a strategy.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StrategyTensors {
    /// The forecast's output that is linked.
    pub output: String,
    /// The allocation's input that the forecasts fill, a value for each token.
    pub input: String,
    /// The allocation's input that is the user's horizon.
    pub horizon: String,
    /// The allocation's input that is the user's risk preference.
    pub risk: String,
}

impl From<&StrategyPlan> for StrategyTensors {
    fn from(plan: &StrategyPlan) -> Self {
        let StrategyPlan { output, input, horizon, risk, .. } = plan.clone();
        Self { output, input, horizon, risk }
    }
}

/// A model of a strategy.
#[derive(Debug, Clone, PartialEq)]
pub struct StrategyModel {
    /// Its name, for errors.
    pub name: String,
    /// Its identity.
    pub id: ModelId,
    /// Its tensors, from the verifying key.
    pub schema: Schema,
}

impl StrategyModel {
    /// A public tensor, and the place of its values among the public values of its section.
    fn tensor(&self, section: Section, name: &str) -> Result<(&TensorSpec, Range<usize>), StrategyError> {
        let missing = || StrategyError::Tensor { model: self.name.clone(), section, name: name.to_owned() };
        let range = self.schema.public_range(section, name).ok_or_else(missing)?;
        let spec = self.schema.named(section, name).ok_or_else(missing)?;
        Ok((spec, range))
    }

    /// The place of a public tensor that must have a number of values.
    fn tensor_of(&self, section: Section, name: &str, expected: usize) -> Result<Range<usize>, StrategyError> {
        let range = self.tensor(section, name)?.1;
        let got = range.len();
        if got == expected {
            return Ok(range);
        }
        Err(StrategyError::Values { model: self.name.clone(), section, name: name.to_owned(), expected, got })
    }
}

/// What the user chose.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Preferences {
    /// The horizon, in the unit of the allocation's input.
    pub horizon: f64,
    /// The appetite for risk, in the unit of the allocation's input.
    pub risk: f64,
}

/// Two models that fit together, and the chain that their proofs make.
#[derive(Debug, Clone, PartialEq)]
pub struct Strategy {
    forecast: StrategyModel,
    allocation: StrategyModel,
    plan: StrategyPlan,
    /// The linked output of the forecast.
    forecast_tensor: TensorSpec,
    /// The allocation's inputs that are the horizon and the appetite for risk.
    preference_tensors: [TensorSpec; 2],
    /// Position of the linked output among the forecast's public outputs.
    output: usize,
    /// Positions of the linked inputs among the allocation's public inputs.
    linked: Range<usize>,
}

impl Strategy {
    /// Checks that two models fit, and links them.
    ///
    /// # Errors
    /// [`StrategyError`].
    pub fn new(
        tensors: StrategyTensors,
        forecast: StrategyModel,
        allocation: StrategyModel,
    ) -> Result<Self, StrategyError> {
        // A strategy's user reads all values in the chain, and its inputs are those of the market data.
        for model in [&forecast, &allocation] {
            for section in [Section::Inputs, Section::Outputs] {
                let specs = model.schema.section(section).iter();
                specs.map(|spec| model.tensor(section, &spec.name)).try_for_each(|found| found.map(drop))?;
            }
        }
        let (from, _) = forecast.tensor(Section::Outputs, &tensors.output)?;
        let (to, linked) = allocation.tensor(Section::Inputs, &tensors.input)?;
        let output = forecast.tensor_of(Section::Outputs, &tensors.output, 1)?;
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
        let settings = [&tensors.horizon, &tensors.risk];
        for name in settings {
            allocation.tensor_of(Section::Inputs, name, 1)?;
        }
        let setting = |name: &String| allocation.tensor(Section::Inputs, name).map(|found| found.0.clone());
        let preference_tensors = [setting(settings[0])?, setting(settings[1])?];
        let forecast_tensor = from.clone();
        for spec in allocation.schema.inputs.iter().filter(|spec| !settings.contains(&&spec.name)) {
            allocation.tensor_of(Section::Inputs, &spec.name, tokens)?;
        }
        let output = output.start;
        // Both are below the limits of an envelope's sections.
        let end = |proof: usize, start: usize| ValueRef { proof: proof as u32, start: start as u32 };
        let link = |i: usize| Link { from: end(i, output), to: end(tokens, linked.start + i), len: 1 };
        let links = (0..tokens).map(link).collect();
        let StrategyTensors { output: output_name, input, horizon, risk } = tensors;
        let plan = StrategyPlan {
            forecast: forecast.id,
            allocation: allocation.id,
            output: output_name,
            input,
            horizon,
            risk,
            tokens: tokens as u64,
            links,
        };
        Ok(Self { forecast, allocation, plan, forecast_tensor, preference_tensors, output, linked })
    }

    /// The strategy of a validator's plan, which must be the one that follows from the verifying keys.
    ///
    /// # Errors
    /// [`StrategyError`].
    pub fn of_plan(
        plan: &StrategyPlan,
        forecast: StrategyModel,
        allocation: StrategyModel,
    ) -> Result<Self, StrategyError> {
        let strategy = Self::new(plan.into(), forecast, allocation)?;
        if strategy.plan == *plan { Ok(strategy) } else { Err(StrategyError::Plan) }
    }

    /// Names and links.
    pub fn plan(&self) -> &StrategyPlan {
        &self.plan
    }

    /// Number of tokens. The chain has a forecast for each, and then the allocation.
    pub fn tokens(&self) -> usize {
        self.linked.len()
    }

    /// The linked output of a forecast.
    pub fn forecast_tensor(&self) -> &TensorSpec {
        &self.forecast_tensor
    }

    /// The allocation's inputs that are the user's horizon and appetite for risk.
    pub fn preference_tensors(&self) -> [&TensorSpec; 2] {
        self.preference_tensors.each_ref()
    }

    /// The linked output of a forecast, from its public outputs.
    pub fn forecast_of(&self, outputs: &[i64]) -> Option<i64> {
        outputs.get(self.output).copied()
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
            inputs::quantize(&self.forecast.schema, &token.forecast).map_err(refused)
        });
        inputs.collect()
    }

    /// The integers of the allocation, with the smallest values that there can be where the forecasts will be.
    ///
    /// # Errors
    /// [`StrategyRefusal`].
    pub fn open_allocation(&self, market: &Market, preferences: Preferences) -> Result<Vec<i64>, StrategyRefusal> {
        let (plan, specs) = (&self.plan, &self.allocation.schema.inputs);
        let own = |name: &str| name == plan.input || name == plan.horizon || name == plan.risk;
        let features: Vec<&str> = specs.iter().map(|spec| spec.name.as_str()).filter(|name| !own(name)).collect();
        for token in &market.tokens {
            let missing = features.iter().find(|feature| !token.allocation.contains_key(**feature));
            if token.allocation.len() != features.len() || missing.is_some() {
                let known = features.iter().map(|name| format!("`{name}`")).collect::<Vec<_>>().join(", ");
                let missing = missing.map(|name| (*name).to_owned());
                return Err(StrategyRefusal::Features { token: token.name.clone(), known, missing });
            }
        }
        let values = |spec: &TensorSpec| match spec.name.as_str() {
            name if name == plan.horizon => vec![preferences.horizon],
            name if name == plan.risk => vec![preferences.risk],
            name if name == plan.input => vec![spec.real(spec.min); self.tokens()],
            name => market.tokens.iter().filter_map(|token| token.allocation.get(name).copied()).collect(),
        };
        let named: BTreeMap<_, _> = specs.iter().map(|spec| (spec.name.clone(), values(spec))).collect();
        inputs::quantize(&self.allocation.schema, &named).map_err(StrategyRefusal::Allocation)
    }

    /// The integers of the allocation on forecasts that were proved: they are taken over as they are.
    ///
    /// # Errors
    /// [`StrategyRefusal`].
    pub fn allocation_inputs(
        &self,
        market: &Market,
        preferences: Preferences,
        forecasts: &[i64],
    ) -> Result<Vec<i64>, StrategyRefusal> {
        let mut inputs = self.open_allocation(market, preferences)?;
        let (expected, got) = (self.tokens(), forecasts.len());
        if expected != got {
            return Err(StrategyRefusal::Tokens { expected, got });
        }
        for (input, forecast) in inputs.iter_mut().skip(self.linked.start).zip(forecasts) {
            *input = *forecast;
        }
        inputs::check(&self.allocation.schema, &inputs)
            .map_err(|error| StrategyRefusal::Forecasts(error.to_string()))?;
        Ok(inputs)
    }

    /// The allocation's inputs that no link fills, in their order.
    pub fn unlinked(&self, inputs: &[i64]) -> Vec<i64> {
        let own = inputs.iter().enumerate().filter(|(at, _)| !self.linked.contains(at));
        own.map(|(_, value)| *value).collect()
    }

    /// What is expected of the chain: models, nonces, links, and of each proof the inputs that no link fills.
    ///
    /// # Errors
    /// [`StrategyRefusal`] if market data or preferences are not inputs of the models, or if there is not a nonce for each
    /// proof.
    pub fn expected(
        &self,
        market: &Market,
        preferences: Preferences,
        nonces: &[Option<Nonce>],
    ) -> Result<ExpectedChain, StrategyRefusal> {
        let tokens = self.tokens();
        let mut inputs = self.forecast_inputs(market)?;
        let (expected, got) = (tokens + 1, nonces.len());
        if expected != got {
            return Err(StrategyRefusal::Proofs { expected, got });
        }
        inputs.push(self.unlinked(&self.open_allocation(market, preferences)?));
        let step = |(number, (inputs, nonce)): (usize, (Vec<i64>, &Option<Nonce>))| Expected {
            model_id: Some(if number < tokens { self.forecast.id } else { self.allocation.id }),
            nonce: *nonce,
            inputs: Some(inputs),
            ..Expected::default()
        };
        let steps = inputs.into_iter().zip(nonces).enumerate().map(step).collect();
        Ok(ExpectedChain { steps, links: self.plan.links.clone() })
    }
}

#[cfg(test)]
mod tests;
