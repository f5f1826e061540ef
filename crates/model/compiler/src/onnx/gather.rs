//! Gather with constant indices.

use super::{
    attributes::{Lower, Lowered, Node},
    tensor::Kind,
};

pub(super) const OPS: &[(&str, Lower)] = &[("Gather", |node, _| lower(node))];

pub(super) const LIMITS: &[(&str, &str)] = &[("Gather", "indices constant")];

fn lower(node: &Node<'_>) -> Lowered {
    let x = node.input(0)?;
    let axis = node.axis(node.int("axis", 0)?, x.shape.len())?;
    let (indices, data) = node.constant(1, "indices")?.ok_or_else(|| node.error("operand 1 is missing"))?;
    if indices.kind != Kind::Int {
        return Err(node.error("indices are not integers"));
    }
    let dim = x.shape[axis] as i64;
    let at = |&v: &f64| {
        let i = v as i64;
        if (-dim..dim).contains(&i) {
            Ok(i.rem_euclid(dim) as usize)
        } else {
            Err(node.error(format!("index {i} is outside a dimension of {dim}")))
        }
    };
    let chosen = data.iter().map(at).collect::<Result<Vec<_>, _>>()?;
    let mut shape = x.shape[..axis].to_vec();
    shape.extend(&indices.shape);
    shape.extend(&x.shape[axis + 1..]);
    super::model::checked_len(&node.name, &shape)?;
    let outer: usize = x.shape[..axis].iter().product();
    let inner: usize = x.shape[axis + 1..].iter().product();
    let mut pick = Vec::new();
    for o in 0..outer {
        for &i in &chosen {
            let start = (o * x.shape[axis] + i) * inner;
            pick.extend(start..start + inner);
        }
    }
    Ok(vec![x.pick(shape, &pick)])
}
