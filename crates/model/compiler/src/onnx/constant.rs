//! Constant, ConstantOfShape, Shape, Cast, Dropout.

use super::{
    attributes::Node,
    import::Lowered,
    tensor::{Kind, Tensor},
    weights,
};

pub(super) fn lower(node: &Node<'_>) -> Lowered {
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

pub(super) fn of_shape(node: &Node<'_>) -> Lowered {
    let dims = node.int_list(0, "the shape")?.ok_or_else(|| node.error("operand 0 is missing"))?;
    let shape = dims.iter().map(|&d| usize::try_from(d)).collect::<Result<Vec<_>, _>>();
    let shape = shape.map_err(|_| node.error("a dimension is negative"))?;
    let len = super::model::checked_len(&node.name, &shape)?;
    let (kind, value) = match node.tensor("value")? {
        None => (Kind::Float, 0.0),
        Some(t) => {
            let t = weights::read(t, None)?;
            let value = t.constants().and_then(|c| c.first().copied());
            (t.kind, value.ok_or_else(|| node.error("its value is empty"))?)
        }
    };
    Ok(vec![Tensor::constant(kind, shape, vec![value; len])])
}

pub(super) fn shape(node: &Node<'_>) -> Lowered {
    let x = node.input(0)?;
    let rank = x.shape.len() as i64;
    let bound = |v: i64| (if v < 0 { v.saturating_add(rank) } else { v }).clamp(0, rank) as usize;
    let (start, end) = (bound(node.int("start", 0)?), bound(node.int("end", rank)?));
    let dims: Vec<f64> = x.shape[start..end.max(start)].iter().map(|&d| d as f64).collect();
    Ok(vec![Tensor::constant(Kind::Int, vec![dims.len()], dims)])
}

pub(super) fn cast(node: &Node<'_>) -> Lowered {
    let x = node.input(0)?;
    let to = i32::try_from(node.int("to", 0)?).unwrap_or(0);
    let (kind, _) = weights::kind_of(&node.name, to)?;
    let Some(data) = x.constants() else {
        let float = kind == Kind::Float && x.kind == Kind::Float;
        return if float { Ok(vec![x.clone()]) } else { Err(node.error("activations can only be cast to floats")) };
    };
    let convert = |&v: &f64| match kind {
        Kind::Float => v,
        Kind::Int => v.trunc(),
        Kind::Bool => f64::from(u8::from(v != 0.0)),
    };
    Ok(vec![Tensor::constant(kind, x.shape.clone(), data.iter().map(convert).collect())])
}

/// At inference Dropout is the identity.
pub(super) fn dropout(node: &Node<'_>) -> Lowered {
    if let Some((_, mode)) = node.constant(2, "training_mode")?
        && mode.iter().any(|&v| v != 0.0)
    {
        return Err(node.error("training_mode is set: export the model for inference"));
    }
    let x = node.input(0)?;
    let mask = Tensor::constant(Kind::Bool, x.shape.clone(), vec![1.0; x.len()]);
    Ok(vec![x.clone(), mask])
}
