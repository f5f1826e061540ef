//! What a verifying key says about its model.
//!
//! A proof is about integers. The number of integers in one hour is written in the verifying key, whose hash is the model's
//! identity; so it is taken from there and not from what a server says.

use serde::Deserialize;
use vouch_schema::{ModelId, Section, TensorSpec, Visibility};

/// What a verifying key says.
#[derive(Debug, Clone, PartialEq, Deserialize)]
pub(crate) struct KeyFacts {
    /// The model's identity: the hash of the key.
    pub model_id: ModelId,
    /// `development` or `ceremony`.
    pub srs_kind: String,
    /// What the model is given.
    pub inputs: Vec<TensorSpec>,
    /// What it computes.
    pub outputs: Vec<TensorSpec>,
}

impl KeyFacts {
    /// Whether whoever made the setup could forge proofs.
    pub(crate) fn is_development(&self) -> bool {
        self.srs_kind == "development"
    }

    /// The tensors of a section.
    pub(crate) fn section(&self, section: Section) -> &[TensorSpec] {
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
