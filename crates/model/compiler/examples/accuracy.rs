//! Measures a compiled model on samples: `accuracy MODEL.onnx INPUTS.npy [--range LO,HI] [--calibration FILE]
//! [--target ERROR] [--margin PART]`.
//!
//! Ranges come from the options, and the error that is printed is that of the samples against tract.

use std::path::PathBuf;

use vouch_compiler::{
    CompileOptions, NamedTensors, OnnxModel, Oracle, compile, data, dequantize_outputs, quantize_inputs,
};

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let mut args = std::env::args().skip(1);
    let usage = "usage: accuracy MODEL.onnx INPUTS [--range LO,HI] [--calibration FILE] [--target E] [--margin P]";
    let path = PathBuf::from(args.next().ok_or(usage)?);
    let inputs = PathBuf::from(args.next().ok_or(usage)?);
    let model = OnnxModel::load(&path)?;
    let mut options = CompileOptions::default();
    while let Some(flag) = args.next() {
        let value = args.next().ok_or(usage)?;
        match flag.as_str() {
            "--range" => options.ranges.add(&value)?,
            "--calibration" => options.calibration = Some(data::read(&PathBuf::from(value), model.inputs())?),
            "--target" => options.target_error = value.parse()?,
            "--margin" => options.margin = value.parse()?,
            "--limb-bits" => options.limb_bits = value.parse()?,
            _ => return Err(usage.into()),
        }
    }
    let samples = data::read(&inputs, model.inputs())?;
    let start = std::time::Instant::now();
    let compiled = compile(&path, &options)?;
    let elapsed = start.elapsed();
    let oracle = Oracle::load(&path)?;
    // Calibration data narrows ranges and picks the configuration, so samples that it holds are counted apart.
    let single = |s: &NamedTensors| s.values().flat_map(|t| &t.data).map(|&v| v as f32).collect::<Vec<_>>();
    let seen: Vec<Vec<f32>> = options.calibration.iter().flatten().map(single).collect();
    let (mut max, mut sum, mut count) = (0f64, 0f64, 0usize);
    let (mut unseen, mut unseen_max, mut refused, mut refused_unseen) = (0usize, 0f64, 0usize, 0usize);
    for sample in &samples {
        let new = !seen.contains(&single(sample));
        unseen += usize::from(new);
        let run = quantize_inputs(&compiled.program, sample)
            .map_err(|e| e.to_string())
            .and_then(|integers| compiled.program.run(&integers).map_err(|e| e.to_string()));
        let trace = match run {
            Ok(trace) => trace,
            Err(e) => {
                println!("refused: {e}");
                refused += 1;
                refused_unseen += usize::from(new);
                continue;
            }
        };
        let got = dequantize_outputs(&compiled.program, &compiled.program.outputs_of(&trace));
        let want = oracle.run(sample)?;
        for (name, tensor) in &got {
            for (a, b) in tensor.data.iter().zip(&want[name].data) {
                max = max.max((a - b).abs());
                unseen_max = if new { unseen_max.max((a - b).abs()) } else { unseen_max };
                sum += (a - b).abs();
                count += 1;
            }
        }
    }
    let r = &compiled.report;
    println!("not in the calibration data: {unseen} samples, max {unseen_max:.3e}, refused {refused_unseen}");
    println!("{}: max {max:.3e} mean {:.3e} refused {refused} of {}", r.model, sum / count as f64, samples.len());
    println!(
        "  compiled in {elapsed:.2?}, own measurement max {:.3e} relative {:.3e}",
        r.accuracy.max_abs, r.accuracy.max_relative
    );
    println!("  {:?}", r.configuration);
    for t in &r.tables {
        println!("  table {} at 2^{} with {} segments", t.name, t.scale.log2(), t.segments);
    }
    for t in &r.tensors {
        println!("  {:40} {:16} {:?} 2^{} [{:.4}, {:.4}]", t.name, t.op, t.shape, t.scale.log2(), t.lo, t.hi);
    }
    for w in &r.warnings {
        println!("  warning: {w}");
    }
    Ok(())
}
