//! Softmax: e^(x − max) / Σ e^(x − max).

use super::{
    attributes::{Lower, Lowered, Node},
    mat_mul::rows_along,
    tensor::Tensor,
};
use crate::{
    function::Function,
    graph::{Graph, Term, ValueId},
};

pub(super) const OPS: &[(&str, Lower)] = &[("Softmax", lower)];

pub(super) const LIMITS: &[(&str, &str)] = &[];

fn lower(node: &Node<'_>, graph: &mut Graph) -> Lowered {
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
    let n = view.shape[axis];
    if view.len() == 0 {
        return Err(node.error("its operand is empty"));
    }
    let (rows, pick) = rows_along(&view, axis);
    let ids = rows.ids(graph);
    let count = ids.len() / n;
    let part = |graph: &mut Graph, name: &str, op: &str, shape: &[usize]| {
        graph.site(&format!("{}.{name}", node.name), op, shape)
    };
    let repeat = |list: &[ValueId]| list.iter().flat_map(|&v| std::iter::repeat_n(v, n)).collect::<Vec<_>>();
    let site = part(graph, "max", "Max", &[count]);
    let max = graph.max(site, n, ids.clone());
    let site = part(graph, "difference", "Sub", &[count, n]);
    let difference = graph.sum(site, ids, -1.0, repeat(&max));
    let site = part(graph, "exp", "Exp", &[count, n]);
    graph.bound_above(&difference, 0.0);
    let exp = graph.apply(site, Function::Exp, difference);
    let site = part(graph, "sum", "ReduceSum", &[count]);
    let matrix = graph.matrix(site, n, vec![1.0; n], vec![0.0]);
    let sum = graph.linear(matrix, 1, exp.clone());
    graph.bound_below(&sum, 1.0);
    let site = part(graph, "reciprocal", "Reciprocal", &[count]);
    let inverse = graph.apply(site, Function::Reciprocal, sum);
    let site = graph.site(&node.name, "Softmax", &x.shape);
    let y = graph.product(site, vec![Term { factor: 1.0, a: exp, b: repeat(&inverse) }]);
    let mut out = y.clone();
    pick.iter().zip(y).for_each(|(&at, v)| out[at] = v);
    Ok(vec![Tensor::values(graph, x.shape.clone(), out)])
}
