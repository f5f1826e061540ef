//! Pad with a constant.

use super::{
    attributes::{Lower, Lowered, Node},
    tensor::{Tensor, strides},
};
use crate::graph::Graph;

pub(super) const OPS: &[(&str, Lower)] = &[("Pad", lower)];

pub(super) const LIMITS: &[(&str, &str)] = &[("Pad", "mode constant; pads constant")];

fn lower(node: &Node<'_>, graph: &mut Graph) -> Lowered {
    let x = node.float_input(0)?;
    let rank = x.shape.len();
    if node.string("mode", "constant")? != "constant" {
        return Err(node.error("only mode=constant is supported"));
    }
    let (pads, value) = if node.opset >= 11 {
        if node.has("pads") {
            return Err(node.error("`pads` is an operand from operator set 11 on, not an attribute"));
        }
        let value = match node.constant(2, "the padding value")? {
            Some((_, [v])) => *v,
            Some(_) => return Err(node.error("the padding value is not a scalar")),
            None => 0.0,
        };
        (node.int_list(1, "pads")?, value)
    } else {
        (node.ints("pads")?, node.float("value", 0.0)?)
    };
    let pads = pads.ok_or_else(|| node.error("`pads` is missing"))?;
    let axes = match node.int_list(3, "axes")? {
        Some(axes) => axes.iter().map(|&a| node.axis(a, rank)).collect::<Result<Vec<_>, _>>()?,
        None => (0..rank).collect(),
    };
    if pads.len() != 2 * axes.len() || pads.iter().any(|p| p.abs() > 1 << 27) {
        return Err(node.error(format!("{} pads do not fit {} axes", pads.len(), axes.len())));
    }
    let mut before = vec![0i64; rank];
    let mut shape = x.shape.clone();
    for (i, &axis) in axes.iter().enumerate() {
        before[axis] = pads[i];
        let dim = x.shape[axis] as i64 + pads[i] + pads[i + axes.len()];
        shape[axis] = usize::try_from(dim).map_err(|_| node.error("negative pads remove more than there is"))?;
    }
    let len = super::model::checked_len(&node.name, &shape)?;
    let (own, new) = (strides(&x.shape), strides(&shape));
    let ids = x.ids(graph);
    let fill = graph.constant(value);
    let source = |i: usize| {
        (0..rank).try_fold(0usize, |at, axis| {
            let index = (i / new[axis] % shape[axis]) as i64 - before[axis];
            let index = usize::try_from(index).ok().filter(|&v| v < x.shape[axis])?;
            Some(at + index * own[axis])
        })
    };
    let ids = (0..len).map(|i| source(i).map_or(fill, |at| ids[at])).collect();
    Ok(vec![Tensor::values(graph, shape, ids)])
}
