//! `cargo xtask wasm`: the verifier as one `.wasm`, and the npm and Python packages around it.
//!
//! 1. `toolchain`: a compiler for wasm32, found or installed; `verifier-wasm` compiled with paths remapped.
//! 2. `bind`: wasm-bindgen's JavaScript, and the module without imports.
//! 3. `optimise`: `wasm-opt`.
//! 4. `package`: `pkg/`, from the sources in `verifier-wasm/js` and `pkg/python`.

mod bind;
pub(crate) mod optimise;
mod package;
mod sha256;
pub(crate) mod suite;
pub(crate) mod toolchain;

use std::fs;
use std::path::PathBuf;

use anyhow::{Context, Result, bail};

use crate::workspace::Workspace;

/// Options.
#[derive(Debug, Default, clap::Args)]
pub(crate) struct Args {
    /// Which compiler: the default takes the first that works
    #[arg(long, value_enum, default_value_t)]
    toolchain: toolchain::Choice,
    /// Build a second time, in another directory and from scratch, and compare the bytes
    #[arg(long)]
    reproduce: bool,
}

/// The artefact's name, in `pkg/` and in the Python package.
pub(crate) const WASM: &str = "vouch_verifier.wasm";

/// Limits on the artefact's size, in bytes: raw and after `gzip -9`.
const LIMITS: (usize, usize) = (280_000, 115_000);

/// Builds the artefact and the packages.
pub(crate) fn run(workspace: &Workspace, args: &Args) -> Result<()> {
    let toolchain = toolchain::find(args.toolchain)?;
    println!("compiler: {toolchain}");
    let work = workspace.target.join("wasm-pkg");
    let built = build(workspace, &toolchain, &workspace.root, &workspace.target.join("wasm"), &work)?;
    if args.reproduce {
        again(workspace, &toolchain, &built)?;
    }
    package::write(workspace, &built, &work, &toolchain.to_string())
}

/// Compiles, binds and optimises the checkout at `root`; returns the artefact.
fn build(
    workspace: &Workspace,
    toolchain: &toolchain::Toolchain,
    root: &std::path::Path,
    target: &std::path::Path,
    out: &std::path::Path,
) -> Result<Vec<u8>> {
    let verifier =
        toolchain::Compiled { package: "vouch-verifier-wasm", file: "vouch_verifier_wasm.wasm", profile: "wasm" };
    let compiled = toolchain.compile(root, &verifier, target)?;
    fs::create_dir_all(out).with_context(|| format!("cannot make {}", out.display()))?;
    bind::bind(&compiled, out)?;
    let optimised = out.join(WASM);
    optimise::run(workspace, "-O3", &out.join(bind::BOUND), &optimised)?;
    let wasm = fs::read(&optimised).with_context(|| format!("cannot read {}", optimised.display()))?;
    bind::check(&wasm)?;
    Ok(wasm)
}

/// Builds a copy of the sources elsewhere and compares.
fn again(workspace: &Workspace, toolchain: &toolchain::Toolchain, first: &[u8]) -> Result<()> {
    let dir = workspace.target.join("wasm-again");
    let root: PathBuf = dir.join("a copy of the sources");
    if dir.exists() {
        fs::remove_dir_all(&dir).with_context(|| format!("cannot empty {}", dir.display()))?;
    }
    for file in workspace.files()? {
        let to = root.join(&file);
        fs::create_dir_all(to.parent().context("a file is in a directory")?)?;
        fs::copy(workspace.root.join(&file), &to).with_context(|| format!("cannot copy {}", file.display()))?;
    }
    let second = build(workspace, toolchain, &root, &dir.join("target"), &dir.join("out"))?;
    if first != second {
        bail!("two builds differ: SHA-256 {} and {}", sha256::hex(first), sha256::hex(&second));
    }
    println!("reproduced: a build in another directory gives the same bytes");
    fs::remove_dir_all(&dir).with_context(|| format!("cannot empty {}", dir.display()))
}
