//! Questions, and how they stand.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use vouch_envelope::{ModelId, Nonce};

/// Most numbers that one question may carry, whatever the model's schema.
pub const MAX_PREDICTION_VALUES: usize = 1 << 16;

/// A question.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(deny_unknown_fields)]
pub struct PredictionRequest {
    /// The model.
    #[cfg_attr(feature = "openapi", schema(value_type = String, pattern = "^[0-9a-f]{64}$"))]
    pub model_id: ModelId,
    /// The inputs, by name, in natural units.
    pub inputs: BTreeMap<String, Vec<f64>>,
    /// 32 random bytes of whoever asks: a proof made before cannot contain them. Never used twice. Without it, the
    /// validator draws one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "openapi", schema(value_type = Option<String>, pattern = "^[0-9a-f]{64}$"))]
    pub nonce: Option<Nonce>,
}

/// How far a question is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "lowercase")]
pub enum State {
    /// It waits for a miner.
    Queued,
    /// A miner has it.
    Proving,
    /// An answer is being verified.
    Verifying,
    /// A verified proof is there.
    Done,
    /// No miner gave an answer that holds.
    Failed,
}

impl State {
    /// Whether nothing more will happen.
    pub fn is_final(self) -> bool {
        matches!(self, Self::Done | Self::Failed)
    }

    /// Its name, as in JSON.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Queued => "queued",
            Self::Proving => "proving",
            Self::Verifying => "verifying",
            Self::Done => "done",
            Self::Failed => "failed",
        }
    }
}

/// How a question stands.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct PredictionStatus {
    /// Its identifier.
    pub id: String,
    /// The model.
    #[cfg_attr(feature = "openapi", schema(value_type = String))]
    pub model_id: ModelId,
    /// The nonce that the proof must contain.
    #[cfg_attr(feature = "openapi", schema(value_type = String))]
    pub nonce: Nonce,
    /// How far it is.
    pub state: State,
    /// When it was asked.
    pub created_ms: u64,
    /// When it ended.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub finished_ms: Option<u64>,
    /// The miner that has it or answered it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub miner: Option<String>,
    /// How many miners were asked.
    #[serde(default)]
    pub attempts: u64,
    /// Where the proof is, once it is done.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub proof_id: Option<String>,
    /// Why it failed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub error: Option<String>,
}

/// One step of a question, as sent to whoever listens (`text/event-stream`; the event's name is the state).
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct PredictionEvent {
    /// Number of the event, from 1: also the event stream's `id`.
    pub seq: u64,
    /// When.
    pub at_ms: u64,
    /// How the question stands now.
    #[serde(flatten)]
    pub status: PredictionStatus,
    /// What happened, for people.
    #[serde(default)]
    pub detail: String,
}

/// How one attempt with one miner ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "snake_case")]
pub enum AttemptOutcome {
    /// The proof holds.
    Verified,
    /// An envelope came, and the verifier refused it.
    Refused,
    /// What came is no envelope, or too long.
    Malformed,
    /// Nothing came in time.
    Late,
    /// The connection failed, or the miner answered with an error.
    Failed,
    /// The miner said that it is full, with the time to wait. Does not count against it as a failure does.
    Busy,
    /// The validator gave up before the miner's time was over: another miner was faster, or the validator went down.
    Cancelled,
}

impl AttemptOutcome {
    /// Its name, as in JSON.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Verified => "verified",
            Self::Refused => "refused",
            Self::Malformed => "malformed",
            Self::Late => "late",
            Self::Failed => "failed",
            Self::Busy => "busy",
            Self::Cancelled => "cancelled",
        }
    }
}

/// One attempt with one miner.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Attempt {
    /// The miner's key.
    pub miner: String,
    /// How it ended.
    pub outcome: AttemptOutcome,
    /// How long it took.
    pub response_ms: u64,
    /// More about it.
    #[serde(default)]
    pub detail: String,
}
