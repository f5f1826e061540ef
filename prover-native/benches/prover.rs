//! Key generation, witness, proving and verification of the default model, and of any models in a folder named by `VOUCH_MODELS`, which holds pairs
//! `NAME.onnx`, `NAME.inputs.npy`; ranges are those of the data.
#![allow(missing_docs)]

use std::path::{Path, PathBuf};

use criterion::{Criterion, criterion_group, criterion_main};
use vouch::{LIMB_BITS, compile_cheapest};
use vouch_circuit::{ModelCircuit, Objective};
use vouch_compiler::{CompileOptions, OnnxModel, data, quantize_inputs};
use vouch_envelope::Nonce;
use vouch_proving::{ProverKey, Srs, plan};
use vouch_verifier::{Expected, verify};

fn models() -> Vec<(String, PathBuf, PathBuf)> {
    let own = Path::new(env!("CARGO_MANIFEST_DIR")).join("../models/staking-lstm");
    let mut out = vec![("staking-lstm".to_owned(), own.join("staking-lstm.onnx"), own.join("example.json"))];
    if let Some(dir) = std::env::var_os("VOUCH_MODELS").map(PathBuf::from) {
        for name in ["omron-lstm", "mlp", "mlp_big", "lstm_small", "lstm_big", "lenet5"] {
            let (model, inputs) = (dir.join(format!("{name}.onnx")), dir.join(format!("{name}.inputs.npy")));
            if model.exists() && inputs.exists() {
                out.push((name.to_owned(), model, inputs));
            }
        }
    }
    out
}

fn prover(c: &mut Criterion) {
    for (name, model, inputs) in models() {
        let model = OnnxModel::load(&model).expect("the model");
        let samples = data::read(&inputs, model.inputs()).expect("the inputs");
        let calibration = (name != "staking-lstm").then(|| samples.clone());
        let options = CompileOptions { calibration, target_error: 1e-3, ..CompileOptions::default() };
        let program =
            compile_cheapest(&model, &options, &LIMB_BITS, 1, Objective::Prover).expect("the program").program;
        let plan = plan(&program, 1, Objective::Prover, None).expect("a layout");
        let srs = Srs::development(plan.k());
        let integers = quantize_inputs(&program, &samples[0]).expect("inputs in range");
        let key = ProverKey::generate(&plan, &srs).expect("keys");
        let mut group = c.benchmark_group(&name);
        group.sample_size(10);
        group.bench_function("keygen", |b| {
            b.iter(|| ProverKey::generate(&plan, &srs).expect("keys"));
        });
        group.bench_function("witness", |b| {
            b.iter(|| {
                let trace = program.run(&integers).expect("a run");
                ModelCircuit::prove(key.program.clone(), key.layout.clone(), &trace, &[]).expect("a witness")
            });
        });
        group.bench_function("prove", |b| b.iter(|| key.prove(&integers, Nonce([1; 32])).expect("a proof")));
        let envelope = key.prove(&integers, Nonce([1; 32])).expect("a proof").envelope;
        let expected = Expected { allow_development_srs: true, ..Expected::default() };
        group.bench_function("verify", |b| b.iter(|| verify(&key.verifier, &expected, &envelope).expect("a claim")));
        group.finish();
    }
}

criterion_group!(benches, prover);
criterion_main!(benches);
