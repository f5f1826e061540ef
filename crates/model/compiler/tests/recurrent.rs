//! LSTM, GRU and RNN against tract.

mod support;

use support::{Model, int, list, text, weights};
use tract_onnx::pb::AttributeProto;
use vouch_compiler::CompileError;

/// A layer with all outputs; `operands` as in ONNX.
fn layer(op: &str, gates: i64, directions: i64, hidden: i64, operands: &str, attributes: Vec<AttributeProto>) -> Model {
    let (steps, inputs) = (4, 3);
    let results = if op == "LSTM" { "y h c" } else { "y h" };
    let mut m = Model::new(14)
        .input("x", &[steps, 1, inputs])
        .init(weights("w", &[directions, gates * hidden, inputs], 1, 0.8))
        .init(weights("r", &[directions, gates * hidden, hidden], 2, 0.5))
        .init(weights("b", &[directions, 2 * gates * hidden], 3, 0.5))
        .init(weights("h0", &[directions, 1, hidden], 4, 0.7))
        .init(weights("c0", &[directions, 1, hidden], 5, 0.7))
        .init(support::ints("full", &[steps]))
        .node(op, operands, results, [attributes, vec![int("hidden_size", hidden)]].concat());
    for name in results.split(' ') {
        m = m.output(name);
    }
    m
}

#[test]
fn lstm() {
    layer("LSTM", 4, 1, 5, "x w r", vec![]).agrees(1.0, 2e-3);
    layer("LSTM", 4, 1, 5, "x w r b _ h0 c0", vec![]).agrees(1.0, 2e-3);
    layer("LSTM", 4, 1, 5, "x w r b", vec![text("direction", "reverse")]).agrees(1.0, 2e-3);
    layer("LSTM", 4, 2, 3, "x w r b _ h0 c0", vec![text("direction", "bidirectional")]).agrees(1.0, 2e-3);
}

#[test]
fn lstm_with_peepholes() {
    let peepholes = layer("LSTM", 4, 1, 5, "x w r b _ h0 c0 p", vec![]).init(weights("p", &[1, 15], 9, 1.0));
    peepholes.agrees(1.0, 3e-3);
    let both = layer("LSTM", 4, 2, 3, "x w r b _ h0 c0 p", vec![text("direction", "bidirectional")]);
    both.init(weights("p", &[2, 9], 9, 1.0)).agrees(1.0, 3e-3);
}

#[test]
fn gru() {
    for after in [0, 1] {
        let a = || vec![int("linear_before_reset", after)];
        layer("GRU", 3, 1, 5, "x w r", a()).agrees(1.0, 3e-3);
        layer("GRU", 3, 1, 5, "x w r b _ h0", a()).agrees(1.0, 3e-3);
        layer("GRU", 3, 1, 5, "x w r b", [a(), vec![text("direction", "reverse")]].concat()).agrees(1.0, 3e-3);
        layer("GRU", 3, 2, 3, "x w r b _ h0", [a(), vec![text("direction", "bidirectional")]].concat())
            .agrees(1.0, 3e-3);
    }
}

#[test]
fn rnn() {
    layer("RNN", 1, 1, 5, "x w r", vec![]).agrees(1.0, 2e-3);
    layer("RNN", 1, 1, 5, "x w r b _ h0", vec![]).agrees(1.0, 2e-3);
    layer("RNN", 1, 1, 5, "x w r b", vec![text("direction", "reverse")]).agrees(1.0, 2e-3);
    layer("RNN", 1, 2, 3, "x w r b _ h0", vec![text("direction", "bidirectional")]).agrees(1.0, 2e-3);
}

/// Compares with the float graph where tract has no support for a form.
#[track_caller]
fn compiles(model: &Model, tolerance: f64) {
    let report = model.compile(-1.0, 1.0).unwrap_or_else(|e| panic!("{e}")).report;
    assert!(report.accuracy.max_abs <= tolerance, "{:e}", report.accuracy.max_abs);
}

#[test]
fn full_sequence_lengths_and_several_items() {
    compiles(&layer("LSTM", 4, 1, 5, "x w r b full", vec![]), 2e-3);
    let mut m = layer("LSTM", 4, 1, 5, "x w r b", vec![]);
    m.graph.input.clear();
    compiles(&m.clone().input("x", &[4, 3, 3]), 2e-3);
    let states = m.input("x", &[4, 3, 3]).init(weights("h", &[1, 3, 5], 6, 0.5)).init(weights("c", &[1, 3, 5], 7, 0.5));
    let mut states = states;
    states.graph.node.clear();
    states.graph.output.clear();
    let hidden = vec![int("hidden_size", 5)];
    states.node("LSTM", "x w r b _ h c", "y last", hidden).output("last").agrees(1.0, 2e-3);
}

/// The batch-first layout is the other one with transposed operands and results.
#[test]
fn batch_first_layout_equals_the_transposed_one() {
    let build = |batch_first: bool| {
        let m = Model::new(14).input("x", &[2, 4, 3]).init(weights("w", &[1, 20, 3], 1, 0.8)).init(weights(
            "r",
            &[1, 20, 5],
            2,
            0.5,
        ));
        let hidden = int("hidden_size", 5);
        if batch_first {
            m.node("LSTM", "x w r", "y h c", vec![hidden, int("layout", 1)]).output("y")
        } else {
            m.node("Transpose", "x", "t", vec![list("perm", &[1, 0, 2])])
                .node("LSTM", "t w r", "z h c", vec![hidden])
                .node("Transpose", "z", "y", vec![list("perm", &[2, 0, 1, 3])])
                .output("y")
        }
    };
    let (a, b) = (build(true).compile(-1.0, 1.0).unwrap().program, build(false).agrees(1.0, 2e-3).program);
    assert_eq!(a.outputs()[0].shape, [2, 4, 1, 5]);
    let x: Vec<i64> = (0..24).map(|i| (i * 331) % 4000 - 2000).collect();
    assert_eq!(a.outputs_of(&a.run(&x).unwrap()), b.outputs_of(&b.run(&x).unwrap()));
}

#[test]
fn several_layers_share_one_matrix_each() {
    let m = layer("LSTM", 4, 1, 5, "x w r b", vec![]);
    let mut m = m
        .init(weights("w2", &[1, 16, 5], 6, 0.5))
        .init(weights("r2", &[1, 16, 4], 7, 0.5))
        .init(support::ints("axes", &[1]))
        .node("Squeeze", "y axes", "s", vec![])
        .node("LSTM", "s w2 r2", "y2 h2 c2", vec![int("hidden_size", 4)])
        .output("h2");
    m.graph.output.drain(..3);
    let compiled = m.agrees(1.0, 2e-3);
    assert_eq!(compiled.program.matrices().len(), 2);
    // One table for all hyperbolic tangents and sigmoids.
    assert_eq!(compiled.program.tables().len(), 1);
}

#[test]
fn what_is_not_supported_is_refused() {
    let strings = |names: &[&str]| AttributeProto {
        name: "activations".into(),
        r#type: tract_onnx::pb::attribute_proto::AttributeType::Strings as i32,
        strings: names.iter().map(|s| s.as_bytes().to_vec()).collect(),
        ..AttributeProto::default()
    };
    let narrow = layer("LSTM", 4, 1, 5, "x w r b _ h0 c0 p", vec![]).init(weights("p", &[1, 5], 9, 1.0));
    let short = layer("LSTM", 4, 1, 5, "x w r b short", vec![]).init(support::ints("short", &[2]));
    for m in [
        narrow,
        short,
        layer("LSTM", 4, 1, 5, "x w r", vec![strings(&["Relu", "Tanh", "Tanh"])]),
        layer("GRU", 3, 1, 5, "x w r", vec![text("direction", "sideways")]),
        layer("RNN", 1, 1, 5, "x w r", vec![support::float("clip", 1.0)]),
    ] {
        let error = m.compile(-1.0, 1.0).unwrap_err();
        assert!(matches!(error, CompileError::Operator { .. }), "{error}");
    }
}
