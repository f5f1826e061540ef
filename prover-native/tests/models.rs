//! The shipped models: their accuracy as programs, and the link between them. `restaking-allocation` takes the integers
//! that `staking-lstm` puts out as they are.
#![allow(missing_docs)]

use std::path::{Path, PathBuf};

use vouch_circuit::Objective;
use vouch_compiler::{
    CompileOptions, Compiled, NamedTensors, OnnxModel, Oracle, Samples, data, dequantize_outputs, quantize_inputs,
};
use vouch_envelope::Nonce;
use vouch_program::Program;
use vouch_prover::{Card, LIMB_BITS, ProverKey, Srs, compile_cheapest, plan};
use vouch_verifier::{Expected, VerifierKey, verify};

/// Largest error of a share.
const SHARE: f64 = 2e-3;
const TOKENS: usize = 6;

fn folder(model: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../models").join(model)
}

/// As `vouch compile MODEL` does it without options.
fn compiled(model: &str) -> (OnnxModel, Compiled) {
    let onnx = OnnxModel::load(&folder(model).join(format!("{model}.onnx"))).unwrap();
    let options = CompileOptions { target_error: 1e-3, ..CompileOptions::default() };
    let compiled = compile_cheapest(&onnx, &options, &LIMB_BITS, Objective::default()).unwrap();
    (onnx, compiled)
}

fn inputs(model: &str, program: &Program) -> NamedTensors {
    data::read(&folder(model).join("example.json"), &data::specs_of(program)).unwrap().remove(0)
}

/// The inputs of `samples.npz`, which also holds outputs.
fn samples(model: &str, program: &Program) -> Samples {
    let mut specs = data::specs_of(program);
    let outputs: Vec<_> = program.outputs().iter().map(|t| (t.name.clone(), t.shape.clone())).collect();
    specs.extend(outputs.iter().map(|(name, shape)| vouch_compiler::InputSpec {
        name: name.clone(),
        shape: shape.iter().map(|&d| d as usize).collect(),
    }));
    let mut all = data::read(&folder(model).join("samples.npz"), &specs).unwrap();
    all.iter_mut().for_each(|s| outputs.iter().for_each(|(name, _)| _ = s.remove(name)));
    all
}

fn key(program: &Program) -> ProverKey {
    let (planned, estimate) = plan(program, 1, Objective::default(), None).unwrap();
    let srs = Srs::development(estimate.params.k);
    ProverKey::generate(program, 1, planned, estimate.params, &srs).unwrap()
}

fn outputs(key: &VerifierKey, envelope: &vouch_envelope::ProofEnvelope, inputs: Vec<i64>) -> Vec<i64> {
    let expected = Expected { inputs: Some(inputs), allow_development_srs: true, ..Expected::default() };
    verify(key, &expected, envelope).unwrap().outputs().to_vec()
}

#[test]
fn allocation_is_accurate_on_markets() {
    let (onnx, compiled) = compiled("restaking-allocation");
    let program = &compiled.program;
    let report = &compiled.report.accuracy;
    assert_eq!(report.oracle, "tract");
    let of = |name: &str| report.outputs.iter().find(|o| o.name == name).unwrap();
    let width = of("expected_yield").hi - of("expected_yield").lo;
    assert!(of("shares").max_abs < SHARE && of("expected_yield").max_abs < 0.01 * width, "{report:?}");
    Card::load(&folder("restaking-allocation").join("restaking-allocation.card.json"), program).unwrap();

    let oracle = Oracle::new(&onnx).unwrap();
    let samples = samples("restaking-allocation", program);
    assert_eq!(samples.len(), 32);
    let mut seen = Vec::new();
    let mut off = 0f64;
    for sample in &samples {
        let trace = program.run(&quantize_inputs(program, sample).unwrap()).unwrap();
        let got = dequantize_outputs(program, &program.outputs_of(&trace));
        let want = oracle.run(sample).unwrap();
        for (a, b) in got["shares"].data.iter().zip(&want["shares"].data) {
            assert!((a - b).abs() < SHARE, "{a} instead of {b}");
            assert!(*a >= -SHARE);
        }
        let sum: f64 = got["shares"].data.iter().sum();
        assert!((sum - 1.0).abs() < TOKENS as f64 * 2e-4, "shares sum to {sum}");
        off = off.max((got["expected_yield"].data[0] - want["expected_yield"].data[0]).abs());
        seen.push(want["expected_yield"].data[0]);
    }
    seen.sort_by(f64::total_cmp);
    assert!(off < 0.01 * (seen[31] - seen[0]), "the expected yield is off by {off}");
}

#[test]
fn the_proof_of_the_allocation_takes_the_integers_of_the_forecasts() {
    let (_, forecast) = compiled("staking-lstm");
    let (_, allocation) = compiled("restaking-allocation");
    let out = &forecast.program.outputs()[0];
    let taken = allocation.program.inputs().iter().find(|t| t.name == out.name).unwrap();
    assert_eq!(taken.name, "redemption_hours");
    assert_eq!(taken.shape, [1, TOKENS as u32]);
    assert_eq!((taken.scale, &taken.unit), (out.scale, &out.unit), "one unit is as many integers in both");

    let (forecaster, allocator) = (key(&forecast.program), key(&allocation.program));
    let possible = &forecaster.verifier.schema().outputs[0];
    assert!(taken.bounds.lo <= possible.min && possible.max <= taken.bounds.hi, "{taken:?}, {possible:?}");
    let k = allocator.header.params.k;
    assert!(k <= 12, "2^{k} rows");

    // Six forecasts, each proved; what they say goes into the allocation untouched.
    let windows = samples("staking-lstm", &forecast.program);
    let mut hours = Vec::new();
    for (i, window) in windows.iter().step_by(5).take(TOKENS).enumerate() {
        let x = quantize_inputs(&forecast.program, window).unwrap();
        let envelope = forecaster.prove(&x, Nonce([i as u8; 32])).unwrap().envelope;
        hours.extend(outputs(&forecaster.verifier, &envelope, x));
    }
    assert_eq!(hours.len(), TOKENS);
    let x = quantize_inputs(&allocation.program, &inputs("restaking-allocation", &allocation.program)).unwrap();
    let with = |hours: &[i64]| {
        let mut x = x.clone();
        let sizes = allocation.program.inputs().iter().map(|t| t.shape.iter().product::<u32>() as usize);
        let before: usize =
            allocation.program.inputs().iter().zip(sizes).take_while(|(t, _)| t.name != taken.name).map(|p| p.1).sum();
        x[before..before + TOKENS].copy_from_slice(hours);
        x
    };
    let linked = with(&hours);
    let envelope = allocator.prove(&linked, Nonce([9; 32])).unwrap().envelope;
    let honest = outputs(&allocator.verifier, &envelope, linked);
    let mut other = hours.clone();
    other[2] += 1;
    let expected = Expected { inputs: Some(with(&other)), allow_development_srs: true, ..Expected::default() };
    assert!(verify(&allocator.verifier, &expected, &envelope).is_err(), "hours that no forecast said");
    // They matter: had all redemptions taken a month, the shares would be others.
    let slow = allocation.program.run(&with(&[possible.max.min(720 * out.scale as i64); TOKENS])).unwrap();
    assert_ne!(allocation.program.outputs_of(&slow), honest);
}

/// Whatever the forecast's proof can say, the allocation has an answer.
#[test]
fn every_possible_forecast_is_in_range() {
    let (_, forecast) = compiled("staking-lstm");
    let (_, allocation) = compiled("restaking-allocation");
    let bounds = forecast.program.bounds().unwrap();
    let out: Vec<_> = forecast.program.output_wires().map(|w| bounds.wires[w.index()]).collect();
    let (lo, hi) = (out[0].lo, out[0].hi);
    let program = &allocation.program;
    let fixed = quantize_inputs(program, &inputs("restaking-allocation", program)).unwrap();
    for hours in [lo, hi, 0, -1, lo / 2, hi / 2] {
        let mut x = fixed.clone();
        let mut at = 0;
        for t in program.inputs() {
            let n = t.shape.iter().product::<u32>() as usize;
            if t.name == "redemption_hours" {
                x[at..at + n].fill(hours);
            }
            at += n;
        }
        program.run(&x).unwrap();
    }
}
