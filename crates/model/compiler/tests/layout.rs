//! Layout operators, elementwise arithmetic and constants against tract.

mod support;

use support::{Model, Type, floats, int, ints, list, unary, value_info, weights};
use vouch_compiler::{
    CompileError, CompileOptions, InputRanges, NamedTensor, NamedTensors, OnnxModel, compile_model, dequantize_outputs,
    quantize_inputs,
};

/// One operator with constant integer operands.
#[track_caller]
fn with_ints(op: &str, opset: i64, x: &[i64], operands: &[&[i64]], attributes: Vec<tract_onnx::pb::AttributeProto>) {
    let mut m = Model::new(opset).input("x", x);
    let mut names = "x".to_owned();
    for (i, list) in operands.iter().enumerate() {
        m = m.init(ints(&format!("i{i}"), list));
        names += &format!(" i{i}");
    }
    m.node(op, &names, "y", attributes).output("y").agrees(1.0, 2e-3);
}

#[test]
fn reshape_flatten_transpose() {
    with_ints("Reshape", 13, &[2, 3, 4], &[&[0, -1]], vec![]);
    with_ints("Reshape", 13, &[2, 3, 4], &[&[4, 0, 2]], vec![]);
    with_ints("Reshape", 13, &[2, 3, 4], &[&[24]], vec![]);
    unary("Flatten", 13, &[2, 3, 4], vec![]).agrees(1.0, 2e-3);
    unary("Flatten", 13, &[2, 3, 4], vec![int("axis", 2)]).agrees(1.0, 2e-3);
    unary("Flatten", 13, &[2, 3, 4], vec![int("axis", 0)]).agrees(1.0, 2e-3);
    unary("Transpose", 13, &[2, 3, 4], vec![]).agrees(1.0, 2e-3);
    unary("Transpose", 13, &[2, 3, 4], vec![list("perm", &[1, 0, 2])]).agrees(1.0, 2e-3);
}

#[test]
fn squeeze_and_unsqueeze() {
    with_ints("Squeeze", 13, &[1, 3, 1], &[&[-1]], vec![]);
    with_ints("Unsqueeze", 13, &[2, 3], &[&[0, -1]], vec![]);
    unary("Squeeze", 11, &[1, 3, 1], vec![list("axes", &[0])]).agrees(1.0, 2e-3);
    // Without axes tract refuses; the program is compared with the crate's own float run.
    let report = unary("Squeeze", 11, &[1, 3, 1], vec![]).compile(-1.0, 1.0).unwrap().report;
    assert_eq!((report.accuracy.oracle.as_str(), report.warnings.len()), ("graph", 1));
    unary("Unsqueeze", 11, &[2, 3], vec![list("axes", &[1])]).agrees(1.0, 2e-3);
}

#[test]
fn slice() {
    with_ints("Slice", 13, &[4, 5], &[&[1], &[3], &[1]], vec![]);
    with_ints("Slice", 13, &[4, 5], &[&[-3, 0], &[i64::MAX, -1]], vec![]);
    with_ints("Slice", 13, &[4, 5], &[&[-1], &[i64::MIN], &[1], &[-2]], vec![]);
    with_ints("Slice", 13, &[4, 5], &[&[0, 1], &[4, 5], &[0, 1], &[3, 2]], vec![]);
    unary("Slice", 9, &[4, 5], vec![list("starts", &[1]), list("ends", &[-1]), list("axes", &[0])]).agrees(1.0, 2e-3);
}

#[test]
fn concat_split_gather() {
    Model::new(13)
        .input("a", &[2, 3])
        .input("b", &[2, 1])
        .init(weights("c", &[2, 2], 4, 1.0))
        .node("Concat", "a b c", "y", vec![int("axis", -1)])
        .output("y")
        .agrees(1.0, 2e-3);
    for (opset, names, attributes) in [
        (13, "x", vec![int("axis", 1)]),
        (13, "x parts", vec![int("axis", 1)]),
        (11, "x", vec![int("axis", 1), list("split", &[1, 3])]),
    ] {
        let m = Model::new(opset).input("x", &[2, 4]).init(ints("parts", &[3, 1]));
        m.node("Split", names, "p q", attributes).output("p").output("q").agrees(1.0, 2e-3);
    }
    with_ints("Gather", 13, &[3, 4], &[&[2, 0, -1]], vec![]);
    with_ints("Gather", 13, &[3, 4], &[&[3, 3]], vec![int("axis", 1)]);
}

#[test]
fn pad() {
    with_ints("Pad", 13, &[2, 3], &[&[0, 1, 1, 2]], vec![]);
    Model::new(13)
        .input("x", &[2, 3])
        .init(ints("pads", &[1, 0, 0, 2]))
        .init(floats("value", &[], vec![0.5]))
        .node("Pad", "x pads value", "y", vec![])
        .output("y")
        .agrees(1.0, 2e-3);
    unary("Pad", 10, &[2, 3], vec![list("pads", &[0, 1, 0, 0])]).agrees(1.0, 2e-3);
}

#[test]
fn arithmetic_with_constants_and_activations() {
    for op in ["Add", "Sub", "Mul"] {
        let m = || Model::new(13).input("x", &[2, 3]).input("z", &[1, 3]).init(weights("c", &[2, 1], 6, 2.0));
        m().node(op, "x z", "y", vec![]).output("y").agrees(2.0, 4e-3);
        m().node(op, "x c", "t", vec![]).node(op, "t z", "y", vec![]).output("y").agrees(2.0, 1e-2);
        m().node(op, "c x", "t", vec![]).node(op, "t z", "y", vec![]).output("y").agrees(2.0, 1e-2);
    }
    let m = Model::new(13).input("x", &[2, 3]).init(floats("c", &[3], vec![0.3, -4.0, 2.0]));
    m.node("Div", "x c", "y", vec![]).output("y").agrees(2.0, 5e-3);
    let m = Model::new(13).input("x", &[2, 3]).init(floats("two", &[], vec![2.0]));
    m.node("Pow", "x two", "y", vec![]).output("y").agrees(2.0, 5e-3);
}

#[test]
fn operands_with_different_scales() {
    // A function value and an input in one sum, in one maximum and in one tensor.
    Model::new(13)
        .input("x", &[1, 1, 4])
        .node("Tanh", "x", "t", vec![])
        .node("Add", "x t", "s", vec![])
        .node("Concat", "s t x", "c", vec![int("axis", 2)])
        .node("MaxPool", "c", "y", vec![list("kernel_shape", &[2])])
        .output("y")
        .agrees(2.0, 4e-3);
}

#[test]
fn constants_fold() {
    // The target of the reshape is computed from the input's shape.
    Model::new(13)
        .input("x", &[2, 3, 4])
        .init(ints("first", &[0]))
        .init(ints("rest", &[-1]))
        .node("Shape", "x", "s", vec![])
        .node("Gather", "s first", "n", vec![])
        .node("Concat", "n rest", "t", vec![int("axis", 0)])
        .node("Reshape", "x t", "r", vec![])
        .node("ConstantOfShape", "n", "zero", vec![])
        .node("Unsqueeze", "zero rest", "z", vec![])
        .node("Cast", "r", "f", vec![int("to", 1)])
        .node("Dropout", "f", "d", vec![])
        .node("Identity", "d", "i", vec![])
        .node("Add", "i z", "y", vec![])
        .output("y")
        .agrees(1.0, 2e-3);
}

#[test]
fn a_constant_output() {
    let m = Model::new(13).input("x", &[1, 2]).init(weights("c", &[2], 1, 1.0));
    let m = m.node("Relu", "x", "y", vec![]).node("Relu", "c", "k", vec![]).output("y").output("k");
    m.agrees(1.0, 2e-3);
}

#[test]
fn forms_of_other_operator_sets_are_refused() {
    for m in [
        unary("Squeeze", 13, &[1, 3], vec![list("axes", &[0])]),
        unary("Split", 13, &[4], vec![list("split", &[1, 3])]),
        unary("Clip", 13, &[4], vec![support::float("min", 0.0)]),
        unary("Pad", 13, &[4], vec![list("pads", &[0, 1])]),
        unary("Slice", 13, &[4], vec![list("starts", &[0]), list("ends", &[1])]),
        Model::new(11).input("x", &[1, 3]).init(ints("a", &[0])).node("Squeeze", "x a", "y", vec![]).output("y"),
    ] {
        let error = m.compile(-1.0, 1.0).unwrap_err();
        assert!(matches!(error, CompileError::Operator { .. }), "{error}");
    }
}

/// The index a + b into an axis of three elements, or the error of the run.
fn at_index(op: &str, index: &[i64], a: f64, b: f64) -> Result<Vec<f64>, String> {
    let mut m = Model::new(16).input("x", &[3]);
    for name in ["a", "b"] {
        m.graph.input.push(value_info(name, index, Type::Int64));
    }
    let operands = if op.starts_with("Scatter") { "x i u" } else { "x i" };
    let m = m
        .init(floats("u", &[1], vec![-3.5]))
        .node("Add", "a b", "i", vec![])
        .node(op, operands, "y", vec![])
        .output("y");
    let ranges = InputRanges::default().with("x", -4.0, 4.0).with("a", -3.0, 3.0).with("b", -3.0, 3.0);
    let tensor = |shape: &[i64], data: &[f64]| {
        NamedTensor::new(shape.iter().map(|&d| d as usize).collect(), data.to_vec()).unwrap()
    };
    let inputs = |a: f64, b: f64| {
        NamedTensors::from([
            ("x".to_owned(), tensor(&[3], &[0.5, -1.5, 2.5])),
            ("a".to_owned(), tensor(index, &[a])),
            ("b".to_owned(), tensor(index, &[b])),
        ])
    };
    let calibration = Some(vec![inputs(0.0, 0.0), inputs(1.0, 1.0), inputs(-2.0, -1.0)]);
    let model = OnnxModel::from_bytes(&m.bytes()).unwrap();
    let options = CompileOptions { ranges, calibration, ..CompileOptions::default() };
    let program = compile_model(&model, &options).unwrap().program;
    let inputs = inputs(a, b);
    let trace = program.run(&quantize_inputs(&program, &inputs).unwrap()).map_err(|e| e.to_string())?;
    Ok(dequantize_outputs(&program, &program.outputs_of(&trace))["y"].data.clone())
}

#[test]
fn computed_indices_are_inside_the_axis_or_there_is_no_run() {
    let x = [0.5, -1.5, 2.5];
    for (op, index) in [
        ("Gather", &[1][..]),
        ("GatherElements", &[1]),
        ("GatherND", &[1, 1]),
        ("ScatterElements", &[1]),
        ("ScatterND", &[1, 1]),
    ] {
        // The element that counts, and the sums that reach it from either end.
        for (a, b, place) in [(0.0, 0.0, 0), (1.0, 1.0, 2), (-1.0, -2.0, 0), (0.0, -1.0, 2), (3.0, -2.0, 1)] {
            let got = at_index(op, index, a, b).unwrap_or_else(|e| panic!("{op} at {a} + {b}: {e}"));
            let want = if op.starts_with("Scatter") {
                x.iter().enumerate().map(|(i, &v)| if i == place { -3.5 } else { v }).collect()
            } else {
                vec![x[place]]
            };
            let near =
                got.len() == want.len() && got.iter().zip(&want).all(|(g, w): (&f64, &f64)| (g - w).abs() < 1e-2);
            assert!(near, "{op} at {a} + {b}: {got:?}, expected {want:?}");
        }
        for (a, b) in [(2.0, 1.0), (3.0, 3.0), (-3.0, -1.0), (-3.0, -3.0)] {
            let error = at_index(op, index, a, b).expect_err(&format!("{op} at {a} + {b}"));
            assert!(error.contains("outside its range"), "{op}: {error}");
        }
    }
}

/// Slices of a constant at computed indices, or the error of the run.
fn of_constant(rows: i64, axis: i64, indices: &[f64]) -> Result<Vec<f64>, String> {
    let shape = if axis == 0 { [rows, 5] } else { [5, rows] };
    let mut m = Model::new(16);
    m.graph.input.push(value_info("a", &[2, indices.len() as i64 / 2], Type::Int64));
    let m = m.init(weights("t", &shape, 3, 2.0)).node("Gather", "t a", "y", vec![int("axis", axis)]).output("y");
    let model = OnnxModel::from_bytes(&m.bytes()).unwrap();
    let program = compile_model(&model, &CompileOptions::default()).unwrap().program;
    let selects = program.instructions().iter().filter(|i| matches!(i, vouch_program::Instruction::Select(_)));
    assert_eq!(selects.count(), 1, "{rows} rows");
    let indices = NamedTensor::new(vec![2, indices.len() / 2], indices.to_vec()).unwrap();
    let inputs = NamedTensors::from([("a".to_owned(), indices)]);
    let integers = quantize_inputs(&program, &inputs).map_err(|e| e.to_string())?;
    let trace = program.run(&integers).map_err(|e| e.to_string())?;
    Ok(dequantize_outputs(&program, &program.outputs_of(&trace))["y"].data.clone())
}

#[test]
fn rows_of_a_constant_are_selected() {
    for (rows, count) in [(200usize, 48usize), (3000, 4)] {
        let last = (rows - 1) as f64;
        // As the test's weights are made.
        let all: Vec<f64> = weights("t", &[rows as i64 * 5], 3, 2.0).float_data.iter().map(|v| f64::from(*v)).collect();
        let mut indices: Vec<f64> = (0..count).map(|i| (i * i % rows) as f64).collect();
        indices[..2].copy_from_slice(&[last, 0.0]);
        for axis in [0i64, 1] {
            let got = of_constant(rows as i64, axis, &indices).unwrap();
            let places: Vec<(usize, usize)> = if axis == 0 {
                indices.iter().flat_map(|&i| (0..5).map(move |c| (i as usize, c))).collect()
            } else {
                (0..5).flat_map(|c| indices.iter().map(move |&i| (i as usize, c))).collect()
            };
            let at = |&(i, c): &(usize, usize)| if axis == 0 { all[i * 5 + c] } else { all[c * rows + i] };
            let want: Vec<f64> = places.iter().map(at).collect();
            let near = got.len() == want.len() && got.iter().zip(&want).all(|(g, w)| (g - w).abs() < 1e-3);
            assert!(near, "{rows} rows, axis {axis}: {got:?}, expected {want:?}");
        }
        // From the end where there are few rows; otherwise refused, as every index that is no row.
        let at = |index: f64| of_constant(rows as i64, 0, &vec![index; count]);
        if rows == 200 {
            assert_eq!(at(-1.0).unwrap(), at(last).unwrap());
        } else {
            let error = at(-1.0).unwrap_err();
            assert!(error.contains("outside"), "{error}");
        }
        let error = at(last + 1.0).unwrap_err();
        assert!(error.contains("outside"), "{error}");
    }
}
