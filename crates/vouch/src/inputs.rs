//! Inputs by name, and their integers.

use crate::{Inputs, Tensor};

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
