//! The numbers of a chain of proofs.

use std::collections::BTreeMap;

use vouch_api::Market;
use vouch_envelope::{ProofChain, ProofEnvelope};
use vouch_schema::{Schema, Section, TensorSpec};

use super::Strategy;

/// The numbers of a chain, in units. They are worth as much as the verdict on it.
#[derive(Debug, Clone, PartialEq)]
pub struct StrategyValues {
    /// The forecast of each token, in the unit of the linked output.
    pub forecasts: Vec<f64>,
    /// The share of each token.
    pub shares: Vec<f64>,
    /// The expected yield.
    pub expected_yield: f64,
    /// The unit of the expected yield.
    pub unit: String,
    /// The allocation's inputs by name.
    pub inputs: BTreeMap<String, Vec<f64>>,
}

impl Strategy {
    /// What the chain says: forecasts, shares (the allocation's output with a value for each token) and the expected yield
    /// (its other output, of one value). `None` for the proofs of other models.
    pub fn values(&self, chain: &ProofChain) -> Option<StrategyValues> {
        let (allocation, forecasts) = chain.proofs().split_last()?;
        let tensor = self.forecast_tensor();
        let forecasts = forecasts.iter().map(|proof| Some(tensor.real(self.forecast_of(&proof.public.outputs)?)));
        let forecasts = forecasts.collect::<Option<Vec<f64>>>()?;
        let outputs = reals(&self.allocation.schema, Section::Outputs, allocation)?;
        let place = |count: usize, not: Option<usize>| {
            outputs.iter().enumerate().position(|(at, (tensor, _))| tensor.size() == count && Some(at) != not)
        };
        let shares = place(self.tokens(), None)?;
        let (yield_tensor, yields) = outputs.get(place(1, Some(shares))?)?;
        let inputs = reals(&self.allocation.schema, Section::Inputs, allocation)?;
        Some(StrategyValues {
            forecasts,
            shares: outputs.get(shares)?.1.clone(),
            expected_yield: *yields.first()?,
            unit: yield_tensor.unit.clone(),
            inputs: inputs.into_iter().map(|(tensor, values)| (tensor.name.clone(), values)).collect(),
        })
    }
}

/// The public tensors of a section of a proof, in units.
fn reals<'a>(schema: &'a Schema, section: Section, proof: &ProofEnvelope) -> Option<Vec<(&'a TensorSpec, Vec<f64>)>> {
    let values = proof.public.section(section).0;
    let real = |(tensor, range): (&'a TensorSpec, std::ops::Range<usize>)| {
        let own = values.get(range)?;
        Some((tensor, own.iter().map(|&value| tensor.real(value)).collect()))
    };
    schema.public_ranges(section).map(real).collect()
}

/// The name of a proof in a chain: the forecast of a token, or the allocation after the last of them.
pub fn proof_name<S: AsRef<str>>(tokens: &[S], proof: usize) -> String {
    match tokens.get(proof) {
        Some(token) => format!("Forecast for {}", token.as_ref()),
        None => "Allocation".to_owned(),
    }
}

/// A sentence about where market data comes from.
pub fn provenance(market: &Market) -> String {
    let what = if market.simulated { "The market data is simulated" } else { "The market data is not proved" };
    format!("{what}: {}, {}.", market.source, market.as_of)
}
