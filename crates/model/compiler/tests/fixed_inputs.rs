//! Inputs that decide shapes or what is computed: fixed to their value in the calibration data, and checked by the program.

mod support;

use support::{Model, Type, text, value_info};
use vouch_compiler::{
    CompileError, CompileOptions, Compiled, InputRanges, NamedTensor, NamedTensors, OnnxModel, compile_model,
    dequantize_outputs, quantize_inputs,
};

fn sample(tensors: &[(&str, &[usize], &[f64])]) -> NamedTensors {
    let named = |(name, shape, data): &(&str, &[usize], &[f64])| {
        ((*name).to_owned(), NamedTensor { shape: shape.to_vec(), data: data.to_vec() })
    };
    tensors.iter().map(named).collect()
}

fn compiled(model: &Model, calibration: Vec<NamedTensors>) -> Result<Compiled, CompileError> {
    let ranges = InputRanges::default().with("x", 0.0, 8.0).with("shape", 0.0, 8.0).with("scales", 0.0, 8.0);
    let calibration = Some(calibration);
    let options = CompileOptions { ranges, calibration, samples: 1, ..CompileOptions::default() };
    compile_model(&OnnxModel::from_bytes(&model.bytes())?, &options)
}

/// The outputs, or `None` if the program refuses the inputs.
fn run(compiled: &Compiled, inputs: &NamedTensors) -> Option<Vec<f64>> {
    let integers = quantize_inputs(&compiled.program, inputs).unwrap();
    let trace = compiled.program.run(&integers).ok()?;
    Some(dequantize_outputs(&compiled.program, &compiled.program.outputs_of(&trace))["y"].data.clone())
}

fn reshape() -> Model {
    let mut model = Model::new(19).input("x", &[2, 3]).node("Reshape", "x shape", "y", vec![]).output("y");
    model.graph.input.push(value_info("shape", &[2], Type::Int64));
    model
}

const X: &[f64] = &[1.0, 2.0, 3.0, 4.0, 5.0, 6.0];

#[test]
fn a_shape_is_fixed() {
    let of = |shape: &[f64]| sample(&[("x", &[2, 3], X), ("shape", &[2], shape)]);
    let compiled = compiled(&reshape(), vec![of(&[3.0, 2.0])]).unwrap();
    assert!(compiled.report.warnings.iter().any(|w| w.contains("input `shape` is fixed")), "{:?}", compiled.report);
    let y = run(&compiled, &of(&[3.0, 2.0])).unwrap();
    assert!(y.iter().zip(X).all(|(y, x)| (y - x).abs() < 1e-2), "{y:?}");
    for other in [[2.0, 3.0], [3.0, 1.0], [0.0, 2.0], [6.0, 1.0]] {
        assert_eq!(run(&compiled, &of(&other)), None, "{other:?}");
    }
}

#[test]
fn a_shape_of_zeros_is_fixed() {
    let of = |shape: &[f64]| sample(&[("x", &[2, 3], X), ("shape", &[2], shape)]);
    let compiled = compiled(&reshape(), vec![of(&[0.0, 0.0])]).unwrap();
    assert!(run(&compiled, &of(&[0.0, 0.0])).is_some());
    assert_eq!(run(&compiled, &of(&[0.0, 3.0])), None);
}

#[test]
fn numbers_are_fixed() {
    let mut model = Model::new(19)
        .input("x", &[1, 1, 2, 3])
        .node("Resize", "x _ scales", "y", vec![text("mode", "nearest")])
        .output("y");
    model.graph.input.push(value_info("scales", &[4], Type::Float));
    let of = |scales: &[f64]| sample(&[("x", &[1, 1, 2, 3], X), ("scales", &[4], scales)]);
    let compiled = compiled(&model, vec![of(&[1.0, 1.0, 0.5, 2.0])]).unwrap();
    let y = run(&compiled, &of(&[1.0, 1.0, 0.5, 2.0])).unwrap();
    assert_eq!(y.len(), 6);
    for other in [[1.0, 1.0, 1.0, 2.0], [1.0, 1.0, 0.505, 2.0], [1.0, 1.0, 0.5, 1.98]] {
        assert_eq!(run(&compiled, &of(&other)), None, "{other:?}");
    }
}

#[test]
fn what_differs_between_samples_is_not_fixed() {
    let of = |shape: &[f64]| sample(&[("x", &[2, 3], X), ("shape", &[2], shape)]);
    let error = compiled(&reshape(), vec![of(&[3.0, 2.0]), of(&[2.0, 3.0])]).unwrap_err();
    assert!(matches!(error, CompileError::NotConstant { .. }), "{error}");
    assert!(error.to_string().contains("the shape must be constant"), "{error}");
}
