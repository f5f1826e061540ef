//! RoiAlign with constant regions: averages are weighted sums of pixels, maxima are over weighted pixels.

use super::{
    attributes::{Lower, Lowered, Node},
    one_hot::constant_indices,
    steps::{Steps, Sum},
    tensor::Tensor,
};
use crate::graph::{Graph, ValueId};

pub(super) const OPS: &[(&str, Lower)] = &[("RoiAlign", lower)];

pub(super) const LIMITS: &[(&str, &str)] = &[("RoiAlign", "regions and their images are constant")];

/// The pixels around a place on an axis of `dim` pixels, with their weights; none outside.
fn neighbours(at: f64, dim: usize) -> Option<[(usize, f64); 2]> {
    if !(-1.0..=dim as f64).contains(&at) {
        return None;
    }
    let at = at.max(0.0);
    let low = (at as usize).min(dim - 1);
    if low + 1 >= dim {
        return Some([(dim - 1, 1.0), (dim - 1, 0.0)]);
    }
    let part = at - low as f64;
    Some([(low, 1.0 - part), (low + 1, part)])
}

fn lower(node: &Node<'_>, graph: &mut Graph) -> Lowered {
    let x = node.float_input(0)?;
    let (regions, data) = node.constant(1, "the regions")?.ok_or_else(|| node.error("operand 1 is missing"))?;
    let (_, images) = node.constant(2, "the regions' images")?.ok_or_else(|| node.error("operand 2 is missing"))?;
    let &[batch, channels, height, width] = x.shape.as_slice() else {
        return Err(node.error("its operand is not of rank 4"));
    };
    let &[count, 4] = regions.shape.as_slice() else {
        return Err(node.error(format!("regions of shape {:?}, expected 4 numbers each", regions.shape)));
    };
    if images.len() != count || x.len() == 0 {
        return Err(node.error(format!("{} images for {count} regions", images.len())));
    }
    let images = constant_indices(node, images, batch)?;
    let size = |name: &str, default: i64, least: usize| {
        let value = usize::try_from(node.int(name, default)?).ok().filter(|v| (least..1 << 12).contains(v));
        value.ok_or_else(|| node.error(format!("{name} is invalid")))
    };
    let (rows, columns) = (size("output_height", 1, 1)?, size("output_width", 1, 1)?);
    let ratio = size("sampling_ratio", 0, 0)?;
    let scale = node.float("spatial_scale", 1.0)?;
    // Operator set 10 has no half pixels.
    let default = if node.opset < 16 { "output_half_pixel" } else { "half_pixel" };
    let half = match node.string("coordinate_transformation_mode", default)?.as_str() {
        "half_pixel" => true,
        "output_half_pixel" => false,
        other => return Err(node.error(format!("coordinate_transformation_mode=`{other}` is unknown"))),
    };
    let average = match node.string("mode", "avg")?.as_str() {
        "avg" => true,
        "max" => false,
        other => return Err(node.error(format!("mode=`{other}` is unknown"))),
    };
    let shape = vec![count, channels, rows, columns];
    node.checked_len(&shape)?;
    let (mut sums, mut windows): (Vec<Sum>, Vec<Vec<(usize, f64)>>) = (Vec::new(), Vec::new());
    for (region, &image) in data.chunks_exact(4).zip(&images) {
        let offset = if half { 0.5 } else { 0.0 };
        let ends: Vec<f64> = region.iter().map(|v| v * scale - offset).collect();
        let (mut w, mut h) = (ends[2] - ends[0], ends[3] - ends[1]);
        if !half {
            (w, h) = (w.max(1.0), h.max(1.0));
        }
        let (bin_h, bin_w) = (h / rows as f64, w / columns as f64);
        let grid = |bin: f64| if ratio > 0 { ratio } else { bin.ceil().max(0.0) as usize };
        let (gh, gw) = (grid(bin_h), grid(bin_w));
        node.checked_len(&[channels, rows, columns, gh, gw, 4])?;
        let weight = 1.0 / (gh * gw).max(1) as f64;
        for i in 0..channels * rows * columns {
            let (c, row, column) = (i / (rows * columns), i / columns % rows, i % columns);
            let start = (image * channels + c) * height * width;
            let mut taps: Vec<(usize, f64)> = Vec::new();
            for s in 0..gh * gw {
                let place = |start: f64, bin: f64, cell: usize, k: usize, n: usize| {
                    start + (cell as f64 + (k as f64 + 0.5) / n as f64) * bin
                };
                let y = neighbours(place(ends[1], bin_h, row, s / gw, gh), height);
                let x = neighbours(place(ends[0], bin_w, column, s % gw, gw), width);
                let (Some(y), Some(x)) = (y, x) else {
                    taps.push((start, 0.0));
                    continue;
                };
                taps.extend(y.iter().flat_map(|(r, v)| x.iter().map(move |(c, w)| (start + r * width + c, v * w))));
            }
            if average {
                let mut sum: Sum = Vec::new();
                for (at, w) in taps.into_iter().filter(|t| t.1 != 0.0) {
                    match sum.iter_mut().find(|s| s.0 == at) {
                        Some(s) => s.1 += w * weight,
                        None => sum.push((at, w * weight)),
                    }
                }
                sums.push(sum);
            } else {
                windows.push(taps);
            }
        }
    }
    let mut steps = Steps::new(node, graph);
    let ids = x.ids(steps.graph);
    if average {
        let y = steps.weighted("", "RoiAlign", &ids, &sums);
        return Ok(vec![Tensor::values(steps.graph, shape, y)]);
    }
    let flat: Vec<(usize, f64)> = windows.concat();
    let site = steps.site("weighted", "Mul", &[flat.len()], false);
    let operands = flat.iter().map(|t| ids[t.0]).collect();
    let (factors, zeros) = (flat.iter().map(|t| t.1).collect(), vec![0.0; flat.len()]);
    let weighted = steps.graph.affine(site, operands, factors, zeros);
    let zero = steps.graph.constant(0.0);
    let site = steps.site("", "Max", &shape, false);
    let mut rest = weighted.into_iter();
    let mut out: Vec<ValueId> = Vec::with_capacity(windows.len());
    for window in &windows {
        let own: Vec<ValueId> = rest.by_ref().take(window.len()).collect();
        let n = own.len();
        out.push(if n == 0 { zero } else { steps.graph.max(site, n, own)[0] });
    }
    Ok(vec![Tensor::values(steps.graph, shape, out)])
}
