//! Tensors by name, and reading them from files.
//!
//! | format | content |
//! | --- | --- |
//! | `.npy` | one array, for a model with one input |
//! | `.npz` | arrays by input name |
//! | `.json` | `{"name": nested lists, …}`, or EZKL's `{"input_data": [flat list of each input, …]}` |
//!
//! An array has the input's shape, or one more leading dimension (samples), or as many times its number of elements when
//! it is a flat list.

mod json;
mod npy;
mod npz;

use std::{collections::BTreeMap, path::Path};

use crate::{DataError, ElementType, InputError};

/// A dense tensor of real numbers.
#[derive(Clone, Debug, PartialEq)]
pub struct NamedTensor {
    /// Shape.
    pub shape: Vec<usize>,
    /// Row-major elements.
    pub data: Vec<f64>,
}

impl NamedTensor {
    /// A tensor, if `data` has as many elements as the shape says.
    pub fn new(shape: Vec<usize>, data: Vec<f64>) -> Option<Self> {
        (elements(&shape) == Some(data.len())).then_some(Self { shape, data })
    }
}

/// Tensors by name, in the order of their names.
pub type NamedTensors = BTreeMap<String, NamedTensor>;

/// One set of inputs for each sample.
pub type Samples = Vec<NamedTensors>;

/// Name, shape and type of a model's input.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct InputSpec {
    /// ONNX name.
    pub name: String,
    /// Static shape.
    pub shape: Vec<usize>,
    /// Type of the elements.
    pub dtype: ElementType,
}

/// Name and shape of each input of a program, which does not know the types of its model's inputs.
pub fn specs_of(program: &vouch_program::Program) -> Vec<InputSpec> {
    let spec = |t: &vouch_program::TensorSpec| InputSpec {
        name: t.name.clone(),
        shape: t.shape.iter().map(|&d| d as usize).collect(),
        dtype: ElementType::default(),
    };
    program.inputs().iter().map(spec).collect()
}

/// Reads samples from a `.npy`, `.npz` or `.json` file.
///
/// # Errors
/// [`DataError`] for files that are truncated or malformed, have the wrong type or shape, or hold NaN or infinities.
pub fn read(path: &Path, inputs: &[InputSpec]) -> Result<Samples, DataError> {
    read_inputs(path, inputs, &[])
}

/// Reads samples from a file that may also hold outputs, which are left out.
///
/// # Errors
/// As [`read`].
pub fn read_inputs(path: &Path, inputs: &[InputSpec], outputs: &[String]) -> Result<Samples, DataError> {
    let bytes = std::fs::read(path).map_err(|source| DataError::Read { path: path.to_owned(), source })?;
    let mut arrays = match path.extension().and_then(|e| e.to_str()) {
        Some("npy") => npy_array(&bytes, inputs)?,
        Some("npz") => npz::parse(&bytes)?,
        Some("json") => json::parse(&bytes, inputs)?,
        _ => return Err(DataError::Format { path: path.to_owned() }),
    };
    arrays.retain(|(name, _)| inputs.iter().any(|s| s.name == *name) || !outputs.contains(name));
    samples_of(arrays, inputs)
}

/// Samples from the bytes of a `.npy` file.
///
/// # Errors
/// As [`read`].
pub fn from_npy(bytes: &[u8], inputs: &[InputSpec]) -> Result<Samples, DataError> {
    samples_of(npy_array(bytes, inputs)?, inputs)
}

fn npy_array(bytes: &[u8], inputs: &[InputSpec]) -> Result<Vec<(String, NamedTensor)>, DataError> {
    let array = npy::parse("the .npy file", bytes)?;
    match inputs {
        [only] => Ok(vec![(only.name.clone(), array)]),
        _ => Err(DataError::Unnamed { what: "the .npy file".into(), inputs: inputs.len() }),
    }
}

/// Samples from the bytes of a `.npz` file.
///
/// # Errors
/// As [`read`].
pub fn from_npz(bytes: &[u8], inputs: &[InputSpec]) -> Result<Samples, DataError> {
    samples_of(npz::parse(bytes)?, inputs)
}

/// Samples from a JSON document.
///
/// # Errors
/// As [`read`].
pub fn from_json(bytes: &[u8], inputs: &[InputSpec]) -> Result<Samples, DataError> {
    samples_of(json::parse(bytes, inputs)?, inputs)
}

/// The number of elements of a shape, unless it overflows.
pub(crate) fn elements(shape: &[usize]) -> Option<usize> {
    shape.iter().try_fold(1usize, |n, &d| n.checked_mul(d))
}

/// Splits arrays into samples and checks that every input has its data. The forms of arrays are those of files.
///
/// # Errors
/// As [`read`].
pub fn samples_of(arrays: Vec<(String, NamedTensor)>, inputs: &[InputSpec]) -> Result<Samples, DataError> {
    if inputs.is_empty() && arrays.is_empty() {
        // A model without inputs has one sample, of nothing.
        return Ok(vec![NamedTensors::new()]);
    }
    let mut samples: Samples = Vec::new();
    for (name, array) in &arrays {
        let Some(spec) = inputs.iter().find(|s| s.name == *name) else {
            let known = inputs.iter().map(|s| s.name.as_str()).collect::<Vec<_>>().join(", ");
            return Err(InputError::Unknown { name: name.clone(), known }.into());
        };
        let count = sample_count(array, spec)?;
        if samples.is_empty() {
            samples.resize_with(count, NamedTensors::new);
        } else if samples.len() != count {
            return Err(DataError::SampleCount { name: name.clone(), got: count, expected: samples.len() });
        }
        if let Some(index) = array.data.iter().position(|v| !v.is_finite()) {
            let value = array.data[index];
            return Err(InputError::NotFinite { name: name.clone(), index, value }.into());
        }
        let len = array.data.len() / count;
        for (i, sample) in samples.iter_mut().enumerate() {
            let data = array.data[i * len..(i + 1) * len].to_vec();
            sample.insert(name.clone(), NamedTensor { shape: spec.shape.clone(), data });
        }
    }
    match inputs.iter().find(|s| !arrays.iter().any(|(name, _)| *name == s.name)) {
        Some(missing) => Err(InputError::Missing { name: missing.name.clone() }.into()),
        None => Ok(samples),
    }
}

/// How many samples of `spec` an array holds.
fn sample_count(array: &NamedTensor, spec: &InputSpec) -> Result<usize, DataError> {
    let len = elements(&spec.shape);
    let wrong = || DataError::Shape {
        name: spec.name.clone(),
        got: format!("{:?}", array.shape),
        expected: format!("{:?}", spec.shape),
    };
    let len = len.ok_or_else(wrong)?;
    if len == 0 {
        // How many samples there are of nothing, only the shape says.
        return match array.shape.strip_suffix(spec.shape.as_slice()) {
            Some([]) => Ok(1),
            Some([n]) if *n > 0 => Ok(*n),
            _ => Err(wrong()),
        };
    }
    if array.data.is_empty() || !array.data.len().is_multiple_of(len) {
        return Err(wrong());
    }
    let count = array.data.len() / len;
    let squeezed = |shape: &[usize]| shape.iter().copied().filter(|&d| d != 1).collect::<Vec<_>>();
    let (have, want) = (squeezed(&array.shape), squeezed(&spec.shape));
    let flat = array.shape.len() <= 1;
    let batch = have.first() == Some(&count) && have[1..] == want;
    // A model exported for a batch of one takes data whose leading dimension is the number of samples.
    if have == want && count == 1 || batch || flat { Ok(count) } else { Err(wrong()) }
}
