//! Inputs as JSON: by name, or in EZKL's form.

use serde_json::Value;

use super::{InputSpec, NamedTensor};
use crate::DataError;

fn malformed(reason: impl Into<String>) -> DataError {
    DataError::Malformed { what: "the JSON document".into(), reason: reason.into() }
}

pub(super) fn parse(bytes: &[u8], inputs: &[InputSpec]) -> Result<Vec<(String, NamedTensor)>, DataError> {
    // Some editors begin a file with a byte order mark.
    let bytes = bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(bytes);
    if bytes.iter().all(u8::is_ascii_whitespace) {
        return Err(malformed("it is empty"));
    }
    let document: Value = serde_json::from_slice(bytes).map_err(|e| malformed(unreadable(bytes, &e)))?;
    let Value::Object(map) = document else { return Err(malformed("it is not an object")) };
    if let Some(Value::Array(list)) = map.get("input_data")
        && !inputs.iter().any(|s| s.name == "input_data")
    {
        if list.len() != inputs.len() {
            let reason = format!("`input_data` has {} lists, the model has {} inputs", list.len(), inputs.len());
            return Err(malformed(reason));
        }
        // Each entry is flat in EZKL's files; nested lists are accepted too.
        return list.iter().zip(inputs).map(|(v, s)| Ok((s.name.clone(), array(&s.name, v)?))).collect();
    }
    map.iter().map(|(name, v)| Ok((name.clone(), array(name, v)?))).collect()
}

/// Why a document cannot be read. Python writes NaN and infinities as names, which JSON does not have.
fn unreadable(bytes: &[u8], error: &serde_json::Error) -> String {
    let line = bytes.split(|&b| b == b'\n').nth(error.line().saturating_sub(1)).unwrap_or_default();
    let rest = line.get(error.column().saturating_sub(2)..).unwrap_or_default();
    let found = ["NaN", "Infinity"].iter().find_map(|name| {
        let at = rest.windows(name.len()).take(3).position(|w| w == name.as_bytes())?;
        Some((*name, error.column().saturating_sub(1) + at))
    });
    match found {
        Some((name, column)) => {
            format!("{name} at line {}, column {}: numbers must be finite", error.line(), column.max(1))
        }
        None => error.to_string(),
    }
}

fn array(name: &str, value: &Value) -> Result<NamedTensor, DataError> {
    let mut shape = Vec::new();
    let mut probe = value;
    while let Value::Array(list) = probe {
        shape.push(list.len());
        match list.first() {
            Some(first) => probe = first,
            None => break,
        }
    }
    let mut data = Vec::new();
    flatten(name, value, &shape, &mut data)?;
    Ok(NamedTensor { shape, data })
}

fn flatten(name: &str, value: &Value, shape: &[usize], out: &mut Vec<f64>) -> Result<(), DataError> {
    match (value, shape) {
        (Value::Array(list), [d, rest @ ..]) if list.len() == *d => {
            list.iter().try_for_each(|v| flatten(name, v, rest, out))
        }
        (Value::Number(n), []) => {
            out.push(n.as_f64().ok_or_else(|| malformed(format!("`{name}` has a number out of range")))?);
            Ok(())
        }
        (Value::Array(_), _) => Err(malformed(format!("the lists of `{name}` have different lengths"))),
        // Truth values are numbers, too.
        (Value::Bool(b), []) => {
            out.push(f64::from(u8::from(*b)));
            Ok(())
        }
        (Value::Number(_) | Value::Bool(_), _) => {
            Err(malformed(format!("`{name}`: element {} is a number where a list is expected", out.len())))
        }
        (other, _) => {
            let what = match other {
                Value::Null => "null",
                Value::String(_) => "text",
                _ => "an object",
            };
            Err(malformed(format!("`{name}`: element {} is {what}, not a number", out.len())))
        }
    }
}
