//! What exporters take apart becomes one function again, keeps its bound, or costs nothing: GELU, Swish, Mish,
//! LayerNormalization, masks.

mod support;

use support::{Model, floats};
use tract_onnx::pb::TensorProto;
use vouch_compiler::Compiled;
use vouch_program::Instruction;

fn scalar(name: &str, value: f32) -> TensorProto {
    floats(name, &[], vec![value])
}

/// A model of x \[8\] with some constants.
fn model(constants: &[(&str, f32)]) -> Model {
    let start = Model::new(17).input("x", &[8]);
    constants.iter().fold(start, |m, (name, value)| m.init(scalar(name, *value)))
}

fn tables(compiled: &Compiled) -> Vec<&str> {
    compiled.report.tables.iter().map(|t| t.name.as_str()).collect()
}

/// Elements of products and maxima: rows of the circuit.
fn elements(compiled: &Compiled) -> usize {
    let of = |i: &Instruction| match i {
        Instruction::Linear(_) | Instruction::MatMul(_) | Instruction::Select(_) => 0,
        Instruction::Product(p) => p.len as usize,
        Instruction::Max(m) => m.x.len(),
    };
    compiled.program.instructions().iter().map(of).sum()
}

#[test]
fn gelu_is_one_function_however_it_is_written() {
    let root = std::f32::consts::SQRT_2;
    let divided = model(&[("root", root), ("one", 1.0), ("half", 0.5)])
        .node("Div", "x root", "a", vec![])
        .node("Erf", "a", "b", vec![])
        .node("Add", "b one", "c", vec![])
        .node("Mul", "x c", "d", vec![])
        .node("Mul", "d half", "y", vec![]);
    let halved = model(&[("root", 1.0 / root), ("one", 1.0), ("half", 0.5)])
        .node("Mul", "x half", "h", vec![])
        .node("Mul", "x root", "a", vec![])
        .node("Erf", "a", "b", vec![])
        .node("Add", "one b", "c", vec![])
        .node("Mul", "c h", "y", vec![]);
    for m in [divided, halved] {
        let compiled = m.output("y").agrees(4.0, 2e-3);
        assert_eq!(tables(&compiled), ["Gelu"]);
        assert_eq!(elements(&compiled), 8, "one row an element");
    }
    let tanh = model(&[("three", 3.0), ("small", 0.044_715), ("root", 0.797_884_6), ("one", 1.0), ("half", 0.5)])
        .node("Pow", "x three", "a", vec![])
        .node("Mul", "a small", "b", vec![])
        .node("Add", "x b", "c", vec![])
        .node("Mul", "c root", "d", vec![])
        .node("Tanh", "d", "e", vec![])
        .node("Add", "e one", "f", vec![])
        .node("Mul", "x half", "h", vec![])
        .node("Mul", "h f", "y", vec![]);
    let compiled = tanh.output("y").agrees(4.0, 2e-3);
    assert_eq!(tables(&compiled), ["GeluTanh"]);
    assert_eq!(elements(&compiled), 8);
}

#[test]
fn products_with_a_sigmoid_are_one_function() {
    for factor in [1.0, 1.702] {
        let m = model(&[("factor", factor)])
            .node("Mul", "x factor", "a", vec![])
            .node("Sigmoid", "a", "b", vec![])
            .node("Mul", "b x", "y", vec![])
            .output("y");
        let compiled = m.agrees(4.0, 2e-3);
        assert_eq!((tables(&compiled), elements(&compiled)), (vec!["Swish"], 8), "{factor}");
    }
    let mish = model(&[])
        .node("Softplus", "x", "a", vec![])
        .node("Tanh", "a", "b", vec![])
        .node("Mul", "x b", "y", vec![])
        .output("y");
    assert_eq!(tables(&mish.agrees(4.0, 2e-3)), ["Mish"]);
}

#[test]
fn what_only_resembles_a_function_stays_a_product() {
    let m = model(&[("one", 1.0)])
        .node("Erf", "x", "b", vec![])
        .node("Add", "b one", "c", vec![])
        .node("Mul", "x c", "y", vec![])
        .output("y");
    assert_eq!(tables(&m.agrees(4.0, 2e-2)), ["Erf"]);
}

#[test]
fn a_decomposed_normalization_keeps_its_bound() {
    let m = Model::new(17)
        .input("x", &[2, 16])
        .init(scalar("two", 2.0))
        .init(scalar("epsilon", 1e-5))
        .node("ReduceMean", "x", "mean", vec![support::list("axes", &[-1]), support::int("keepdims", 1)])
        .node("Sub", "x mean", "c", vec![])
        .node("Pow", "c two", "squares", vec![])
        .node("ReduceMean", "squares", "variance", vec![support::list("axes", &[-1]), support::int("keepdims", 1)])
        .node("Add", "variance epsilon", "u", vec![])
        .node("Sqrt", "u", "root", vec![])
        .node("Div", "c root", "y", vec![])
        .output("y");
    let compiled = m.compile(-10.0, 10.0).unwrap();
    let own = compiled.report.tensors.iter().find(|t| t.name == "y" && t.op == "Div").unwrap();
    assert!(own.hi <= 4.0001 && own.lo >= -4.0001, "√16 is the bound: [{}, {}]", own.lo, own.hi);
}

#[test]
fn masked_scores_cost_nothing() {
    let attention = |mask: f32| {
        let above = |i: usize| if i % 6 > i / 6 { mask } else { 0.0 };
        Model::new(17)
            .input("x", &[6, 4])
            .init(floats("mask", &[6, 6], (0..36).map(above).collect()))
            .node("Transpose", "x", "t", vec![])
            .node("MatMul", "x t", "scores", vec![])
            .node("Add", "scores mask", "masked", vec![])
            .node("Softmax", "masked", "p", vec![])
            .node("MatMul", "p x", "y", vec![])
            .output("y")
    };
    let open = elements(&attention(0.0).agrees(1.0, 5e-3));
    for mask in [-1e4, f32::MIN, f32::NEG_INFINITY] {
        let masked = elements(&attention(mask).agrees(1.0, 5e-3));
        assert!(masked * 4 <= open * 3, "{masked} rows with the mask {mask}, {open} without");
    }
}

#[test]
fn attention_is_two_products_of_matrices() {
    let m = Model::new(17)
        .input("x", &[6, 8])
        .init(support::weights("wq", &[8, 8], 1, 0.5))
        .init(support::weights("wk", &[8, 8], 2, 0.5))
        .init(scalar("root", 2.5))
        .node("MatMul", "x wq", "q", vec![])
        .node("MatMul", "x wk", "k", vec![])
        .node("Transpose", "k", "kt", vec![])
        .node("MatMul", "q kt", "products", vec![])
        .node("Div", "products root", "scores", vec![])
        .node("Softmax", "scores", "p", vec![])
        .node("MatMul", "p x", "y", vec![])
        .output("y");
    let compiled = m.agrees(1.0, 5e-3);
    let matrices = compiled.program.instructions().iter().filter(|i| matches!(i, Instruction::MatMul(_))).count();
    assert_eq!(matrices, 2);
    // The maximum, the difference to it, and the product with the reciprocal: the matrix of the queries takes 1 / 2.5 in.
    let names: Vec<&str> = compiled.program.instructions().iter().map(Instruction::name).collect();
    assert!(!names.iter().any(|name| name.starts_with("scores") || name.contains("scaled")), "{names:?}");
}

#[test]
fn a_multiple_of_a_product_that_something_else_takes_stays() {
    let m = Model::new(17)
        .input("x", &[3, 4])
        .init(scalar("half", 0.5))
        .node("Transpose", "x", "t", vec![])
        .node("MatMul", "x t", "products", vec![])
        .node("Mul", "products half", "halves", vec![])
        .node("Sub", "products halves", "y", vec![])
        .output("y");
    m.agrees(1.0, 5e-3);
}

/// Variances that are 10⁴ apart: a table of roots for the wide one has a handful of entries for the narrow one.
#[test]
fn roots_of_different_ranges_have_all_their_bits() {
    let m = Model::new(17)
        .input("x", &[2, 16])
        .init(scalar("small", 0.01))
        .init(floats("ones", &[16], vec![1.0; 16]))
        .node("Mul", "x small", "s", vec![])
        .node("LayerNormalization", "x ones", "wide", vec![])
        .node("LayerNormalization", "s ones", "narrow", vec![])
        .node("Sub", "wide narrow", "y", vec![])
        .output("narrow")
        .output("y");
    m.agrees(4.0, 2e-2);
}
