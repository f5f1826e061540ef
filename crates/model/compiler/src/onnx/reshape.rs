//! Reshape, Flatten, Squeeze, Unsqueeze: the same elements in another shape.

use super::attributes::{Lower, Lowered, Node};

pub(super) const OPS: &[(&str, Lower)] = &[
    ("Flatten", |node, _| flatten(node)),
    ("Reshape", |node, _| lower(node)),
    ("Squeeze", |node, _| squeeze(node)),
    ("Unsqueeze", |node, _| unsqueeze(node)),
];

pub(super) const LIMITS: &[(&str, &str)] = &[("Reshape", "the shape is constant")];

fn lower(node: &Node<'_>) -> Lowered {
    let x = node.input(0)?;
    let target = node.int_list(1, "the shape")?.ok_or_else(|| node.error("operand 1 is missing"))?;
    let allow_zero = node.int("allowzero", 0)? != 0;
    let mut shape = Vec::with_capacity(target.len());
    let mut open = None;
    for (i, &d) in target.iter().enumerate() {
        shape.push(match d {
            0 if !allow_zero => *x.shape.get(i).ok_or_else(|| node.error("a 0 has no dimension to copy"))?,
            -1 if open.is_none() => {
                open = Some(i);
                1
            }
            d if d >= 0 => d as usize,
            d => return Err(node.error(format!("dimension {d} of the new shape is invalid"))),
        });
    }
    let known = node.checked_len(&shape)?;
    if let Some(i) = open {
        if known == 0 || !x.len().is_multiple_of(known) {
            return Err(node.error(format!("{} elements do not fit the shape {target:?}", x.len())));
        }
        shape[i] = x.len() / known;
    } else if known != x.len() {
        return Err(node.error(format!("{} elements do not fit the shape {target:?}", x.len())));
    }
    Ok(vec![x.reshaped(shape)])
}

fn flatten(node: &Node<'_>) -> Lowered {
    let x = node.input(0)?;
    let rank = x.shape.len() as i64;
    let axis = node.int("axis", 1)?;
    if !(-rank..=rank).contains(&axis) {
        return Err(node.error(format!("axis {axis} is outside a tensor of rank {rank}")));
    }
    let axis = if axis < 0 { axis + rank } else { axis } as usize;
    let rows: usize = x.shape[..axis].iter().product();
    let cols: usize = x.shape[axis..].iter().product();
    Ok(vec![x.reshaped(vec![rows, cols])])
}

fn squeeze(node: &Node<'_>) -> Lowered {
    let x = node.input(0)?;
    let axes = match node.axes_of(13)? {
        Some(axes) => node.axes(&axes, x.shape.len())?,
        None => (0..x.shape.len()).filter(|&i| x.shape[i] == 1).collect(),
    };
    if let Some(&axis) = axes.iter().find(|&&i| x.shape[i] != 1) {
        return Err(node.error(format!("dimension {axis} is {}, not 1", x.shape[axis])));
    }
    let shape = (0..x.shape.len()).filter(|i| !axes.contains(i)).map(|i| x.shape[i]).collect();
    Ok(vec![x.reshaped(shape)])
}

fn unsqueeze(node: &Node<'_>) -> Lowered {
    let x = node.input(0)?;
    let axes = node.axes_of(13)?.ok_or_else(|| node.error("`axes` is missing"))?;
    let rank = x.shape.len() + axes.len();
    let axes = node.axes(&axes, rank)?;
    let mut old = x.shape.iter().copied();
    let shape = (0..rank).map(|i| if axes.contains(&i) { 1 } else { old.next().unwrap_or(1) }).collect();
    Ok(vec![x.reshaped(shape)])
}
