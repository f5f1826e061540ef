//! The JSON form of what a caller expects.

use serde::{Deserialize, Serialize};
use vouch_envelope::{EnvelopeError, ModelId, Nonce, Section, integers_from_text, integers_to_text};

use crate::claim::Expected;

/// [`Expected`] as JSON. Every field may be left out; integers are decimal text, as in an envelope's JSON.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct ExpectedJson {
    /// The model.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub model_id: Option<ModelId>,
    /// The request.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub nonce: Option<Nonce>,
    /// The inputs.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub inputs: Option<Vec<String>>,
    /// The outputs.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub outputs: Option<Vec<String>>,
    /// Whether a key of a development setup is accepted.
    pub allow_development_srs: bool,
}

impl From<Expected> for ExpectedJson {
    fn from(expected: Expected) -> Self {
        Self {
            model_id: expected.model_id,
            nonce: expected.nonce,
            inputs: expected.inputs.as_deref().map(integers_to_text),
            outputs: expected.outputs.as_deref().map(integers_to_text),
            allow_development_srs: expected.allow_development_srs,
        }
    }
}

impl TryFrom<ExpectedJson> for Expected {
    type Error = EnvelopeError;

    fn try_from(json: ExpectedJson) -> Result<Self, EnvelopeError> {
        let integers =
            |section, texts: Option<Vec<String>>| texts.map(|texts| integers_from_text(section, &texts)).transpose();
        Ok(Self {
            model_id: json.model_id,
            nonce: json.nonce,
            inputs: integers(Section::Inputs, json.inputs)?,
            outputs: integers(Section::Outputs, json.outputs)?,
            allow_development_srs: json.allow_development_srs,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn expectations_are_json() {
        let expected = Expected {
            model_id: Some(ModelId([1; 32])),
            nonce: Some(Nonce([2; 32])),
            inputs: Some(vec![-1, i64::MIN]),
            outputs: Some(vec![]),
            allow_development_srs: true,
        };
        let json = serde_json::to_string(&expected).unwrap();
        assert!(json.contains(r#""inputs":["-1","-9223372036854775808"]"#), "{json}");
        assert_eq!(serde_json::from_str::<Expected>(&json).unwrap(), expected);
        assert_eq!(serde_json::to_string(&Expected::default()).unwrap(), r#"{"allow_development_srs":false}"#);
        assert_eq!(serde_json::from_str::<Expected>("{}").unwrap(), Expected::default());
    }

    #[test]
    fn a_misspelt_expectation_is_not_overlooked() {
        for json in [r#"{"nonse":"00"}"#, r#"{"nonce":"00"}"#, r#"{"inputs":["1.5"]}"#, r#"{"inputs":[1]}"#, "[]", ""] {
            assert!(serde_json::from_str::<Expected>(json).is_err(), "{json}");
        }
    }
}
