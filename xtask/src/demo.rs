//! `cargo xtask demo`: the default model, from its ONNX file to a verified prediction.

mod prediction;

use std::{fs, io::Read, path::Path, process::Command};

use anyhow::{Context, Result};

use crate::{
    process::{self, cargo, output, show},
    workspace::Workspace,
};
use prediction::Prediction;

const MODEL: &str = "models/staking-lstm/staking-lstm.onnx";
const SCHEMA: &str = "models/staking-lstm/staking-lstm.schema.json";
const INPUT: &str = "models/staking-lstm/example.json";

/// Options.
#[derive(clap::Args)]
pub(crate) struct Args {
    /// The request's nonce, 64 hexadecimal digits [default: random]
    #[arg(long, value_name = "HEX")]
    nonce: Option<String>,
}

/// Compiles, sets up, proves and verifies.
pub(crate) fn run(workspace: &Workspace, args: &Args) -> Result<()> {
    let nonce = &args.nonce.clone().map_or_else(random_nonce, Ok)?;
    let demo = workspace.target.join("demo");
    fs::create_dir_all(&demo).with_context(|| format!("cannot create {}", demo.display()))?;
    let dir = workspace.relative(&demo);
    let (proof, key) = (dir.join("example.proof"), dir.join("verifier.key"));

    heading("Build the prover");
    process::run(cargo(&workspace.root).args([
        "build",
        "--release",
        "--locked",
        "--package",
        "vouch-prover",
        "--bin",
        "vouch",
    ]))?;

    heading("Compile the model to an integer program");
    process::run(vouch(workspace).args(["compile", MODEL, "-o"]).arg(dir))?;

    heading("Make the keys");
    process::run(vouch(workspace).arg("setup").arg(dir))?;

    heading("Prove one prediction");
    let mut prove = vouch(workspace);
    prove.arg("prove").arg(dir).args(["--input", INPUT, "--nonce", nonce, "-o"]).arg(&proof).arg("--json");
    show(&prove)?;
    let said = output(&mut prove)?;
    println!("{}", said.trim_end());

    heading("Verify it, as whoever asked for it would");
    let mut verify = vouch(workspace);
    verify.arg("verify").arg(&proof).arg("--key").arg(&key).args(["--input", INPUT, "--nonce", nonce]);
    process::run(&mut verify)?;

    heading("Result");
    let schema = fs::read_to_string(workspace.root.join(SCHEMA)).with_context(|| format!("cannot read {SCHEMA}"))?;
    for prediction in Prediction::read(&said, &schema)? {
        println!("{prediction}");
    }
    for (what, path) in [
        ("program", dir.join("model.vouch")),
        ("proving key", dir.join("prover.key")),
        ("verifying key", key),
        ("proof", proof),
    ] {
        println!("{what:<14} {}{}", path.display(), size(&workspace.root.join(&path)));
    }
    Ok(())
}

fn heading(text: &str) {
    println!("\n== {text}");
}

/// The prover that was built.
fn vouch(workspace: &Workspace) -> Command {
    let mut command = Command::new(workspace.target.join("release").join("vouch"));
    command.current_dir(&workspace.root);
    command
}

/// 32 random bytes: a proof for them answers this request and no other.
fn random_nonce() -> Result<String> {
    let mut bytes = [0u8; 32];
    fs::File::open("/dev/urandom")
        .and_then(|mut file| file.read_exact(&mut bytes))
        .context("cannot read /dev/urandom")?;
    Ok(bytes.iter().map(|byte| format!("{byte:02x}")).collect())
}

fn size(path: &Path) -> String {
    fs::metadata(path).map_or_else(|_| String::new(), |file| format!("  ({} bytes)", file.len()))
}
