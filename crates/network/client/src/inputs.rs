//! The integers of a model's inputs, from numbers by name.

use std::collections::BTreeMap;

use thiserror::Error;
use vouch_schema::{Schema, Section, TensorSpec, ValueError, Visibility};

/// Numbers that are not inputs of a model.
#[derive(Debug, Clone, PartialEq, Error)]
pub enum InputRefusal {
    /// An input is missing, or one is there that the model does not have.
    #[error("the model's inputs are {known}")]
    Names {
        /// The names of the model's inputs, for people.
        known: String,
        /// The first input that is missing. `None` if there are only too many.
        missing: Option<String>,
    },
    /// The values of an input are not values of its tensor.
    #[error(transparent)]
    Value(#[from] ValueError),
}

impl InputRefusal {
    /// The input that is missing or has wrong values, if it is one of the model's.
    pub fn input(&self) -> Option<&str> {
        match self {
            Self::Names { missing, .. } => missing.as_deref(),
            Self::Value(
                ValueError::Count { name, .. } | ValueError::NotFinite { name, .. } | ValueError::Range { name, .. },
            ) => Some(name),
        }
    }
}

/// The integers of all inputs in the schema's order, from numbers in natural units by the inputs' names.
///
/// # Errors
/// [`InputRefusal`].
pub fn quantize(schema: &Schema, inputs: &BTreeMap<String, Vec<f64>>) -> Result<Vec<i64>, InputRefusal> {
    let specs = &schema.inputs;
    let missing = specs.iter().find(|spec| !inputs.contains_key(&spec.name));
    if inputs.len() != specs.len() || missing.is_some() {
        let known = specs.iter().map(|spec| format!("`{}`", spec.name)).collect::<Vec<_>>().join(", ");
        return Err(InputRefusal::Names { known, missing: missing.map(|spec| spec.name.clone()) });
    }
    let mut integers = Vec::new();
    for spec in specs {
        integers.extend(spec.quantize(inputs.get(&spec.name).map(Vec::as_slice).unwrap_or_default())?);
    }
    Ok(integers)
}

/// Integers that are not inputs of a model.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[expect(missing_docs, reason = "the message of a variant says what its fields are")]
pub enum IntegerError {
    /// There are more or fewer than the inputs have values.
    #[error("expected {expected} values, got {got}")]
    Count { expected: usize, got: usize },
    /// An integer is outside the bounds of its tensor.
    #[error("`{name}`: {value} is not from {min} to {max}")]
    Range { name: String, value: i64, min: i64, max: i64 },
}

/// Checks that integers are inputs of a model, in the schema's order.
///
/// # Errors
/// [`IntegerError`] for another number of integers, and for the first one out of its bounds.
pub fn check(schema: &Schema, inputs: &[i64]) -> Result<(), IntegerError> {
    let Some(split) = schema.split(Section::Inputs, inputs) else {
        let expected = schema.inputs.iter().map(TensorSpec::size).fold(0, usize::saturating_add);
        return Err(IntegerError::Count { expected, got: inputs.len() });
    };
    for (spec, own) in split {
        if let Some(&value) = own.iter().find(|value| !spec.contains(**value)) {
            return Err(IntegerError::Range { name: spec.name.clone(), value, min: spec.min, max: spec.max });
        }
    }
    Ok(())
}

/// The values of those tensors of a section that have a visibility, one tensor after the other, of the values of all
/// tensors. Empty for another number of values than the section has.
pub fn with_visibility(schema: &Schema, section: Section, visibility: Visibility, values: &[i64]) -> Vec<i64> {
    let split = schema.split(section, values).unwrap_or_default();
    split.into_iter().filter(|(spec, _)| spec.visibility == visibility).flat_map(|(_, own)| own).copied().collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn tensor(name: &str, size: u32, visibility: Visibility) -> TensorSpec {
        let (name, unit) = (name.to_owned(), String::new());
        TensorSpec { name, shape: vec![1, size], unit, scale: 10.0, min: -20, max: 50, visibility }
    }

    fn schema() -> Schema {
        let inputs = vec![
            tensor("b", 2, Visibility::Public),
            tensor("a", 1, Visibility::Hashed),
            tensor("c", 1, Visibility::Public),
        ];
        Schema { inputs, outputs: Vec::new() }
    }

    fn named(values: &[(&str, &[f64])]) -> BTreeMap<String, Vec<f64>> {
        values.iter().map(|(name, values)| ((*name).to_owned(), values.to_vec())).collect()
    }

    #[test]
    fn integers_are_in_the_schemas_order() {
        let inputs = named(&[("a", &[5.0]), ("b", &[0.25, -2.0]), ("c", &[1.0])]);
        assert_eq!(quantize(&schema(), &inputs), Ok(vec![3, -20, 50, 10]));
    }

    #[test]
    fn wrong_names_and_values_are_refused() {
        let refused = |values: &[(&str, &[f64])]| quantize(&schema(), &named(values)).unwrap_err();
        let missing = refused(&[("a", &[5.0]), ("c", &[1.0])]);
        assert_eq!(missing.to_string(), "the model's inputs are `b`, `a`, `c`");
        assert_eq!(missing.input(), Some("b"));
        let misspelt = refused(&[("a", &[5.0]), ("b", &[0.0, 0.0]), ("C", &[1.0])]);
        assert_eq!(misspelt.input(), Some("c"));
        let extra = refused(&[("a", &[5.0]), ("b", &[0.0, 0.0]), ("c", &[1.0]), ("d", &[1.0])]);
        assert!(matches!(&extra, InputRefusal::Names { missing: None, .. }));
        assert_eq!(extra.input(), None);
        let range = refused(&[("a", &[5.1]), ("b", &[0.0, 0.0]), ("c", &[1.0])]);
        assert_eq!((range.to_string().as_str(), range.input()), ("`a`[0]: 5.1 is not from -2 to 5", Some("a")));
        let count = refused(&[("a", &[5.0]), ("b", &[0.0]), ("c", &[1.0])]);
        assert_eq!((count.to_string().as_str(), count.input()), ("`b`: expected 2 values, got 1", Some("b")));
        let nan = refused(&[("a", &[5.0]), ("b", &[0.0, f64::NAN]), ("c", &[1.0])]);
        assert_eq!(nan.input(), Some("b"));
    }

    #[test]
    fn integers_are_checked() {
        assert_eq!(check(&schema(), &[0, -20, 50, 1]), Ok(()));
        assert_eq!(check(&schema(), &[0; 3]), Err(IntegerError::Count { expected: 4, got: 3 }));
        let range = check(&schema(), &[0, 0, 51, 0]).unwrap_err();
        assert_eq!(range.to_string(), "`a`: 51 is not from -20 to 50");
    }

    #[test]
    fn values_are_found_by_visibility() {
        let of = |visibility| with_visibility(&schema(), Section::Inputs, visibility, &[1, 2, 3, 4]);
        assert_eq!(of(Visibility::Public), [1, 2, 4]);
        assert_eq!(of(Visibility::Hashed), [3]);
        assert_eq!(of(Visibility::Private), [0; 0]);
        assert_eq!(with_visibility(&schema(), Section::Inputs, Visibility::Public, &[1, 2, 3]), [0; 0]);
    }
}
