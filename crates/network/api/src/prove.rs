//! What a validator asks a miner.

use serde::{Deserialize, Serialize};
use vouch_envelope::ModelId;

use crate::{NoncePart, Salt};

/// Media type of an envelope's bytes: the answer to a [`ProveRequest`].
pub const ENVELOPE_TYPE: &str = "application/vnd.vouch.envelope";

/// Media type of the answer to a [`ProveRequest`] for a model with hashed outputs: their values, then an envelope's bytes.
pub const ANSWER_TYPE: &str = "application/vnd.vouch.answer";

/// A run to prove. A benchmark and a user's question look the same.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(deny_unknown_fields)]
pub struct ProveRequest {
    /// Identifier of the request: never used twice by one caller.
    pub request_id: String,
    /// The model.
    #[cfg_attr(feature = "openapi", schema(value_type = String))]
    pub model_id: ModelId,
    /// The flat input integers, those of hashed inputs included.
    pub inputs: Vec<i64>,
    /// What hashes are salted with; for models with hashed tensors, and only for those.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "openapi", schema(value_type = Option<String>))]
    pub salt: Option<Salt>,
    /// The user's part of the nonce. The miner computes the nonce with [`NonceSource`](crate::NonceSource).
    #[cfg_attr(feature = "openapi", schema(value_type = String))]
    pub user_part: NoncePart,
    /// The validator's part of the nonce.
    #[cfg_attr(feature = "openapi", schema(value_type = String))]
    pub validator_part: NoncePart,
    /// Milliseconds that the caller waits, from the moment it sent the request.
    pub deadline_ms: u64,
}

/// What a miner can take now.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Capacity {
    /// Most requests that wait or are proved.
    pub limit: u64,
    /// Requests that wait.
    pub waiting: u64,
    /// Requests that are proved now.
    pub proving: u64,
    /// Whether the miner takes more: not while it shuts down.
    pub open: bool,
}

/// A model that a miner serves.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct MinerModel {
    /// Its identity.
    #[cfg_attr(feature = "openapi", schema(value_type = String))]
    pub id: ModelId,
    /// Its name.
    pub name: String,
    /// Its version.
    pub version: String,
}
