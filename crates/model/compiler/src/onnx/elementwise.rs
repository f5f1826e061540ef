//! Add, Sub, Mul, Div, Neg, Pow and PRelu with broadcasting.

use super::{
    attributes::{Lower, Lowered, Node},
    parts::Parts,
    rounding,
    tensor::{Kind, Tensor, broadcast, broadcast_indices},
    unary,
};
use crate::{
    CompileError,
    function::Function,
    graph::{Graph, Term, ValueId},
};

pub(super) const OPS: &[(&str, Lower)] = &[
    ("Add", |node, graph| add(node, graph, 1.0)),
    ("Div", div),
    ("Mul", mul),
    ("Neg", neg),
    ("PRelu", prelu),
    ("Pow", pow),
    ("Sub", |node, graph| add(node, graph, -1.0)),
];

pub(super) const LIMITS: &[(&str, &str)] = &[
    ("Add", "a sum of integers that leaves their type does not wrap"),
    ("Div", "a divisor that is not zero"),
    ("Pow", "a computed exponent of a positive base"),
];

/// Powers up to this are products.
const LARGEST_PRODUCT: f64 = 64.0;

/// Both operands, broadcast to their common shape.
pub(super) fn operands(node: &Node<'_>) -> Result<(Tensor, Tensor), CompileError> {
    let (a, b) = (node.input(0)?, node.input(1)?);
    if a.kind != b.kind {
        return Err(node.error("the operands have different element types"));
    }
    let shape = broadcast(&a.shape, &b.shape)
        .ok_or_else(|| node.error(format!("shapes {:?} and {:?} do not broadcast", a.shape, b.shape)))?;
    node.checked_len(&shape)?;
    let pick = |t: &Tensor| {
        if t.shape == shape { t.clone() } else { t.pick(shape.clone(), &broadcast_indices(&t.shape, &shape)) }
    };
    Ok((pick(a), pick(b)))
}

fn fold(a: &Tensor, b: &Tensor, f: impl Fn(f64, f64) -> f64) -> Option<Vec<Tensor>> {
    let (x, y) = (a.constants()?, b.constants()?);
    let data = x.iter().zip(y).map(|(&x, &y)| f(x, y)).collect();
    Some(vec![Tensor::constant(a.kind, a.shape.clone(), data).typed(a.dtype)])
}

/// x · scale + shift
pub(super) fn affine(node: &Node<'_>, graph: &mut Graph, x: &Tensor, scale: Vec<f64>, shift: Vec<f64>) -> Tensor {
    let site = node.site(graph, x, &x.shape);
    let ids = x.ids(graph);
    let y = graph.affine(site, ids, scale, shift);
    Tensor::computed(graph, x.dtype, x.shape.clone(), y)
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
    let site = node.site(graph, &a, &a.shape);
    let (x, y) = (a.ids(graph), b.ids(graph));
    let sum = graph.sum(site, x, sign, y);
    Ok(vec![Tensor::computed(graph, a.dtype, a.shape.clone(), sum)])
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
    let site = node.site(graph, a, &a.shape);
    let (x, y) = (a.ids(graph), b.ids(graph));
    let product = graph.product(site, vec![Term { factor: 1.0, a: x, b: y }]);
    Tensor::computed(graph, a.dtype, a.shape.clone(), product)
}

fn div(node: &Node<'_>, graph: &mut Graph) -> Lowered {
    let (a, b) = operands(node)?;
    let integer = a.kind == Kind::Int;
    if b.constants().is_some_and(|c| c.contains(&0.0)) {
        return Err(node.error("division by a constant zero"));
    }
    if let Some(folded) = fold(&a, &b, |x, y| if integer { (x / y).trunc() } else { x / y }) {
        return Ok(folded);
    }
    let n = a.len();
    if integer {
        let (x, y) = (a.ids(graph), b.ids(graph));
        let quotient = rounding::truncated_quotient(node, graph, a.dtype, &x, &y);
        return Ok(vec![Tensor::computed(graph, a.dtype, a.shape.clone(), quotient)]);
    }
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
        Some(c) => {
            let data = c.iter().map(|v| -v).collect();
            Ok(vec![Tensor::constant(x.kind, x.shape.clone(), data).typed(x.dtype)])
        }
        None => Ok(vec![affine(node, graph, x, vec![-1.0; n], vec![0.0; n])]),
    }
}

/// Base and exponent, whose types may differ.
fn pow(node: &Node<'_>, graph: &mut Graph) -> Lowered {
    let (a, b) = (node.input(0)?, node.input(1)?);
    let shape = broadcast(&a.shape, &b.shape)
        .ok_or_else(|| node.error(format!("shapes {:?} and {:?} do not broadcast", a.shape, b.shape)))?;
    node.checked_len(&shape)?;
    let pick = |t: &Tensor| t.pick(shape.clone(), &broadcast_indices(&t.shape, &shape));
    let (a, b) = (pick(a), pick(b));
    let integer = a.kind == Kind::Int;
    if let Some(folded) = fold(&a, &b, |x, y| if integer { x.powf(y).trunc() } else { x.powf(y) }) {
        return Ok(folded);
    }
    let base = a.ids(graph);
    let y = match b.constants() {
        Some(exponents) => {
            // Elements with equal exponents are computed together.
            let mut distinct = exponents.to_vec();
            distinct.sort_by(f64::total_cmp);
            distinct.dedup();
            let mut out = base.clone();
            for (part, exponent) in distinct.into_iter().enumerate() {
                let at: Vec<usize> = (0..base.len()).filter(|&i| exponents[i] == exponent).collect();
                let own: Vec<ValueId> = at.iter().map(|&i| base[i]).collect();
                let name = if at.len() == base.len() { String::new() } else { format!("power{part}") };
                let powers = power(node, graph, &name, &own, exponent, integer)?;
                at.into_iter().zip(powers).for_each(|(i, v)| out[i] = v);
            }
            out
        }
        None => computed_power(node, graph, &a, &b),
    };
    Ok(vec![Tensor::computed(graph, a.dtype, shape, y)])
}

/// x^exponent
fn power(
    node: &Node<'_>,
    graph: &mut Graph,
    name: &str,
    x: &[ValueId],
    exponent: f64,
    integer: bool,
) -> Result<Vec<ValueId>, CompileError> {
    let whole = exponent.fract() == 0.0;
    if integer && !(whole && (0.0..=LARGEST_PRODUCT).contains(&exponent)) {
        return Err(node.error(format!("integers to the power {exponent} are not supported")));
    }
    let function = match exponent {
        0.0 => return Ok(vec![graph.constant(1.0); x.len()]),
        1.0 => return Ok(x.to_vec()),
        0.5 => Function::Sqrt,
        -1.0 => Function::Reciprocal,
        e if whole && (0.0..=LARGEST_PRODUCT).contains(&e) => {
            return Ok(product_power(node, graph, name, x, e as u32, integer));
        }
        e => Function::Power(e),
    };
    Ok(Parts::new(node, graph).apply(name, function, x, false))
}

/// A power by squaring.
fn product_power(
    node: &Node<'_>,
    graph: &mut Graph,
    name: &str,
    x: &[ValueId],
    exponent: u32,
    integer: bool,
) -> Vec<ValueId> {
    let multiply = |graph: &mut Graph, step: u32, a: &[ValueId], b: &[ValueId]| {
        let site = format!("{}.{name}{step}", node.name);
        let site = if step == exponent && name.is_empty() { node.name.clone() } else { site };
        let site = graph.new_site(&site, "Pow", &[x.len()], integer);
        graph.product(site, vec![Term { factor: 1.0, a: a.to_vec(), b: b.to_vec() }])
    };
    let (mut power, mut reached) = (x.to_vec(), 1);
    for bit in (0..exponent.ilog2()).rev() {
        power = multiply(graph, 2 * reached, &power, &power);
        reached *= 2;
        if exponent >> bit & 1 == 1 {
            power = multiply(graph, reached + 1, &power, x);
            reached += 1;
        }
    }
    power
}

/// e^(exponent · log(base)), rounded for integers.
fn computed_power(node: &Node<'_>, graph: &mut Graph, a: &Tensor, b: &Tensor) -> Vec<ValueId> {
    let (base, exponent) = (a.ids(graph), b.ids(graph));
    let mut parts = Parts::new(node, graph);
    let log = parts.apply("log", Function::Log, &base, false);
    let product = parts.mul("exponent", &exponent, &log);
    if a.kind == Kind::Int {
        let real = parts.apply("real", Function::Exp, &product, false);
        parts.floor("", &real, 1.0, 0.5)
    } else {
        parts.apply("", Function::Exp, &product, false)
    }
}

/// x where x ≥ 0, else slope · x, with a slope for each channel or element: x + (slope − 1) · min(x, 0).
fn prelu(node: &Node<'_>, graph: &mut Graph) -> Lowered {
    let (x, slope) = (node.float_input(0)?, node.float_input(1)?);
    if broadcast(&x.shape, &slope.shape).as_ref() != Some(&x.shape) {
        return Err(node.error(format!("a slope of shape {:?} does not broadcast to {:?}", slope.shape, x.shape)));
    }
    let slope = slope.pick(x.shape.clone(), &broadcast_indices(&slope.shape, &x.shape));
    if let Some(folded) = fold(x, &slope, |x, s| if x < 0.0 { x * s } else { x }) {
        return Ok(folded);
    }
    let n = x.len();
    let ids = x.ids(graph);
    let mut parts = Parts::new(node, graph);
    if let Some(c) = slope.constants() {
        if let Some(&same) = c.first().filter(|f| c.iter().all(|v| v == *f)) {
            let y = parts.apply("", Function::LeakyRelu(same), &ids, false);
            return Ok(vec![Tensor::computed(graph, x.dtype, x.shape.clone(), y)]);
        }
        // Relu(x) + slope · (x − Relu(x)) = slope · x + (1 − slope) · Relu(x)
        let positive = parts.apply("positive", Function::Relu, &ids, false);
        let slopes = c.iter().map(|&v| parts.graph.constant(v)).collect::<Vec<_>>();
        let rest = c.iter().map(|&v| parts.graph.constant(1.0 - v)).collect::<Vec<_>>();
        let y = parts.terms("", &[(1.0, &ids, &slopes), (1.0, &positive, &rest)]);
        return Ok(vec![Tensor::computed(graph, x.dtype, x.shape.clone(), y)]);
    }
    let positive = parts.apply("positive", Function::Relu, &ids, false);
    let negative = parts.sum("negative", &ids, -1.0, &positive);
    let one = parts.constant(1.0, n);
    let slopes = slope.ids(parts.graph);
    let y = parts.terms("", &[(1.0, &positive, &one), (1.0, &negative, &slopes)]);
    Ok(vec![Tensor::computed(graph, x.dtype, x.shape.clone(), y)])
}
