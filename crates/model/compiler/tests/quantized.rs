//! Networks that onnxruntime quantized, against onnxruntime: `tests/quantized` has them, with inputs and outputs.
//!
//! `VOUCH_QUANTIZED=DIR` takes the networks of another directory and prints a line for each. `tests/quantized/make.py`
//! writes them.

#[path = "support/models.rs"]
mod models;

use std::path::Path;

use serde::Deserialize;
use vouch_compiler::{
    CompileOptions, NamedTensor, NamedTensors, OnnxModel, compile_model, dequantize_outputs, quantize_inputs,
};

#[derive(Deserialize)]
struct Case {
    /// Inputs that ranges are taken from.
    calibration: Vec<Vec<f64>>,
    inputs: Vec<Vec<f64>>,
    outputs: Vec<Vec<f64>>,
    /// The scale of the integers that the output is made of, if it is.
    step: Option<f64>,
}

/// The largest difference in steps, or in hundredths of the output's range where there are none, and how many values
/// differ at all.
fn check(path: &Path) -> Result<(f64, usize, usize), Box<dyn std::error::Error>> {
    let case: Case = serde_json::from_slice(&std::fs::read(path.with_extension("json"))?)?;
    let model = OnnxModel::load(path)?;
    let input = model.inputs().first().ok_or("it has no input")?.clone();
    let named = |data: &Vec<f64>| {
        let tensor = NamedTensor { shape: input.shape.clone(), data: data.clone() };
        NamedTensors::from([(input.name.clone(), tensor)])
    };
    let calibration = Some(case.calibration.iter().map(named).collect());
    let program = compile_model(&model, &CompileOptions { calibration, ..CompileOptions::default() })?.program;
    let all = || case.outputs.iter().flatten().copied();
    let width = all().fold(f64::NEG_INFINITY, f64::max) - all().fold(f64::INFINITY, f64::min);
    let step = case.step.unwrap_or(width / 100.0);
    let (mut most, mut differ, mut total) = (0.0f64, 0, 0);
    for (x, want) in case.inputs.iter().zip(&case.outputs) {
        let trace = program.run(&quantize_inputs(&program, &named(x))?)?;
        let outputs = dequantize_outputs(&program, &program.outputs_of(&trace));
        let got = &outputs.values().next().ok_or("it has no output")?.data;
        if got.len() != want.len() {
            return Err(format!("{} values, expected {}", got.len(), want.len()).into());
        }
        for (g, w) in got.iter().zip(want) {
            let off = (g - w).abs() / step;
            most = most.max(off);
            differ += usize::from(off > 0.5);
            total += 1;
        }
    }
    Ok((most, differ, total))
}

#[test]
fn integers_are_those_of_onnxruntime_within_one_step() {
    let (models, others) = models::models("quantized", "VOUCH_QUANTIZED");
    let mut failed = Vec::new();
    for (name, path) in models {
        let line = match check(&path) {
            Ok((most, differ, total)) => {
                // Values are rounded to the program's scale, too.
                if most > 1.05 {
                    failed.push(format!("{name}: {most:.2} steps"));
                }
                format!("{name:32} {most:.3} steps, {differ} of {total} values differ")
            }
            Err(e) => {
                failed.push(format!("{name}: {e}"));
                format!("{name:32} {e}")
            }
        };
        if others {
            println!("{line}");
        }
    }
    assert!(failed.is_empty(), "{}", failed.join("\n"));
}
