//! Concat.

use super::{
    attributes::{Lower, Lowered, Node},
    tensor::Tensor,
};
use crate::graph::Graph;

pub(super) const OPS: &[(&str, Lower)] = &[("Concat", lower)];

pub(super) const LIMITS: &[(&str, &str)] = &[];

fn lower(node: &Node<'_>, graph: &mut Graph) -> Lowered {
    let first = node.input(0)?;
    let rank = first.shape.len();
    if !node.has("axis") {
        return Err(node.error("`axis` is missing"));
    }
    let axis = node.axis(node.int("axis", 0)?, rank)?;
    let parts = (0..node.inputs.len()).map(|i| node.input(i)).collect::<Result<Vec<_>, _>>()?;
    let mut shape = first.shape.clone();
    shape[axis] = 0;
    for t in &parts {
        let fits = t.shape.len() == rank && (0..rank).all(|i| i == axis || t.shape[i] == shape[i]);
        if !fits || t.kind != first.kind {
            return Err(node.error(format!("operands {:?} and {:?} do not fit", first.shape, t.shape)));
        }
        shape[axis] += t.shape[axis];
    }
    node.checked_len(&shape)?;
    let outer: usize = shape[..axis].iter().product();
    let block = |t: &Tensor| t.shape[axis..].iter().product::<usize>();
    if let Some(data) = parts.iter().map(|t| t.constants()).collect::<Option<Vec<_>>>() {
        let rows = (0..outer).flat_map(|o| {
            data.iter().zip(&parts).flat_map(move |(d, t)| d[o * block(t)..(o + 1) * block(t)].iter().copied())
        });
        return Ok(vec![Tensor::constant(first.kind, shape, rows.collect()).typed(first.dtype)]);
    }
    let lists: Vec<_> = parts.iter().map(|t| t.ids(graph)).collect();
    let mut ids = Vec::new();
    for o in 0..outer {
        for (list, t) in lists.iter().zip(&parts) {
            ids.extend_from_slice(&list[o * block(t)..(o + 1) * block(t)]);
        }
    }
    Ok(vec![Tensor::computed(graph, first.dtype, shape, ids)])
}
