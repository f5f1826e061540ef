//! Compiles, sets up, proves and verifies a model and prints figures: `measure MODEL.onnx LO,HI [--calibration FILE]`.
use std::{path::PathBuf, time::Instant};

use vouch_compiler::{CompileOptions, OnnxModel, compile, data, quantize_inputs};
use vouch_envelope::Nonce;
use vouch_prover::{KeyFile, ProverKey, Srs, plan};

fn cpu() -> f64 {
    let stat = std::fs::read_to_string("/proc/self/stat").unwrap_or_default();
    let fields: Vec<&str> = stat.rsplit(')').next().unwrap_or("").split_whitespace().collect();
    (fields[11].parse::<f64>().unwrap_or(0.0) + fields[12].parse::<f64>().unwrap_or(0.0)) / 100.0
}

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let args: Vec<String> = std::env::args().collect();
    let path = PathBuf::from(&args[1]);
    let mut options = CompileOptions::default();
    options.ranges.add(&args[2])?;
    let inputs = PathBuf::from(&args[3]);
    let model = OnnxModel::load(&path)?;
    let samples = data::read(&inputs, model.inputs())?;
    if args.iter().any(|a| a == "--calibrate") {
        options.calibration = Some(samples.clone());
    }
    let batch: u32 = args.iter().position(|a| a == "--batch").map_or(1, |i| args[i + 1].parse().unwrap_or(1));
    let k = args.iter().position(|a| a == "--k").and_then(|i| args[i + 1].parse().ok());
    let compiled = compile(&path, &options)?;
    println!("{:?}", compiled.report.configuration);
    let (planned, estimate) = plan(&compiled.program, batch, Default::default(), k)?;
    println!("{estimate:#?}");
    let t = Instant::now();
    let srs = Srs::development(estimate.params.k);
    println!("srs {:.2?}", t.elapsed());
    let (t, c) = (Instant::now(), cpu());
    let key = ProverKey::generate(&compiled.program, batch, planned, estimate.params, &srs)?;
    println!("keygen {:.2?} wall, {:.2} cpu", t.elapsed(), cpu() - c);
    let dir = PathBuf::from("/tmp/measure");
    std::fs::create_dir_all(&dir)?;
    println!("sizes {:?}", key.save(&dir)?);
    let file = dir.join(vouch_prover::key_files(batch).0);
    let (t, c) = (Instant::now(), cpu());
    let key = ProverKey::load(&file, &compiled.program)?;
    println!("load {:.2?} wall, {:.2} cpu", t.elapsed(), cpu() - c);
    let mut integers = Vec::new();
    for i in 0..batch as usize {
        integers.extend(quantize_inputs(&compiled.program, &samples[i % samples.len()])?);
    }
    for _ in 0..4 {
        let (t, c) = (Instant::now(), cpu());
        let p = key.prove(&integers, Nonce([7; 32]))?;
        println!(
            "prove {:.3?} wall, {:.3} cpu; witness {:.3?} prove {:.3?} verify {:.3?}; proof {} envelope {}",
            t.elapsed(),
            cpu() - c,
            p.witness,
            p.prove,
            p.verify,
            p.envelope.proof.len(),
            p.envelope.encode()?.len()
        );
    }
    Ok(())
}
