//! GRU, with the reset gate before or after the recurrent product.

use super::{
    attributes::{Lower, Lowered, Node},
    recurrent::{Direction, Layer},
};
use crate::{
    CompileError,
    function::Function,
    graph::{Graph, MatrixId, SiteId, Term, ValueId},
};

pub(super) const OPS: &[(&str, Lower)] = &[("GRU", lower)];

pub(super) const LIMITS: &[(&str, &str)] = &[("GRU", "weights constant")];

fn lower(node: &Node<'_>, graph: &mut Graph) -> Lowered {
    let layer = Layer::new(node, graph, 3, &["Sigmoid", "Tanh"])?;
    let after = node.int("linear_before_reset", 0)? != 0;
    let (mut all, mut last) = (Vec::new(), Vec::new());
    for d in layer.directions() {
        let states = run(node, graph, &layer, &d, after)?;
        let end = d.order.last().copied().unwrap_or(0);
        last.push(states[end].clone());
        all.push(states);
    }
    layer.outputs(graph, &all, &[&last])
}

/// The sites of a direction.
struct Sites {
    sigmoid: SiteId,
    reset: SiteId,
    candidate: SiteId,
    difference: SiteId,
    hidden: SiteId,
}

/// ONNX's order of gates is update (z), reset (r), hidden (h). Columns of the first matrix are z and r; where the
/// reset gate comes after the recurrent product, also W·x and R·h of the candidate, which are needed apart.
fn first_matrix(graph: &mut Graph, layer: &Layer<'_>, d: &Direction<'_>, site: SiteId, after: bool) -> MatrixId {
    let (inputs, hidden) = (layer.inputs, layer.hidden);
    let cols = hidden * if after { 4 } else { 2 };
    let weight = |i: usize| {
        let (k, block, j) = (i / cols, i % cols / hidden, i % hidden);
        match (block, k < inputs) {
            (0 | 1, true) => d.w(block, j, k),
            (0 | 1, false) => d.r(block, j, k - inputs),
            (2, true) => d.w(2, j, k),
            (3, false) => d.r(2, j, k - inputs),
            _ => 0.0,
        }
    };
    let bias = |n: usize| {
        let (block, j) = (n / hidden, n % hidden);
        match block {
            0 | 1 => d.wb(block, j) + d.rb(block, j),
            2 => d.wb(2, j),
            _ => d.rb(2, j),
        }
    };
    let rows = inputs + hidden;
    graph.matrix(site, rows, (0..rows * cols).map(weight).collect(), (0..cols).map(bias).collect())
}

/// The candidate's matrix on \[x, r·h\].
fn second_matrix(graph: &mut Graph, layer: &Layer<'_>, d: &Direction<'_>, site: SiteId) -> MatrixId {
    let (inputs, hidden) = (layer.inputs, layer.hidden);
    let weight = |i: usize| {
        let (k, j) = (i / hidden, i % hidden);
        if k < inputs { d.w(2, j, k) } else { d.r(2, j, k - inputs) }
    };
    let rows = inputs + hidden;
    let bias = (0..hidden).map(|j| d.wb(2, j) + d.rb(2, j)).collect();
    graph.matrix(site, rows, (0..rows * hidden).map(weight).collect(), bias)
}

fn run(
    node: &Node<'_>,
    graph: &mut Graph,
    layer: &Layer<'_>,
    d: &Direction<'_>,
    after: bool,
) -> Result<Vec<Vec<ValueId>>, CompileError> {
    let hidden = layer.hidden;
    let name = d.name(node);
    let mut site = |part: &str, op: &str| graph.site(&format!("{name}.{part}"), op, &[hidden]);
    let (gates, inner) = (site("gates", "GRU"), site("candidate_sum", "GRU"));
    let s = Sites {
        sigmoid: site("sigmoid", "Sigmoid"),
        reset: site("reset", "Mul"),
        candidate: site("candidate", "Tanh"),
        difference: site("difference", "Sub"),
        hidden: site("hidden", "Add"),
    };
    let first = first_matrix(graph, layer, d, gates, after);
    let second = if after { None } else { Some(second_matrix(graph, layer, d, inner)) };
    let cols = hidden * if after { 4 } else { 2 };
    let one = graph.constant(1.0);
    let n = layer.batch * hidden;
    let joined = |t: usize, h: &[ValueId]| {
        let item = |b: usize| [layer.input(t, b), &h[b * hidden..(b + 1) * hidden]].concat();
        (0..layer.batch).flat_map(item).collect::<Vec<_>>()
    };
    let mut h = layer.initial(node, graph, 5, d.index)?;
    // Each state is a mean of the last one and of values between −1 and 1, which interval arithmetic does not see.
    let start: Option<Vec<f64>> = h.iter().map(|&v| graph.constant_of(v)).collect();
    let limit = start.map(|list| list.iter().fold(1.0f64, |m, v| m.max(v.abs())));
    let mut states = vec![Vec::new(); layer.steps];
    for &t in &d.order {
        let sums = graph.linear(first, 1, joined(t, &h));
        let block = |g: usize| -> Vec<ValueId> {
            (0..layer.batch).flat_map(|b| sums[b * cols + g * hidden..b * cols + (g + 1) * hidden].to_vec()).collect()
        };
        let zr = graph.apply(s.sigmoid, Function::Sigmoid, [block(0), block(1)].concat());
        let (z, r) = (zr[..n].to_vec(), zr[n..].to_vec());
        let sum = if let Some(second) = second {
            let reset = graph.product(s.reset, vec![Term { factor: 1.0, a: r, b: h.clone() }]);
            graph.linear(second, 1, joined(t, &reset))
        } else {
            let plain = Term { factor: 1.0, a: block(2), b: vec![one; n] };
            graph.product(s.reset, vec![Term { factor: 1.0, a: r, b: block(3) }, plain])
        };
        let candidate = graph.apply(s.candidate, Function::Tanh, sum);
        // h' = (1 − z)·candidate + z·h = candidate + z·(h − candidate)
        let difference = graph.sum(s.difference, h, -1.0, candidate.clone());
        let plain = Term { factor: 1.0, a: candidate, b: vec![one; n] };
        h = graph.product(s.hidden, vec![Term { factor: 1.0, a: z, b: difference }, plain]);
        if let Some(limit) = limit {
            graph.bound_above(&h, limit);
            graph.bound_below(&h, -limit);
        }
        states[t] = h.clone();
    }
    Ok(states)
}
