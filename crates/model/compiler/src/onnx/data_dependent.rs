//! Compress, NonZero and Unique, whose results have shapes that depend on values: what decides the shape is constant.

use std::collections::BTreeMap;

use super::{
    attributes::{Lower, Lowered, Node},
    steps::permuted,
    tensor::{Kind, Tensor, strides},
};

pub(super) const OPS: &[(&str, Lower)] = &[
    ("Compress", |node, _| compress(node)),
    ("NonZero", |node, _| non_zero(node)),
    ("Unique", |node, _| unique(node)),
];

pub(super) const LIMITS: &[(&str, &str)] = &[
    ("Compress", "the condition is constant"),
    ("NonZero", "the operand is constant"),
    ("Unique", "the operand is constant"),
];

fn compress(node: &Node<'_>) -> Lowered {
    let x = node.input(0)?;
    let (_, condition) = node.constant(1, "the condition")?.ok_or_else(|| node.error("operand 1 is missing"))?;
    let (view, axis) = if node.has("axis") {
        (x.clone(), node.axis(node.int("axis", 0)?, x.shape.len())?)
    } else {
        (x.reshaped(vec![x.len()]), 0)
    };
    let dim = view.shape[axis];
    if condition.len() > dim {
        return Err(node.error(format!("{} conditions for {dim} slices", condition.len())));
    }
    let kept: Vec<usize> = (0..condition.len()).filter(|&i| condition[i] != 0.0).collect();
    let inner: usize = view.shape[axis + 1..].iter().product();
    let outer: usize = view.shape[..axis].iter().product();
    let mut shape = view.shape.clone();
    shape[axis] = kept.len();
    let pick: Vec<usize> = (0..outer)
        .flat_map(|o| kept.iter().flat_map(move |k| (0..inner).map(move |i| (o * dim + k) * inner + i)))
        .collect();
    Ok(vec![view.pick(shape, &pick)])
}

/// The indices of the elements that are not zero; their number is the result's shape, so they must be constant.
fn non_zero(node: &Node<'_>) -> Lowered {
    let (x, data) = node.constant(0, "the operand")?.ok_or_else(|| node.error("operand 0 is missing"))?;
    // A scalar counts as a list of one.
    let shape = if x.shape.is_empty() { vec![1] } else { x.shape.clone() };
    let all = strides(&shape);
    let places: Vec<usize> = (0..data.len()).filter(|&i| data[i] != 0.0).collect();
    let index = |axis: usize| places.iter().map(move |p| (axis, *p));
    let indices = (0..shape.len()).flat_map(index).map(|(a, p)| (p / all[a] % shape[a]) as f64).collect();
    Ok(vec![Tensor::constant(Kind::Int, vec![shape.len(), places.len()], indices)])
}

/// Different slices, the first place of each, for each slice its number, and how often each occurs.
fn unique(node: &Node<'_>) -> Lowered {
    let (x, _) = node.constant(0, "the operand")?.ok_or_else(|| node.error("operand 0 is missing"))?;
    let axis = if node.has("axis") { Some(node.axis(node.int("axis", 0)?, x.shape.len())?) } else { None };
    let sorted = node.int("sorted", 1)? != 0;
    // Slices as rows.
    let mut order: Vec<usize> = (0..x.shape.len()).collect();
    let rows = match axis {
        Some(axis) => {
            order.remove(axis);
            order.insert(0, axis);
            permuted(x, &order)
        }
        None => x.reshaped(vec![x.len()]),
    };
    let n = rows.shape[0];
    let width = rows.len().checked_div(n).unwrap_or(0);
    let data = rows.constants().unwrap_or_default();
    let key = |i: usize| -> Vec<u64> {
        // Bits in the order of the numbers.
        let ordered = |v: &f64| {
            let bits = if *v == 0.0 { 0 } else { v.to_bits() };
            if bits >> 63 == 1 { !bits } else { bits | 1 << 63 }
        };
        data[i * width..(i + 1) * width].iter().map(ordered).collect()
    };
    let mut found: BTreeMap<Vec<u64>, (usize, usize)> = BTreeMap::new();
    for i in 0..n {
        found.entry(key(i)).or_insert((i, 0)).1 += 1;
    }
    let mut list: Vec<(usize, usize)> = found.values().copied().collect();
    if !sorted {
        list.sort_unstable();
    }
    let number: BTreeMap<usize, usize> = list.iter().enumerate().map(|(k, (first, _))| (*first, k)).collect();
    let inverse = (0..n).map(|i| found.get(&key(i)).and_then(|f| number.get(&f.0)).map_or(0.0, |&k| k as f64));
    let ints = |data: Vec<f64>| Tensor::constant(Kind::Int, vec![data.len()], data);
    let inverse = ints(inverse.collect());
    let pick: Vec<usize> = list.iter().flat_map(|(i, _)| i * width..(i + 1) * width).collect();
    let mut shape = rows.shape.clone();
    shape[0] = list.len();
    let chosen = rows.pick(shape, &pick);
    let values = if axis.is_some() { permuted(&chosen, &super::steps::inverse(&order)) } else { chosen };
    let firsts = ints(list.iter().map(|l| l.0 as f64).collect());
    Ok(vec![values, firsts, inverse, ints(list.iter().map(|l| l.1 as f64).collect())])
}
