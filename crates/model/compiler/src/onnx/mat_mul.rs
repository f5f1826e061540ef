//! MatMul, with numpy's rules for ranks and batches.

use super::{
    attributes::{Lower, Lowered, Node},
    tensor::{ElementType, Tensor, broadcast, broadcast_indices, strides, walk},
};
use crate::{
    CompileError,
    graph::{Graph, MatrixId, SiteId, Term, ValueId},
};

pub(super) const OPS: &[(&str, Lower)] = &[("MatMul", lower)];

pub(super) const LIMITS: &[(&str, &str)] = &[];

/// The transpose of a matrix.
pub(super) fn transposed(t: &Tensor) -> Tensor {
    let (m, n) = (t.shape[0], t.shape[1]);
    let pick: Vec<usize> = (0..m * n).map(|i| (i % m) * n + i / m).collect();
    t.pick(vec![n, m], &pick)
}

fn lower(node: &Node<'_>, graph: &mut Graph) -> Lowered {
    Ok(vec![multiply(node, graph, node.input(0)?, node.input(1)?)?])
}

/// A · B, as numpy's `matmul` has it. Integers make integers.
pub(super) fn multiply(node: &Node<'_>, graph: &mut Graph, a: &Tensor, b: &Tensor) -> Result<Tensor, CompileError> {
    if a.shape.is_empty() || b.shape.is_empty() {
        return Err(node.error("an operand is a scalar"));
    }
    let lead = |t: &Tensor, shape: Vec<usize>| t.reshaped(shape);
    let a2 = if a.shape.len() == 1 { lead(a, vec![1, a.shape[0]]) } else { a.clone() };
    let b2 = if b.shape.len() == 1 { lead(b, vec![b.shape[0], 1]) } else { b.clone() };
    let (ra, rb) = (a2.shape.len(), b2.shape.len());
    let (m, k, n) = (a2.shape[ra - 2], a2.shape[ra - 1], b2.shape[rb - 1]);
    let (batch_a, batch_b) = (&a2.shape[..ra - 2], &b2.shape[..rb - 2]);
    let batch = broadcast(batch_a, batch_b).ok_or_else(|| node.error("the batch dimensions do not broadcast"))?;
    let mut shape = batch.clone();
    shape.extend((a.shape.len() > 1).then_some(m));
    shape.extend((b.shape.len() > 1).then_some(n));
    node.checked_len(&shape)?;
    if b2.shape[rb - 2] != k {
        return Err(node.error(format!("shapes {:?} and {:?} do not fit", a.shape, b.shape)));
    }
    if batch_b.iter().all(|&d| d == 1) && b2.constants().is_some() {
        // One matrix for all items.
        let rows: usize = a2.shape[..ra - 1].iter().product();
        let y = product_2d(node, graph, &a2.reshaped(vec![rows, k]), &b2.reshaped(vec![k, n]), 1.0, vec![0.0; n])?;
        return Ok(y.reshaped(shape));
    }
    let index_a = broadcast_indices(batch_a, &batch);
    let index_b = broadcast_indices(batch_b, &batch);
    let mut all: Vec<ValueId> = Vec::new();
    let mut matrices = Vec::new();
    for (i, j) in index_a.into_iter().zip(index_b) {
        let part = |t: &Tensor, i: usize, r: usize, c: usize| {
            t.pick(vec![r, c], &(i * r * c..(i + 1) * r * c).collect::<Vec<_>>())
        };
        let (x, y) = (part(&a2, i, m, k), part(&b2, j, k, n));
        let item = if x.constants().is_some() && y.constants().is_none() && batch_a.iter().all(|&d| d == 1) {
            // The constant is on the left: (Yᵀ·Xᵀ)ᵀ, with one matrix for all items.
            let matrix = *match matrices.first() {
                Some(m) => m,
                None => {
                    matrices.push(matrix_of(node, graph, &transposed(&x), 1.0, vec![0.0; m], integers(&x, &y)));
                    &matrices[0]
                }
            };
            let operands = transposed(&y).ids(graph);
            let t = graph.linear(matrix, 1, operands);
            transposed(&Tensor::values(graph, vec![n, m], t))
        } else {
            product_2d(node, graph, &x, &y, 1.0, vec![0.0; n])?
        };
        all.extend(item.ids(graph));
    }
    Ok(Tensor::computed(graph, product_type(a, b), shape, all))
}

/// Whether a product is made of integers.
fn integers(a: &Tensor, b: &Tensor) -> bool {
    a.dtype.is_integer() && b.dtype.is_integer()
}

/// The type of a product's elements.
fn product_type(a: &Tensor, b: &Tensor) -> ElementType {
    if integers(a, b) { a.dtype } else { ElementType::Float32 }
}

fn matrix_of(node: &Node<'_>, graph: &mut Graph, b: &Tensor, alpha: f64, bias: Vec<f64>, integer: bool) -> MatrixId {
    let site = graph.new_site(&node.name, &node.proto.op_type, &[1, bias.len()], integer);
    let weights = b.constants().unwrap_or_default().iter().map(|w| alpha * w).collect();
    graph.matrix(site, b.shape[0], weights, bias)
}

/// alpha · A·B + bias for matrices A \[m, k\] and B \[k, n\], either of which may be constant. Integers take the factor 1
/// and integer biases.
pub(super) fn product_2d(
    node: &Node<'_>,
    graph: &mut Graph,
    a: &Tensor,
    b: &Tensor,
    alpha: f64,
    bias: Vec<f64>,
) -> Result<Tensor, CompileError> {
    let (m, k, n) = (a.shape[0], a.shape[1], b.shape[1]);
    if b.shape[0] != k {
        return Err(node.error(format!("shapes {:?} and {:?} do not fit", a.shape, b.shape)));
    }
    if m == 0 || k == 0 || n == 0 {
        return Err(node.error("an operand is empty"));
    }
    node.checked_len(&[m, n])?;
    let integer = integers(a, b);
    if b.constants().is_some() {
        let matrix = matrix_of(node, graph, b, alpha, bias, integer);
        let x = a.ids(graph);
        let y = graph.linear(matrix, 1, x);
        return Ok(Tensor::computed(graph, product_type(a, b), vec![m, n], y));
    }
    let y = if a.constants().is_some() {
        let matrix = matrix_of(node, graph, &transposed(a), alpha, vec![0.0; m], integer);
        let x = transposed(b).ids(graph);
        let y = graph.linear(matrix, 1, x);
        transposed(&Tensor::values(graph, vec![n, m], y)).ids(graph)
    } else {
        let site = graph.new_site(&node.name, &node.proto.op_type, &[m, n], integer);
        let (x, y) = (a.ids(graph), b.ids(graph));
        activations(graph, site, x, y, [m, k, n], alpha)
    };
    let y = if bias.iter().all(|&v| v == 0.0) {
        y
    } else {
        let site = graph.new_site(&format!("{}.bias", node.name), "Add", &[m, n], integer);
        let shift = (0..m * n).map(|i| bias[i % n]).collect();
        graph.affine(site, y, vec![1.0; m * n], shift)
    };
    Ok(Tensor::computed(graph, product_type(a, b), vec![m, n], y))
}

/// Both sides are activations.
fn activations(
    graph: &mut Graph,
    site: SiteId,
    mut a: Vec<ValueId>,
    mut b: Vec<ValueId>,
    [m, k, n]: [usize; 3],
    alpha: f64,
) -> Vec<ValueId> {
    if k > 2 {
        if alpha != 1.0 {
            let side = if a.len() < b.len() { &mut a } else { &mut b };
            let of = graph.sites[site.index()].clone();
            let scaled = graph.new_site(&format!("{}.alpha", of.name), "Mul", &[side.len()], of.integer);
            let len = side.len();
            *side = graph.affine(scaled, std::mem::take(side), vec![alpha; len], vec![0.0; len]);
        }
        return graph.mat_mul(site, k, a, b);
    }
    // One or two products an element are cheaper than a check of their own.
    let term = |t: usize| Term {
        factor: alpha,
        a: (0..m * n).map(|e| a[e / n * k + t]).collect(),
        b: (0..m * n).map(|e| b[t * n + e % n]).collect(),
    };
    graph.product(site, (0..k).map(term).collect())
}

/// Moves axis `from` to the end; the result's rows lie along that axis.
pub(super) fn rows_along(t: &Tensor, axis: usize) -> (Tensor, Vec<usize>) {
    let all = strides(&t.shape);
    let mut order: Vec<usize> = (0..t.shape.len()).filter(|&i| i != axis).collect();
    order.push(axis);
    let shape: Vec<usize> = order.iter().map(|&i| t.shape[i]).collect();
    let steps: Vec<isize> = order.iter().map(|&i| all[i] as isize).collect();
    let pick = walk(&shape, &steps, 0);
    (t.pick(shape, &pick), pick)
}
