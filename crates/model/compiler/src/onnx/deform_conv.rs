//! DeformConv with constant offsets, mask and kernel: weighted sums of the pixels around displaced places.

use super::{
    attributes::{Lower, Lowered, Node},
    steps::{Steps, Sum},
    tensor::Tensor,
    window::Window,
};
use crate::graph::Graph;

pub(super) const OPS: &[(&str, Lower)] = &[("DeformConv", lower)];

pub(super) const LIMITS: &[(&str, &str)] =
    &[("DeformConv", "two spatial dimensions; kernel, offsets and mask are constant")];

fn lower(node: &Node<'_>, graph: &mut Graph) -> Lowered {
    let x = node.float_input(0)?;
    let (w, kernel) = node.constant(1, "the kernel")?.ok_or_else(|| node.error("the kernel is missing"))?;
    let (offset, offsets) = node.constant(2, "the offsets")?.ok_or_else(|| node.error("the offsets are missing"))?;
    let mask = node.constant(4, "the mask")?;
    let (&[batch, channels, height, width], &[filters, depth, kh, kw]) = (x.shape.as_slice(), w.shape.as_slice())
    else {
        return Err(node.error(format!("a kernel of shape {:?} does not fit {:?}", w.shape, x.shape)));
    };
    let positive = |name: &str| -> Result<usize, _> {
        let v = usize::try_from(node.int(name, 1)?).ok().filter(|&v| v > 0);
        v.ok_or_else(|| node.error(format!("{name} is not positive")))
    };
    let (groups, moved) = (positive("group")?, positive("offset_group")?);
    let window = Window::new(node, &[height, width], vec![kh, kw])?;
    let (begin, steps, dilations) = window.geometry();
    let &[oh, ow] = window.output.as_slice() else { return Err(node.error("its operand is not of rank 4")) };
    let (size, places) = (kh * kw, oh * ow);
    let fits = depth.checked_mul(groups) == Some(channels)
        && filters.is_multiple_of(groups)
        && channels.is_multiple_of(moved)
        && offset.shape == [batch, moved * size * 2, oh, ow]
        && mask.is_none_or(|(m, _)| m.shape == [batch, moved * size, oh, ow])
        && x.len() > 0
        && w.len() > 0;
    if !fits {
        return Err(node.error(format!("kernel {:?} and offsets {:?} do not fit {:?}", w.shape, offset.shape, x.shape)));
    }
    let shape = vec![batch, filters, oh, ow];
    node.checked_len(&[batch, filters, places, depth, size, 4])?;
    let mut sums: Vec<Sum> = Vec::with_capacity(batch * filters * places);
    for i in 0..batch * filters * places {
        let (b, f, p) = (i / (filters * places), i / places % filters, i % places);
        let mut sum: Sum = Vec::new();
        for d in 0..depth {
            let c = f / (filters / groups) * depth + d;
            let own = b * moved + c / (channels / moved);
            for k in 0..size {
                let of = |axis: usize| offsets[((own * size + k) * 2 + axis) * places + p];
                let y = (p / ow * steps[0] + k / kw * dilations[0]) as f64 - begin[0] as f64 + of(0);
                let x = (p % ow * steps[1] + k % kw * dilations[1]) as f64 - begin[1] as f64 + of(1);
                let factor =
                    kernel[(f * depth + d) * size + k] * mask.map_or(1.0, |(_, m)| m[(own * size + k) * places + p]);
                let around = |at: f64, dim: usize| {
                    let low = at.floor();
                    [(low, 1.0 - (at - low)), (low + 1.0, at - low)]
                        .into_iter()
                        .filter(move |(i, w)| *w != 0.0 && (0.0..dim as f64).contains(i))
                };
                for (r, v) in around(y, height) {
                    for (s, u) in around(x, width) {
                        let at = (b * channels + c) * height * width + r as usize * width + s as usize;
                        match sum.iter_mut().find(|t| t.0 == at) {
                            Some(t) => t.1 += v * u * factor,
                            None => sum.push((at, v * u * factor)),
                        }
                    }
                }
            }
        }
        sums.push(sum);
    }
    let mut steps = Steps::new(node, graph);
    let ids = x.ids(steps.graph);
    let y = steps.weighted("", "DeformConv", &ids, &sums);
    let y = Tensor::values(steps.graph, shape, y);
    match node.optional(3) {
        None => Ok(vec![y]),
        Some(bias) if bias.len() == filters => {
            Ok(vec![steps.add("bias", &y, 1.0, &bias.reshaped(vec![1, filters, 1, 1]))?])
        }
        Some(bias) => Err(node.error(format!("the bias has {} elements, expected {filters}", bias.len()))),
    }
}
