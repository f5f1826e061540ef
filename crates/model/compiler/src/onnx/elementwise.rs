//! Add, Sub, Mul, Div, Neg and Pow with broadcasting.

use super::{
    attributes::{Lower, Lowered, Node},
    tensor::{Tensor, broadcast, broadcast_indices},
    unary,
};
use crate::{
    CompileError,
    function::Function,
    graph::{Graph, Term},
};

pub(super) const OPS: &[(&str, Lower)] = &[
    ("Add", |node, graph| add(node, graph, 1.0)),
    ("Div", div),
    ("Mul", mul),
    ("Neg", neg),
    ("Pow", pow),
    ("Sub", |node, graph| add(node, graph, -1.0)),
];

pub(super) const LIMITS: &[(&str, &str)] = &[("Pow", "exponents 1, 2 and 3")];

/// Both operands, broadcast to their common shape.
fn operands(node: &Node<'_>) -> Result<(Tensor, Tensor), CompileError> {
    let (a, b) = (node.input(0)?, node.input(1)?);
    if a.kind != b.kind {
        return Err(node.error("the operands have different element types"));
    }
    let shape = broadcast(&a.shape, &b.shape)
        .ok_or_else(|| node.error(format!("shapes {:?} and {:?} do not broadcast", a.shape, b.shape)))?;
    super::model::checked_len(&node.name, &shape)?;
    let pick = |t: &Tensor| {
        if t.shape == shape { t.clone() } else { t.pick(shape.clone(), &broadcast_indices(&t.shape, &shape)) }
    };
    Ok((pick(a), pick(b)))
}

fn fold(a: &Tensor, b: &Tensor, f: impl Fn(f64, f64) -> f64) -> Option<Vec<Tensor>> {
    let (x, y) = (a.constants()?, b.constants()?);
    let data = x.iter().zip(y).map(|(&x, &y)| f(x, y)).collect();
    Some(vec![Tensor::constant(a.kind, a.shape.clone(), data)])
}

/// x · scale + shift
pub(super) fn affine(node: &Node<'_>, graph: &mut Graph, x: &Tensor, scale: Vec<f64>, shift: Vec<f64>) -> Tensor {
    let site = graph.site(&node.name, &node.proto.op_type, &x.shape);
    let ids = x.ids(graph);
    let y = graph.affine(site, ids, scale, shift);
    Tensor::values(graph, x.shape.clone(), y)
}

/// a + sign · b
fn add(node: &Node<'_>, graph: &mut Graph, sign: f64) -> Lowered {
    let (a, b) = operands(node)?;
    if let Some(folded) = fold(&a, &b, |x, y| x + sign * y) {
        return Ok(folded);
    }
    let n = a.len();
    if let Some(c) = b.constants() {
        let shift = c.iter().map(|c| sign * c).collect();
        return Ok(vec![affine(node, graph, &a, vec![1.0; n], shift)]);
    }
    if let Some(c) = a.constants() {
        return Ok(vec![affine(node, graph, &b, vec![sign; n], c.to_vec())]);
    }
    let site = graph.site(&node.name, &node.proto.op_type, &a.shape);
    let (x, y) = (a.ids(graph), b.ids(graph));
    let sum = graph.sum(site, x, sign, y);
    Ok(vec![Tensor::values(graph, a.shape.clone(), sum)])
}

fn mul(node: &Node<'_>, graph: &mut Graph) -> Lowered {
    let (a, b) = operands(node)?;
    if let Some(folded) = fold(&a, &b, |x, y| x * y) {
        return Ok(folded);
    }
    let n = a.len();
    for (x, c) in [(&a, &b), (&b, &a)] {
        if let Some(c) = c.constants() {
            return Ok(vec![affine(node, graph, x, c.to_vec(), vec![0.0; n])]);
        }
    }
    Ok(vec![multiply(node, graph, &a, &b)])
}

fn multiply(node: &Node<'_>, graph: &mut Graph, a: &Tensor, b: &Tensor) -> Tensor {
    let site = graph.site(&node.name, &node.proto.op_type, &a.shape);
    let (x, y) = (a.ids(graph), b.ids(graph));
    let product = graph.product(site, vec![Term { factor: 1.0, a: x, b: y }]);
    Tensor::values(graph, a.shape.clone(), product)
}

fn div(node: &Node<'_>, graph: &mut Graph) -> Lowered {
    let (a, b) = operands(node)?;
    let integer = a.kind == super::tensor::Kind::Int;
    if b.constants().is_some_and(|c| c.contains(&0.0)) {
        return Err(node.error("division by a constant zero"));
    }
    if let Some(folded) = fold(&a, &b, |x, y| if integer { (x / y).trunc() } else { x / y }) {
        return Ok(folded);
    }
    let n = a.len();
    if let Some(c) = b.constants() {
        let scale = c.iter().map(|c| 1.0 / c).collect();
        return Ok(vec![affine(node, graph, &a, scale, vec![0.0; n])]);
    }
    let inverse = unary::apply(node, graph, Function::Reciprocal, &b);
    match a.constants() {
        Some(c) => Ok(vec![affine(node, graph, &inverse, c.to_vec(), vec![0.0; n])]),
        None => Ok(vec![multiply(node, graph, &a, &inverse)]),
    }
}

fn neg(node: &Node<'_>, graph: &mut Graph) -> Lowered {
    let x = node.input(0)?;
    let n = x.len();
    match x.constants() {
        Some(c) => Ok(vec![Tensor::constant(x.kind, x.shape.clone(), c.iter().map(|v| -v).collect())]),
        None => Ok(vec![affine(node, graph, x, vec![-1.0; n], vec![0.0; n])]),
    }
}

/// Powers with a constant exponent of 1, 2 or 3.
fn pow(node: &Node<'_>, graph: &mut Graph) -> Lowered {
    let (a, b) = operands(node)?;
    if let Some(folded) = fold(&a, &b, f64::powf) {
        return Ok(folded);
    }
    let exponent = b.constants().and_then(|c| c.first().copied().filter(|e| c.iter().all(|v| v == e)));
    match exponent {
        Some(1.0) => Ok(vec![a]),
        Some(2.0) => Ok(vec![multiply(node, graph, &a, &a)]),
        Some(3.0) => {
            let square = multiply(node, graph, &a, &a);
            Ok(vec![multiply(node, graph, &square, &a)])
        }
        _ => Err(node.error("only the constant exponents 1, 2 and 3 are supported")),
    }
}
