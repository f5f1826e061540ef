//! The shipped models: their accuracy as programs, and the link between them. `restaking-allocation` takes the integers
//! that `staking-lstm` puts out as they are.

use vouch::Card;
use vouch_compiler::{Oracle, dequantize_outputs, quantize_inputs};
use vouch_envelope::Nonce;
use vouch_proving::ProverKey;
use vouch_testing::ANY;
use vouch_verifier::{Expected, VerifierKey, verify};

use crate::shipped::{ALLOCATION, FORECAST, SHARE, TOKENS, compiled, example, folder, onnx, samples};

fn outputs(key: &VerifierKey, envelope: &vouch_envelope::ProofEnvelope, inputs: Vec<i64>) -> Vec<i64> {
    let expected = Expected { inputs: Some(inputs), ..ANY };
    verify(key, &expected, envelope).unwrap().outputs().to_vec()
}

#[test]
fn allocation_is_accurate_on_markets() {
    let compiled = compiled(ALLOCATION);
    let program = &compiled.program;
    let report = &compiled.report.accuracy;
    assert_eq!((report.oracle.as_str(), report.source.as_str()), ("tract", "random, markets.npz"));
    assert!(compiled.report.warnings.is_empty() && report.excess() <= 1.0, "{report:?}");
    let of = |name: &str| report.outputs.iter().find(|o| o.name == name).unwrap();
    assert_eq!(of("shares").max_error, Some(SHARE));
    Card::load(&folder(ALLOCATION).join("restaking-allocation.card.json"), program).unwrap();

    let oracle = Oracle::new(&onnx(ALLOCATION)).unwrap();
    let (any, hard) = (samples(ALLOCATION, "samples.npz"), samples(ALLOCATION, "markets.npz"));
    assert_eq!((any.len(), hard.len()), (32, 500));
    for sample in any.iter().chain(&hard) {
        let trace = program.run(&quantize_inputs(program, sample).unwrap()).unwrap();
        let got = dequantize_outputs(program, &program.outputs_of(&trace));
        let want = oracle.run(sample).unwrap();
        for (a, b) in got["shares"].data.iter().zip(&want["shares"].data) {
            assert!((a - b).abs() < SHARE, "{a} instead of {b}");
            assert!(*a >= 0.0);
        }
        let (a, b) = (got["expected_yield"].data[0], want["expected_yield"].data[0]);
        assert!((a - b).abs() < 1e-3 * of("expected_yield").width(), "{a} instead of {b}");
    }
}

#[test]
fn the_proof_of_the_allocation_takes_the_integers_of_the_forecasts() {
    let (forecast, allocation) = (compiled(FORECAST), compiled(ALLOCATION));
    let out = &forecast.program.outputs()[0];
    let taken = allocation.program.inputs().iter().find(|t| t.name == out.name).unwrap();
    assert_eq!(taken.name, "redemption_hours");
    assert_eq!(taken.shape, [1, TOKENS as u32]);
    assert_eq!((taken.scale, &taken.unit), (out.scale, &out.unit), "one unit is as many integers in both");

    let (forecaster, allocator) =
        (ProverKey::development(&forecast.program).unwrap(), ProverKey::development(&allocation.program).unwrap());
    let possible = &forecaster.verifier.schema().outputs[0];
    assert!(taken.min <= possible.min && possible.max <= taken.max, "{taken:?}, {possible:?}");
    let k = allocator.header.params.k;
    assert!(k <= 13, "2^{k} rows");

    // Six forecasts, each proved; what they say goes into the allocation untouched.
    let windows = samples(FORECAST, "samples.npz");
    let mut hours = Vec::new();
    for (i, window) in windows.iter().step_by(5).take(TOKENS).enumerate() {
        let x = quantize_inputs(&forecast.program, window).unwrap();
        let envelope = forecaster.prove(&x, Nonce([i as u8; 32])).unwrap().envelope;
        hours.extend(outputs(&forecaster.verifier, &envelope, x));
    }
    assert_eq!(hours.len(), TOKENS);
    let x = quantize_inputs(&allocation.program, &example(ALLOCATION, &allocation.program)).unwrap();
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
    let expected = Expected { inputs: Some(with(&other)), ..ANY };
    assert!(verify(&allocator.verifier, &expected, &envelope).is_err(), "hours that no forecast said");
    // They matter: had all redemptions taken a month, the shares would be others.
    let slow = allocation.program.run(&with(&[possible.max.min(720 * out.scale as i64); TOKENS])).unwrap();
    assert_ne!(allocation.program.outputs_of(&slow), honest);
}

/// Whatever the forecast's proof can say, the allocation has an answer.
#[test]
fn every_possible_forecast_is_in_range() {
    let (forecast, allocation) = (compiled(FORECAST), compiled(ALLOCATION));
    let bounds = forecast.program.bounds().unwrap();
    let out: Vec<_> = forecast.program.output_wires().map(|w| bounds.wires[w.index()]).collect();
    let (lo, hi) = (out[0].lo, out[0].hi);
    let program = &allocation.program;
    let fixed = quantize_inputs(program, &example(ALLOCATION, program)).unwrap();
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
