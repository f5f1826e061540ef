//! What the validator serves, as far as this page uses it. The types are those of the servers (`vouch-api`).
//!
//! Nothing here is believed where a proof can tell: outputs are read from the envelope that this browser has verified,
//! scales from the verifying key.

pub(crate) use vouch_api::paths::{DEPOSITS, MINERS, MODELS, NETWORK};
use vouch_api::paths::{ONCHAIN, PREDICTIONS, PROOFS, STRATEGIES};
pub(crate) use vouch_api::{
    AccountDeposits, Accuracy, DepositEntry, DepositEvent, DepositsConfig, Field, LogEntry, MinerHistory, MinerSummary,
    ModelCard, ModelId, ModelSummary, Network, Nonce, NoncePart, PredictionRequest, PredictionStatus, ProofSummary,
    State, StrategyPlan, StrategyRecord, StrategyRequest, StrategyStep, answer_nonce,
};
use vouch_api::{HiddenOutputs, OnchainConfig, OutputsRequest, Salt};

use crate::http::{self, Failure};

/// Where the newest entries of the log are.
pub(crate) const LOG: &str = "/v1/log?limit=60";

/// The bytes of a model's verifying key.
pub(crate) async fn key(model: ModelId) -> Result<Vec<u8>, Failure> {
    http::bytes(&format!("{MODELS}/{model}/key")).await
}

/// The bytes of a proof envelope.
pub(crate) async fn envelope(id: &str) -> Result<Vec<u8>, Failure> {
    http::bytes(&format!("{PROOFS}/{id}/envelope")).await
}

/// A key for facts about a hashed input: `verifier.key` or `prover.key`.
pub(crate) async fn fact_key(model: ModelId, tensor: &str, file: &str) -> Result<Vec<u8>, Failure> {
    let tensor = js_sys::encode_uri_component(tensor);
    http::bytes(&format!("{MODELS}/{model}/disclosure/{tensor}/{file}")).await
}

/// Where the validator proposes to have proofs checked by the contract on Ethereum.
pub(crate) async fn onchain() -> Result<OnchainConfig, Failure> {
    http::get(ONCHAIN).await
}

/// The validator's account of itself.
pub(crate) async fn network() -> Result<Network, Failure> {
    http::get(NETWORK).await
}

/// The models that the validator serves.
pub(crate) async fn models() -> Result<Vec<ModelSummary>, Failure> {
    http::get(MODELS).await
}

/// Asks.
pub(crate) async fn ask(question: &PredictionRequest) -> Result<PredictionStatus, Failure> {
    http::post(PREDICTIONS, question).await
}

/// The values of hashed outputs.
pub(crate) async fn outputs(prediction: &str, salt: Salt) -> Result<HiddenOutputs, Failure> {
    http::post(&format!("{PREDICTIONS}/{prediction}/outputs"), &OutputsRequest { salt }).await
}

/// How a question stands.
pub(crate) async fn prediction(id: &str) -> Result<PredictionStatus, Failure> {
    http::get(&format!("{PREDICTIONS}/{id}")).await
}

/// What strategies are made of.
pub(crate) async fn plan() -> Result<StrategyPlan, Failure> {
    http::get(&format!("{STRATEGIES}/plan")).await
}

/// Asks for a strategy.
pub(crate) async fn ask_strategy(question: &StrategyRequest) -> Result<StrategyRecord, Failure> {
    http::post(STRATEGIES, question).await
}

/// How a strategy stands, and what it was made from.
pub(crate) async fn strategy(id: &str) -> Result<StrategyRecord, Failure> {
    http::get(&format!("{STRATEGIES}/{}", js_sys::encode_uri_component(id))).await
}

/// The bytes of a strategy's chain of proofs.
pub(crate) async fn strategy_chain(id: &str) -> Result<Vec<u8>, Failure> {
    http::bytes(&format!("{STRATEGIES}/{}/chain", js_sys::encode_uri_component(id))).await
}
