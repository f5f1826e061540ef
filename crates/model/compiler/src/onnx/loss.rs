//! NegativeLogLikelihoodLoss and SoftmaxCrossEntropyLoss.
//!
//! A label picks its class by a truth value for each class, so that labels may be computed.

use super::{
    attributes::{Lower, Lowered, Node},
    mat_mul::rows_along,
    parts::Parts,
    softmax::log_softmax,
    tensor::{Kind, Tensor},
};
use crate::{
    function::Function,
    graph::{Graph, ValueId},
};

pub(super) const OPS: &[(&str, Lower)] = &[
    ("NegativeLogLikelihoodLoss", |node, graph| lower(node, graph, false)),
    ("SoftmaxCrossEntropyLoss", |node, graph| lower(node, graph, true)),
];

pub(super) const LIMITS: &[(&str, &str)] = &[];

fn lower(node: &Node<'_>, graph: &mut Graph, softmax: bool) -> Lowered {
    let (x, labels) = (node.float_input(0)?, node.input(1)?);
    let reduction = node.string("reduction", "mean")?;
    let classes = x.shape.get(1).copied().unwrap_or(0);
    let mut positions = x.shape.clone();
    if classes == 0 || x.len() == 0 {
        return Err(node.error("its operand has no classes or is empty"));
    }
    positions.remove(1);
    if labels.shape != positions || labels.kind != Kind::Int {
        return Err(node.error(format!("the labels are not integers of shape {positions:?}")));
    }
    let weights = match node.optional(2) {
        Some(w) if w.shape != [classes] => return Err(node.error("there is not one weight for each class")),
        Some(w) => Some(w.ids(graph)),
        None => None,
    };
    let ignored = node.has("ignore_index").then(|| node.int("ignore_index", 0)).transpose()?;
    let (rows, pick) = rows_along(x, 1);
    let (ids, labels) = (rows.ids(graph), labels.ids(graph));
    let count = labels.len();
    let mut parts = Parts::new(node, graph);
    let logs = if softmax { log_softmax(&mut parts, classes, ids) } else { ids };
    // For each position and class, 1 where it is the label's and counts, else 0.
    let mut chosen = vec![parts.graph.constant(0.0); logs.len()];
    for class in 0..classes {
        if ignored == Some(class as i64) {
            continue;
        }
        let number = parts.constant(class as f64, count);
        let bits = parts.equal(&format!("class{class}"), &labels, &number);
        bits.into_iter().enumerate().for_each(|(p, b)| chosen[p * classes + class] = b);
    }
    if let Some(weights) = &weights {
        let all: Vec<ValueId> = weights.iter().copied().cycle().take(chosen.len()).collect();
        chosen = parts.mul("weights", &chosen, &all);
    }
    let picked = parts.dot("picked", classes, &chosen, &logs);
    let losses = parts.affine(if reduction == "none" { "" } else { "losses" }, &picked, -1.0, 0.0);
    let (shape, loss) = match reduction.as_str() {
        "none" => (positions, losses),
        "sum" => (vec![], parts.total("", count, losses)),
        "mean" if weights.is_none() && ignored.is_none() => {
            (vec![], parts.linear("", count, vec![1.0 / count as f64; count], vec![0.0], losses))
        }
        "mean" => {
            let sum = parts.total("sum", count, losses);
            let weight = parts.total("weight", chosen.len(), chosen);
            if let (None, Some(weights)) = (ignored, &weights) {
                // Each position counts with one of the weights.
                let least =
                    weights.iter().map(|&w| parts.graph.constant_of(w)).try_fold(f64::INFINITY, |m, w| Some(m.min(w?)));
                if let Some(least) = least.filter(|&w| w > 0.0) {
                    parts.graph.bound_below(&weight, least * count as f64);
                }
            }
            let inverse = parts.apply("inverse", Function::Reciprocal, &weight, false);
            (vec![], parts.mul("", &sum, &inverse))
        }
        other => return Err(node.error(format!("the reduction `{other}` is unknown"))),
    };
    let mut results = vec![Tensor::computed(graph, x.dtype, shape, loss)];
    if softmax {
        let mut out = logs.clone();
        pick.iter().zip(logs).for_each(|(&at, v)| out[at] = v);
        results.push(Tensor::computed(graph, x.dtype, x.shape.clone(), out));
    }
    Ok(results)
}
