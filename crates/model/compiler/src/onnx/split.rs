//! Split.

use super::{
    attributes::{Lower, Lowered, Node},
    tensor::{strides, walk},
};

pub(super) const OPS: &[(&str, Lower)] = &[("Split", |node, _| lower(node))];

pub(super) const LIMITS: &[(&str, &str)] = &[("Split", "sizes constant")];

fn lower(node: &Node<'_>) -> Lowered {
    let x = node.input(0)?;
    let axis = node.axis(node.int("axis", 0)?, x.shape.len())?;
    let dim = x.shape[axis];
    let sizes = if node.opset >= 13 {
        if node.has("split") {
            return Err(node.error("`split` is an operand from operator set 13 on, not an attribute"));
        }
        node.int_list(1, "split")?
    } else {
        if node.inputs.len() > 1 {
            return Err(node.error("`split` is an attribute before operator set 13, not an operand"));
        }
        node.ints("split")?
    };
    let sizes: Vec<usize> = match sizes {
        Some(sizes) => sizes.iter().map(|&s| usize::try_from(s).unwrap_or(usize::MAX)).collect(),
        None => {
            let parts = node.int("num_outputs", node.proto.output.len() as i64)?;
            let parts = usize::try_from(parts).ok().filter(|&p| p > 0 && p <= dim.max(1));
            let parts = parts.ok_or_else(|| node.error("the number of outputs is invalid"))?;
            let size = dim.div_ceil(parts);
            (0..parts).map(|i| dim.saturating_sub(i * size).min(size)).collect()
        }
    };
    if sizes.iter().try_fold(0usize, |n, &s| n.checked_add(s)) != Some(dim) {
        return Err(node.error(format!("parts {sizes:?} do not add up to {dim}")));
    }
    let all = strides(&x.shape);
    let steps: Vec<isize> = all.iter().map(|&s| s as isize).collect();
    let mut start = 0;
    let mut parts = Vec::new();
    for size in sizes {
        let mut shape = x.shape.clone();
        shape[axis] = size;
        let pick = walk(&shape, &steps, start * all[axis]);
        parts.push(x.pick(shape, &pick));
        start += size;
    }
    Ok(parts)
}
