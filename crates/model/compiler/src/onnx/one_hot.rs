//! Computed indices, as vectors with a 1 at the index and 0 elsewhere. What an index chooses is then a matrix or a sum of
//! products: right, and in proportion to the length of the axis.
//!
//! With i an index and u_k = max(i, k), the difference u_k − u_(k−1) is 1 where i < k and 0 elsewhere; differences of
//! those are the vector. All of it is exact.

use super::{
    attributes::{Lower, Lowered, Node},
    steps::{Steps, spread},
    tensor::{ElementType, Kind, Tensor},
};
use crate::{
    CompileError,
    function::Function,
    graph::{Graph, ValueId},
};

pub(super) const OPS: &[(&str, Lower)] = &[("OneHot", lower)];

pub(super) const LIMITS: &[(&str, &str)] = &[("OneHot", "the depth is constant")];

/// Constant indices into an axis of `dim` elements; negative ones count from its end.
pub(super) fn constant_indices(node: &Node<'_>, data: &[f64], dim: usize) -> Result<Vec<usize>, CompileError> {
    let dim = dim as i64;
    let at = |&v: &f64| {
        let i = v as i64;
        if (-dim..dim).contains(&i) {
            Ok(i.rem_euclid(dim) as usize)
        } else {
            Err(node.error(format!("index {i} is outside a dimension of {dim}")))
        }
    };
    data.iter().map(at).collect()
}

impl Steps<'_> {
    /// Indices from −dim to dim − 1 as indices from 0 on. Others are outside of the function's table: they have no proof.
    pub(super) fn wrapped(&mut self, step: &str, indices: &Tensor, dim: usize) -> Tensor {
        let ids = indices.ids(self.graph);
        let open: Vec<ValueId> = ids.into_iter().filter(|&v| self.graph.constant_of(v).is_none()).collect();
        self.graph.bound_below(&open, -(dim as f64));
        self.graph.bound_above(&open, dim as f64 - 1.0);
        let y = self.apply_integer(step, Function::Wrap(dim as f64), indices);
        let ids = y.ids(self.graph);
        let open: Vec<ValueId> = ids.into_iter().filter(|&v| self.graph.constant_of(v).is_none()).collect();
        self.graph.bound_below(&open, 0.0);
        self.graph.bound_above(&open, dim as f64 - 1.0);
        y
    }

    /// Indices from 0 to dim − 1. The program refuses others.
    pub(super) fn index(&mut self, indices: &Tensor, dim: usize) -> Tensor {
        let ids = indices.ids(self.graph);
        let open: Vec<ValueId> = ids.into_iter().filter(|&v| self.graph.constant_of(v).is_none()).collect();
        self.graph.bound_below(&open, 0.0);
        self.graph.bound_above(&open, dim as f64 - 1.0);
        indices.clone()
    }

    /// For each index (from 0 to dim − 1), `dim` elements: 1 at the index, 0 elsewhere.
    pub(super) fn one_hot(&mut self, step: &str, indices: &Tensor, dim: usize) -> Result<Tensor, CompileError> {
        let n = indices.len();
        let mut shape = indices.shape.clone();
        shape.push(dim);
        self.node.checked_len(&shape)?;
        self.node.checked_len(&[dim, dim])?;
        if let Some(data) = indices.constants() {
            let hot = data.iter().flat_map(|&v| (0..dim).map(move |k| f64::from(u8::from(v == k as f64))));
            return Ok(Tensor::constant(Kind::Int, shape, hot.collect()));
        }
        if dim == 1 {
            return Ok(Tensor::constant(Kind::Int, shape, vec![1.0; n]));
        }
        let ids = indices.ids(self.graph);
        let site = self.site(&format!("{step}.steps"), "Max", &[n, dim - 1], true);
        let pairs: Vec<ValueId> = ids
            .iter()
            .flat_map(|&v| (1..dim).map(move |k| (v, k)))
            .flat_map(|(v, k)| [v, self.graph.constant(k as f64)])
            .collect();
        let maxima = self.graph.max(site, 2, pairs);
        let operands: Vec<ValueId> =
            ids.iter().zip(maxima.chunks_exact(dim - 1)).flat_map(|(&v, m)| [&[v], m].concat()).collect();
        // Column k is u_(k+1) − 2·u_k + u_(k−1), where u_(−1) = u_0 = i and u_dim = dim: differences of differences.
        let mut weights = vec![0.0; dim * dim];
        let mut bias = vec![0.0; dim];
        for k in 0..dim {
            // Less the step at k, plus the step at k + 1.
            if k > 0 {
                weights[k * dim + k] -= 1.0;
                weights[(k - 1) * dim + k] += 1.0;
            }
            if k + 1 < dim {
                weights[(k + 1) * dim + k] += 1.0;
                weights[k * dim + k] -= 1.0;
            } else {
                bias[k] = 1.0;
            }
        }
        let site = self.site(step, "OneHot", &shape, true);
        let matrix = self.graph.matrix(site, dim, weights, bias);
        let hot = self.graph.linear(matrix, 1, operands);
        self.graph.bound_below(&hot, 0.0);
        self.graph.bound_above(&hot, 1.0);
        Ok(Tensor::computed(self.graph, ElementType::Int64, shape, hot))
    }
}

fn lower(node: &Node<'_>, graph: &mut Graph) -> Lowered {
    let indices = node.input(0)?;
    let depth = match node.constant(1, "the depth")? {
        Some((_, [depth])) if (1.0..134_217_728.0).contains(depth) => *depth as usize,
        _ => return Err(node.error("the depth is not a positive number")),
    };
    let values = node.input(2)?;
    if values.len() != 2 {
        return Err(node.error(format!("{} values, expected those of off and on", values.len())));
    }
    let rank = indices.shape.len() + 1;
    let axis = node.axis(node.int("axis", -1)?, rank)?;
    let mut shape = indices.shape.clone();
    shape.insert(axis, depth);
    node.checked_len(&shape)?;
    let mut wide = indices.shape.clone();
    wide.insert(axis, 1);
    let mut along = vec![1; rank];
    along[axis] = depth;
    let mut steps = Steps::new(node, graph);
    let places = Tensor::constant(Kind::Int, along, (0..depth).map(|k| k as f64).collect());
    let exact = if indices.dtype.is_integer() {
        indices.clone()
    } else {
        // Indices may be floats, of which only the integer part counts.
        match indices.constants() {
            Some(c) => Tensor::constant(Kind::Int, indices.shape.clone(), c.iter().map(|v| v.trunc()).collect()),
            None => {
                let site = steps.site("indices", "Floor", &indices.shape, true);
                let ids = indices.ids(steps.graph);
                // A little more than the number itself, so that quantization does not make a 2 of a 3.
                let whole = steps.graph.floor(site, ids, 1.0, 1.0 / 64.0);
                Tensor::computed(steps.graph, ElementType::Int64, indices.shape.clone(), whole)
            }
        }
    };
    let distance = steps.add("distance", &spread(&exact.reshaped(wide), &shape), -1.0, &places)?;
    // An index that is neither in the axis nor counts from its end is nowhere.
    let hot = steps.apply_integer("hot", Function::Hit(depth as f64), &distance);
    let (off, on) = (values.pick(vec![], &[0]), values.pick(vec![], &[1]));
    let difference = steps.add("difference", &on, -1.0, &off)?;
    let scaled = steps.mul("scaled", &hot, &difference)?;
    Ok(vec![steps.add("", &scaled, 1.0, &off)?.typed(values.dtype)])
}
