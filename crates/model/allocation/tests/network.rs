//! The network is the ONNX file's function; its file and its inputs are refused with what is wrong; nudges move one value.
#![allow(missing_docs)]

use std::path::{Path, PathBuf};

use rand::{Rng, SeedableRng};
use vouch_allocation::{Inputs, InputsError, Network, NetworkError, Range, nudges};
use vouch_compiler::{FieldSchema, NamedTensor, NamedTensors, OnnxModel, Oracle};

const TOKENS: usize = 6;

fn file(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../models/restaking-allocation").join(name)
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

#[test]
fn a_file_of_something_else_is_refused() {
    let text = text();
    let refused = |text: &str| Network::from_json(text).unwrap_err();
    assert!(matches!(refused("{}"), NetworkError::Format(_)));
    assert!(matches!(refused(&text.replace("\"risk\"", "\"risks\"")), NetworkError::Inputs { .. }));
    // Names that are moved between the two lists.
    let moved = text.replace("\"restaked_share_pct\"],\"settings\":[", "],\"settings\":[\"restaked_share_pct\",");
    assert!(matches!(refused(&moved.replace(",]", "]")), NetworkError::Inputs { .. }));
    for (range, turned) in [("[0.0,720.0]", "[720.0,0.0]"), ("[0.0,300.0]", "[300.0,0.0]")] {
        assert!(matches!(refused(&text.replacen(range, turned, 1)), NetworkError::Range { .. }), "{turned}");
    }
    let wrong = |layer: &str, from: &str, to: &str| match refused(&text.replacen(from, to, 1)) {
        NetworkError::Layer { layer: got, .. } => assert_eq!(got, layer),
        other => panic!("{other}"),
    };
    wrong("w1", "\"w1\":[[", "\"w1\":[[0.0,");
    wrong("w1", "\"b1\":[", "\"b1\":[0.0,");
    wrong("w2", "\"w2\":[[", "\"w2\":[[0.0],[");
    wrong("ws", "\"ws\":[", "\"ws\":[0.0,");
    wrong("wv", "\"wv\":[", "\"wv\":[0.0,");
    assert!(matches!(refused(&text.replace("\"offset\"", "\"offsets\"")), NetworkError::Format(_)));
}

#[test]
fn inputs_of_another_form_are_refused() {
    let network = network();
    let refused = |change: fn(&mut Inputs)| {
        let mut inputs = example();
        change(&mut inputs);
        network.run(&inputs).unwrap_err()
    };
    let name = |name: &str| name.to_owned();
    assert_eq!(refused(|i| drop(i.remove("risk"))), InputsError::Missing { name: name("risk") });
    assert_eq!(refused(|i| drop(i.remove("yield_pct"))), InputsError::Missing { name: name("yield_pct") });
    let values = InputsError::Values { name: name("queue_eth"), expected: TOKENS, got: TOKENS + 1 };
    assert_eq!(refused(|i| i.get_mut("queue_eth").unwrap().push(1.0)), values);
    // Divisors of zero give no numbers, but no panic either.
    let mut inputs = example();
    inputs.get_mut("liquidity_depth_eth").unwrap()[0] = 0.0;
    assert!(network.run(&inputs).is_ok());
    let nan = InputsError::NotFinite { name: name("peg_deviation_bp"), index: 2 };
    assert_eq!(refused(|i| i.get_mut("peg_deviation_bp").unwrap()[2] = f64::NAN), nan);
}

#[test]
fn a_nudge_moves_one_value_within_its_range() {
    let network = network();
    let mut inputs = example();
    inputs.get_mut("risk").unwrap()[0] = 1.0;
    inputs.get_mut("yield_pct").unwrap()[1] = 0.5;
    let base = network.run(&inputs).unwrap();
    let range = |name: &str, lo, hi| Range { name: name.to_owned(), lo, hi };
    let ranges = [range("yield_pct", 0.0, 20.0), range("risk", 0.0, 1.0)];
    let all = nudges(&network, &inputs, &ranges, 0.05).unwrap();
    assert_eq!(all.len(), TOKENS + 1);
    for nudge in &all {
        for moved in [&nudge.down, &nudge.up].into_iter().flatten() {
            let mut changed = inputs.clone();
            changed.get_mut(&nudge.name).unwrap()[nudge.index] = moved.value;
            assert_eq!(network.run(&changed).unwrap(), moved.allocation);
            assert_ne!(moved.allocation, base, "{} {}", nudge.name, nudge.index);
        }
        let reach = nudge.reach(&base, |a| a.expected_yield);
        let down = nudge.down.as_ref().map_or(0.0, |m| (m.allocation.expected_yield - base.expected_yield).abs());
        assert!(reach > 0.0 && reach >= down);
    }
    // A step that would leave the range ends at its edge; at the edge there is none.
    assert_eq!(all[1].down.as_ref().unwrap().value, 0.0);
    assert_eq!(all[1].up.as_ref().unwrap().value, 1.5);
    let risk = all.last().unwrap();
    assert_eq!((risk.value, risk.up.is_none()), (1.0, true));
    assert!((risk.down.as_ref().unwrap().value - 0.95).abs() < 1e-12);
    assert!(nudges(&network, &inputs, &[range("volume", 0.0, 1.0)], 0.05).is_err());
}
