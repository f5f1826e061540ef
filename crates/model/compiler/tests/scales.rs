//! Scales of inputs that the caller fixes.

mod support;

use prost::Message;
use support::{Model, Random, floats, weights};
use tract_onnx::pb::{ModelProto, StringStringEntryProto};
use vouch_compiler::{
    CompileError, CompileOptions, Compiled, InputRanges, InputScales, NamedTensor, NamedTensors, OnnxModel, Oracle,
    compile_model, dequantize_outputs, quantize_inputs,
};

/// Two inputs that meet in a layer, and one of them also in a product and a clip.
fn model() -> Model {
    Model::new(13)
        .input("x", &[1, 3])
        .input("z", &[1, 3])
        .init(weights("w", &[6, 4], 1, 0.4))
        .init(weights("d", &[4, 3], 2, 0.4))
        .init(floats("lo", &[], vec![-0.5]))
        .init(floats("hi", &[], vec![0.75]))
        .node("Concat", "x z", "both", vec![support::int("axis", 1)])
        .node("MatMul", "both w", "h", vec![])
        .node("Tanh", "h", "t", vec![])
        .node("MatMul", "t d", "u", vec![])
        .node("Clip", "x lo hi", "c", vec![])
        .node("Mul", "c z", "p", vec![])
        .node("Add", "u p", "y", vec![])
        .output("y")
}

fn options(scales: &[(&str, f64)]) -> CompileOptions {
    let scales = InputScales(scales.iter().map(|(n, s)| ((*n).to_owned(), *s)).collect());
    CompileOptions { ranges: InputRanges::global(-4.0, 3.0), scales, samples: 12, ..CompileOptions::default() }
}

fn compile(scales: &[(&str, f64)]) -> Result<Compiled, CompileError> {
    compile_model(&OnnxModel::from_bytes(&model().bytes()).unwrap(), &options(scales))
}

#[test]
fn a_fixed_scale_is_the_programs() {
    let free = compile(&[]).unwrap();
    let own = free.program.inputs()[0].scale;
    for scale in [16384.0, own / 4.0, own * 32.0, 1000.0, 12_345.678] {
        let fixed = compile(&[("x", scale)]).unwrap();
        let (x, z) = (&fixed.program.inputs()[0], &fixed.program.inputs()[1]);
        assert_eq!((x.name.as_str(), x.scale), ("x", scale));
        assert_eq!((x.min, x.max), ((-4.0 * scale).round() as i64, (3.0 * scale).round() as i64));
        assert_eq!(z.scale.log2().fract(), 0.0, "the other input's scale is chosen");
        let accuracy = &fixed.report.accuracy;
        assert_eq!(accuracy.oracle, "tract");
        // What rounding the input to its grid can do, and as much as without a fixed scale.
        let grid = 6.0 / scale;
        assert!(accuracy.max_abs < grid + 4e-3, "scale {scale}: {:e}", accuracy.max_abs);
    }
}

#[test]
fn integers_of_another_program_enter_as_they_are() {
    let scale = 300.0;
    let onnx = OnnxModel::from_bytes(&model().bytes()).unwrap();
    let program = compile_model(&onnx, &options(&[("x", scale)])).unwrap().program;
    let oracle = Oracle::new(&onnx).unwrap();
    let mut random = Random(4);
    for _ in 0..50 {
        let integers: Vec<i64> = (0..3).map(|_| (f64::from(random.unit()) * 2100.0 - 1200.0).round() as i64).collect();
        let real = NamedTensor { shape: vec![1, 3], data: integers.iter().map(|&i| i as f64 / scale).collect() };
        let z = NamedTensor { shape: vec![1, 3], data: random.list(3, 3.0).into_iter().map(f64::from).collect() };
        let named = NamedTensors::from([("x".to_owned(), real), ("z".to_owned(), z)]);
        let x = quantize_inputs(&program, &named).unwrap();
        assert_eq!(x[..3], integers[..]);
        let got = dequantize_outputs(&program, &program.outputs_of(&program.run(&x).unwrap()));
        let want = oracle.run(&named).unwrap();
        for (a, b) in got["y"].data.iter().zip(&want["y"].data) {
            assert!((a - b).abs() < 4e-3, "{a} instead of {b}");
        }
    }
}

#[test]
fn scales_that_cannot_be_are_refused() {
    let scale_error = |scale: f64| match compile(&[("x", scale)]) {
        Err(CompileError::Scale { input, reason, lo, hi, .. }) => {
            assert_eq!((input.as_str(), lo, hi), ("x", -4.0, 3.0));
            reason
        }
        other => panic!("{scale}: {other:?}"),
    };
    for scale in [0.0, -8.0, f64::NAN, f64::INFINITY, f64::NEG_INFINITY] {
        assert!(scale_error(scale).contains("positive finite"), "{scale}");
    }
    for scale in [1e12, 1e300, f64::MAX] {
        assert!(scale_error(scale).contains("40 bits"), "{scale}");
    }
    for scale in [0.1, 1e-300, f64::MIN_POSITIVE] {
        assert!(scale_error(scale).contains("one integer"), "{scale}");
    }
    let unknown = compile(&[("nobody", 8.0)]).unwrap_err();
    assert!(matches!(unknown, CompileError::Option { option: "input-scale", .. }), "{unknown}");
}

/// Large scales either work or say which value they are too fine for; none panics.
#[test]
fn the_finest_scales_work_or_are_refused() {
    for bits in 0..38 {
        match compile(&[("x", 2f64.powi(bits)), ("z", 3f64.powi(bits / 2))]) {
            Ok(c) => assert_eq!(c.program.inputs()[0].scale, 2f64.powi(bits)),
            Err(e) => assert!(matches!(e, CompileError::Precision { .. } | CompileError::Program(_)), "{bits}: {e}"),
        }
    }
}

#[test]
fn the_command_lines_form() {
    let mut scales = InputScales::default();
    scales.add("x=128").unwrap();
    scales.add("a=b=0.5").unwrap();
    assert_eq!((scales.0["x"], scales.0["a=b"]), (128.0, 0.5));
    for bad in ["x", "x=", "x=fast", "x=256", "=,"] {
        let error = scales.add(bad).unwrap_err();
        assert!(matches!(error, CompileError::Option { option: "input-scale", .. }), "{bad}: {error}");
    }
}

#[test]
fn the_schemas_scale_counts_unless_an_option_says_otherwise() {
    let with = |scale: &str| {
        let value = format!(r#"{{"inputs":[{{"name":"x","min":-4,"max":3,"scale":{scale}}}]}}"#);
        let entry = StringStringEntryProto { key: "vouch.schema".into(), value };
        OnnxModel::from_bytes(&ModelProto { metadata_props: vec![entry], ..model().proto() }.encode_to_vec())
    };
    let scale = |m: &OnnxModel, scales: &[(&str, f64)]| {
        compile_model(m, &options(scales)).map(|c| (c.program.inputs()[0].scale, c.schema.inputs[0].scale))
    };
    let m = with("2048").unwrap();
    assert_eq!(scale(&m, &[]).unwrap(), (2048.0, Some(2048.0)));
    assert_eq!(scale(&m, &[("x", 512.0)]).unwrap().0, 512.0);
    assert!(matches!(scale(&with("-1").unwrap(), &[]), Err(CompileError::Scale { .. })));
    assert!(matches!(with("\"fine\""), Err(CompileError::Schema { .. })));
}

/// Prices beside ratios beside volumes, standardized, and a linear model.
#[test]
fn columns_of_one_input_have_scales_of_their_own() {
    let (mean, deviation) = ([62_000.0f32, 0.03, 4.1e8, 17.0], [9000.0f32, 0.01, 1.5e8, 5.0]);
    let m = Model::new(13)
        .input("x", &[1, 4])
        .init(floats("mean", &[4], mean.to_vec()))
        .init(floats("deviation", &[4], deviation.to_vec()))
        .init(floats("w", &[4, 1], vec![0.7, -1.1, 0.4, 0.9]))
        .node("Sub", "x mean", "c", vec![])
        .node("Div", "c deviation", "n", vec![])
        .node("MatMul", "n w", "y", vec![])
        .output("y");
    let mut random = Random(7);
    let mut sample = || {
        let data = (0..4).map(|i| f64::from(mean[i] + deviation[i] * 2.0 * (2.0 * random.unit() - 1.0)));
        NamedTensors::from([("x".to_owned(), NamedTensor::new(vec![1, 4], data.collect()).unwrap())])
    };
    let samples: Vec<NamedTensors> = (0..64).map(|_| sample()).collect();
    let model = OnnxModel::from_bytes(&m.bytes()).unwrap();
    let calibration = Some(samples.clone());
    let compiled = compile_model(&model, &CompileOptions { calibration, ..CompileOptions::default() }).unwrap();
    compiled.check_accuracy().unwrap();
    let program = &compiled.program;
    for inputs in &samples {
        let x = &inputs["x"].data;
        let each = |i: usize| (x[i] - f64::from(mean[i])) / f64::from(deviation[i]) * [0.7, -1.1, 0.4, 0.9][i];
        let want: f64 = (0..4).map(each).sum();
        let trace = program.run(&quantize_inputs(program, inputs).unwrap()).unwrap();
        let got = dequantize_outputs(program, &program.outputs_of(&trace))["y"].data[0];
        assert!((got - want).abs() < 6e-3, "{got}, expected {want}");
    }
}
