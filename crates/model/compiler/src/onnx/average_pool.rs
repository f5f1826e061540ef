//! AveragePool and GlobalAveragePool.

use super::{
    attributes::{Lower, Lowered, Node},
    tensor::Tensor,
    window::Window,
};
use crate::graph::Graph;

pub(super) const OPS: &[(&str, Lower)] = &[("AveragePool", lower), ("GlobalAveragePool", global)];

pub(super) const LIMITS: &[(&str, &str)] = &[];

fn lower(node: &Node<'_>, graph: &mut Graph) -> Lowered {
    let x = node.float_input(0)?;
    let window = Window::of_pool(node, &x.shape)?;
    let planes: usize = x.shape[..2].iter().product();
    let plane: usize = window.input.iter().product();
    let mut shape = x.shape[..2].to_vec();
    shape.extend(&window.output);
    let taps = window.taps();
    let divisors: Vec<usize> = if node.int("count_include_pad", 0)? != 0 {
        window.padded_counts()
    } else {
        taps.iter().map(|t| t.iter().flatten().count()).collect()
    };
    let ids = x.ids(graph);
    let zero = graph.constant(0.0);
    let mut out = vec![None; planes * taps.len()];
    // Windows at the border may divide by less: one matrix for each divisor.
    let mut kinds = divisors.clone();
    kinds.sort_unstable();
    kinds.dedup();
    for divisor in kinds {
        if divisor == 0 {
            return Err(node.error("a window lies in the padding as a whole"));
        }
        let site = graph.site(&node.name, "AveragePool", &shape);
        let matrix = graph.matrix(site, window.size(), vec![1.0 / divisor as f64; window.size()], vec![0.0]);
        let places: Vec<usize> = (0..out.len()).filter(|i| divisors[i % taps.len()] == divisor).collect();
        let mut operands = Vec::with_capacity(places.len() * window.size());
        for i in &places {
            let start = i / taps.len() * plane;
            operands.extend(taps[i % taps.len()].iter().map(|t| t.map_or(zero, |t| ids[start + t])));
        }
        let results = graph.linear(matrix, places.len(), operands);
        places.iter().zip(results).for_each(|(&i, v)| out[i] = Some(v));
    }
    let ids = out.into_iter().flatten().collect();
    Ok(vec![Tensor::values(graph, shape, ids)])
}

fn global(node: &Node<'_>, graph: &mut Graph) -> Lowered {
    let x = node.float_input(0)?;
    if x.shape.len() < 3 {
        return Err(node.error("its operand has no spatial dimensions"));
    }
    let mut shape = vec![1; x.shape.len()];
    shape[..2].copy_from_slice(&x.shape[..2]);
    let size: usize = x.shape[2..].iter().product();
    if size == 0 {
        return Err(node.error("its operand is empty"));
    }
    let site = graph.site(&node.name, "GlobalAveragePool", &shape);
    let matrix = graph.matrix(site, size, vec![1.0 / size as f64; size], vec![0.0]);
    let ids = x.ids(graph);
    let y = graph.linear(matrix, 1, ids);
    Ok(vec![Tensor::values(graph, shape, y)])
}
