//! The shipped models as programs.

#![allow(unreachable_pub)]

use std::path::{Path, PathBuf};

use vouch::{LIMB_BITS, compile_cheapest};
use vouch_circuit::Objective;
use vouch_compiler::{CompileOptions, Compiled, GivenSamples, NamedTensors, OnnxModel, Samples, data};
use vouch_program::Program;

pub const FORECAST: &str = "staking-lstm";
pub const ALLOCATION: &str = "restaking-allocation";
/// Largest error of a share.
pub const SHARE: f64 = 2e-3;
pub const TOKENS: usize = 6;

pub fn folder(model: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../models").join(model)
}

pub fn onnx(model: &str) -> OnnxModel {
    OnnxModel::load(&folder(model).join(format!("{model}.onnx"))).unwrap()
}

/// The options with which each model's README compiles it: of `vouch compile` without options, and for the allocation
/// `--samples markets.npz --max-error shares=0.002`.
pub fn options(model: &str) -> CompileOptions {
    let mut options = CompileOptions { target_error: 1e-3, ..CompileOptions::default() };
    if model == ALLOCATION {
        options.given = Some(GivenSamples { source: "markets.npz".into(), samples: samples(model, "markets.npz") });
        options.max_errors.0.insert("shares".into(), SHARE);
    }
    options
}

pub fn compiled(model: &str) -> Compiled {
    compiled_with(model, &options(model))
}

pub fn compiled_with(model: &str, options: &CompileOptions) -> Compiled {
    compile_cheapest(&onnx(model), options, &LIMB_BITS, 1, Objective::default()).unwrap()
}

pub fn example(model: &str, program: &Program) -> NamedTensors {
    data::read(&folder(model).join("example.json"), &data::specs_of(program)).unwrap().remove(0)
}

/// The inputs of a file of samples, which may also hold outputs.
pub fn samples(model: &str, file: &str) -> Samples {
    let onnx = onnx(model);
    data::read_inputs(&folder(model).join(file), onnx.inputs(), onnx.outputs()).unwrap()
}
