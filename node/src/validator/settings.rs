//! What can be set about a validator: a section for each service.

use std::path::PathBuf;

use serde::{Deserialize, Serialize};

use super::deposits::DepositSettings;
use super::dispatcher::DispatchSettings;
use super::epochs::ScoreSettings;
use super::hidden_outputs::HiddenOutputSettings;
use super::http::settings::HttpSettings;
use super::onchain::OnchainSettings;
use super::predictions::PredictionSettings;
use super::strategies::StrategySettings;
use crate::engine::VerifierSettings;

/// The validator: `[validator]`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct ValidatorSettings {
    /// Folder of bundles.
    pub models: PathBuf,
    /// Folder of the databases.
    pub data: PathBuf,
    /// Accept keys of a development setup.
    pub allow_development_srs: bool,
    /// How often the chain's parties are read, milliseconds.
    pub chain_every_ms: u64,
    /// Which verifier runs.
    pub verifier: VerifierSettings,
    /// The interface.
    pub http: HttpSettings,
    /// Queries to miners.
    pub dispatch: DispatchSettings,
    /// Scores and epochs.
    pub scores: ScoreSettings,
    /// Users' questions.
    pub predictions: PredictionSettings,
    /// Values of hashed outputs.
    pub hidden_outputs: HiddenOutputSettings,
    /// The deposit contract.
    pub deposits: DepositSettings,
    /// The contract that checks proofs, for the dashboard.
    pub onchain: OnchainSettings,
    /// Strategies: forecasts and an allocation, linked.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub strategy: Option<StrategySettings>,
}

impl Default for ValidatorSettings {
    fn default() -> Self {
        Self {
            models: "models".into(),
            data: "validator-data".into(),
            allow_development_srs: false,
            chain_every_ms: 5_000,
            verifier: VerifierSettings::default(),
            http: HttpSettings::default(),
            dispatch: DispatchSettings::default(),
            scores: ScoreSettings::default(),
            predictions: PredictionSettings::default(),
            hidden_outputs: HiddenOutputSettings::default(),
            deposits: DepositSettings::default(),
            onchain: OnchainSettings::default(),
            strategy: None,
        }
    }
}

/// Settings that had other names before there were sections, all in `[validator]`: old name, section, name.
pub(crate) const RENAMED: &[(&str, &str, &str)] = &[
    ("verifier_wasm", "verifier", "wasm"),
    ("native_verifier", "verifier", "native"),
    ("dashboard", "http", "dashboard"),
    ("cors", "http", "cors"),
    ("max_body_bytes", "http", "max_body_bytes"),
    ("timeout_ms", "dispatch", "timeout_ms"),
    ("in_flight", "dispatch", "in_flight"),
    ("benchmark_every_ms", "dispatch", "benchmark_every_ms"),
    ("epoch_ms", "scores", "epoch_ms"),
    ("attempts", "predictions", "attempts"),
    ("hedge_after_ms", "predictions", "hedge_after_ms"),
    ("prediction_timeout_ms", "predictions", "timeout_ms"),
    ("open_predictions", "predictions", "open"),
    ("rate", "predictions", "rate"),
    ("burst", "predictions", "burst"),
    ("hidden_keep_ms", "hidden_outputs", "keep_ms"),
    ("deposit_contract", "deposits", "contract"),
    ("deposit_chain_id", "deposits", "chain_id"),
    ("deposit_rpc_url", "deposits", "rpc_url"),
    ("deposit_first_block", "deposits", "first_block"),
    ("deposit_confirmations", "deposits", "confirmations"),
    ("deposit_poll_ms", "deposits", "poll_ms"),
];
