//! Tensors while a model is lowered: constants, or values of the graph.

use std::sync::Arc;

pub(crate) use crate::element::{ElementType, Kind};
use crate::graph::{Graph, ValueId};

#[derive(Clone, Debug)]
pub(crate) enum Elements {
    /// Shared: weights are large, and tensors are copied.
    Constant(Arc<Vec<f64>>),
    Values(Vec<ValueId>),
}

/// A tensor with a static shape. All elements are held as `f64`.
///
/// Elements of a type of integers or of truth values are integers, whether constant or computed: a computed one belongs
/// to a site of integers (see [`crate::graph`]).
#[derive(Clone, Debug)]
pub(crate) struct Tensor {
    /// What the elements mean; always that of `dtype`.
    pub(crate) kind: Kind,
    pub(crate) dtype: ElementType,
    pub(crate) shape: Vec<usize>,
    pub(crate) elements: Elements,
}

impl Tensor {
    pub(crate) fn constant(kind: Kind, shape: Vec<usize>, data: Vec<f64>) -> Self {
        debug_assert_eq!(shape.iter().product::<usize>(), data.len());
        Self { kind, dtype: kind.default_type(), shape, elements: Elements::Constant(Arc::new(data)) }
    }

    pub(crate) fn floats(shape: Vec<usize>, data: Vec<f64>) -> Self {
        Self::constant(Kind::Float, shape, data)
    }

    /// A tensor of floats that are graph values; becomes a constant if all of them are.
    pub(crate) fn values(graph: &Graph, shape: Vec<usize>, ids: Vec<ValueId>) -> Self {
        debug_assert_eq!(shape.iter().product::<usize>(), ids.len());
        let constants: Option<Vec<f64>> = ids.iter().map(|&id| graph.constant_of(id)).collect();
        let elements = constants.map_or(Elements::Values(ids), |c| Elements::Constant(Arc::new(c)));
        Self { kind: Kind::Float, dtype: ElementType::Float32, shape, elements }
    }

    /// The same elements, of another type; their values have to be ones of it.
    #[must_use]
    pub(crate) fn typed(mut self, dtype: ElementType) -> Self {
        (self.kind, self.dtype) = (dtype.kind(), dtype);
        self
    }

    /// A tensor of graph values with elements of `dtype`, as [`Tensor::values`].
    pub(crate) fn computed(graph: &Graph, dtype: ElementType, shape: Vec<usize>, ids: Vec<ValueId>) -> Self {
        let tensor = Self::values(graph, shape, ids).typed(dtype);
        debug_assert!(match &tensor.elements {
            Elements::Values(v) => !dtype.is_integer() || v.iter().all(|&v| graph.is_integer(v)),
            Elements::Constant(_) => true,
        });
        tensor
    }

    pub(crate) fn len(&self) -> usize {
        match &self.elements {
            Elements::Constant(c) => c.len(),
            Elements::Values(v) => v.len(),
        }
    }

    pub(crate) fn constants(&self) -> Option<&[f64]> {
        match &self.elements {
            Elements::Constant(c) => Some(c.as_slice()),
            Elements::Values(_) => None,
        }
    }

    /// The elements as graph values.
    pub(crate) fn ids(&self, graph: &mut Graph) -> Vec<ValueId> {
        match &self.elements {
            Elements::Constant(c) => c.iter().map(|&v| graph.constant(v)).collect(),
            Elements::Values(v) => v.clone(),
        }
    }

    /// The same elements, rearranged: element i of the result is element `pick[i]`.
    pub(crate) fn pick(&self, shape: Vec<usize>, pick: &[usize]) -> Self {
        let elements = match &self.elements {
            Elements::Constant(c) => Elements::Constant(Arc::new(pick.iter().map(|&i| c[i]).collect())),
            Elements::Values(v) => Elements::Values(pick.iter().map(|&i| v[i]).collect()),
        };
        Self { kind: self.kind, dtype: self.dtype, shape, elements }
    }

    /// The same elements in another shape.
    pub(crate) fn reshaped(&self, shape: Vec<usize>) -> Self {
        Self { shape, ..self.clone() }
    }
}

/// Steps between neighbours along each axis.
pub(crate) fn strides(shape: &[usize]) -> Vec<usize> {
    let mut out = vec![1; shape.len()];
    for i in (1..shape.len()).rev() {
        out[i - 1] = out[i] * shape[i];
    }
    out
}

/// The flat indices into a tensor with the given strides (zero for a broadcast axis), for all positions of `shape`.
pub(crate) fn walk(shape: &[usize], steps: &[isize], start: usize) -> Vec<usize> {
    let len: usize = shape.iter().product();
    let mut out = Vec::with_capacity(len);
    let mut index = vec![0usize; shape.len()];
    let mut at = start as isize;
    for _ in 0..len {
        out.push(at as usize);
        for axis in (0..shape.len()).rev() {
            index[axis] += 1;
            at += steps[axis];
            if index[axis] < shape[axis] {
                break;
            }
            at -= steps[axis] * shape[axis] as isize;
            index[axis] = 0;
        }
    }
    out
}

/// The common shape of two tensors under ONNX's broadcasting.
pub(crate) fn broadcast(a: &[usize], b: &[usize]) -> Option<Vec<usize>> {
    let rank = a.len().max(b.len());
    let dim = |s: &[usize], i: usize| (i + s.len()).checked_sub(rank).map_or(1, |i| s[i]);
    (0..rank)
        .map(|i| match (dim(a, i), dim(b, i)) {
            (x, y) if x == y => Some(x),
            (1, y) => Some(y),
            (x, 1) => Some(x),
            _ => None,
        })
        .collect()
}

/// For each position of `shape`, the flat index into a tensor of shape `own` that is broadcast to it.
pub(crate) fn broadcast_indices(own: &[usize], shape: &[usize]) -> Vec<usize> {
    let offset = shape.len() - own.len();
    let own_strides = strides(own);
    let steps: Vec<isize> = (0..shape.len())
        .map(|i| if i < offset || own[i - offset] == 1 { 0 } else { own_strides[i - offset] as isize })
        .collect();
    walk(shape, &steps, 0)
}
