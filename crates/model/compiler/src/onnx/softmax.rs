//! Softmax, LogSoftmax and Hardmax: e^(x − max) / Σ e^(x − max), its logarithm, and 1 at the first maximum.

use super::{
    attributes::{Lower, Lowered, Node},
    mat_mul::rows_along,
    order::first_maximum,
    parts::Parts,
    tensor::Tensor,
};
use crate::{
    CompileError,
    function::Function,
    graph::{Graph, ValueId},
};

pub(super) const OPS: &[(&str, Lower)] = &[
    ("Hardmax", |node, graph| lower(node, graph, |p, n, x| first_maximum(p, n, &x, false).bits)),
    ("LogSoftmax", |node, graph| lower(node, graph, log_softmax)),
    ("Softmax", |node, graph| lower(node, graph, softmax)),
];

pub(super) const LIMITS: &[(&str, &str)] = &[];

/// Exponentials of the distances to the maximum of each group, so that none is above 1.
pub(super) struct Shifted {
    /// The maximum of each group.
    pub(super) max: Vec<ValueId>,
    /// x − max, for each element.
    pub(super) differences: Vec<ValueId>,
    /// e^(x − max), for each element.
    pub(super) exponentials: Vec<ValueId>,
    /// Their sum, for each group: from 1 to the size of a group.
    pub(super) sums: Vec<ValueId>,
}

/// Each value `n` times.
pub(super) fn repeat(list: &[ValueId], n: usize) -> Vec<ValueId> {
    list.iter().flat_map(|&v| std::iter::repeat_n(v, n)).collect()
}

pub(super) fn shifted(parts: &mut Parts<'_, '_>, n: usize, x: Vec<ValueId>) -> Shifted {
    // Masked scores are nothing, and what they are made of is not needed.
    let masked = parts.graph.masked(n, &x);
    let nothing = parts.graph.constant(f64::NEG_INFINITY);
    let x: Vec<ValueId> = x.into_iter().zip(masked).map(|(v, masked)| if masked { nothing } else { v }).collect();
    let max = parts.max("max", n, x.clone());
    let differences = parts.sum("difference", &x, -1.0, &repeat(&max, n));
    parts.graph.bound_above(&differences, 0.0);
    let exponentials = parts.apply("exp", Function::Exp, &differences, false);
    let sums = if n == 1 {
        exponentials.clone()
    } else {
        parts.linear("sum", n, vec![1.0; n], vec![0.0], exponentials.clone())
    };
    parts.graph.bound_below(&sums, 1.0);
    parts.graph.bound_above(&sums, n as f64);
    Shifted { max, differences, exponentials, sums }
}

pub(super) fn softmax(parts: &mut Parts<'_, '_>, n: usize, x: Vec<ValueId>) -> Vec<ValueId> {
    let shifted = shifted(parts, n, x);
    let inverse = parts.apply("reciprocal", Function::Reciprocal, &shifted.sums, false);
    parts.mul("", &shifted.exponentials, &repeat(&inverse, n))
}

/// x − max − log Σ e^(x − max)
pub(super) fn log_softmax(parts: &mut Parts<'_, '_>, n: usize, x: Vec<ValueId>) -> Vec<ValueId> {
    let shifted = shifted(parts, n, x);
    let log = parts.apply("log", Function::Log, &shifted.sums, false);
    let y = parts.sum("", &shifted.differences, -1.0, &repeat(&log, n));
    parts.graph.bound_above(&y, 0.0);
    y
}

/// Along `axis` of a tensor, what `function` makes of each row.
pub(super) fn along(
    node: &Node<'_>,
    graph: &mut Graph,
    x: &Tensor,
    axis: usize,
    function: impl Fn(&mut Parts<'_, '_>, usize, Vec<ValueId>) -> Vec<ValueId>,
) -> Result<Vec<ValueId>, CompileError> {
    if x.len() == 0 {
        return Err(node.error("its operand is empty"));
    }
    let (rows, pick) = rows_along(x, axis);
    let ids = rows.ids(graph);
    let y = function(&mut Parts::new(node, graph), x.shape[axis], ids);
    let mut out = y.clone();
    pick.iter().zip(y).for_each(|(&at, v)| out[at] = v);
    Ok(out)
}

fn lower(
    node: &Node<'_>,
    graph: &mut Graph,
    function: fn(&mut Parts<'_, '_>, usize, Vec<ValueId>) -> Vec<ValueId>,
) -> Lowered {
    let x = node.float_input(0)?;
    let rank = x.shape.len();
    // Before operator set 13 the operand is flattened to a matrix at the axis.
    let old = node.opset < 13;
    let axis = node.axis(node.int("axis", if old { 1 } else { -1 })?, rank)?;
    let (view, axis) = if old {
        let rows = x.shape[..axis].iter().product();
        (x.reshaped(vec![rows, x.shape[axis..].iter().product()]), 1)
    } else {
        (x.clone(), axis)
    };
    let y = along(node, graph, &view, axis, function)?;
    Ok(vec![Tensor::computed(graph, x.dtype, x.shape.clone(), y)])
}
