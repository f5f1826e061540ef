//! DFT, STFT, BlackmanWindow, HammingWindow, HannWindow, MelWeightMatrix: linear maps and constants.

use std::f64::consts::PI;

use super::{
    attributes::{Lower, Lowered, Node},
    steps::{Steps, Sum},
    tensor::{ElementType, Tensor, strides},
    weights,
};
use crate::{CompileError, graph::Graph};

pub(super) const OPS: &[(&str, Lower)] = &[
    ("BlackmanWindow", |node, _| window(node, &[0.42, -0.5, 0.08])),
    ("DFT", dft),
    ("HammingWindow", |node, _| window(node, &[25.0 / 46.0, -21.0 / 46.0])),
    ("HannWindow", |node, _| window(node, &[0.5, -0.5])),
    ("MelWeightMatrix", |node, _| mel(node)),
    ("STFT", stft),
];

pub(super) const LIMITS: &[(&str, &str)] = &[
    ("BlackmanWindow", "the size is constant"),
    ("DFT", "length and axis are constant"),
    ("HammingWindow", "the size is constant"),
    ("HannWindow", "the size is constant"),
    ("MelWeightMatrix", "all operands are constant"),
    ("STFT", "step, window and length are constant"),
];

/// A number that must be constant.
fn scalar(node: &Node<'_>, i: usize, what: &str) -> Result<Option<f64>, CompileError> {
    match node.constant(i, what)? {
        None => Ok(None),
        Some((_, [v])) => Ok(Some(*v)),
        Some(_) => Err(node.error(format!("{what} is not a scalar"))),
    }
}

fn size(node: &Node<'_>, v: Option<f64>, what: &str) -> Result<usize, CompileError> {
    let v = v.filter(|v| (0.0..134_217_728.0).contains(v) && v.fract() == 0.0);
    v.map(|v| v as usize).ok_or_else(|| node.error(format!("{what} is not a size")))
}

/// The element type of a result by the attribute.
fn output_type(node: &Node<'_>) -> Result<ElementType, CompileError> {
    weights::element_type(&node.name, i32::try_from(node.int("output_datatype", 1)?).unwrap_or(-1))
}

/// Σ c_k · cos(2πk·n / N)
fn window(node: &Node<'_>, coefficients: &[f64]) -> Lowered {
    let n = size(node, scalar(node, 0, "the size")?, "the window's size")?;
    let period = if node.int("periodic", 1)? != 0 { n as f64 } else { n as f64 - 1.0 };
    let dtype = output_type(node)?;
    let value = |i: usize| -> f64 {
        let angle = if period > 0.0 { 2.0 * PI * i as f64 / period } else { 0.0 };
        coefficients.iter().enumerate().map(|(k, c)| c * (k as f64 * angle).cos()).sum()
    };
    let data = (0..n).map(value).map(|v| if dtype.is_integer() { v.trunc() } else { v }).collect();
    Ok(vec![Tensor::constant(dtype.kind(), vec![n], data).typed(dtype)])
}

/// The matrix that turns spectra into bins of the mel scale.
fn mel(node: &Node<'_>) -> Lowered {
    let bins = size(node, scalar(node, 0, "the number of bins")?, "the number of bins")?;
    let length = size(node, scalar(node, 1, "the DFT's length")?, "the DFT's length")?;
    let number = |i: usize, what: &str| scalar(node, i, what)?.ok_or_else(|| node.error(format!("{what} is missing")));
    let rate = number(2, "the sample rate")?;
    let (low, high) = (number(3, "the lower edge")?, number(4, "the upper edge")?);
    let dtype = output_type(node)?;
    let spectrum = length / 2 + 1;
    let len = node.checked_len(&[spectrum, bins])?;
    let to_mel = |f: f64| 2595.0 * (1.0 + f / 700.0).log10();
    let step = (to_mel(high) - to_mel(low)) / (bins as f64 + 2.0);
    let edge = |i: usize| {
        let hertz = 700.0 * (10f64.powf((i as f64 * step + to_mel(low)) / 2595.0) - 1.0);
        ((length as f64 + 1.0) * hertz / rate).floor()
    };
    let mut data = vec![0.0; len];
    for bin in 0..bins {
        let (lower, centre, upper) = (edge(bin), edge(bin + 1), edge(bin + 2));
        for row in 0..spectrum {
            let f = row as f64;
            data[row * bins + bin] = if centre - lower == 0.0 {
                f64::from(u8::from(f == centre))
            } else if (lower..=centre).contains(&f) {
                (f - lower) / (centre - lower)
            } else {
                0.0
            };
            if f >= centre && f < upper {
                data[row * bins + bin] = (upper - f) / (upper - centre);
            }
        }
    }
    if data.iter().any(|v| !v.is_finite()) {
        return Err(node.error("its edges are not frequencies"));
    }
    Ok(vec![Tensor::constant(dtype.kind(), vec![spectrum, bins], data).typed(dtype)])
}

fn dft(node: &Node<'_>, graph: &mut Graph) -> Lowered {
    let x = node.float_input(0)?;
    let rank = x.shape.len();
    let axis =
        if node.opset >= 20 { scalar(node, 2, "the axis")?.map_or(-2, |a| a as i64) } else { node.int("axis", 1)? };
    let axis = node.axis(axis, rank)?;
    let parts = x.shape.last().copied().unwrap_or(0);
    if axis + 1 >= rank || !(1..=2).contains(&parts) || x.len() == 0 {
        return Err(node.error(format!("its operand of shape {:?} is not made of numbers", x.shape)));
    }
    let (inverse, onesided) = (node.int("inverse", 0)? != 0, node.int("onesided", 0)? != 0);
    let given = scalar(node, 1, "the length")?;
    let dim = x.shape[axis];
    // A one-sided spectrum of n real numbers has n / 2 + 1 elements.
    let default = if inverse && onesided { 2 * (dim - 1) } else { dim };
    let n = match given {
        Some(n) => size(node, Some(n), "the length")?,
        None => default,
    };
    if n == 0 {
        return Err(node.error("the length is zero"));
    }
    let count = if onesided && !inverse { n / 2 + 1 } else { n };
    let real_result = inverse && onesided;
    let mut shape = x.shape.clone();
    shape[axis] = count;
    shape[rank - 1] = if real_result { 1 } else { 2 };
    node.checked_len(&shape)?;
    // The axis and the parts of a number become one axis, with one linear map along it.
    let order: Vec<usize> = (0..rank - 1).filter(|&a| a != axis).chain([axis, rank - 1]).collect();
    let moved = super::steps::permuted(x, &order);
    let rows: usize = x.len() / (dim * parts);
    let sign = if inverse { 1.0 } else { -1.0 };
    let weight = if inverse { 1.0 / n as f64 } else { 1.0 };
    let outputs = count * shape[rank - 1];
    let used = dim.min(n);
    node.checked_len(&[outputs, n * parts])?;
    let angle = |k: usize, j: usize| sign * 2.0 * PI * (((k as u128 * j as u128) % n as u128) as f64) / n as f64;
    let mut sums: Vec<Sum> = Vec::with_capacity(outputs);
    for k in 0..count {
        let (mut re, mut im): (Sum, Sum) = (Vec::new(), Vec::new());
        let mut add = |j: usize, at: usize, conjugate: f64| {
            let (cos, sin) = (angle(k, j).cos() * weight, angle(k, j).sin() * weight);
            re.push((at * parts, cos));
            im.push((at * parts, sin));
            if parts == 2 {
                re.push((at * parts + 1, -sin * conjugate));
                im.push((at * parts + 1, cos * conjugate));
            }
        };
        for j in 0..used {
            add(j, j, 1.0);
        }
        if inverse && onesided {
            // The other half is the conjugate.
            for j in (used..n).filter(|&j| n - j < used) {
                add(j, n - j, -1.0);
            }
        }
        sums.push(tidy(re));
        if !real_result {
            sums.push(tidy(im));
        }
    }
    let y = Steps::new(node, graph).along("", "DFT", &moved.reshaped(vec![rows, dim * parts]), 1, &sums)?;
    let back = order.iter().map(|&a| shape[a]).collect();
    Ok(vec![super::steps::permuted(&y.reshaped(back), &super::steps::inverse(&order))])
}

/// Adds up the weights of each element, and drops those that are zero but for rounding.
fn tidy(mut sum: Sum) -> Sum {
    sum.sort_by_key(|s| s.0);
    let mut out: Sum = Vec::with_capacity(sum.len());
    for (at, w) in sum {
        match out.last_mut() {
            Some(last) if last.0 == at => last.1 += w,
            _ => out.push((at, w)),
        }
    }
    out.retain(|s| s.1.abs() > 1e-14);
    out
}

fn stft(node: &Node<'_>, graph: &mut Graph) -> Lowered {
    let x = node.float_input(0)?;
    let (batch, length, parts) = match *x.shape.as_slice() {
        [b, n] => (b, n, 1),
        [b, n, parts @ 1..=2] => (b, n, parts),
        _ => return Err(node.error(format!("its operand of shape {:?} is not a signal", x.shape))),
    };
    let step = size(node, scalar(node, 1, "the step")?, "the step")?;
    let shape_of = node.constant(2, "the window")?;
    let frame = match (scalar(node, 3, "the frame's length")?, &shape_of) {
        (Some(n), _) => size(node, Some(n), "the frame's length")?,
        (None, Some((_, w))) => w.len(),
        (None, None) => return Err(node.error("neither a window nor a frame's length is given")),
    };
    let window = shape_of.map_or_else(|| vec![1.0; frame], |(_, w)| w.to_vec());
    if step == 0 || frame == 0 || window.len() != frame || frame > length {
        return Err(node.error(format!("frames of {frame} by {step} do not fit a signal of {length}")));
    }
    let frames = (length - frame) / step + 1;
    let bins = if node.int("onesided", 1)? != 0 { frame / 2 + 1 } else { frame };
    let shape = vec![batch, frames, bins, 2];
    node.checked_len(&shape)?;
    node.checked_len(&[batch, frames, frame * parts])?;
    let angle = |k: usize, j: usize| -2.0 * PI * (((k as u128 * j as u128) % frame as u128) as f64) / frame as f64;
    node.checked_len(&[bins * 2, frame * parts])?;
    let mut sums: Vec<Sum> = Vec::with_capacity(2 * bins);
    for k in 0..bins {
        let (mut re, mut im): (Sum, Sum) = (Vec::new(), Vec::new());
        for (j, w) in window.iter().enumerate() {
            let (cos, sin) = (w * angle(k, j).cos(), w * angle(k, j).sin());
            re.push((j * parts, cos));
            im.push((j * parts, sin));
            if parts == 2 {
                re.push((j * parts + 1, -sin));
                im.push((j * parts + 1, cos));
            }
        }
        sums.extend([tidy(re), tidy(im)]);
    }
    let all = strides(&[batch, length, parts]);
    let pick: Vec<usize> = (0..batch * frames)
        .flat_map(|f| (0..frame * parts).map(move |i| (f, i)))
        .map(|(f, i)| f / frames * all[0] + f % frames * step * parts + i)
        .collect();
    let framed = x.pick(vec![batch * frames, frame * parts], &pick);
    Ok(vec![Steps::new(node, graph).along("", "STFT", &framed, 1, &sums)?.reshaped(shape)])
}
