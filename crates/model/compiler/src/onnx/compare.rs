//! Equal, Greater, GreaterOrEqual, Less, LessOrEqual, And, Or, Xor, Not, Where, IsNaN and IsInf.
//!
//! A comparison is the sign of a difference, from a table that jumps at zero: exact for integers. Real numbers are
//! compared as quantized: the result may differ within a quantization step of equality.

use super::{
    attributes::{Lower, Lowered, Node},
    parts::Parts,
    tensor::{ElementType, Kind, Tensor},
    variadic::aligned,
};
use crate::{
    CompileError,
    graph::{Graph, HUGE, ValueId},
};

pub(super) const OPS: &[(&str, Lower)] = &[
    ("And", |node, graph| logic(node, graph, |x, y| x * y, |p, a, b| p.mul("", a, b))),
    ("Equal", |node, graph| compare(node, graph, |x, y| x == y, |p, a, b| p.equal("", a, b))),
    ("Greater", |node, graph| compare(node, graph, |x, y| x > y, |p, a, b| p.above("", a, b))),
    ("GreaterOrEqual", |node, graph| compare(node, graph, |x, y| x >= y, |p, a, b| p.at_least("", a, b))),
    ("IsInf", never),
    ("IsNaN", never),
    ("Less", |node, graph| compare(node, graph, |x, y| x < y, |p, a, b| p.above("", b, a))),
    ("LessOrEqual", |node, graph| compare(node, graph, |x, y| x <= y, |p, a, b| p.at_least("", b, a))),
    ("Not", not),
    ("Or", |node, graph| logic(node, graph, f64::max, |p, a, b| p.max("", 2, pairs(a, b)))),
    ("Where", select),
    ("Xor", |node, graph| logic(node, graph, |x, y| (x - y).abs(), xor)),
];

pub(super) const LIMITS: &[(&str, &str)] = &[
    ("Equal", "numbers and truth values; reals within a quantization step count as equal"),
    ("IsInf", "a computed value is never infinite"),
    ("IsNaN", "a computed value is always a number"),
];

/// How a binary operator combines values of the graph.
type Combine = fn(&mut Parts<'_, '_>, &[ValueId], &[ValueId]) -> Vec<ValueId>;

fn pairs(a: &[ValueId], b: &[ValueId]) -> Vec<ValueId> {
    a.iter().zip(b).flat_map(|(&a, &b)| [a, b]).collect()
}

fn xor(parts: &mut Parts<'_, '_>, a: &[ValueId], b: &[ValueId]) -> Vec<ValueId> {
    let difference = parts.sum("difference", a, -1.0, b);
    parts.abs("", &difference)
}

/// Two operands of one kind, broadcast.
fn operands(node: &Node<'_>) -> Result<(Tensor, Tensor), CompileError> {
    let (a, b) = (node.input(0)?, node.input(1)?);
    if a.kind != b.kind {
        return Err(node.error("the operands have different element types"));
    }
    let mut both = aligned(node, &[a, b])?;
    let b = both.pop();
    both.pop().zip(b).ok_or_else(|| node.error("an operand is missing"))
}

fn binary(node: &Node<'_>, graph: &mut Graph, fold: impl Fn(f64, f64) -> f64, combine: Combine) -> Lowered {
    let (a, b) = operands(node)?;
    if let (Some(x), Some(y)) = (a.constants(), b.constants()) {
        let data = x.iter().zip(y).map(|(&x, &y)| fold(x, y)).collect();
        return Ok(vec![Tensor::constant(Kind::Bool, a.shape.clone(), data)]);
    }
    let huge = |t: &Tensor| t.constants().is_some_and(|c| c.iter().any(|v| v.abs() >= HUGE));
    if huge(&a) || huge(&b) {
        graph.asked = true;
    }
    let (x, y) = (a.ids(graph), b.ids(graph));
    let bits = combine(&mut Parts::new(node, graph), &x, &y);
    Ok(vec![Tensor::computed(graph, ElementType::Bool, a.shape, bits)])
}

fn compare(node: &Node<'_>, graph: &mut Graph, holds: fn(&f64, &f64) -> bool, combine: Combine) -> Lowered {
    binary(node, graph, |x, y| f64::from(u8::from(holds(&x, &y))), combine)
}

fn logic(node: &Node<'_>, graph: &mut Graph, fold: fn(f64, f64) -> f64, combine: Combine) -> Lowered {
    if node.input(0)?.kind != Kind::Bool {
        return Err(node.error("its operands are not truth values"));
    }
    binary(node, graph, fold, combine)
}

fn not(node: &Node<'_>, graph: &mut Graph) -> Lowered {
    let x = node.input(0)?;
    if x.kind != Kind::Bool {
        return Err(node.error("its operand is not a tensor of truth values"));
    }
    if let Some(c) = x.constants() {
        return Ok(vec![Tensor::constant(Kind::Bool, x.shape.clone(), c.iter().map(|v| 1.0 - v).collect())]);
    }
    let ids = x.ids(graph);
    let bits = Parts::new(node, graph).not("", &ids);
    Ok(vec![Tensor::computed(graph, ElementType::Bool, x.shape.clone(), bits)])
}

/// Every value of a program is a finite number.
fn never(node: &Node<'_>, graph: &mut Graph) -> Lowered {
    let x = node.float_input(0)?;
    let positive = node.int("detect_positive", 1)? != 0;
    let negative = node.int("detect_negative", 1)? != 0;
    let nan = node.proto.op_type == "IsNaN";
    let holds = |v: f64| {
        if nan { v.is_nan() } else { v == f64::INFINITY && positive || v == f64::NEG_INFINITY && negative }
    };
    let data = match x.constants() {
        Some(c) => c.iter().map(|&v| f64::from(u8::from(holds(v)))).collect(),
        None => {
            graph.asked = true;
            vec![0.0; x.len()]
        }
    };
    Ok(vec![Tensor::constant(Kind::Bool, x.shape.clone(), data)])
}

/// Where: x where the condition holds, else y.
fn select(node: &Node<'_>, graph: &mut Graph) -> Lowered {
    let (c, x, y) = (node.input(0)?, node.input(1)?, node.input(2)?);
    if c.kind != Kind::Bool {
        return Err(node.error("the condition is not a tensor of truth values"));
    }
    if x.kind != y.kind {
        return Err(node.error("the operands have different element types"));
    }
    let all = aligned(node, &[c, x, y])?;
    let (shape, dtype) = (all[0].shape.clone(), x.dtype);
    let (x, y) = (&all[1], &all[2]);
    if let Some(c) = all[0].constants() {
        if let (Some(x), Some(y)) = (x.constants(), y.constants()) {
            let data = c.iter().zip(x.iter().zip(y)).map(|(&c, (&x, &y))| if c != 0.0 { x } else { y }).collect();
            return Ok(vec![Tensor::constant(dtype.kind(), shape, data).typed(dtype)]);
        }
        let (a, b) = (x.ids(graph), y.ids(graph));
        let picked = c.iter().zip(a.iter().zip(&b)).map(|(&c, (&a, &b))| if c != 0.0 { a } else { b }).collect();
        return Ok(vec![Tensor::computed(graph, dtype, shape, picked)]);
    }
    let bits = all[0].ids(graph);
    if let (Some(a), Some(b)) = (x.constants(), y.constants())
        && a.iter().chain(b).all(|v| v.abs() < HUGE)
    {
        let scale = a.iter().zip(b).map(|(a, b)| a - b).collect();
        let picked = Parts::new(node, graph).scaled("", &bits, scale, b.to_vec());
        return Ok(vec![Tensor::computed(graph, dtype, shape, picked)]);
    }
    let (a, b) = (x.ids(graph), y.ids(graph));
    let picked = Parts::new(node, graph).select("", &bits, &a, &b);
    Ok(vec![Tensor::computed(graph, dtype, shape, picked)])
}
