//! LSTM: one matrix \[inputs + hidden, 4·hidden\] for all steps, the gates' functions fused into its columns.

use super::{
    attributes::{Lower, Lowered, Node},
    recurrent::{Direction, Layer},
};
use crate::{
    CompileError,
    function::Function,
    graph::{Graph, SiteId, Term, ValueId},
};

pub(super) const OPS: &[(&str, Lower)] = &[("LSTM", lower)];

pub(super) const LIMITS: &[(&str, &str)] = &[("LSTM", "weights and peepholes constant; no input_forget")];

/// Hidden and cell states by step.
type Run = (Vec<Vec<ValueId>>, Vec<Vec<ValueId>>);

fn lower(node: &Node<'_>, graph: &mut Graph) -> Lowered {
    if node.int("input_forget", 0)? != 0 {
        return Err(node.error("input_forget is not supported"));
    }
    let layer = Layer::new(node, graph, 4, &["Sigmoid", "Tanh", "Tanh"])?;
    let peepholes = peepholes(node, &layer)?;
    let (mut all, mut last_h, mut last_c) = (Vec::new(), Vec::new(), Vec::new());
    for direction in layer.directions() {
        let own = peepholes.as_ref().map(|p| &p[direction.index * 3 * layer.hidden..][..3 * layer.hidden]);
        let (h, c) = run(node, graph, &layer, &direction, own)?;
        let end = direction.order.last().copied().unwrap_or(0);
        last_h.push(h[end].clone());
        last_c.push(c[end].clone());
        all.push(h);
    }
    layer.outputs(graph, &all, &[&last_h, &last_c])
}

/// Weights of the cell's state in the gates of input, output and forgetting, for each direction, if there are any.
fn peepholes(node: &Node<'_>, layer: &Layer<'_>) -> Result<Option<Vec<f64>>, CompileError> {
    let Some((t, p)) = node.constant(7, "P")? else { return Ok(None) };
    let expected = [layer.directions.len(), 3 * layer.hidden];
    if t.shape != expected {
        return Err(node.error(format!("P has shape {:?}, expected {expected:?}", t.shape)));
    }
    Ok(p.iter().any(|&v| v != 0.0).then(|| p.to_vec()))
}

/// gate + weight · cell for the gates that `which` names.
fn peep(
    graph: &mut Graph,
    site: SiteId,
    gates: Vec<ValueId>,
    weights: &[f64],
    which: &[usize],
    cell: &[ValueId],
) -> Vec<ValueId> {
    let n = gates.len();
    let hidden = weights.len() / 3;
    let one = graph.constant(1.0);
    let of = |i: usize| weights[which[i / cell.len()] * hidden + i % hidden];
    let weights = (0..n).map(|i| graph.constant(of(i))).collect();
    let cells = (0..n).map(|i| cell[i % cell.len()]).collect();
    let terms = [(gates, vec![one; n]), (cells, weights)];
    graph.product(site, terms.map(|(a, b)| Term { factor: 1.0, a, b }).to_vec())
}

fn run(
    node: &Node<'_>,
    graph: &mut Graph,
    layer: &Layer<'_>,
    d: &Direction<'_>,
    peepholes: Option<&[f64]>,
) -> Result<Run, CompileError> {
    let (inputs, hidden) = (layer.inputs, layer.hidden);
    let name = d.name(node);
    let part = |graph: &mut Graph, part: &str, op: &str, n: usize| graph.site(&format!("{name}.{part}"), op, &[n]);
    let gates = part(graph, "gates", "LSTM", 4 * hidden);
    let (rows, cols) = (inputs + hidden, 4 * hidden);
    let weight = |i: usize| {
        let (k, gate, j) = (i / cols, i % cols / hidden, i % hidden);
        if k < inputs { d.w(gate, j, k) } else { d.r(gate, j, k - inputs) }
    };
    let bias = (0..cols).map(|n| d.wb(n / hidden, n % hidden) + d.rb(n / hidden, n % hidden)).collect();
    let weights = (0..rows * cols).map(weight).collect();
    let matrix = graph.matrix(gates, rows, weights, bias);
    let sigmoid = part(graph, "sigmoid", "Sigmoid", 3 * hidden);
    let tanh = part(graph, "tanh", "Tanh", hidden);
    let cell = part(graph, "cell", "Add", hidden);
    let cell_tanh = part(graph, "cell_tanh", "Tanh", hidden);
    let state = part(graph, "hidden", "Mul", hidden);
    let peeped = peepholes.map(|p| (part(graph, "peepholes", "Mul", p.len()), p));
    let mut h = layer.initial(node, graph, 5, d.index)?;
    let mut c = layer.initial(node, graph, 6, d.index)?;
    let (mut all_h, mut all_c) = (vec![Vec::new(); layer.steps], vec![Vec::new(); layer.steps]);
    for &t in &d.order {
        let mut operands = Vec::with_capacity(layer.batch * rows);
        for item in 0..layer.batch {
            operands.extend_from_slice(layer.input(t, item));
            operands.extend_from_slice(&h[item * hidden..(item + 1) * hidden]);
        }
        let z = graph.linear(matrix, 1, operands);
        // ONNX's order of gates is input, output, forget, cell.
        let gate = |g: usize| -> Vec<ValueId> {
            (0..layer.batch).flat_map(|b| z[b * cols + g * hidden..b * cols + (g + 1) * hidden].to_vec()).collect()
        };
        let n = layer.batch * hidden;
        let (i, o, f) = match peeped {
            None => {
                let iof = graph.apply(sigmoid, Function::Sigmoid, [gate(0), gate(1), gate(2)].concat());
                (iof[..n].to_vec(), iof[n..2 * n].to_vec(), iof[2 * n..].to_vec())
            }
            Some((site, p)) => {
                let open = peep(graph, site, [gate(0), gate(2)].concat(), p, &[0, 2], &c);
                let both = graph.apply(sigmoid, Function::Sigmoid, open);
                (both[..n].to_vec(), gate(1), both[n..].to_vec())
            }
        };
        let g = graph.apply(tanh, Function::Tanh, gate(3));
        c = graph.product(cell, vec![Term { factor: 1.0, a: f, b: c }, Term { factor: 1.0, a: i, b: g }]);
        let o = match peeped {
            None => o,
            Some((site, p)) => {
                let open = peep(graph, site, o, p, &[1], &c);
                graph.apply(sigmoid, Function::Sigmoid, open)
            }
        };
        let squashed = graph.apply(cell_tanh, Function::Tanh, c.clone());
        h = graph.product(state, vec![Term { factor: 1.0, a: o, b: squashed }]);
        (all_h[t], all_c[t]) = (h.clone(), c.clone());
    }
    Ok((all_h, all_c))
}
