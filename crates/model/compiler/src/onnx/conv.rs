//! Conv and ConvInteger, in any number of spatial dimensions: a matrix applied at every output position, or products where
//! the kernel is computed.

use super::{
    attributes::{Lower, Lowered, Node},
    steps::Steps,
    tensor::{ElementType, Tensor},
    window::Window,
};
use crate::{
    CompileError,
    graph::{Graph, ValueId},
};

pub(super) const OPS: &[(&str, Lower)] = &[("Conv", lower), ("ConvInteger", integer)];

pub(super) const LIMITS: &[(&str, &str)] = &[];

fn lower(node: &Node<'_>, graph: &mut Graph) -> Lowered {
    let (x, w) = (node.float_input(0)?, node.float_input(1)?);
    Ok(vec![convolve(node, graph, x, w, node.optional(2))?])
}

fn integer(node: &Node<'_>, graph: &mut Graph) -> Lowered {
    let mut steps = Steps::new(node, graph);
    let (x, w) = (steps.centred("x", 0, 2, None)?, steps.centred("w", 1, 3, Some(0))?);
    Ok(vec![convolve(node, graph, &x, &w, None)?.typed(ElementType::Int32)])
}

/// The convolution of x with a kernel, and a bias for each filter. Integers make integers.
pub(super) fn convolve(
    node: &Node<'_>,
    graph: &mut Graph,
    x: &Tensor,
    w: &Tensor,
    bias: Option<&Tensor>,
) -> Result<Tensor, CompileError> {
    let rank = x.shape.len();
    if rank < 3 || w.shape.len() != rank {
        return Err(node.error(format!("operands of ranks {rank} and {} do not fit", w.shape.len())));
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
    if let Some(b) = bias.filter(|b| b.len() != filters) {
        return Err(node.error(format!("the bias has {} elements, expected {filters}", b.len())));
    }
    let integer = x.dtype.is_integer() && w.dtype.is_integer();
    // A constant bias is part of the matrix.
    let fixed = w.constants().and(bias).and_then(Tensor::constants);
    let window = Window::new(node, &x.shape[2..], kernel)?;
    let (positions, size) = (window.positions(), window.size());
    let (rows, cols) = (depth * size, filters / groups);
    node.checked_len(&[batch, groups, positions, rows])?;
    let mut shape = vec![batch, filters];
    shape.extend(&window.output);
    node.checked_len(&shape)?;
    let plane: usize = window.input.iter().product();
    let taps = window.taps();
    let ids = x.ids(graph);
    let zero = graph.constant(0.0);
    let operands = |b: usize, g: usize| -> Vec<ValueId> {
        let mut operands = Vec::with_capacity(positions * rows);
        for tap in &taps {
            for c in 0..depth {
                let start = (b * channels + g * depth + c) * plane;
                operands.extend(tap.iter().map(|t| t.map_or(zero, |t| ids[start + t])));
            }
        }
        operands
    };
    let mut out = vec![zero; batch * filters * positions];
    for g in 0..groups {
        let matrix = w.constants().map(|weights| {
            let name = if groups == 1 { node.name.clone() } else { format!("{}.{g}", node.name) };
            let shape = [&[cols], window.output.as_slice()].concat();
            let site = graph.new_site(&name, "Conv", &shape, integer);
            // Rows are ordered (channel, kernel position).
            let of = |k: usize, n: usize| weights[(g * cols + n) * rows + k];
            let matrix_weights = (0..rows * cols).map(|i| of(i / cols, i % cols)).collect();
            let bias = fixed.map_or_else(|| vec![0.0; cols], |b| b[g * cols..(g + 1) * cols].to_vec());
            graph.matrix(site, rows, matrix_weights, bias)
        });
        for b in 0..batch {
            let x = operands(b, g);
            let y = if let Some(matrix) = matrix {
                graph.linear(matrix, window.output.last().copied().unwrap_or(1), x)
            } else {
                node.checked_len(&[batch, filters, positions, rows])?;
                let kernel = w.ids(graph);
                let left: Vec<ValueId> = x.chunks(rows).flat_map(|row| row.repeat(cols)).collect();
                let right = kernel[g * cols * rows..(g + 1) * cols * rows].repeat(positions);
                Steps::new(node, graph).dots("", "Conv", &left, &right, rows, 1.0)
            };
            for (i, v) in y.into_iter().enumerate() {
                out[(b * filters + g * cols + i % cols) * positions + i / cols] = v;
            }
        }
    }
    let dtype = if integer { x.dtype } else { ElementType::Float32 };
    let y = Tensor::computed(graph, dtype, shape, out);
    match bias.filter(|_| fixed.is_none()) {
        None => Ok(y),
        Some(bias) => {
            let mut wide = vec![1; rank];
            wide[1] = filters;
            Steps::new(node, graph).add("bias", &y, 1.0, &bias.reshaped(wide))
        }
    }
}
