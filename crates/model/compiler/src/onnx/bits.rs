//! BitShift, BitwiseAnd, BitwiseNot, BitwiseOr and BitwiseXor, on integers of at most 16 bits in magnitude.
//!
//! Bits are read off by floors of divisions by powers of two, which are exact: an operand of w bits takes 2w rows.

use super::{
    attributes::{Lower, Lowered, Node},
    elementwise::operands,
    parts::Parts,
    tensor::{ElementType, Kind, Tensor},
};
use crate::{
    function::Function,
    graph::{Graph, ValueId},
};

pub(super) const OPS: &[(&str, Lower)] = &[
    ("BitShift", shift),
    // From the operands and their common bits.
    ("BitwiseAnd", |node, graph| bitwise(node, graph, |x, y| x & y, [0.0, 0.0, 1.0])),
    ("BitwiseNot", not),
    ("BitwiseOr", |node, graph| bitwise(node, graph, |x, y| x | y, [1.0, 1.0, -1.0])),
    ("BitwiseXor", |node, graph| bitwise(node, graph, |x, y| x ^ y, [1.0, 1.0, -2.0])),
];

pub(super) const LIMITS: &[(&str, &str)] = &[
    ("BitShift", "results that fit a word; those of types of more than 16 bits do not wrap"),
    ("BitwiseAnd", "operands of at most 16 bits and a sign"),
    ("BitwiseOr", "operands of at most 16 bits and a sign"),
    ("BitwiseXor", "operands of at most 16 bits and a sign"),
];

/// Bits of wider types that are looked at; above them is nothing but the sign.
const WIDTH: u32 = 16;

/// The number of bits of a type, and whether it has a sign.
fn format(dtype: ElementType) -> (u32, bool) {
    let (lo, hi) = dtype.integers().unwrap_or((0.0, 1.0));
    ((hi - lo).log2().ceil() as u32, lo < 0.0)
}

fn not(node: &Node<'_>, graph: &mut Graph) -> Lowered {
    let x = node.input(0)?;
    if x.kind != Kind::Int {
        return Err(node.error("its operand is not a tensor of integers"));
    }
    let shift = match x.dtype.integers() {
        Some((0.0, most)) => most,
        _ => -1.0,
    };
    if let Some(c) = x.constants() {
        let data = c.iter().map(|v| shift - v).collect();
        return Ok(vec![Tensor::constant(x.kind, x.shape.clone(), data).typed(x.dtype)]);
    }
    let ids = x.ids(graph);
    let y = Parts::new(node, graph).affine("", &ids, -1.0, shift);
    Ok(vec![Tensor::computed(graph, x.dtype, x.shape.clone(), y)])
}

/// The bits of x, lowest first: one list for each place. A sign comes last: it stands for all places above.
fn digits(parts: &mut Parts<'_, '_>, name: &str, x: &[ValueId], dtype: ElementType) -> Vec<Vec<ValueId>> {
    let (bits, signed) = format(dtype);
    let places = bits.min(WIDTH) - u32::from(signed && bits <= WIDTH);
    let mut halves = vec![x.to_vec()];
    for k in 1..=places {
        halves.push(parts.floor(&format!("{name}.half{k}"), x, 2f64.powi(-(k as i32)), 0.0));
    }
    let mut out = Vec::new();
    for k in 0..places as usize {
        let pairs = halves[k].iter().zip(&halves[k + 1]).flat_map(|(&a, &b)| [a, b]).collect();
        let bit = parts.linear(&format!("{name}.bit{k}"), 2, vec![1.0, -2.0], vec![0.0], pairs);
        parts.graph.bound_below(&bit, 0.0);
        parts.graph.bound_above(&bit, 1.0);
        out.push(bit);
    }
    // What is left is 0 or −1, or 0 without a sign: a table with these entries alone refuses everything else.
    if let Some(top) = halves.last().filter(|_| signed || bits > WIDTH) {
        parts.graph.bound_below(top, if signed { -1.0 } else { 0.0 });
        parts.graph.bound_above(top, 0.0);
        let rest = parts.apply(&format!("{name}.sign"), Function::Floor, top, true);
        out.push(parts.affine(&format!("{name}.negative"), &rest, -1.0, 0.0));
    }
    out
}

fn bitwise(node: &Node<'_>, graph: &mut Graph, fold: fn(i64, i64) -> i64, weights: [f64; 3]) -> Lowered {
    let (a, b) = operands(node)?;
    if a.kind != Kind::Int {
        return Err(node.error("its operands are not integers"));
    }
    if let (Some(x), Some(y)) = (a.constants(), b.constants()) {
        let data = x.iter().zip(y).map(|(&x, &y)| fold(x as i64, y as i64) as f64).collect();
        return Ok(vec![Tensor::constant(a.kind, a.shape.clone(), data).typed(a.dtype)]);
    }
    let (x, y) = (a.ids(graph), b.ids(graph));
    let mut parts = Parts::new(node, graph);
    let (left, right) = (digits(&mut parts, "left", &x, a.dtype), digits(&mut parts, "right", &y, a.dtype));
    let places = left.len();
    let (bits, signed) = format(a.dtype);
    let common: Vec<Vec<ValueId>> =
        left.iter().zip(&right).enumerate().map(|(k, (l, r))| parts.mul(&format!("common{k}"), l, r)).collect();
    // The top place counts negative where it is a sign, and not at all where it is always zero.
    let top = |k: usize| k + 1 == places && (signed || bits > WIDTH);
    let value = |k: usize| match (top(k), signed) {
        (true, true) => -(2f64.powi(k as i32)),
        (true, false) => 0.0,
        _ => 2f64.powi(k as i32),
    };
    let mut factors = vec![weights[0], weights[1]];
    factors.extend((0..places).map(|k| weights[2] * value(k)));
    let all = (0..x.len()).flat_map(|i| [x[i], y[i]].into_iter().chain(common.iter().map(move |c| c[i]))).collect();
    let out = parts.linear("", places + 2, factors, vec![0.0], all);
    Ok(vec![Tensor::computed(graph, a.dtype, a.shape.clone(), out)])
}

/// x modulo 2^bits, in the range of the type.
fn wrapped(parts: &mut Parts<'_, '_>, x: &[ValueId], dtype: ElementType) -> Vec<ValueId> {
    let (bits, signed) = format(dtype);
    if bits > WIDTH {
        return x.to_vec();
    }
    let size = 2f64.powi(bits as i32);
    let turns = parts.floor("turns", x, 1.0 / size, if signed { 0.5 } else { 0.0 });
    let pairs = x.iter().zip(&turns).flat_map(|(&x, &t)| [x, t]).collect();
    parts.linear("", 2, vec![1.0, -size], vec![0.0], pairs)
}

fn shift(node: &Node<'_>, graph: &mut Graph) -> Lowered {
    let (a, b) = operands(node)?;
    if a.kind != Kind::Int {
        return Err(node.error("its operands are not integers"));
    }
    let left = match node.string("direction", "")?.as_str() {
        "LEFT" => true,
        "RIGHT" => false,
        other => return Err(node.error(format!("direction `{other}` is neither LEFT nor RIGHT"))),
    };
    let (bits, _) = format(a.dtype);
    let (x, places) = (a.ids(graph), b.ids(graph));
    let mut parts = Parts::new(node, graph);
    // 1 for the number of places, one list for each from 0 on: nothing is left of a value that is shifted further, but the
    // sign of one that is shifted to the right.
    let most = bits.min(WIDTH);
    let mut chosen = Vec::new();
    for s in 0..most {
        let number = parts.constant(f64::from(s), x.len());
        chosen.push(parts.equal(&format!("places{s}"), &places, &number));
    }
    let side = |lists: &[Vec<ValueId>]| -> Vec<ValueId> {
        (0..x.len()).flat_map(|i| lists.iter().map(move |l| l[i])).collect()
    };
    let y = if left {
        let powers = (0..most).map(|s| 2f64.powi(s as i32)).collect();
        let factor = parts.linear("factor", most as usize, powers, vec![0.0], side(&chosen));
        let product = parts.mul("product", &x, &factor);
        wrapped(&mut parts, &product, a.dtype)
    } else {
        let far = parts.floor("sign", &x, 2f64.powi(-(bits.min(24) as i32)), 0.0);
        let mut shifted: Vec<Vec<ValueId>> =
            (0..most).map(|s| parts.floor(&format!("shifted{s}"), &x, 2f64.powi(-(s as i32)), 0.0)).collect();
        let bits = side(&chosen);
        let any = parts.linear("within", most as usize, vec![1.0; most as usize], vec![0.0], bits);
        chosen.push(parts.not("beyond", &any));
        shifted.push(far);
        parts.dot("", chosen.len(), &side(&chosen), &side(&shifted))
    };
    Ok(vec![Tensor::computed(graph, a.dtype, a.shape.clone(), y)])
}
