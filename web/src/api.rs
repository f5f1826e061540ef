//! What the validator serves, as far as this page uses it. The types are those of the servers (`vouch-api`).
//!
//! Nothing here is believed where a proof can tell: outputs are read from the envelope that this browser has verified,
//! scales from the verifying key.

pub(crate) use vouch_api::paths::{DEPOSITS, MINERS, MODELS, NETWORK};
use vouch_api::paths::{PREDICTIONS, PROOFS};
use vouch_api::{HiddenOutputs, OutputsRequest, Salt};
pub(crate) use vouch_api::{
    AccountDeposits, Accuracy, DepositEntry, DepositEvent, DepositsConfig, Field, LogEntry, MinerHistory, MinerSummary,
    ModelCard, ModelId, ModelSummary, Network, Nonce, PredictionRequest, PredictionStatus, ProofSummary, State,
};

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
