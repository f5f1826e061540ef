//! Constant, ConstantOfShape, Shape, Cast, Dropout.

use super::{
    attributes::{Lower, Lowered, Node},
    tensor::{ElementType, Kind, Tensor},
    weights,
};

pub(super) const OPS: &[(&str, Lower)] = &[
    ("Cast", |node, _| cast(node)),
    ("Constant", |node, _| lower(node)),
    ("ConstantOfShape", |node, _| of_shape(node)),
    ("Dropout", |node, _| dropout(node)),
    ("Identity", |node, _| Ok(vec![node.input(0)?.clone()])),
    ("Shape", |node, _| shape(node)),
];

pub(super) const LIMITS: &[(&str, &str)] = &[
    ("Cast", "between floats; constants to any numeric type"),
    ("Dropout", "inference only"),
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
    let len = super::model::checked_len(&node.name, &shape)?;
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

fn cast(node: &Node<'_>) -> Lowered {
    let x = node.input(0)?;
    let to = i32::try_from(node.int("to", 0)?).unwrap_or(0);
    let dtype = weights::element_type(&node.name, to)?;
    let Some(data) = x.constants() else {
        // An integer stays what it is; that it fits the type is not checked.
        return if dtype.kind() == Kind::Float || x.kind == Kind::Bool || x.kind == dtype.kind() {
            Ok(vec![x.clone().typed(dtype)])
        } else {
            Err(node.error("computed floats cannot be cast to integers or truth values"))
        };
    };
    let convert = |&v: &f64| match dtype.kind() {
        Kind::Float => v,
        Kind::Int => v.trunc(),
        Kind::Bool => f64::from(u8::from(v != 0.0)),
    };
    Ok(vec![Tensor::constant(dtype.kind(), x.shape.clone(), data.iter().map(convert).collect()).typed(dtype)])
}

/// At inference Dropout is the identity.
fn dropout(node: &Node<'_>) -> Lowered {
    if let Some((_, mode)) = node.constant(2, "training_mode")?
        && mode.iter().any(|&v| v != 0.0)
    {
        return Err(node.error("training_mode is set: export the model for inference"));
    }
    let x = node.input(0)?;
    let mask = Tensor::constant(Kind::Bool, x.shape.clone(), vec![1.0; x.len()]);
    Ok(vec![x.clone(), mask])
}
