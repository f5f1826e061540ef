//! RNN: h' = tanh(W·x + R·h + b).

use super::{
    attributes::{Lower, Lowered, Node},
    recurrent::Layer,
};
use crate::{function::Function, graph::Graph};

pub(super) const OPS: &[(&str, Lower)] = &[("RNN", lower)];

pub(super) const LIMITS: &[(&str, &str)] = &[("RNN", "weights constant; tanh")];

fn lower(node: &Node<'_>, graph: &mut Graph) -> Lowered {
    let layer = Layer::new(node, graph, 1, &["Tanh"])?;
    let (inputs, hidden) = (layer.inputs, layer.hidden);
    let (mut all, mut last) = (Vec::new(), Vec::new());
    for d in layer.directions() {
        let name = d.name(node);
        let site = graph.site(&format!("{name}.sum"), "RNN", &[hidden]);
        let tanh = graph.site(&format!("{name}.hidden"), "Tanh", &[hidden]);
        let rows = inputs + hidden;
        let weight = |i: usize| {
            let (k, j) = (i / hidden, i % hidden);
            if k < inputs { d.w(0, j, k) } else { d.r(0, j, k - inputs) }
        };
        let bias = (0..hidden).map(|j| d.wb(0, j) + d.rb(0, j)).collect();
        let weights = (0..rows * hidden).map(weight).collect();
        let matrix = graph.matrix(site, rows, weights, bias);
        let mut h = layer.initial(node, graph, 5, d.index)?;
        let mut states = vec![Vec::new(); layer.steps];
        for &t in &d.order {
            let mut operands = Vec::with_capacity(layer.batch * rows);
            for item in 0..layer.batch {
                operands.extend_from_slice(layer.input(t, item));
                operands.extend_from_slice(&h[item * hidden..(item + 1) * hidden]);
            }
            let z = graph.linear(matrix, 1, operands);
            h = graph.apply(tanh, Function::Tanh, z);
            states[t] = h.clone();
        }
        last.push(h);
        all.push(states);
    }
    layer.outputs(graph, &all, &[&last])
}
