//! Floor, Ceil, Round, Sign and Mod, and the division of integers.
//!
//! The floor is a requantization to scale 1, which is exact. Ties of Round are found by comparisons of the distance to
//! the nearest even number.

use super::{
    attributes::{Lower, Lowered, Node},
    elementwise::operands,
    parts::Parts,
    tensor::{ElementType, Kind, Tensor},
};
use crate::{
    function::Function,
    graph::{Graph, ValueId},
};

pub(super) const OPS: &[(&str, Lower)] = &[
    ("Ceil", |node, graph| unary(node, graph, f64::ceil, ceil)),
    ("Floor", |node, graph| unary(node, graph, f64::floor, |p, x| p.floor("", x, 1.0, 0.0))),
    ("Mod", modulo),
    ("Round", |node, graph| unary(node, graph, f64::round_ties_even, round)),
    ("Sign", |node, graph| unary(node, graph, sign_of, sign)),
];

pub(super) const LIMITS: &[(&str, &str)] = &[("Mod", "a divisor that is not zero")];

fn unary(
    node: &Node<'_>,
    graph: &mut Graph,
    fold: fn(f64) -> f64,
    lower: fn(&mut Parts<'_, '_>, &[ValueId]) -> Vec<ValueId>,
) -> Lowered {
    let x = node.input(0)?;
    if let Some(c) = x.constants() {
        let data = c.iter().map(|&v| fold(v)).collect();
        return Ok(vec![Tensor::constant(x.kind, x.shape.clone(), data).typed(x.dtype)]);
    }
    if x.kind == Kind::Int && node.proto.op_type != "Sign" {
        return Ok(vec![x.clone()]);
    }
    let ids = x.ids(graph);
    let y = lower(&mut Parts::new(node, graph), &ids);
    Ok(vec![Tensor::computed(graph, x.dtype, x.shape.clone(), y)])
}

fn ceil(parts: &mut Parts<'_, '_>, x: &[ValueId]) -> Vec<ValueId> {
    let floor = parts.floor("floor", x, -1.0, 0.0);
    parts.affine("", &floor, -1.0, 0.0)
}

/// The nearest integer; of two, the even one.
///
/// With 2m the nearest even number and d = x − 2m in [−1, 1], that is 2m + 1 where d > 1/2, 2m − 1 where d < −1/2, else 2m.
pub(super) fn round(parts: &mut Parts<'_, '_>, x: &[ValueId]) -> Vec<ValueId> {
    let half = parts.floor("half", x, 0.5, 0.5);
    let pairs = x.iter().zip(&half).flat_map(|(&x, &m)| [x, m]).collect();
    // d + 1/2 and 1/2 − d
    let ties = parts.linear("ties", 2, vec![1.0, -1.0, -2.0, 2.0], vec![0.5, 0.5], pairs);
    parts.graph.bound_below(&ties, -0.5);
    parts.graph.bound_above(&ties, 1.5);
    let bits = parts.step("bits", &ties);
    let all = half.iter().zip(bits.chunks_exact(2)).flat_map(|(&m, b)| [m, b[0], b[1]]).collect();
    parts.linear("", 3, vec![2.0, 1.0, -1.0], vec![0.0], all)
}

fn sign_of(v: f64) -> f64 {
    if v == 0.0 { 0.0 } else { v.signum() }
}

/// [x ≥ 0] − [−x ≥ 0]
fn sign(parts: &mut Parts<'_, '_>, x: &[ValueId]) -> Vec<ValueId> {
    let negated = parts.affine("negated", x, -1.0, 0.0);
    let (above, below) = (parts.step("above", x), parts.step("below", &negated));
    parts.sum("", &above, -1.0, &below)
}

/// 1 where x ≥ 0, else −1.
fn direction(parts: &mut Parts<'_, '_>, part: &str, x: &[ValueId]) -> Vec<ValueId> {
    let bits = parts.step(&format!("{part}.bit"), x);
    parts.affine(part, &bits, 2.0, -1.0)
}

/// Quotient, rounded down, and remainder of a by positive b: an approximate quotient, corrected by the remainder that it
/// leaves.
fn divide(parts: &mut Parts<'_, '_>, a: &[ValueId], b: &[ValueId]) -> (Vec<ValueId>, Vec<ValueId>) {
    let n = a.len();
    let one = parts.constant(1.0, n);
    let constant = b.first().and_then(|&v| parts.graph.constant_of(v)).filter(|_| b.iter().all(|v| *v == b[0]));
    if let Some(divisor) = constant.filter(|d| d.fract() == 0.0 && a.iter().all(|&v| parts.graph.is_integer(v))) {
        // Half a unit more, so that the rounding of 1/b does not matter.
        let quotient = parts.floor("quotient", a, 1.0 / divisor, 0.5 / divisor);
        let rest = parts.terms("remainder", &[(1.0, a, &one), (-1.0, &quotient, b)]);
        parts.graph.bound_below(&rest, 0.0);
        parts.graph.bound_above(&rest, divisor - 1.0);
        return (quotient, rest);
    }
    let inverse = parts.apply("inverse", Function::Reciprocal, b, false);
    let ratio = parts.mul("ratio", a, &inverse);
    let near = parts.floor("near", &ratio, 1.0, 0.0);
    let rest = parts.terms("rest", &[(1.0, a, &one), (-1.0, &near, b)]);
    let low = parts.step("low", &rest);
    let high = parts.at_least("high", &rest, b);
    let all = (0..n).flat_map(|i| [near[i], low[i], high[i]]).collect();
    let quotient = parts.linear("quotient", 3, vec![1.0; 3], vec![-1.0], all);
    let rest = parts.terms("remainder", &[(1.0, a, &one), (-1.0, &quotient, b)]);
    parts.graph.bound_below(&rest, 0.0);
    (quotient, rest)
}

/// Whether no value is negative.
fn unsigned(graph: &Graph, dtype: ElementType, values: &[ValueId]) -> bool {
    let type_is = dtype.integers().is_some_and(|(lo, _)| lo == 0.0);
    type_is || values.iter().all(|&v| graph.constant_of(v).is_some_and(|c| c >= 0.0))
}

/// a / b of integers, rounded towards zero.
pub(super) fn truncated_quotient(
    node: &Node<'_>,
    graph: &mut Graph,
    dtype: ElementType,
    a: &[ValueId],
    b: &[ValueId],
) -> Vec<ValueId> {
    let signs = [unsigned(graph, dtype, a), unsigned(graph, dtype, b)];
    let mut parts = Parts::new(node, graph);
    let mut sides = Vec::new();
    let mut signed = Vec::new();
    for ((values, unsigned), name) in [a, b].into_iter().zip(signs).zip(["dividend", "divisor"]) {
        if unsigned {
            sides.push(values.to_vec());
        } else {
            signed.push(direction(&mut parts, &format!("{name}.sign"), values));
            sides.push(parts.abs(name, values));
        }
    }
    let (quotient, _) = divide(&mut parts, &sides[0], &sides[1]);
    signed.iter().enumerate().fold(quotient, |q, (i, s)| parts.mul(&format!("signed{i}"), &q, s))
}

/// Mod: the remainder of floor division, or with `fmod` of truncating division.
fn modulo(node: &Node<'_>, graph: &mut Graph) -> Lowered {
    let (a, b) = operands(node)?;
    let truncating = node.int("fmod", 0)? != 0;
    if b.constants().is_some_and(|c| c.contains(&0.0)) {
        return Err(node.error("division by a constant zero"));
    }
    if let (Some(x), Some(y)) = (a.constants(), b.constants()) {
        let rest = |x: f64, y: f64| if truncating { x % y } else { x - y * (x / y).floor() };
        let data = x.iter().zip(y).map(|(&x, &y)| rest(x, y)).collect();
        return Ok(vec![Tensor::constant(a.kind, a.shape.clone(), data).typed(a.dtype)]);
    }
    let (x, y) = (a.ids(graph), b.ids(graph));
    let (positive_a, positive_b) = (unsigned(graph, a.dtype, &x), unsigned(graph, a.dtype, &y));
    let mut parts = Parts::new(node, graph);
    let size = if positive_b { y.clone() } else { parts.abs("divisor", &y) };
    let sign = match (truncating, positive_a, positive_b) {
        (true, false, _) => Some(direction(&mut parts, "sign", &x)),
        (false, _, false) => Some(direction(&mut parts, "sign", &y)),
        _ => None,
    };
    // The dividend's own sign makes it its magnitude.
    let dividend = sign.as_ref().map_or_else(|| x.clone(), |s| parts.mul("dividend", &x, s));
    if truncating {
        parts.graph.bound_below(&dividend, 0.0);
    }
    let (_, rest) = divide(&mut parts, &dividend, &size);
    let rest = sign.map_or(rest.clone(), |s| parts.mul("", &rest, &s));
    Ok(vec![Tensor::computed(graph, a.dtype, a.shape.clone(), rest)])
}
