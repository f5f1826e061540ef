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

/// The reference string would be the longest part of it, so the refusal comes before one is made or read.
#[test]
fn private_weights_are_refused_before_the_reference_string() {
    let dir = tempfile::tempdir().unwrap();
    let bundle = dir.path().join("bundle");
    good(&["compile", MODEL, "--weights", "private", "-o", text(&bundle)]);
    let says = ["no private weights", "make keys without the profile", "compile the model with fixed weights"];
    let nowhere = dir.path().join("no.srs");
    let setups: [&[&str]; 3] = [
        &["setup", text(&bundle), "--profile", "evm"],
        &["setup", text(&bundle), "--profile", "evm", "--srs", text(&nowhere)],
        &["setup", text(&bundle), "--profile", "evm", "--objective", "gas", "--srs", text(&nowhere)],
    ];
    for setup in setups {
        bad(setup, 3, &says);
    }
    bad(&["plan", text(&bundle), "--objective", "gas"], 3, &says);
    assert!(!bundle.join("prover.key").exists());
    // Without the profile the same model has keys.
    good(&["setup", text(&bundle)]);
}
