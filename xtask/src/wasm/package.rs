//! `pkg/`: the npm package, made of the artefact, wasm-bindgen's JavaScript and the sources in `verifier-wasm/js`; and
//! the artefact's copy for the Python package, whose sources are in `pkg/python`.

use std::fs;
use std::path::Path;

use anyhow::{Context, Result, bail};
use flate2::{Compression, write::GzEncoder};

use super::{LIMITS, WASM, bind, optimise, sha256};
use crate::workspace::Workspace;

/// Files of the npm package that are written by hand.
const SOURCES: [&str; 8] =
    ["content.js", "core.js", "error.js", "expected.js", "verifier.js", "node.js", "verifier.d.ts", "README.md"];

/// Writes everything that hosts need.
pub(super) fn write(workspace: &Workspace, wasm: &[u8], work: &Path, compiler: &str) -> Result<()> {
    let pkg = workspace.root.join("pkg");
    let sources = workspace.root.join("verifier-wasm/js");
    let python = pkg.join("python/vouch_verifier");
    let put =
        |path: &Path, bytes: &[u8]| fs::write(path, bytes).with_context(|| format!("cannot write {}", path.display()));
    let get = |path: &Path| fs::read(path).with_context(|| format!("cannot read {}", path.display()));

    let digest = sha256::hex(wasm);
    for dir in [&pkg, &python] {
        put(&dir.join(WASM), wasm)?;
        put(&dir.join(format!("{WASM}.sha256")), format!("{digest}  {WASM}\n").as_bytes())?;
    }
    put(&pkg.join(bind::SCRIPT), &get(&work.join(bind::SCRIPT))?)?;
    for name in SOURCES {
        put(&pkg.join(name), &get(&sources.join(name))?)?;
    }
    for name in ["LICENSE-MIT", "LICENSE-APACHE"] {
        put(&pkg.join(name), &get(&workspace.root.join(name))?)?;
    }
    // As text, since the order of its conditions counts. The version is the workspace's, which is this program's.
    let package = String::from_utf8(get(&sources.join("package.json"))?)?;
    let version = format!(r#""version": "{}""#, env!("CARGO_PKG_VERSION"));
    put(&pkg.join("package.json"), package.replacen(r#""version": "0.0.0""#, &version, 1).as_bytes())?;

    let gzip = gzip(wasm)?;
    println!("{WASM}: {} bytes, {gzip} after gzip, SHA-256 {digest}", wasm.len());
    println!("made by {compiler}; {}", optimise::version());
    println!("packages: {} (npm), {} (Python)", pkg.display(), pkg.join("python").display());
    if wasm.len() > LIMITS.0 || gzip > LIMITS.1 {
        bail!("{WASM} is too large: at most {} bytes, {} after gzip", LIMITS.0, LIMITS.1);
    }
    Ok(())
}

/// Length after `gzip -9`.
fn gzip(bytes: &[u8]) -> Result<usize> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::best());
    std::io::Write::write_all(&mut encoder, bytes)?;
    Ok(encoder.finish()?.len())
}
