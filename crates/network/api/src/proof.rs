//! Proofs that were verified.

use serde::{Deserialize, Serialize};
use vouch_envelope::{ModelId, Nonce};

use crate::NoncePart;

/// A proof in a list.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct ProofSummary {
    /// Its identifier: SHA-256 of the envelope's bytes.
    pub id: String,
    /// The model.
    #[cfg_attr(feature = "openapi", schema(value_type = String))]
    pub model_id: ModelId,
    /// When it was verified.
    pub at_ms: u64,
    /// Its size.
    pub bytes: u64,
    /// How long the miner took.
    pub response_ms: f64,
}

/// What the validator keeps with a proof. The envelope itself is at `/v1/proofs/{id}/envelope`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct ProofRecord {
    /// As in lists.
    #[serde(flatten)]
    pub summary: ProofSummary,
    /// The miner that made it.
    pub miner: String,
    /// The user's part of the nonce.
    #[cfg_attr(feature = "openapi", schema(value_type = String))]
    pub user_part: NoncePart,
    /// The validator's part of the nonce.
    #[cfg_attr(feature = "openapi", schema(value_type = String))]
    pub validator_part: NoncePart,
    /// The nonce: a hash of both parts, the chain, the parties and the model.
    #[cfg_attr(feature = "openapi", schema(value_type = String))]
    pub nonce: Nonce,
    /// How long the verification took.
    pub verify_ms: f64,
    /// SHA-256 of the verifier that accepted it; empty for a native one.
    #[serde(default)]
    pub verifier_sha256: String,
}
