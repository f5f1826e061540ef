//! Min, Max, Sum and Mean of any number of operands, with broadcasting.

use super::{
    attributes::{Lower, Lowered, Node},
    parts::Parts,
    tensor::{ElementType, Kind, Tensor, broadcast, broadcast_indices},
};
use crate::{
    CompileError,
    graph::{Graph, ValueId},
};

pub(super) const OPS: &[(&str, Lower)] = &[
    ("Max", |node, graph| extreme(node, graph, 1.0)),
    ("Mean", |node, graph| sum(node, graph, true)),
    ("Min", |node, graph| extreme(node, graph, -1.0)),
    ("Sum", |node, graph| sum(node, graph, false)),
];

pub(super) const LIMITS: &[(&str, &str)] = &[];

/// Tensors of one type, broadcast to their common shape.
pub(super) fn aligned(node: &Node<'_>, tensors: &[&Tensor]) -> Result<Vec<Tensor>, CompileError> {
    let Some((first, rest)) = tensors.split_first() else { return Err(node.error("it has no operands")) };
    let mut shape = first.shape.clone();
    for t in rest {
        shape = broadcast(&shape, &t.shape)
            .ok_or_else(|| node.error(format!("shapes {shape:?} and {:?} do not broadcast", t.shape)))?;
    }
    node.checked_len(&shape)?;
    let pick = |t: &&Tensor| {
        if t.shape == shape { (*t).clone() } else { t.pick(shape.clone(), &broadcast_indices(&t.shape, &shape)) }
    };
    Ok(tensors.iter().map(pick).collect())
}

/// All operands, of one kind and shape.
fn operands(node: &Node<'_>) -> Result<Vec<Tensor>, CompileError> {
    let list = (0..node.inputs.len()).map(|i| node.input(i)).collect::<Result<Vec<_>, _>>()?;
    if list.windows(2).any(|w| w[0].kind != w[1].kind) {
        return Err(node.error("the operands have different element types"));
    }
    aligned(node, &list)
}

/// Element by element, what `f` makes of constants.
fn folded(list: &[Tensor], f: impl Fn(&[f64]) -> f64) -> Option<Tensor> {
    let data = list.iter().map(Tensor::constants).collect::<Option<Vec<_>>>()?;
    let first = list.first()?;
    let at = |i: usize| f(&data.iter().map(|d| d[i]).collect::<Vec<_>>());
    let values = (0..first.len()).map(at).collect();
    Some(Tensor::constant(first.kind, first.shape.clone(), values).typed(first.dtype))
}

/// Elements of all operands, side by side.
fn side_by_side(list: &[Vec<ValueId>]) -> Vec<ValueId> {
    let len = list.first().map_or(0, Vec::len);
    (0..len).flat_map(|i| list.iter().map(move |l| l[i])).collect()
}

/// The largest (sign 1) or smallest (sign −1) of lists of values: min(x) = −max(−x).
pub(super) fn extreme_of(parts: &mut Parts<'_, '_>, name: &str, lists: &[Vec<ValueId>], sign: f64) -> Vec<ValueId> {
    if lists.len() == 1 {
        return lists[0].clone();
    }
    if sign > 0.0 {
        return parts.max(name, lists.len(), side_by_side(lists));
    }
    let negated: Vec<_> =
        lists.iter().enumerate().map(|(i, l)| parts.affine(&format!("{name}.negated{i}"), l, -1.0, 0.0)).collect();
    let largest = parts.max(&format!("{name}.max"), lists.len(), side_by_side(&negated));
    parts.affine(name, &largest, -1.0, 0.0)
}

fn extreme(node: &Node<'_>, graph: &mut Graph, sign: f64) -> Lowered {
    let list = operands(node)?;
    if let Some(t) = folded(&list, |v| sign * v.iter().map(|v| sign * v).fold(f64::NEG_INFINITY, f64::max)) {
        return Ok(vec![t]);
    }
    let ids: Vec<_> = list.iter().map(|t| t.ids(graph)).collect();
    let y = extreme_of(&mut Parts::new(node, graph), "", &ids, sign);
    Ok(vec![Tensor::computed(graph, list[0].dtype, list[0].shape.clone(), y)])
}

fn sum(node: &Node<'_>, graph: &mut Graph, mean: bool) -> Lowered {
    let list = operands(node)?;
    if list[0].kind != Kind::Float {
        return Err(node.error("its operands are not floats"));
    }
    let n = list.len();
    let weight = if mean { 1.0 / n as f64 } else { 1.0 };
    if let Some(t) = folded(&list, |v| weight * v.iter().sum::<f64>()) {
        return Ok(vec![t]);
    }
    if n == 1 {
        return Ok(list);
    }
    let ids: Vec<_> = list.iter().map(|t| t.ids(graph)).collect();
    let site = graph.site(&node.name, &node.proto.op_type, &list[0].shape);
    let matrix = graph.matrix(site, n, vec![weight; n], vec![0.0]);
    let y = graph.linear(matrix, 1, side_by_side(&ids));
    Ok(vec![Tensor::computed(graph, ElementType::Float32, list[0].shape.clone(), y).typed(list[0].dtype)])
}
