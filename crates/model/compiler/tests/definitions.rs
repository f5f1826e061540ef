//! Operators whose values are computed here from their definitions.

mod support;

use std::f64::consts::PI;

use support::{
    Random, Type,
    case::{case, constant, input, none},
    float, int, text,
};

fn numbers(seed: u64, n: usize) -> Vec<f64> {
    Random(seed).list(n, 1.0).into_iter().map(f64::from).collect()
}

#[test]
fn lrn() {
    let (channels, plane, size) = (5, 2, 3);
    let x = numbers(1, channels * plane);
    let y: Vec<f64> = (0..channels * plane)
        .map(|i| {
            let (c, p) = (i / plane, i % plane);
            let around = c.saturating_sub(1)..(c + 2).min(channels);
            let sum: f64 = around.map(|c| x[c * plane + p] * x[c * plane + p]).sum();
            x[i] / (1.0 + 0.5 / f64::from(size) * sum).powf(0.75)
        })
        .collect();
    let attributes = vec![int("size", i64::from(size)), float("alpha", 0.5), float("beta", 0.75), float("bias", 1.0)];
    case("LRN", 13, attributes, &[input(Type::Float, &[1, 5, 2, 1], &x)], &[&y]);
}

#[test]
fn dft_there_and_back() {
    let n = 5;
    let x = numbers(2, n);
    let turn = |k: usize, j: usize| 2.0 * PI * (k * j) as f64 / n as f64;
    let spectrum: Vec<f64> = (0..n)
        .flat_map(|k| {
            let re = (0..n).map(|j| x[j] * turn(k, j).cos()).sum();
            let im = (0..n).map(|j| -x[j] * turn(k, j).sin()).sum();
            [re, im]
        })
        .collect();
    let axis = constant(Type::Int64, &[], &[1.0]);
    case("DFT", 20, vec![], &[input(Type::Float, &[1, 5, 1], &x), none(), axis], &[&spectrum]);
    let axis = constant(Type::Int64, &[], &[1.0]);
    case("DFT", 20, vec![int("onesided", 1)], &[input(Type::Float, &[1, 5, 1], &x), none(), axis], &[&spectrum[..6]]);
    let back: Vec<f64> = x.iter().flat_map(|&v| [v, 0.0]).collect();
    let axis = constant(Type::Int64, &[], &[1.0]);
    case("DFT", 20, vec![int("inverse", 1)], &[input(Type::Float, &[1, 5, 2], &spectrum), none(), axis], &[&back]);
    // The half of a spectrum, back to real numbers.
    let length = constant(Type::Int64, &[], &[5.0]);
    let axis = constant(Type::Int64, &[], &[1.0]);
    let attributes = vec![int("inverse", 1), int("onesided", 1)];
    case("DFT", 20, attributes, &[input(Type::Float, &[1, 3, 2], &spectrum[..6]), length, axis], &[&x]);
}

#[test]
fn stft() {
    let (length, frame, step) = (8, 4, 2);
    let x = numbers(3, length);
    let window = [0.5, 1.0, 0.75, 0.25];
    let mut y = Vec::new();
    for f in 0..(length - frame) / step + 1 {
        for k in 0..frame / 2 + 1 {
            let sum = |part: fn(f64) -> f64| -> f64 {
                (0..frame).map(|j| x[f * step + j] * window[j] * part(-2.0 * PI * (k * j) as f64 / frame as f64)).sum()
            };
            y.extend([sum(f64::cos), sum(f64::sin)]);
        }
    }
    let operands =
        [input(Type::Float, &[1, 8, 1], &x), constant(Type::Int64, &[], &[2.0]), constant(Type::Float, &[4], &window)];
    case("STFT", 17, vec![], &operands, &[&y]);
}

#[test]
fn rotary_embedding() {
    // Two positions, one head of four numbers, of which position ids choose the angles.
    let x = numbers(4, 8);
    let angles = [0.3, 1.1, -0.4, 0.9, 0.2, 0.7];
    let (cos, sin): (Vec<f64>, Vec<f64>) = angles.iter().map(|a: &f64| (a.cos(), a.sin())).unzip();
    let positions = [2usize, 0];
    let turned = |interleaved: bool| -> Vec<f64> {
        let mut y = x.clone();
        for (t, &p) in positions.iter().enumerate() {
            for k in 0..2 {
                let (a, b) = if interleaved { (2 * k, 2 * k + 1) } else { (k, k + 2) };
                let (a, b) = (4 * t + a, 4 * t + b);
                let (c, s) = (cos[p * 2 + k], sin[p * 2 + k]);
                (y[a], y[b]) = (c * x[a] - s * x[b], s * x[a] + c * x[b]);
            }
        }
        y
    };
    for interleaved in [false, true] {
        let operands = [
            input(Type::Float, &[1, 1, 2, 4], &x),
            constant(Type::Float, &[3, 2], &cos),
            constant(Type::Float, &[3, 2], &sin),
            input(Type::Int64, &[1, 2], &[2.0, 0.0]),
        ];
        case(
            "RotaryEmbedding",
            23,
            vec![int("interleaved", i64::from(interleaved))],
            &operands,
            &[&turned(interleaved)],
        );
    }
}

#[test]
fn linear_attention() {
    // One head; two steps; keys of two numbers, values of one. S ← S · e^g + k ⊗ β (v − Sᵀk), then y = q · S / √2.
    let (q, k) = ([0.5, -0.2, 0.3, 0.8], [0.4, 0.6, -0.7, 0.2]);
    let (v, decay, beta) = ([0.9, -0.5], [-0.1, -0.3], [0.7, 0.4]);
    let mut state = [0.0f64; 2];
    let mut y = Vec::new();
    for t in 0..2 {
        state.iter_mut().for_each(|s| *s *= f64::exp(decay[t]));
        let held = state[0] * k[2 * t] + state[1] * k[2 * t + 1];
        let written = beta[t] * (v[t] - held);
        (0..2).for_each(|d| state[d] += k[2 * t + d] * written);
        y.push((q[2 * t] * state[0] + q[2 * t + 1] * state[1]) / 2f64.sqrt());
    }
    let operands = [
        input(Type::Float, &[1, 2, 2], &q),
        input(Type::Float, &[1, 2, 2], &k),
        input(Type::Float, &[1, 2, 1], &v),
        none(),
        input(Type::Float, &[1, 2, 1], &decay),
        input(Type::Float, &[1, 2, 1], &beta),
    ];
    let attributes = vec![int("q_num_heads", 1), int("kv_num_heads", 1), text("update_rule", "gated_delta")];
    case("LinearAttention", 27, attributes, &operands, &[&y, &state]);
}

#[test]
fn affine_grid() {
    // Places of a 1×2×3 image without aligned corners: x in (−2/3, 0, 2/3), y in (−1/2, 1/2).
    let theta = [0.5, -0.3, 0.1, 0.2, 0.9, -0.4];
    let mut y = Vec::new();
    for row in [-0.5, 0.5] {
        for column in [-2.0 / 3.0, 0.0, 2.0 / 3.0] {
            y.push(theta[0] * column + theta[1] * row + theta[2]);
            y.push(theta[3] * column + theta[4] * row + theta[5]);
        }
    }
    let operands = [input(Type::Float, &[1, 2, 3], &theta), constant(Type::Int64, &[4], &[1.0, 1.0, 2.0, 3.0])];
    case("AffineGrid", 20, vec![], &operands, &[&y]);
}
