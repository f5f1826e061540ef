//! What the caller expects, as JSON.

use std::fmt;

use serde::Deserialize;
use serde::de::{self, Deserializer, Visitor};
use vouch_verifier::{Expected, ModelId, Nonce};

use crate::face::{FaceError, Kind};

/// The fields of [`Expected`]. An unknown field is an error: a misspelt `nonce` must not mean "any".
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Fields {
    #[serde(default)]
    model_id: Option<ModelId>,
    #[serde(default)]
    nonce: Option<Nonce>,
    #[serde(default)]
    inputs: Option<Vec<Integer>>,
    #[serde(default)]
    outputs: Option<Vec<Integer>>,
    #[serde(default)]
    allow_development_srs: bool,
}

/// An integer of 64 bits: a JSON integer, or decimal text for those that JavaScript cannot hold in a number.
struct Integer(i64);

impl<'de> Deserialize<'de> for Integer {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(IntegerVisitor)
    }
}

struct IntegerVisitor;

impl Visitor<'_> for IntegerVisitor {
    type Value = Integer;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an integer of 64 bits, or its decimal text")
    }

    fn visit_i64<E: de::Error>(self, value: i64) -> Result<Integer, E> {
        Ok(Integer(value))
    }

    fn visit_u64<E: de::Error>(self, value: u64) -> Result<Integer, E> {
        i64::try_from(value).map(Integer).map_err(|_| E::invalid_value(de::Unexpected::Unsigned(value), &self))
    }

    fn visit_str<E: de::Error>(self, text: &str) -> Result<Integer, E> {
        text.parse().map(Integer).map_err(|_| E::invalid_value(de::Unexpected::Str(text), &self))
    }
}

/// Reads the expectations. An empty text is an empty object.
pub(crate) fn parse(json: &[u8]) -> Result<Expected, FaceError> {
    if json.is_empty() {
        return Ok(Expected::default());
    }
    let fields: Fields =
        serde_json::from_slice(json).map_err(|error| FaceError::new(Kind::Expected, "malformed", error))?;
    let values = |values: Vec<Integer>| values.into_iter().map(|Integer(value)| value).collect();
    Ok(Expected {
        model_id: fields.model_id,
        nonce: fields.nonce,
        inputs: fields.inputs.map(values),
        outputs: fields.outputs.map(values),
        allow_development_srs: fields.allow_development_srs,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn integers_are_numbers_or_text() {
        let expected = parse(br#"{"inputs":[1,-2,"3","-9223372036854775808",9223372036854775807]}"#).unwrap();
        assert_eq!(expected.inputs, Some(vec![1, -2, 3, i64::MIN, i64::MAX]));
        assert!(!expected.allow_development_srs);
        assert_eq!(parse(b"").unwrap(), Expected::default());
        assert_eq!(parse(b"{}").unwrap(), Expected::default());
        assert_eq!(parse(br#"{"nonce":null}"#).unwrap(), Expected::default());
    }

    #[test]
    fn what_is_not_understood_is_refused() {
        let bad = [
            r#"{"nonse":"00"}"#,
            r#"{"nonce":"00"}"#,
            r#"{"inputs":[1.5]}"#,
            r#"{"inputs":["1.5"]}"#,
            r#"{"inputs":[9223372036854775808]}"#,
            r#"{"inputs":[true]}"#,
            r#"{"allow_development_srs":1}"#,
            r#"{"nonce":null,"nonce":null}"#,
            "[]x",
            "\u{0}",
        ];
        for text in bad {
            let error = parse(text.as_bytes()).unwrap_err();
            assert_eq!((error.kind, error.code), (Kind::Expected, "malformed"), "{text}");
        }
    }
}
