//! MaxPool and GlobalMaxPool.

use std::collections::BTreeMap;

use super::{
    attributes::{Lower, Lowered, Node},
    order::first_maximum,
    parts::Parts,
    tensor::{ElementType, Tensor, strides},
    window::Window,
};
use crate::{CompileError, graph::Graph};

pub(super) const OPS: &[(&str, Lower)] = &[("GlobalMaxPool", global), ("MaxPool", lower)];

pub(super) const LIMITS: &[(&str, &str)] = &[];

fn lower(node: &Node<'_>, graph: &mut Graph) -> Lowered {
    let x = node.input(0)?;
    let window = Window::of_pool(node, &x.shape)?;
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
    let mut results = vec![Tensor::computed(graph, x.dtype, shape, ids)];
    if node.wants(1) {
        results.push(indices(node, graph, x, &window, &results[0].shape)?);
    }
    Ok(results)
}

/// The index, in the whole operand, of the first maximum of each window.
fn indices(
    node: &Node<'_>,
    graph: &mut Graph,
    x: &Tensor,
    window: &Window,
    shape: &[usize],
) -> Result<Tensor, CompileError> {
    let plane: usize = window.input.iter().product();
    let columns_first = node.int("storage_order", 0)? != 0;
    let all = strides(&window.input);
    // The number of an element of a plane, by rows or by columns.
    let number = |t: usize| -> usize {
        if !columns_first {
            return t;
        }
        let mut step = 1;
        let mut sum = 0;
        for (axis, &dim) in window.input.iter().enumerate() {
            sum += t / all[axis] % dim * step;
            step *= dim;
        }
        sum
    };
    let taps = window.taps();
    let len: usize = shape.iter().product();
    let ids = x.ids(graph);
    let zero = graph.constant(0.0);
    let mut out = vec![zero; len];
    let mut sizes: BTreeMap<usize, Vec<usize>> = BTreeMap::new();
    for i in 0..len {
        sizes.entry(taps[i % taps.len()].iter().flatten().count()).or_default().push(i);
    }
    for (size, places) in sizes {
        let window_of = |i: usize| -> Vec<usize> {
            taps[i % taps.len()].iter().flatten().map(|t| i / taps.len() * plane + t).collect()
        };
        let operands: Vec<_> = places.iter().flat_map(|&i| window_of(i)).map(|at| ids[at]).collect();
        let found = first_maximum(&mut Parts::new(node, graph), size, &operands, false);
        let number_of = |at: usize| (at / plane * plane + number(at % plane)) as f64;
        let numbers: Vec<f64> = places.iter().flat_map(|&i| window_of(i)).map(number_of).collect();
        // Σ bit · number, from the bit of each element.
        let mut parts = Parts::new(node, graph);
        let zeros = vec![0.0; numbers.len()];
        let chosen = parts.scaled("index.chosen", &found.bits, numbers, zeros);
        let total = parts.total("index.number", size, chosen);
        places.iter().zip(total).for_each(|(&i, v)| out[i] = v);
    }
    Ok(Tensor::computed(graph, ElementType::Int64, shape.to_vec(), out))
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
