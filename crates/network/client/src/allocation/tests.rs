use std::path::Path;

use super::*;

const TOKENS: usize = 6;

fn file(name: &str) -> String {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../models/restaking-allocation");
    std::fs::read_to_string(folder.join(name)).unwrap()
}

fn text() -> String {
    file("restaking-allocation.network.json")
}

fn network() -> Network {
    Network::from_json(&text()).unwrap()
}

fn example() -> Inputs {
    let text = file("example.json");
    let nested: std::collections::BTreeMap<String, Vec<Vec<f64>>> = serde_json::from_str(&text).unwrap();
    nested.into_iter().map(|(name, rows)| (name, rows.concat())).collect()
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
