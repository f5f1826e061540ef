//! Inputs as JSON: by name, or in EZKL's form.

use serde_json::Value;

use super::{InputSpec, NamedTensor};
use crate::DataError;

fn malformed(reason: impl Into<String>) -> DataError {
    DataError::Malformed { what: "the JSON document".into(), reason: reason.into() }
}

pub(super) fn parse(bytes: &[u8], inputs: &[InputSpec]) -> Result<Vec<(String, NamedTensor)>, DataError> {
    let document: Value = serde_json::from_slice(bytes).map_err(|e| malformed(e.to_string()))?;
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
        _ => Err(malformed(format!("`{name}` has an element that is not a number"))),
    }
}
