//! One node as a model, run as a program, against expected values.

use tract_onnx::pb::{AttributeProto, TensorProto};
use vouch_compiler::{
    CompileOptions, InputRanges, NamedTensor, NamedTensors, OnnxModel, compile_model, dequantize_outputs,
    quantize_inputs,
};

use super::{Model, Type, value_info};

/// An operand of a case: its type, shape and elements, and whether it is an input.
pub enum Operand<'a> {
    None,
    Input(Type, &'a [i64], &'a [f64]),
    Constant(Type, &'a [i64], &'a [f64]),
}

pub fn none<'a>() -> Operand<'a> {
    Operand::None
}

pub fn input<'a>(dtype: Type, dims: &'a [i64], data: &'a [f64]) -> Operand<'a> {
    Operand::Input(dtype, dims, data)
}

pub fn constant<'a>(dtype: Type, dims: &'a [i64], data: &'a [f64]) -> Operand<'a> {
    Operand::Constant(dtype, dims, data)
}

fn initializer(name: &str, dtype: Type, dims: &[i64], data: &[f64]) -> TensorProto {
    let mut t =
        TensorProto { name: name.into(), dims: dims.to_vec(), data_type: dtype as i32, ..TensorProto::default() };
    match dtype {
        Type::Float => t.float_data = data.iter().map(|&v| v as f32).collect(),
        Type::Double => t.double_data = data.to_vec(),
        Type::Int64 => t.int64_data = data.iter().map(|&v| v as i64).collect(),
        _ => t.int32_data = data.iter().map(|&v| v as i32).collect(),
    }
    t
}

/// The program of one node gives the expected outputs to 1 % of the largest, for inputs that lie a little inside of the
/// ranges that it is compiled for.
#[track_caller]
pub fn case(op: &str, opset: i64, attributes: Vec<AttributeProto>, operands: &[Operand<'_>], expected: &[&[f64]]) {
    let names: Vec<String> = (0..operands.len())
        .map(|i| if matches!(operands[i], Operand::None) { "_".to_owned() } else { format!("x{i}") })
        .collect();
    let wanted = |i: usize| if expected[i].is_empty() { "_".to_owned() } else { format!("y{i}") };
    let results: Vec<String> = (0..expected.len()).map(wanted).collect();
    let mut model = Model::new(opset).node(op, &names.join(" "), &results.join(" "), attributes);
    let mut inputs = NamedTensors::new();
    let mut ranges = InputRanges::default();
    for (name, operand) in names.iter().zip(operands) {
        match operand {
            Operand::None => {}
            Operand::Constant(dtype, dims, data) => model = model.init(initializer(name, *dtype, dims, data)),
            Operand::Input(dtype, dims, data) => {
                model.graph.input.push(value_info(name, dims, *dtype));
                let hull = |(lo, hi): (f64, f64), &v: &f64| (lo.min(v), hi.max(v));
                let (lo, hi) = data.iter().fold((f64::INFINITY, f64::NEG_INFINITY), hull);
                ranges = ranges.with(name, lo, if hi > lo { hi } else { lo + 1.0 });
                let shape = dims.iter().map(|&d| d as usize).collect();
                inputs.insert(name.clone(), NamedTensor { shape, data: data.to_vec() });
            }
        }
    }
    if inputs.is_empty() {
        // A program has an input.
        model = model.input("unused", &[1]).node("Identity", "unused", "same", vec![]).output("same");
        ranges = ranges.with("unused", 0.0, 1.0);
        inputs.insert("unused".into(), NamedTensor { shape: vec![1], data: vec![0.5] });
    }
    for name in results.iter().filter(|n| *n != "_") {
        model = model.output(name);
    }
    // Calibration by the inputs themselves: a divisor keeps away from zero where theirs does.
    let options =
        CompileOptions { ranges, calibration: Some(vec![inputs.clone()]), samples: 1, ..CompileOptions::default() };
    let read = OnnxModel::from_bytes(&model.bytes()).unwrap_or_else(|e| panic!("{op}: {e}"));
    let compiled = compile_model(&read, &options).unwrap_or_else(|e| panic!("{op}: {e}"));
    let integers = quantize_inputs(&compiled.program, &inputs).unwrap_or_else(|e| panic!("{op}: {e}"));
    let trace = compiled.program.run(&integers).unwrap_or_else(|e| panic!("{op}: {e}"));
    let outputs = dequantize_outputs(&compiled.program, &compiled.program.outputs_of(&trace));
    for (name, expected) in results.iter().zip(expected).filter(|(_, e)| !e.is_empty()) {
        let got = &outputs[name].data;
        let largest = expected.iter().fold(1.0, |m: f64, v| m.max(v.abs()));
        let near =
            got.len() == expected.len() && got.iter().zip(*expected).all(|(g, e)| (g - e).abs() <= 1e-2 * largest);
        assert!(near, "{op}: {name} is {got:?}, expected {expected:?}");
    }
}
