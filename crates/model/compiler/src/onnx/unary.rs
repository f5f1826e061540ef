//! Functions of one variable: activations, exponentials, roots, trigonometric and hyperbolic functions.

use super::{
    attributes::{Lower, Lowered, Node},
    parts::Parts,
    tensor::{Kind, Tensor},
    variadic::{aligned, extreme_of},
};
use crate::{CompileError, function::Function, graph::Graph};

pub(super) const OPS: &[(&str, Lower)] = &[
    ("Abs", |node, graph| exact(node, graph, Function::Abs)),
    ("Acos", |node, graph| lower(node, graph, Function::Acos)),
    ("Acosh", |node, graph| lower(node, graph, Function::Acosh)),
    ("Asin", |node, graph| lower(node, graph, Function::Asin)),
    ("Asinh", |node, graph| lower(node, graph, Function::Asinh)),
    ("Atan", |node, graph| lower(node, graph, Function::Atan)),
    ("Atanh", |node, graph| lower(node, graph, Function::Atanh)),
    ("Celu", celu),
    ("Clip", clip),
    ("Cos", |node, graph| lower(node, graph, Function::Cos)),
    ("Cosh", |node, graph| lower(node, graph, Function::Cosh)),
    ("Elu", elu),
    ("Erf", |node, graph| lower(node, graph, Function::Erf)),
    ("Exp", |node, graph| lower(node, graph, Function::Exp)),
    ("Gelu", gelu),
    ("HardSigmoid", hard_sigmoid),
    ("HardSwish", |node, graph| lower(node, graph, Function::HardSwish)),
    ("LeakyRelu", leaky_relu),
    ("Log", |node, graph| lower(node, graph, Function::Log)),
    ("Mish", |node, graph| lower(node, graph, Function::Mish)),
    ("Reciprocal", |node, graph| lower(node, graph, Function::Reciprocal)),
    ("Relu", |node, graph| exact(node, graph, Function::Relu)),
    ("Selu", selu),
    ("Shrink", shrink),
    ("Sigmoid", |node, graph| lower(node, graph, Function::Sigmoid)),
    ("Sin", |node, graph| lower(node, graph, Function::Sin)),
    ("Sinh", |node, graph| lower(node, graph, Function::Sinh)),
    ("Softplus", |node, graph| lower(node, graph, Function::Softplus)),
    ("Softsign", |node, graph| lower(node, graph, Function::Softsign)),
    ("Sqrt", |node, graph| lower(node, graph, Function::Sqrt)),
    ("Swish", swish),
    ("Tan", |node, graph| lower(node, graph, Function::Tan)),
    ("Tanh", |node, graph| lower(node, graph, Function::Tanh)),
    ("ThresholdedRelu", thresholded_relu),
];

pub(super) const LIMITS: &[(&str, &str)] = &[("Tan", "an operand between two poles")];

fn lower(node: &Node<'_>, graph: &mut Graph, function: Function) -> Lowered {
    let x = node.float_input(0)?;
    Ok(vec![apply(node, graph, function, x)])
}

/// A function whose values are integers where its operand is one.
fn exact(node: &Node<'_>, graph: &mut Graph, function: Function) -> Lowered {
    Ok(vec![apply(node, graph, function, node.input(0)?)])
}

pub(super) fn apply(node: &Node<'_>, graph: &mut Graph, function: Function, x: &Tensor) -> Tensor {
    let site = graph.new_site(&node.name, function.name(), &x.shape, x.dtype.is_integer());
    let ids = x.ids(graph);
    let y = graph.apply(site, function, ids);
    Tensor::computed(graph, x.dtype, x.shape.clone(), y)
}

fn leaky_relu(node: &Node<'_>, graph: &mut Graph) -> Lowered {
    let alpha = node.float("alpha", f64::from(0.01f32))?;
    lower(node, graph, Function::LeakyRelu(alpha))
}

fn elu(node: &Node<'_>, graph: &mut Graph) -> Lowered {
    let alpha = node.float("alpha", 1.0)?;
    lower(node, graph, Function::Elu(alpha))
}

fn celu(node: &Node<'_>, graph: &mut Graph) -> Lowered {
    let alpha = node.float("alpha", 1.0)?;
    if alpha <= 0.0 {
        return Err(node.error(format!("alpha is {alpha}, not positive")));
    }
    lower(node, graph, Function::Celu(alpha))
}

fn selu(node: &Node<'_>, graph: &mut Graph) -> Lowered {
    let alpha = node.float("alpha", f64::from(1.673_263_2_f32))?;
    let gamma = node.float("gamma", f64::from(1.050_701_f32))?;
    lower(node, graph, Function::Selu { alpha, gamma })
}

fn swish(node: &Node<'_>, graph: &mut Graph) -> Lowered {
    let alpha = node.float("alpha", 1.0)?;
    lower(node, graph, Function::Swish(alpha))
}

/// x where x > alpha, else 0.
fn thresholded_relu(node: &Node<'_>, graph: &mut Graph) -> Lowered {
    let alpha = node.float("alpha", 1.0)?;
    let x = node.float_input(0)?;
    let ids = x.ids(graph);
    let mut parts = Parts::new(node, graph);
    let one = parts.constant(1.0, ids.len());
    let distance = parts.affine("distance", &ids, -1.0, alpha);
    let not_above = parts.step("below", &distance);
    let y = parts.terms("", &[(1.0, &ids, &one), (-1.0, &ids, &not_above)]);
    for (&y, &x) in y.iter().zip(&ids) {
        let zero = parts.graph.constant(0.0);
        parts.graph.among(&[y], &[x, zero]);
    }
    Ok(vec![Tensor::computed(graph, x.dtype, x.shape.clone(), y)])
}

/// x + bias below −lambd, x − bias above lambd, else 0.
fn shrink(node: &Node<'_>, graph: &mut Graph) -> Lowered {
    let (bias, lambd) = (node.float("bias", 0.0)?, node.float("lambd", 0.5)?);
    let x = node.input(0)?;
    if lambd < 0.0 {
        return Err(node.error(format!("lambd is {lambd}, which is negative")));
    }
    let ids = x.ids(graph);
    let mut parts = Parts::new(node, graph);
    let limit = parts.constant(lambd, ids.len());
    let negative = parts.affine("negative", &ids, -1.0, 0.0);
    let above = parts.above("above", &ids, &limit);
    let below = parts.above("below", &negative, &limit);
    let (less, more) = (parts.affine("less", &ids, 1.0, -bias), parts.affine("more", &ids, 1.0, bias));
    let y = parts.terms("", &[(1.0, &less, &above), (1.0, &more, &below)]);
    for ((&y, &a), &b) in y.iter().zip(&less).zip(&more) {
        let zero = parts.graph.constant(0.0);
        parts.graph.among(&[y], &[a, b, zero]);
    }
    Ok(vec![Tensor::computed(graph, x.dtype, x.shape.clone(), y)])
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

/// The bounds of a Clip: operands from operator set 11 on, attributes before.
fn bounds(node: &Node<'_>) -> Result<[Option<Tensor>; 2], CompileError> {
    if node.opset >= 11 {
        if node.has("min") || node.has("max") {
            return Err(node.error("`min` and `max` are operands from operator set 11 on, not attributes"));
        }
        let bound = |i, what| match node.optional(i) {
            Some(t) if t.len() == 1 => Ok(Some(t.reshaped(vec![]))),
            Some(_) => Err(node.error(format!("{what} is not a scalar"))),
            None => Ok(None),
        };
        Ok([bound(1, "min")?, bound(2, "max")?])
    } else {
        let bound = |name| {
            let value = if node.has(name) { Some(node.float(name, 0.0)?) } else { None };
            Ok::<_, CompileError>(value.map(|v| Tensor::floats(vec![], vec![v])))
        };
        Ok([bound("min")?, bound("max")?])
    }
}

/// min(max(x, lo), hi)
fn clip(node: &Node<'_>, graph: &mut Graph) -> Lowered {
    let x = node.input(0)?;
    let [lo, hi] = bounds(node)?;
    if lo.iter().chain(&hi).any(|t| t.kind != x.kind) {
        return Err(node.error("the operands have different element types"));
    }
    let limit = |t: &Option<Tensor>, none: f64| match t {
        None => Some(none),
        Some(t) => t.constants().and_then(|c| c.first().copied()),
    };
    let (Some(low), Some(high)) = (limit(&lo, f64::NEG_INFINITY), limit(&hi, f64::INFINITY)) else {
        return computed_clip(node, graph, x, [lo, hi]);
    };
    if let Some(c) = x.constants() {
        let data = c.iter().map(|v| v.max(low).min(high)).collect();
        return Ok(vec![Tensor::constant(x.kind, x.shape.clone(), data).typed(x.dtype)]);
    }
    // The largest floats stand for no bound. Where the bounds cross, the upper one counts.
    let high = if high < 1e30 { high } else { f64::INFINITY };
    let low = if low > -1e30 { low.min(high) } else { f64::NEG_INFINITY };
    if low == high {
        return Ok(vec![Tensor::constant(x.kind, x.shape.clone(), vec![high; x.len()]).typed(x.dtype)]);
    }
    match (low == 0.0, low.is_finite() || high.is_finite()) {
        (_, false) => Ok(vec![x.clone()]),
        (true, _) if high.is_infinite() => exact(node, graph, Function::Relu),
        _ if x.kind == Kind::Float => lower(node, graph, Function::Clip(low, high)),
        _ => {
            // An integer type's own ends are no bounds.
            let (least, most) = x.dtype.integers().unwrap_or((f64::NEG_INFINITY, f64::INFINITY));
            computed_clip(node, graph, x, [lo.filter(|_| low > least), hi.filter(|_| high < most)])
        }
    }
}

fn computed_clip(node: &Node<'_>, graph: &mut Graph, x: &Tensor, [lo, hi]: [Option<Tensor>; 2]) -> Lowered {
    let mut y = x.ids(graph);
    for (bound, sign, name) in [(lo, 1.0, "lower"), (hi, -1.0, "upper")] {
        let Some(bound) = bound else { continue };
        let both = aligned(node, &[x, &bound])?;
        let limits = both[1].ids(graph);
        y = extreme_of(&mut Parts::new(node, graph), name, &[y, limits], sign);
    }
    Ok(vec![Tensor::computed(graph, x.dtype, x.shape.clone(), y)])
}
