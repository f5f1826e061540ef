//! The network of the dashboard is the function of the ONNX file.
#![allow(missing_docs)]

use std::path::{Path, PathBuf};

use rand::{Rng, SeedableRng};
use vouch_client::allocation::{Inputs, Network, Range};
use vouch_compiler::{FieldSchema, NamedTensor, NamedTensors, OnnxModel, Oracle};

const TOKENS: usize = 6;

fn file(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../models/restaking-allocation").join(name)
}

fn text() -> String {
    std::fs::read_to_string(file("restaking-allocation.network.json")).unwrap()
}

fn network() -> Network {
    Network::from_json(&text()).unwrap()
}

/// The ranges of the model's own schema.
fn ranges(model: &OnnxModel) -> Vec<Range> {
    let schema = model.schema().unwrap();
    let range =
        |input: &FieldSchema| Range { name: input.name.clone(), lo: input.min.unwrap(), hi: input.max.unwrap() };
    schema.inputs.iter().map(range).collect()
}

fn example() -> Inputs {
    let text = std::fs::read_to_string(file("example.json")).unwrap();
    let nested: std::collections::BTreeMap<String, Vec<Vec<f64>>> = serde_json::from_str(&text).unwrap();
    nested.into_iter().map(|(name, rows)| (name, rows.concat())).collect()
}

#[test]
fn it_is_the_function_of_the_onnx_file() {
    let model = OnnxModel::load(&file("restaking-allocation.onnx")).unwrap();
    let (oracle, network) = (Oracle::new(&model).unwrap(), network());
    assert_eq!(network.model(), "restaking-allocation");
    let ranges = ranges(&model);
    let mut rng = rand_chacha::ChaCha8Rng::seed_from_u64(7);
    let random = |rng: &mut rand_chacha::ChaCha8Rng| -> Inputs {
        let values = |range: &Range, rng: &mut rand_chacha::ChaCha8Rng| {
            let count = if ["horizon_days", "risk"].contains(&range.name.as_str()) { 1 } else { TOKENS };
            (0..count).map(|_| f64::from(rng.gen_range(range.lo as f32..=range.hi as f32))).collect()
        };
        ranges.iter().map(|range| (range.name.clone(), values(range, rng))).collect()
    };
    let mut cases: Vec<Inputs> = (0..200).map(|_| random(&mut rng)).collect();
    cases.push(example());
    for inputs in cases {
        let tensor = |values: &Vec<f64>| NamedTensor { shape: vec![1, values.len()], data: values.clone() };
        let named: NamedTensors = inputs.iter().map(|(name, values)| (name.clone(), tensor(values))).collect();
        let want = oracle.run(&named).unwrap();
        let got = network.run(&inputs).unwrap();
        for (a, b) in got.shares.iter().zip(&want["shares"].data) {
            assert!((a - b).abs() < 1e-5, "{a} instead of {b}");
        }
        let off = (got.expected_yield - want["expected_yield"].data[0]).abs();
        assert!(off < 1e-3, "the expected yield is off by {off}");
        assert!((got.shares.iter().sum::<f64>() - 1.0).abs() < 1e-12);
    }
}
