//! What the caller of a verification expects.

use crate::{ModelId, Nonce, Section, TensorHash};

/// What the caller of a verification expects. Trust comes from here, never from the envelope. `None` accepts anything that
/// fits the key.
///
/// Its JSON is what the WebAssembly verifier reads (`docs/verifier-wasm.md`): absent fields stand for `None`, integers are
/// text.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
#[cfg_attr(feature = "serde", derive(serde::Serialize))]
pub struct Expected {
    /// The model; `None` is the key's own. An envelope about another model than the key's is never accepted.
    #[cfg_attr(feature = "serde", serde(skip_serializing_if = "Option::is_none"))]
    pub model_id: Option<ModelId>,
    /// The request; `None` accepts any. A caller that accepts any cannot tell an old proof from a new one.
    #[cfg_attr(feature = "serde", serde(skip_serializing_if = "Option::is_none"))]
    pub nonce: Option<Nonce>,
    /// The public inputs; `None` accepts any that fit the schema, and the claim says which.
    #[cfg_attr(feature = "serde", serde(skip_serializing_if = "Option::is_none", serialize_with = "text"))]
    pub inputs: Option<Vec<i64>>,
    /// The public outputs; `None` accepts any that fit the schema, and the claim says which.
    #[cfg_attr(feature = "serde", serde(skip_serializing_if = "Option::is_none", serialize_with = "text"))]
    pub outputs: Option<Vec<i64>>,
    /// The hashes of hashed inputs, in the schema's order; `None` accepts any, and says nothing about those inputs.
    #[cfg_attr(feature = "serde", serde(skip_serializing_if = "Option::is_none"))]
    pub input_hashes: Option<Vec<TensorHash>>,
    /// The hashes of hashed outputs, in the schema's order; `None` accepts any, and says nothing about those outputs.
    #[cfg_attr(feature = "serde", serde(skip_serializing_if = "Option::is_none"))]
    pub output_hashes: Option<Vec<TensorHash>>,
    /// Whether a key of a development setup is accepted: the maker of such a setup can forge proofs.
    pub allow_development_srs: bool,
}

impl Expected {
    /// The values of a section, if any are expected.
    pub fn values(&self, section: Section) -> Option<&[i64]> {
        match section {
            Section::Inputs => self.inputs.as_deref(),
            Section::Outputs => self.outputs.as_deref(),
        }
    }

    /// The hashes of a section, if any are expected.
    pub fn hashes(&self, section: Section) -> Option<&[TensorHash]> {
        match section {
            Section::Inputs => self.input_hashes.as_deref(),
            Section::Outputs => self.output_hashes.as_deref(),
        }
    }
}

/// Integers as text: a JSON number above 2^53 is not exact in JavaScript.
#[cfg(feature = "serde")]
fn text<S: serde::Serializer>(values: &Option<Vec<i64>>, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.collect_seq(values.iter().flatten().map(i64::to_string))
}
