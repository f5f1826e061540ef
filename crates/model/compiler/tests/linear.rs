//! Matrices, convolutions, pools and reductions against tract.

mod support;

use support::{Model, float, floats, int, ints, list, text, unary, weights};

#[test]
fn gemm_with_all_attributes() {
    for (ta, tb) in [(0, 0), (0, 1), (1, 0), (1, 1)] {
        let x: &[i64] = if ta == 1 { &[4, 3] } else { &[3, 4] };
        let w: &[i64] = if tb == 1 { &[5, 4] } else { &[4, 5] };
        let attributes = vec![float("alpha", 0.7), float("beta", -1.5), int("transA", ta), int("transB", tb)];
        for c in [vec![5], vec![1, 5], vec![3, 1], vec![3, 5], vec![]] {
            Model::new(13)
                .input("x", x)
                .init(weights("w", w, 1, 1.0))
                .init(weights("c", &c, 2, 1.0))
                .node("Gemm", "x w c", "y", attributes.clone())
                .output("y")
                .agrees(2.0, 4e-3);
        }
    }
}

#[test]
fn gemm_with_the_constant_on_the_left_or_none() {
    Model::new(13)
        .input("x", &[4, 2])
        .init(weights("a", &[3, 4], 1, 1.0))
        .init(weights("c", &[3, 2], 2, 1.0))
        .node("Gemm", "a x c", "y", vec![float("alpha", 0.5)])
        .output("y")
        .agrees(1.0, 2e-3);
    Model::new(13)
        .input("x", &[2, 3])
        .input("z", &[3, 2])
        .init(weights("c", &[2], 2, 1.0))
        .node("Gemm", "x z c", "y", vec![])
        .output("y")
        .agrees(1.0, 2e-3);
}

#[test]
fn mat_mul_on_either_side_and_batched() {
    let shapes: &[(&[i64], &[i64])] =
        &[(&[3, 4], &[4, 2]), (&[2, 3, 4], &[4, 2]), (&[4], &[4, 2]), (&[2, 3, 4], &[2, 4, 2]), (&[3, 4], &[4])];
    for (x, w) in shapes {
        let m = Model::new(13).input("x", x).init(weights("w", w, 5, 1.0));
        m.node("MatMul", "x w", "y", vec![]).output("y").agrees(1.0, 3e-3);
    }
    let left: &[(&[i64], &[i64])] = &[(&[3, 4], &[4, 2]), (&[3, 4], &[2, 4, 2]), (&[2, 3, 4], &[4, 2])];
    for (w, x) in left {
        let m = Model::new(13).input("x", x).init(weights("w", w, 5, 1.0));
        m.node("MatMul", "w x", "y", vec![]).output("y").agrees(1.0, 3e-3);
    }
}

#[test]
fn mat_mul_of_activations() {
    for k in [1, 2, 3, 5] {
        Model::new(13)
            .input("a", &[2, 3, k])
            .input("b", &[2, k, 2])
            .node("MatMul", "a b", "y", vec![])
            .output("y")
            .agrees(1.0, 3e-3);
    }
}

#[test]
fn conv_2d() {
    let cases: &[(&[i64], &[i64], Vec<_>)] = &[
        (&[1, 2, 6, 5], &[3, 2, 3, 3], vec![]),
        (&[1, 2, 6, 5], &[3, 2, 3, 2], vec![list("pads", &[1, 0, 2, 1])]),
        (&[1, 2, 7, 7], &[3, 2, 3, 3], vec![list("strides", &[2, 3]), list("dilations", &[2, 1])]),
        (&[1, 4, 5, 5], &[6, 2, 3, 3], vec![int("group", 2), list("pads", &[1, 1, 1, 1])]),
        (&[1, 3, 5, 5], &[3, 1, 2, 2], vec![int("group", 3), text("auto_pad", "SAME_UPPER")]),
        (&[1, 1, 5, 6], &[2, 1, 2, 4], vec![text("auto_pad", "SAME_LOWER"), list("strides", &[2, 1])]),
        (&[2, 1, 5, 6], &[2, 1, 2, 4], vec![text("auto_pad", "VALID")]),
    ];
    for (x, w, attributes) in cases {
        Model::new(13)
            .input("x", x)
            .init(weights("w", w, 7, 0.5))
            .init(weights("b", &w[..1], 8, 0.5))
            .node("Conv", "x w b", "y", attributes.clone())
            .output("y")
            .agrees(1.0, 3e-3);
    }
}

#[test]
fn conv_1d_without_bias() {
    Model::new(13)
        .input("x", &[1, 2, 9])
        .init(weights("w", &[3, 2, 3], 7, 0.5))
        .node("Conv", "x w", "y", vec![list("pads", &[2, 1]), list("strides", &[2]), list("dilations", &[2])])
        .output("y")
        .agrees(1.0, 3e-3);
}

#[test]
fn pools() {
    let shape: &[i64] = &[1, 2, 6, 5];
    let kernel = || list("kernel_shape", &[2, 3]);
    for op in ["MaxPool", "AveragePool"] {
        for extra in [
            vec![],
            vec![list("strides", &[2, 2])],
            vec![list("strides", &[2, 1]), list("pads", &[1, 1, 1, 1])],
            vec![text("auto_pad", "SAME_UPPER"), list("strides", &[2, 2])],
        ] {
            unary(op, 13, shape, [vec![kernel()], extra].concat()).agrees(2.0, 2e-3);
        }
    }
    let padded = vec![kernel(), list("pads", &[1, 1, 1, 1]), int("count_include_pad", 1)];
    unary("AveragePool", 13, shape, padded).agrees(2.0, 2e-3);
    let ceil = vec![kernel(), list("strides", &[2, 2]), int("ceil_mode", 1)];
    unary("MaxPool", 13, shape, ceil).agrees(2.0, 2e-3);
    unary("MaxPool", 13, &[1, 2, 9], vec![list("kernel_shape", &[3]), list("strides", &[2])]).agrees(2.0, 2e-3);
    unary("GlobalAveragePool", 13, shape, vec![]).agrees(2.0, 2e-3);
}

#[test]
fn batch_normalization_folds_into_the_convolution() {
    let m = Model::new(13)
        .input("x", &[1, 2, 5, 5])
        .init(weights("w", &[3, 2, 3, 3], 7, 0.5))
        .init(weights("s", &[3], 1, 2.0))
        .init(weights("b", &[3], 2, 1.0))
        .init(weights("m", &[3], 3, 1.0))
        .init(floats("v", &[3], vec![0.5, 1.0, 2.0]))
        .node("Conv", "x w", "c", vec![])
        .node("BatchNormalization", "c s b m v", "n", vec![float("epsilon", 1e-3)])
        .node("Relu", "n", "y", vec![])
        .output("y");
    let compiled = m.agrees(1.0, 5e-3);
    assert_eq!(compiled.program.instructions().len(), 1);
}

#[test]
fn batch_normalization_alone_and_before_a_matrix() {
    let m = Model::new(9)
        .input("x", &[1, 3, 2])
        .init(weights("s", &[3], 1, 2.0))
        .init(weights("b", &[3], 2, 1.0))
        .init(weights("m", &[3], 3, 1.0))
        .init(floats("v", &[3], vec![0.5, 1.0, 2.0]))
        .init(weights("w", &[6, 4], 9, 0.5))
        .node("BatchNormalization", "x s b m v", "n", vec![])
        .output("n");
    m.agrees(2.0, 5e-3);
    let mut folded = m.node("Flatten", "n", "f", vec![]).node("MatMul", "f w", "y", vec![]).output("y");
    folded.graph.output.remove(0);
    assert_eq!(folded.agrees(2.0, 1e-2).program.instructions().len(), 1);
}

#[test]
fn reductions() {
    for op in ["ReduceSum", "ReduceMean"] {
        unary(op, 11, &[2, 3, 4], vec![list("axes", &[1]), int("keepdims", 0)]).agrees(1.0, 3e-3);
        unary(op, 11, &[2, 3, 4], vec![list("axes", &[0, -1])]).agrees(1.0, 5e-3);
        unary(op, 11, &[2, 3], vec![]).agrees(1.0, 5e-3);
        Model::new(18)
            .input("x", &[2, 3, 4])
            .init(ints("axes", &[2]))
            .node(op, "x axes", "y", vec![])
            .output("y")
            .agrees(1.0, 3e-3);
    }
}

#[test]
fn softmax() {
    unary("Softmax", 13, &[2, 5], vec![]).agrees(3.0, 1e-3);
    unary("Softmax", 13, &[2, 3, 2], vec![int("axis", 1)]).agrees(3.0, 1e-3);
    unary("Softmax", 11, &[2, 3, 2], vec![]).agrees(3.0, 1e-3);
    // Differences beyond e^−16 are clamped.
    unary("Softmax", 13, &[1, 6], vec![]).agrees(40.0, 1e-2);
}
