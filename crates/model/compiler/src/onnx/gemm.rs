//! Gemm: Y = alpha · A' · B' + beta · C.

use super::{
    attributes::{Lower, Lowered, Node},
    mat_mul::{product_2d, transposed},
    tensor::{Tensor, broadcast, broadcast_indices},
};
use crate::graph::Graph;

pub(super) const OPS: &[(&str, Lower)] = &[("Gemm", lower)];

pub(super) const LIMITS: &[(&str, &str)] = &[];

fn lower(node: &Node<'_>, graph: &mut Graph) -> Lowered {
    let (alpha, beta) = (node.float("alpha", 1.0)?, node.float("beta", 1.0)?);
    let operand = |i: usize, flag: &str| {
        let t = node.float_input(i)?;
        if t.shape.len() != 2 {
            return Err(node.error(format!("operand {i} has rank {}, expected 2", t.shape.len())));
        }
        Ok(if node.int(flag, 0)? != 0 { transposed(t) } else { t.clone() })
    };
    let (a, b) = (operand(0, "transA")?, operand(1, "transB")?);
    let (m, n) = (a.shape[0], b.shape[1]);
    let c = match node.optional(2) {
        None => None,
        Some(c) => {
            let shape = [m, n];
            if broadcast(&c.shape, &shape).as_deref() != Some(&shape[..]) {
                return Err(node.error(format!("C of shape {:?} does not broadcast to {shape:?}", c.shape)));
            }
            Some(c.pick(shape.to_vec(), &broadcast_indices(&c.shape, &shape)))
        }
    };
    // A bias that is the same in every row goes into the matrix.
    let bias = c.as_ref().and_then(Tensor::constants).filter(|c| c.chunks_exact(n).all(|row| row == &c[..n]));
    let row: Vec<f64> = bias.map_or_else(|| vec![0.0; n], |c| c[..n].iter().map(|v| beta * v).collect());
    let y = product_2d(node, graph, &a, &b, alpha, row)?;
    let Some(c) = c.as_ref().filter(|_| bias.is_none()) else { return Ok(vec![y]) };
    let site = graph.site(&format!("{}.bias", node.name), "Add", &[m, n]);
    let (y, c) = (y.ids(graph), c.ids(graph));
    let sum = graph.sum(site, y, beta, c);
    Ok(vec![Tensor::values(graph, vec![m, n], sum)])
}
