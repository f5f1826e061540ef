//! Pad: with a constant, or with elements of the operand.

use super::{
    attributes::{Lower, Lowered, Node},
    steps::{Steps, indices},
    tensor::{Tensor, strides},
};
use crate::graph::Graph;

pub(super) const OPS: &[(&str, Lower)] = &[("Pad", lower)];

pub(super) const LIMITS: &[(&str, &str)] = &[("Pad", "pads constant")];

/// Where padding comes from.
#[derive(Clone, Copy, PartialEq)]
enum Mode {
    Constant,
    Edge,
    Reflect,
    Wrap,
}

impl Mode {
    /// The element at `index`, which may be outside of an axis of `dim` elements.
    fn source(self, index: i64, dim: i64) -> Option<usize> {
        let inside = if (0..dim).contains(&index) {
            index
        } else {
            match self {
                Self::Constant => return None,
                _ if dim == 0 => return None,
                Self::Edge => index.clamp(0, dim - 1),
                Self::Wrap => index.rem_euclid(dim),
                Self::Reflect if dim == 1 => 0,
                Self::Reflect => {
                    let at = index.rem_euclid(2 * (dim - 1));
                    at.min(2 * (dim - 1) - at)
                }
            }
        };
        usize::try_from(inside).ok()
    }
}

fn lower(node: &Node<'_>, graph: &mut Graph) -> Lowered {
    let x = node.input(0)?;
    let rank = x.shape.len();
    let mode = match node.string("mode", "constant")?.as_str() {
        "constant" => Mode::Constant,
        "edge" => Mode::Edge,
        "reflect" => Mode::Reflect,
        "wrap" => Mode::Wrap,
        other => return Err(node.error(format!("mode=`{other}` is unknown"))),
    };
    let zero = Tensor::constant(x.kind, vec![], vec![0.0]).typed(x.dtype);
    let (pads, value) = if node.opset >= 11 {
        if node.has("pads") {
            return Err(node.error("`pads` is an operand from operator set 11 on, not an attribute"));
        }
        let value = node.optional(2).unwrap_or(&zero).clone();
        (node.int_list(1, "pads")?, value)
    } else {
        (node.ints("pads")?, Tensor::floats(vec![], vec![node.float("value", 0.0)?]))
    };
    if value.len() != 1 || value.kind != x.kind {
        return Err(node.error("the padding value is not a scalar of the operand's type"));
    }
    let pads = pads.ok_or_else(|| node.error("`pads` is missing"))?;
    let axes = match node.int_list(3, "axes")? {
        Some(axes) => axes.iter().map(|&a| node.axis(a, rank)).collect::<Result<Vec<_>, _>>()?,
        None => (0..rank).collect(),
    };
    if pads.len() != 2 * axes.len() || pads.iter().any(|p| !(-(1 << 27)..=1 << 27).contains(p)) {
        return Err(node.error(format!("{} pads do not fit {} axes", pads.len(), axes.len())));
    }
    let mut before = vec![0i64; rank];
    let mut shape = x.shape.clone();
    for (i, &axis) in axes.iter().enumerate() {
        before[axis] = pads[i];
        let dim = x.shape[axis] as i64 + pads[i] + pads[i + axes.len()];
        shape[axis] = usize::try_from(dim).map_err(|_| node.error("negative pads remove more than there is"))?;
        if mode != Mode::Constant && x.shape[axis] == 0 && shape[axis] > 0 {
            return Err(node.error("an empty axis has no elements to pad with"));
        }
    }
    node.checked_len(&shape)?;
    let own = strides(&x.shape);
    let source = |index: &[usize]| {
        (0..rank)
            .try_fold(0usize, |at, a| Some(at + mode.source(index[a] as i64 - before[a], x.shape[a] as i64)? * own[a]))
    };
    let pick: Vec<Option<usize>> = indices(&shape).map(|i| source(&i)).collect();
    match value.constants() {
        Some(&[value]) => Ok(vec![Steps::new(node, graph).pick_or(x, shape, &pick, value)]),
        _ => {
            let (ids, fill) = (x.ids(graph), value.ids(graph));
            let ids = pick.iter().map(|p| p.map_or(fill[0], |i| ids[i])).collect();
            Ok(vec![Tensor::computed(graph, x.dtype, shape, ids)])
        }
    }
}
