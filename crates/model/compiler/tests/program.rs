//! Whole models: determinism, sharing, accuracy with intervals and with calibration, inputs and outputs, data files.

mod support;

use std::io::Write;

use support::{Model, Random, floats, int, list, weights};
use vouch_compiler::{
    CompileOptions, DataError, ElementType, InputError, InputRanges, InputSpec, NamedTensor, NamedTensors, OnnxModel,
    Samples, compile_model, data, dequantize_outputs, quantize_inputs,
};

fn lstm_regressor() -> Model {
    let m = Model::new(13).input("x", &[6, 1, 4]);
    m.init(weights("w", &[1, 32, 4], 1, 0.35))
        .init(weights("r", &[1, 32, 8], 2, 0.35))
        .init(weights("b", &[1, 64], 3, 0.35))
        .init(weights("d", &[1, 8], 4, 0.35))
        .init(support::ints("shape", &[1, 8]))
        .node("LSTM", "x w r b", "y h c", vec![int("hidden_size", 8)])
        .node("Reshape", "h shape", "f", vec![])
        .node("Gemm", "f d", "out", vec![int("transB", 1)])
        .output("out")
}

fn small_lenet() -> Model {
    Model::new(13)
        .input("x", &[1, 1, 12, 12])
        .init(weights("c1", &[3, 1, 3, 3], 1, 0.3))
        .init(weights("c2", &[4, 3, 3, 3], 2, 0.2))
        .init(weights("d1", &[36, 10], 3, 0.15))
        .init(weights("d2", &[10, 3], 4, 0.3))
        .node("Conv", "x c1", "a", vec![list("pads", &[1, 1, 1, 1])])
        .node("Relu", "a", "b", vec![])
        .node("MaxPool", "b", "c", vec![list("kernel_shape", &[2, 2]), list("strides", &[2, 2])])
        .node("Conv", "c c2", "d", vec![list("pads", &[1, 1, 1, 1])])
        .node("Relu", "d", "e", vec![])
        .node("MaxPool", "e", "f", vec![list("kernel_shape", &[2, 2]), list("strides", &[2, 2])])
        .node("Flatten", "f", "g", vec![])
        .node("MatMul", "g d1", "h", vec![])
        .node("Relu", "h", "i", vec![])
        .node("MatMul", "i d2", "y", vec![])
        .output("y")
}

fn samples(model: &OnnxModel, count: usize, seed: u64, size: f32) -> Samples {
    let mut random = Random(seed);
    let mut tensor = |s: &InputSpec| {
        let n = s.shape.iter().product();
        let data = random.list(n, size).into_iter().map(f64::from).collect();
        (s.name.clone(), NamedTensor { shape: s.shape.clone(), data })
    };
    (0..count).map(|_| model.inputs().iter().map(&mut tensor).collect()).collect()
}

#[test]
fn compilation_is_deterministic() {
    for m in [lstm_regressor(), small_lenet()] {
        let (a, b) = (m.compile(-1.0, 1.0).unwrap(), m.compile(-1.0, 1.0).unwrap());
        assert_eq!(a.program.to_bytes(), b.program.to_bytes());
        assert_eq!(a.report, b.report);
    }
}

#[test]
fn all_steps_of_an_lstm_apply_one_matrix() {
    let compiled = lstm_regressor().agrees(1.0, 2e-4);
    let program = &compiled.program;
    assert_eq!(program.matrices().len(), 2);
    assert_eq!((program.matrices()[0].rows, program.matrices()[0].cols), (4 + 8 + 1, 32));
    // One linear and two products a step, and the last layer.
    assert_eq!(program.instructions().len(), 6 * 3 + 1);
    assert!(compiled.report.configuration.table_segments <= 1000);
}

#[test]
fn calibration_narrows_ranges() {
    let model = OnnxModel::from_bytes(&small_lenet().bytes()).unwrap();
    let calibration = samples(&model, 10, 1, 1.0);
    let options = CompileOptions { calibration: Some(calibration), ..CompileOptions::default() };
    let compiled = compile_model(&model, &options).unwrap();
    assert_eq!(compiled.report.ranges.source, "calibration");
    assert!(compiled.report.accuracy.max_relative < 5e-4, "{:e}", compiled.report.accuracy.max_relative);
    let lo = compiled.report.ranges.inputs[0].lo;
    assert!((-1.6..-1.3).contains(&lo), "{lo}");
    // Other data of the same kind runs too.
    for sample in samples(&model, 5, 2, 1.0) {
        compiled.program.run(&quantize_inputs(&compiled.program, &sample).unwrap()).unwrap();
    }
}

/// With ranges from interval arithmetic no input inside the declared range is refused, corners included.
#[test]
fn corners_of_the_input_range_are_accepted() {
    let mut random = Random(11);
    for m in [lstm_regressor(), small_lenet()] {
        let program = m.compile(-1.0, 1.0).unwrap().program;
        let bounds = vouch_program::Interval::from(&program.inputs()[0]);
        for _ in 0..100 {
            let x: Vec<i64> =
                (0..program.input_len()).map(|_| if random.unit() < 0.5 { bounds.lo } else { bounds.hi }).collect();
            program.run(&x).unwrap();
        }
    }
}

#[test]
fn other_limb_sizes_work() {
    let model = OnnxModel::from_bytes(&lstm_regressor().bytes()).unwrap();
    for limb_bits in [8, 9, 11] {
        let options = CompileOptions { ranges: InputRanges::global(-1.0, 1.0), limb_bits, ..CompileOptions::default() };
        let compiled = compile_model(&model, &options).unwrap();
        assert_eq!(compiled.program.limb_bits(), u32::from(limb_bits));
        assert!(compiled.report.accuracy.max_abs < 5e-3, "{limb_bits}: {:e}", compiled.report.accuracy.max_abs);
    }
}

#[test]
fn report_is_serializable_and_complete() {
    let report = lstm_regressor().compile(-1.0, 1.0).unwrap().report;
    let json = serde_json::to_string(&report).unwrap();
    assert_eq!(serde_json::from_str::<vouch_compiler::CompileReport>(&json).unwrap().model, report.model);
    assert_eq!(report.parameters, 32 * 4 + 32 * 8 + 32 + 8);
    assert_eq!(report.onnx_digest.len(), 64);
    assert!(!report.accuracy.scatter.is_empty() && report.accuracy.scatter.len() <= 200);
    // Reports of bundles from before these were there.
    let mut old: serde_json::Value = serde_json::from_str(&json).unwrap();
    assert!(old["accuracy"].as_object_mut().unwrap().remove("sets").is_some());
    assert!(old["configuration"].as_object_mut().unwrap().remove("batch").is_some());
    let old: vouch_compiler::CompileReport = serde_json::from_value(old).unwrap();
    assert_eq!((old.configuration.batch, old.accuracy.sets.len(), old.accuracy.outputs[0].max_error), (1, 0, None));
}

#[test]
fn inputs_are_checked_and_outputs_named() {
    let program = lstm_regressor().compile(-1.0, 1.0).unwrap().program;
    let with = |data: Vec<f64>| NamedTensors::from([("x".to_owned(), NamedTensor { shape: vec![6, 1, 4], data })]);
    let good = quantize_inputs(&program, &with(vec![0.25; 24])).unwrap();
    let outputs = dequantize_outputs(&program, &program.outputs_of(&program.run(&good).unwrap()));
    assert_eq!(outputs["out"].shape, [1, 1]);
    let error = |data| quantize_inputs(&program, &with(data)).unwrap_err();
    assert!(matches!(error(vec![f64::NAN; 24]), InputError::NotFinite { index: 0, .. }));
    assert!(matches!(error(vec![1e300; 24]), InputError::OutOfRange { .. }));
    assert!(matches!(error(vec![1.5; 24]), InputError::OutOfRange { index: 0, value: 1.5, .. }));
    assert!(matches!(error(vec![0.0; 23]), InputError::Length { .. }));
    assert!(matches!(quantize_inputs(&program, &NamedTensors::new()), Err(InputError::Missing { .. })));
    let mut extra = with(vec![0.0; 24]);
    extra.insert("z".into(), extra["x"].clone());
    assert!(matches!(quantize_inputs(&program, &extra), Err(InputError::Unknown { .. })));
}

fn spec(name: &str, shape: &[usize]) -> InputSpec {
    InputSpec { name: name.into(), shape: shape.to_vec(), dtype: ElementType::Float32 }
}

fn npy(descr: &str, shape: &str, body: &[u8]) -> Vec<u8> {
    let header = format!("{{'descr': '{descr}', 'fortran_order': False, 'shape': {shape}, }}\n");
    let mut out = b"\x93NUMPY\x01\x00".to_vec();
    out.extend((header.len() as u16).to_le_bytes());
    out.extend(header.bytes());
    out.extend(body);
    out
}

fn singles(list: &[f32]) -> Vec<u8> {
    list.iter().flat_map(|v| v.to_le_bytes()).collect()
}

#[test]
fn npy_files() {
    let x = [spec("x", &[1, 2])];
    let body = singles(&[1.0, 2.0, 3.0, 4.0, 5.0, 6.0]);
    let samples = data::from_npy(&npy("<f4", "(3, 1, 2)", &body), &x).unwrap();
    assert_eq!(samples.len(), 3);
    assert_eq!(samples[2]["x"].data, [5.0, 6.0]);
    assert_eq!(data::from_npy(&npy("<i2", "(1, 2)", &[1, 0, 255, 255]), &x).unwrap()[0]["x"].data, [1.0, -1.0]);
    assert_eq!(data::from_npy(&npy(">f4", "(2,)", &[63, 128, 0, 0, 0, 0, 0, 0]), &x).unwrap()[0]["x"].data, [1.0, 0.0]);
    let error = |bytes: &[u8]| data::from_npy(bytes, &x).unwrap_err();
    assert!(matches!(error(&npy("<f4", "(3, 1, 2)", &body[..20])), DataError::Truncated { got: 20, expected: 24, .. }));
    assert!(matches!(error(&npy("<c8", "(3, 1, 2)", &body)), DataError::DataType { .. }));
    assert!(matches!(error(&npy("<f4", "(2, 3)", &body)), DataError::Shape { .. }));
    assert!(matches!(error(&npy("<f4", "(5,)", &body[..20])), DataError::Shape { .. }));
    assert!(matches!(error(b"PK"), DataError::Malformed { .. }));
    assert!(matches!(error(&npy("<f4", "(99999999999, 99999999999)", &body)), DataError::Malformed { .. }));
    let broken = npy("<f4", "(1, 2)", &singles(&[1.0, f32::NAN]));
    assert!(matches!(error(&broken), DataError::Input(InputError::NotFinite { index: 1, .. })));
    assert!(matches!(data::from_npy(&broken, &[spec("a", &[1]), spec("b", &[1])]), Err(DataError::Unnamed { .. })));
    let whole = npy("<f4", "(3, 1, 2)", &body);
    (0..whole.len()).for_each(|n| assert!(data::from_npy(&whole[..n], &x).is_err()));
}

#[test]
fn npz_files() {
    let mut zip = zip::ZipWriter::new(std::io::Cursor::new(Vec::new()));
    for (name, list) in [("b.npy", [1.0, 2.0]), ("a.npy", [3.0, 4.0])] {
        zip.start_file(name, zip::write::SimpleFileOptions::default()).unwrap();
        zip.write_all(&npy("<f4", "(2, 1)", &singles(&list))).unwrap();
    }
    let bytes = zip.finish().unwrap().into_inner();
    let specs = [spec("a", &[1]), spec("b", &[1])];
    let samples = data::from_npz(&bytes, &specs).unwrap();
    assert_eq!((samples[1]["a"].data[0], samples[1]["b"].data[0]), (4.0, 2.0));
    assert!(matches!(data::from_npz(&bytes[..40], &specs), Err(DataError::Malformed { .. })));
    assert!(matches!(data::from_npz(&bytes, &specs[..1]), Err(DataError::Input(InputError::Unknown { .. }))));
}

#[test]
fn json_files() {
    let specs = [spec("a", &[1, 2]), spec("b", &[1])];
    let by_name = br#"{"a": [[1, 2.5]], "b": [3]}"#;
    assert_eq!(data::from_json(by_name, &specs).unwrap()[0]["a"].data, [1.0, 2.5]);
    let ezkl = br#"{"input_data": [[1, 2, 3, 4], [5, 6]]}"#;
    let samples = data::from_json(ezkl, &specs).unwrap();
    assert_eq!((samples.len(), samples[1]["a"].data[0], samples[1]["b"].data[0]), (2, 3.0, 6.0));
    let error = |text: &str| data::from_json(text.as_bytes(), &specs).unwrap_err();
    assert!(matches!(error("[1]"), DataError::Malformed { .. }));
    assert!(matches!(error("{"), DataError::Malformed { .. }));
    assert!(matches!(error(r#"{"a": [[1, "x"]], "b": [1]}"#), DataError::Malformed { .. }));
    assert!(matches!(error(r#"{"a": [[1], [1, 2]], "b": [1]}"#), DataError::Malformed { .. }));
    assert!(matches!(error(r#"{"input_data": [[1, 2]]}"#), DataError::Malformed { .. }));
    assert!(matches!(error(r#"{"a": [[1, 2]]}"#), DataError::Input(InputError::Missing { .. })));
    assert!(matches!(error(r#"{"a": [[1, 2], [3, 4]], "b": [1]}"#), DataError::SampleCount { .. }));
    assert!(matches!(error(r#"{"a": [[1, 2, 3]], "b": [1]}"#), DataError::Shape { .. }));
}

#[test]
fn unknown_file_formats() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("x.csv");
    std::fs::write(&path, "1").unwrap();
    assert!(matches!(data::read(&path, &[spec("x", &[1])]), Err(DataError::Format { .. })));
    assert!(matches!(data::read(&folder.path().join("no.npy"), &[spec("x", &[1])]), Err(DataError::Read { .. })));
}

#[test]
fn a_second_use_keeps_the_argument() {
    // z is both an output and the argument of a function, so it cannot be fused away.
    Model::new(13)
        .input("x", &[1, 3])
        .init(weights("w", &[3, 4], 1, 1.0))
        .init(floats("c", &[4], vec![0.5, -1.0, 2.0, 0.0]))
        .node("MatMul", "x w", "z", vec![])
        .node("Sigmoid", "z", "s", vec![])
        .node("Mul", "z s", "silu", vec![])
        .node("Add", "silu c", "y", vec![])
        .output("z")
        .output("y")
        .agrees(2.0, 4e-3);
}
