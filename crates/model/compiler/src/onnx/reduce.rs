//! ReduceSum and ReduceMean.

use super::{
    attributes::{Lower, Lowered, Node},
    tensor::{Tensor, strides, walk},
};
use crate::graph::Graph;

pub(super) const OPS: &[(&str, Lower)] =
    &[("ReduceMean", |node, graph| lower(node, graph, true)), ("ReduceSum", |node, graph| lower(node, graph, false))];

pub(super) const LIMITS: &[(&str, &str)] = &[];

fn lower(node: &Node<'_>, graph: &mut Graph, mean: bool) -> Lowered {
    let x = node.input(0)?;
    let rank = x.shape.len();
    let axes = node.axes_of(if mean { 18 } else { 13 })?.unwrap_or_default();
    if axes.is_empty() && node.int("noop_with_empty_axes", 0)? != 0 {
        return Ok(vec![x.clone()]);
    }
    let axes = if axes.is_empty() { (0..rank).collect() } else { node.axes(&axes, rank)? };
    let keep = node.int("keepdims", 1)? != 0;
    let kept: Vec<usize> = (0..rank).filter(|a| !axes.contains(a)).collect();
    let order: Vec<usize> = kept.iter().chain(&axes).copied().collect();
    let all = strides(&x.shape);
    let dims: Vec<usize> = order.iter().map(|&a| x.shape[a]).collect();
    let steps: Vec<isize> = order.iter().map(|&a| all[a] as isize).collect();
    let pick = walk(&dims, &steps, 0);
    let size: usize = axes.iter().map(|&a| x.shape[a]).product();
    let shape: Vec<usize> = (0..rank)
        .filter(|a| keep || !axes.contains(a))
        .map(|a| if axes.contains(&a) { 1 } else { x.shape[a] })
        .collect();
    if size == 0 || x.len() == 0 {
        return Err(node.error("its operand is empty"));
    }
    let weight = if mean { 1.0 / size as f64 } else { 1.0 };
    if let Some(c) = x.constants() {
        let sums = pick.chunks_exact(size).map(|p| weight * p.iter().map(|&i| c[i]).sum::<f64>()).collect();
        return Ok(vec![Tensor::constant(x.kind, shape, sums)]);
    }
    let site = graph.site(&node.name, &node.proto.op_type, &shape);
    let matrix = graph.matrix(site, size, vec![weight; size], vec![0.0]);
    let ids = x.ids(graph);
    let y = graph.linear(matrix, 1, pick.iter().map(|&i| ids[i]).collect());
    Ok(vec![Tensor::values(graph, shape, y)])
}
