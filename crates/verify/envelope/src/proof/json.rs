//! The JSON form of an envelope.

use serde::{Deserialize, Serialize};

use crate::hex;
use crate::hex::HexError;
use crate::{EnvelopeError, ProofEnvelope, PublicValues, Section, TensorHash};

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
    /// Hashes of hashed inputs.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub input_hashes: Vec<String>,
    /// Hashes of hashed outputs.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub output_hashes: Vec<String>,
    /// The proof.
    pub proof: String,
}

impl From<ProofEnvelope> for EnvelopeJson {
    fn from(envelope: ProofEnvelope) -> Self {
        let text = |values: &[i64]| values.iter().map(i64::to_string).collect();
        Self {
            model_id: envelope.model_id.to_string(),
            nonce: envelope.nonce.to_string(),
            inputs: text(&envelope.public.inputs),
            outputs: text(&envelope.public.outputs),
            input_hashes: envelope.public.input_hashes.iter().map(TensorHash::to_string).collect(),
            output_hashes: envelope.public.output_hashes.iter().map(TensorHash::to_string).collect(),
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
                inputs: integers(Section::Inputs, &json.inputs)?,
                outputs: integers(Section::Outputs, &json.outputs)?,
                input_hashes: hashes(&json.input_hashes).map_err(in_field("input_hashes"))?,
                output_hashes: hashes(&json.output_hashes).map_err(in_field("output_hashes"))?,
            },
            proof: hex::decode(&json.proof).map_err(in_field("proof"))?,
        };
        envelope.check_limits()?;
        Ok(envelope)
    }
}

fn hashes(texts: &[String]) -> Result<Vec<TensorHash>, HexError> {
    texts.iter().map(|text| text.parse()).collect()
}

fn integers(section: Section, texts: &[String]) -> Result<Vec<i64>, EnvelopeError> {
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
    use crate::{ModelId, Nonce};

    fn sample() -> ProofEnvelope {
        ProofEnvelope {
            model_id: ModelId([7; 32]),
            nonce: Nonce([9; 32]),
            public: PublicValues { inputs: vec![0, -1, i64::MIN], outputs: vec![i64::MAX], ..Default::default() },
            proof: vec![1, 0xff],
        }
    }

    #[test]
    fn json_round_trips() {
        let json = serde_json::to_string(&sample()).unwrap();
        assert!(json.contains(r#""inputs":["0","-1","-9223372036854775808"]"#), "{json}");
        assert!(!json.contains("hashes"));
        assert_eq!(serde_json::from_str::<ProofEnvelope>(&json).unwrap(), sample());
        let mut hashed = sample();
        hashed.public.input_hashes = vec![TensorHash([5; 32]), TensorHash([6; 32])];
        let json = serde_json::to_string(&hashed).unwrap();
        assert_eq!(serde_json::from_str::<ProofEnvelope>(&json).unwrap(), hashed);
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
