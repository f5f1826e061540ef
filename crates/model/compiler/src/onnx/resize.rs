//! Resize and Upsample: along each axis a linear map with constant weights.

use super::{
    attributes::{Lower, Lowered, Node},
    steps::{Steps, Sum},
    tensor::Tensor,
};
use crate::{CompileError, graph::Graph};

pub(super) const OPS: &[(&str, Lower)] = &[("Resize", lower), ("Upsample", upsample)];

pub(super) const LIMITS: &[(&str, &str)] =
    &[("Resize", "scales, sizes and the region of interest are constant"), ("Upsample", "the scales are constant")];

/// How a place of the result becomes a coordinate of the operand.
#[derive(Clone, Copy, PartialEq)]
enum Transform {
    HalfPixel,
    HalfPixelSymmetric,
    PytorchHalfPixel,
    AlignCorners,
    Asymmetric,
    Crop,
}

/// How elements around a coordinate are combined.
#[derive(Clone, Copy, PartialEq)]
enum Mode {
    Nearest(Nearest),
    Linear,
    /// With the coefficient a.
    Cubic(f64),
}

/// Which of two neighbours is the nearest.
#[derive(Clone, Copy, PartialEq)]
enum Nearest {
    RoundPreferFloor,
    RoundPreferCeil,
    Floor,
    Ceil,
}

/// The resizing of one axis.
struct Axis {
    old: usize,
    new: usize,
    scale: f64,
    /// Start and end of the region of interest, as parts of the axis.
    region: (f64, f64),
}

/// What all axes have in common.
struct Rule {
    transform: Transform,
    mode: Mode,
    antialias: bool,
    exclude_outside: bool,
}

/// The weights of one element of a result: `None` where it lies outside and has the extrapolation value.
type Weights = Option<Sum>;

impl Rule {
    /// The coordinate of place x of the result.
    fn coordinate(&self, axis: &Axis, x: usize) -> f64 {
        let (x, old, new, scale) = (x as f64, axis.old as f64, axis.new as f64, axis.scale);
        // The length of the result before it is rounded down.
        let length = old * scale;
        match self.transform {
            Transform::HalfPixel => (x + 0.5) / scale - 0.5,
            Transform::HalfPixelSymmetric => {
                // The part of a result of `old · scale` elements that is there lies in the middle.
                let adjustment = new / length;
                let offset = old / 2.0 * (1.0 - adjustment);
                offset + (x + 0.5) / scale - 0.5
            }
            Transform::PytorchHalfPixel if length <= 1.0 => 0.0,
            Transform::PytorchHalfPixel => (x + 0.5) / scale - 0.5,
            Transform::AlignCorners if length <= 1.0 => 0.0,
            Transform::AlignCorners => x * (old - 1.0) / (length - 1.0),
            Transform::Asymmetric => x / scale,
            Transform::Crop => {
                let (start, end) = axis.region;
                if new > 1.0 {
                    start * (old - 1.0) + x * (end - start) * (old - 1.0) / (new - 1.0)
                } else {
                    0.5 * (start + end) * (old - 1.0)
                }
            }
        }
    }

    /// The weights of each place of the result.
    fn weights(&self, axis: &Axis) -> Vec<Weights> {
        (0..axis.new).map(|x| self.place(axis, x)).collect()
    }

    fn place(&self, axis: &Axis, x: usize) -> Weights {
        let at = self.coordinate(axis, x);
        let last = axis.old as f64 - 1.0;
        if self.transform == Transform::Crop && !(0.0..=last).contains(&at) {
            return None;
        }
        if let Mode::Nearest(nearest) = self.mode {
            let index = match nearest {
                Nearest::RoundPreferFloor => (at - 0.5).ceil(),
                Nearest::RoundPreferCeil => (at + 0.5).floor(),
                Nearest::Floor => at.floor(),
                Nearest::Ceil => at.ceil(),
            };
            return Some(vec![(index.clamp(0.0, last) as usize, 1.0)]);
        }
        // An antialiased filter is as much wider as the result is smaller.
        let shrink = if self.antialias { axis.scale.min(1.0) } else { 1.0 };
        let reach = (if self.mode == Mode::Linear { 1.0 } else { 2.0 }) / shrink;
        // Farther away, all elements of the filter are those at an end.
        let at = at.clamp(-reach - 1.0, last + reach + 1.0);
        let first = (at - reach).ceil();
        let mut taps: Vec<(f64, f64)> = Vec::new();
        let mut index = first;
        while index <= at + reach {
            let w = self.kernel((index - at) * shrink);
            if w != 0.0 {
                taps.push((index, w));
            }
            index += 1.0;
        }
        let outside = |i: f64| !(0.0..=last).contains(&i);
        if self.exclude_outside {
            taps.retain(|&(i, _)| !outside(i));
        }
        let total: f64 = taps.iter().map(|t| t.1).sum();
        let mut sum: Sum = Vec::new();
        for (i, w) in taps {
            let at = i.clamp(0.0, last) as usize;
            match sum.iter_mut().find(|s| s.0 == at) {
                Some(s) => s.1 += w / total,
                None => sum.push((at, w / total)),
            }
        }
        sum.retain(|s| s.1 != 0.0);
        if let [(_, w)] = sum.as_mut_slice() {
            *w = 1.0;
        }
        Some(sum)
    }

    /// The weight of an element at a distance.
    fn kernel(&self, x: f64) -> f64 {
        let x = x.abs();
        match self.mode {
            Mode::Cubic(a) if x <= 1.0 => ((a + 2.0) * x - (a + 3.0)) * x * x + 1.0,
            Mode::Cubic(a) if x < 2.0 => ((a * x - 5.0 * a) * x + 8.0 * a) * x - 4.0 * a,
            Mode::Linear if x < 1.0 => 1.0 - x,
            _ => 0.0,
        }
    }
}

fn rule(node: &Node<'_>) -> Result<Rule, CompileError> {
    let transform = match node.string("coordinate_transformation_mode", "half_pixel")?.as_str() {
        "half_pixel" => Transform::HalfPixel,
        "half_pixel_symmetric" => Transform::HalfPixelSymmetric,
        "pytorch_half_pixel" => Transform::PytorchHalfPixel,
        "align_corners" => Transform::AlignCorners,
        "asymmetric" => Transform::Asymmetric,
        "tf_crop_and_resize" => Transform::Crop,
        other => return Err(node.error(format!("coordinate_transformation_mode=`{other}` is unknown"))),
    };
    let nearest = match node.string("nearest_mode", "round_prefer_floor")?.as_str() {
        "round_prefer_floor" => Nearest::RoundPreferFloor,
        "round_prefer_ceil" => Nearest::RoundPreferCeil,
        "floor" => Nearest::Floor,
        "ceil" => Nearest::Ceil,
        other => return Err(node.error(format!("nearest_mode=`{other}` is unknown"))),
    };
    let mode = match node.string("mode", "nearest")?.as_str() {
        "nearest" => Mode::Nearest(nearest),
        "linear" => Mode::Linear,
        "cubic" => Mode::Cubic(node.float("cubic_coeff_a", -0.75)?),
        other => return Err(node.error(format!("mode=`{other}` is unknown"))),
    };
    Ok(Rule {
        transform,
        mode,
        antialias: node.int("antialias", 0)? != 0,
        exclude_outside: node.int("exclude_outside", 0)? != 0,
    })
}

/// A list of numbers that must be constant; `None` if it is missing or empty.
fn numbers<'a>(node: &'a Node<'_>, i: usize, what: &str) -> Result<Option<&'a [f64]>, CompileError> {
    Ok(node.constant(i, what)?.map(|(_, data)| data).filter(|d| !d.is_empty()))
}

fn lower(node: &Node<'_>, graph: &mut Graph) -> Lowered {
    let x = node.input(0)?;
    let rank = x.shape.len();
    // Operator set 10 has the scales in operand 1, and one rule.
    let old = node.opset < 11;
    let rule = if old {
        let mode = match node.string("mode", "nearest")?.as_str() {
            "nearest" => Mode::Nearest(Nearest::Floor),
            "linear" | "bilinear" => Mode::Linear,
            other => return Err(node.error(format!("mode=`{other}` is unknown"))),
        };
        Rule { transform: Transform::Asymmetric, mode, antialias: false, exclude_outside: false }
    } else {
        rule(node)?
    };
    let axes: Vec<usize> = match node.ints("axes")? {
        Some(axes) => {
            node.axes(&axes, rank)?;
            axes.iter().map(|&a| node.axis(a, rank)).collect::<Result<_, _>>()?
        }
        None => (0..rank).collect(),
    };
    let scales = numbers(node, if old { 1 } else { 2 }, "the scales")?;
    let sizes = if old { None } else { numbers(node, 3, "the sizes")? };
    let region = if old || rule.transform != Transform::Crop { None } else { numbers(node, 1, "the region")? };
    let fits = |list: Option<&[f64]>, n: usize| list.is_none_or(|l| l.len() == n);
    if !(fits(scales, axes.len()) && fits(sizes, axes.len()) && fits(region, 2 * axes.len())) {
        return Err(node.error("scales, sizes or region do not fit the axes"));
    }
    if rule.transform == Transform::Crop && region.is_none() {
        return Err(node.error("the region of interest is missing"));
    }
    let policy = node.string("keep_aspect_ratio_policy", "stretch")?;
    let parts = || axes.iter().zip(sizes.unwrap_or_default()).map(|(&a, s)| s / x.shape[a] as f64);
    let common = match policy.as_str() {
        "stretch" => None,
        "not_larger" => Some(parts().fold(f64::INFINITY, f64::min)),
        "not_smaller" => Some(parts().fold(0.0, f64::max)),
        other => return Err(node.error(format!("keep_aspect_ratio_policy=`{other}` is unknown"))),
    };
    let mut plans = Vec::with_capacity(axes.len());
    for (i, &a) in axes.iter().enumerate() {
        let dim = x.shape[a];
        let own = region.map_or((0.0, 1.0), |r| (r[i], r[i + axes.len()]));
        let (scale, new) = match (scales, sizes) {
            (Some(scales), None) => {
                let part = if rule.transform == Transform::Crop { own.1 - own.0 } else { 1.0 };
                (scales[i], (dim as f64 * part * scales[i]).floor())
            }
            (None, Some(sizes)) => match common {
                Some(common) => (common, (common * dim as f64 + 0.5).floor()),
                None => (sizes[i] / dim as f64, sizes[i]),
            },
            _ => return Err(node.error("it needs either scales or sizes")),
        };
        if !(scale > 0.0 && scale.is_finite() && (0.0..134_217_728.0).contains(&new)) || dim == 0 {
            return Err(node.error(format!("dimension {a} of {dim} has no scale {scale}")));
        }
        plans.push((a, Axis { old: dim, new: new as usize, scale, region: own }));
    }
    Ok(vec![resize(node, graph, x, &rule, &plans)?])
}

fn resize(
    node: &Node<'_>,
    graph: &mut Graph,
    x: &Tensor,
    rule: &Rule,
    plans: &[(usize, Axis)],
) -> Result<Tensor, CompileError> {
    let mut shape = x.shape.clone();
    plans.iter().for_each(|(a, plan)| shape[*a] = plan.new);
    node.checked_len(&shape)?;
    let mut y = x.clone();
    let mut steps = Steps::new(node, graph);
    let mut outside: Vec<(usize, Vec<bool>)> = Vec::new();
    for (i, (a, plan)) in plans.iter().enumerate() {
        // Each element of a filter is computed for each place.
        let taps = if rule.antialias { 4.0 / plan.scale.min(1.0) } else { 4.0 };
        node.checked_len(&[plan.new, taps as usize])?;
        let weights = rule.weights(plan);
        outside.push((*a, weights.iter().map(Option::is_none).collect()));
        let sums: Vec<Sum> = weights.into_iter().map(Option::unwrap_or_default).collect();
        let same = plan.old == plan.new && sums.iter().enumerate().all(|(j, s)| s.as_slice() == [(j, 1.0)]);
        if !same {
            y = steps.along(&format!("axis{i}"), "Resize", &y, *a, &sums)?;
        }
    }
    if !outside.iter().any(|(_, list)| list.contains(&true)) {
        return Ok(y);
    }
    let all = super::tensor::strides(&shape);
    let inside = |i: usize| !outside.iter().any(|(a, list)| list[i / all[*a] % shape[*a]]);
    let pick: Vec<Option<usize>> = (0..y.len()).map(|i| inside(i).then_some(i)).collect();
    let value = node.float("extrapolation_value", 0.0)?;
    Ok(steps.pick_or(&y, shape, &pick, value))
}

fn upsample(node: &Node<'_>, graph: &mut Graph) -> Lowered {
    let x = node.input(0)?;
    let own;
    let scales = match numbers(node, 1, "the scales")? {
        Some(scales) => scales,
        None => {
            own = node.floats("scales")?.ok_or_else(|| node.error("the scales are missing"))?;
            &own
        }
    };
    let mode = match node.string("mode", "nearest")?.as_str() {
        "nearest" => Mode::Nearest(Nearest::Floor),
        "linear" | "bilinear" => Mode::Linear,
        other => return Err(node.error(format!("mode=`{other}` is unknown"))),
    };
    let rule = Rule { transform: Transform::Asymmetric, mode, antialias: false, exclude_outside: false };
    if scales.len() != x.shape.len() {
        return Err(node.error(format!("{} scales do not fit rank {}", scales.len(), x.shape.len())));
    }
    let mut plans = Vec::new();
    for (a, (&scale, &dim)) in scales.iter().zip(&x.shape).enumerate() {
        let new = (dim as f64 * scale).floor();
        if !(scale > 0.0 && (0.0..134_217_728.0).contains(&new)) || dim == 0 {
            return Err(node.error(format!("dimension {a} of {dim} has no scale {scale}")));
        }
        plans.push((a, Axis { old: dim, new: new as usize, scale, region: (0.0, 1.0) }));
    }
    Ok(vec![resize(node, graph, x, &rule, &plans)?])
}
