//! GridSample and AffineGrid. With a constant grid a sample is a weighted sum of pixels. With a computed one the weights
//! are functions of the distance to each pixel: products with every pixel, for each sample.

use super::{
    attributes::{Lower, Lowered, Node},
    parts::Parts,
    rounding::round,
    steps::{Steps, Sum},
    tensor::{ElementType, Kind, Tensor, strides},
};
use crate::{
    CompileError,
    function::Function,
    graph::{Graph, ValueId},
};

pub(super) const OPS: &[(&str, Lower)] = &[("AffineGrid", affine_grid), ("GridSample", lower)];

pub(super) const LIMITS: &[(&str, &str)] = &[("AffineGrid", "the size is constant")];

/// The grid of an affine map of the cube \[−1, 1\]^d.
fn affine_grid(node: &Node<'_>, graph: &mut Graph) -> Lowered {
    let theta = node.float_input(0)?;
    let size = super::layout::sizes(node, 1, "the size")?;
    let corners = node.int("align_corners", 0)? != 0;
    let d = size.len().saturating_sub(2);
    if !(2..=3).contains(&d) || theta.shape != [size[0], d, d + 1] {
        return Err(node.error(format!("an affine map of shape {:?} does not fit {size:?}", theta.shape)));
    }
    let dims = &size[2..];
    let points: usize = node.checked_len(dims)?;
    let mut shape = vec![size[0]];
    shape.extend(dims);
    shape.push(d);
    node.checked_len(&shape)?;
    node.checked_len(&[points, d + 1])?;
    let all = strides(dims);
    let place = |axis: usize, index: usize| {
        let n = dims[axis] as f64;
        if corners {
            if dims[axis] == 1 { 0.0 } else { -1.0 + 2.0 * index as f64 / (n - 1.0) }
        } else {
            (2.0 * index as f64 + 1.0) / n - 1.0
        }
    };
    // Coordinates come last axis first, then a 1.
    let base: Vec<f64> = (0..d + 1)
        .flat_map(|k| (0..points).map(move |p| (k, p)))
        .map(|(k, p)| if k == d { 1.0 } else { place(d - 1 - k, p / all[d - 1 - k] % dims[d - 1 - k]) })
        .collect();
    if points == 0 || size[0] == 0 {
        return Ok(vec![Tensor::floats(shape, Vec::new())]);
    }
    // One matrix [d + 1, points] for all rows of all maps.
    let site = graph.site(&node.name, "AffineGrid", &shape);
    let matrix = graph.matrix(site, d + 1, base, vec![0.0; points]);
    let ids = theta.ids(graph);
    let y = graph.linear(matrix, 1, ids);
    let out = (0..size[0] * points * d)
        .map(|i| (i / (points * d), i / d % points, i % d))
        .map(|(n, p, k)| y[(n * d + k) * points + p])
        .collect();
    Ok(vec![Tensor::values(graph, shape, out)])
}

#[derive(Clone, Copy, PartialEq)]
enum Mode {
    Nearest,
    Linear,
    Cubic,
}

#[derive(Clone, Copy, PartialEq)]
enum Padding {
    Zeros,
    Border,
    Reflection,
}

/// One axis of the operand.
#[derive(Clone, Copy)]
struct Axis {
    dim: usize,
    mode: Mode,
    padding: Padding,
    corners: bool,
}

impl Axis {
    fn line(&self) -> (f64, f64) {
        let n = self.dim as f64;
        if self.corners { ((n - 1.0) / 2.0, (n - 1.0) / 2.0) } else { (n / 2.0, (n - 1.0) / 2.0) }
    }

    /// Ends of the range in which a coordinate is not moved.
    fn ends(&self) -> (f64, f64) {
        let n = self.dim as f64;
        match self.padding {
            Padding::Zeros => (f64::NEG_INFINITY, f64::INFINITY),
            Padding::Border => (0.0, n - 1.0),
            Padding::Reflection if self.corners => (0.0, n - 1.0),
            Padding::Reflection => (-0.5, n - 0.5),
        }
    }

    /// The coordinate after padding.
    fn moved(&self, x: f64) -> f64 {
        let (lo, hi) = self.ends();
        match self.padding {
            Padding::Zeros => x,
            Padding::Border => x.clamp(lo, hi),
            Padding::Reflection if hi > lo => {
                let t = (x - lo).rem_euclid(2.0 * (hi - lo));
                lo + t.min(2.0 * (hi - lo) - t)
            }
            Padding::Reflection => lo,
        }
    }

    /// The pixels around padded coordinates: a place along the axis, which may lie outside, and the pixel that is there.
    fn pixels(&self) -> Vec<(i64, usize)> {
        let n = self.dim as i64;
        let beyond = match (self.mode, self.padding) {
            (_, Padding::Zeros) | (Mode::Nearest, _) => 0,
            (Mode::Linear, _) => 1,
            (Mode::Cubic, _) => 2,
        };
        let (lo, hi) = if self.corners { (0.0, n as f64 - 1.0) } else { (-0.5, n as f64 - 0.5) };
        let pixel = |i: i64| match self.padding {
            Padding::Reflection if hi > lo => {
                let t = (i as f64 - lo).rem_euclid(2.0 * (hi - lo));
                ((lo + t.min(2.0 * (hi - lo) - t)) as i64).clamp(0, n - 1)
            }
            _ => i.clamp(0, n - 1),
        };
        (-beyond..n + beyond).map(|i| (i, pixel(i) as usize)).collect()
    }

    /// The weights of pixels at a constant coordinate in \[−1, 1\].
    fn weights(&self, normalized: f64) -> Sum {
        let (scale, shift) = self.line();
        let mut x = normalized * scale + shift;
        if self.mode == Mode::Nearest {
            x = x.round_ties_even();
        }
        let x = self.moved(x);
        let mut sum: Sum = Vec::new();
        for (i, pixel) in self.pixels() {
            let w = kernel(self.mode).eval(x - i as f64);
            if w != 0.0 {
                match sum.iter_mut().find(|s| s.0 == pixel) {
                    Some(s) => s.1 += w,
                    None => sum.push((pixel, w)),
                }
            }
        }
        sum
    }
}

/// The weight of a pixel at a distance.
fn kernel(mode: Mode) -> Function {
    match mode {
        Mode::Nearest => Function::Hit(0.0),
        Mode::Linear => Function::Hat,
        Mode::Cubic => Function::Cubic,
    }
}

fn lower(node: &Node<'_>, graph: &mut Graph) -> Lowered {
    let (x, grid) = (node.float_input(0)?, node.float_input(1)?);
    let rank = x.shape.len();
    let d = rank.saturating_sub(2);
    let fits = (1..=3).contains(&d)
        && grid.shape.len() == rank
        && grid.shape[rank - 1] == d
        && grid.shape[0] == x.shape[0]
        && x.len() > 0
        && grid.len() > 0;
    if !fits {
        return Err(node.error(format!("a grid of shape {:?} does not fit {:?}", grid.shape, x.shape)));
    }
    let mode = match node.string("mode", "linear")?.as_str() {
        "nearest" => Mode::Nearest,
        "linear" | "bilinear" => Mode::Linear,
        "cubic" | "bicubic" => Mode::Cubic,
        other => return Err(node.error(format!("mode=`{other}` is unknown"))),
    };
    let padding = match node.string("padding_mode", "zeros")?.as_str() {
        "zeros" => Padding::Zeros,
        "border" => Padding::Border,
        "reflection" => Padding::Reflection,
        other => return Err(node.error(format!("padding_mode=`{other}` is unknown"))),
    };
    let corners = node.int("align_corners", 0)? != 0;
    let dims = &x.shape[2..];
    let axes: Vec<Axis> = dims.iter().map(|&dim| Axis { dim, mode, padding, corners }).collect();
    let (batch, channels) = (x.shape[0], x.shape[1]);
    let points: usize = grid.shape[1..rank - 1].iter().product();
    let plane: usize = dims.iter().product();
    let mut shape = vec![batch, channels];
    shape.extend(&grid.shape[1..rank - 1]);
    let len = node.checked_len(&shape)?;
    let mut steps = Steps::new(node, graph);
    let ids = x.ids(steps.graph);
    if let Some(data) = grid.constants() {
        let all = strides(dims);
        let mut sums: Vec<Sum> = Vec::with_capacity(len);
        for i in 0..len {
            let (n, c, p) = (i / (channels * points), i / points % channels, i % points);
            let at = &data[(n * points + p) * d..(n * points + p + 1) * d];
            let start: Sum = vec![((n * channels + c) * plane, 1.0)];
            // Coordinates come last axis first.
            sums.push((0..d).fold(start, |sum, a| {
                let own = axes[a].weights(at[d - 1 - a]);
                let stride = all[a];
                sum.iter().flat_map(|(s, v)| own.iter().map(move |(k, w)| (s + k * stride, v * w))).collect()
            }));
        }
        let y = steps.weighted("", "GridSample", &ids, &sums);
        return Ok(vec![Tensor::values(steps.graph, shape, y)]);
    }
    node.checked_len(&[len, plane])?;
    // Weights [batch · points, dim] for each axis.
    let mut weights = Vec::with_capacity(d);
    for (a, axis) in axes.iter().enumerate() {
        let pick: Vec<usize> = (0..batch * points).map(|p| p * d + d - 1 - a).collect();
        let own = grid.pick(vec![batch * points], &pick);
        weights.push(computed_weights(&mut steps, a, axis, &own)?);
    }
    // One axis after the other, the last first: what is left of the pixels for each sample.
    let mut current: Vec<ValueId> = Vec::with_capacity(len * plane);
    for i in 0..len {
        let (n, c) = (i / (channels * points), i / points % channels);
        current.extend_from_slice(&ids[(n * channels + c) * plane..(n * channels + c + 1) * plane]);
    }
    for a in (0..d).rev() {
        let dim = dims[a];
        let rows = current.len() / dim;
        let each = rows / len;
        let weight = weights[a].ids(steps.graph);
        let right: Vec<ValueId> = (0..rows)
            .map(|r| r / each)
            .map(|i| i / (channels * points) * points + i % points)
            .flat_map(|p| weight[p * dim..(p + 1) * dim].iter().copied())
            .collect();
        let name = if a == 0 { String::new() } else { format!("axis{a}") };
        current = steps.dots(&name, "GridSample", &current, &right, dim, 1.0);
    }
    Ok(vec![Tensor::values(steps.graph, shape, current)])
}

/// The weights of all pixels of an axis at computed coordinates.
fn computed_weights(
    steps: &mut Steps<'_>,
    a: usize,
    axis: &Axis,
    coordinates: &Tensor,
) -> Result<Tensor, CompileError> {
    let n = coordinates.len();
    let (scale, shift) = axis.line();
    let pixels = axis.pixels();
    steps.node.checked_len(&[n, pixels.len()])?;
    let mut x = steps.line(&format!("x{a}"), coordinates, scale, shift);
    if axis.mode == Mode::Nearest {
        let ids = x.ids(steps.graph);
        let rounded = round(&mut Parts::new(steps.node, steps.graph), &ids);
        x = Tensor::computed(steps.graph, ElementType::Int64, vec![n], rounded);
    }
    let (lo, hi) = axis.ends();
    x = match axis.padding {
        Padding::Zeros => x,
        // Between two integers, integers stay integers.
        Padding::Border if axis.mode == Mode::Nearest => {
            steps.apply_integer(&format!("x{a}.moved"), Function::Clip(lo, hi), &x)
        }
        Padding::Border => steps.apply(&format!("x{a}.moved"), Function::Clip(lo, hi), &x),
        Padding::Reflection if axis.mode == Mode::Nearest => steps.apply_integer(
            &format!("x{a}.moved"),
            Function::Reflect(lo.ceil(), hi.floor(), f64::from(u8::from(!axis.corners))),
            &x,
        ),
        Padding::Reflection => steps.apply(&format!("x{a}.moved"), Function::Reflect(lo, hi, 0.0), &x),
    };
    let m = pixels.len();
    let places = Tensor::constant(Kind::Int, vec![1, m], pixels.iter().map(|p| p.0 as f64).collect());
    let distance = steps.add(&format!("x{a}.distance"), &x.reshaped(vec![n, 1]), -1.0, &places)?;
    let weights = if axis.mode == Mode::Nearest {
        steps.apply_integer(&format!("x{a}.weights"), kernel(axis.mode), &distance)
    } else {
        steps.apply(&format!("x{a}.weights"), kernel(axis.mode), &distance)
    };
    // Places outside share the pixels that they stand for.
    let sums: Vec<Sum> =
        (0..axis.dim).map(|k| (0..m).filter(|&i| pixels[i].1 == k).map(|i| (i, 1.0)).collect()).collect();
    steps.along(&format!("x{a}.pixels"), "GridSample", &weights, 1, &sums)
}
