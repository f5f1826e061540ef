//! Operators that move, repeat or make up elements: Expand, Tile, Trilu, EyeLike, Range, DepthToSpace, SpaceToDepth,
//! ReverseSequence, CenterCropPad, Col2Im.

use super::{
    attributes::{Lower, Lowered, Node},
    steps::{Steps, Sum, indices, permuted},
    tensor::{Tensor, broadcast, broadcast_indices, strides},
    weights,
};
use crate::{CompileError, graph::Graph};

pub(super) const OPS: &[(&str, Lower)] = &[
    ("CenterCropPad", center_crop_pad),
    ("Col2Im", col2im),
    ("DepthToSpace", |node, _| depth_to_space(node)),
    ("Expand", |node, _| expand(node)),
    ("EyeLike", |node, _| eye_like(node)),
    ("Range", |node, _| range(node)),
    ("ReverseSequence", |node, _| reverse_sequence(node)),
    ("SpaceToDepth", |node, _| space_to_depth(node)),
    ("Tile", |node, _| tile(node)),
    ("Trilu", trilu),
];

pub(super) const LIMITS: &[(&str, &str)] = &[
    ("CenterCropPad", "the shape is constant"),
    ("Col2Im", "image and block shapes are constant"),
    ("Expand", "the shape is constant"),
    ("Range", "all operands are constant"),
    ("ReverseSequence", "the lengths are constant"),
    ("Tile", "the repeats are constant"),
    ("Trilu", "k is constant"),
];

/// A list of non-negative integers that must be constant.
pub(super) fn sizes(node: &Node<'_>, i: usize, what: &str) -> Result<Vec<usize>, CompileError> {
    let list = node.int_list(i, what)?.ok_or_else(|| node.error(format!("operand {i} is missing")))?;
    let list = list.iter().map(|&d| usize::try_from(d)).collect::<Result<Vec<_>, _>>();
    list.map_err(|_| node.error(format!("{what} has a negative element")))
}

fn expand(node: &Node<'_>) -> Lowered {
    let x = node.input(0)?;
    let target = sizes(node, 1, "the shape")?;
    let shape = broadcast(&x.shape, &target)
        .ok_or_else(|| node.error(format!("shape {:?} does not expand to {target:?}", x.shape)))?;
    node.checked_len(&shape)?;
    let pick = broadcast_indices(&x.shape, &shape);
    Ok(vec![x.pick(shape, &pick)])
}

fn tile(node: &Node<'_>) -> Lowered {
    let x = node.input(0)?;
    let repeats = sizes(node, 1, "the repeats")?;
    if repeats.len() != x.shape.len() {
        return Err(node.error(format!("{} repeats do not fit rank {}", repeats.len(), x.shape.len())));
    }
    let shape: Vec<usize> = x.shape.iter().zip(&repeats).map(|(&d, &r)| d.saturating_mul(r)).collect();
    let len = node.checked_len(&shape)?;
    let (own, new) = (strides(&x.shape), strides(&shape));
    let at = |i: usize| (0..shape.len()).map(|a| i / new[a] % shape[a] % x.shape[a] * own[a]).sum();
    let pick: Vec<usize> = (0..len).map(at).collect();
    Ok(vec![x.pick(shape, &pick)])
}

fn trilu(node: &Node<'_>, graph: &mut Graph) -> Lowered {
    let x = node.input(0)?;
    let k = match node.int_list(1, "k")? {
        None => 0,
        Some(k) if k.len() == 1 => k[0],
        Some(_) => return Err(node.error("k is not a scalar")),
    };
    let &[.., rows, cols] = x.shape.as_slice() else { return Err(node.error("its operand is not a matrix")) };
    let upper = node.int("upper", 1)? != 0;
    let keep = |i: usize| {
        let diagonal = (i % cols) as i64 - (i / cols % rows) as i64;
        if upper { diagonal >= k } else { diagonal <= k }
    };
    let pick: Vec<Option<usize>> = (0..x.len()).map(|i| keep(i).then_some(i)).collect();
    Ok(vec![Steps::new(node, graph).pick_or(x, x.shape.clone(), &pick, 0.0)])
}

fn eye_like(node: &Node<'_>) -> Lowered {
    let x = node.input(0)?;
    let &[rows, cols] = x.shape.as_slice() else { return Err(node.error("its operand is not a matrix")) };
    let k = node.int("k", 0)?;
    let dtype = match i32::try_from(node.int("dtype", 0)?).unwrap_or(-1) {
        0 => x.dtype,
        dtype => weights::element_type(&node.name, dtype)?,
    };
    let one = |i: usize| f64::from(u8::from((i % cols) as i64 - (i / cols) as i64 == k));
    Ok(vec![Tensor::constant(dtype.kind(), vec![rows, cols], (0..rows * cols).map(one).collect()).typed(dtype)])
}

fn range(node: &Node<'_>) -> Lowered {
    let scalar = |i: usize, what: &str| match node.constant(i, what)? {
        Some((t, [v])) => Ok((t.dtype, *v)),
        _ => Err(node.error(format!("{what} is not a scalar"))),
    };
    let ((dtype, start), (_, limit), (_, delta)) = (scalar(0, "start")?, scalar(1, "limit")?, scalar(2, "delta")?);
    if delta == 0.0 {
        return Err(node.error("delta is zero"));
    }
    let count = ((limit - start) / delta).ceil().max(0.0);
    let len = node.checked_len(&[if count < 1e15 { count as usize } else { usize::MAX }])?;
    let data = (0..len).map(|i| start + i as f64 * delta).collect();
    Ok(vec![Tensor::constant(dtype.kind(), vec![len], data).typed(dtype)])
}

/// The block size, and batch, channels, height and width.
fn blocks(node: &Node<'_>) -> Result<(usize, [usize; 4]), CompileError> {
    let x = node.input(0)?;
    let &[n, c, h, w] = x.shape.as_slice() else { return Err(node.error("its operand is not of rank 4")) };
    let block = usize::try_from(node.int("blocksize", 0)?).ok().filter(|&b| (1..=1 << 12).contains(&b));
    Ok((block.ok_or_else(|| node.error("the block size is invalid"))?, [n, c, h, w]))
}

/// Whether depth comes before row and column of a block (DCR), or after (CRD).
fn depth_first(node: &Node<'_>, default: &str) -> Result<bool, CompileError> {
    match node.string("mode", default)?.as_str() {
        "DCR" => Ok(true),
        "CRD" => Ok(false),
        other => Err(node.error(format!("mode=`{other}` is unknown"))),
    }
}

fn depth_to_space(node: &Node<'_>) -> Lowered {
    let (b, [n, c, h, w]) = blocks(node)?;
    if !c.is_multiple_of(b * b) {
        return Err(node.error(format!("{c} channels are not a multiple of {b}²")));
    }
    let x = node.input(0)?;
    let d = c / (b * b);
    let view = if depth_first(node, "DCR")? {
        permuted(&x.reshaped(vec![n, b, b, d, h, w]), &[0, 3, 4, 1, 5, 2])
    } else {
        permuted(&x.reshaped(vec![n, d, b, b, h, w]), &[0, 1, 4, 2, 5, 3])
    };
    Ok(vec![view.reshaped(vec![n, d, h * b, w * b])])
}

fn space_to_depth(node: &Node<'_>) -> Lowered {
    let (b, [n, c, h, w]) = blocks(node)?;
    if !(h.is_multiple_of(b) && w.is_multiple_of(b)) {
        return Err(node.error(format!("{h}×{w} is not made of blocks of {b}×{b}")));
    }
    let view = node.input(0)?.reshaped(vec![n, c, h / b, b, w / b, b]);
    let order = if depth_first(node, "DCR")? { [0, 3, 5, 1, 2, 4] } else { [0, 1, 3, 5, 2, 4] };
    Ok(vec![permuted(&view, &order).reshaped(vec![n, c * b * b, h / b, w / b])])
}

fn reverse_sequence(node: &Node<'_>) -> Lowered {
    let x = node.input(0)?;
    let rank = x.shape.len();
    let (batch, time) = (node.axis(node.int("batch_axis", 1)?, rank)?, node.axis(node.int("time_axis", 0)?, rank)?);
    let lengths = sizes(node, 1, "the sequence lengths")?;
    if batch == time || lengths.len() != x.shape[batch] || lengths.iter().any(|&l| l > x.shape[time]) {
        return Err(node.error(format!("lengths {lengths:?} do not fit {:?}", x.shape)));
    }
    let all = strides(&x.shape);
    let source = |i: usize| {
        let (t, length) = (i / all[time] % x.shape[time], lengths[i / all[batch] % x.shape[batch]]);
        if t < length { i - t * all[time] + (length - 1 - t) * all[time] } else { i }
    };
    let pick: Vec<usize> = (0..x.len()).map(source).collect();
    Ok(vec![x.pick(x.shape.clone(), &pick)])
}

fn center_crop_pad(node: &Node<'_>, graph: &mut Graph) -> Lowered {
    let x = node.input(0)?;
    let rank = x.shape.len();
    let target = sizes(node, 1, "the shape")?;
    let axes: Vec<usize> = match node.ints("axes")? {
        Some(axes) => axes.iter().map(|&a| node.axis(a, rank)).collect::<Result<_, _>>()?,
        None => (0..rank).collect(),
    };
    if axes.len() != target.len() {
        return Err(node.error(format!("{} sizes do not fit {} axes", target.len(), axes.len())));
    }
    let mut shape = x.shape.clone();
    // Element i of the result along an axis is element i + first of the operand.
    let mut first = vec![0i64; rank];
    for (&axis, &size) in axes.iter().zip(&target) {
        let old = x.shape[axis];
        first[axis] = if old > size { ((old - size) / 2) as i64 } else { -(((size - old) / 2) as i64) };
        shape[axis] = size;
    }
    node.checked_len(&shape)?;
    let own = strides(&x.shape);
    let source = |index: &[usize]| {
        (0..rank).try_fold(0usize, |at, a| {
            let i = usize::try_from(index[a] as i64 + first[a]).ok().filter(|&i| i < x.shape[a])?;
            Some(at + i * own[a])
        })
    };
    let pick: Vec<Option<usize>> = indices(&shape).map(|i| source(&i)).collect();
    Ok(vec![Steps::new(node, graph).pick_or(x, shape, &pick, 0.0)])
}

fn col2im(node: &Node<'_>, graph: &mut Graph) -> Lowered {
    let x = node.float_input(0)?;
    let (image, block) = (sizes(node, 1, "the image's shape")?, sizes(node, 2, "the block's shape")?);
    let rank = image.len();
    let list = |name: &str, default: usize, len: usize, least: i64| match node.ints(name)? {
        None => Ok(vec![default; len]),
        Some(v) if v.len() == len && v.iter().all(|d| (least..1 << 27).contains(d)) => {
            Ok(v.iter().map(|&d| d as usize).collect())
        }
        Some(v) => Err(node.error(format!("{name}={v:?} is invalid"))),
    };
    let (steps, dilations) = (list("strides", 1, rank, 1)?, list("dilations", 1, rank, 1)?);
    let pads = list("pads", 0, 2 * rank, 0)?;
    let size = node.checked_len(&block)?;
    let plane = node.checked_len(&image)?;
    let &[batch, depth, columns] = x.shape.as_slice() else { return Err(node.error("its operand is not of rank 3")) };
    if block.len() != rank || size == 0 || !depth.is_multiple_of(size) {
        return Err(node.error(format!("blocks {block:?} do not fit {:?}", x.shape)));
    }
    let mut counts = Vec::with_capacity(rank);
    for i in 0..rank {
        let extent = (block[i] - 1).saturating_mul(dilations[i]).saturating_add(1);
        let padded = image[i].saturating_add(pads[i]).saturating_add(pads[rank + i]);
        let room = padded.checked_sub(extent).ok_or_else(|| node.error("a block is larger than the image"))?;
        counts.push(room / steps[i] + 1);
    }
    if node.checked_len(&counts)? != columns {
        return Err(node.error(format!("{columns} blocks, but {counts:?} fit the image")));
    }
    let channels = depth / size;
    let mut shape = vec![batch, channels];
    shape.extend(&image);
    let len = node.checked_len(&shape)?;
    let own = strides(&image);
    let mut sums: Vec<Sum> = vec![Vec::new(); len];
    let places: Vec<Vec<usize>> = indices(&counts).collect();
    for (k, offset) in indices(&block).enumerate() {
        for (p, place) in places.iter().enumerate() {
            let target = (0..rank).try_fold(0usize, |at, i| {
                let index = (place[i] * steps[i] + offset[i] * dilations[i]).checked_sub(pads[i])?;
                (index < image[i]).then(|| at + index * own[i])
            });
            let Some(target) = target else { continue };
            for outer in 0..batch * channels {
                let source = (outer * size + k) * columns + p;
                sums[outer * plane + target].push((source, 1.0));
            }
        }
    }
    let ids = x.ids(graph);
    let y = Steps::new(node, graph).weighted("", "Col2Im", &ids, &sums);
    Ok(vec![Tensor::values(graph, shape, y)])
}
