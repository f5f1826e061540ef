//! What LSTM, GRU and RNN have in common: operands, directions, layouts.

use super::{
    attributes::{Lowered, Node},
    tensor::Tensor,
};
use crate::{
    CompileError,
    graph::{Graph, ValueId},
};

/// The operands of a recurrent layer.
pub(super) struct Layer<'a> {
    pub(super) steps: usize,
    pub(super) batch: usize,
    pub(super) inputs: usize,
    pub(super) hidden: usize,
    gates: usize,
    pub(super) directions: Vec<bool>,
    batch_first: bool,
    x: Vec<ValueId>,
    w: &'a [f64],
    r: &'a [f64],
    b: Option<&'a [f64]>,
}

/// The weights of one direction.
pub(super) struct Direction<'a> {
    layer: &'a Layer<'a>,
    pub(super) index: usize,
    /// Steps in the order of processing.
    pub(super) order: Vec<usize>,
}

/// States of one direction: for each step the hidden state \[batch, hidden\].
pub(super) type States = Vec<Vec<ValueId>>;

impl<'a> Layer<'a> {
    /// Checks the operands of a layer with `gates` gates and the default activations `defaults` (of one direction).
    pub(super) fn new(
        node: &'a Node<'_>,
        graph: &mut Graph,
        gates: usize,
        defaults: &[&str],
    ) -> Result<Self, CompileError> {
        let x = node.float_input(0)?;
        let batch_first = node.int("layout", 0)? == 1;
        let [a, b, inputs] = *x.shape.as_slice() else {
            return Err(node.error(format!("its input has rank {}, expected 3", x.shape.len())));
        };
        let (steps, batch) = if batch_first { (b, a) } else { (a, b) };
        let directions = match node.string("direction", "forward")?.as_str() {
            "forward" => vec![false],
            "reverse" => vec![true],
            "bidirectional" => vec![false, true],
            other => return Err(node.error(format!("direction=`{other}` is unknown"))),
        };
        let count = directions.len();
        let weights = |i: usize, what: &str| {
            let found = node.constant(i, what)?;
            found.ok_or_else(|| node.error(format!("{what} is missing")))
        };
        let ((wt, w), (rt, r)) = (weights(1, "W")?, weights(2, "R")?);
        let hidden = rt.shape.last().copied().unwrap_or(0);
        let declared = node.int("hidden_size", hidden as i64)?;
        if declared != hidden as i64 || hidden == 0 || steps == 0 || batch == 0 || inputs == 0 {
            return Err(node.error(format!("hidden_size={declared} does not fit R of shape {:?}", rt.shape)));
        }
        let width = gates.saturating_mul(hidden).saturating_add(inputs);
        node.checked_len(&[count, steps, batch, width])?;
        let expect = |t: &Tensor, what: &str, shape: &[usize]| {
            if t.shape == shape {
                Ok(())
            } else {
                Err(node.error(format!("{what} has shape {:?}, expected {shape:?}", t.shape)))
            }
        };
        let rows = gates.saturating_mul(hidden);
        expect(wt, "W", &[count, rows, inputs])?;
        expect(rt, "R", &[count, rows, hidden])?;
        let b = match node.constant(3, "B")? {
            Some((t, b)) => {
                expect(t, "B", &[count, 2 * rows])?;
                Some(b)
            }
            None => None,
        };
        if let Some((_, lengths)) = node.constant(4, "sequence_lens")?
            && lengths.iter().any(|&l| l != steps as f64)
        {
            return Err(node.error("sequence_lens must be the full length"));
        }
        if node.float("clip", 0.0)? != 0.0 || node.has("activation_alpha") || node.has("activation_beta") {
            return Err(node.error("clip, activation_alpha and activation_beta are not supported"));
        }
        if let Some(given) = node.strings("activations")? {
            let expected = defaults.iter().cycle().take(defaults.len() * count);
            if given.len() != defaults.len() * count
                || given.iter().zip(expected).any(|(g, e)| !g.eq_ignore_ascii_case(e))
            {
                return Err(
                    node.error(format!("activations {given:?} are not supported, only the defaults {defaults:?}"))
                );
            }
        }
        Ok(Self { steps, batch, inputs, hidden, gates, directions, batch_first, x: x.ids(graph), w, r, b })
    }

    pub(super) fn directions(&'a self) -> impl Iterator<Item = Direction<'a>> {
        self.directions.iter().enumerate().map(move |(index, &reverse)| {
            let order = if reverse { (0..self.steps).rev().collect() } else { (0..self.steps).collect() };
            Direction { layer: self, index, order }
        })
    }

    /// An initial state for one direction, as \[batch, hidden\]; zeros if absent.
    pub(super) fn initial(
        &self,
        node: &Node<'_>,
        graph: &mut Graph,
        operand: usize,
        direction: usize,
    ) -> Result<Vec<ValueId>, CompileError> {
        let count = self.directions.len();
        let Some(t) = node.optional(operand) else { return Ok(vec![graph.constant(0.0); self.batch * self.hidden]) };
        let shape = if self.batch_first { [self.batch, count, self.hidden] } else { [count, self.batch, self.hidden] };
        if t.shape != shape {
            return Err(node.error(format!("an initial state has shape {:?}, expected {shape:?}", t.shape)));
        }
        let ids = t.ids(graph);
        let at = |i: usize| {
            let (b, h) = (i / self.hidden, i % self.hidden);
            let row = if self.batch_first { b * count + direction } else { direction * self.batch + b };
            ids[row * self.hidden + h]
        };
        Ok((0..self.batch * self.hidden).map(at).collect())
    }

    /// The input of one item at one step.
    pub(super) fn input(&self, step: usize, item: usize) -> &[ValueId] {
        let row = if self.batch_first { item * self.steps + step } else { step * self.batch + item };
        &self.x[row * self.inputs..(row + 1) * self.inputs]
    }

    /// Y from the hidden states of each direction by step, and the last states of each direction in ONNX's shape.
    pub(super) fn outputs(&self, graph: &Graph, all: &[States], last: &[&[Vec<ValueId>]]) -> Lowered {
        let (t, d, b, h) = (self.steps, self.directions.len(), self.batch, self.hidden);
        let item = |states: &[ValueId], b: usize| states[b * h..(b + 1) * h].to_vec();
        let mut y = Vec::with_capacity(t * d * b * h);
        let shape = if self.batch_first {
            (0..b).for_each(|b| (0..t).for_each(|t| (0..d).for_each(|d| y.extend(item(&all[d][t], b)))));
            vec![b, t, d, h]
        } else {
            (0..t).for_each(|t| (0..d).for_each(|d| (0..b).for_each(|b| y.extend(item(&all[d][t], b)))));
            vec![t, d, b, h]
        };
        let mut results = vec![Tensor::values(graph, shape, y)];
        for states in last {
            let mut list = Vec::with_capacity(d * b * h);
            let shape = if self.batch_first {
                (0..b).for_each(|b| (0..d).for_each(|d| list.extend(item(&states[d], b))));
                vec![b, d, h]
            } else {
                (0..d).for_each(|d| (0..b).for_each(|b| list.extend(item(&states[d], b))));
                vec![d, b, h]
            };
            results.push(Tensor::values(graph, shape, list));
        }
        Ok(results)
    }
}

impl Direction<'_> {
    /// A suffix for names.
    pub(super) fn name(&self, node: &Node<'_>) -> String {
        if self.layer.directions.len() == 1 { node.name.clone() } else { format!("{}.{}", node.name, self.index) }
    }

    /// Weight of input `k` for hidden unit `j` of a gate.
    pub(super) fn w(&self, gate: usize, j: usize, k: usize) -> f64 {
        let l = self.layer;
        l.w[((self.index * l.gates + gate) * l.hidden + j) * l.inputs + k]
    }

    /// Weight of hidden state `k` for hidden unit `j` of a gate.
    pub(super) fn r(&self, gate: usize, j: usize, k: usize) -> f64 {
        let l = self.layer;
        l.r[((self.index * l.gates + gate) * l.hidden + j) * l.hidden + k]
    }

    /// Bias of the input side.
    pub(super) fn wb(&self, gate: usize, j: usize) -> f64 {
        let l = self.layer;
        l.b.map_or(0.0, |b| b[(self.index * 2 * l.gates + gate) * l.hidden + j])
    }

    /// Bias of the recurrent side.
    pub(super) fn rb(&self, gate: usize, j: usize) -> f64 {
        let l = self.layer;
        l.b.map_or(0.0, |b| b[((self.index * 2 + 1) * l.gates + gate) * l.hidden + j])
    }
}
