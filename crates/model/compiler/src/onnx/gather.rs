//! Gather, GatherElements, GatherND. With constant indices elements are rearranged. Computed ones select rows of a constant
//! operand; with another operand they become one-hot vectors, whose products with it cost the length of the axis for each
//! element of the result.

use super::{
    attributes::{Lower, Lowered, Node},
    one_hot::constant_indices,
    steps::Steps,
    tensor::{Kind, Tensor, strides},
};
use crate::{
    CompileError,
    graph::{Graph, HUGE, ValueId},
};

pub(super) const OPS: &[(&str, Lower)] = &[("Gather", gather), ("GatherElements", elements), ("GatherND", nd)];

pub(super) const LIMITS: &[(&str, &str)] =
    &[("Gather", "computed indices into many constant elements are not negative")];

/// Vectors with a one at the index that have so few elements together are cheaper than a lane of lookups.
const FEW: usize = 8192;

/// Negative indices into more constant elements than this are refused: a table would have a row for each.
const WRAPPED: usize = 256;

fn indices<'a>(node: &'a Node<'_>) -> Result<&'a Tensor, CompileError> {
    let t = node.input(1)?;
    if t.kind == Kind::Int { Ok(t) } else { Err(node.error("indices are not integers")) }
}

fn gather(node: &Node<'_>, graph: &mut Graph) -> Lowered {
    let x = node.input(0)?;
    let axis = node.axis(node.int("axis", 0)?, x.shape.len())?;
    let indices = indices(node)?;
    Ok(vec![take(node, graph, x, indices, axis)?])
}

/// The operand's slices at some indices along an axis.
pub(super) fn take(
    node: &Node<'_>,
    graph: &mut Graph,
    x: &Tensor,
    indices: &Tensor,
    axis: usize,
) -> Result<Tensor, CompileError> {
    let dim = x.shape[axis];
    let mut shape = x.shape[..axis].to_vec();
    shape.extend(&indices.shape);
    shape.extend(&x.shape[axis + 1..]);
    node.checked_len(&shape)?;
    let outer: usize = x.shape[..axis].iter().product();
    let inner: usize = x.shape[axis + 1..].iter().product();
    if let Some(data) = indices.constants() {
        let chosen = constant_indices(node, data, dim)?;
        let mut pick = Vec::with_capacity(outer * chosen.len() * inner);
        for o in 0..outer {
            for &i in &chosen {
                let start = (o * dim + i) * inner;
                pick.extend(start..start + inner);
            }
        }
        return Ok(x.pick(shape, &pick));
    }
    if dim == 0 {
        return Err(node.error("an axis without elements has no index"));
    }
    let mut steps = Steps::new(node, graph);
    let n = indices.len();
    // [dim, outer · inner]: what each index takes.
    let columns = outer * inner;
    let back: Vec<usize> = (0..outer)
        .flat_map(|o| (0..n).flat_map(move |i| (0..inner).map(move |j| i * columns + o * inner + j)))
        .collect();
    let pick =
        (0..dim).flat_map(|k| (0..columns).map(move |i| (i / inner.max(1) * dim + k) * inner + i % inner.max(1)));
    if let Some(data) = x.constants().filter(|data| n * dim > FEW && columns > 0 && data.iter().all(|v| v.abs() < HUGE))
    {
        let rows: Vec<f64> = pick.map(|i| data[i]).collect();
        let index = if dim > WRAPPED { steps.index(indices, dim) } else { steps.wrapped("index", indices, dim) };
        let site = steps.site("", "Gather", &shape, x.dtype.is_integer());
        let matrix = steps.graph.matrix(site, dim, rows, vec![0.0; columns]);
        let ids = index.ids(steps.graph);
        let y = steps.graph.select(matrix, ids);
        return Ok(Tensor::computed(steps.graph, x.dtype, vec![n, columns], y).pick(shape, &back));
    }
    let wrapped = steps.wrapped("index", indices, dim);
    let hot = steps.one_hot("hot", &wrapped.reshaped(vec![n]), dim)?;
    let pick: Vec<usize> = pick.collect();
    let table = x.pick(vec![dim, columns], &pick);
    let y = steps.products(&hot.reshaped(vec![1, n, dim]), &table.reshaped(vec![1, dim, outer * inner]), 1.0)?;
    // Each result is one of what it was taken from.
    let (ids, from) = (y.ids(steps.graph), table.ids(steps.graph));
    for c in 0..columns {
        let of: Vec<ValueId> = (0..dim).map(|k| from[k * columns + c]).collect();
        let own: Vec<ValueId> = (0..n).map(|i| ids[i * columns + c]).collect();
        steps.graph.among(&own, &of);
    }
    Ok(y.pick(shape, &back).typed(x.dtype))
}

fn elements(node: &Node<'_>, graph: &mut Graph) -> Lowered {
    let (x, indices) = (node.input(0)?, indices(node)?);
    let rank = x.shape.len();
    let axis = node.axis(node.int("axis", 0)?, rank)?;
    let fits = indices.shape.len() == rank && (0..rank).all(|i| i == axis || indices.shape[i] <= x.shape[i]);
    if !fits {
        return Err(node.error(format!("indices {:?} do not fit {:?}", indices.shape, x.shape)));
    }
    let (own, new) = (strides(&x.shape), strides(&indices.shape));
    let dim = x.shape[axis];
    // Where along the axis the element for a place of the indices begins.
    let base =
        |i: usize| -> usize { (0..rank).filter(|&a| a != axis).map(|a| i / new[a] % indices.shape[a] * own[a]).sum() };
    if let Some(data) = indices.constants() {
        let chosen = constant_indices(node, data, dim)?;
        let pick: Vec<usize> = chosen.iter().enumerate().map(|(i, &k)| base(i) + k * own[axis]).collect();
        return Ok(vec![x.pick(indices.shape.clone(), &pick)]);
    }
    if dim == 0 {
        return Err(node.error("an axis without elements has no index"));
    }
    let n = indices.len();
    node.checked_len(&[n, dim])?;
    let mut steps = Steps::new(node, graph);
    let wrapped = steps.wrapped("index", indices, dim);
    let hot = steps.one_hot("hot", &wrapped, dim)?.ids(steps.graph);
    let ids = x.ids(steps.graph);
    let right: Vec<ValueId> =
        (0..n).flat_map(|i| (0..dim).map(move |k| (i, k))).map(|(i, k)| ids[base(i) + k * own[axis]]).collect();
    let y = steps.dots("", "GatherElements", &hot, &right, dim, 1.0);
    y.iter().zip(right.chunks_exact(dim)).for_each(|(&v, of)| steps.graph.among(&[v], of));
    Ok(vec![Tensor::computed(steps.graph, x.dtype, indices.shape.clone(), y)])
}

/// Lists of indices along the last axis of `indices`, into the axes of `dims`, as flat indices.
pub(super) fn flat_indices(
    node: &Node<'_>,
    graph: &mut Graph,
    indices: &Tensor,
    dims: &[usize],
) -> Result<Tensor, CompileError> {
    let (q, all) = (dims.len(), strides(dims));
    let n = indices.len().checked_div(q).unwrap_or(0);
    node.checked_len(dims)?;
    if let Some(data) = indices.constants() {
        let flat = |list: &[f64]| {
            let each = list.iter().zip(dims).map(|(v, &d)| constant_indices(node, &[*v], d).map(|i| i[0]));
            each.zip(&all).map(|(i, s)| i.map(|i| (i * s) as f64)).sum::<Result<f64, _>>()
        };
        let data = if q == 0 { vec![] } else { data.chunks_exact(q).map(flat).collect::<Result<Vec<_>, _>>()? };
        return Ok(Tensor::constant(Kind::Int, vec![n], data));
    }
    let mut steps = Steps::new(node, graph);
    let mut sum: Option<Tensor> = None;
    for (a, (&dim, &stride)) in dims.iter().zip(&all).enumerate() {
        if dim == 0 {
            return Err(node.error("an axis without elements has no index"));
        }
        let pick: Vec<usize> = (0..n).map(|i| i * q + a).collect();
        let own = steps.wrapped(&format!("index{a}"), &indices.pick(vec![n], &pick), dim);
        let own = steps.line(&format!("offset{a}"), &own, stride as f64, 0.0);
        sum = Some(match sum {
            None => own,
            Some(sum) => steps.add(&format!("flat{a}"), &sum, 1.0, &own)?,
        });
    }
    sum.ok_or_else(|| node.error("indices have no elements"))
}

fn nd(node: &Node<'_>, graph: &mut Graph) -> Lowered {
    let (x, indices) = (node.input(0)?, indices(node)?);
    let batch = usize::try_from(node.int("batch_dims", 0)?).unwrap_or(usize::MAX);
    let (r, q) = (x.shape.len(), indices.shape.last().copied().unwrap_or(0));
    let leads = indices.shape.len().checked_sub(1).is_some_and(|lead| batch <= lead) && batch < r.max(1);
    if !leads || q == 0 || batch.saturating_add(q) > r || x.shape[..batch] != indices.shape[..batch] {
        return Err(node.error(format!("indices {:?} do not fit {:?}", indices.shape, x.shape)));
    }
    let dims = &x.shape[batch..batch + q];
    let items: usize = x.shape[..batch].iter().product();
    let inner: usize = x.shape[batch + q..].iter().product();
    let mut shape = indices.shape[..indices.shape.len() - 1].to_vec();
    let each: usize = shape[batch..].iter().product();
    shape.extend(&x.shape[batch + q..]);
    node.checked_len(&shape)?;
    let table: usize = dims.iter().product();
    let flat = flat_indices(node, graph, indices, dims)?;
    if let Some(data) = flat.constants() {
        let mut pick = Vec::with_capacity(items * each * inner);
        for (i, &at) in data.iter().enumerate() {
            let start = (i / each.max(1) * table + at as usize) * inner;
            pick.extend(start..start + inner);
        }
        return Ok(vec![x.pick(shape, &pick)]);
    }
    let mut steps = Steps::new(node, graph);
    let hot = steps.one_hot("hot", &flat, table)?.reshaped(vec![items, each, table]);
    let y = steps.products(&hot, &x.reshaped(vec![items, table, inner]), 1.0)?;
    Ok(vec![y.reshaped(shape).typed(x.dtype)])
}
