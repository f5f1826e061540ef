//! Inputs by name, and their integers.

use vouch_compiler::InputError;
use vouch_envelope::Section;
use vouch_verifier::{Schema, Visibility};

use crate::{Inputs, Result, Tensor, Tensors, error::Cause};

/// Inputs from flat lists of values, in their own units, in row-major order.
///
/// ```
/// let inputs = vouch::inputs([("x", vec![0.5, -1.0]), ("y", vec![3.0])]);
/// ```
pub fn inputs<'a>(tensors: impl IntoIterator<Item = (&'a str, Vec<f64>)>) -> Inputs {
    let tensor = |data: Vec<f64>| Tensor { shape: vec![data.len()], data };
    tensors.into_iter().map(|(name, data)| (name.to_owned(), tensor(data))).collect()
}

/// Samples as the inputs of a batch: tensor by tensor, sample by sample.
pub fn together(samples: &[Inputs]) -> Inputs {
    let names = samples.iter().flat_map(Inputs::keys);
    let join = |name: &String| {
        let tensors: Vec<&Tensor> = samples.iter().filter_map(|sample| sample.get(name)).collect();
        let mut shape = vec![tensors.len()];
        shape.extend(tensors.first().into_iter().flat_map(|t| t.shape.iter().copied()));
        Tensor { shape, data: tensors.iter().flat_map(|t| t.data.iter().copied()).collect() }
    };
    names.map(|name| (name.clone(), join(name))).collect()
}

/// The integers that a verification expects of the public inputs or outputs, from real numbers in their units by name
/// ([`Expected::inputs`](crate::Expected), [`Expected::outputs`](crate::Expected)).
///
/// # Errors
/// Kind `Input` if a public tensor is missing, a name is unknown or not public, or a tensor has another number of values;
/// `OutOfRange` for a value that the tensor cannot have.
pub fn expected_values(schema: &Schema, section: Section, tensors: &Tensors) -> Result<Vec<i64>> {
    let public = |name: &str| schema.public(section).any(|t| t.name == name);
    if let Some(name) = tensors.keys().find(|name| !public(name)) {
        let known = schema.public(section).map(|t| t.name.as_str()).collect::<Vec<_>>().join(", ");
        return Err(match schema.named(section, name) {
            Some(spec) => hidden(name, spec.visibility),
            None => Cause::Expected { reason: format!("{section}: there is no `{name}`; the public ones are {known}") },
        }
        .into());
    }
    let mut integers = Vec::new();
    for spec in schema.public(section) {
        let tensor = tensors.get(&spec.name).ok_or_else(|| Cause::Expected {
            reason: format!("{section}: `{}` is missing: expectations are about all public {section}", spec.name),
        })?;
        integers.extend(spec.quantize(&tensor.data).map_err(InputError::from)?);
    }
    Ok(integers)
}

fn hidden(name: &str, visibility: Visibility) -> Cause {
    Cause::Expected { reason: format!("`{name}` is {visibility}: a proof does not show its values") }
}
