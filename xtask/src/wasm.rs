//! `cargo xtask wasm`: the verifier's `.wasm` and the packages around it, in `pkg/`.

mod package;
mod toolchain;

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use anyhow::{Context, Result, bail};

use crate::process::run;
use crate::workspace::Workspace;
use toolchain::Toolchain;

/// What `wasm-opt` may assume: what rustc's target has, and every browser since 2022.
const FEATURES: [&str; 6] = [
    "--enable-bulk-memory",
    "--enable-nontrapping-float-to-int",
    "--enable-reference-types",
    "--enable-sign-ext",
    "--enable-mutable-globals",
    "--enable-multivalue",
];

/// How the package is built.
#[derive(clap::Args)]
pub(crate) struct Args {
    /// Where the packages are written
    #[arg(long, value_name = "DIR")]
    out: Option<PathBuf>,
    /// Build twice, from nothing, and compare
    #[arg(long)]
    reproduce: bool,
}

/// Builds the module and writes the packages.
pub(crate) fn run_command(workspace: &Workspace, args: &Args) -> Result<()> {
    let toolchain = Toolchain::find(workspace)?;
    println!("toolchain: {toolchain}");
    let target = workspace.target.join("verifier-wasm");
    let wasm = build(workspace, &toolchain, &target)?;
    if args.reproduce {
        let again = build(workspace, &toolchain, &workspace.target.join("verifier-wasm-again"))?;
        if wasm != again {
            bail!("two builds differ: {} and {} bytes", wasm.len(), again.len());
        }
        println!("two builds give the same {} bytes", wasm.len());
    }
    let out = args.out.clone().unwrap_or_else(|| workspace.root.join("pkg"));
    package::write(workspace, &wasm, &out)
}

/// The optimized module.
fn build(workspace: &Workspace, toolchain: &Toolchain, target: &Path) -> Result<Vec<u8>> {
    let mut cargo = toolchain.cargo(workspace)?;
    cargo.env("CARGO_TARGET_DIR", target);
    cargo.args(["build", "--locked", "--profile", "wasm", "--package", "vouch-verifier-wasm", "--target", TARGET]);
    run(&mut cargo)?;
    let built = target.join(TARGET).join("wasm/vouch_verifier_wasm.wasm");
    let optimized = target.join("vouch_verifier.wasm");
    let found = Command::new("wasm-opt").arg("--version").stdout(Stdio::null()).stderr(Stdio::null()).status();
    if found.is_ok_and(|status| status.success()) {
        run(Command::new("wasm-opt").args(FEATURES).arg("-Oz").arg(&built).arg("-o").arg(&optimized))?;
    } else {
        println!("wasm-opt (binaryen) is not installed: the module stays as the compiler made it");
        fs::copy(&built, &optimized).with_context(|| format!("cannot copy {}", built.display()))?;
    }
    fs::read(&optimized).with_context(|| format!("cannot read {}", optimized.display()))
}

/// rustc's name of the target.
const TARGET: &str = "wasm32-unknown-unknown";
