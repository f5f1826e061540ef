//! What a verifying key says about its model.
//!
//! A proof is about integers. The number of integers in one hour is written in the verifying key, whose hash is the
//! model's identity; so it is taken from there and not from what a server says.

use serde::Deserialize;
use vouch_schema::{ModelId, Schema, Section};

/// What a verifying key says, as the WebAssembly verifier reads it.
#[derive(Debug, Clone, PartialEq, Deserialize)]
pub struct KeyFacts {
    /// The hash of the key.
    pub model_id: ModelId,
    /// `development` or `ceremony`.
    pub srs_kind: String,
    /// Inputs and outputs.
    #[serde(flatten)]
    pub schema: Schema,
}

impl KeyFacts {
    /// Whether the maker of the setup could forge proofs.
    pub fn is_development(&self) -> bool {
        self.srs_kind == "development"
    }

    /// Whether a proof shows hashes of some tensors.
    pub fn has_hashes(&self) -> bool {
        self.schema.hashes(Section::Inputs) + self.schema.hashes(Section::Outputs) > 0
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use vouch_schema::Visibility;

    #[test]
    fn facts_are_read_from_the_verifiers_json() {
        let id = "01".repeat(32);
        let tensor = |visibility: &str| {
            format!(
                r#"{{"name":"x","shape":[1,2],"unit":"h","scale":0.5,"min":"-9223372036854775808","max":"7","visibility":"{visibility}"}}"#
            )
        };
        let text = |kind: &str, visibility: &str| {
            format!(
                r#"{{"model_id":"{id}","k":12,"srs_kind":"{kind}","inputs":[{}],"outputs":[]}}"#,
                tensor(visibility)
            )
        };
        let facts: KeyFacts = serde_json::from_str(&text("development", "hashed")).unwrap();
        assert_eq!(facts.model_id, ModelId([1; 32]));
        let input = &facts.schema.inputs[0];
        assert_eq!((input.min, input.max, input.size()), (i64::MIN, 7, 2));
        assert_eq!((input.scale, input.visibility), (0.5, Visibility::Hashed));
        assert!(facts.is_development() && facts.has_hashes());
        let facts: KeyFacts = serde_json::from_str(&text("ceremony", "public")).unwrap();
        assert!(!facts.is_development() && !facts.has_hashes());
        assert!(serde_json::from_str::<KeyFacts>(&text("ceremony", "secret")).is_err());
    }
}
