//! Models with private weights: the program without them depends on the weights only through exponents of ranges.
#![allow(missing_docs)]

mod support;

use std::collections::BTreeSet;

use support::{Model, Random, floats};
use vouch_compiler::{CompileOptions, Compiled, InputRanges, OnnxModel, compile_model};
use vouch_program::WeightMode;

/// Two layers: 6 values, 8 of tanh, 3 outputs.
const SHAPE: [usize; 3] = [6, 8, 3];

/// The weights of two layers, w1, b1, w2, b2.
fn weights(seed: u64) -> [Vec<f32>; 4] {
    let [i, h, o] = SHAPE;
    let mut random = Random(seed);
    [random.list(i * h, 0.5), random.list(h, 0.2), random.list(h * o, 0.4), random.list(o, 0.1)]
}

fn layers([w1, b1, w2, b2]: [Vec<f32>; 4], function: &str) -> Model {
    let [i, h, o] = SHAPE.map(|n| n as i64);
    Model::new(13)
        .input("x", &[1, i])
        .init(floats("w1", &[i, h], w1))
        .init(floats("b1", &[h], b1))
        .init(floats("w2", &[h, o], w2))
        .init(floats("b2", &[o], b2))
        .node("Gemm", "x w1 b1", "z", vec![])
        .node(function, "z", "a", vec![])
        .node("Gemm", "a w2 b2", "y", vec![])
        .output("y")
}

fn compiled(model: &Model, weights: WeightMode) -> Compiled {
    let options = CompileOptions {
        ranges: InputRanges::global(-1.0, 1.0),
        target_error: 1e-3,
        samples: 12,
        weights,
        ..CompileOptions::default()
    };
    compile_model(&OnnxModel::from_bytes(&model.bytes()).unwrap(), &options).unwrap()
}

fn published(compiled: &Compiled) -> Vec<u8> {
    compiled.program.without_weights().to_bytes()
}

/// The range of every tensor.
fn ranges(compiled: &Compiled) -> Vec<(f64, f64)> {
    compiled.report.tensors.iter().map(|t| (t.lo, t.hi)).collect()
}

/// The bound of docs/private-weights.md for this family: the sums of each of the two layers have one of two exponents,
/// and everything else is one of two configurations.
const MOST: usize = 2 * 2 * 2;

#[test]
fn few_programs_are_published_for_many_weights() {
    for function in ["Tanh", "Relu", "Sigmoid"] {
        let (mut programs, mut exponents, mut whole) = (BTreeSet::new(), BTreeSet::new(), BTreeSet::new());
        for seed in 0..40 {
            let own = compiled(&layers(weights(100 + seed), function), WeightMode::Private);
            assert_eq!(own.program.weights(), WeightMode::Private);
            assert!(own.report.accuracy.excess() <= 1.0, "{function} {seed}: {:?}", own.report.accuracy);
            exponents.insert(format!("{:?}", ranges(&own)));
            programs.insert(published(&own));
            whole.insert(own.program.to_bytes());
        }
        assert_eq!(whole.len(), 40, "{function}: the programs themselves");
        assert!(exponents.len() <= 4, "{function}: {exponents:?}");
        assert!(programs.len() <= MOST, "{function}: {} programs", programs.len());
    }
}

/// Where ranges have the same exponents, what is published is the same to the last bit.
#[test]
fn weights_with_equal_exponents_publish_the_same_program() {
    for function in ["Tanh", "Relu", "Sigmoid"] {
        let mut pairs = 0;
        for seed in 0..12 {
            let own = weights(200 + seed);
            let mut random = Random(300 + seed);
            let other = own.clone().map(|list| list.iter().map(|w| w * (1.0 + 0.1 * (random.unit() - 0.5))).collect());
            let [a, b] = [own, other].map(|w| compiled(&layers(w, function), WeightMode::Private));
            if ranges(&a) == ranges(&b) {
                pairs += 1;
                assert_ne!(a.program.to_bytes(), b.program.to_bytes());
                assert_eq!(published(&a), published(&b), "{function}, seed {seed}");
            }
        }
        assert!(pairs >= 6, "{function}: only {pairs} pairs have equal exponents");
    }
}

/// A bias of zeros is as good a secret as any other.
#[test]
fn zeros_are_not_published() {
    let [w1, _, w2, _] = weights(7);
    let zeros = compiled(
        &layers([w1.clone(), vec![0.0; SHAPE[1]], w2.clone(), vec![0.0; SHAPE[2]]], "Tanh"),
        WeightMode::Private,
    );
    let small = compiled(&layers([w1, vec![1e-3; SHAPE[1]], w2, vec![1e-3; SHAPE[2]]], "Tanh"), WeightMode::Private);
    assert_eq!(ranges(&zeros), ranges(&small));
    assert_eq!(published(&zeros), published(&small));
}

/// An LSTM of 3 steps: the ranges of its gates have an exponent, cell and hidden state have the same ranges for all weights.
#[test]
fn recurrent_layers_publish_exponents() {
    let mut programs = BTreeSet::new();
    for seed in 0..16 {
        let mut random = Random(500 + seed);
        let model = Model::new(14)
            .input("x", &[3, 1, 2])
            .init(floats("w", &[1, 16, 2], random.list(32, 0.6)))
            .init(floats("r", &[1, 16, 4], random.list(64, 0.6)))
            .init(floats("b", &[1, 32], random.list(32, 0.3)))
            .node("LSTM", "x w r b", "_ y", vec![support::int("hidden_size", 4)])
            .output("y");
        programs.insert(published(&compiled(&model, WeightMode::Private)));
    }
    assert!(programs.len() <= 6, "{} programs", programs.len());
}

/// Models with fixed weights keep ranges that fit.
#[test]
fn fixed_weights_are_not_rounded() {
    let own = layers(weights(1), "Tanh");
    let (fixed, private) = (compiled(&own, WeightMode::Fixed), compiled(&own, WeightMode::Private));
    assert_eq!(fixed.program.weights(), WeightMode::Fixed);
    let hidden = |c: &Compiled| ranges(c)[1];
    let ((lo, hi), (coarse_lo, coarse_hi)) = (hidden(&fixed), hidden(&private));
    assert!(coarse_lo < lo && hi < coarse_hi && coarse_hi < 4.5 * hi.max(-lo));
    assert_eq!((coarse_hi / 15.0).log2().fract(), 0.0);
}
