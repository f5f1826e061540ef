//! Transpose.

use super::{
    attributes::{Lower, Lowered, Node},
    tensor::{strides, walk},
};

pub(super) const OPS: &[(&str, Lower)] = &[("Transpose", |node, _| lower(node))];

pub(super) const LIMITS: &[(&str, &str)] = &[];

fn lower(node: &Node<'_>) -> Lowered {
    let x = node.input(0)?;
    let rank = x.shape.len();
    let order: Vec<usize> = match node.ints("perm")? {
        None => (0..rank).rev().collect(),
        Some(perm) => {
            if node.axes(&perm, rank)?.len() != rank {
                return Err(node.error(format!("perm {perm:?} is not a permutation of {rank} axes")));
            }
            perm.iter().map(|&a| node.axis(a, rank)).collect::<Result<_, _>>()?
        }
    };
    let all = strides(&x.shape);
    let shape: Vec<usize> = order.iter().map(|&a| x.shape[a]).collect();
    let steps: Vec<isize> = order.iter().map(|&a| all[a] as isize).collect();
    let pick = walk(&shape, &steps, 0);
    Ok(vec![x.pick(shape, &pick)])
}
