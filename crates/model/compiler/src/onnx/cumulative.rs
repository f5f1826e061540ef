//! CumSum and CumProd.

use super::{
    attributes::{Lower, Lowered, Node},
    parts::Parts,
    softmax::along,
    tensor::Tensor,
};
use crate::graph::{Graph, ValueId};

pub(super) const OPS: &[(&str, Lower)] =
    &[("CumProd", |node, graph| lower(node, graph, true)), ("CumSum", |node, graph| lower(node, graph, false))];

pub(super) const LIMITS: &[(&str, &str)] = &[("CumProd", "axis constant"), ("CumSum", "axis constant")];

/// Sums over more values than this are made one from the other.
const MATRIX: usize = 64;

fn lower(node: &Node<'_>, graph: &mut Graph, product: bool) -> Lowered {
    let x = node.input(0)?;
    let axis = match node.int_list(1, "the axis")?.as_deref() {
        Some([axis]) => node.axis(*axis, x.shape.len())?,
        _ => return Err(node.error("the axis is not one integer")),
    };
    let (exclusive, reverse) = (node.int("exclusive", 0)? != 0, node.int("reverse", 0)? != 0);
    if x.len() == 0 {
        return Ok(vec![x.clone()]);
    }
    let y = along(node, graph, x, axis, |parts, n, x| {
        let rows: Vec<Vec<ValueId>> = x.chunks_exact(n).map(|r| order(r, reverse)).collect();
        let rows = if product { products(parts, &rows, exclusive) } else { sums(parts, &rows, exclusive) };
        rows.iter().flat_map(|r| order(r, reverse)).collect()
    })?;
    Ok(vec![Tensor::computed(graph, x.dtype, x.shape.clone(), y)])
}

fn order(row: &[ValueId], reverse: bool) -> Vec<ValueId> {
    if reverse { row.iter().rev().copied().collect() } else { row.to_vec() }
}

fn sums(parts: &mut Parts<'_, '_>, rows: &[Vec<ValueId>], exclusive: bool) -> Vec<Vec<ValueId>> {
    let n = rows.first().map_or(0, Vec::len);
    if n > MATRIX {
        return steps(rows, exclusive, parts.graph.constant(0.0), |i, a, b| parts.sum(&format!("sum{i}"), a, 1.0, b));
    }
    // Row k of the matrix adds value k to all sums from it on.
    let weights = (0..n * n).map(|i| (i / n, i % n)).map(|(k, j)| f64::from(u8::from(k < j || k == j && !exclusive)));
    let y = parts.linear("", n, weights.collect(), vec![0.0; n], rows.concat());
    y.chunks_exact(n).map(<[_]>::to_vec).collect()
}

fn products(parts: &mut Parts<'_, '_>, rows: &[Vec<ValueId>], exclusive: bool) -> Vec<Vec<ValueId>> {
    steps(rows, exclusive, parts.graph.constant(1.0), |i, a, b| parts.mul(&format!("product{i}"), a, b))
}

/// Running results: each from the one before and the next value.
fn steps(
    rows: &[Vec<ValueId>],
    exclusive: bool,
    neutral: ValueId,
    mut combine: impl FnMut(usize, &[ValueId], &[ValueId]) -> Vec<ValueId>,
) -> Vec<Vec<ValueId>> {
    let n = rows.first().map_or(0, Vec::len);
    let column = |i: usize| rows.iter().map(|r| r[i]).collect::<Vec<_>>();
    let mut results = vec![vec![neutral; rows.len()]];
    for i in 0..n {
        let next = if i == 0 { column(0) } else { combine(i, &results[i], &column(i)) };
        results.push(next);
    }
    let skip = usize::from(!exclusive);
    (0..rows.len()).map(|r| (0..n).map(|i| results[i + skip][r]).collect()).collect()
}
