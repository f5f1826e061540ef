//! The `vouch.schema` metadata of a model: names, units and ranges of its inputs and outputs, as JSON.

use serde::{Deserialize, Serialize};

use crate::CompileError;

/// Key of the model's `metadata_props`.
pub(crate) const KEY: &str = "vouch.schema";

/// What a model says about its inputs and outputs.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Schema {
    /// One entry an input.
    #[serde(default)]
    pub inputs: Vec<FieldSchema>,
    /// One entry an output.
    #[serde(default)]
    pub outputs: Vec<FieldSchema>,
}

/// What a model says about one input or output.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct FieldSchema {
    /// ONNX name.
    pub name: String,
    /// Physical unit.
    #[serde(default)]
    pub unit: String,
    /// What it is, for people.
    #[serde(default)]
    pub description: String,
    /// Smallest value.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub min: Option<f64>,
    /// Largest value.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub max: Option<f64>,
    /// Of an input whose integers must be those of another program's output: integers a unit.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub scale: Option<f64>,
}

impl Schema {
    pub(crate) fn parse(text: &str) -> Result<Self, CompileError> {
        serde_json::from_str(text).map_err(|e| CompileError::Schema { reason: e.to_string() })
    }

    pub(crate) fn unit<'a>(fields: &'a [FieldSchema], name: &str) -> &'a str {
        fields.iter().find(|f| f.name == name).map_or("", |f| f.unit.as_str())
    }

    pub(crate) fn range(&self, name: &str) -> Option<(f64, f64)> {
        let field = self.inputs.iter().find(|f| f.name == name)?;
        field.min.zip(field.max)
    }

    pub(crate) fn scale(&self, name: &str) -> Option<f64> {
        self.inputs.iter().find(|f| f.name == name)?.scale
    }
}
