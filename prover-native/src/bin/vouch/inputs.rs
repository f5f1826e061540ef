//! Samples from files, as the integers of a program or of a verifying key.

use std::path::Path;

use vouch::{Salt, tensor_hash};
use vouch_compiler::{ElementType, InputError, InputSpec, NamedTensors, Samples, data};
use vouch_verifier::{Schema, Section, TensorHash, Visibility};

use crate::{
    args::SampleArg,
    failure::{Failure, Kind},
};

/// The sample that was asked for: the only one, unless an index says which.
pub(crate) fn one(mut samples: Samples, sample: SampleArg, file: &Path) -> Result<NamedTensors, Failure> {
    let count = samples.len();
    let wrong = |hint: &str| Failure::new(Kind::Input, format!("{} holds {count} samples: {hint}", file.display()));
    match sample.index {
        None if count == 1 => Ok(samples.swap_remove(0)),
        None => Err(wrong("choose one with --sample INDEX, or prove all with --batch")),
        Some(i) if i < count => Ok(samples.swap_remove(i)),
        Some(i) => Err(wrong(&format!("there is no sample {i} (the first is 0)"))),
    }
}

/// The integers of each input, from a verifying key alone.
pub(crate) fn of_schema(schema: &Schema, file: &Path, sample: SampleArg) -> Result<Vec<Vec<i64>>, Failure> {
    let specs: Vec<InputSpec> = schema
        .inputs
        .iter()
        .map(|t| InputSpec {
            name: t.name.clone(),
            shape: t.shape.iter().map(|d| *d as usize).collect(),
            dtype: ElementType::default(),
        })
        .collect();
    let inputs = one(data::read(file, &specs)?, sample, file)?;
    let mut out = Vec::new();
    for t in &schema.inputs {
        let tensor = inputs.get(&t.name).ok_or_else(|| InputError::Missing { name: t.name.clone() })?;
        out.push(t.quantize(&tensor.data).map_err(InputError::from)?);
    }
    Ok(out)
}

/// The hashes of hashed inputs.
pub(crate) fn hashes(schema: &Schema, inputs: &[Vec<i64>], salt: Salt) -> Result<Vec<(String, TensorHash)>, Failure> {
    let hashed = schema.inputs.iter().zip(inputs).filter(|(t, _)| t.visibility == Visibility::Hashed);
    hashed
        .map(|(t, values)| match tensor_hash(&salt, Section::Inputs, &t.name, values) {
            Ok(hash) => Ok((t.name.clone(), hash)),
            Err(e) => Err(Failure::new(Kind::Input, format!("`{}`: {e}", t.name))),
        })
        .collect()
}

/// Numbers in nested lists of a shape.
pub(crate) fn nested(shape: &[usize], data: &[f64]) -> serde_json::Value {
    match shape {
        [] => data.first().copied().into(),
        [_] => data.to_vec().into(),
        [_, rest @ ..] => {
            let len = rest.iter().product::<usize>().max(1);
            data.chunks(len).map(|d| nested(rest, d)).collect::<Vec<_>>().into()
        }
    }
}
