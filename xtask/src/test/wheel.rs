//! The wheel `vouch`: built by maturin, installed in an empty environment, tested from an empty folder.
//!
//! maturin builds its crate alone, whose dependencies have fewer features than in a build of the workspace, so that all of
//! them would be compiled a second time. Here it is given another cargo, which builds the workspace's libraries instead:
//! the artifacts are those of the suite `rust`.

use std::{
    fs,
    path::{Path, PathBuf},
    process::Command,
};

use anyhow::{Context, Result};

use super::python::environment;
use crate::{
    process::{run, without_package},
    workspace::Workspace,
};

/// The package.
const PACKAGE: &str = "pkg/python-vouch";
/// What builds the wheel.
const MATURIN: &str = "maturin==1.16.0\n";
/// The model that the tests prove.
const MODEL: &str = "node/tests/fixtures/tiny.onnx";

/// An example, because cargo then counts the features that tests need, as the suite `rust` does.
const CARGO: &str = r#"#!/bin/sh
if [ "$1" != rustc ]; then exec "$VOUCH_CARGO" "$@"; fi
exec "$VOUCH_CARGO" build --locked --workspace --exclude vouch-web --exclude vouch-prover-wasm --lib --example cases \
  --message-format json-render-diagnostics
"#;

/// Builds the wheel, installs it and runs its tests.
pub(super) fn run_tests(workspace: &Workspace) -> Result<()> {
    let dir = workspace.target.join("python");
    let wheels = empty(&dir.join("wheels"))?;
    let requirements = dir.join("maturin.txt");
    fs::write(&requirements, MATURIN).with_context(|| format!("cannot write {}", requirements.display()))?;
    let builder = environment(workspace, "maturin", &requirements)?;
    let package = workspace.root.join(PACKAGE);
    let mut maturin = Command::new(&builder);
    maturin.current_dir(&package).args(["-m", "maturin", "build", "--profile", "dev", "--out"]).arg(&wheels);
    // The directory of the build's results, as maturin looks for them there.
    maturin.env("CARGO", cargo(&dir)?).env("CARGO_TARGET_DIR", &workspace.target);
    maturin.env("VOUCH_CARGO", std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into()));
    without_package(&mut maturin);
    run(&mut maturin)?;
    let wheel = fs::read_dir(&wheels)?.filter_map(|entry| Some(entry.ok()?.path())).next();
    let wheel = wheel.context("maturin made no wheel")?;

    let python = environment(workspace, "wheel", &package.join("tests/requirements.txt"))?;
    let mut pip = Command::new(&python);
    pip.args(["-m", "pip", "--disable-pip-version-check", "--quiet", "install", "--force-reinstall", "--no-deps"]);
    run(pip.arg(&wheel))?;
    let folder = empty(&dir.join("empty"))?;
    let mut tests = Command::new(&python);
    tests.current_dir(&folder).env("VOUCH_MODEL", workspace.root.join(MODEL));
    run(tests.arg(package.join("tests/test_vouch.py")))?;
    let mut types = Command::new(&python);
    run(types.current_dir(&folder).args(["-m", "mypy", "--strict", "--package", "vouch"]))
}

/// The cargo that maturin is given.
fn cargo(dir: &Path) -> Result<PathBuf> {
    use std::os::unix::fs::PermissionsExt;

    let path = dir.join("cargo");
    fs::write(&path, CARGO).with_context(|| format!("cannot write {}", path.display()))?;
    fs::set_permissions(&path, fs::Permissions::from_mode(0o755))?;
    Ok(path)
}

fn empty(dir: &Path) -> Result<PathBuf> {
    if dir.exists() {
        fs::remove_dir_all(dir).with_context(|| format!("cannot empty {}", dir.display()))?;
    }
    fs::create_dir_all(dir).with_context(|| format!("cannot make {}", dir.display()))?;
    Ok(dir.to_owned())
}
