//! Arrays between Python and the library: shape, and 64-bit floats in row-major order, as bytes.

use pyo3::prelude::*;
use pyo3::pybacked::PyBackedBytes;
use pyo3::types::PyBytes;
use vouch::{InputError, Inputs, Tensor, TensorSpec, Tensors, data::InputSpec};

use crate::failure::{Raise, wrong};

/// An array: name, shape, floats.
pub(crate) type Array = (String, Vec<usize>, PyBackedBytes);
/// An array for Python.
pub(crate) type ArrayOut<'py> = (String, Vec<usize>, Bound<'py, PyBytes>);

/// The floats of an array's bytes; what is left of them is no whole float.
fn floats(bytes: &[u8]) -> (Vec<f64>, bool) {
    let (floats, rest) = bytes.as_chunks::<8>();
    (floats.iter().map(|bytes| f64::from_ne_bytes(*bytes)).collect(), rest.is_empty())
}

/// The integers of a tensor's values, which are bytes of floats.
pub(crate) fn integers(py: Python<'_>, spec: &TensorSpec, values: &[u8]) -> PyResult<Vec<i64>> {
    let (reals, _) = floats(values);
    spec.quantize(&reals).map_err(InputError::from).or_raise(py)
}

/// The arrays as tensors by name.
pub(crate) fn tensors(py: Python<'_>, arrays: Vec<Array>) -> PyResult<Vec<(String, Tensor)>> {
    let tensor = |(name, shape, bytes): Array| {
        let (floats, whole) = floats(&bytes);
        match Tensor::new(shape, floats) {
            Some(tensor) if whole => Ok((name, tensor)),
            _ => Err(wrong(py, format!("`{name}`: the shape does not fit the number of elements"))),
        }
    };
    arrays.into_iter().map(tensor).collect()
}

/// Inputs of one run.
pub(crate) fn inputs(py: Python<'_>, arrays: Vec<Array>) -> PyResult<Inputs> {
    Ok(tensors(py, arrays)?.into_iter().collect())
}

/// Samples: each array has the input's shape, or a dimension of samples before it.
pub(crate) fn samples(py: Python<'_>, arrays: Vec<Array>, specs: &[InputSpec]) -> PyResult<Vec<Inputs>> {
    vouch::data::samples_of(tensors(py, arrays)?, specs).or_raise(py)
}

/// Tensors for Python.
pub(crate) fn arrays<'py>(py: Python<'py>, tensors: &Tensors) -> Vec<ArrayOut<'py>> {
    let array = |(name, tensor): (&String, &Tensor)| {
        let bytes: Vec<u8> = tensor.data.iter().flat_map(|v| v.to_ne_bytes()).collect();
        (name.clone(), tensor.shape.clone(), PyBytes::new(py, &bytes))
    };
    tensors.iter().map(array).collect()
}

/// Serializable data as JSON.
pub(crate) fn json(value: &serde_json::Value) -> String {
    value.to_string()
}

/// 32 bytes.
pub(crate) fn bytes32(py: Python<'_>, what: &str, bytes: &[u8]) -> PyResult<[u8; 32]> {
    bytes.try_into().map_err(|_| wrong(py, format!("{what}: expected 32 bytes, got {}", bytes.len())))
}
