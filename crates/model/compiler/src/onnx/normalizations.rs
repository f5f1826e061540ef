//! LayerNormalization, RMSNormalization, GroupNormalization, InstanceNormalization, LpNormalization,
//! MeanVarianceNormalization.
//!
//! Values that are divided by their own root mean square are at most √n, whatever the operand is. That bound is
//! recorded, so that ranges do not grow from block to block.

use super::{
    attributes::{Lower, Lowered, Node},
    steps::{Steps, inverse, permuted},
    tensor::Tensor,
};
use crate::{CompileError, function::Function, graph::Graph};

pub(super) const OPS: &[(&str, Lower)] = &[
    ("GroupNormalization", group),
    ("InstanceNormalization", instance),
    ("LayerNormalization", layer),
    ("LpNormalization", lp),
    ("MeanVarianceNormalization", mean_variance),
    ("RMSNormalization", rms),
];

pub(super) const LIMITS: &[(&str, &str)] = &[("LpNormalization", "p is 1 or 2")];

/// Rows of a tensor, normalized.
struct Normalized {
    /// \[rows, n\]
    y: Tensor,
    /// \[rows, 1\]; `None` where values are not centred.
    mean: Option<Tensor>,
    /// 1 / √(variance + epsilon), \[rows, 1\]
    inverse: Tensor,
}

/// Each row of x \[rows, n\], centred if that is wanted, divided by √(mean square + epsilon).
fn normalize(steps: &mut Steps<'_>, x: &Tensor, epsilon: f64, centred: bool) -> Result<Normalized, CompileError> {
    let &[_, n] = x.shape.as_slice() else { return Err(steps.node.error("its operand is not made of rows")) };
    if x.len() == 0 {
        return Err(steps.node.error("its operand is empty"));
    }
    let part = 1.0 / n as f64;
    let (mean, difference) = if centred {
        let mean = steps.sum_last("mean", x, part, 0.0)?;
        let difference = steps.add("difference", x, -1.0, &mean)?;
        (Some(mean), difference)
    } else {
        (None, x.clone())
    };
    let squares = steps.mul("squares", &difference, &difference)?;
    let variance = steps.sum_last("variance", &squares, part, epsilon)?;
    let root = steps.apply("root", Function::Sqrt, &variance);
    let inverse = steps.apply("reciprocal", Function::Reciprocal, &root);
    let y = steps.mul("normalized", &difference, &inverse)?;
    bound(steps, &y, (n as f64).sqrt());
    Ok(Normalized { y, mean, inverse })
}

/// Records that values lie in \[−limit, limit\] by construction.
fn bound(steps: &mut Steps<'_>, t: &Tensor, limit: f64) {
    let ids = t.ids(steps.graph);
    let open: Vec<_> = ids.into_iter().filter(|&v| steps.graph.constant_of(v).is_none()).collect();
    steps.graph.bound_above(&open, limit);
    steps.graph.bound_below(&open, -limit);
}

/// x · scale + bias, both broadcast; either may be missing.
fn scaled(
    steps: &mut Steps<'_>,
    x: &Tensor,
    scale: Option<&Tensor>,
    bias: Option<&Tensor>,
) -> Result<Tensor, CompileError> {
    let shape = x.shape.clone();
    let y = match scale {
        Some(scale) => steps.mul(if bias.is_some() { "scaled" } else { "" }, x, scale)?,
        None => x.clone(),
    };
    let y = match bias {
        Some(bias) => steps.add("", &y, 1.0, bias)?,
        None => y,
    };
    if y.shape == shape { Ok(y) } else { Err(steps.node.error("scale or bias do not fit the operand")) }
}

fn layer(node: &Node<'_>, graph: &mut Graph) -> Lowered {
    let x = node.float_input(0)?;
    let axis = node.axis(node.int("axis", -1)?, x.shape.len())?;
    let epsilon = node.float("epsilon", f64::from(1e-5f32))?;
    let (outer, inner) = (x.shape[..axis].iter().product(), x.shape[axis..].iter().product());
    let mut steps = Steps::new(node, graph);
    let result = normalize(&mut steps, &x.reshaped(vec![outer, inner]), epsilon, true)?;
    let y = scaled(&mut steps, &result.y.reshaped(x.shape.clone()), node.optional(1), node.optional(2))?;
    let mut reduced = x.shape.clone();
    reduced[axis..].fill(1);
    let mean = result.mean.map(|m| m.reshaped(reduced.clone()));
    Ok([Some(y), mean, Some(result.inverse.reshaped(reduced))].into_iter().flatten().collect())
}

fn rms(node: &Node<'_>, graph: &mut Graph) -> Lowered {
    let x = node.float_input(0)?;
    let axis = node.axis(node.int("axis", -1)?, x.shape.len())?;
    let epsilon = node.float("epsilon", f64::from(1e-5f32))?;
    let (outer, inner) = (x.shape[..axis].iter().product(), x.shape[axis..].iter().product());
    let mut steps = Steps::new(node, graph);
    let result = normalize(&mut steps, &x.reshaped(vec![outer, inner]), epsilon, false)?;
    Ok(vec![scaled(&mut steps, &result.y.reshaped(x.shape.clone()), node.optional(1), None)?])
}

fn channels<'a>(node: &'a Node<'_>) -> Result<(&'a Tensor, usize), CompileError> {
    let x = node.float_input(0)?;
    if x.shape.len() < 2 || x.len() == 0 {
        return Err(node.error("its operand has no channels"));
    }
    Ok((x, x.shape[1]))
}

/// A list with one element for each channel, as \[1, channels, 1, …\]. `repeat` elements share one.
fn per_channel(node: &Node<'_>, i: usize, channels: usize, rank: usize) -> Result<Tensor, CompileError> {
    let t = node.float_input(i)?;
    if t.len() == 0 || !channels.is_multiple_of(t.len()) {
        return Err(node.error(format!("operand {i} has {} elements for {channels} channels", t.len())));
    }
    let each = channels / t.len();
    let pick: Vec<usize> = (0..channels).map(|c| c / each).collect();
    let mut shape = vec![1; rank];
    shape[1] = channels;
    Ok(t.pick(shape, &pick))
}

fn group(node: &Node<'_>, graph: &mut Graph) -> Lowered {
    let (x, c) = channels(node)?;
    let groups = usize::try_from(node.int("num_groups", 0)?).ok().filter(|&g| g > 0 && c.is_multiple_of(g));
    let groups = groups.ok_or_else(|| node.error(format!("num_groups does not divide {c} channels")))?;
    grouped(node, graph, x, groups)
}

fn instance(node: &Node<'_>, graph: &mut Graph) -> Lowered {
    let (x, c) = channels(node)?;
    grouped(node, graph, x, c)
}

fn grouped(node: &Node<'_>, graph: &mut Graph, x: &Tensor, groups: usize) -> Lowered {
    let (rank, c) = (x.shape.len(), x.shape[1]);
    let epsilon = node.float("epsilon", f64::from(1e-5f32))?;
    let rows = x.shape[0] * groups;
    let (scale, bias) = (per_channel(node, 1, c, rank)?, per_channel(node, 2, c, rank)?);
    let mut steps = Steps::new(node, graph);
    let result = normalize(&mut steps, &x.reshaped(vec![rows, x.len() / rows]), epsilon, true)?;
    Ok(vec![scaled(&mut steps, &result.y.reshaped(x.shape.clone()), Some(&scale), Some(&bias))?])
}

/// The tensor with `axes` last, as rows along them, and the order of its axes.
fn rows_over(x: &Tensor, axes: &[usize]) -> (Tensor, Vec<usize>) {
    let kept = (0..x.shape.len()).filter(|a| !axes.contains(a));
    let order: Vec<usize> = kept.chain(axes.iter().copied()).collect();
    let n: usize = axes.iter().map(|&a| x.shape[a]).product();
    (permuted(x, &order).reshaped(vec![x.len() / n.max(1), n]), order)
}

/// Undoes [`rows_over`].
fn from_rows(rows: &Tensor, shape: &[usize], order: &[usize]) -> Tensor {
    let moved = order.iter().map(|&a| shape[a]).collect();
    permuted(&rows.reshaped(moved), &inverse(order))
}

fn mean_variance(node: &Node<'_>, graph: &mut Graph) -> Lowered {
    let x = node.float_input(0)?;
    let axes = node.axes(&node.ints("axes")?.unwrap_or_else(|| vec![0, 2, 3]), x.shape.len())?;
    if x.len() == 0 {
        return Err(node.error("its operand is empty"));
    }
    let (rows, order) = rows_over(x, &axes);
    // The standard's (x − mean) / (√variance + 1e-9) differs from this only where the variance is near 1e-9.
    let result = normalize(&mut Steps::new(node, graph), &rows, 1e-9, true)?;
    Ok(vec![from_rows(&result.y, &x.shape, &order)])
}

fn lp(node: &Node<'_>, graph: &mut Graph) -> Lowered {
    let x = node.float_input(0)?;
    let axis = node.axis(node.int("axis", -1)?, x.shape.len())?;
    if x.len() == 0 {
        return Err(node.error("its operand is empty"));
    }
    let (rows, order) = rows_over(x, &[axis]);
    let mut steps = Steps::new(node, graph);
    let norm = match node.int("p", 2)? {
        1 => {
            let sizes = steps.apply("sizes", Function::Abs, &rows);
            steps.sum_last("norm", &sizes, 1.0, 0.0)?
        }
        2 => {
            let squares = steps.mul("squares", &rows, &rows)?;
            let sum = steps.sum_last("sum", &squares, 1.0, 0.0)?;
            steps.apply("norm", Function::Sqrt, &sum)
        }
        p => return Err(node.error(format!("p={p} is not supported"))),
    };
    let reciprocal = steps.apply("reciprocal", Function::Reciprocal, &norm);
    let y = steps.mul("", &rows, &reciprocal)?;
    bound(&mut steps, &y, 1.0);
    Ok(vec![from_rows(&y, &x.shape, &order)])
}
