//! What a model file may hold besides float operators: integers and truth values, open axes, functions, branches and
//! loops, infinities. The right values are ONNX's, worked out by hand.

mod support;

use support::{Model, Type, floats, int, ints, list, node, value_info};
use tract_onnx::pb::{
    AttributeProto, FunctionProto, GraphProto, OperatorSetIdProto, TensorProto, attribute_proto::AttributeType,
};
use vouch_compiler::{
    CompileError, CompileOptions, InputRanges, InputShapes, NamedTensor, NamedTensors, OnnxModel, compile_model, data,
    dequantize_outputs, quantize_inputs,
};

fn typed(mut m: Model, name: &str, dims: &[i64], dtype: Type) -> Model {
    m.graph.input.push(value_info(name, dims, dtype));
    m
}

fn tensors(list: &[(&str, &[usize], &[f64])]) -> NamedTensors {
    let tensor = |(name, shape, data): &(&str, &[usize], &[f64])| {
        ((*name).to_owned(), NamedTensor::new(shape.to_vec(), data.to_vec()).unwrap())
    };
    list.iter().map(tensor).collect()
}

/// Compiles for `inputs` as calibration data, and runs the program on them.
#[track_caller]
fn run(bytes: &[u8], inputs: &NamedTensors) -> NamedTensors {
    let options = CompileOptions { calibration: Some(vec![inputs.clone()]), ..CompileOptions::default() };
    let model = OnnxModel::from_bytes(bytes).unwrap_or_else(|e| panic!("{e}"));
    let compiled = compile_model(&model, &options).unwrap_or_else(|e| panic!("{e}"));
    let program = &compiled.program;
    let integers = quantize_inputs(program, inputs).unwrap();
    let trace = program.run(&integers).unwrap();
    dequantize_outputs(program, &program.outputs_of(&trace))
}

#[track_caller]
fn gives(m: &Model, inputs: &[(&str, &[usize], &[f64])], output: &str, shape: &[usize], expected: &[f64]) {
    let outputs = run(&m.bytes(), &tensors(inputs));
    let got = &outputs[output];
    assert_eq!(got.shape, shape);
    for (got, want) in got.data.iter().zip(expected) {
        assert!((got - want).abs() <= 1e-3 * want.abs().max(1.0), "{got}, expected {want}");
    }
}

fn bools(name: &str, dims: &[i64], data: &[i32]) -> TensorProto {
    TensorProto {
        name: name.into(),
        dims: dims.to_vec(),
        data_type: Type::Bool as i32,
        int32_data: data.to_vec(),
        ..TensorProto::default()
    }
}

fn subgraph(name: &str, graph: GraphProto) -> AttributeProto {
    AttributeProto {
        name: name.into(),
        r#type: AttributeType::Graph as i32,
        g: Some(graph),
        ..AttributeProto::default()
    }
}

#[test]
fn integer_inputs_are_exact() {
    for dtype in [Type::Int8, Type::Uint8, Type::Int16, Type::Int32, Type::Int64] {
        let m = typed(Model::new(13), "x", &[4], dtype).node("Identity", "x", "y", vec![]).output("y");
        let numbers = [0.0, 1.0, 77.0, 126.0];
        let outputs = run(&m.bytes(), &tensors(&[("x", &[4], &numbers)]));
        assert_eq!(outputs["y"].data, numbers, "{dtype:?}");
    }
}

#[test]
fn an_integer_input_takes_no_fraction() {
    let m = typed(Model::new(13), "x", &[2], Type::Int32).node("Identity", "x", "y", vec![]).output("y");
    let model = OnnxModel::from_bytes(&m.bytes()).unwrap();
    let calibration = Some(vec![tensors(&[("x", &[2], &[1.0, 1.5])])]);
    let error = compile_model(&model, &CompileOptions { calibration, ..CompileOptions::default() }).unwrap_err();
    assert!(error.to_string().contains("`x`[1] is 1.5"), "{error}");
}

#[test]
fn truth_values_have_a_range_without_an_option() {
    let m = typed(Model::new(13), "b", &[3], Type::Bool).node("Cast", "b", "y", vec![int("to", 1)]).output("y");
    let model = OnnxModel::from_bytes(&m.bytes()).unwrap();
    let compiled = compile_model(&model, &CompileOptions::default()).unwrap();
    let input = &compiled.program.inputs()[0];
    assert_eq!((input.min, input.max, input.scale), (0, 1, 1.0));
}

#[test]
fn floats_are_cast_to_integers_toward_zero_and_to_truth_values_by_zero() {
    let numbers: &[f64] = &[-2.75, -1.0, -0.25, 0.0, 0.5, 2.0, 3.9];
    let cast = |to: i64| Model::new(13).input("x", &[7]).node("Cast", "x", "y", vec![int("to", to)]).output("y");
    gives(&cast(7), &[("x", &[7], numbers)], "y", &[7], &[-2.0, -1.0, 0.0, 0.0, 0.0, 2.0, 3.0]);
    gives(&cast(9), &[("x", &[7], numbers)], "y", &[7], &[1.0, 1.0, 1.0, 0.0, 1.0, 1.0, 1.0]);
}

#[test]
fn scalars_unused_inputs_and_no_inputs() {
    let scalar = Model::new(13).input("x", &[]).node("Neg", "x", "y", vec![]).output("y");
    gives(&scalar, &[("x", &[], &[1.25])], "y", &[], &[-1.25]);
    let unused = Model::new(13).input("x", &[2]).input("z", &[3]).node("Neg", "x", "y", vec![]).output("y");
    gives(&unused, &[("x", &[2], &[1.0, -2.0]), ("z", &[3], &[1.0, 2.0, 3.0])], "y", &[2], &[-1.0, 2.0]);
    let none = Model::new(13).init(floats("c", &[2], vec![1.5, -2.0])).node("Neg", "c", "y", vec![]).output("y");
    gives(&none, &[], "y", &[2], &[-1.5, 2.0]);
}

#[test]
fn an_initializer_that_is_also_an_input_is_a_constant() {
    let m = Model::new(13).input("x", &[2]).input("w", &[2]).init(floats("w", &[2], vec![2.0, 3.0]));
    let m = m.node("Mul", "x w", "y", vec![]).output("y");
    assert_eq!(OnnxModel::from_bytes(&m.bytes()).unwrap().inputs().len(), 1);
    gives(&m, &[("x", &[2], &[1.0, 2.0])], "y", &[2], &[2.0, 6.0]);
}

#[test]
fn shapes_of_weights_and_inputs_are_folded() {
    let m = Model::new(13)
        .input("x", &[2, 3])
        .init(ints("one", &[1]))
        .init(ints("start", &[0]))
        .node("Shape", "x", "s", vec![])
        .node("Size", "x", "n", vec![])
        .node("Slice", "s start one", "rows", vec![])
        .node("Unsqueeze", "n start", "list", vec![])
        .node("Div", "list rows", "columns", vec![])
        .node("Concat", "columns rows", "shape", vec![int("axis", 0)])
        .node("Reshape", "x shape", "y", vec![])
        .output("y");
    let numbers: &[f64] = &[1.0, 2.0, 3.0, 4.0, 5.0, 6.0];
    gives(&m, &[("x", &[2, 3], numbers)], "y", &[3, 2], numbers);
}

#[test]
fn open_axes_are_fixed_by_options() {
    let m = |dims: &[i64], out: &[i64]| {
        let mut m = Model::new(13).input("x", dims).node("Neg", "x", "y", vec![]);
        m.graph.output.push(value_info("y", out, Type::Float));
        m.bytes()
    };
    let shape = |bytes: &[u8], dims: &[&str], shapes: &[&str]| {
        let mut options = InputShapes::default();
        dims.iter().for_each(|d| options.add_dim(d).unwrap());
        shapes.iter().for_each(|s| options.add_shape(s).unwrap());
        OnnxModel::from_bytes_with(bytes, &options).map(|m| (m.inputs()[0].shape.clone(), m.notes().len()))
    };
    // Symbols are named d1, d2, … for −1, −2, ….
    let batch = m(&[-1, 3], &[-1, 3]);
    assert_eq!(shape(&batch, &[], &[]).unwrap(), (vec![1, 3], 1), "a batch of one, and that is said");
    assert_eq!(shape(&batch, &["d1=4"], &[]).unwrap(), (vec![4, 3], 0));
    assert_eq!(shape(&batch, &[], &["x=2,3"]).unwrap(), (vec![2, 3], 0));
    // The first dimension is time where outputs do not have it.
    let time = m(&[-1, 3], &[1, 3]);
    let error = shape(&time, &[], &[]).unwrap_err();
    assert!(matches!(error, CompileError::DynamicDimension { axis: 0, .. }), "{error}");
    assert!(error.to_string().contains("--dim d1=N"), "{error}");
    assert_eq!(shape(&time, &["d1=7"], &[]).unwrap().0, [7, 3]);
    let two = m(&[-1, -2], &[-1, -2]);
    assert!(shape(&two, &[], &[]).unwrap_err().to_string().contains("--dim d2=N"));
    assert_eq!(shape(&two, &["d2=5"], &[]).unwrap().0, [1, 5]);
    for (dims, shapes) in
        [(vec!["d3=1"], vec![]), (vec![], vec!["z=1,3"]), (vec![], vec!["x=1"]), (vec![], vec!["x=1,4"])]
    {
        let error = shape(&batch, &dims, &shapes).unwrap_err();
        assert!(matches!(error, CompileError::Option { .. }), "{error}");
    }
    assert!(InputShapes::default().add_dim("d1").is_err() && InputShapes::default().add_shape("x=a").is_err());
}

#[test]
fn a_branch_with_a_constant_condition_is_taken() {
    let branch = |op: &str, out: &str| {
        let mut g = GraphProto { name: op.into(), node: vec![node(op, "x", out, vec![])], ..GraphProto::default() };
        g.output.push(value_info(out, &[2], Type::Float));
        g
    };
    for (condition, expected) in [(1, [-1.5, 2.0]), (0, [1.5, 2.0])] {
        let m = Model::new(13).input("x", &[2]).init(bools("c", &[], &[condition]));
        let branches = vec![subgraph("then_branch", branch("Neg", "n")), subgraph("else_branch", branch("Abs", "a"))];
        let m = m.node("If", "c", "y", branches).output("y");
        gives(&m, &[("x", &[2], &[1.5, -2.0])], "y", &[2], &expected);
    }
}

#[test]
fn a_loop_with_a_constant_trip_count_is_unrolled() {
    // s ← s + x, stacked: x, 2x, 3x from s = 0.
    let body = GraphProto {
        name: "body".into(),
        input: vec![
            value_info("i", &[], Type::Int64),
            value_info("go", &[], Type::Bool),
            value_info("s", &[2], Type::Float),
        ],
        node: vec![
            node("Identity", "go", "going", vec![]),
            node("Add", "s x", "next", vec![]),
            node("Identity", "next", "kept", vec![]),
        ],
        output: ["going", "next", "kept"].map(|n| value_info(n, &[2], Type::Float)).to_vec(),
        ..GraphProto::default()
    };
    let scalar = |name: &str, v: i64| TensorProto { dims: vec![], ..ints(name, &[v]) };
    let m = Model::new(13).input("x", &[2]).init(scalar("n", 3)).init(floats("zero", &[2], vec![0.0; 2]));
    let m = m.node("Loop", "n _ zero", "last all", vec![subgraph("body", body)]).output("last").output("all");
    let x: &[(&str, &[usize], &[f64])] = &[("x", &[2], &[1.0, -2.0])];
    gives(&m, x, "last", &[2], &[3.0, -6.0]);
    gives(&m, x, "all", &[3, 2], &[1.0, -2.0, 2.0, -4.0, 3.0, -6.0]);
}

#[test]
fn a_scan_is_unrolled() {
    let body = GraphProto {
        name: "body".into(),
        input: vec![value_info("s", &[2], Type::Float), value_info("v", &[2], Type::Float)],
        node: vec![node("Add", "s v", "next", vec![]), node("Identity", "next", "kept", vec![])],
        output: ["next", "kept"].map(|n| value_info(n, &[2], Type::Float)).to_vec(),
        ..GraphProto::default()
    };
    let m = Model::new(13).input("x", &[3, 2]).init(floats("zero", &[2], vec![0.0; 2]));
    let attributes =
        vec![subgraph("body", body), int("num_scan_inputs", 1), support::list("scan_input_directions", &[1])];
    let m = m.node("Scan", "zero x", "last all", attributes).output("last").output("all");
    let x: &[(&str, &[usize], &[f64])] = &[("x", &[3, 2], &[1.0, 2.0, 3.0, 4.0, 5.0, 6.0])];
    gives(&m, x, "last", &[2], &[9.0, 12.0]);
    gives(&m, x, "all", &[3, 2], &[5.0, 6.0, 8.0, 10.0, 9.0, 12.0]);
}

#[test]
fn functions_of_the_model_are_expanded() {
    let mut leaky = node("LeakyRelu", "a", "b", vec![]);
    leaky.attribute = vec![AttributeProto {
        name: "alpha".into(),
        r#type: AttributeType::Float as i32,
        ref_attr_name: "slope".into(),
        ..AttributeProto::default()
    }];
    let function = FunctionProto {
        name: Some("Twice".into()),
        domain: Some("own".into()),
        input: vec!["a".into()],
        output: vec!["c".into()],
        attribute: vec!["slope".into()],
        node: vec![leaky, node("Add", "b b", "c", vec![])],
        opset_import: vec![OperatorSetIdProto { domain: String::new(), version: 13 }],
        ..FunctionProto::default()
    };
    let mut call = node("Twice", "x", "y", vec![support::float("slope", 0.5)]);
    call.domain = "own".into();
    let mut m = Model::new(13).input("x", &[2]).output("y");
    m.graph.node.push(call);
    let mut proto = m.proto();
    proto.functions = vec![function];
    let outputs = run(&prost::Message::encode_to_vec(&proto), &tensors(&[("x", &[2], &[3.0, -4.0])]));
    for (got, want) in outputs["y"].data.iter().zip([6.0, -4.0]) {
        assert!((got - want).abs() < 4e-3, "{got}, expected {want}");
    }
}

#[test]
fn a_mask_of_infinities_is_what_saturation_makes_of_it() {
    let m = Model::new(13)
        .input("x", &[1, 3])
        .init(floats("mask", &[1, 3], vec![0.0, f32::NEG_INFINITY, 0.0]))
        .node("Add", "x mask", "m", vec![])
        .node("Softmax", "m", "y", vec![int("axis", 1)])
        .output("y");
    let e = 1f64.exp();
    gives(&m, &[("x", &[1, 3], &[0.0, 5.0, 1.0])], "y", &[1, 3], &[1.0 / (1.0 + e), 0.0, e / (1.0 + e)]);
}

#[test]
fn a_computed_mask_of_infinities_is_what_saturation_makes_of_it() {
    // The second mask is that of exporters who multiply by the least float; a row without any key is selected away.
    let least = floats("least", &[], vec![f32::MIN]);
    let m = typed(Model::new(13).input("x", &[1, 3]), "mask", &[1, 3], Type::Bool)
        .init(floats("never", &[], vec![f32::NEG_INFINITY]))
        .init(floats("zero", &[], vec![0.0]))
        .init(floats("one", &[], vec![1.0]))
        .init(least)
        .node("Where", "mask zero never", "bias", vec![])
        .node("Add", "x bias", "m", vec![])
        .node("Softmax", "m", "y", vec![int("axis", 1)])
        .node("Cast", "mask", "f", vec![int("to", Type::Float as i64)])
        .node("Sub", "one f", "open", vec![])
        .node("Mul", "open least", "low", vec![])
        .node("Add", "x low", "n", vec![])
        .node("Softmax", "n", "z", vec![int("axis", 1)])
        .node("Where", "mask x never", "w", vec![])
        .node("ReduceMax", "w", "top", vec![list("axes", &[1])])
        .node("Sigmoid", "w", "v", vec![])
        .output("y")
        .output("z")
        .output("v");
    let e = 1f64.exp();
    let inputs: &[(&str, &[usize], &[f64])] = &[("x", &[1, 3], &[0.0, 5.0, 1.0]), ("mask", &[1, 3], &[1.0, 0.0, 1.0])];
    let expected = [1.0 / (1.0 + e), 0.0, e / (1.0 + e)];
    gives(&m, inputs, "y", &[1, 3], &expected);
    gives(&m, inputs, "z", &[1, 3], &expected);
    gives(&m, inputs, "v", &[1, 3], &[0.5, 0.0, 1.0 / (1.0 + (-1f64).exp())]);
    // It reaches an output, or a sum that is one.
    for (from, op) in [("w", "Identity"), ("top", "Identity"), ("w", "Neg")] {
        let m = m.clone().node(op, from, "out", vec![]).output("out");
        let model = OnnxModel::from_bytes(&m.bytes()).unwrap();
        let calibration = Some(vec![tensors(inputs)]);
        let error = compile_model(&model, &CompileOptions { calibration, ..CompileOptions::default() }).unwrap_err();
        assert!(matches!(&error, CompileError::NotFinite { tensor, .. } if tensor == "out"), "{error}");
    }
    // A model that asks whether a value is infinite or NaN would get another answer.
    for (op, operands) in [("Equal", "top never"), ("IsInf", "w"), ("IsNaN", "y")] {
        let m = m.clone().node(op, operands, "asked", vec![]).output("asked");
        let model = OnnxModel::from_bytes(&m.bytes()).unwrap();
        let calibration = Some(vec![tensors(inputs)]);
        let error = compile_model(&model, &CompileOptions { calibration, ..CompileOptions::default() }).unwrap_err();
        assert!(error.to_string().contains("infinity"), "{op}: {error}");
    }
    // What has no limit there is an error, too.
    let m = m.node("Mul", "w w", "square", vec![]).output("square");
    let model = OnnxModel::from_bytes(&m.bytes()).unwrap();
    let calibration = Some(vec![tensors(inputs)]);
    let error = compile_model(&model, &CompileOptions { calibration, ..CompileOptions::default() }).unwrap_err();
    assert!(error.to_string().contains("infinity"), "{error}");
}

#[test]
fn an_input_without_elements_is_given_and_read() {
    let m = typed(Model::new(18).input("x", &[2, 2]), "axes", &[0], Type::Int64)
        .node("ReduceSum", "x axes", "y", vec![int("keepdims", 0)])
        .output("y");
    gives(&m, &[("x", &[2, 2], &[1.0, 2.0, -4.0, 3.5]), ("axes", &[0], &[])], "y", &[], &[2.5]);
}

#[test]
fn random_inputs_show_that_a_divisor_is_not_zero_and_that_is_said() {
    // The sum of the squares of four numbers is rarely near zero, and never below it.
    let m = Model::new(13)
        .input("x", &[1, 4])
        .node("ReduceSumSquare", "x", "s", vec![list("axes", &[1])])
        .node("Div", "x s", "y", vec![])
        .output("y");
    let compiled = m.compile(0.0, 4.0).unwrap();
    let said = |w: &String| w.contains("random inputs") && w.contains("--calibration");
    assert!(compiled.report.warnings.iter().any(said), "{:?}", compiled.report.warnings);
    let near = tensors(&[("x", &[1, 4], &[1e-3; 4])]);
    let integers = quantize_inputs(&compiled.program, &near).unwrap();
    assert!(compiled.program.run(&integers).is_err(), "out of the range of the guess");
}

#[test]
fn an_infinity_in_an_output_is_an_error_that_says_where() {
    let m = Model::new(13)
        .input("x", &[2])
        .init(floats("mask", &[2], vec![0.0, f32::NEG_INFINITY]))
        .node("Add", "x mask", "y", vec![])
        .output("y");
    let error = m.compile(-1.0, 1.0).unwrap_err().to_string();
    assert!(error.contains("infinity") && error.contains("element 1"), "{error}");
}

#[test]
fn calibration_shows_that_a_divisor_is_not_zero() {
    let m = Model::new(13)
        .input("x", &[1, 2])
        .input("z", &[1, 2])
        .node("Sub", "z x", "d", vec![])
        .node("Div", "x d", "y", vec![])
        .output("y");
    let sample = |x: f64, z: f64| tensors(&[("x", &[1, 2], &[x, -x]), ("z", &[1, 2], &[z, z])]);
    let samples = vec![sample(0.5, 2.0), sample(-0.5, 3.0), sample(0.25, 2.5)];
    let model = OnnxModel::from_bytes(&m.bytes()).unwrap();
    let options = CompileOptions { calibration: Some(samples), ..CompileOptions::default() };
    let compiled = compile_model(&model, &options).unwrap();
    assert!(compiled.report.accuracy.max_abs < 2e-3, "{}", compiled.report.accuracy.max_abs);
    // A divisor of zero is an error when proving.
    let integers = quantize_inputs(&compiled.program, &sample(0.6, 0.6 + 1e-3)).ok();
    assert!(integers.is_none_or(|i| compiled.program.run(&i).is_err()));
    let ranges = InputRanges::global(-1.0, 3.0);
    let error = compile_model(&model, &CompileOptions { ranges, ..CompileOptions::default() }).unwrap_err();
    assert!(error.to_string().contains("the divisor can be zero"), "{error}");
}

#[test]
fn data_files_say_what_is_wrong_where() {
    let m = Model::new(13).input("x", &[1, 3]).node("Neg", "x", "y", vec![]).output("y");
    let inputs = OnnxModel::from_bytes(&m.bytes()).unwrap().inputs().to_vec();
    let error = |text: &str| data::from_json(text.as_bytes(), &inputs).unwrap_err().to_string();
    for (text, words) in [
        ("{\"x\": [[1, NaN, 3]]}", &["NaN at line 1, column 12", "finite"][..]),
        ("{\"x\":\n [[1, -Infinity, 3]]}", &["Infinity at line 2", "finite"]),
        ("{\"x\": [[1, null, 3]]}", &["`x`", "element 1", "null"]),
        ("{\"x\": [[1, \"2\", 3]]}", &["`x`", "element 1", "text"]),
        ("  ", &["empty"]),
    ] {
        let error = error(text);
        assert!(words.iter().all(|w| error.contains(w)), "{error}");
    }
    let read = |text: &str| data::from_json(text.as_bytes(), &inputs).unwrap()[0]["x"].data.clone();
    assert_eq!(read("\u{feff}{\"x\": [[1, 2, 3]]}"), [1.0, 2.0, 3.0]);
    assert_eq!(read("{\"x\": [[true, false, 3]]}"), [1.0, 0.0, 3.0]);
}

#[test]
fn an_input_that_decides_a_shape_is_fixed_by_calibration() {
    let m = typed(Model::new(13).input("x", &[2, 3]), "shape", &[2], Type::Int64);
    let m = m.node("Reshape", "x shape", "y", vec![]).output("y");
    let numbers: &[f64] = &[1.0, 2.0, 3.0, 4.0, 5.0, 6.0];
    gives(&m, &[("x", &[2, 3], numbers), ("shape", &[2], &[3.0, 2.0])], "y", &[3, 2], numbers);
    let model = OnnxModel::from_bytes(&m.bytes()).unwrap();
    let sample = |shape: &[f64]| tensors(&[("x", &[2, 3], numbers), ("shape", &[2], shape)]);
    let with = |samples: Vec<NamedTensors>| {
        compile_model(&model, &CompileOptions { calibration: Some(samples), ..CompileOptions::default() })
    };
    // Another value is refused, even one that is inside the range of the tensor.
    let program = with(vec![sample(&[3.0, 2.0])]).unwrap().program;
    let run = |shape: &[f64]| program.run(&quantize_inputs(&program, &sample(shape)).unwrap());
    assert!(run(&[3.0, 2.0]).is_ok() && run(&[2.0, 3.0]).is_err());
    let error = with(vec![sample(&[3.0, 2.0]), sample(&[2.0, 3.0])]).unwrap_err().to_string();
    assert!(error.contains("`shape` decides it, and differs"), "{error}");
    let ranges = InputRanges::global(0.0, 6.0);
    let error = compile_model(&model, &CompileOptions { ranges, ..CompileOptions::default() }).unwrap_err();
    assert!(error.to_string().contains("--calibration"), "{error}");
}

#[test]
fn a_real_input_that_has_to_be_constant_is_fixed_too() {
    let m = Model::new(13).input("x", &[1, 2]).input("fill", &[]).init(ints("pads", &[0, 1, 0, 0]));
    let m = m.node("Pad", "x pads fill", "y", vec![]).output("y");
    let x: &[f64] = &[1.0, 2.0];
    let bytes = m.bytes();
    let sample = |fill: f64| tensors(&[("x", &[1, 2], x), ("fill", &[], &[fill])]);
    let model = OnnxModel::from_bytes(&bytes).unwrap();
    let options = CompileOptions { calibration: Some(vec![sample(0.3)]), ..CompileOptions::default() };
    let program = compile_model(&model, &options).unwrap().program;
    let run = |fill: f64| quantize_inputs(&program, &sample(fill)).ok().and_then(|i| program.run(&i).ok());
    let outputs = dequantize_outputs(&program, &program.outputs_of(&run(0.3).unwrap()));
    for (got, want) in outputs["y"].data.iter().zip([0.3, 1.0, 2.0]) {
        assert!((got - want).abs() < 1e-3, "{got}, expected {want}");
    }
    assert!(run(0.301).is_none() && run(0.299).is_none());
}
