//! What the validator serves, as far as this page uses it.
//!
//! Nothing here is believed where a proof can tell: outputs are read from the envelope that this browser has verified,
//! scales from the verifying key.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::http::{self, Failure};

/// Where the validator's account of itself is.
pub(crate) const NETWORK: &str = "/v1/network";
/// Where the models are listed.
pub(crate) const MODELS: &str = "/v1/models";
/// Where the miners are listed.
pub(crate) const MINERS: &str = "/v1/miners";
/// Where the newest entries of the log are.
pub(crate) const LOG: &str = "/v1/log?limit=60";
/// Where the deposit contract's address is.
pub(crate) const DEPOSITS: &str = "/v1/deposits";

/// The validator's account of itself.
#[derive(Debug, Clone, PartialEq, Deserialize)]
pub(crate) struct Network {
    /// Version of the software.
    pub version: String,
    /// The validator's public key.
    pub validator: String,
    /// SHA-256 of the verifier that it runs.
    pub verifier_sha256: String,
    /// When it started.
    pub started_ms: f64,
    /// The parts of it and whether they work.
    pub health: Vec<Part>,
    /// Number of the running epoch.
    pub epoch: u64,
    /// When it ends and weights are published.
    pub epoch_ends_ms: f64,
    /// The weights published last, by miner.
    pub weights: Vec<Weight>,
    /// Queries waiting for a miner.
    pub waiting: u64,
    /// Queries with a miner.
    pub in_flight: u64,
    /// Most queries that may be with miners.
    pub in_flight_limit: u64,
}

/// A part of the validator.
#[derive(Debug, Clone, PartialEq, Deserialize)]
pub(crate) struct Part {
    /// Its name.
    pub name: String,
    /// Whether it works.
    pub ok: bool,
    /// More about it.
    pub detail: String,
}

/// A published weight.
#[derive(Debug, Clone, PartialEq, Deserialize)]
pub(crate) struct Weight {
    /// The miner's key.
    pub miner: String,
    /// Its share.
    pub weight: f64,
}

/// An entry of the hash-chained log.
#[derive(Debug, Clone, PartialEq, Deserialize)]
pub(crate) struct LogEntry {
    /// Its number.
    pub seq: u64,
    /// When.
    pub at_ms: f64,
    /// What kind of thing happened.
    pub kind: String,
    /// What happened.
    pub text: String,
    /// Hash of the entry and the one before.
    pub hash: String,
}

/// A model in the list.
#[derive(Debug, Clone, PartialEq, Deserialize)]
pub(crate) struct ModelSummary {
    /// Its identity.
    pub id: String,
    /// Its name.
    pub name: String,
    /// Its version.
    pub version: String,
    /// One sentence.
    pub description: String,
    /// `development` or `ceremony`.
    pub srs_kind: String,
    /// Miners that serve it.
    pub miners: u64,
}

/// Everything about a model.
#[derive(Debug, Clone, PartialEq, Deserialize)]
pub(crate) struct ModelCard {
    /// As in the list.
    #[serde(flatten)]
    pub summary: ModelSummary,
    /// Who made it.
    pub author: String,
    /// What its inputs are, for people.
    pub inputs: Vec<FieldNote>,
    /// What its outputs are.
    pub outputs: Vec<FieldNote>,
    /// An example of its inputs.
    #[serde(default)]
    pub sample: Option<BTreeMap<String, Vec<f64>>>,
    /// How often the model is right about the world, by its author's own test.
    #[serde(default)]
    pub uncertainty: Option<Uncertainty>,
    /// How far its integers are from the float model.
    #[serde(default)]
    pub accuracy: Option<Accuracy>,
    /// Float parameters.
    pub parameters: u64,
    /// The circuit has 2^k rows.
    pub k: u32,
    /// Bytes of a proof.
    pub proof_bytes: u64,
    /// Bytes of the verifying key.
    pub key_bytes: u64,
    /// Digest of the reference string.
    pub srs_identity: String,
    /// Whether there is a picture of the circuit's layout.
    #[serde(default)]
    pub has_layout: bool,
}

/// What a value is.
#[derive(Debug, Clone, PartialEq, Deserialize)]
pub(crate) struct FieldNote {
    /// Its name.
    pub name: String,
    /// Its unit.
    #[serde(default)]
    pub unit: String,
    /// What it is, for people.
    #[serde(default)]
    pub description: String,
}

/// How often a model is right about the world.
#[derive(Debug, Clone, PartialEq, Deserialize)]
pub(crate) struct Uncertainty {
    /// Mean absolute error on the test set, in the output's unit.
    pub mean_abs: f64,
    /// On which data.
    pub source: String,
}

/// How far the integer program is from the float model.
#[derive(Debug, Clone, PartialEq, Deserialize)]
pub(crate) struct Accuracy {
    /// Number of inputs tried.
    pub samples: u64,
    /// Largest absolute difference.
    pub max_abs: f64,
    /// Mean absolute difference.
    pub mean_abs: f64,
    /// Largest difference, relative to the output's range.
    pub max_relative: f64,
    /// Pairs of outputs: float, integer program.
    pub scatter: Vec<(f64, f64)>,
}

/// A question.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub(crate) struct Ask {
    /// The model.
    pub(crate) model_id: String,
    /// The inputs, by name, in natural units.
    pub inputs: BTreeMap<String, Vec<f64>>,
    /// 32 random bytes of this browser: a proof made before cannot contain them.
    pub nonce: String,
}

/// How a question stands.
#[derive(Debug, Clone, PartialEq, Deserialize)]
pub(crate) struct Prediction {
    /// Its identifier.
    pub id: String,
    /// `queued`, `proving`, `verifying`, `done` or `failed`.
    pub state: String,
    /// The miner that has it or answered it.
    #[serde(default)]
    pub miner: Option<String>,
    /// How many miners were asked.
    #[serde(default)]
    pub attempts: u64,
    /// Where the proof is, once it is done.
    #[serde(default)]
    pub proof_id: Option<String>,
    /// Why it failed.
    #[serde(default)]
    pub error: Option<String>,
}

/// A miner in the list.
#[derive(Debug, Clone, PartialEq, Deserialize)]
pub(crate) struct MinerRow {
    /// Its public key.
    pub id: String,
    /// Its score, from 0 to 1.
    pub score: f64,
    /// Its share of the last weights.
    pub weight: f64,
    /// Answers that were verified.
    pub verified: u64,
    /// Answers that were refused.
    pub refused: u64,
    /// Answers that were late or missing.
    pub missing: u64,
    /// Response time, milliseconds, median of the recent ones.
    pub response_ms: Option<f64>,
    /// Bytes of its last proof.
    pub proof_bytes: Option<u64>,
    /// When it last answered.
    pub seen_ms: Option<f64>,
}

/// One miner's history.
#[derive(Debug, Clone, PartialEq, Deserialize)]
pub(crate) struct MinerHistory {
    /// Scores: moment, score.
    pub scores: Vec<(f64, f64)>,
    /// Recent response times, milliseconds.
    pub responses_ms: Vec<f64>,
    /// Recent proof sizes, bytes.
    pub proof_bytes: Vec<f64>,
    /// Recent proofs, newest first.
    pub proofs: Vec<ProofRow>,
}

/// A proof in a list.
#[derive(Debug, Clone, PartialEq, Deserialize)]
pub(crate) struct ProofRow {
    /// Its identifier.
    pub id: String,
    /// The model.
    pub(crate) model_id: String,
    /// When it was verified.
    pub at_ms: f64,
    /// Its size.
    pub bytes: u64,
    /// How long the miner took.
    pub response_ms: f64,
}

/// The deposit contract, if there is one.
#[derive(Debug, Clone, PartialEq, Deserialize)]
pub(crate) struct DepositsConfig {
    /// Its address.
    pub contract: Option<String>,
    /// The chain.
    #[serde(default)]
    pub chain_id: Option<u64>,
    /// Where the chain can be asked.
    #[serde(default)]
    pub rpc_url: Option<String>,
}

/// The bytes of a model's verifying key.
pub(crate) async fn key(model: &str) -> Result<Vec<u8>, Failure> {
    http::bytes(&format!("{MODELS}/{model}/key")).await
}

/// The bytes of a proof envelope.
pub(crate) async fn envelope(id: &str) -> Result<Vec<u8>, Failure> {
    http::bytes(&format!("/v1/proofs/{id}/envelope")).await
}

/// Asks.
pub(crate) async fn ask(question: &Ask) -> Result<Prediction, Failure> {
    http::post("/v1/predictions", question).await
}

/// How a question stands.
pub(crate) async fn prediction(id: &str) -> Result<Prediction, Failure> {
    http::get(&format!("/v1/predictions/{id}")).await
}
