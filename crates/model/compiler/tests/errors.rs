//! Broken, hostile and unsupported models and options: each is a typed error, none a panic.

mod support;

#[allow(unreachable_pub, reason = "the fuzz target uses it, too")]
#[path = "../fuzz/bodies.rs"]
mod bodies;

use prost::Message;
use support::{Model, Random, Type, floats, int, list, node, unary, value_info, weights};
use tract_onnx::pb::{
    AttributeProto, GraphProto, ModelProto, StringStringEntryProto, TensorProto, TypeProto, ValueInfoProto,
    attribute_proto::AttributeType,
};
use vouch_compiler::{
    CompileError, CompileOptions, InputRanges, NamedTensor, NamedTensors, OnnxModel, compile, compile_model,
};

fn gemm() -> Model {
    let m = Model::new(13).input("x", &[1, 4]).init(weights("w", &[4, 3], 1, 1.0));
    m.node("Gemm", "x w", "y", vec![]).output("y")
}

#[track_caller]
fn load_error(bytes: &[u8]) -> CompileError {
    match OnnxModel::from_bytes(bytes) {
        Err(e) => e,
        Ok(_) => panic!("it loads"),
    }
}

#[test]
fn missing_file() {
    let error = compile("/nonexistent/model.onnx".as_ref(), &CompileOptions::default()).unwrap_err();
    assert!(matches!(error, CompileError::Read { .. }));
}

#[test]
fn truncated_and_random_files() {
    let bytes = gemm().bytes();
    for n in 0..bytes.len() {
        // Some prefixes are models without a graph or an operator set; none may panic.
        if let Ok(model) = OnnxModel::from_bytes(&bytes[..n]) {
            _ = compile_model(
                &model,
                &CompileOptions { ranges: InputRanges::global(-1.0, 1.0), ..CompileOptions::default() },
            );
        }
    }
    assert!(matches!(load_error(&bytes[..bytes.len() / 2]), CompileError::Decode { .. }));
}

/// Models with randomly changed bytes.
#[test]
fn mutated_files_do_not_panic() {
    let rounds = std::env::var("VOUCH_FUZZ_ROUNDS").ok().and_then(|v| v.parse().ok()).unwrap_or(40);
    let recurrent = |op: &str, gates: i64| {
        let m = Model::new(14).input("x", &[2, 1, 3]).init(weights("w", &[1, gates * 2, 3], 1, 0.8));
        let m = m.init(weights("r", &[1, gates * 2, 2], 2, 0.5)).init(weights("b", &[1, gates * 4], 3, 0.5));
        m.node(op, "x w r b", "y h", vec![int("hidden_size", 2)]).output("h")
    };
    let conv = Model::new(13)
        .input("x", &[1, 2, 5, 5])
        .init(weights("w", &[2, 2, 2, 2], 1, 0.5))
        .node("Conv", "x w", "c", vec![list("pads", &[1, 0, 0, 1]), list("strides", &[2, 1])])
        .node("MaxPool", "c", "p", vec![list("kernel_shape", &[2, 2]), list("pads", &[1, 0, 0, 1])])
        .node("AveragePool", "p", "a", vec![list("kernel_shape", &[1, 2])])
        .node("Softmax", "a", "y", vec![int("axis", -1)])
        .output("y");
    let layout = Model::new(13)
        .input("x", &[2, 3, 4])
        .init(support::ints("s", &[1]))
        .init(support::ints("e", &[3]))
        .init(support::ints("t", &[3, -1]))
        .init(support::ints("q", &[1, 0, 2, 0, 1, 1]))
        .node("Slice", "x s e s", "a", vec![])
        .node("Pad", "a q", "b", vec![])
        .node("Transpose", "b", "c", vec![list("perm", &[2, 0, 1])])
        .node("Gather", "c s", "d", vec![int("axis", 1)])
        .node("Concat", "d d", "f", vec![int("axis", 0)])
        .node("Split", "f", "g h", vec![int("axis", 0)])
        .node("ReduceSum", "g s", "i", vec![])
        .node("Reshape", "i t", "y", vec![])
        .output("y");
    // Integers, computed shapes, branches and loops.
    let body = GraphProto {
        name: "body".into(),
        input: ["i", "go", "s"].map(|n| value_info(n, &[], Type::Float)).to_vec(),
        node: vec![node("Identity", "go", "going", vec![]), node("Add", "s x", "next", vec![])],
        output: ["going", "next"].map(|n| value_info(n, &[], Type::Float)).to_vec(),
        ..GraphProto::default()
    };
    let graph = |name: &str, g: &GraphProto| AttributeProto {
        name: name.into(),
        r#type: AttributeType::Graph as i32,
        g: Some(g.clone()),
        ..AttributeProto::default()
    };
    let branch = GraphProto {
        node: vec![node("Neg", "last", "n", vec![])],
        output: vec![value_info("n", &[], Type::Float)],
        ..GraphProto::default()
    };
    let branches = vec![graph("then_branch", &branch), graph("else_branch", &branch)];
    let mut control = Model::new(13).input("x", &[2, 2]).init(support::ints("n", &[3])).init(support::ints("k", &[0]));
    control.graph.input.push(value_info("id", &[2], Type::Int64));
    let control = control
        .node("Shape", "x", "shape", vec![])
        .node("ConstantOfShape", "shape", "zero", vec![])
        .node("Loop", "n _ zero", "last", vec![graph("body", &body)])
        .node("If", "k", "branch", branches)
        .node("Cast", "branch", "rounded", vec![int("to", 7)])
        .node("Cast", "id", "number", vec![int("to", 1)])
        .node("Cast", "rounded", "real", vec![int("to", 1)])
        .node("Add", "real number", "y", vec![])
        .output("y");
    let mut random = Random(9);
    for m in [control, gemm(), recurrent("LSTM", 4), recurrent("GRU", 3), recurrent("RNN", 1), conv, layout] {
        m.compile(-1.0, 1.0).unwrap_or_else(|e| panic!("{e}"));
        let bytes = m.bytes();
        for _ in 0..rounds {
            let mut broken = bytes.clone();
            for _ in 0..1 + (random.unit() * 3.0) as usize {
                let at = (random.unit() * broken.len() as f32) as usize % broken.len();
                broken[at] = if random.unit() < 0.5 { (random.unit() * 256.0) as u8 } else { broken[at] ^ 1 };
            }
            bodies::import(&broken);
        }
    }
}

#[test]
fn no_graph_no_output_undefined_and_duplicate_names() {
    let no_graph = ModelProto { graph: None, ..gemm().proto() };
    assert!(matches!(load_error(&no_graph.encode_to_vec()), CompileError::Malformed { .. }));
    let mut m = gemm();
    m.graph.output.clear();
    assert!(matches!(load_error(&m.bytes()), CompileError::Malformed { .. }));
    let m = gemm().node("Relu", "nowhere", "z", vec![]);
    assert!(load_error(&m.bytes()).to_string().contains("nowhere"));
    let m = gemm().node("Relu", "x", "y", vec![]);
    assert!(load_error(&m.bytes()).to_string().contains("twice"));
    assert!(matches!(load_error(&gemm().output("ghost").bytes()), CompileError::Malformed { .. }));
    let none = ModelProto { opset_import: vec![], ..gemm().proto() };
    assert!(load_error(&none.encode_to_vec()).to_string().contains("operator set"));
}

#[test]
fn cycle() {
    let m =
        Model::new(13).input("x", &[1, 2]).node("Add", "x b", "a", vec![]).node("Relu", "a", "b", vec![]).output("b");
    assert!(matches!(load_error(&m.bytes()), CompileError::Cycle { .. }));
}

#[test]
fn nodes_in_any_order() {
    let m = Model::new(13).input("x", &[1, 2]).node("Relu", "a", "y", vec![]).node("Neg", "x", "a", vec![]).output("y");
    m.agrees(1.0, 1e-3);
}

#[test]
fn external_data() {
    let folder = tempfile::tempdir().unwrap();
    let pair = |key: &str, value: &str| StringStringEntryProto { key: key.into(), value: value.into() };
    let model = |location: &str, length: &str| {
        let mut m = gemm();
        m.graph.initializer[0] = TensorProto {
            name: "w".into(),
            dims: vec![4, 3],
            data_type: Type::Float as i32,
            data_location: Some(1),
            external_data: vec![pair("location", location), pair("offset", "4"), pair("length", length)],
            ..TensorProto::default()
        };
        let path = folder.path().join("model.onnx");
        std::fs::write(&path, m.bytes()).unwrap();
        path
    };
    let data: Vec<u8> = (0..13).flat_map(|i| (i as f32 * 0.1).to_le_bytes()).collect();
    std::fs::write(folder.path().join("w.bin"), &data).unwrap();
    std::fs::write(folder.path().join("short.bin"), &data[..20]).unwrap();
    for (location, length) in
        [("gone.bin", "48"), ("../w.bin", "48"), ("/etc/passwd", "48"), ("short.bin", "48"), ("w.bin", "44")]
    {
        let error = OnnxModel::load(&model(location, length)).unwrap_err();
        assert!(matches!(error, CompileError::ExternalData { .. }), "{error}");
    }
    let options = CompileOptions { ranges: InputRanges::global(-1.0, 1.0), ..CompileOptions::default() };
    let compiled = compile(&model("w.bin", "48"), &options).unwrap();
    assert_eq!(compiled.report.accuracy.oracle, "tract");
    assert!(compiled.report.accuracy.max_abs < 1e-3);
}

#[test]
fn absurd_dimensions() {
    let mut m = gemm();
    m.graph.initializer[0].dims = vec![1 << 40, 1 << 40];
    assert!(matches!(load_error(&m.bytes()), CompileError::Dimensions { .. }));
    m.graph.initializer[0].dims = vec![-4, 3];
    assert!(matches!(load_error(&m.bytes()), CompileError::Dimensions { .. }));
    m.graph.initializer[0].dims = vec![4, 4];
    assert!(matches!(load_error(&m.bytes()), CompileError::Dimensions { .. }));
    let m = unary("Relu", 13, &[1 << 20, 1 << 20], vec![]);
    assert!(matches!(load_error(&m.bytes()), CompileError::Dimensions { .. }));
    assert!(unary("Relu", 13, &[1, 0], vec![]).compile(-1.0, 1.0).is_err(), "a program without outputs");
    // A result that is too large.
    let m =
        Model::new(13).input("x", &[1 << 14, 1]).input("z", &[1, 1 << 14]).node("Add", "x z", "y", vec![]).output("y");
    assert!(matches!(m.compile(-1.0, 1.0).unwrap_err(), CompileError::Dimensions { .. }));
}

#[test]
fn dynamic_dimensions() {
    let batch = unary("Relu", 13, &[-1, 3], vec![]);
    assert_eq!(OnnxModel::from_bytes(&batch.bytes()).unwrap().inputs()[0].shape, [1, 3]);
    let error = load_error(&unary("Relu", 13, &[1, -2], vec![]).bytes());
    assert!(matches!(error, CompileError::DynamicDimension { axis: 1, .. }), "{error}");
}

#[test]
fn weights_must_be_finite() {
    for value in [f32::NAN, f32::INFINITY] {
        let mut m = gemm();
        m.graph.initializer[0].float_data[5] = value;
        assert!(matches!(m.compile(-1.0, 1.0).unwrap_err(), CompileError::NotFinite { index: 5, .. }));
    }
}

#[test]
fn element_types() {
    let mut m = gemm();
    m.graph.input[0] = value_info("x", &[1, 4], Type::String);
    assert!(matches!(load_error(&m.bytes()), CompileError::DataType { .. }));
    let mut m = gemm();
    m.graph.initializer[0].data_type = Type::String as i32;
    assert!(matches!(load_error(&m.bytes()), CompileError::DataType { .. }));
    let mut m = gemm();
    m.graph.input[0] =
        ValueInfoProto { name: "x".into(), r#type: Some(TypeProto::default()), ..ValueInfoProto::default() };
    assert!(matches!(load_error(&m.bytes()), CompileError::Malformed { .. }));
    // Double and half weights are read.
    let mut m = gemm();
    m.graph.initializer[0] = TensorProto {
        name: "w".into(),
        dims: vec![4, 3],
        data_type: Type::Double as i32,
        double_data: vec![0.5; 12],
        ..TensorProto::default()
    };
    m.compile(-1.0, 1.0).unwrap();
}

#[test]
fn unsupported_operators_are_named() {
    let error = unary("Bernoulli", 15, &[1, 2], vec![]).compile(-1.0, 1.0).unwrap_err();
    let CompileError::UnsupportedOperator { node, operator, .. } = &error else { panic!("{error}") };
    assert_eq!((node.as_str(), operator.as_str()), ("y", "Bernoulli"));
    let mut m = unary("Relu", 13, &[1, 2], vec![]);
    m.graph.node[0].domain = "com.example".into();
    assert!(matches!(m.compile(-1.0, 1.0).unwrap_err(), CompileError::UnsupportedOperator { .. }));
}

#[test]
fn operators_used_wrongly() {
    let conv = |x: &[i64], w: &[i64], attributes| {
        let m = Model::new(13).input("x", x).init(weights("w", w, 1, 1.0));
        m.node("Conv", "x w", "y", attributes).output("y")
    };
    let cases = vec![
        conv(&[1, 2, 4, 4], &[3, 3, 2, 2], vec![]),
        conv(&[1, 2, 4, 4], &[3, 2, 5, 5], vec![]),
        conv(&[1, 2, 4, 4], &[3, 2, 2, 2], vec![list("strides", &[0, 1])]),
        conv(&[1, 2, 4, 4], &[3, 2, 2, 2], vec![int("group", 0)]),
        conv(&[1, 2, 4, 4], &[3, 2, 2, 2], vec![list("pads", &[-1, 0, 0, 0])]),
        conv(&[1, 1, 2, 2, 2], &[1, 1, 2, 2], vec![]),
        unary("Transpose", 13, &[2, 3], vec![list("perm", &[0, 0])]),
        unary("Flatten", 13, &[2, 3], vec![int("axis", 7)]),
        unary("MaxPool", 13, &[1, 1, 4, 4], vec![]),
        unary("Softmax", 13, &[2, 3], vec![int("axis", 2)]),
        Model::new(13)
            .input("x", &[2, 3])
            .init(weights("w", &[4, 2], 1, 1.0))
            .node("MatMul", "x w", "y", vec![])
            .output("y"),
        Model::new(13).input("x", &[2, 3]).init(weights("w", &[2], 1, 1.0)).node("Add", "x w", "y", vec![]).output("y"),
        Model::new(13)
            .input("x", &[2, 3])
            .init(floats("z", &[], vec![0.0]))
            .node("Div", "x z", "y", vec![])
            .output("y"),
        Model::new(13).input("x", &[2, 3]).node("Relu", "_", "y", vec![]).output("y"),
        Model::new(13).input("x", &[2, 3]).node("Reshape", "x x", "y", vec![]).output("y"),
    ];
    for m in cases {
        let error = m.compile(-1.0, 1.0).unwrap_err();
        assert!(matches!(error, CompileError::Operator { .. }), "{error}");
    }
}

#[test]
fn wrong_attribute_type() {
    let mut m = unary("Softmax", 13, &[2, 3], vec![]);
    m.graph.node[0] = node("Softmax", "x", "y", vec![support::float("axis", 1.0)]);
    assert!(matches!(m.compile(-1.0, 1.0).unwrap_err(), CompileError::Operator { .. }));
}

#[test]
fn ranges_and_options() {
    let model = OnnxModel::from_bytes(&gemm().bytes()).unwrap();
    let with = |ranges: InputRanges| {
        compile_model(&model, &CompileOptions { ranges, ..CompileOptions::default() }).unwrap_err()
    };
    assert!(matches!(with(InputRanges::default()), CompileError::MissingRange { .. }));
    assert!(matches!(with(InputRanges::global(1.0, -1.0)), CompileError::Range { .. }));
    assert!(matches!(with(InputRanges::global(f64::NAN, 1.0)), CompileError::Range { .. }));
    assert!(matches!(with(InputRanges::default().with("nobody", 0.0, 1.0)), CompileError::Option { .. }));
    let wrong = |change: fn(&mut CompileOptions)| {
        let mut options = CompileOptions { ranges: InputRanges::global(-1.0, 1.0), ..CompileOptions::default() };
        change(&mut options);
        matches!(compile_model(&model, &options), Err(CompileError::Option { .. }))
    };
    assert!(wrong(|o| o.limb_bits = 3));
    assert!(wrong(|o| o.margin = f64::NAN));
    assert!(wrong(|o| o.target_error = 0.0));
    assert!(wrong(|o| o.samples = 0));
    assert!(wrong(|o| o.calibration = Some(vec![])));
    let mut ranges = InputRanges::default();
    ranges.add("-1,2.5").unwrap();
    ranges.add("x=0,1").unwrap();
    assert_eq!((ranges.of("x"), ranges.of("z")), (Some((0.0, 1.0)), Some((-1.0, 2.5))));
    assert!(ranges.add("1;2").is_err());
}

#[test]
fn calibration_samples_must_fit() {
    let model = OnnxModel::from_bytes(&gemm().bytes()).unwrap();
    let sample = |data: Vec<f64>| NamedTensors::from([("x".to_owned(), NamedTensor { shape: vec![1, 4], data })]);
    for bad in [sample(vec![1.0; 3]), sample(vec![f64::NAN; 4]), NamedTensors::new()] {
        let options = CompileOptions { calibration: Some(vec![bad]), ..CompileOptions::default() };
        assert!(matches!(compile_model(&model, &options), Err(CompileError::Sample { sample: 0, .. })));
    }
}

#[test]
fn a_divisor_that_can_be_zero() {
    let m = Model::new(13).input("x", &[1, 2]).input("z", &[1, 2]).node("Div", "x z", "y", vec![]).output("y");
    assert!(matches!(m.compile(-1.0, 1.0).unwrap_err(), CompileError::Precision { .. }));
    m.agrees_on(1.0, 3.0, 3e-3);
}

#[test]
fn schema_metadata() {
    let with = |value: &str| {
        let entry = StringStringEntryProto { key: "vouch.schema".into(), value: value.into() };
        OnnxModel::from_bytes(&ModelProto { metadata_props: vec![entry], ..gemm().proto() }.encode_to_vec())
    };
    let text = r#"{"inputs":[{"name":"x","unit":"V","description":"voltage","min":-2,"max":2}],"outputs":[{"name":"y","unit":"A"}]}"#;
    let compiled = compile_model(&with(text).unwrap(), &CompileOptions::default()).unwrap();
    assert_eq!(compiled.program.inputs()[0].unit, "V");
    assert_eq!(compiled.program.outputs()[0].unit, "A");
    assert_eq!(compiled.report.ranges.inputs[0].source, "schema");
    assert!(matches!(with("{"), Err(CompileError::Schema { .. })));
}
