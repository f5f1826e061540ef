//! The contracts: their own tests, and those of the programs that use them on a real chain.

use std::{
    fs,
    path::Path,
    process::{Command, Stdio},
};

use anyhow::{Context, Result, bail};

use super::python;
use crate::{
    process::{cargo, output, run},
    workspace::Workspace,
};

/// The oldest release of Node whose test runner and `fetch` the scripts use.
const NODE: u32 = 20;

/// Formatting, lints, solc, committed ABI and bytecode, Solidity tests, scripts against a local chain, gas; Slither; then the
/// follower, the validator and the verifier of proofs against chains of their own, which the workspace's other tests leave out
/// because they need anvil.
pub(super) fn test(workspace: &Workspace) -> Result<()> {
    let dir = workspace.root.join("contracts");
    install(&dir).context("this can be left out with --skip contracts")?;
    run(Command::new("npm").current_dir(&dir).args(["--silent", "test"]))?;
    slither(workspace, &dir)?;
    let mut chain = cargo(&workspace.root);
    chain.args(["test", "--locked", "--test", "answers", "--test", "trouble", "--test", "hosts"]);
    run(chain.args(["--", "--ignored"]))?;
    let mut node = cargo(&workspace.root);
    node.args(["test", "--locked", "--test", "node"]);
    run(node.args(["--", "--ignored", "deposits_chain::"]))
}

/// Static analysis; `slither.config.json` says of what. It has forge compile, by name, and leaves the build without the tests.
fn slither(workspace: &Workspace, dir: &Path) -> Result<()> {
    let python = python::environment(workspace, "slither", &dir.join("requirements.txt"))?;
    let forge = dir.join("node_modules/@foundry-rs/forge-linux-amd64/bin");
    let path = std::env::var_os("PATH").unwrap_or_default();
    let path = std::env::join_paths([forge].into_iter().chain(std::env::split_paths(&path)))?;
    run(Command::new(python.with_file_name("slither")).current_dir(dir).env("PATH", path).arg("."))
}

/// The packages of `package-lock.json`, installed anew only when it has changed.
pub(crate) fn install(dir: &Path) -> Result<()> {
    check_node(dir)?;
    let lock = dir.join("package-lock.json");
    let wanted = fs::read_to_string(&lock).with_context(|| format!("cannot read {}", lock.display()))?;
    let stamp = dir.join("node_modules/.installed-lock");
    if !fs::read_to_string(&stamp).is_ok_and(|installed| installed == wanted) {
        run(Command::new("npm").current_dir(dir).args(["ci", "--loglevel=error", "--no-audit", "--no-fund"]))
            .context("npm could not install the packages of contracts")?;
        fs::write(&stamp, wanted).with_context(|| format!("cannot write {}", stamp.display()))?;
    }
    let mut programs = Command::new("node");
    programs.current_dir(dir).args(["scripts/forge.js", "--version"]).stdout(Stdio::null()).stderr(Stdio::null());
    if !programs.status().is_ok_and(|status| status.success()) {
        bail!("forge is missing: npm has it for Linux on x86-64; elsewhere install foundry 1.7.1");
    }
    Ok(())
}

/// Refuses a machine without Node and npm in one line.
fn check_node(dir: &Path) -> Result<()> {
    const MISSING: &str = "node 20 with npm is missing";
    let version = output(Command::new("node").current_dir(dir).arg("--version")).context(MISSING)?;
    let Some(major) = major(&version) else { bail!("node says {version:?} for its version") };
    if major < NODE {
        bail!("node is {}, {NODE} or later is needed", version.trim());
    }
    output(Command::new("npm").current_dir(dir).arg("--version")).context(MISSING)?;
    Ok(())
}

/// The first number of `v20.20.2`.
fn major(version: &str) -> Option<u32> {
    version.trim().strip_prefix('v')?.split('.').next()?.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_release_of_node_is_read() {
        assert_eq!(major("v20.20.2\n"), Some(20));
        assert_eq!(major("20.1"), None);
        assert_eq!(major("v"), None);
    }
}
