//! Compiles the default model, makes its keys, proves a forecast, and verifies the proof.
//!
//! ```sh
//! cargo run --release --example prove
//! ```

use vouch::{Error, Expected, Model, Setup, random_nonce, verify};

fn main() -> Result<(), Error> {
    let model = Model::compile("models/staking-lstm/staking-lstm.onnx")?.build()?;
    let key = model.setup(Setup::development())?;
    let inputs = &model.read_inputs("models/staking-lstm/example.json")?[0];
    let nonce = random_nonce(); // chosen by who asks
    let proof = key.prove(inputs, nonce)?;
    let expected = Expected { nonce: Some(nonce), allow_development_srs: true, ..Expected::default() };
    let claim = verify(key.verifying_key(), &expected, &proof.envelope)?;
    println!("{:.1} hours, proved in {:?}", claim.real_outputs()[0], proof.prove);
    Ok(())
}

/// An empty package needs these lines only.
#[test]
fn the_example_runs_and_is_short() {
    std::env::set_current_dir(concat!(env!("CARGO_MANIFEST_DIR"), "/..")).unwrap();
    main().unwrap();
    let code = include_str!("prove.rs").lines().take_while(|line| !line.starts_with("/// An empty package"));
    let code: Vec<&str> = code.filter(|line| !line.trim().is_empty() && !line.starts_with("//!")).collect();
    assert!(code.len() <= 15, "{} lines", code.len());
}

/// README.md shows what this example does.
#[test]
fn the_readme_has_these_lines() {
    let (_, main) = include_str!("prove.rs").split_once("fn main() -> Result<(), Error> {\n").unwrap();
    let (body, _) = main.split_once("    Ok(())\n").unwrap();
    let body: Vec<&str> = body.lines().map(str::trim).collect();
    assert!(include_str!("../README.md").contains(&format!("```rust\n{}\n```", body.join("\n"))));
}
