//! Verifies with the `.wasm` that browsers run, in wasmtime: within limits of instructions and memory, for a server that
//! wants the same verdict as its users.
//!
//! ```sh
//! cargo xtask wasm
//! cargo run --release --example embed_wasm -- pkg/vouch_verifier.wasm
//! ```

use std::{error::Error, fs};

use vouch_verifier_host::{Expected, Host, Limits};

/// A proof of the default model, and its verifying key.
const PROOF: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/verify/forecast.proof");
const KEY: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/verify/staking-lstm.key");

fn main() -> Result<(), Box<dyn Error>> {
    let wasm = std::env::args().nth(1).ok_or("give the path of vouch_verifier.wasm, which `cargo xtask wasm` makes")?;
    let host = Host::new(&fs::read(wasm)?, Limits::default())?; // compiles: once a process
    let mut verifier = host.verifier(&fs::read(KEY)?)?; // once a model
    let mut proof = fs::read(PROOF)?;

    let expected = Expected { allow_development_srs: true, ..Expected::default() };
    let report = verifier.verify(&proof, &expected)?;
    println!("honest: {}", if report.accepted { "accepted" } else { "refused" });
    if !report.accepted {
        return Err("the honest proof was refused".into());
    }

    if let Some(byte) = proof.last_mut() {
        *byte ^= 1;
    }
    let report = verifier.verify(&proof, &expected)?;
    let reason = report.checks.iter().find(|check| check.refused());
    println!("changed: refused by the check of the {}", reason.map_or("?", |check| &check.name));
    if report.accepted {
        return Err("a changed proof was accepted".into());
    }
    Ok(())
}
