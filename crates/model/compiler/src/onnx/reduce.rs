//! Reductions: ReduceSum, ReduceMean, ReduceMax, ReduceMin, ReduceProd, ReduceL1, ReduceL2, ReduceSumSquare,
//! ReduceLogSum and ReduceLogSumExp.

use super::{
    attributes::{Lower, Lowered, Node},
    parts::Parts,
    softmax::shifted,
    tensor::{Kind, Tensor, strides, walk},
};
use crate::{
    CompileError,
    function::Function,
    graph::{Graph, ValueId},
};

pub(super) const OPS: &[(&str, Lower)] = &[
    ("ReduceL1", |node, graph| lower(node, graph, 18, |v| v.iter().map(|v| v.abs()).sum(), l1)),
    ("ReduceL2", |node, graph| lower(node, graph, 18, |v| v.iter().map(|v| v * v).sum::<f64>().sqrt(), l2)),
    ("ReduceLogSum", |node, graph| lower(node, graph, 18, |v| v.iter().sum::<f64>().ln(), log_sum)),
    ("ReduceLogSumExp", |node, graph| lower(node, graph, 18, fold_log_sum_exp, log_sum_exp)),
    ("ReduceMax", |node, graph| lower(node, graph, 18, |v| v.iter().copied().fold(f64::NEG_INFINITY, f64::max), max)),
    ("ReduceMean", |node, graph| lower(node, graph, 18, |v| v.iter().sum::<f64>() / v.len() as f64, mean)),
    ("ReduceMin", |node, graph| lower(node, graph, 18, |v| v.iter().copied().fold(f64::INFINITY, f64::min), min)),
    ("ReduceProd", |node, graph| lower(node, graph, 18, |v| v.iter().product(), product)),
    ("ReduceSum", |node, graph| lower(node, graph, 13, |v| v.iter().sum(), |p, n, x| p.total("", n, x))),
    ("ReduceSumSquare", |node, graph| {
        lower(node, graph, 18, |v| v.iter().map(|v| v * v).sum(), |p, n, x| p.dot("", n, &x, &x))
    }),
];

pub(super) const LIMITS: &[(&str, &str)] = &[
    ("ReduceLogSum", "a sum that is positive"),
    ("ReduceMean", "floats"),
    ("ReduceMax", "of nothing: only for integers and truth values"),
    ("ReduceMin", "of nothing: only for integers and truth values"),
];

/// Reduces each `n` values to one.
type Reduce = fn(&mut Parts<'_, '_>, usize, Vec<ValueId>) -> Vec<ValueId>;

fn fold_log_sum_exp(v: &[f64]) -> f64 {
    let max = v.iter().copied().fold(f64::NEG_INFINITY, f64::max);
    max + v.iter().map(|v| (v - max).exp()).sum::<f64>().ln()
}

fn l1(parts: &mut Parts<'_, '_>, n: usize, x: Vec<ValueId>) -> Vec<ValueId> {
    let magnitudes = parts.abs("magnitude", &x);
    parts.total("", n, magnitudes)
}

fn l2(parts: &mut Parts<'_, '_>, n: usize, x: Vec<ValueId>) -> Vec<ValueId> {
    if n == 1 {
        return parts.abs("", &x);
    }
    let squares = parts.dot("square", n, &x, &x);
    parts.graph.bound_below(&squares, 0.0);
    parts.apply("", Function::Sqrt, &squares, false)
}

fn log_sum(parts: &mut Parts<'_, '_>, n: usize, x: Vec<ValueId>) -> Vec<ValueId> {
    let sums = parts.total("sum", n, x);
    parts.apply("", Function::Log, &sums, false)
}

fn log_sum_exp(parts: &mut Parts<'_, '_>, n: usize, x: Vec<ValueId>) -> Vec<ValueId> {
    if n == 1 {
        return x;
    }
    let shifted = shifted(parts, n, x);
    let log = parts.apply("log", Function::Log, &shifted.sums, false);
    parts.sum("", &shifted.max, 1.0, &log)
}

fn max(parts: &mut Parts<'_, '_>, n: usize, x: Vec<ValueId>) -> Vec<ValueId> {
    parts.max("", n, x)
}

fn min(parts: &mut Parts<'_, '_>, n: usize, x: Vec<ValueId>) -> Vec<ValueId> {
    if n == 1 {
        return x;
    }
    let negated = parts.affine("negated", &x, -1.0, 0.0);
    let largest = parts.max("max", n, negated);
    parts.affine("", &largest, -1.0, 0.0)
}

fn mean(parts: &mut Parts<'_, '_>, n: usize, x: Vec<ValueId>) -> Vec<ValueId> {
    if n == 1 { x } else { parts.linear("", n, vec![1.0 / n as f64; n], vec![0.0], x) }
}

/// A tree of products.
fn product(parts: &mut Parts<'_, '_>, mut n: usize, mut x: Vec<ValueId>) -> Vec<ValueId> {
    let mut level = 0;
    while n > 1 {
        let half = n / 2;
        let side = |odd: usize| -> Vec<ValueId> {
            x.chunks_exact(n).flat_map(|g| (0..half).map(move |i| g[2 * i + odd])).collect()
        };
        let name = if n == 2 { String::new() } else { format!("level{level}") };
        let pairs = parts.mul(&name, &side(0), &side(1));
        let last = |g: usize| (n % 2 == 1).then(|| x[(g + 1) * n - 1]);
        let groups = x.len() / n;
        x = (0..groups).flat_map(|g| pairs[g * half..(g + 1) * half].iter().copied().chain(last(g))).collect();
        (n, level) = (half + n % 2, level + 1);
    }
    x
}

/// Groups of elements that are reduced to one.
pub(super) struct Groups {
    /// Shape of the result.
    pub(super) shape: Vec<usize>,
    /// Elements of a group.
    pub(super) size: usize,
    /// Element numbers, group by group.
    pub(super) pick: Vec<usize>,
}

impl Groups {
    /// The groups along `axes`, which are in ascending order.
    pub(super) fn new(shape: &[usize], axes: &[usize], keep: bool) -> Self {
        let rank = shape.len();
        let kept = (0..rank).filter(|a| !axes.contains(a));
        let order: Vec<usize> = kept.chain(axes.iter().copied()).collect();
        let all = strides(shape);
        let dims: Vec<usize> = order.iter().map(|&a| shape[a]).collect();
        let steps: Vec<isize> = order.iter().map(|&a| all[a] as isize).collect();
        Self {
            shape: (0..rank)
                .filter(|a| keep || !axes.contains(a))
                .map(|a| if axes.contains(&a) { 1 } else { shape[a] })
                .collect(),
            size: axes.iter().map(|&a| shape[a]).product(),
            pick: walk(&dims, &steps, 0),
        }
    }
}

fn lower(node: &Node<'_>, graph: &mut Graph, since: i64, fold: fn(&[f64]) -> f64, reduce: Reduce) -> Lowered {
    let x = node.input(0)?;
    let rank = x.shape.len();
    let axes = node.axes_of(since)?.unwrap_or_default();
    // Without axes: over all, or each element alone.
    let alone = axes.is_empty() && node.int("noop_with_empty_axes", 0)? != 0;
    let axes = if axes.is_empty() && !alone { (0..rank).collect() } else { node.axes(&axes, rank)? };
    let groups = Groups::new(&x.shape, &axes, node.int("keepdims", 1)? != 0);
    let count: usize = groups.shape.iter().product();
    node.checked_len(&groups.shape)?;
    if x.len() == 0 {
        return empty(node, x, fold, groups.shape, count);
    }
    if let Some(c) = x.constants() {
        let group = |p: &[usize]| fold(&p.iter().map(|&i| c[i]).collect::<Vec<_>>());
        let data: Vec<f64> = groups.pick.chunks_exact(groups.size).map(group).collect();
        let data = if x.kind == Kind::Float { data } else { data.into_iter().map(f64::trunc).collect() };
        return Ok(vec![Tensor::constant(x.kind, groups.shape, data).typed(x.dtype)]);
    }
    let exact = ["ReduceSum", "ReduceMax", "ReduceMin", "ReduceProd", "ReduceL1", "ReduceSumSquare"];
    if x.kind != Kind::Float && !exact.contains(&node.proto.op_type.as_str()) {
        return Err(node.error("its operand is not a float tensor"));
    }
    let ids = x.ids(graph);
    let picked = groups.pick.iter().map(|&i| ids[i]).collect();
    let y = reduce(&mut Parts::new(node, graph), groups.size, picked);
    Ok(vec![Tensor::computed(graph, x.dtype, groups.shape, y)])
}

/// The reduction of nothing.
fn empty(
    node: &Node<'_>,
    x: &Tensor,
    fold: fn(&[f64]) -> f64,
    shape: Vec<usize>,
    count: usize,
) -> Result<Vec<Tensor>, CompileError> {
    let value = match (fold(&[]), x.dtype.integers()) {
        (v, _) if v.is_finite() => v,
        (v, Some((lo, hi))) if v.is_infinite() => v.clamp(lo, hi),
        (v, _) if count > 0 => return Err(node.error(format!("the reduction of nothing is {v}"))),
        _ => 0.0,
    };
    Ok(vec![Tensor::constant(x.kind, shape, vec![value; count]).typed(x.dtype)])
}
