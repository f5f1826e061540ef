//! ArgMax, ArgMin and TopK: order among computed values.
//!
//! The first maximum of n values takes about 4n rows: those that reach the maximum are marked, and the mark with the
//! largest weight is the first (or last) of them. The first k of n take n²/2 comparisons, 2kn rows more to read them off
//! their ranks. Ties are as ONNX says: the lower index comes first.

use super::{
    attributes::{Lower, Lowered, Node},
    mat_mul::rows_along,
    parts::Parts,
    reduce::Groups,
    softmax::repeat,
    tensor::{ElementType, Kind, Tensor},
};
use crate::{
    CompileError,
    graph::{Graph, ValueId},
};

pub(super) const OPS: &[(&str, Lower)] = &[
    ("ArgMax", |node, graph| extreme(node, graph, 1.0)),
    ("ArgMin", |node, graph| extreme(node, graph, -1.0)),
    ("TopK", top_k),
];

pub(super) const LIMITS: &[(&str, &str)] =
    &[("TopK", "k constant; n² / 2 comparisons of n values, of which there may be 1024")];

/// TopK compares all pairs of at most this many values.
const MOST: usize = 1024;

/// Where the maximum of each group is.
pub(super) struct FirstMaximum {
    /// 1 at the first (or last) maximum of a group, else 0.
    pub(super) bits: Vec<ValueId>,
    /// Its index in the group.
    pub(super) index: Vec<ValueId>,
}

/// The first maximum of each group of `n` values, or the last one.
pub(super) fn first_maximum(parts: &mut Parts<'_, '_>, n: usize, x: &[ValueId], last: bool) -> FirstMaximum {
    if n == 1 {
        return FirstMaximum { bits: parts.constant(1.0, x.len()), index: parts.constant(0.0, x.len()) };
    }
    let max = parts.max("largest", n, x.to_vec());
    let marks = parts.at_least("mark", x, &repeat(&max, n));
    // Weights from n (the one wanted most) down to 1.
    let weights = (0..x.len()).map(|i| if last { i % n + 1 } else { n - i % n } as f64).collect();
    let weighted = parts.scaled("weighted", &marks, weights, vec![0.0; x.len()]);
    let best = parts.max("best", n, weighted.clone());
    parts.graph.bound_below(&best, 1.0);
    let (scale, shift) = if last { (1.0, -1.0) } else { (-1.0, n as f64) };
    let index = parts.affine("index", &best, scale, shift);
    let bits = parts.at_least("first", &weighted, &repeat(&best, n));
    FirstMaximum { bits, index }
}

fn extreme(node: &Node<'_>, graph: &mut Graph, sign: f64) -> Lowered {
    let x = node.input(0)?;
    let axis = node.axis(node.int("axis", 0)?, x.shape.len())?;
    let last = node.int("select_last_index", 0)? != 0;
    let groups = Groups::new(&x.shape, &[axis], node.int("keepdims", 1)? != 0);
    if x.len() == 0 {
        return Err(node.error("its operand is empty"));
    }
    if let Some(c) = x.constants() {
        let index = |p: &[usize]| {
            let better = |v: f64, best: f64| v * sign > best * sign || last && v == best;
            let best = (1..p.len()).fold(0, |b, i| if better(c[p[i]], c[p[b]]) { i } else { b });
            best as f64
        };
        let data = groups.pick.chunks_exact(groups.size).map(index).collect();
        return Ok(vec![Tensor::constant(Kind::Int, groups.shape, data)]);
    }
    let ids = x.ids(graph);
    let mut parts = Parts::new(node, graph);
    let picked: Vec<ValueId> = groups.pick.iter().map(|&i| ids[i]).collect();
    let picked = if sign < 0.0 { parts.affine("negated", &picked, -1.0, 0.0) } else { picked };
    let found = first_maximum(&mut parts, groups.size, &picked, last);
    let index = if groups.size == 1 { parts.constant(0.0, picked.len()) } else { found.index };
    let labels: Vec<f64> = (0..groups.size).map(|i| i as f64).collect();
    parts.graph.decided(&index, groups.size, &labels, &picked);
    Ok(vec![Tensor::computed(graph, ElementType::Int64, groups.shape, index)])
}

/// The number of values asked for: an attribute before operator set 10, an operand from it on.
fn wanted(node: &Node<'_>) -> Result<usize, CompileError> {
    let k = if node.opset < 10 {
        node.int("k", -1)?
    } else {
        match node.int_list(1, "k")?.as_deref() {
            Some([k]) => *k,
            _ => return Err(node.error("k is not one integer")),
        }
    };
    usize::try_from(k).map_err(|_| node.error(format!("k is {k}")))
}

fn top_k(node: &Node<'_>, graph: &mut Graph) -> Lowered {
    let x = node.input(0)?;
    let k = wanted(node)?;
    let axis = node.axis(node.int("axis", -1)?, x.shape.len())?;
    let sign = if node.int("largest", 1)? != 0 { 1.0 } else { -1.0 };
    let n = x.shape[axis];
    if k > n {
        return Err(node.error(format!("k is {k}, but there are {n} values along the axis")));
    }
    let (rows, _) = rows_along(x, axis);
    let mut shape = x.shape.clone();
    shape[axis] = k;
    let groups = x.len().checked_div(n).unwrap_or(0);
    let (values, indices) = if let Some(c) = rows.constants() {
        sorted(c, n, k, sign)
    } else {
        if n > MOST {
            return Err(node.error(format!("{n} values are too many to compare all pairs")));
        }
        node.checked_len(&[groups, n, n])?;
        let ids = rows.ids(graph);
        let (values, indices) = ranked(&mut Parts::new(node, graph), &ids, n, k, sign);
        let values = Tensor::computed(graph, x.dtype, vec![groups * k], values);
        (values, Tensor::computed(graph, ElementType::Int64, vec![groups * k], indices))
    };
    // Back from rows along the axis to the shape's order.
    let place = rows_along(&Tensor::floats(shape.clone(), vec![0.0; groups * k]), axis).1;
    let mut inverse = vec![0; place.len()];
    place.iter().enumerate().for_each(|(row, &at)| inverse[at] = row);
    let values = values.pick(shape.clone(), &inverse).typed(x.dtype);
    Ok(vec![values, indices.pick(shape, &inverse)])
}

/// The first k of each `n` constants, and their indices.
fn sorted(c: &[f64], n: usize, k: usize, sign: f64) -> (Tensor, Tensor) {
    let (mut values, mut indices) = (Vec::new(), Vec::new());
    for row in c.chunks_exact(n.max(1)) {
        let mut order: Vec<usize> = (0..n).collect();
        order.sort_by(|&i, &j| (sign * row[j]).total_cmp(&(sign * row[i])).then(i.cmp(&j)));
        values.extend(order[..k].iter().map(|&i| row[i]));
        indices.extend(order[..k].iter().map(|&i| i as f64));
    }
    let len = values.len();
    (Tensor::floats(vec![len], values), Tensor::constant(Kind::Int, vec![len], indices))
}

/// The first k of each `n` values, and their indices, by the ranks of all.
fn ranked(parts: &mut Parts<'_, '_>, x: &[ValueId], n: usize, k: usize, sign: f64) -> (Vec<ValueId>, Vec<ValueId>) {
    let groups = x.len() / n.max(1);
    if n == 1 || k == 0 {
        let indices = parts.constant(0.0, groups * k);
        return (x[..groups * k].to_vec(), indices);
    }
    // For i < j: 1 where value i comes before value j, which has the higher index.
    let pairs: Vec<(usize, usize)> = (0..n).flat_map(|i| (i + 1..n).map(move |j| (i, j))).collect();
    let side = |which: fn(&(usize, usize)) -> usize| -> Vec<ValueId> {
        x.chunks_exact(n).flat_map(|g| pairs.iter().map(move |p| g[which(p)])).collect()
    };
    let (first, second) = (side(|p| p.0), side(|p| p.1));
    let before =
        if sign > 0.0 { parts.at_least("before", &first, &second) } else { parts.at_least("before", &second, &first) };
    // The place of the pair (i, j); the rank of value i is the number of values that come before it.
    let at = |i: usize, j: usize| i * (2 * n - i - 1) / 2 + j - i - 1;
    let mut ranks = Vec::with_capacity(n);
    for i in 0..n {
        // Lower indices count where they come before, higher ones where i does not: of these there are n − 1 − i.
        let own = before
            .chunks_exact(pairs.len())
            .flat_map(|g| (0..i).map(|j| g[at(j, i)]).chain((i + 1..n).map(|j| g[at(i, j)])).collect::<Vec<_>>())
            .collect();
        // A column for each place p: p − rank.
        let weights = (0..n - 1).flat_map(|j| vec![if j < i { -1.0 } else { 1.0 }; k]).collect();
        let bias = (0..k).map(|p| p as f64 - (n - 1 - i) as f64).collect();
        ranks.push(parts.linear(&format!("rank{i}"), n - 1, weights, bias, own));
    }
    // 1 where the rank is at most p.
    let reached: Vec<Vec<ValueId>> =
        ranks.iter().enumerate().map(|(i, r)| parts.step(&format!("reached{i}"), r)).collect();
    let zero = parts.graph.constant(0.0);
    let (mut now, mut then, mut values) = (Vec::new(), Vec::new(), Vec::new());
    for g in 0..groups {
        for p in 0..k {
            for i in 0..n {
                now.push(reached[i][g * k + p]);
                then.push(if p == 0 { zero } else { reached[i][g * k + p - 1] });
                values.push(x[g * n + i]);
            }
        }
    }
    // Value i is in place p where its rank is at most p, but not at most p − 1.
    let own = parts.terms("own", &[(1.0, &values, &now), (-1.0, &values, &then)]);
    for (&own, &v) in own.iter().zip(&values) {
        parts.graph.among(&[own], &[v, zero]);
    }
    let picked = parts.total("", n, own);
    for (g, list) in picked.chunks_exact(k).enumerate() {
        parts.graph.among(list, &x[g * n..(g + 1) * n]);
    }
    let both = now.chunks_exact(n).zip(then.chunks_exact(n)).flat_map(|(a, b)| a.iter().chain(b).copied()).collect();
    let index = |sign: f64| (0..n).map(move |i| sign * i as f64);
    let indices = parts.linear("index", 2 * n, index(1.0).chain(index(-1.0)).collect(), vec![0.0], both);
    parts.graph.bound_below(&indices, 0.0);
    parts.graph.bound_above(&indices, (n - 1) as f64);
    (picked, indices)
}
