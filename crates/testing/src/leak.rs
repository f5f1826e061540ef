//! What an attacker does with published files: solves them for the weights.
#![allow(missing_docs)]

use serde_json::Value;

/// A layer of the attack: y = x·W + b, `SIZE` by `SIZE`.
pub const SIZE: usize = 10;

/// The weights of a layer, row by row, and its biases.
#[derive(Clone, Debug)]
pub struct Layer {
    pub weights: Vec<f32>,
    pub biases: Vec<f32>,
}

/// Deterministic numbers from −size to size.
pub fn numbers(seed: u64, n: usize, size: f32) -> Vec<f32> {
    let mut state = seed;
    let mut unit = || {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (state >> 40) as f32 / (1u64 << 24) as f32
    };
    (0..n).map(|_| (2.0 * unit() - 1.0) * size).collect()
}

impl Layer {
    /// Random weights.
    pub fn random(seed: u64) -> Self {
        Self { weights: numbers(seed, SIZE * SIZE, 1.0), biases: numbers(seed + 1, SIZE, 0.5) }
    }
}

fn varint(mut n: u64) -> Vec<u8> {
    let mut out = Vec::new();
    while n >= 0x80 {
        out.push((n as u8) | 0x80);
        n >>= 7;
    }
    out.push(n as u8);
    out
}

fn number(field: u64, n: u64) -> Vec<u8> {
    [varint(field << 3), varint(n)].concat()
}

fn bytes(field: u64, content: &[u8]) -> Vec<u8> {
    [varint(field << 3 | 2), varint(content.len() as u64), content.to_vec()].concat()
}

fn info(name: &str, dims: &[usize]) -> Vec<u8> {
    let shape: Vec<u8> = dims.iter().flat_map(|&d| bytes(1, &number(1, d as u64))).collect();
    let tensor = [number(1, 1), bytes(2, &shape)].concat();
    [bytes(1, name.as_bytes()), bytes(2, &bytes(1, &tensor))].concat()
}

fn constant(name: &str, dims: &[usize], data: &[f32]) -> Vec<u8> {
    let raw: Vec<u8> = data.iter().flat_map(|v| v.to_le_bytes()).collect();
    let dims: Vec<u8> = dims.iter().flat_map(|&d| number(1, d as u64)).collect();
    [dims, number(2, 1), bytes(8, name.as_bytes()), bytes(9, &raw)].concat()
}

fn node(op: &str, inputs: &[&str], output: &str) -> Vec<u8> {
    let inputs: Vec<u8> = inputs.iter().flat_map(|i| bytes(1, i.as_bytes())).collect();
    [inputs, bytes(2, output.as_bytes()), bytes(4, op.as_bytes())].concat()
}

/// An ONNX file: `x` of `rows` values, a layer, and a function if any is named; the output is `y`.
pub fn onnx(layer: &Layer, rows: usize, function: Option<&str>) -> Vec<u8> {
    let cols = layer.biases.len();
    let sum = if function.is_some() { "z" } else { "y" };
    let mut graph = bytes(1, &node("Gemm", &["x", "w", "b"], sum));
    graph.extend(function.iter().flat_map(|f| bytes(1, &node(f, &["z"], "y"))));
    graph.extend(bytes(2, b"attacked"));
    graph.extend(bytes(5, &constant("w", &[rows, cols], &layer.weights)));
    graph.extend(bytes(5, &constant("b", &[cols], &layer.biases)));
    graph.extend(bytes(11, &info("x", &[1, rows])));
    graph.extend(bytes(12, &info("y", &[1, cols])));
    let opset = [bytes(1, b""), number(2, 13)].concat();
    [number(1, 8), bytes(7, &graph), bytes(8, &opset)].concat()
}

/// All pairs of numbers in a list called `scatter`, wherever it is: what a report has of a model's outputs.
pub fn scatter(document: &Value) -> Option<Vec<(f64, f64)>> {
    match document {
        Value::Object(fields) => match fields.get("scatter") {
            Some(Value::Array(pairs)) => pairs.iter().map(|p| Some((p[0].as_f64()?, p[1].as_f64()?))).collect(),
            _ => fields.values().find_map(scatter),
        },
        Value::Array(list) => list.iter().find_map(scatter),
        _ => None,
    }
}

/// The compiler's own inputs for its report: they follow from the seed, which is in its source, and the declared range.
fn inputs(samples: usize, lo: f64, hi: f64) -> Vec<[f64; SIZE + 1]> {
    let mut state = 0u64;
    let mut unit = || {
        state = state.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut z = state;
        z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        (z ^ (z >> 31)) as f64 / u64::MAX as f64
    };
    let mut sample = || {
        let mut x = [1.0; SIZE + 1];
        x.iter_mut().take(SIZE).for_each(|v| *v = f64::from((lo + (hi - lo) * unit()) as f32));
        x
    };
    (0..samples).map(|_| sample()).collect()
}

/// Solves the outputs in a document for the weights of a [`Layer`] whose inputs are from −1 to 1. `None` without outputs.
pub fn recover(document: &Value) -> Option<Layer> {
    let pairs = scatter(document).filter(|pairs| pairs.len() >= SIZE * (SIZE + 1))?;
    let x = inputs(pairs.len() / SIZE, -1.0, 1.0);
    let columns: Vec<Vec<f64>> = (0..SIZE)
        .map(|o| least_squares(&x, &pairs.iter().skip(o).step_by(SIZE).map(|p| p.0).collect::<Vec<_>>()))
        .collect();
    let weights = (0..SIZE * SIZE).map(|i| columns[i % SIZE][i / SIZE] as f32).collect();
    Some(Layer { weights, biases: columns.iter().map(|c| c[SIZE] as f32).collect() })
}

/// The w with the smallest |x·w − y|, by its normal equations.
fn least_squares(x: &[[f64; SIZE + 1]], y: &[f64]) -> Vec<f64> {
    const N: usize = SIZE + 1;
    let dot = |f: &dyn Fn(usize) -> f64| (0..x.len()).map(f).sum::<f64>();
    let mut m: Vec<Vec<f64>> = (0..N)
        .map(|i| {
            let squares = (0..N).map(|j| dot(&|s| x[s][i] * x[s][j]));
            squares.chain([dot(&|s| x[s][i] * y[s])]).collect()
        })
        .collect();
    for i in 0..N {
        let pivot = (i..N).max_by(|&a, &b| m[a][i].abs().total_cmp(&m[b][i].abs())).unwrap();
        m.swap(i, pivot);
        let row = m[i].clone();
        for (_, other) in m.iter_mut().enumerate().filter(|(r, _)| *r != i) {
            let f = other[i] / row[i];
            other.iter_mut().zip(&row).for_each(|(a, b)| *a -= f * b);
        }
    }
    (0..N).map(|i| m[i][N] / m[i][i]).collect()
}

/// Largest difference of two layers' numbers.
pub fn distance(a: &Layer, b: &Layer) -> f32 {
    let all = |l: &Layer| l.weights.iter().chain(&l.biases).copied().collect::<Vec<_>>();
    all(a).iter().zip(all(b)).map(|(a, b)| (a - b).abs()).fold(0.0, f32::max)
}

/// The manifest in the bytes of a `model.vouch`.
pub fn manifest(file: &[u8]) -> Value {
    let len = u32::from_le_bytes(file[10..14].try_into().unwrap()) as usize;
    serde_json::from_slice(&file[14..14 + len]).unwrap()
}

/// The program in the bytes of a `model.vouch`.
pub fn program(file: &[u8]) -> &[u8] {
    let len = u32::from_le_bytes(file[10..14].try_into().unwrap()) as usize;
    &file[14 + len + 4..file.len() - 32]
}
