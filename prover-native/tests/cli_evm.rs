//! The evm profile on the command line: what it takes, and what it costs.

use crate::program::{MODEL, bad, good, text};

#[test]
fn the_objective_gas_is_one_of_the_evm_profile() {
    let dir = tempfile::tempdir().unwrap();
    let bundle = dir.path().join("bundle");
    good(&["compile", MODEL, "-o", text(&bundle)]);
    let planned = good(&["plan", text(&bundle), "--objective", "gas"]);
    let least = planned["gas"].as_u64().unwrap();
    assert!((200_000..450_000).contains(&least), "{least}");
    assert!(planned["group"].as_u64().unwrap() > 1);
    let others = planned["alternatives"].as_array().unwrap();
    assert!(others.len() > 1);
    for other in others {
        assert!(other["gas"].as_u64().unwrap() >= least, "{other}");
    }
    // Without the objective there is nothing about gas.
    assert!(good(&["plan", text(&bundle)])["gas"].is_null());
    bad(&["setup", text(&bundle), "--objective", "gas"], 2, &["--profile evm"]);
}
