//! RotaryEmbedding: pairs of elements, turned by the angle of their position.

use super::{
    attributes::{Lower, Lowered, Node},
    gather::take,
    steps::{permuted, spread},
    tensor::Tensor,
};
use crate::graph::{Graph, Term, ValueId};

pub(super) const OPS: &[(&str, Lower)] = &[("RotaryEmbedding", lower)];

pub(super) const LIMITS: &[(&str, &str)] = &[];

fn lower(node: &Node<'_>, graph: &mut Graph) -> Lowered {
    let x = node.float_input(0)?;
    let heads = usize::try_from(node.int("num_heads", 0)?).unwrap_or(0);
    // [batch, length, heads, size]
    let view = match x.shape.as_slice() {
        [_, _, _, _] => permuted(x, &[0, 2, 1, 3]),
        &[b, n, hidden] if heads > 0 && hidden.is_multiple_of(heads) => x.reshaped(vec![b, n, heads, hidden / heads]),
        other => return Err(node.error(format!("an operand of shape {other:?} is not made of heads"))),
    };
    let &[b, n, h, size] = view.shape.as_slice() else { return Err(node.error("its operand is not of rank 4")) };
    let turned = match usize::try_from(node.int("rotary_embedding_dim", 0)?) {
        Ok(0) => size,
        Ok(d) if d <= size => d,
        _ => return Err(node.error("rotary_embedding_dim is larger than a head")),
    };
    if !turned.is_multiple_of(2) {
        return Err(node.error("an odd number of elements cannot be turned"));
    }
    let half = turned / 2;
    // [batch, length, half]
    let mut table = |i: usize| {
        let cache = node.float_input(i)?;
        let t = match node.optional(3) {
            Some(positions) if cache.shape.len() == 2 => take(node, graph, cache, positions, 0)?,
            _ => cache.clone(),
        };
        if t.shape.len() == 3 && t.shape[1..] == [n, half] && (t.shape[0] == b || t.shape[0] == 1) {
            Ok(spread(&t, &[b, n, half]))
        } else {
            Err(node.error(format!("angles of shape {:?} do not fit {:?}", t.shape, x.shape)))
        }
    };
    let (cos, sin) = (table(1)?, table(2)?);
    let interleaved = node.int("interleaved", 0)? != 0;
    let ids = view.ids(graph);
    let (cos, sin) = (cos.ids(graph), sin.ids(graph));
    let len = node.checked_len(&[b, n, h, half])?;
    let first = |i: usize| {
        let (row, k) = (i / half, i % half);
        if interleaved { (row * size + 2 * k, row * size + 2 * k + 1) } else { (row * size + k, row * size + k + half) }
    };
    let angle = |i: usize| i / (half * h) * half + i % half;
    let pick = |list: &[ValueId], at: &dyn Fn(usize) -> usize| (0..len).map(|i| list[at(i)]).collect::<Vec<_>>();
    let (x1, x2) = (pick(&ids, &|i| first(i).0), pick(&ids, &|i| first(i).1));
    let (c, s) = (pick(&cos, &angle), pick(&sin, &angle));
    let mut out = ids;
    if len > 0 {
        let site = graph.site(&node.name, "RotaryEmbedding", &[len]);
        let term = |factor: f64, a: &[ValueId], b: &[ValueId]| Term { factor, a: a.to_vec(), b: b.to_vec() };
        let real = graph.product(site, vec![term(1.0, &c, &x1), term(-1.0, &s, &x2)]);
        let imaginary = graph.product(site, vec![term(1.0, &s, &x1), term(1.0, &c, &x2)]);
        for (i, (re, im)) in real.into_iter().zip(imaginary).enumerate() {
            let (a, b) = first(i);
            (out[a], out[b]) = (re, im);
        }
    }
    let y = Tensor::values(graph, view.shape.clone(), out);
    Ok(vec![if x.shape.len() == 4 { permuted(&y, &[0, 2, 1, 3]) } else { y.reshaped(x.shape.clone()) }])
}
