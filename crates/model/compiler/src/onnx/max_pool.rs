//! MaxPool and GlobalMaxPool.

use super::{
    attributes::{Lower, Lowered, Node},
    tensor::Tensor,
    window::Window,
};
use crate::{CompileError, graph::Graph};

pub(super) const OPS: &[(&str, Lower)] = &[("GlobalMaxPool", global), ("MaxPool", lower)];

pub(super) const LIMITS: &[(&str, &str)] = &[];

/// The kernel of a pool.
pub(super) fn kernel(node: &Node<'_>) -> Result<Vec<usize>, CompileError> {
    let kernel = node.ints("kernel_shape")?.ok_or_else(|| node.error("`kernel_shape` is missing"))?;
    Ok(kernel.iter().map(|&k| usize::try_from(k).unwrap_or(0)).collect())
}

fn lower(node: &Node<'_>, graph: &mut Graph) -> Lowered {
    let x = node.input(0)?;
    if x.shape.len() < 3 {
        return Err(node.error("its operand has no spatial dimensions"));
    }
    let window = Window::new(node, &x.shape[2..], kernel(node)?)?;
    let planes: usize = x.shape[..2].iter().product();
    let plane: usize = window.input.iter().product();
    let mut shape = x.shape[..2].to_vec();
    shape.extend(&window.output);
    let taps = window.taps();
    let ids = x.ids(graph);
    let site = graph.new_site(&node.name, "MaxPool", &shape, x.dtype.is_integer());
    let mut out = vec![None; planes * taps.len()];
    // Windows at the border are smaller: one operation for each size.
    let mut sizes: Vec<usize> = taps.iter().map(|t| t.iter().flatten().count()).collect();
    let of_position = sizes.clone();
    sizes.sort_unstable();
    sizes.dedup();
    for size in sizes {
        if size == 0 {
            return Err(node.error("a window lies in the padding as a whole"));
        }
        let places: Vec<usize> = (0..out.len()).filter(|i| of_position[i % taps.len()] == size).collect();
        let operands = places
            .iter()
            .flat_map(|i| {
                taps[i % taps.len()].iter().flatten().map(|t| ids[i / taps.len() * plane + t]).collect::<Vec<_>>()
            })
            .collect();
        let results = graph.max(site, size, operands);
        places.iter().zip(results).for_each(|(&i, v)| out[i] = Some(v));
    }
    let ids = out.into_iter().flatten().collect();
    let results = vec![Tensor::computed(graph, x.dtype, shape, ids)];
    if node.wants(1) {
        return Err(node.error("the indices output is not supported"));
    }
    Ok(results)
}

fn global(node: &Node<'_>, graph: &mut Graph) -> Lowered {
    let x = node.input(0)?;
    if x.shape.len() < 3 || x.len() == 0 {
        return Err(node.error("its operand has no spatial dimensions"));
    }
    let mut shape = vec![1; x.shape.len()];
    shape[..2].copy_from_slice(&x.shape[..2]);
    let site = graph.new_site(&node.name, "GlobalMaxPool", &shape, x.dtype.is_integer());
    let ids = x.ids(graph);
    let y = graph.max(site, x.len() / (shape[0] * shape[1]), ids);
    Ok(vec![Tensor::computed(graph, x.dtype, shape, y)])
}
