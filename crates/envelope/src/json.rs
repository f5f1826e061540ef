//! The JSON form of an envelope.

use serde::{Deserialize, Serialize};

use crate::hex;
use crate::{EnvelopeError, ProofEnvelope, PublicValues, Section};

/// An envelope as JSON: bytes are hexadecimal text, integers are decimal text.
///
/// The integers are text because a JSON number above 2^53 is not exact in JavaScript.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct EnvelopeJson {
    /// Identity of the model.
    pub model_id: String,
    /// Nonce of the request.
    pub nonce: String,
    /// Input values.
    pub inputs: Vec<String>,
    /// Output values.
    pub outputs: Vec<String>,
    /// The proof.
    pub proof: String,
}

impl From<ProofEnvelope> for EnvelopeJson {
    fn from(envelope: ProofEnvelope) -> Self {
        let text = integers_to_text;
        Self {
            model_id: envelope.model_id.to_string(),
            nonce: envelope.nonce.to_string(),
            inputs: text(&envelope.public.inputs),
            outputs: text(&envelope.public.outputs),
            proof: hex::encode(&envelope.proof),
        }
    }
}

impl TryFrom<EnvelopeJson> for ProofEnvelope {
    type Error = EnvelopeError;

    fn try_from(json: EnvelopeJson) -> Result<Self, EnvelopeError> {
        let in_field = |field| move |source| EnvelopeError::Hex { field, source };
        let envelope = Self {
            model_id: json.model_id.parse().map_err(in_field("model_id"))?,
            nonce: json.nonce.parse().map_err(in_field("nonce"))?,
            public: PublicValues {
                inputs: integers_from_text(Section::Inputs, &json.inputs)?,
                outputs: integers_from_text(Section::Outputs, &json.outputs)?,
            },
            proof: hex::decode(&json.proof).map_err(in_field("proof"))?,
        };
        envelope.check_limits()?;
        Ok(envelope)
    }
}

/// Integers as decimal text.
pub fn integers_to_text(values: &[i64]) -> Vec<String> {
    values.iter().map(i64::to_string).collect()
}

/// Reads the integers of a section from decimal text in its shortest form.
pub fn integers_from_text(section: Section, texts: &[String]) -> Result<Vec<i64>, EnvelopeError> {
    texts
        .iter()
        .enumerate()
        .map(|(index, text)| {
            text.parse::<i64>().ok().filter(|value| value.to_string() == *text).ok_or_else(|| EnvelopeError::Decimal {
                section,
                index,
                got: text.clone(),
            })
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::hex::HexError;
    use crate::{ModelId, Nonce};

    fn sample() -> ProofEnvelope {
        ProofEnvelope {
            model_id: ModelId([7; 32]),
            nonce: Nonce([9; 32]),
            public: PublicValues { inputs: vec![0, -1, i64::MIN], outputs: vec![i64::MAX] },
            proof: vec![1, 0xff],
        }
    }

    #[test]
    fn json_round_trips() {
        let json = serde_json::to_string(&sample()).unwrap();
        assert!(json.contains(r#""inputs":["0","-1","-9223372036854775808"]"#), "{json}");
        assert_eq!(serde_json::from_str::<ProofEnvelope>(&json).unwrap(), sample());
    }

    #[test]
    fn json_fields_are_checked() {
        let read = |change: fn(&mut EnvelopeJson)| {
            let mut json = EnvelopeJson::from(sample());
            change(&mut json);
            ProofEnvelope::try_from(json)
        };
        let length = HexError::Length { expected: 64, got: 1 };
        assert_eq!(read(|json| json.nonce = "0".into()), Err(EnvelopeError::Hex { field: "nonce", source: length }));
        for text in ["+1", "01", "-0", "1.0", "", "9223372036854775808"] {
            let mut json = EnvelopeJson::from(sample());
            json.outputs = vec![text.into()];
            let decimal = EnvelopeError::Decimal { section: Section::Outputs, index: 0, got: text.into() };
            assert_eq!(ProofEnvelope::try_from(json), Err(decimal));
        }
    }
}
