//! Models and their cards.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use vouch_schema::{ModelId, TensorSpec, Visibility};

/// A model in the list.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct ModelSummary {
    /// Its identity: the hash of its verifying key.
    #[cfg_attr(feature = "openapi", schema(value_type = String))]
    pub id: ModelId,
    /// Its name.
    pub name: String,
    /// Its version.
    pub version: String,
    /// One sentence.
    pub description: String,
    /// `development` (whoever made the reference string can forge proofs) or `ceremony`.
    pub srs_kind: String,
    /// Miners that serve it.
    pub miners: u64,
}

/// Everything about a model.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct ModelCard {
    /// As in the list.
    #[serde(flatten)]
    pub summary: ModelSummary,
    /// Who made it.
    pub author: String,
    /// Its inputs, in order.
    pub inputs: Vec<Field>,
    /// Its outputs, in order.
    pub outputs: Vec<Field>,
    /// An example of its inputs, by name, in natural units.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sample: Option<BTreeMap<String, Vec<f64>>>,
    /// How often the model is right about the world, by its author's own test.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub uncertainty: Option<FieldTest>,
    /// How far its integers are from the float model, as the compiler measured it. Not there where the weights are private:
    /// it was computed with them.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub accuracy: Option<Accuracy>,
    /// Largest errors of outputs against the float model, by name, in their units, as the owner states them.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub stated: BTreeMap<String, f64>,
    /// Float parameters.
    pub parameters: u64,
    /// The circuit has 2^k rows.
    pub k: u32,
    /// Sizes in bytes.
    #[serde(flatten)]
    pub sizes: Sizes,
    /// Digest of the reference string.
    pub srs_identity: String,
    /// SHA-256 of the verifier that the validator runs; the same file is served to browsers. Empty if it runs a native one.
    #[serde(default)]
    pub verifier_sha256: String,
    /// After this long without an answer a miner has failed.
    #[serde(default)]
    pub timeout_ms: u64,
    /// Whether there is a picture of the circuit's layout.
    #[serde(default)]
    pub has_layout: bool,
    /// What proofs and the key tell of the weights.
    #[serde(default)]
    pub weights: Weights,
}

/// What proofs and the key tell of a model's weights.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "lowercase")]
pub enum Weights {
    /// They are fixed parts of the circuit, and no secret.
    #[default]
    Fixed,
    /// They are hidden.
    Private,
}

/// Sizes in bytes.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Sizes {
    /// Of a proof.
    pub proof_bytes: u64,
    /// Of the verifying key.
    pub key_bytes: u64,
}

/// An input or output tensor.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Field {
    /// Its name.
    pub name: String,
    /// Its unit, empty if it has none.
    #[serde(default)]
    pub unit: String,
    /// What it is, for people.
    #[serde(default)]
    pub description: String,
    /// Its shape.
    #[serde(default)]
    pub shape: Vec<u32>,
    /// Integers a unit: the proof is about `round(value * scale)`.
    pub scale: f64,
    /// Smallest value, in units.
    pub min: f64,
    /// Largest value, in units.
    pub max: f64,
    /// What a proof shows of it.
    #[serde(default)]
    pub visibility: Visibility,
}

impl Field {
    /// A tensor with its range in units.
    pub fn new(spec: &TensorSpec, description: String) -> Self {
        let (min, max) = spec.range();
        let TensorSpec { name, shape, unit, scale, visibility, .. } = spec.clone();
        Self { name, unit, description, shape, scale, min, max, visibility }
    }
}

/// How often a model is right about the world.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct FieldTest {
    /// Mean absolute error on the test set, in the output's unit.
    pub mean_abs: f64,
    /// On which data.
    pub source: String,
}

/// How far the integer program is from the float model.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Accuracy {
    /// What computed the float values.
    #[serde(default)]
    pub oracle: String,
    /// `calibration` or `random` inputs; and the name of the file, if samples were given.
    #[serde(default)]
    pub source: String,
    /// Number of inputs tried.
    pub samples: u64,
    /// Largest absolute difference.
    pub max_abs: f64,
    /// Mean absolute difference.
    pub mean_abs: f64,
    /// Largest difference, relative to the output's observed range.
    pub max_relative: f64,
    /// The target for `max_relative`.
    #[serde(default)]
    pub target: f64,
    /// Pairs of outputs: float, integer program.
    #[cfg_attr(feature = "openapi", schema(value_type = Vec<Vec<f64>>))]
    pub scatter: Vec<(f64, f64)>,
}
