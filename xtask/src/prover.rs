//! `cargo xtask prover`: the prover of disclosures as a `.wasm` with its JavaScript, for the dashboard and for Node.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result, bail};

use crate::process::{self, cargo};
use crate::wasm::optimise;
use crate::wasm::toolchain::{self, Compiled};
use crate::workspace::Workspace;

/// Options.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// Where the files go
    #[arg(long, value_name = "DIR", default_value = "target/prover")]
    pub(crate) out: PathBuf,
    /// Also prove in Node, and check the proofs with the native verifier and with the one of `pkg/`
    #[arg(long)]
    pub(crate) test: bool,
}

/// The module, and its JavaScript.
pub(crate) const FILES: [&str; 2] = ["vouch_prover.wasm", "vouch_prover.js"];

/// Largest module, in bytes. 2 MiB of it are a table of halo2curves' feature `bn256-table`, which halo2-axiom switches on.
/// Key generation is in it since keys from a server are made again before they are used.
const LIMIT: usize = 3_850_000;

/// Builds the module, and tests it if asked to.
pub(crate) fn run(workspace: &Workspace, args: &Args) -> Result<()> {
    let out = workspace.root.join(&args.out);
    build(workspace, &out)?;
    if args.test { test(workspace, &out) } else { Ok(()) }
}

/// Writes [`FILES`] into a folder.
pub(crate) fn build(workspace: &Workspace, out: &Path) -> Result<()> {
    fs::create_dir_all(out).with_context(|| format!("cannot make {}", out.display()))?;
    let prover = Compiled { package: "vouch-prover-wasm", file: "vouch_prover_wasm.wasm", profile: "prover-wasm" };
    let toolchain = toolchain::find(toolchain::Choice::default())?;
    let compiled = toolchain.compile(&workspace.root, &prover, &workspace.target.join("wasm"))?;
    let mut module = walrus::Module::from_file(&compiled).context("the compiler's output is no module")?;
    // As for the dashboard: objects of JavaScript are kept in an array, not in a table of the module.
    module.customs.remove_raw("target_features");
    wasm_bindgen_cli_support::Bindgen::new()
        .input_module("vouch_prover", module)
        .web(true)?
        .typescript(false)
        .out_name("vouch_prover")
        .generate(out)
        .context("wasm-bindgen cannot read what the compiler made")?;
    let wasm = out.join(FILES[0]);
    optimise::run(workspace, "-O3", &out.join("vouch_prover_bg.wasm"), &wasm)?;
    fs::remove_file(out.join("vouch_prover_bg.wasm")).context("cannot remove wasm-bindgen's output")?;
    let script = out.join(FILES[1]);
    let text = fs::read_to_string(&script).context("cannot read wasm-bindgen's JavaScript")?;
    fs::write(&script, text.replace("vouch_prover_bg.wasm", FILES[0])).context("cannot write the JavaScript")?;
    let bytes = fs::metadata(&wasm).context("cannot read the module")?.len();
    println!("{}: {bytes} bytes", wasm.display());
    if bytes > LIMIT as u64 {
        bail!("the prover's module is too large: at most {LIMIT} bytes");
    }
    Ok(())
}

/// Proves in Node.
fn test(workspace: &Workspace, out: &Path) -> Result<()> {
    let verifier = workspace.root.join("pkg");
    if !verifier.join("node.js").is_file() {
        bail!("there is no verifier in {}: run `cargo xtask wasm` first", verifier.display());
    }
    let case = workspace.target.join("prover-case");
    let example = |command: &str| {
        let mut run = cargo(&workspace.root);
        run.args(["run", "--quiet", "--locked", "--example", "case", "--", command]);
        process::run(run.arg(&case))
    };
    example("make")?;
    let mut node = Command::new("node");
    node.arg(workspace.root.join("crates/proof/prover-wasm/tests/node.mjs")).arg(out).arg(&case).arg(&verifier);
    process::run(&mut node).context("Node.js is needed")?;
    example("check")
}
