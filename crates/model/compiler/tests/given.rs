//! What the caller wants accuracy on, and how much: given samples, bounds of single outputs.

mod support;

use std::io::Write;

use support::{Model, Random, int, weights};
use vouch_compiler::{
    CompileError, CompileOptions, Compiled, ElementType, GivenSamples, InputError, InputRanges, InputSpec, MaxErrors,
    NamedTensor, NamedTensors, OnnxModel, Oracle, Samples, compile_model, data, dequantize_outputs, quantize_inputs,
};

/// Two outputs, one of a recurrent layer, one of a product.
fn two_outputs() -> OnnxModel {
    let m = Model::new(13)
        .input("x", &[6, 1, 4])
        .init(weights("w", &[1, 32, 4], 1, 0.35))
        .init(weights("r", &[1, 32, 8], 2, 0.35))
        .init(weights("b", &[1, 64], 3, 0.35))
        .init(weights("d", &[8, 3], 4, 0.35))
        .node("LSTM", "x w r b", "y h c", vec![int("hidden_size", 8)])
        .node("MatMul", "h d", "state", vec![])
        .node("Mul", "x x", "power", vec![])
        .output("state")
        .output("power");
    OnnxModel::from_bytes(&m.bytes()).unwrap()
}

fn samples(count: usize, size: f32) -> Samples {
    let mut random = Random(77);
    let one = |data: Vec<f32>| NamedTensor { shape: vec![6, 1, 4], data: data.into_iter().map(f64::from).collect() };
    (0..count).map(|_| NamedTensors::from([("x".to_owned(), one(random.list(24, size)))])).collect()
}

fn options(given: Option<Samples>, errors: &[&str]) -> CompileOptions {
    let mut max_errors = MaxErrors::default();
    errors.iter().for_each(|e| max_errors.add(e).unwrap());
    let given = given.map(|samples| GivenSamples { source: "mine.npz".into(), samples });
    CompileOptions { ranges: InputRanges::global(-2.0, 2.0), given, max_errors, ..CompileOptions::default() }
}

fn error_of(compiled: &Compiled, name: &str) -> f64 {
    compiled.report.accuracy.outputs.iter().find(|o| o.name == name).unwrap().max_abs
}

/// Largest error of each output, measured here.
fn measured(model: &OnnxModel, compiled: &Compiled, samples: &[NamedTensors]) -> Vec<f64> {
    let (oracle, program) = (Oracle::new(model).unwrap(), &compiled.program);
    let mut errors = vec![0f64; program.outputs().len()];
    for sample in samples {
        let trace = program.run(&quantize_inputs(program, sample).unwrap()).unwrap();
        let (got, want) = (dequantize_outputs(program, &program.outputs_of(&trace)), oracle.run(sample).unwrap());
        for (error, spec) in errors.iter_mut().zip(program.outputs()) {
            let pairs = got[&spec.name].data.iter().zip(&want[&spec.name].data);
            *error = pairs.map(|(a, b)| (a - b).abs()).fold(*error, f64::max);
        }
    }
    errors
}

#[test]
fn accuracy_is_measured_on_given_samples_besides_random_ones() {
    let model = two_outputs();
    let given = samples(40, 0.05);
    let compiled = compile_model(&model, &options(Some(given.clone()), &[])).unwrap();
    let a = &compiled.report.accuracy;
    let sets: Vec<_> = a.sets.iter().map(|s| (s.source.as_str(), s.samples)).collect();
    assert_eq!(sets, [("random", 20), ("mine.npz", 40)]);
    assert_eq!((a.source.as_str(), a.samples), ("random, mine.npz", 60));
    let own: Vec<f64> = a.sets[1].outputs.iter().map(|o| o.max_abs).collect();
    assert_eq!(own, measured(&model, &compiled, &given));
    for (i, all) in a.outputs.iter().enumerate() {
        let each = a.sets.iter().map(|s| &s.outputs[i]);
        assert_eq!(all.max_abs, each.clone().map(|o| o.max_abs).fold(0.0, f64::max));
        assert_eq!(all.lo, each.clone().map(|o| o.lo).fold(f64::INFINITY, f64::min));
        let mean: f64 = a.sets.iter().map(|s| s.outputs[i].mean_abs * s.samples as f64).sum::<f64>() / 60.0;
        assert!((all.mean_abs - mean).abs() < 1e-12 && each.clone().all(|o| o.max_abs <= all.max_abs));
    }
    // No range is taken from them: they lie in a fortieth of the declared one.
    assert_eq!(compiled.report.ranges.source, "interval");
    let input = &compiled.program.inputs()[0];
    assert_eq!((input.min as f64, input.max as f64), (-2.0 * input.scale, 2.0 * input.scale));
    compiled.program.run(&[input.max; 24]).unwrap();
}

#[test]
fn given_samples_must_fit() {
    let model = two_outputs();
    let refused = |change: fn(&mut Samples)| {
        let mut given = samples(3, 2.0);
        change(&mut given);
        match compile_model(&model, &options(Some(given), &[])).unwrap_err() {
            CompileError::Sample { set, sample, source } => (set, sample, source),
            other => panic!("{other}"),
        }
    };
    let (set, sample, far) = refused(|g| g[1].get_mut("x").unwrap().data[5] = 2.25);
    assert_eq!((set.as_str(), sample), ("mine.npz", 1));
    assert_eq!(far, InputError::OutOfRange { name: "x".into(), index: 5, value: 2.25, lo: -2.0, hi: 2.0 });
    assert!(matches!(refused(|g| _ = g[2].remove("x")), (_, 2, InputError::Missing { .. })));
    assert!(matches!(refused(|g| _ = g[0].get_mut("x").unwrap().data.pop()), (_, 0, InputError::Length { .. })));
    assert!(matches!(
        refused(|g| g[0].get_mut("x").unwrap().data[0] = f64::NAN),
        (_, 0, InputError::NotFinite { index: 0, .. })
    ));
    // The message has the range as it was declared, not as the program holds it.
    let third = CompileOptions { ranges: InputRanges::global(-0.3, 0.3), ..options(Some(samples(2, 2.0)), &[]) };
    let error = compile_model(&model, &third).unwrap_err();
    assert!(
        matches!(&error, CompileError::Sample { source: InputError::OutOfRange { lo: -0.3, hi: 0.3, .. }, .. }),
        "{error}"
    );
    // The end of a range that is no float of 32 bits, as such a float.
    let mut given = samples(1, 0.1);
    given[0].get_mut("x").unwrap().data[0] = f64::from(0.1f32);
    assert!(given[0]["x"].data[0] > 0.1);
    let narrow = CompileOptions { ranges: InputRanges::global(-0.1, 0.1), ..options(Some(given), &[]) };
    compile_model(&model, &narrow).unwrap();
}

#[test]
fn a_bound_of_an_output_is_what_the_search_aims_at() {
    let model = two_outputs();
    let with = |target_error: f64, errors: &[&str]| {
        compile_model(&model, &CompileOptions { target_error, ..options(None, errors) }).unwrap()
    };
    let (loose, tight) = (with(0.5, &[]), with(1e-12, &[]));
    let (worst, best) = (error_of(&loose, "state"), error_of(&tight, "state"));
    assert!(best < 0.7 * worst, "{best:e} {worst:e}");
    assert!(loose.report.warnings.is_empty());
    let bounded = with(0.5, &[&format!("state={}", 0.7 * worst)]);
    assert!(error_of(&bounded, "state") <= 0.7 * worst, "{:e}", error_of(&bounded, "state"));
    assert!(bounded.report.warnings.is_empty(), "{:?}", bounded.report.warnings);
    assert_eq!(bounded.report.accuracy.outputs[0].max_error, Some(0.7 * worst));
    // It takes the place of the target error, also where it is looser; the other output's target stays.
    let both = with(1e-12, &["state=1", "power=1"]);
    assert_eq!(both.program.to_bytes(), loose.program.to_bytes());
    assert!(both.report.warnings.is_empty());
    let other = with(1e-12, &["state=1"]).report.warnings;
    assert!(other.len() == 1 && other[0].contains("`power`"), "{other:?}");
    let missed = with(0.5, &["state=1e-12"]).report.warnings;
    assert!(missed.len() == 1 && missed[0].contains("`state`") && missed[0].contains("1.00e-12"), "{missed:?}");
}

/// With half of the acceptable error as its aim, the search takes a better program if there is one, and does not complain if not.
#[test]
fn the_aim_leaves_room() {
    let model = two_outputs();
    let with = |aim: f64, bound: f64| {
        let options = options(None, &[&format!("state={bound}"), "power=1"]);
        compile_model(&model, &CompileOptions { aim, ..options }).unwrap()
    };
    let worst = error_of(&with(1.0, 1.0), "state");
    assert!(error_of(&with(1.0, 1.01 * worst), "state") > 0.7 * worst);
    assert!(error_of(&with(0.7, 1.01 * worst), "state") <= 0.7 * 1.01 * worst);
    assert!(with(1e-9, 1.01 * worst).report.warnings.is_empty());
}

#[test]
fn options_that_make_no_sense() {
    let model = two_outputs();
    let option = |options: &CompileOptions| match compile_model(&model, options).unwrap_err() {
        CompileError::Option { option, reason } => (option, reason),
        other => panic!("{other}"),
    };
    let (name, reason) = option(&options(None, &["nobody=1"]));
    assert_eq!(name, "max-error");
    assert!(reason.contains("`nobody`") && reason.contains("state, power"), "{reason}");
    for wrong in ["state=0", "state=-1", "state=nan", "state=inf"] {
        assert_eq!(option(&options(None, &[wrong])).0, "max-error", "{wrong}");
    }
    assert_eq!(option(&options(Some(Vec::new()), &[])).0, "samples");
    for aim in [0.0, 1.5, f64::NAN] {
        assert_eq!(option(&CompileOptions { aim, ..options(None, &[]) }).0, "aim");
    }
    let mut errors = MaxErrors::default();
    errors.add("a=b=2e-3").unwrap();
    assert_eq!(errors.0["a=b"], 2e-3);
    for wrong in ["x", "x=", "x=fast", "a=b=1"] {
        assert!(matches!(errors.add(wrong), Err(CompileError::Option { option: "max-error", .. })), "{wrong}");
    }
}

#[test]
fn files_of_samples_may_hold_outputs() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("both.json");
    let specs = [InputSpec { name: "x".into(), shape: vec![2], dtype: ElementType::Float32 }];
    let outputs = ["y".to_owned()];
    write!(std::fs::File::create(&path).unwrap(), r#"{{"x": [[1, 2], [3, 4]], "y": [[0.5], [0.25]]}}"#).unwrap();
    let read = data::read_inputs(&path, &specs, &outputs).unwrap();
    assert_eq!((read.len(), read[1].len(), &read[1]["x"].data), (2, 1, &vec![3.0, 4.0]));
    assert!(data::read(&path, &specs).is_err());
    assert!(data::read_inputs(&path, &specs, &["z".to_owned()]).is_err());
    // An output that is an input, too, is read.
    assert_eq!(
        data::read_inputs(
            &path,
            &[specs[0].clone(), InputSpec { name: "y".into(), shape: vec![1], dtype: ElementType::Float32 }],
            &outputs
        )
        .unwrap()[0]
            .len(),
        2
    );
}
