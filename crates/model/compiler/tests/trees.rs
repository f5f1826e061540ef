//! Trees: thresholds that are inputs themselves, all modes, and broken or hostile ensembles.

mod support;

use prost::Message;
use support::{Model, int, list};
use tract_onnx::pb::{AttributeProto, OperatorSetIdProto, attribute_proto::AttributeType};
use vouch_compiler::{
    CompileError, CompileOptions, InputRanges, InputScales, NamedTensor, NamedTensors, OnnxModel, compile_model,
    dequantize_outputs, quantize_inputs,
};

fn floats(name: &str, values: &[f32]) -> AttributeProto {
    let r#type = AttributeType::Floats as i32;
    AttributeProto { name: name.into(), r#type, floats: values.to_vec(), ..AttributeProto::default() }
}

fn strings(name: &str, values: &[&str]) -> AttributeProto {
    let strings = values.iter().map(|s| s.as_bytes().to_vec()).collect();
    AttributeProto { name: name.into(), r#type: AttributeType::Strings as i32, strings, ..AttributeProto::default() }
}

/// Nodes of one tree: feature, threshold, mode, true, false; leaves with weights.
struct Tree {
    ids: Vec<i64>,
    features: Vec<i64>,
    values: Vec<f32>,
    modes: Vec<&'static str>,
    yes: Vec<i64>,
    no: Vec<i64>,
    leaves: Vec<(i64, f32)>,
}

impl Tree {
    /// x0 `mode` t ? 1 : 2
    fn stump(mode: &'static str, t: f32) -> Self {
        Self {
            ids: vec![0, 1, 2],
            features: vec![0, 0, 0],
            values: vec![t, 0.0, 0.0],
            modes: vec![mode, "LEAF", "LEAF"],
            yes: vec![1, 0, 0],
            no: vec![2, 0, 0],
            leaves: vec![(1, 1.0), (2, 2.0)],
        }
    }

    /// x0 ≤ 0 ? (x1 ≤ 0.5 ? 1 : (x0 ≤ 1 ? 2 : 99)) : (x1 ≤ −0.5 ? 4 : 8); the split at 1 is decided by the one at 0.
    fn deep() -> Self {
        Self {
            ids: (0..9).collect(),
            features: vec![0, 1, 1, 0, 0, 0, 0, 0, 0],
            values: vec![0.0, 0.5, -0.5, 1.0, 0.0, 0.0, 0.0, 0.0, 0.0],
            modes: vec!["BRANCH_LEQ", "BRANCH_LEQ", "BRANCH_LEQ", "BRANCH_LEQ", "LEAF", "LEAF", "LEAF", "LEAF", "LEAF"],
            yes: vec![1, 4, 7, 5, 0, 0, 0, 0, 0],
            no: vec![2, 3, 8, 6, 0, 0, 0, 0, 0],
            leaves: vec![(4, 1.0), (5, 2.0), (6, 99.0), (7, 4.0), (8, 8.0)],
        }
    }

    fn model(&self) -> OnnxModel {
        self.load().unwrap_or_else(|e| panic!("{e}"))
    }

    fn load(&self) -> Result<OnnxModel, CompileError> {
        load(std::slice::from_ref(self))
    }

    fn values(&self, options: &CompileOptions, inputs: &[[f64; 2]]) -> Vec<f64> {
        run(&self.model(), options, inputs)
    }

    fn error(&self) -> String {
        let model = self.load().unwrap_or_else(|e| panic!("{e}"));
        compile_model(&model, &options()).unwrap_err().to_string()
    }
}

/// The sum of trees.
fn load(trees: &[Tree]) -> Result<OnnxModel, CompileError> {
    fn all<T>(trees: &[Tree], list: impl Fn(usize, &Tree) -> Vec<T>) -> Vec<T> {
        trees.iter().enumerate().flat_map(|(i, t)| list(i, t)).collect()
    }
    let attributes = vec![
        int("n_targets", 1),
        list("nodes_treeids", &all(trees, |i, t| vec![i as i64; t.ids.len()])),
        list("nodes_nodeids", &all(trees, |_, t| t.ids.clone())),
        list("nodes_featureids", &all(trees, |_, t| t.features.clone())),
        floats("nodes_values", &all(trees, |_, t| t.values.clone())),
        strings("nodes_modes", &all(trees, |_, t| t.modes.clone())),
        list("nodes_truenodeids", &all(trees, |_, t| t.yes.clone())),
        list("nodes_falsenodeids", &all(trees, |_, t| t.no.clone())),
        list("target_treeids", &all(trees, |i, t| vec![i as i64; t.leaves.len()])),
        list("target_nodeids", &all(trees, |_, t| t.leaves.iter().map(|l| l.0).collect())),
        list("target_ids", &all(trees, |_, t| vec![0; t.leaves.len()])),
        floats("target_weights", &all(trees, |_, t| t.leaves.iter().map(|l| l.1).collect())),
    ];
    let mut model = Model::new(17).input("x", &[1, 2]).node("TreeEnsembleRegressor", "x", "y", attributes).output("y");
    model.graph.node[0].domain = "ai.onnx.ml".into();
    let mut proto = model.proto();
    proto.opset_import.push(OperatorSetIdProto { domain: "ai.onnx.ml".into(), version: 3 });
    OnnxModel::from_bytes(&proto.encode_to_vec())
}

/// The values of a compiled model.
fn run(model: &OnnxModel, options: &CompileOptions, inputs: &[[f64; 2]]) -> Vec<f64> {
    let program = compile_model(model, options).unwrap_or_else(|e| panic!("{e}")).program;
    let value = |x: &[f64; 2]| {
        let tensor = NamedTensor { shape: vec![1, 2], data: x.to_vec() };
        let input = NamedTensors::from([("x".to_owned(), tensor)]);
        let trace = program.run(&quantize_inputs(&program, &input).unwrap()).unwrap();
        dequantize_outputs(&program, &program.outputs_of(&trace))["y"].data[0]
    };
    inputs.iter().map(value).collect()
}

fn options() -> CompileOptions {
    CompileOptions { ranges: InputRanges::global(-3.0, 3.0), samples: 12, ..CompileOptions::default() }
}

/// The tree's value is the leaf's up to what one quantization step of it is.
#[track_caller]
fn close(got: &[f64], want: &[f64]) {
    assert!(got.iter().zip(want).all(|(g, w)| (g - w).abs() < 1e-3), "{got:?}, expected {want:?}");
}

#[test]
fn equal_numbers_stay_equal_in_all_modes() {
    // A threshold that no power of two represents, and the floats next to it are a step or more away.
    let t = 0.1f32;
    let x = [[f64::from(t) - 1e-3, 0.0], [f64::from(t), 0.0], [f64::from(t) + 1e-3, 0.0]];
    for (mode, holds) in [
        ("BRANCH_LEQ", [true, true, false]),
        ("BRANCH_LT", [true, false, false]),
        ("BRANCH_GTE", [false, true, true]),
        ("BRANCH_GT", [false, false, true]),
        ("BRANCH_EQ", [false, true, false]),
        ("BRANCH_NEQ", [true, false, true]),
    ] {
        let want = holds.map(|h| if h { 1.0 } else { 2.0 });
        close(&Tree::stump(mode, t).values(&options(), &x), &want);
    }
}

#[test]
fn thresholds_between_integers_of_a_given_scale_stay_between_them() {
    let mut options = options();
    options.scales = InputScales([("x".to_owned(), 10.0)].into());
    let x = [[0.2, 0.0], [0.3, 0.0], [-0.3, 0.0]];
    for (mode, want) in [("BRANCH_LEQ", [1.0, 2.0, 1.0]), ("BRANCH_GTE", [2.0, 1.0, 2.0])] {
        close(&Tree::stump(mode, 0.25).values(&options, &x), &want);
    }
    close(&Tree::stump("BRANCH_LT", -0.25).values(&options, &x), &[2.0, 2.0, 1.0]);
}

#[test]
fn thresholds_outside_the_range_and_infinite_ones() {
    let x = [[-3.0, 0.0], [3.0, 0.0]];
    for (t, want) in [(1e30, 1.0), (-1e30, 2.0), (3.5, 1.0), (f32::INFINITY, 1.0), (f32::NEG_INFINITY, 2.0)] {
        close(&Tree::stump("BRANCH_LEQ", t).values(&options(), &x), &[want; 2]);
    }
}

#[test]
fn splits_that_are_decided_above_take_nothing() {
    let x = [[-1.0, 0.0], [-1.0, 1.0], [1.0, -1.0], [1.0, 0.0], [0.0, 0.5]];
    close(&Tree::deep().values(&options(), &x), &[1.0, 2.0, 4.0, 8.0, 1.0]);
    let program = compile_model(&Tree::deep().model(), &options()).unwrap().program;
    // Three comparisons, two splits that are not roots, and the sum.
    assert_eq!(program.wires() - program.constants().len() - program.input_len(), 3 + 2 + 1);
}

#[test]
fn broken_trees_are_refused() {
    let mut t = Tree::deep();
    t.yes[0] = 77;
    assert!(t.error().contains("has no child 77"), "{}", t.error());
    t = Tree::deep();
    t.no[3] = 4;
    assert!(t.error().contains("has two parents"), "{}", t.error());
    t = Tree::deep();
    t.modes[0] = "LEAF";
    assert!(t.error().contains("two roots"), "{}", t.error());
    t = Tree::stump("BRANCH_LEQ", 0.0);
    t.yes[0] = 0;
    assert!(t.error().contains("cycle") || t.error().contains("two"), "{}", t.error());
    t = Tree::stump("BRANCH_LEQ", 0.0);
    t.features[0] = 2;
    assert!(t.error().contains("a feature's number is 2"), "{}", t.error());
    t = Tree::stump("BRANCH_LEQ", f32::NAN);
    assert!(t.error().contains("NaN"), "{}", t.error());
    t = Tree::stump("BRANCH_SOMETIMES", 0.0);
    assert!(t.error().contains("`BRANCH_SOMETIMES` is unknown"), "{}", t.error());
    t = Tree::stump("BRANCH_LEQ", 0.0);
    t.ids[2] = 1;
    assert!(t.error().contains("is there twice"), "{}", t.error());
    t = Tree::stump("BRANCH_LEQ", 0.0);
    t.values.pop();
    assert!(t.error().contains("`nodes_values` 2"), "{}", t.error());
    t = Tree::stump("BRANCH_LEQ", 0.0);
    t.leaves[0].0 = 0;
    assert!(t.error().contains("is not a leaf"), "{}", t.error());
}

#[test]
fn a_chain_of_splits_has_a_limited_depth() {
    let n = 5000i64;
    let t = Tree {
        ids: (0..=2 * n).collect(),
        features: vec![0; 2 * n as usize + 1],
        values: (0..=2 * n).map(|i| i as f32).collect(),
        modes: (0..=2 * n).map(|i| if i < n { "BRANCH_LEQ" } else { "LEAF" }).collect(),
        yes: (0..=2 * n).map(|i| if i < n { n + i } else { 0 }).collect(),
        no: (0..=2 * n)
            .map(|i| {
                if i + 1 < n {
                    i + 1
                } else if i < n {
                    2 * n
                } else {
                    0
                }
            })
            .collect(),
        leaves: vec![],
    };
    assert!(t.error().contains("more than 1024 levels"), "{}", t.error());
}

/// A full tree of three levels: x0, x1, and x0 again beyond the first threshold. Thresholds and modes depend on the seed.
fn full(seed: usize) -> Tree {
    let low = if seed.is_multiple_of(2) { -1.5 } else { 1.5 };
    let thresholds = [0.0, [-1.0, 0.0, 1.0][seed % 3], [1.0, -1.0, 0.0][seed % 3], low, low, -low, -low];
    let mode = |i: usize| ["BRANCH_LEQ", "BRANCH_GT"][(seed + i) % 2];
    Tree {
        ids: (0..15).collect(),
        features: (0..15).map(|i| [0, 1, 1].get(i).copied().unwrap_or(0)).collect(),
        values: (0..15).map(|i| thresholds.get(i).copied().unwrap_or(0.0)).collect(),
        modes: (0..15).map(|i| if i < 7 { mode(i) } else { "LEAF" }).collect(),
        yes: (0..15).map(|i| if i < 7 { 2 * i + 1 } else { 0 }).collect(),
        no: (0..15).map(|i| if i < 7 { 2 * i + 2 } else { 0 }).collect(),
        leaves: (7..15).map(|i| (i, ((i as usize * 7 + seed * 5) % 11) as f32 / 8.0 - 0.5)).collect(),
    }
}

impl Tree {
    fn evaluate(&self, x: [f64; 2]) -> f64 {
        let mut at = 0;
        while self.modes[at] != "LEAF" {
            let below = x[self.features[at] as usize] <= f64::from(self.values[at]);
            let holds = below == (self.modes[at] == "BRANCH_LEQ");
            at = if holds { self.yes[at] } else { self.no[at] } as usize;
        }
        let leaf = self.leaves.iter().find(|l| l.0 == at as i64);
        leaf.map_or(0.0, |l| f64::from(l.1))
    }
}

#[test]
fn last_splits_of_many_trees_share_their_products() {
    let trees: Vec<Tree> = (0..30).map(full).collect();
    let model = load(&trees).unwrap();
    let steps = [-2.5, -1.0, -0.5, 0.0, 0.5, 1.0, 2.5];
    let inputs: Vec<[f64; 2]> = steps.iter().flat_map(|&a| steps.map(|b| [a, b])).collect();
    let want: Vec<f64> = inputs.iter().map(|&x| trees.iter().map(|t| t.evaluate(x)).sum()).collect();
    let got = run(&model, &options(), &inputs);
    assert!(got.iter().zip(&want).all(|(g, w)| (g - w).abs() < 5e-3), "{got:?}, expected {want:?}");
    let program = compile_model(&model, &options()).unwrap().program;
    let own = program.wires() - program.constants().len() - program.input_len();
    // Six comparisons, two products of each tree, two sums with a product, and the total. Without groups, four more of
    // each tree.
    assert!(own <= 6 + 60 + 4 + 1, "{own} values");
}
