//! `cargo xtask demo`: the default model, from its ONNX file to a verified prediction; then a network that does it.

mod deposits;
mod network;
mod nonce;
mod prediction;
mod strategy;
pub(crate) mod vault;

use std::{fs, io::Read, process::Command};

use anyhow::{Context, Result};

use crate::bundles::{MODEL, SCHEMA};
use crate::{network::Profile, process, wasm, web, workspace::Workspace};
use prediction::Prediction;

const INPUT: &str = "models/staking-lstm/example.json";
/// The demo's reference strings are made on the spot, which verifiers refuse unless told otherwise.
const ALLOW: &str = "--allow-development";

/// Options.
#[derive(clap::Args)]
pub(crate) struct Args {
    /// The nonce of the first proof, which is made without a network, 64 hexadecimal digits [default: random]
    #[arg(long, value_name = "HEX")]
    nonce: Option<String>,
    /// Predictions that the network is asked for
    #[arg(long, value_name = "N", default_value_t = 6)]
    queries: usize,
    /// Where the validator and its dashboard listen
    #[arg(long, value_name = "ADDRESS", default_value = "127.0.0.1:8080")]
    listen: String,
    /// End with the last prediction, instead of serving the dashboard until Ctrl-C
    #[arg(long)]
    once: bool,
    /// Without the dashboard, which takes some minutes to build the first time
    #[arg(long)]
    no_dashboard: bool,
}

/// Builds everything and shows what it does.
pub(crate) fn run(workspace: &Workspace, args: &Args) -> Result<()> {
    let nonce = args.nonce.clone().map_or_else(random_nonce, Ok)?;
    heading("Build the prover and the node");
    Profile::Release.build(workspace)?;
    show_all(workspace, &nonce)?;
    heading("Build the verifier for validators and browsers");
    wasm::run(workspace, &wasm::Args::default())?;
    let dashboard = workspace.target.join("web");
    if !args.no_dashboard {
        heading("Build the dashboard");
        web::run(workspace, &web::Args { out: dashboard.clone(), package: "pkg".into(), dev: false, test: false })?;
    }
    heading("Start an Ethereum chain of its own: the deposit contract, two test tokens, an account that has deposits");
    let chain = deposits::chain(workspace);
    let forecast = match &chain {
        Some(chain) => {
            heading("Pay for a forecast on that chain: a contract checks the proof, another pays for it");
            let demo = workspace.target.join("demo");
            Some(vault::run(workspace, Profile::Release, chain, &demo, demo.join("evm"))?)
        }
        None => None,
    };
    heading("Start a network: one validator, three miners");
    network::run(workspace, args, (!args.no_dashboard).then_some(dashboard), chain.as_ref(), forecast.as_ref())
}

/// Compiles, sets up, proves and verifies with the prover that was built.
fn show_all(workspace: &Workspace, nonce: &str) -> Result<()> {
    let demo = workspace.target.join("demo");
    fs::create_dir_all(&demo).with_context(|| format!("cannot create {}", demo.display()))?;
    let dir = workspace.relative(&demo);
    let (program, prover_key) = (dir.join("model.vouch"), dir.join("prover.key"));
    let (verifier_key, proof) = (dir.join("verifier.key"), dir.join("example.proof"));

    heading("Compile the model to an integer program");
    process::run(vouch(workspace).args(["compile", MODEL, "-o"]).arg(dir))?;

    heading("Make the keys");
    process::run(vouch(workspace).arg("setup").arg(dir))?;

    heading("Prove one prediction");
    let mut prove = vouch(workspace);
    prove.arg("prove").arg(dir).args(["--input", INPUT, "--nonce", nonce, "-o"]).arg(&proof).arg("--json");
    process::show(&prove)?;
    let said = process::output(&mut prove)?;
    println!("{}", said.trim_end());

    heading("Verify it, as whoever asked for it would");
    let mut verify = vouch(workspace);
    verify.arg("verify").arg(&proof).arg("--key").arg(&verifier_key).args(["--input", INPUT, "--nonce", nonce]);
    verify.arg(ALLOW);
    process::run(&mut verify)?;

    heading("Result");
    let schema = fs::read_to_string(workspace.root.join(SCHEMA)).with_context(|| format!("cannot read {SCHEMA}"))?;
    for prediction in Prediction::read(&said, &schema)? {
        println!("{prediction}");
    }
    let files = [("program", program), ("proving key", prover_key), ("verifying key", verifier_key), ("proof", proof)];
    for (what, path) in files {
        let size = fs::metadata(workspace.root.join(&path)).with_context(|| format!("no {}", path.display()))?.len();
        println!("{what:<14} {} ({size} bytes)", path.display());
    }
    Ok(())
}

fn heading(text: &str) {
    println!("\n== {text}");
}

/// The prover that was built.
fn vouch(workspace: &Workspace) -> Command {
    Profile::Release.program(workspace, "vouch")
}

/// 32 random bytes: a proof for them answers this request and no other.
fn random_nonce() -> Result<String> {
    let mut bytes = [0u8; 32];
    fs::File::open("/dev/urandom")
        .and_then(|mut file| file.read_exact(&mut bytes))
        .context("cannot read /dev/urandom")?;
    Ok(bytes.iter().map(|byte| format!("{byte:02x}")).collect())
}

#[cfg(all(test, unix))]
mod tests {
    use std::path::Path;

    use super::*;

    /// A prover that writes down its arguments, and makes the files that it is asked for.
    const STAND_IN: &str = r#"#!/bin/sh
echo "$@" >> target/demo/said.txt
case "$1" in
    compile) touch target/demo/model.vouch ;;
    setup) touch target/demo/prover.key target/demo/verifier.key ;;
    prove) touch target/demo/example.proof; echo '{"outputs": {"redemption_hours": [[52.25]]}}' ;;
    verify) exit 0 ;;
esac
"#;

    /// Writes a program from a process of its own: a file that this one has open for writing, and so any child that another
    /// test starts meanwhile, could not be run.
    fn install(script: &str, path: &Path) {
        let write = r#"printf %s "$1" > "$2" && chmod 755 "$2""#;
        assert!(Command::new("sh").args(["-c", write, "sh", script]).arg(path).status().unwrap().success());
    }

    #[test]
    fn the_commands_are_those_of_the_readme() {
        let dir = tempfile::tempdir().unwrap();
        let workspace = Workspace { root: dir.path().to_owned(), target: dir.path().join("target") };
        let program = workspace.target.join("release/vouch");
        for folder in ["target/release", "models/staking-lstm"] {
            fs::create_dir_all(dir.path().join(folder)).unwrap();
        }
        install(STAND_IN, &program);
        fs::write(dir.path().join(SCHEMA), r#"{"outputs": [{"name": "redemption_hours", "unit": "h"}]}"#).unwrap();

        show_all(&workspace, "ab12").unwrap();
        let said = fs::read_to_string(workspace.target.join("demo/said.txt")).unwrap();
        let expected = [
            "compile models/staking-lstm/staking-lstm.onnx -o target/demo",
            "setup target/demo",
            "prove target/demo --input models/staking-lstm/example.json --nonce ab12 -o target/demo/example.proof --json",
            "verify target/demo/example.proof --key target/demo/verifier.key --input models/staking-lstm/example.json --nonce ab12 --allow-development",
        ];
        assert_eq!(said.lines().collect::<Vec<_>>(), expected);

        install(&STAND_IN.replace("exit 0", "exit 1"), &program);
        let error = show_all(&workspace, "ab12").unwrap_err().to_string();
        assert!(error.starts_with("`vouch verify"), "{error}");
    }

    #[test]
    fn nonces_are_fresh() {
        let (a, b) = (random_nonce().unwrap(), random_nonce().unwrap());
        assert_eq!(a.len(), 64);
        assert_ne!(a, b);
    }
}
