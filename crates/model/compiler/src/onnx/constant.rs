//! Constants, shapes and types: Constant, ConstantOfShape, Shape, Size, Cast, CastLike; and what is the identity
//! at inference.

use super::{
    attributes::{Lower, Lowered, Node},
    tensor::{ElementType, Kind, Tensor},
    weights,
};
use crate::{
    function::Function,
    graph::{Graph, Term, ValueId},
};

pub(super) const OPS: &[(&str, Lower)] = &[
    ("Cast", |node, graph| {
        let to = i32::try_from(node.int("to", 0)?).unwrap_or(0);
        let dtype = weights::element_type(&node.name, to)?;
        cast(node, graph, dtype)
    }),
    ("CastLike", |node, graph| cast(node, graph, node.input(1)?.dtype)),
    ("Constant", |node, _| lower(node)),
    ("ConstantOfShape", |node, _| of_shape(node)),
    ("Dropout", |node, _| dropout(node)),
    ("Identity", |node, _| Ok(vec![node.input(0)?.clone()])),
    ("Optional", |node, _| Ok(vec![node.input(0)?.clone()])),
    ("OptionalGetElement", |node, _| Ok(vec![node.input(0)?.clone()])),
    ("OptionalHasElement", |node, _| {
        let has = f64::from(u8::from(node.optional(0).is_some()));
        Ok(vec![Tensor::constant(Kind::Bool, vec![], vec![has])])
    }),
    ("Shape", |node, _| shape(node)),
    ("Size", |node, _| Ok(vec![Tensor::constant(Kind::Int, vec![], vec![node.input(0)?.len() as f64])])),
];

pub(super) const LIMITS: &[(&str, &str)] = &[
    ("Cast", "numbers and truth values; that an integer fits its type is not checked"),
    ("Dropout", "inference only"),
    ("Optional", "tensors"),
    ("Constant", "numbers; no strings, no sparse tensors"),
];

fn lower(node: &Node<'_>) -> Lowered {
    if let Some(t) = node.tensor("value")? {
        return Ok(vec![weights::read(t, None)?]);
    }
    let tensor = if node.has("value_float") {
        Tensor::floats(vec![], vec![node.float("value_float", 0.0)?])
    } else if let Some(list) = node.floats("value_floats")? {
        Tensor::floats(vec![list.len()], list)
    } else if node.has("value_int") {
        Tensor::constant(Kind::Int, vec![], vec![node.int("value_int", 0)? as f64])
    } else if let Some(list) = node.ints("value_ints")? {
        Tensor::constant(Kind::Int, vec![list.len()], list.iter().map(|&v| v as f64).collect())
    } else {
        return Err(node.error("it has no numeric value"));
    };
    Ok(vec![tensor])
}

fn of_shape(node: &Node<'_>) -> Lowered {
    let dims = node.int_list(0, "the shape")?.ok_or_else(|| node.error("operand 0 is missing"))?;
    let shape = dims.iter().map(|&d| usize::try_from(d)).collect::<Result<Vec<_>, _>>();
    let shape = shape.map_err(|_| node.error("a dimension is negative"))?;
    let len = node.checked_len(&shape)?;
    let (dtype, value) = match node.tensor("value")? {
        None => (ElementType::Float32, 0.0),
        Some(t) => {
            let t = weights::read(t, None)?;
            let value = t.constants().and_then(|c| c.first().copied());
            (t.dtype, value.ok_or_else(|| node.error("its value is empty"))?)
        }
    };
    Ok(vec![Tensor::constant(dtype.kind(), shape, vec![value; len]).typed(dtype)])
}

fn shape(node: &Node<'_>) -> Lowered {
    let x = node.input(0)?;
    let rank = x.shape.len() as i64;
    let bound = |v: i64| (if v < 0 { v.saturating_add(rank) } else { v }).clamp(0, rank) as usize;
    let (start, end) = (bound(node.int("start", 0)?), bound(node.int("end", rank)?));
    let dims: Vec<f64> = x.shape[start..end.max(start)].iter().map(|&d| d as f64).collect();
    Ok(vec![Tensor::constant(Kind::Int, vec![dims.len()], dims)])
}

fn cast(node: &Node<'_>, graph: &mut Graph, dtype: ElementType) -> Lowered {
    let x = node.input(0)?;
    if let Some(data) = x.constants() {
        let convert = |&v: &f64| match dtype.kind() {
            Kind::Float => v,
            Kind::Int => v.trunc(),
            Kind::Bool => f64::from(u8::from(v != 0.0)),
        };
        let data = data.iter().map(convert).collect();
        return Ok(vec![Tensor::constant(dtype.kind(), x.shape.clone(), data).typed(dtype)]);
    }
    let ids = x.ids(graph);
    let integers = ids.iter().all(|&v| graph.is_integer(v));
    let ids = match dtype.kind() {
        Kind::Bool if x.kind != Kind::Bool => not_zero(node, graph, ids, integers),
        Kind::Int if !integers => truncated(node, graph, ids),
        // An integer stays what it is; that it fits the type is not checked.
        _ => ids,
    };
    Ok(vec![Tensor::computed(graph, dtype, x.shape.clone(), ids)])
}

/// 1 where x is not zero: x ≥ 0 and −x ≥ 0 hold together for zero only.
fn not_zero(node: &Node<'_>, graph: &mut Graph, x: Vec<ValueId>, integers: bool) -> Vec<ValueId> {
    let n = x.len();
    let part = |name: &str| format!("{}.{name}", node.name);
    let site = graph.new_site(&part("negated"), "Neg", &[n], integers);
    let negated = graph.affine(site, x.clone(), vec![-1.0; n], vec![0.0; n]);
    let site = graph.integer_site(&part("from_below"), "NonNegative", &[n]);
    let a = graph.apply(site, Function::NonNegative, x);
    let site = graph.integer_site(&part("from_above"), "NonNegative", &[n]);
    let b = graph.apply(site, Function::NonNegative, negated);
    let site = graph.integer_site(&part("zero"), "And", &[n]);
    let zero = graph.product(site, vec![Term { factor: 1.0, a, b }]);
    let site = graph.integer_site(&node.name, "Not", &[n]);
    graph.affine(site, zero, vec![-1.0; n], vec![1.0; n])
}

/// Real numbers without their fractions: ⌊max(x, 0)⌋ − ⌊max(−x, 0)⌋.
fn truncated(node: &Node<'_>, graph: &mut Graph, x: Vec<ValueId>) -> Vec<ValueId> {
    let n = x.len();
    let part = |name: &str| format!("{}.{name}", node.name);
    let site = graph.site(&part("negated"), "Neg", &[n]);
    let negated = graph.affine(site, x.clone(), vec![-1.0; n], vec![0.0; n]);
    let mut floor = |x: Vec<ValueId>, name: &str| {
        let site = graph.site(&part(&format!("{name}.relu")), "Relu", &[n]);
        let x = graph.apply(site, Function::Relu, x);
        let site = graph.integer_site(&part(name), "Floor", &[n]);
        graph.apply(site, Function::Floor, x)
    };
    let (above, below) = (floor(x, "above"), floor(negated, "below"));
    let site = graph.integer_site(&node.name, "Cast", &[n]);
    graph.sum(site, above, -1.0, below)
}

/// At inference Dropout is the identity.
fn dropout(node: &Node<'_>) -> Lowered {
    if let Some((_, mode)) = node.constant(2, "training_mode")?
        && mode.iter().any(|&v| v != 0.0)
    {
        return Err(node.error("training_mode is set: export the model for inference"));
    }
    let x = node.input(0)?;
    let mask = node.wants(1).then(|| Tensor::constant(Kind::Bool, x.shape.clone(), vec![1.0; x.len()]));
    Ok(std::iter::once(x.clone()).chain(mask).collect())
}
