//! Models that do not fit, and market data that is not theirs.

use thiserror::Error;
use vouch_schema::Section;

use crate::inputs::InputRefusal;

/// Why two models make no strategy.
#[derive(Debug, Clone, PartialEq, Error)]
#[expect(missing_docs, reason = "the message of a variant says what its fields are")]
pub enum StrategyError {
    /// A model has no such tensor, or it is not public.
    #[error("strategy: model {model} has no public tensor `{name}` in its {section}")]
    Tensor { model: String, section: Section, name: String },
    /// A tensor has another number of values.
    #[error("strategy: `{name}` of model {model}: expected {expected} values, got {got}")]
    Values {
        model: String,
        /// Inputs or outputs.
        section: Section,
        name: String,
        expected: usize,
        got: usize,
    },
    /// Equal integers would be different numbers.
    #[error(
        "strategy: the linked output has scale {output}, the input {input}: compile one of the models for the other's"
    )]
    Scale { output: f64, input: f64 },
    /// Equal numbers would be different quantities.
    #[error("strategy: the linked output has unit {output:?}, the input {input:?}")]
    Unit { output: String, input: String },
    /// More proofs than a chain can have.
    #[error("strategy: expected 1 to {limit} tokens, got {got}")]
    Tokens { limit: usize, got: usize },
    /// A plan with other models, links or numbers than follow from the verifying keys.
    #[error("strategy: the plan is not the one of the verifying keys")]
    Plan,
}

impl StrategyError {
    /// A sentence for users of a validator, who did not choose its models.
    pub fn sentence(&self) -> String {
        match self {
            Self::Tensor { model, section, name } => {
                format!("The model {model} has no public {section} named {name}.")
            }
            Self::Values { model, section: Section::Inputs, name, expected: 1, .. } => {
                format!("{name} of the model {model} is not one value.")
            }
            _ => "The validator's plan does not fit the verifying keys.".to_owned(),
        }
    }
}

/// Why market data and a user's preferences are no inputs of a strategy.
#[derive(Debug, Clone, PartialEq, Error)]
#[expect(missing_docs, reason = "the message of a variant says what its fields are")]
pub enum StrategyRefusal {
    /// Another number of tokens.
    #[error("expected {expected} tokens, got {got}")]
    Tokens { expected: usize, got: usize },
    /// Another number of proofs.
    #[error("expected {expected} proofs, got {got}")]
    Proofs {
        /// One for each token, and the allocation.
        expected: usize,
        got: usize,
    },
    /// A token's forecast.
    #[error("token {token}: {source}")]
    Forecast { token: String, source: InputRefusal },
    /// A token has other features than the allocation has inputs for.
    #[error("token {token}: expected allocation values {known}")]
    Features {
        token: String,
        /// The names of the allocation's inputs, for people.
        known: String,
        /// The first one that is missing. `None` if there are only too many.
        missing: Option<String>,
    },
    /// The allocation's inputs.
    #[error("allocation: {0}")]
    Allocation(InputRefusal),
    /// A forecast that the allocation does not take.
    #[error("a forecast is outside of what the allocation takes: {0}")]
    Forecasts(String),
}

impl StrategyRefusal {
    /// A sentence for users of a validator, whose market data it is.
    pub fn sentence(&self) -> String {
        let unusable = |what: Option<&str>, whose: &str| match what {
            Some(name) => format!("The market data has no usable {name} of {whose}."),
            None => format!("The market data has values of {whose} that the models have no inputs for."),
        };
        match self {
            Self::Tokens { .. } | Self::Proofs { .. } => {
                "The strategy is of another number of tokens than the model.".to_owned()
            }
            Self::Forecast { token, source } => unusable(source.input(), token),
            Self::Features { missing: Some(name), .. } => unusable(Some(name), "the allocation"),
            Self::Features { token, missing: None, .. } => unusable(None, token),
            Self::Allocation(source) => unusable(source.input(), "the allocation"),
            Self::Forecasts(reason) => format!("A forecast is outside of what the allocation takes: {reason}."),
        }
    }
}
