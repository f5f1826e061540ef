//! Strategies: what is expected of a chain of proofs, and what it says.
//!
//! Which models and which tensors make a strategy is the validator's word; the integers, their places and the links follow from the verifying keys and
//! from what the user chose, and are computed here.

use std::collections::BTreeMap;
use std::ops::Range;
use std::sync::Arc;

use leptos::prelude::*;
use vouch_api::{Link, Market, Visibility};
use vouch_envelope::{ProofChain, ProofEnvelope, Section, ValueRef};
use vouch_schema::TensorSpec;
use wasm_bindgen_futures::spawn_local;

use crate::api::{StrategyPlan, StrategyRecord};
use crate::settings::Settings;
use crate::setup::Ready;
use crate::worker::{self, ChainReport, Expected, ExpectedChain};

/// The two models, and how they are put together.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Models {
    /// Names of tensors, as the validator uses them.
    pub plan: StrategyPlan,
    /// Forecasts for one token.
    pub forecast: Ready,
    /// Allocates.
    pub allocation: Ready,
    output: Place,
    linked: Place,
}

/// Where a public tensor is.
#[derive(Debug, Clone, PartialEq)]
struct Place {
    tensor: TensorSpec,
    /// Among the public values of its section.
    range: Range<usize>,
}

/// A public tensor of this name.
fn place(ready: &Ready, section: Section, name: &str) -> Result<Place, String> {
    let mut start = 0;
    for tensor in ready.facts.section(section) {
        let end = start + if tensor.visibility == Visibility::Public { tensor.size() } else { 0 };
        if tensor.name == name && end > start {
            return Ok(Place { tensor: tensor.clone(), range: start..end });
        }
        start = end;
    }
    Err(format!("The model {} has no public {section} named {name}.", ready.card.summary.name))
}

impl Models {
    /// Checks that the models fit together, by their keys.
    pub(crate) fn new(plan: StrategyPlan, forecast: Ready, allocation: Ready) -> Result<Self, String> {
        let output = place(&forecast, Section::Outputs, &plan.output)?;
        let linked = place(&allocation, Section::Inputs, &plan.input)?;
        if output.tensor.size() != 1 || linked.tensor.size() as u64 != plan.tokens {
            return Err("The validator's plan does not fit the verifying keys.".to_owned());
        }
        let models = Self { plan, forecast, allocation, output, linked };
        for name in [&models.plan.horizon, &models.plan.risk] {
            if models.input(name)?.len() != 1 {
                return Err(format!("{name} of the model {} is not one value.", models.allocation.card.summary.name));
            }
        }
        Ok(models)
    }

    /// Number of tokens.
    pub(crate) fn tokens(&self) -> usize {
        self.linked.tensor.size()
    }

    /// An input of the allocation.
    fn input(&self, name: &str) -> Result<TensorSpec, String> {
        place(&self.allocation, Section::Inputs, name).map(|place| place.tensor)
    }

    /// The allocation's input that is the user's horizon, and that of the risk.
    pub(crate) fn wishes(&self) -> Option<(TensorSpec, TensorSpec)> {
        Some((self.input(&self.plan.horizon).ok()?, self.input(&self.plan.risk).ok()?))
    }

    /// The linked output of a forecast.
    pub(crate) fn forecast_tensor(&self) -> &TensorSpec {
        &self.output.tensor
    }

    /// The links: forecast i is value i of the allocation's input.
    fn links(&self) -> Vec<Link> {
        let at = |proof: usize, start: usize| ValueRef { proof: proof as u32, start: start as u32 };
        let (output, linked) = (self.output.range.start, self.linked.range.start);
        let tokens = self.tokens();
        (0..tokens).map(|i| Link { from: at(i, output), to: at(tokens, linked + i), len: 1 }).collect()
    }

    /// What is expected of the chain, if it is to be about this market and these wishes.
    pub(crate) fn expected(&self, record: &StrategyRecord, wishes: Wishes) -> Result<ExpectedChain, String> {
        let (tokens, market) = (self.tokens(), &record.market);
        if market.tokens.len() != tokens || record.status.steps.len() != tokens + 1 {
            return Err("The strategy is of another number of tokens than the model.".to_owned());
        }
        let mut inputs = Vec::with_capacity(tokens + 1);
        for token in &market.tokens {
            let values = |tensor: &TensorSpec| token.forecast.get(&tensor.name).cloned();
            inputs.push(integers(&self.forecast, &token.name, values)?);
        }
        let values = |tensor: &TensorSpec| match &tensor.name {
            name if *name == self.plan.input => Some(Vec::new()),
            name if *name == self.plan.horizon => Some(vec![wishes.horizon]),
            name if *name == self.plan.risk => Some(vec![wishes.risk]),
            name => market.tokens.iter().map(|token| token.allocation.get(name).copied()).collect(),
        };
        inputs.push(integers(&self.allocation, "the allocation", values)?);
        let step = |(inputs, (number, step)): (Vec<i64>, (usize, &vouch_api::StrategyStep))| Expected {
            model_id: Some(if number < tokens { self.forecast.facts.model_id } else { self.allocation.facts.model_id }),
            nonce: step.nonce,
            inputs: Some(inputs),
            ..Expected::default()
        };
        let steps = inputs.into_iter().zip(record.status.steps.iter().enumerate()).map(step).collect();
        Ok(ExpectedChain { steps, links: self.links() })
    }
}

/// The integers of a model's inputs, those without values left out.
fn integers(ready: &Ready, whose: &str, values: impl Fn(&TensorSpec) -> Option<Vec<f64>>) -> Result<Vec<i64>, String> {
    let mut all = Vec::new();
    for tensor in &ready.facts.inputs {
        let wrong = || format!("The market data has no usable {} of {whose}.", tensor.name);
        let values = values(tensor).ok_or_else(wrong)?;
        if !values.is_empty() && values.len() != tensor.size() {
            return Err(wrong());
        }
        for value in values {
            all.push(tensor.integer(value).ok_or_else(wrong)?);
        }
    }
    Ok(all)
}

/// What the user chose.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Wishes {
    /// The horizon, in the unit of the allocation's input.
    pub horizon: f64,
    /// The risk preference, likewise.
    pub risk: f64,
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
    /// Whether the wishes come from this page, and not from the validator's account of them.
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
        let tokens = self.models.tokens();
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

    /// The name of a proof: whose forecast it is.
    pub(crate) fn proof_name(&self, proof: usize) -> String {
        match self.record.market.tokens.get(proof) {
            Some(token) => format!("Forecast for {}", token.name),
            None => "Allocation".to_owned(),
        }
    }

    /// What the chain says.
    pub(crate) fn said(&self) -> Option<Said> {
        let chain = self.chain()?;
        let (allocation, forecasts) = chain.proofs().split_last()?;
        let models = &self.models;
        let output = models.output.range.start;
        let hours = forecasts.iter().map(|proof| Some(models.output.tensor.real(*proof.public.outputs.get(output)?)));
        let hours = hours.collect::<Option<Vec<f64>>>()?;
        let outputs = reals(&models.allocation, Section::Outputs, allocation)?;
        let of = |count: usize| outputs.iter().find(|(tensor, _)| tensor.size() == count);
        let (_, shares) = of(models.tokens())?;
        let (expected_yield, yields) = of(1)?;
        let inputs = reals(&models.allocation, Section::Inputs, allocation)?;
        Some(Said {
            hours,
            shares: shares.clone(),
            expected_yield: *yields.first()?,
            unit: expected_yield.unit.clone(),
            inputs: inputs.into_iter().map(|(tensor, values)| (tensor.name, values)).collect(),
        })
    }
}

/// The numbers of a chain, in units. They are worth as much as the verdict on it.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Said {
    /// The forecast of each token.
    pub hours: Vec<f64>,
    /// The share of each token.
    pub shares: Vec<f64>,
    /// The expected yield.
    pub expected_yield: f64,
    /// Its unit.
    pub unit: String,
    /// The allocation's inputs.
    pub inputs: BTreeMap<String, Vec<f64>>,
}

/// The public tensors of a section of a proof, in units.
fn reals(ready: &Ready, section: Section, proof: &ProofEnvelope) -> Option<Vec<(TensorSpec, Vec<f64>)>> {
    let mut rest = proof.public.section(section).0;
    let public = ready.facts.section(section).iter().filter(|tensor| tensor.visibility == Visibility::Public);
    public
        .map(|tensor| {
            let (own, tail) = rest.split_at_checked(tensor.size())?;
            rest = tail;
            Some((tensor.clone(), own.iter().map(|&value| tensor.real(value)).collect()))
        })
        .collect()
}

/// A sentence about where market data comes from.
pub(crate) fn provenance(market: &Market) -> String {
    let what = if market.simulated { "The market data is simulated" } else { "The market data is not proved" };
    format!("{what}: {}, {}.", market.source, market.as_of)
}
