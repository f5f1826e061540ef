//! The function: constants from a file, inputs by name.

use std::collections::BTreeMap;

use serde::Deserialize;
use thiserror::Error;

/// Quantities that the layers see of a token.
const QUANTITIES: usize = 12;
/// The features of a token, in the order of the file.
const FEATURES: [&str; 7] = [
    "yield_pct",
    "yield_variance",
    "queue_eth",
    "redemption_hours",
    "liquidity_depth_eth",
    "peg_deviation_bp",
    "restaked_share_pct",
];
/// The user's settings, likewise.
const SETTINGS: [&str; 2] = ["horizon_days", "risk"];

/// Inputs by name, in natural units: a value for each token, or one for the user's settings.
pub type Inputs = BTreeMap<String, Vec<f64>>;

/// Why a file is not a network.
#[derive(Debug, Error)]
#[expect(missing_docs, reason = "the message of a variant says what its fields are")]
pub enum NetworkError {
    /// It is not the JSON of one.
    #[error("constants of the network: {0}")]
    Format(#[from] serde_json::Error),
    /// It is the network of other inputs.
    #[error("constants of the network: expected the inputs {expected:?}, got {got:?}")]
    Inputs { expected: Vec<&'static str>, got: Vec<String> },
    /// A range ends before it begins.
    #[error("constants of the network: {name}: expected a range from low to high, got {lo} to {hi}")]
    Range { name: &'static str, lo: f64, hi: f64 },
    /// A layer has another size.
    #[error("constants of the network: {layer}: expected {expected} numbers, got {got}")]
    Layer { layer: &'static str, expected: usize, got: usize },
}

/// Why values are no inputs of the network.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[expect(missing_docs, reason = "the message of a variant says what its fields are")]
pub enum InputsError {
    /// There is none of this name.
    #[error("input {name}: expected values, got none")]
    Missing { name: String },
    /// There are more or fewer of them.
    #[error("input {name}: expected {expected} values, got {got}")]
    Values {
        name: String,
        /// One for each token, or one.
        expected: usize,
        got: usize,
    },
    /// A value is no number.
    #[error("input {name}: value {index} is not a finite number")]
    NotFinite { name: String, index: usize },
}

/// What the network recommends.
#[derive(Debug, Clone, PartialEq)]
pub struct Allocation {
    /// Share of each token; they sum to 1.
    pub shares: Vec<f64>,
    /// Expected risk-adjusted yield until the horizon, %/year.
    pub expected_yield: f64,
}

/// The constants, as the file has them.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
struct Constants {
    model: String,
    features: Vec<String>,
    settings: Vec<String>,
    hours: [f64; 2],
    slip_bp_eth: f64,
    entry_bp: [f64; 2],
    exit_year: f64,
    entry_year: f64,
    wait_ratio: f64,
    centre: [f64; QUANTITIES],
    factor: [f64; QUANTITIES],
    w1: Vec<Vec<f64>>,
    b1: Vec<f64>,
    w2: Vec<Vec<f64>>,
    b2: Vec<f64>,
    ws: Vec<f64>,
    bs: f64,
    wv: Vec<f64>,
    bv: f64,
    score: f64,
    value: f64,
    offset: f64,
}

/// The network.
#[derive(Debug, Clone, PartialEq)]
pub struct Network {
    constants: Constants,
}

impl Network {
    /// Reads its constants.
    ///
    /// # Errors
    /// [`NetworkError`] for anything but the constants of a network of these inputs.
    pub fn from_json(text: &str) -> Result<Self, NetworkError> {
        let c: Constants = serde_json::from_str(text)?;
        let names = || FEATURES.iter().chain(&SETTINGS);
        if !c.features.iter().chain(&c.settings).eq(names()) || c.features.len() != FEATURES.len() {
            let got = c.features.iter().chain(&c.settings).cloned().collect();
            return Err(NetworkError::Inputs { expected: names().copied().collect(), got });
        }
        for (name, [lo, hi]) in [("hours", c.hours), ("entry_bp", c.entry_bp)] {
            if lo > hi {
                return Err(NetworkError::Range { name, lo, hi });
            }
        }
        let check = |layer, expected, got| {
            if expected == got { Ok(()) } else { Err(NetworkError::Layer { layer, expected, got }) }
        };
        let (first, second) = (c.b1.len(), c.b2.len());
        check("w1", QUANTITIES, c.w1.len())?;
        c.w1.iter().try_for_each(|row| check("w1", first, row.len()))?;
        check("w2", 2 * first, c.w2.len())?;
        c.w2.iter().try_for_each(|row| check("w2", second, row.len()))?;
        check("ws", second, c.ws.len())?;
        check("wv", second, c.wv.len())?;
        Ok(Self { constants: c })
    }

    /// The name of the model whose network it is.
    pub fn model(&self) -> &str {
        &self.constants.model
    }

    /// What it recommends for these inputs, of as many tokens as its first feature has values.
    ///
    /// ```text
    /// t1 = tanh(z W1 + b1)      t2 = tanh([t1, mean of t1] W2 + b2)
    /// shares = softmax(score · tanh(t2 ws + bs))      expected yield = Σ shares · value · tanh(t2 wv + bv) + offset
    /// ```
    ///
    /// # Errors
    /// [`InputsError`].
    pub fn run(&self, inputs: &Inputs) -> Result<Allocation, InputsError> {
        let c = &self.constants;
        let rows = self.quantities(inputs)?;
        let first: Vec<Vec<f64>> = rows.iter().map(|z| layer(&c.w1, &c.b1, z)).collect();
        let count = first.len().max(1) as f64;
        let mean: Vec<f64> = (0..c.b1.len()).map(|i| first.iter().map(|t| t[i]).sum::<f64>() / count).collect();
        let second = first.into_iter().map(|mut t| {
            t.extend(&mean);
            layer(&c.w2, &c.b2, &t)
        });
        let second: Vec<Vec<f64>> = second.collect();
        let head = |w: &[f64], b: f64, t: &[f64]| (b + t.iter().zip(w).map(|(t, w)| t * w).sum::<f64>()).tanh();
        let scores: Vec<f64> = second.iter().map(|t| c.score * head(&c.ws, c.bs, t)).collect();
        let highest = scores.iter().copied().fold(f64::NEG_INFINITY, f64::max);
        let powers: Vec<f64> = scores.iter().map(|score| (score - highest).exp()).collect();
        let sum: f64 = powers.iter().sum();
        let shares: Vec<f64> = powers.iter().map(|power| power / sum).collect();
        let values = second.iter().map(|t| c.value * head(&c.wv, c.bv, t));
        let expected_yield = c.offset + shares.iter().zip(values).map(|(share, value)| share * value).sum::<f64>();
        Ok(Allocation { shares, expected_yield })
    }

    /// What the layers see of each token: centred and scaled.
    fn quantities(&self, inputs: &Inputs) -> Result<Vec<[f64; QUANTITIES]>, InputsError> {
        let c = &self.constants;
        let tokens = inputs.get(FEATURES[0]).map_or(0, Vec::len);
        let mut features = [&[] as &[f64]; FEATURES.len()];
        for (place, name) in features.iter_mut().zip(FEATURES) {
            *place = values(inputs, name, tokens)?;
        }
        let [horizon, risk] = [values(inputs, SETTINGS[0], 1)?[0], values(inputs, SETTINGS[1], 1)?[0]];
        let [year, variance, queue, hours, depth, peg, restaked] = features;
        let of = |i: usize| {
            let hours = hours[i].clamp(c.hours[0], c.hours[1]);
            let slip = c.slip_bp_eth / depth[i];
            let entry = (peg[i] - slip).clamp(c.entry_bp[0], c.entry_bp[1]);
            let z = [
                year[i],
                variance[i],
                queue[i],
                hours,
                slip,
                peg[i],
                restaked[i],
                c.exit_year * (peg[i] + slip) / horizon,
                c.entry_year * entry / horizon,
                c.wait_ratio * hours / horizon,
                horizon,
                risk,
            ];
            std::array::from_fn(|q| (z[q] - c.centre[q]) * c.factor[q])
        };
        Ok((0..tokens).map(of).collect())
    }
}

/// `tanh(x W + b)`.
fn layer(weights: &[Vec<f64>], bias: &[f64], x: &[f64]) -> Vec<f64> {
    let mut sums = bias.to_vec();
    for (x, row) in x.iter().zip(weights) {
        sums.iter_mut().zip(row).for_each(|(sum, w)| *sum += x * w);
    }
    sums.into_iter().map(f64::tanh).collect()
}

/// The values of an input, as many as there must be; at least one.
fn values<'a>(inputs: &'a Inputs, name: &str, expected: usize) -> Result<&'a [f64], InputsError> {
    let found = inputs.get(name).filter(|values| !values.is_empty());
    let values = found.ok_or_else(|| InputsError::Missing { name: name.to_owned() })?;
    if values.len() != expected {
        return Err(InputsError::Values { name: name.to_owned(), expected, got: values.len() });
    }
    match values.iter().position(|value| !value.is_finite()) {
        Some(index) => Err(InputsError::NotFinite { name: name.to_owned(), index }),
        None => Ok(values),
    }
}
