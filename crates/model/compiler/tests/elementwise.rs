//! Elementwise operators, reductions and order, against values from their definitions (and, where these are not short,
//! from onnxruntime).

mod support;

use support::{Model, Type, float, int, list, text, value_info};
use tract_onnx::pb::AttributeProto;
use vouch_compiler::{
    CompileError, CompileOptions, InputRanges, NamedTensor, NamedTensors, OnnxModel, compile_model, dequantize_outputs,
    quantize_inputs,
};

/// An operand: its type, shape and elements.
type Operand<'a> = (Type, &'a [i64], &'a [f64]);

fn names(prefix: &str, n: usize) -> String {
    (0..n).map(|i| format!("{prefix}{i}")).collect::<Vec<_>>().join(" ")
}

/// A model of one node whose operands are all inputs.
fn model(op: &str, opset: i64, attributes: &[AttributeProto], operands: &[Operand<'_>], outputs: usize) -> Model {
    let mut model = Model::new(opset).node(op, &names("x", operands.len()), &names("y", outputs), attributes.to_vec());
    for (i, (dtype, dims, _)) in operands.iter().enumerate() {
        model.graph.input.push(value_info(&format!("x{i}"), dims, *dtype));
    }
    (0..outputs).fold(model, |m, i| m.output(&format!("y{i}")))
}

/// Compiles a model for inputs in the given ranges (without any, for the given inputs), and runs its program.
fn run(model: &Model, operands: &[Operand<'_>], ranges: &[(f64, f64)]) -> Result<Vec<Vec<f64>>, CompileError> {
    let mut declared = InputRanges::default();
    for (i, &(lo, hi)) in ranges.iter().enumerate() {
        declared = declared.with(&format!("x{i}"), lo, hi);
    }
    let tensor = |(i, (_, dims, data)): (usize, &Operand<'_>)| {
        let shape = dims.iter().map(|&d| d as usize).collect();
        (format!("x{i}"), NamedTensor { shape, data: data.to_vec() })
    };
    let inputs: NamedTensors = operands.iter().enumerate().map(tensor).collect();
    let calibration = ranges.is_empty().then(|| vec![inputs.clone()]);
    let options = CompileOptions { ranges: declared, calibration, samples: 8, ..CompileOptions::default() };
    let compiled = compile_model(&OnnxModel::from_bytes(&model.bytes())?, &options)?;
    let integers = quantize_inputs(&compiled.program, &inputs).unwrap_or_else(|e| panic!("{e}"));
    let trace = compiled.program.run(&integers).unwrap_or_else(|e| panic!("{e}"));
    let outputs = dequantize_outputs(&compiled.program, &compiled.program.outputs_of(&trace));
    Ok(model.graph.output.iter().map(|o| outputs[&o.name].data.clone()).collect())
}

#[track_caller]
fn close(op: &str, got: &[f64], expected: &[f64], tolerance: f64) {
    assert_eq!(got.len(), expected.len(), "{op}");
    let far = got.iter().zip(expected).any(|(g, e)| (g - e).abs() > tolerance);
    assert!(!far, "{op} is {got:?}, expected {expected:?}");
}

/// The range of the elements of each operand.
fn ranges(operands: &[Operand<'_>]) -> Vec<(f64, f64)> {
    let range = |data: &[f64]| {
        let hull = |(lo, hi): (f64, f64), &v: &f64| (lo.min(v), hi.max(v));
        data.iter().fold((f64::INFINITY, f64::NEG_INFINITY), hull)
    };
    operands.iter().map(|o| range(o.2)).collect()
}

#[track_caller]
fn gives_on(
    op: &str,
    opset: i64,
    attributes: &[AttributeProto],
    operands: &[Operand<'_>],
    ranges: &[(f64, f64)],
    expected: &[&[f64]],
    tolerance: f64,
) {
    let model = model(op, opset, attributes, operands, expected.len());
    let outputs = run(&model, operands, ranges).unwrap_or_else(|e| panic!("{op}: {e}"));
    for (got, expected) in outputs.iter().zip(expected) {
        close(op, got, expected, tolerance);
    }
}

/// One output, for inputs in the range of their own elements.
#[track_caller]
fn gives(
    op: &str,
    opset: i64,
    attributes: &[AttributeProto],
    operands: &[Operand<'_>],
    expected: &[f64],
    tolerance: f64,
) {
    gives_on(op, opset, attributes, operands, &ranges(operands), &[expected], tolerance);
}

const F: Type = Type::Float;

#[test]
fn comparisons_of_integers_are_exact_at_both_ends() {
    let a: Operand<'_> = (Type::Int8, &[6], &[-128.0, 127.0, 0.0, 5.0, -5.0, 127.0]);
    let b: Operand<'_> = (Type::Int8, &[6], &[127.0, -128.0, 0.0, 5.0, -4.0, 126.0]);
    for (op, expected) in [
        ("Equal", [0.0, 0.0, 1.0, 1.0, 0.0, 0.0]),
        ("Greater", [0.0, 1.0, 0.0, 0.0, 0.0, 1.0]),
        ("GreaterOrEqual", [0.0, 1.0, 1.0, 1.0, 0.0, 1.0]),
        ("Less", [1.0, 0.0, 0.0, 0.0, 1.0, 0.0]),
        ("LessOrEqual", [1.0, 0.0, 1.0, 1.0, 1.0, 0.0]),
    ] {
        gives(op, 16, &[], &[a, b], &expected, 0.0);
    }
    // Broadcast against one value.
    let one: Operand<'_> = (Type::Int8, &[1], &[0.0]);
    gives_on("Less", 16, &[], &[a, one], &[(-128.0, 127.0), (-1.0, 1.0)], &[&[1.0, 0.0, 0.0, 0.0, 1.0, 0.0]], 0.0);
}

#[test]
fn comparisons_of_reals_know_no_sign_of_zero() {
    let a: Operand<'_> = (F, &[6], &[0.0, -0.0, 1.5, -2.25, 3.0, -3.0]);
    let b: Operand<'_> = (F, &[6], &[-0.0, 0.0, 1.5, -2.0, -3.0, 3.0]);
    for (op, expected) in [
        ("Equal", [1.0, 1.0, 1.0, 0.0, 0.0, 0.0]),
        ("Greater", [0.0, 0.0, 0.0, 0.0, 1.0, 0.0]),
        ("GreaterOrEqual", [1.0, 1.0, 1.0, 0.0, 1.0, 0.0]),
        ("Less", [0.0, 0.0, 0.0, 1.0, 0.0, 1.0]),
        ("LessOrEqual", [1.0, 1.0, 1.0, 1.0, 0.0, 1.0]),
    ] {
        gives_on(op, 16, &[], &[a, b], &[(-4.0, 4.0), (-4.0, 4.0)], &[&expected], 0.0);
    }
}

#[test]
fn truth_tables() {
    let a: Operand<'_> = (Type::Bool, &[2, 2], &[0.0, 0.0, 1.0, 1.0]);
    let b: Operand<'_> = (Type::Bool, &[2, 2], &[0.0, 1.0, 0.0, 1.0]);
    gives("And", 7, &[], &[a, b], &[0.0, 0.0, 0.0, 1.0], 0.0);
    gives("Or", 7, &[], &[a, b], &[0.0, 1.0, 1.0, 1.0], 0.0);
    gives("Xor", 7, &[], &[a, b], &[0.0, 1.0, 1.0, 0.0], 0.0);
    gives("Not", 7, &[], &[a], &[1.0, 1.0, 0.0, 0.0], 0.0);
}

#[test]
fn where_selects_without_mixing() {
    let c: Operand<'_> = (Type::Bool, &[4], &[1.0, 0.0, 0.0, 1.0]);
    let (x, y): (Operand<'_>, Operand<'_>) =
        ((F, &[4], &[1.5, -900.0, 3.0, 0.125]), (F, &[4], &[0.25, 0.5, -0.25, 77.0]));
    gives("Where", 16, &[], &[c, x, y], &[1.5, 0.5, -0.25, 0.125], 2e-2);
    let (x, y): (Operand<'_>, Operand<'_>) =
        ((Type::Int64, &[4], &[7.0, -9000.0, 3.0, -1.0]), (Type::Int64, &[1], &[40_000.0]));
    gives("Where", 16, &[], &[c, x, y], &[7.0, 40_000.0, 40_000.0, -1.0], 0.0);
}

#[test]
fn a_computed_value_is_a_finite_number() {
    let x: Operand<'_> = (F, &[3], &[1.0, 0.0, -2.0]);
    gives("IsNaN", 13, &[], &[x], &[0.0, 0.0, 0.0], 0.0);
    gives("IsInf", 10, &[], &[x], &[0.0, 0.0, 0.0], 0.0);
}

#[test]
fn rounding_with_ties_and_signs() {
    let data = [-3.0, -2.5, -1.5, -1.0, -0.5, -0.25, -0.0, 0.0, 0.5, 0.75, 1.5, 2.5, 3.5, 3.75];
    let x: Operand<'_> = (F, &[14], &data);
    for (op, f) in [
        ("Floor", f64::floor as fn(f64) -> f64),
        ("Ceil", f64::ceil),
        ("Round", f64::round_ties_even),
        ("Sign", |v| if v == 0.0 { 0.0 } else { v.signum() }),
    ] {
        gives_on(op, 13, &[], &[x], &[(-4.0, 4.0)], &[&data.map(f)], 0.0);
    }
    gives("Sign", 13, &[], &[(Type::Int32, &[3], &[-7.0, 0.0, 900.0])], &[-1.0, 0.0, 1.0], 0.0);
}

#[test]
fn remainders_of_integers_of_all_signs() {
    let a = [-4.0, 7.0, 5.0, 4.0, -7.0, 8.0, -8.0, 0.0, 6.0, -6.0];
    let b = [2.0, -3.0, 8.0, -2.0, 3.0, 5.0, -8.0, 3.0, -6.0, -6.0];
    let operands: [Operand<'_>; 2] = [(Type::Int32, &[10], &a), (Type::Int32, &[10], &b)];
    let floored: Vec<f64> = a.iter().zip(&b).map(|(a, b)| a - b * f64::floor(a / b)).collect();
    let truncated: Vec<f64> = a.iter().zip(&b).map(|(a, b)| a % b).collect();
    let quotient: Vec<f64> = a.iter().zip(&b).map(|(a, b)| (a / b).trunc()).collect();
    // The divisors are of both signs, but not zero: samples say so.
    gives_on("Mod", 13, &[], &operands, &[], &[&floored], 0.0);
    gives_on("Mod", 13, &[int("fmod", 1)], &operands, &[], &[&truncated], 0.0);
    gives_on("Div", 14, &[], &operands, &[], &[&quotient], 0.0);
    let a: Vec<f64> = (0..256).map(f64::from).collect();
    let b: Vec<f64> = (0..256).map(|i| f64::from(i * 37 % 255 + 1)).collect();
    let operands: [Operand<'_>; 2] = [(Type::Uint8, &[256], &a), (Type::Uint8, &[256], &b)];
    let quotient: Vec<f64> = a.iter().zip(&b).map(|(a, b)| (a / b).floor()).collect();
    let rest: Vec<f64> = a.iter().zip(&b).map(|(a, b)| a % b).collect();
    gives("Div", 14, &[], &operands, &quotient, 0.0);
    gives("Mod", 13, &[], &operands, &rest, 0.0);
}

#[test]
fn division_of_integers_by_a_constant() {
    let a: Vec<f64> = (-50..=50).map(f64::from).collect();
    for divisor in [1.0, 3.0, 7.0, 10.0, -4.0] {
        let mut model = model("Div", 14, &[], &[(Type::Int64, &[101], &a), (Type::Int64, &[1], &[divisor])], 1);
        model.graph.input.pop();
        let constant = support::ints("x1", &[divisor as i64]);
        let got = run(&model.init(constant), &[(Type::Int64, &[101], &a)], &[(-50.0, 50.0)]).unwrap();
        let expected: Vec<f64> = a.iter().map(|a| (a / divisor).trunc()).collect();
        close(&format!("Div by {divisor}"), &got[0], &expected, 0.0);
    }
}

#[test]
fn remainders_of_reals() {
    let a = [-4.25, 7.25, 5.0, 4.25, -7.25, 8.0];
    let b = [2.0, 3.5, 8.0, 2.0, 3.5, 5.0];
    let operands: [Operand<'_>; 2] = [(F, &[6], &a), (F, &[6], &b)];
    let truncated: Vec<f64> = a.iter().zip(&b).map(|(a, b)| a % b).collect();
    let floored: Vec<f64> = a.iter().zip(&b).map(|(a, b): (&f64, &f64)| a.rem_euclid(*b)).collect();
    gives("Mod", 13, &[int("fmod", 1)], &operands, &truncated, 1e-2);
    gives("Mod", 13, &[], &operands, &floored, 1e-2);
}

#[test]
fn arithmetic_of_integers_is_exact() {
    let (a, b): ([f64; 4], [f64; 4]) = ([-128.0, 127.0, 100.0, 0.0], [127.0, -128.0, 99.0, -7.0]);
    let operands: [Operand<'_>; 2] = [(Type::Int32, &[4], &a), (Type::Int32, &[4], &b)];
    gives("Add", 14, &[], &operands, &[-1.0, -1.0, 199.0, -7.0], 0.0);
    gives("Sub", 14, &[], &operands, &[-255.0, 255.0, 1.0, 7.0], 0.0);
    gives("Mul", 14, &[], &operands, &[-16_256.0, -16_256.0, 9900.0, 0.0], 0.0);
    gives("Neg", 13, &[], &operands[..1], &[128.0, -127.0, -100.0, 0.0], 0.0);
    gives("Abs", 13, &[], &operands[..1], &[128.0, 127.0, 100.0, 0.0], 0.0);
    let (x, e): (Operand<'_>, Operand<'_>) =
        ((Type::Int32, &[3], &[1.0, 2.0, 3.0]), (Type::Int32, &[3], &[4.0, 5.0, 6.0]));
    gives("Pow", 15, &[], &[x, e], &[1.0, 32.0, 729.0], 0.0);
}

#[test]
fn minima_maxima_and_means_of_several() {
    let a: Operand<'_> = (F, &[3], &[3.0, 2.0, 1.0]);
    let b: Operand<'_> = (F, &[3], &[1.0, 4.0, -4.0]);
    let c: Operand<'_> = (F, &[1], &[2.0]);
    let range = [(-4.0, 4.0); 3];
    for (op, expected) in [
        ("Max", [3.0, 4.0, 2.0]),
        ("Min", [1.0, 2.0, -4.0]),
        ("Sum", [6.0, 8.0, -1.0]),
        ("Mean", [2.0, 8.0 / 3.0, -1.0 / 3.0]),
    ] {
        gives_on(op, 13, &[], &[a, b, c], &range, &[&expected], 1e-2);
        gives_on(op, 13, &[], &[a], &range[..1], &[a.2], 1e-2);
    }
    let (a, b): (Operand<'_>, Operand<'_>) =
        ((Type::Int64, &[3], &[-30_000.0, 2.0, 7.0]), (Type::Int64, &[3], &[30_000.0, 2.0, -8.0]));
    gives("Max", 13, &[], &[a, b], &[30_000.0, 2.0, 7.0], 0.0);
    gives("Min", 13, &[], &[a, b], &[-30_000.0, 2.0, -8.0], 0.0);
}

#[test]
fn activations() {
    let data = [-2.5, -1.0, -0.5, 0.0, 0.25, 0.75, 2.0, 3.0];
    let x: Operand<'_> = (F, &[8], &data);
    let swish = data.map(|x: f64| x / (1.0 + (-1.5 * x).exp()));
    let cases: [(&str, i64, Vec<AttributeProto>, [f64; 8]); 12] = [
        ("Celu", 12, vec![], [-0.917915, -0.632121, -0.393469, 0.0, 0.25, 0.75, 2.0, 3.0]),
        ("Celu", 12, vec![float("alpha", 2.0)], data.map(|x| if x < 0.0 { 2.0 * (x / 2.0).exp_m1() } else { x })),
        ("Selu", 6, vec![], [-1.613786, -1.111331, -0.691758, 0.0, 0.262675, 0.788026, 2.101402, 3.152103]),
        ("HardSwish", 14, vec![], [-0.208333, -0.333333, -0.208333, 0.0, 0.135417, 0.46875, 1.666667, 3.0]),
        ("Mish", 18, vec![], [-0.196816, -0.303401, -0.220744, 0.0, 0.169572, 0.610018, 1.943959, 2.986536]),
        ("Softsign", 1, vec![], [-0.714286, -0.5, -0.333333, 0.0, 0.2, 0.428571, 0.666667, 0.75]),
        ("Swish", 24, vec![float("alpha", 1.5)], swish),
        ("ThresholdedRelu", 10, vec![], [0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 2.0, 3.0]),
        // The threshold itself is not above it.
        ("ThresholdedRelu", 10, vec![float("alpha", 0.75)], [0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 2.0, 3.0]),
        ("Shrink", 9, vec![float("lambd", 0.75)], [-2.5, -1.0, 0.0, 0.0, 0.0, 0.0, 2.0, 3.0]),
        ("Shrink", 9, vec![float("lambd", 1.0), float("bias", 1.5)], [-1.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.5, 1.5]),
        ("HardSigmoid", 6, vec![], [0.0, 0.3, 0.4, 0.5, 0.55, 0.65, 0.9, 1.0]),
    ];
    for (op, opset, attributes, expected) in cases {
        gives_on(op, opset.max(7), &attributes, &[x], &[(-4.0, 4.0)], &[&expected], 5e-3);
    }
}

#[test]
fn prelu_with_slopes_of_all_shapes() {
    let x: Operand<'_> = (F, &[1, 2, 3], &[-1.0, 2.0, -3.0, 4.0, -0.5, -2.0]);
    let per_channel: Operand<'_> = (F, &[2, 1], &[0.5, -0.25]);
    let expected = [-0.5, 2.0, -1.5, 4.0, 0.125, 0.5];
    gives_on("PRelu", 16, &[], &[x, per_channel], &[(-4.0, 4.0), (-1.0, 1.0)], &[&expected], 5e-3);
    let mut constant = model("PRelu", 16, &[], &[x, per_channel], 1);
    constant.graph.input.pop();
    let constant = constant.init(support::floats("x1", &[2, 1], vec![0.5, -0.25]));
    close("PRelu", &run(&constant, &[x], &[(-4.0, 4.0)]).unwrap()[0], &expected, 5e-3);
}

#[test]
fn trigonometric_and_hyperbolic_functions() {
    let data = [-2.5, -1.0, -0.5, 0.0, 0.25, 0.75, 2.0, 3.0];
    let unit = [-1.0, -0.75, -0.5, 0.0, 0.25, 0.5, 0.875, 1.0];
    let far = [1.0625, 1.25, 1.5, 2.0, 3.0, 4.0, 6.0, 8.0];
    let near = [-0.9, -0.5, 0.0, 0.25, 0.5, 0.75, 0.8, 0.9];
    let tan = [-1.25, -1.0, -0.5, 0.0, 0.25, 0.5, 1.0, 1.25];
    let wide = [-40.0, -12.5, -3.0, 0.0, 1.0, 7.0, 22.0, 40.0];
    for (op, data, f) in [
        ("Sin", data, f64::sin as fn(f64) -> f64),
        ("Cos", data, f64::cos),
        ("Sin", wide, f64::sin),
        ("Atan", wide, f64::atan),
        ("Sinh", data, f64::sinh),
        ("Cosh", data, f64::cosh),
        ("Asinh", wide, f64::asinh),
        ("Tan", tan, f64::tan),
        ("Asin", unit, f64::asin),
        ("Acos", unit, f64::acos),
        ("Acosh", far, f64::acosh),
        ("Atanh", near, f64::atanh),
    ] {
        let expected = data.map(f);
        let most = expected.iter().fold(1.0, |m: f64, v| m.max(v.abs()));
        gives(op, 13, &[], &[(F, &[8], &data)], &expected, 1e-2 * most);
    }
}

#[test]
fn logarithms_roots_and_powers() {
    let data = [0.5, 0.75, 1.0, 1.5, 2.0, 4.0, 6.5, 8.0];
    let x: Operand<'_> = (F, &[8], &data);
    gives("Log", 13, &[], &[x], &data.map(f64::ln), 5e-3);
    for exponent in [0.0, 1.0, 0.5, -1.0, -2.0, 1.5, 2.0, 3.0, 4.0, 5.0, -0.5] {
        let mut model = model("Pow", 15, &[], &[x, (F, &[], &[exponent])], 1);
        model.graph.input.pop();
        let constant = model.init(support::floats("x1", &[], vec![exponent as f32]));
        let expected = data.map(|v| v.powf(exponent));
        let most = expected.iter().fold(1.0, |m: f64, v| m.max(v.abs()));
        let got = run(&constant, &[x], &[(0.5, 8.0)]).unwrap_or_else(|e| panic!("{exponent}: {e}"));
        close(&format!("Pow {exponent}"), &got[0], &expected, 2e-3 * most);
    }
    // A computed exponent.
    let (base, exponent): (Operand<'_>, Operand<'_>) =
        ((F, &[4], &[1.0, 2.0, 3.0, 4.0]), (F, &[4], &[2.0, 0.5, -1.0, 1.5]));
    gives("Pow", 15, &[], &[base, exponent], &[1.0, 2f64.sqrt(), 1.0 / 3.0, 8.0], 5e-2);
    // A pole in the range of the operand is refused.
    let model = model("Log", 13, &[], &[x], 1);
    let refused = run(&model, &[x], &[(-1.0, 8.0)]);
    assert!(matches!(refused, Err(CompileError::Precision { .. })), "{refused:?}");
}

#[test]
fn clips_with_computed_and_crossed_bounds() {
    let x: Operand<'_> = (F, &[5], &[-3.0, -1.0, 0.5, 2.0, 3.0]);
    let bound = |v: &'static [f64]| -> Operand<'static> { (F, &[], v) };
    let range = [(-4.0, 4.0); 3];
    gives_on("Clip", 13, &[], &[x, bound(&[-1.5]), bound(&[2.5])], &range, &[&[-1.5, -1.0, 0.5, 2.0, 2.5]], 1e-2);
    gives_on("Clip", 13, &[], &[x, bound(&[1.0])], &range[..2], &[&[1.0, 1.0, 1.0, 2.0, 3.0]], 1e-2);
    // The upper bound counts where they cross.
    gives_on("Clip", 13, &[], &[x, bound(&[2.0]), bound(&[1.0])], &range, &[&[1.0; 5]], 1e-2);
    let x: Operand<'_> = (Type::Int8, &[4], &[-128.0, -3.0, 5.0, 127.0]);
    gives("Clip", 13, &[], &[x, (Type::Int8, &[], &[-4.0]), (Type::Int8, &[], &[6.0])], &[-4.0, -3.0, 5.0, 6.0], 0.0);
}

#[test]
fn reductions_of_reals() {
    let x: Operand<'_> = (F, &[2, 3], &[1.0, -2.0, 3.0, -4.0, 0.5, 2.0]);
    for (op, rows, all) in [
        ("ReduceSum", [2.0, -1.5], 0.5),
        ("ReduceMean", [2.0 / 3.0, -0.5], 1.0 / 12.0),
        ("ReduceMax", [3.0, 2.0], 3.0),
        ("ReduceMin", [-2.0, -4.0], -4.0),
        ("ReduceProd", [-6.0, -4.0], 24.0),
        ("ReduceL1", [6.0, 6.5], 12.5),
        ("ReduceL2", [3.741657, 4.5], 5.85235),
        ("ReduceSumSquare", [14.0, 20.25], 34.25),
        ("ReduceLogSumExp", [3.132845, 2.203438], 3.465587),
    ] {
        let opset = 12;
        let axes = [list("axes", &[-1]), int("keepdims", 0)];
        gives_on(op, opset, &axes, &[x], &[(-4.0, 4.0)], &[&rows], 2e-2);
        gives_on(op, opset, &[], &[x], &[(-4.0, 4.0)], &[&[all]], 1e-1);
    }
    let x: Operand<'_> = (F, &[2, 3], &[1.0, 2.0, 3.0, 4.0, 0.5, 2.0]);
    gives("ReduceLogSum", 12, &[list("axes", &[0])], &[x], &[1.609438, 0.916291, 1.609438], 1e-2);
}

#[test]
fn reductions_of_integers_and_truth_values() {
    let x: Operand<'_> = (Type::Int32, &[2, 3], &[100.0, -20.0, 3.0, -40.0, 5.0, 100.0]);
    for (op, rows) in [
        ("ReduceSum", [83.0, 65.0]),
        ("ReduceMax", [100.0, 100.0]),
        ("ReduceMin", [-20.0, -40.0]),
        ("ReduceL1", [123.0, 145.0]),
        ("ReduceSumSquare", [10_409.0, 11_625.0]),
        ("ReduceProd", [-6000.0, -20_000.0]),
    ] {
        gives(op, 12, &[list("axes", &[1]), int("keepdims", 0)], &[x], &rows, 0.0);
    }
    let bits: Operand<'_> = (Type::Bool, &[3, 2], &[1.0, 1.0, 1.0, 0.0, 0.0, 0.0]);
    gives("ReduceMax", 13, &[list("axes", &[1]), int("keepdims", 0)], &[bits], &[1.0, 1.0, 0.0], 0.0);
    gives("ReduceMin", 13, &[list("axes", &[1]), int("keepdims", 0)], &[bits], &[1.0, 0.0, 0.0], 0.0);
}

#[test]
fn running_sums_and_products() {
    let run_of = |op: &str, attributes: &[AttributeProto], dtype: Type, data: &[f64], expected: &[f64]| {
        let operands: [Operand<'_>; 2] = [(dtype, &[2, 3], data), (Type::Int32, &[], &[1.0])];
        let mut model = model(op, if op == "CumSum" { 14 } else { 26 }, attributes, &operands, 1);
        model.graph.input.pop();
        let mut axis = support::ints("x1", &[1]);
        axis.dims = vec![];
        let got =
            run(&model.init(axis), &operands[..1], &ranges(&operands[..1])).unwrap_or_else(|e| panic!("{op}: {e}"));
        close(op, &got[0], expected, if dtype == F { 1e-2 } else { 0.0 });
    };
    let (exclusive, reverse) = (int("exclusive", 1), int("reverse", 1));
    let x = [1.0, 2.0, 3.0, 4.0, -5.0, 6.0];
    for dtype in [F, Type::Int32] {
        run_of("CumSum", &[], dtype, &x, &[1.0, 3.0, 6.0, 4.0, -1.0, 5.0]);
        run_of("CumSum", std::slice::from_ref(&exclusive), dtype, &x, &[0.0, 1.0, 3.0, 0.0, 4.0, -1.0]);
        run_of("CumSum", std::slice::from_ref(&reverse), dtype, &x, &[6.0, 5.0, 3.0, 5.0, 1.0, 6.0]);
        run_of("CumSum", &[exclusive.clone(), reverse.clone()], dtype, &x, &[5.0, 3.0, 0.0, 1.0, 6.0, 0.0]);
    }
    run_of("CumProd", &[], Type::Int32, &x, &[1.0, 2.0, 6.0, 4.0, -20.0, -120.0]);
    run_of("CumProd", std::slice::from_ref(&exclusive), Type::Int32, &x, &[1.0, 1.0, 2.0, 1.0, 4.0, -20.0]);
    run_of("CumProd", &[exclusive, reverse], Type::Int32, &x, &[6.0, 3.0, 1.0, -30.0, 6.0, 1.0]);
}

#[test]
fn the_first_or_last_of_equal_extremes() {
    for (dtype, data) in [
        (F, [2.0, 5.0, 5.0, -1.0, 0.5, 0.5, 0.5, 0.5, -3.0, 1.25, 7.0, 7.0]),
        (Type::Int64, [2.0, 5.0, 5.0, -1.0, 4.0, 4.0, 4.0, 4.0, -3.0, 1.0, 7.0, 7.0]),
    ] {
        let x: Operand<'_> = (dtype, &[3, 4], &data);
        let last = int("select_last_index", 1);
        let axis = int("axis", 1);
        let flat = int("keepdims", 0);
        gives("ArgMax", 13, std::slice::from_ref(&axis), &[x], &[1.0, 0.0, 2.0], 0.0);
        gives("ArgMax", 13, &[axis.clone(), last.clone()], &[x], &[2.0, 3.0, 3.0], 0.0);
        gives("ArgMin", 13, &[axis.clone(), flat.clone()], &[x], &[3.0, 0.0, 0.0], 0.0);
        gives("ArgMin", 13, &[axis, last, flat], &[x], &[3.0, 3.0, 0.0], 0.0);
        // The default axis is 0.
        let first = if data[4] > data[0] { 1.0 } else { 0.0 };
        gives("ArgMax", 13, &[], &[x], &[first, 0.0, 2.0, 2.0], 0.0);
    }
    let x: Operand<'_> = (F, &[2, 4], &[3.0, 0.0, 3.0, 2.0, -1.0, -1.0, -1.0, -1.0]);
    gives("Hardmax", 13, &[], &[x], &[1.0, 0.0, 0.0, 0.0, 1.0, 0.0, 0.0, 0.0], 0.0);
}

#[test]
fn the_largest_and_smallest_with_ties() {
    let take = |k: i64, axis: i64, largest: i64, dims: &[i64], dtype: Type, data: &[f64]| {
        let operands: [Operand<'_>; 2] = [(dtype, dims, data), (Type::Int64, &[1], &[0.0])];
        let mut model = model("TopK", 11, &[int("axis", axis), int("largest", largest)], &operands, 2);
        model.graph.input.pop();
        run(&model.init(support::ints("x1", &[k])), &operands[..1], &ranges(&operands[..1]))
            .unwrap_or_else(|e| panic!("{e}"))
    };
    for dtype in [F, Type::Int32] {
        let row = [4.0, 7.0, 4.0, 7.0, -2.0];
        let got = take(3, -1, 1, &[1, 5], dtype, &row);
        close("TopK", &got[0], &[7.0, 7.0, 4.0], 1e-2);
        assert_eq!(got[1], [1.0, 3.0, 0.0], "equal values in the order of their indices");
        let got = take(5, -1, 0, &[1, 5], dtype, &row);
        close("TopK", &got[0], &[-2.0, 4.0, 4.0, 7.0, 7.0], 1e-2);
        assert_eq!(got[1], [4.0, 0.0, 2.0, 1.0, 3.0]);
        let got = take(1, 0, 1, &[3, 2], dtype, &[1.0, 9.0, 5.0, 9.0, 5.0, 0.0]);
        close("TopK", &got[0], &[5.0, 9.0], 1e-2);
        assert_eq!(got[1], [1.0, 0.0]);
        let equal = take(4, 0, 1, &[4], dtype, &[3.0; 4]);
        assert_eq!(equal[1], [0.0, 1.0, 2.0, 3.0], "all are equal");
    }
}

#[test]
fn logarithms_of_softmax_and_the_old_axis() {
    let x: Operand<'_> = (F, &[2, 2, 3], &[1.0, 2.0, 3.0, 0.5, -0.5, 0.0, 2.0, 2.0, 2.0, -1.0, 0.0, 1.0]);
    let expected = [
        -2.407606, -1.407606, -0.407606, -0.680270, -1.680270, -1.180270, -1.098612, -1.098612, -1.098612, -2.407606,
        -1.407606, -0.407606,
    ];
    gives_on("LogSoftmax", 13, &[], &[x], &[(-3.0, 3.0)], &[&expected], 1e-2);
    // Before operator set 13 the operand is a matrix of two rows of six.
    let flattened = [
        0.081269, 0.220911, 0.600498, 0.049292, 0.018133, 0.029897, 0.281452, 0.281452, 0.281452, 0.014013, 0.038090,
        0.103541,
    ];
    gives_on("Softmax", 11, &[int("axis", 1)], &[x], &[(-3.0, 3.0)], &[&flattened], 5e-3);
}

#[test]
fn losses_with_weights_and_ignored_labels() {
    let x: Operand<'_> = (F, &[4, 3], &[1.0, 2.0, 3.0, 0.5, -0.5, 0.0, 2.0, 2.0, 2.0, -1.0, 0.0, 1.0]);
    let labels: Operand<'_> = (Type::Int64, &[4], &[0.0, 2.0, 1.0, 2.0]);
    let weights: Operand<'_> = (F, &[3], &[0.5, 1.0, 2.0]);
    let range = [(-3.0, 3.0), (0.0, 2.0), (0.5, 2.0)];
    let op = "SoftmaxCrossEntropyLoss";
    let of = |reduction: &str| text("reduction", reduction);
    let each = [2.407606, 1.180270, 1.098612, 0.407606];
    gives_on(op, 13, &[of("none")], &[x, labels], &range[..2], &[&each], 1e-2);
    gives_on(op, 13, &[of("sum")], &[x, labels], &range[..2], &[&[5.094094]], 2e-2);
    gives_on(op, 13, &[], &[x, labels], &range[..2], &[&[1.273523]], 1e-2);
    let negative = "NegativeLogLikelihoodLoss";
    let mut weighted = model(negative, 13, &[], &[x, labels, weights], 1);
    weighted.graph.input.pop();
    let weighted = weighted.init(support::floats("x2", &[3], vec![0.5, 1.0, 2.0]));
    let mean = run(&weighted, &[x, labels], &range[..2]).unwrap_or_else(|e| panic!("{e}"));
    close(negative, &mean[0], &[-0.818182], 1e-2);
    gives_on(negative, 13, &[of("sum")], &[x, labels, weights], &range, &[&[-4.5]], 2e-2);
    let ignored = [of("sum"), int("ignore_index", 1)];
    gives_on(op, 13, &ignored, &[x, labels, weights], &range, &[&[4.379555]], 2e-2);
}

#[test]
fn bits_of_small_integers() {
    let a: Vec<f64> = (0..64).map(|i| f64::from(i * 83 % 256)).collect();
    let b: Vec<f64> = (0..64).map(|i| f64::from(i * 151 % 256)).collect();
    let operands: [Operand<'_>; 2] = [(Type::Uint8, &[64], &a), (Type::Uint8, &[64], &b)];
    let signed = |v: &[f64]| v.iter().map(|v| v - 128.0).collect::<Vec<_>>();
    let (c, d) = (signed(&a), signed(&b));
    let negative: [Operand<'_>; 2] = [(Type::Int32, &[64], &c), (Type::Int32, &[64], &d)];
    for (op, f) in [
        ("BitwiseAnd", (|x, y| x & y) as fn(i64, i64) -> i64),
        ("BitwiseOr", |x, y| x | y),
        ("BitwiseXor", |x, y| x ^ y),
    ] {
        for operands in [operands, negative] {
            let pairs = operands[0].2.iter().zip(operands[1].2);
            let expected: Vec<f64> = pairs.map(|(&x, &y)| f(x as i64, y as i64) as f64).collect();
            gives(op, 18, &[], &operands, &expected, 0.0);
        }
    }
    let expected: Vec<f64> = a.iter().map(|v| 255.0 - v).collect();
    gives("BitwiseNot", 18, &[], &operands[..1], &expected, 0.0);
    let expected: Vec<f64> = c.iter().map(|v| -1.0 - v).collect();
    gives("BitwiseNot", 18, &[], &negative[..1], &expected, 0.0);
}

#[test]
fn shifts_of_bits() {
    let x: Operand<'_> = (Type::Uint8, &[5], &[16.0, 4.0, 255.0, 129.0, 7.0]);
    let by: Operand<'_> = (Type::Uint8, &[5], &[1.0, 2.0, 4.0, 7.0, 0.0]);
    gives("BitShift", 11, &[text("direction", "RIGHT")], &[x, by], &[8.0, 1.0, 15.0, 1.0, 7.0], 0.0);
    // What leaves eight bits is lost.
    gives("BitShift", 11, &[text("direction", "LEFT")], &[x, by], &[32.0, 16.0, 240.0, 128.0, 7.0], 0.0);
}
