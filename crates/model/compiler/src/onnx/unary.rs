//! Relu, LeakyRelu, Clip, Sigmoid, Tanh, HardSigmoid, Elu, Softplus, Exp, Erf, Gelu, Abs: functions of one variable.

use super::{
    attributes::{Lower, Lowered, Node},
    tensor::Tensor,
};
use crate::{function::Function, graph::Graph};

pub(super) const OPS: &[(&str, Lower)] = &[
    ("Abs", |node, graph| lower(node, graph, Function::Abs)),
    ("Clip", clip),
    ("Elu", elu),
    ("Erf", |node, graph| lower(node, graph, Function::Erf)),
    ("Exp", |node, graph| lower(node, graph, Function::Exp)),
    ("Gelu", gelu),
    ("HardSigmoid", hard_sigmoid),
    ("LeakyRelu", leaky_relu),
    ("Reciprocal", |node, graph| lower(node, graph, Function::Reciprocal)),
    ("Relu", |node, graph| lower(node, graph, Function::Relu)),
    ("Sigmoid", |node, graph| lower(node, graph, Function::Sigmoid)),
    ("Softplus", |node, graph| lower(node, graph, Function::Softplus)),
    ("Sqrt", |node, graph| lower(node, graph, Function::Sqrt)),
    ("Tanh", |node, graph| lower(node, graph, Function::Tanh)),
];

pub(super) const LIMITS: &[(&str, &str)] = &[("Clip", "bounds constant")];

fn lower(node: &Node<'_>, graph: &mut Graph, function: Function) -> Lowered {
    let x = node.float_input(0)?;
    Ok(vec![apply(node, graph, function, x)])
}

pub(super) fn apply(node: &Node<'_>, graph: &mut Graph, function: Function, x: &Tensor) -> Tensor {
    let site = graph.site(&node.name, function.name(), &x.shape);
    let ids = x.ids(graph);
    let y = graph.apply(site, function, ids);
    Tensor::values(graph, x.shape.clone(), y)
}

fn leaky_relu(node: &Node<'_>, graph: &mut Graph) -> Lowered {
    let alpha = node.float("alpha", f64::from(0.01f32))?;
    lower(node, graph, Function::LeakyRelu(alpha))
}

fn elu(node: &Node<'_>, graph: &mut Graph) -> Lowered {
    let alpha = node.float("alpha", 1.0)?;
    lower(node, graph, Function::Elu(alpha))
}

fn gelu(node: &Node<'_>, graph: &mut Graph) -> Lowered {
    match node.string("approximate", "none")?.as_str() {
        "none" => lower(node, graph, Function::Gelu),
        "tanh" => lower(node, graph, Function::GeluTanh),
        other => Err(node.error(format!("approximate=`{other}` is unknown"))),
    }
}

/// max(0, min(1, alpha · x + beta))
fn hard_sigmoid(node: &Node<'_>, graph: &mut Graph) -> Lowered {
    let (alpha, beta) = (node.float("alpha", f64::from(0.2f32))?, node.float("beta", 0.5)?);
    let x = node.float_input(0)?;
    let site = graph.site(&format!("{}.line", node.name), "Affine", &x.shape);
    let ids = x.ids(graph);
    let n = ids.len();
    let line = graph.affine(site, ids, vec![alpha; n], vec![beta; n]);
    let line = Tensor::values(graph, x.shape.clone(), line);
    Ok(vec![apply(node, graph, Function::Clip(0.0, 1.0), &line)])
}

fn clip(node: &Node<'_>, graph: &mut Graph) -> Lowered {
    let (lo, hi) = if node.opset >= 11 {
        if node.has("min") || node.has("max") {
            return Err(node.error("`min` and `max` are operands from operator set 11 on, not attributes"));
        }
        let bound = |i, what| match node.constant(i, what)? {
            Some((_, [v])) => Ok(Some(*v)),
            Some(_) => Err(node.error(format!("{what} is not a scalar"))),
            None => Ok(None),
        };
        (bound(1, "min")?, bound(2, "max")?)
    } else {
        let bound = |name| if node.has(name) { node.float(name, 0.0).map(Some) } else { Ok(None) };
        (bound("min")?, bound("max")?)
    };
    // The largest floats stand for no bound.
    let lo = lo.filter(|&v| v > -1e30).unwrap_or(f64::NEG_INFINITY);
    let hi = hi.filter(|&v| v < 1e30).unwrap_or(f64::INFINITY);
    if lo > hi {
        return Err(node.error(format!("min {lo} is above max {hi}")));
    }
    match (lo == 0.0, lo.is_finite() || hi.is_finite()) {
        (_, false) => Ok(vec![node.float_input(0)?.clone()]),
        (true, _) if hi.is_infinite() => lower(node, graph, Function::Relu),
        _ => lower(node, graph, Function::Clip(lo, hi)),
    }
}
