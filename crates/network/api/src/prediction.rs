//! Questions, and how they stand.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use vouch_envelope::{ModelId, Nonce};

use crate::{NoncePart, Salt};

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
    /// The caller's part of the proof's nonce: 32 random bytes, never used twice. The nonce is a hash of this and of what
    /// the validator adds, so the proof cannot be older than these bytes. Without it, the validator draws one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "openapi", schema(value_type = Option<String>, pattern = "^[0-9a-f]{64}$"))]
    pub user_part: Option<NoncePart>,
    /// What the hashes of hashed tensors are salted with, for models that have such: 32 random bytes of whoever asks, used once. Without it, the validator draws them and
    /// says which in its answer.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "openapi", schema(value_type = Option<String>, pattern = "^[0-9a-f]{64}$"))]
    pub salt: Option<Salt>,
}

/// A question that was accepted.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct PredictionAccepted {
    /// How it stands.
    #[serde(flatten)]
    pub status: PredictionStatus,
    /// The salt, if the model has hashed tensors and the validator drew it. It is said here and nowhere else: hidden outputs cannot be fetched without it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "openapi", schema(value_type = Option<String>))]
    pub salt: Option<Salt>,
}

/// Asks for the values of hashed outputs.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(deny_unknown_fields)]
pub struct OutputsRequest {
    /// The question's salt: who has it is who asked.
    #[cfg_attr(feature = "openapi", schema(value_type = String, pattern = "^[0-9a-f]{64}$"))]
    pub salt: Salt,
}

/// The values of hashed outputs. They are worth what their hash, with the salt, is: that of a verified envelope.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct HiddenOutputs {
    /// The integers of each hashed output, by name.
    pub outputs: BTreeMap<String, Vec<i64>>,
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
    /// The caller's part of the nonce, or the one that the validator drew for it.
    #[cfg_attr(feature = "openapi", schema(value_type = String))]
    pub user_part: NoncePart,
    /// The validator's part of the nonce, once there is a proof: each miner that is asked gets another.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "openapi", schema(value_type = Option<String>))]
    pub validator_part: Option<NoncePart>,
    /// The nonce of the proof, once there is one: SHA-256 of `vouch-nonce-v1`, a zero byte, the length of the chain's name
    /// in 8 bytes little-endian, the name, the keys of validator and miner, the model, and both parts.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "openapi", schema(value_type = Option<String>))]
    pub nonce: Option<Nonce>,
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
    /// The miner said that it is full. Counts like any answer that is missing.
    Busy,
    /// The validator went down before the miner's time was over. Does not count.
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
