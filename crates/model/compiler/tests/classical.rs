//! Models of scikit-learn, XGBoost and LightGBM against onnxruntime: `tests/classical` has each as exported, with
//! inputs and onnxruntime's outputs.
//!
//! `VOUCH_CLASSICAL=DIR` takes the models of another directory and prints a line for each; `tests/classical/make.py` writes
//! some eighty.

#[path = "support/models.rs"]
mod models;

use std::{collections::BTreeMap, path::Path};

use serde::Deserialize;
use vouch_compiler::{
    CompileOptions, InputShapes, NamedTensor, NamedTensors, OnnxModel, compile_model, dequantize_outputs,
    quantize_inputs,
};

/// Tensors by name: for each sample a list of numbers.
type Lists = BTreeMap<String, Vec<Vec<f64>>>;

#[derive(Deserialize)]
struct Case {
    /// Inputs that ranges are taken from.
    calibration: Lists,
    inputs: Lists,
    outputs: Lists,
    /// Outputs that are labels of classes, with the output that has the scores, if there is one.
    #[serde(default)]
    labels: BTreeMap<String, Option<String>>,
}

fn samples(model: &OnnxModel, lists: &Lists) -> Vec<NamedTensors> {
    let n = lists.values().map(Vec::len).min().unwrap_or(0);
    let tensor =
        |i: usize, name: &str, shape: &[usize]| NamedTensor { shape: shape.to_vec(), data: lists[name][i].clone() };
    (0..n).map(|i| model.inputs().iter().map(|s| (s.name.clone(), tensor(i, &s.name, &s.shape))).collect()).collect()
}

/// The distance between the two largest scores.
fn margin(scores: &[f64]) -> f64 {
    let mut all = scores.to_vec();
    all.sort_by(|a, b| b.total_cmp(a));
    match all[..] {
        [a, b, ..] => a - b,
        [a] => a.abs(),
        [] => f64::INFINITY,
    }
}

/// What was found of one model.
#[derive(Debug, Default)]
struct Found {
    /// Labels that differ, and those of them whose margin is below the reported error.
    wrong: usize,
    excused: usize,
    labels: usize,
    /// Largest error of values, as a part of their range.
    error: f64,
    oracle: String,
}

fn check(path: &Path) -> Result<Found, Box<dyn std::error::Error>> {
    let case: Case = serde_json::from_slice(&std::fs::read(path.with_extension("json"))?)?;
    let mut shapes = InputShapes::default();
    for (name, list) in &case.inputs {
        shapes.inputs.insert(name.clone(), vec![1, list[0].len()]);
    }
    let model = OnnxModel::load_with(path, &shapes)?;
    let calibration = Some(samples(&model, &case.calibration));
    let compiled = compile_model(&model, &CompileOptions { calibration, ..CompileOptions::default() })?;
    compiled.check_accuracy()?;
    let accuracy = &compiled.report.accuracy;
    let program = &compiled.program;
    let mut found = Found { oracle: accuracy.oracle.clone(), ..Found::default() };
    let mut results = Vec::new();
    for sample in samples(&model, &case.inputs) {
        let trace = program.run(&quantize_inputs(program, &sample)?)?;
        results.push(dequantize_outputs(program, &program.outputs_of(&trace)));
    }
    for (name, expected) in &case.outputs {
        let all = || expected.iter().flatten().copied();
        let width = all().fold(f64::NEG_INFINITY, f64::max) - all().fold(f64::INFINITY, f64::min);
        let scores = case.labels.get(name);
        for (i, (want, result)) in expected.iter().zip(&results).enumerate() {
            let got = &result[name].data;
            if got.len() != want.len() {
                return Err(format!("`{name}` has {} elements, expected {}", got.len(), want.len()).into());
            }
            let Some(scores) = scores else {
                let off = got.iter().zip(want).map(|(g, w)| (g - w).abs()).fold(0.0, f64::max);
                found.error = found.error.max(off / if width > 0.0 { width } else { 1.0 });
                continue;
            };
            found.labels += 1;
            if got != want {
                found.wrong += 1;
                let of = |s: &String| accuracy.outputs.iter().find(|o| o.name == *s).map_or(0.0, |o| o.max_abs);
                let near = |s: &String| margin(&case.outputs[s][i]) <= 2.0 * of(s);
                found.excused += usize::from(scores.as_ref().is_some_and(near));
            }
        }
    }
    Ok(found)
}

#[test]
fn models_agree_with_onnxruntime() {
    let (models, others) = models::models("classical", "VOUCH_CLASSICAL");
    let mut failed = Vec::new();
    for (name, path) in models {
        let result = check(&path);
        if others {
            match &result {
                Ok(f) => println!(
                    "{name:32} labels {}/{} ({} near a tie)  values {:.1e}  {}",
                    f.labels - f.wrong,
                    f.labels,
                    f.excused,
                    f.error,
                    f.oracle
                ),
                Err(e) => println!("{name:32} {e}"),
            }
        }
        match result {
            Ok(f) if f.wrong == f.excused && f.error <= 1e-3 => {}
            Ok(f) => failed.push(format!("{name}: {f:?}")),
            Err(e) => failed.push(format!("{name}: {e}")),
        }
    }
    assert!(failed.is_empty(), "{}", failed.join("\n"));
}
