//! Conv, in one or two spatial dimensions: a matrix applied at every output position.

use super::{
    attributes::{Lower, Lowered, Node},
    tensor::Tensor,
    window::Window,
};
use crate::graph::{Graph, ValueId};

pub(super) const OPS: &[(&str, Lower)] = &[("Conv", lower)];

pub(super) const LIMITS: &[(&str, &str)] = &[("Conv", "weights and bias constant")];

fn lower(node: &Node<'_>, graph: &mut Graph) -> Lowered {
    let x = node.float_input(0)?;
    let (w, weights) = node.constant(1, "the kernel")?.ok_or_else(|| node.error("the kernel is missing"))?;
    let rank = x.shape.len();
    if !(3..=4).contains(&rank) || w.shape.len() != rank {
        return Err(
            node.error(format!("operands of ranks {rank} and {}: only 1-D and 2-D are supported", w.shape.len()))
        );
    }
    let groups = usize::try_from(node.int("group", 1)?).unwrap_or(0);
    let (batch, channels, filters, depth) = (x.shape[0], x.shape[1], w.shape[0], w.shape[1]);
    if groups == 0 || filters % groups != 0 || depth.checked_mul(groups) != Some(channels) || filters * depth == 0 {
        return Err(node.error(format!("kernel {:?} and group={groups} do not fit {:?}", w.shape, x.shape)));
    }
    let kernel = w.shape[2..].to_vec();
    if node.ints("kernel_shape")?.is_some_and(|k| k.iter().map(|&d| d as usize).ne(kernel.iter().copied())) {
        return Err(node.error("kernel_shape differs from the kernel's shape"));
    }
    let bias = match node.constant(2, "the bias")? {
        Some((_, b)) if b.len() == filters => b.to_vec(),
        Some((_, b)) => return Err(node.error(format!("the bias has {} elements, expected {filters}", b.len()))),
        None => vec![0.0; filters],
    };
    let window = Window::new(node, &x.shape[2..], kernel)?;
    let (positions, size) = (window.positions(), window.size());
    let (rows, cols) = (depth * size, filters / groups);
    super::model::checked_len(&node.name, &[batch, groups, positions, rows])?;
    let mut shape = vec![batch, filters];
    shape.extend(&window.output);
    let plane: usize = window.input.iter().product();
    let taps = window.taps();
    let ids = x.ids(graph);
    let zero = graph.constant(0.0);
    let mut out = vec![zero; batch * filters * positions];
    for g in 0..groups {
        let name = if groups == 1 { node.name.clone() } else { format!("{}.{g}", node.name) };
        let site = graph.site(&name, "Conv", &[&[cols], window.output.as_slice()].concat());
        // Rows are ordered (channel, kernel position).
        let of = |k: usize, n: usize| weights[(g * cols + n) * rows + k];
        let matrix_weights = (0..rows * cols).map(|i| of(i / cols, i % cols)).collect();
        let matrix = graph.matrix(site, rows, matrix_weights, bias[g * cols..(g + 1) * cols].to_vec());
        for b in 0..batch {
            let mut operands: Vec<ValueId> = Vec::with_capacity(positions * rows);
            for tap in &taps {
                for c in 0..depth {
                    let start = (b * channels + g * depth + c) * plane;
                    operands.extend(tap.iter().map(|t| t.map_or(zero, |t| ids[start + t])));
                }
            }
            let grid = window.output.last().copied().unwrap_or(1);
            let y = graph.linear(matrix, grid, operands);
            for (i, v) in y.into_iter().enumerate() {
                out[(b * filters + g * cols + i % cols) * positions + i / cols] = v;
            }
        }
    }
    Ok(vec![Tensor::values(graph, shape, out)])
}
