//! What Vouch's servers and their clients say to each other over HTTP: types only, for native code and WebAssembly.
//!
//! Nothing here is believed where a proof can tell. Outputs, for one, are never in these types: a client reads them
//! from the envelope that it has verified, and hashed ones it compares with the hash there.
//!
//! Moments (`*_ms` with a date) are milliseconds since 1970, UTC. Durations are milliseconds. Keys and identities are
//! lower-case hexadecimal.

mod deposits;
mod miner;
mod model;
mod network;
mod nonce;
mod prediction;
mod problem;
mod proof;
mod prove;
mod strategy;

pub use deposits::{
    AccountDeposits, AnnouncedClaim, ChainBlock, DepositContract, DepositEntry, DepositEvent, DepositToken,
    TokenBalance,
};
pub use miner::{MinerHistory, MinerSummary, Moment};
pub use model::{Accuracy, Field, FieldTest, ModelCard, ModelSummary, Sizes, Weights};
pub use network::{DepositsConfig, Health, LogEntry, Network, OnchainConfig, Part, Weight};
pub use nonce::{NoncePart, NonceSource, answer_nonce};
pub use prediction::{
    Attempt, AttemptOutcome, HiddenOutputs, MAX_PREDICTION_VALUES, OutputsRequest, PredictionAccepted, PredictionEvent,
    PredictionRequest, PredictionStatus, State,
};
pub use problem::{PROBLEM_JSON, Problem};
pub use proof::{ProofRecord, ProofSummary};
pub use prove::{ANSWER_TYPE, Capacity, ENVELOPE_TYPE, MinerModel, ProveRequest};
pub use strategy::{
    CHAIN_TYPE, Market, MarketToken, StrategyEvent, StrategyPlan, StrategyRecord, StrategyRequest, StrategyStatus,
    StrategyStep,
};
pub use vouch_envelope::{Link, ValueRef, VerificationReport};
pub use vouch_schema::{ModelId, Nonce, Salt, Visibility};

/// Where things are, on a validator.
pub mod paths {
    /// The validator's account of itself: [`Network`](crate::Network).
    pub const NETWORK: &str = "/v1/network";
    /// The models: a list of [`ModelSummary`](crate::ModelSummary).
    pub const MODELS: &str = "/v1/models";
    /// The miners: a list of [`MinerSummary`](crate::MinerSummary).
    pub const MINERS: &str = "/v1/miners";
    /// The log: a list of [`LogEntry`](crate::LogEntry). With `?after=` those that follow, oldest first; else the newest, newest first.
    pub const LOG: &str = "/v1/log";
    /// The deposit contract: [`DepositsConfig`](crate::DepositsConfig). Below it, by address, what an account has there:
    /// [`AccountDeposits`](crate::AccountDeposits).
    pub const DEPOSITS: &str = "/v1/deposits";
    /// Where the deposit contract's chain can be asked, as JSON-RPC.
    pub const DEPOSITS_RPC: &str = "/v1/deposits/rpc";
    /// The contract that checks proofs: [`OnchainConfig`](crate::OnchainConfig).
    pub const ONCHAIN: &str = "/v1/onchain";
    /// Where predictions are asked for.
    pub const PREDICTIONS: &str = "/v1/predictions";
    /// Where strategies are asked for. Below it, `plan` says what they are made of: [`StrategyPlan`](crate::StrategyPlan).
    pub const STRATEGIES: &str = "/v1/strategies";
    /// Where proofs are.
    pub const PROOFS: &str = "/v1/proofs";
    /// The OpenAPI document.
    pub const OPENAPI: &str = "/v1/openapi.json";
    /// Where a miner proves.
    pub const PROVE: &str = "/v1/prove";
    /// What a miner can take.
    pub const CAPACITY: &str = "/v1/capacity";
}

#[cfg(test)]
mod tests {
    use super::*;

    const ID: &str = "0101010101010101010101010101010101010101010101010101010101010101";

    #[test]
    fn a_question_is_read_strictly() {
        let text = format!(r#"{{"model_id":"{ID}","inputs":{{"x":[1.5]}},"user_part":"{ID}"}}"#);
        let ask: PredictionRequest = serde_json::from_str(&text).unwrap();
        assert_eq!((ask.model_id, ask.user_part), (ModelId([1; 32]), Some(NoncePart([1; 32]))));
        for wrong in [text.replace("\"inputs\"", "\"input\""), text.replace("01\"", "1\""), text.replace("1.5", "null")]
        {
            assert!(serde_json::from_str::<PredictionRequest>(&wrong).is_err(), "{wrong}");
        }
        let text = format!(r#"{{"model_id":"{ID}","inputs":{{}}}}"#);
        let ask = serde_json::from_str::<PredictionRequest>(&text).unwrap();
        assert_eq!((ask.user_part, ask.salt), (None, None));
    }

    #[test]
    fn a_salt_is_sent_and_not_shown() {
        let salt: Salt = ID.parse().unwrap();
        let ask =
            PredictionRequest { model_id: ModelId([1; 32]), inputs: [].into(), user_part: None, salt: Some(salt) };
        let text = serde_json::to_string(&ask).unwrap();
        assert!(text.contains(&format!(r#""salt":"{ID}""#)), "{text}");
        assert_eq!(serde_json::from_str::<PredictionRequest>(&text).unwrap(), ask);
        assert!(!format!("{salt:?}").contains("01"));
        assert!(serde_json::from_str::<Salt>("\"01\"").is_err());
    }

    #[test]
    fn states_are_lower_case_words() {
        for state in [State::Queued, State::Proving, State::Verifying, State::Done, State::Failed] {
            assert_eq!(serde_json::to_value(state).unwrap(), state.as_str());
        }
        for outcome in [AttemptOutcome::Verified, AttemptOutcome::Late, AttemptOutcome::Cancelled] {
            assert_eq!(serde_json::to_value(outcome).unwrap(), outcome.as_str());
        }
    }

    #[test]
    fn problems_follow_the_rfc() {
        let problem = Problem::new(404, "no-such-model", "No such model", "");
        let json = serde_json::to_value(&problem).unwrap();
        let expected =
            serde_json::json!({"type": "urn:vouch:problem:no-such-model", "title": "No such model", "status": 404});
        assert_eq!(json, expected);
        assert_eq!(problem.name(), "no-such-model");
        assert_eq!(problem.to_string(), "No such model (404, no-such-model)");
    }
}
