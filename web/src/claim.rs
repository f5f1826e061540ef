//! Integers and the real numbers that they stand for.
//!
//! A proof is about integers. How many of them make one hour is written in the verifying key, whose hash is the model's
//! identity; so it is taken from there and not from what a server says.

use serde::{Deserialize, Deserializer};
use vouch_api::{ModelId, Visibility};
use vouch_envelope::Section;

/// A tensor of the model's inputs or outputs.
#[derive(Debug, Clone, PartialEq, Deserialize)]
pub(crate) struct Tensor {
    /// Its name.
    pub name: String,
    /// Length of each axis.
    pub shape: Vec<u32>,
    /// The unit of its values, may be empty.
    pub unit: String,
    /// Integers a unit.
    pub scale: f64,
    /// Smallest integer allowed.
    #[serde(deserialize_with = "integer")]
    pub min: i64,
    /// Largest integer allowed.
    #[serde(deserialize_with = "integer")]
    pub max: i64,
    /// What a proof shows of it.
    #[serde(default)]
    pub visibility: Visibility,
}

/// Integers come as numbers or, where they may be too large for JavaScript, as text.
fn integer<'de, D: Deserializer<'de>>(deserializer: D) -> Result<i64, D::Error> {
    #[derive(Deserialize)]
    #[serde(untagged)]
    enum Integer {
        Number(i64),
        Large(f64),
        Text(String),
    }
    match Integer::deserialize(deserializer)? {
        Integer::Number(number) => Ok(number),
        // Beyond 2^53 JavaScript has rounded it; the verifier itself has not.
        Integer::Large(number) => Ok(number as i64),
        Integer::Text(text) => text.parse().map_err(serde::de::Error::custom),
    }
}

impl Tensor {
    /// Number of values.
    pub(crate) fn len(&self) -> usize {
        self.shape.iter().map(|&axis| axis as usize).product()
    }

    /// Smallest and largest real number allowed.
    pub(crate) fn range(&self) -> (f64, f64) {
        (self.min as f64 / self.scale, self.max as f64 / self.scale)
    }

    /// The integer that stands for a real number: rounded to the nearest, as the compiler does it. `None` if it is
    /// outside the range.
    pub(crate) fn quantize(&self, value: f64) -> Option<i64> {
        let integer = (value * self.scale).round() as i64;
        (value.is_finite() && (self.min..=self.max).contains(&integer)).then_some(integer)
    }

    /// The real number that an integer stands for.
    pub(crate) fn real(&self, integer: i64) -> f64 {
        integer as f64 / self.scale
    }
}

/// What a verifying key says.
#[derive(Debug, Clone, PartialEq, Deserialize)]
pub(crate) struct KeyFacts {
    /// The model's identity: the hash of the key.
    pub model_id: ModelId,
    /// `development` or `ceremony`.
    pub srs_kind: String,
    /// What the model is given.
    pub inputs: Vec<Tensor>,
    /// What it computes.
    pub outputs: Vec<Tensor>,
}

impl KeyFacts {
    /// Whether whoever made the setup could forge proofs.
    pub(crate) fn is_development(&self) -> bool {
        self.srs_kind == "development"
    }

    /// The tensors of a section.
    pub(crate) fn section(&self, section: Section) -> &[Tensor] {
        match section {
            Section::Inputs => &self.inputs,
            Section::Outputs => &self.outputs,
        }
    }

    /// Whether a proof shows hashes of some tensors.
    pub(crate) fn has_hashes(&self) -> bool {
        self.inputs.iter().chain(&self.outputs).any(|tensor| tensor.visibility == Visibility::Hashed)
    }
}
