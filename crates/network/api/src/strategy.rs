//! Strategies: forecasts and an allocation on them, as a chain of proofs.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use vouch_envelope::{Link, ModelId, Nonce};

use crate::{NoncePart, State};

/// Media type of a chain of proofs.
pub const CHAIN_TYPE: &str = "application/vnd.vouch.chain";

/// Market data, in natural units.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(deny_unknown_fields)]
pub struct Market {
    /// Where it comes from, for people.
    pub source: String,
    /// Of which moment it is, for people.
    pub as_of: String,
    /// Whether it is made up.
    pub simulated: bool,
    /// The tokens, in the order of the allocation's values.
    pub tokens: Vec<MarketToken>,
}

/// Market data of one token. Nothing of it is proved: proofs say what follows from it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(deny_unknown_fields)]
pub struct MarketToken {
    /// Its name.
    pub name: String,
    /// The inputs of the forecast, by name.
    pub forecast: BTreeMap<String, Vec<f64>>,
    /// Its value in each input of the allocation that has one for each token, by the input's name; without those that
    /// are forecasts.
    pub allocation: BTreeMap<String, f64>,
}

/// What a strategy is asked for.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(deny_unknown_fields)]
pub struct StrategyRequest {
    /// The user's horizon, in the unit of the allocation's input.
    pub horizon: f64,
    /// How much risk the user takes, likewise.
    pub risk: f64,
    /// Market data; without it, that of the validator's source.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub market: Option<Market>,
}

/// Which models make a strategy, and how they are linked.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct StrategyPlan {
    /// The model that forecasts, once for each token.
    #[cfg_attr(feature = "openapi", schema(value_type = String))]
    pub forecast: ModelId,
    /// The model that allocates.
    #[cfg_attr(feature = "openapi", schema(value_type = String))]
    pub allocation: ModelId,
    /// The forecast's output that is linked.
    pub output: String,
    /// The allocation's input that it fills: a value for each token.
    pub input: String,
    /// The allocation's input that is the user's horizon.
    pub horizon: String,
    /// The allocation's input that is the user's risk preference.
    pub risk: String,
    /// How many tokens there are: proof i is the forecast of token i, and the proof after them the allocation.
    pub tokens: u64,
    /// The links of the chain.
    #[cfg_attr(feature = "openapi", schema(value_type = Vec<Object>))]
    pub links: Vec<Link>,
}

/// How one proof of a strategy stands. The numbers are in the chain, which says what is proved of them.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct StrategyStep {
    /// The model.
    #[cfg_attr(feature = "openapi", schema(value_type = String))]
    pub model_id: ModelId,
    /// The token of a forecast.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub token: Option<String>,
    /// The prediction that it is; none yet for an allocation whose forecasts are open.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub prediction: Option<String>,
    /// How far it is.
    pub state: State,
    /// The miner that has it or answered it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub miner: Option<String>,
    /// The user's part of the nonce, which the validator drew.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "openapi", schema(value_type = Option<String>))]
    pub user_part: Option<NoncePart>,
    /// The validator's part of the nonce, once there is a proof.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "openapi", schema(value_type = Option<String>))]
    pub validator_part: Option<NoncePart>,
    /// The nonce of the proof, once there is one: a hash of both parts, the chain, the parties and the model.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "openapi", schema(value_type = Option<String>))]
    pub nonce: Option<Nonce>,
    /// Where the proof is, once it is done.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub proof_id: Option<String>,
}

/// How a strategy stands.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct StrategyStatus {
    /// Its identifier.
    pub id: String,
    /// How far it is.
    pub state: State,
    /// When it was asked for.
    pub created_ms: u64,
    /// When it ended.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub finished_ms: Option<u64>,
    /// Its proofs, in the chain's order.
    pub steps: Vec<StrategyStep>,
    /// SHA-256 of the chain's bytes, once it is done.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub chain_id: Option<String>,
    /// Why it failed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub error: Option<String>,
}

/// A strategy with what it was made from: all that its proofs can be checked against.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct StrategyRecord {
    /// How it stands.
    #[serde(flatten)]
    pub status: StrategyStatus,
    /// The user's horizon.
    pub horizon: f64,
    /// The user's risk preference.
    pub risk: f64,
    /// The market data.
    pub market: Market,
    /// Models and links.
    pub plan: StrategyPlan,
}

/// One step of a strategy, as sent to whoever listens (`text/event-stream`; the event's name is the state).
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct StrategyEvent {
    /// Number of the event, from 1: also the event stream's `id`.
    pub seq: u64,
    /// When.
    pub at_ms: u64,
    /// How the strategy stands now.
    #[serde(flatten)]
    pub status: StrategyStatus,
    /// What happened, for people.
    #[serde(default)]
    pub detail: String,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_question_is_read_strictly() {
        let text = r#"{"horizon":30.0,"risk":0.5}"#;
        let asked: StrategyRequest = serde_json::from_str(text).unwrap();
        assert_eq!(asked, StrategyRequest { horizon: 30.0, risk: 0.5, market: None });
        assert_eq!(serde_json::to_string(&asked).unwrap(), text);
        for wrong in [text.replace("risk", "risks"), text.replace("0.5", "null"), text.replace("30.0", "\"30\"")] {
            assert!(serde_json::from_str::<StrategyRequest>(&wrong).is_err(), "{wrong}");
        }
        let token = r#"{"name":"a","forecast":{"x":[1]},"allocation":{"yield":2}}"#;
        let market = format!(r#"{{"source":"s","as_of":"now","simulated":true,"tokens":[{token}]}}"#);
        let asked: StrategyRequest =
            serde_json::from_str(&format!(r#"{{"horizon":1,"risk":0,"market":{market}}}"#)).unwrap();
        assert_eq!(asked.market.unwrap().tokens[0].allocation["yield"], 2.0);
        assert!(serde_json::from_str::<Market>(&market.replace("\"simulated\":true,", "")).is_err());
    }
}
