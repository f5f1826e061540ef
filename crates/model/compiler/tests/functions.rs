//! Functions of one variable, alone and after a matrix, against tract.

mod support;

use support::{Model, float, floats, text, unary, weights};

/// After a matrix the function is fused into its columns; alone it is a product by one.
#[track_caller]
fn both(op: &str, opset: i64, attributes: &[tract_onnx::pb::AttributeProto], size: f64, tolerance: f64) {
    unary(op, opset, &[1, 7], attributes.to_vec()).agrees(size, tolerance);
    Model::new(opset)
        .input("x", &[1, 5])
        .init(weights("w", &[5, 7], 3, 0.5))
        .node("MatMul", "x w", "z", vec![])
        .node(op, "z", "y", attributes.to_vec())
        .output("y")
        .agrees(size, tolerance);
}

#[test]
fn relu() {
    both("Relu", 13, &[], 4.0, 2e-3);
}

#[test]
fn leaky_relu() {
    both("LeakyRelu", 13, &[], 4.0, 2e-3);
    both("LeakyRelu", 13, &[float("alpha", 0.3)], 4.0, 2e-3);
}

#[test]
fn abs_and_neg() {
    both("Abs", 13, &[], 4.0, 2e-3);
    both("Neg", 13, &[], 4.0, 2e-3);
}

#[test]
fn sigmoid_and_tanh() {
    both("Sigmoid", 13, &[], 6.0, 6e-4);
    both("Tanh", 13, &[], 6.0, 1.2e-3);
}

#[test]
fn wide_arguments_of_saturating_functions_are_clamped() {
    let report = unary("Tanh", 13, &[1, 40], vec![]).agrees(400.0, 5e-3).report;
    assert!(report.configuration.clamped, "{report:?}");
    unary("Sigmoid", 13, &[1, 40], vec![]).agrees(400.0, 3e-3);
}

#[test]
fn hard_sigmoid() {
    both("HardSigmoid", 13, &[], 6.0, 2e-3);
    both("HardSigmoid", 13, &[float("alpha", 0.4), float("beta", 0.3)], 4.0, 2e-3);
}

#[test]
fn elu_softplus_exp() {
    both("Elu", 13, &[], 4.0, 4e-3);
    both("Elu", 13, &[float("alpha", 0.5)], 4.0, 4e-3);
    both("Softplus", 13, &[], 4.0, 4e-3);
    both("Exp", 13, &[], 2.0, 4e-3);
}

#[test]
fn erf_and_gelu() {
    both("Erf", 13, &[], 3.0, 1.2e-3);
    both("Gelu", 20, &[], 4.0, 4e-3);
    both("Gelu", 20, &[text("approximate", "tanh")], 4.0, 4e-3);
}

#[test]
fn gelu_written_with_erf() {
    Model::new(13)
        .input("x", &[1, 5])
        .init(weights("w", &[5, 6], 3, 0.5))
        .init(floats("root", &[], vec![std::f32::consts::SQRT_2]))
        .init(floats("one", &[], vec![1.0]))
        .init(floats("half", &[], vec![0.5]))
        .node("MatMul", "x w", "z", vec![])
        .node("Div", "z root", "s", vec![])
        .node("Erf", "s", "e", vec![])
        .node("Add", "e one", "f", vec![])
        .node("Mul", "z f", "g", vec![])
        .node("Mul", "g half", "y", vec![])
        .output("y")
        .agrees(3.0, 4e-3);
}

#[test]
fn clip_with_operands_and_attributes() {
    let new = |lo: f32, hi: f32| {
        Model::new(13)
            .input("x", &[1, 9])
            .init(floats("lo", &[], vec![lo]))
            .init(floats("hi", &[], vec![hi]))
            .node("Clip", "x lo hi", "y", vec![])
            .output("y")
    };
    // Ends on borders of segments; ends that are not; one end; Relu6.
    new(-1.0, 2.0).agrees(4.0, 2e-3);
    new(-0.7, 1.3).agrees(4.0, 2e-3);
    new(0.0, 6.0).agrees(10.0, 4e-3);
    new(-0.3, f32::MAX).agrees(4.0, 2e-3);
    unary("Clip", 10, &[1, 9], vec![float("min", -0.25), float("max", 0.5)]).agrees(2.0, 1e-3);
    Model::new(13)
        .input("x", &[1, 9])
        .init(floats("hi", &[], vec![0.4]))
        .node("Clip", "x _ hi", "y", vec![])
        .output("y")
        .agrees(2.0, 1e-3);
}
