//! The outputs that `vouch prove --json` names, with the units of the model's schema.

use std::fmt;

use anyhow::{Context, Result, bail};
use serde::Deserialize;
use serde_json::Value;

/// One output of a model.
#[derive(Debug, PartialEq)]
pub(super) struct Prediction {
    name: String,
    values: Vec<f64>,
    unit: String,
}

#[derive(Deserialize)]
struct Schema {
    outputs: Vec<Field>,
}

#[derive(Deserialize)]
struct Field {
    name: String,
    #[serde(default)]
    unit: String,
}

impl Prediction {
    /// Reads the prover's JSON: `outputs` is an object of the outputs by name, each a list, nested as its shape says.
    pub(super) fn read(json: &str, schema: &str) -> Result<Vec<Self>> {
        let said: Value = serde_json::from_str(json).context("the prover's output is not JSON")?;
        let schema: Schema =
            serde_json::from_str(schema).context("the model's schema has another form than expected")?;
        let outputs = said.get("outputs").and_then(Value::as_object).context("the prover's output has no `outputs`")?;
        let read = |field: Field| {
            let mut values = Vec::new();
            let value =
                outputs.get(&field.name).with_context(|| format!("the prover said nothing of `{}`", field.name))?;
            numbers(value, &mut values)?;
            Ok(Self { name: field.name, values, unit: field.unit })
        };
        schema.outputs.into_iter().map(read).collect()
    }
}

fn numbers(value: &Value, out: &mut Vec<f64>) -> Result<()> {
    match value {
        Value::Array(list) => list.iter().try_for_each(|value| numbers(value, out)),
        Value::Number(number) => {
            out.extend(number.as_f64());
            Ok(())
        }
        other => bail!("`{other}` is not a number"),
    }
}

impl fmt::Display for Prediction {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let values: Vec<String> = self.values.iter().map(|value| format!("{value:.3}")).collect();
        write!(f, "{} = {} {}", self.name, values.join(", "), self.unit)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SCHEMA: &str = r#"{"inputs": [], "outputs": [{"name": "redemption_hours", "unit": "h"}]}"#;

    #[test]
    fn outputs_have_names_and_units() {
        let said = Prediction::read(r#"{"seconds": 1, "outputs": {"redemption_hours": [[52.25]]}}"#, SCHEMA).unwrap();
        assert_eq!(said[0].to_string(), "redemption_hours = 52.250 h");
    }

    #[test]
    fn what_is_missing_is_named() {
        let wrong = |json| Prediction::read(json, SCHEMA).unwrap_err().to_string();
        assert_eq!(wrong("{}"), "the prover's output has no `outputs`");
        assert_eq!(wrong(r#"{"outputs": {}}"#), "the prover said nothing of `redemption_hours`");
        assert_eq!(wrong(r#"{"outputs": {"redemption_hours": "x"}}"#), "`\"x\"` is not a number");
    }
}
