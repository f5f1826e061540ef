//! The Python package: its wheel, installed in an empty environment.

use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result, bail};

use super::{Setting, empty};
use crate::process;
use crate::test::tutorials::run_page;

/// Builds and installs the wheel, runs its tests and the cases.
pub(super) fn run(setting: &Setting<'_>) -> Result<()> {
    let wheels = empty(setting.dir.join("wheels"))?;
    let environment = setting.dir.join("venv");
    let system = std::env::var_os("VOUCH_PYTHON").unwrap_or_else(|| "python3".into());
    process::run(Command::new(&system).args(["-m", "venv"]).arg(&environment))
        .context("Python with venv is needed (Debian: python3-venv), or VOUCH_PYTHON")?;
    let python = environment.join("bin/python");
    let pip = |arguments: &[OsString]| {
        let mut pip = Command::new(&python);
        pip.args(["-m", "pip", "--disable-pip-version-check", "--quiet"]).args(arguments);
        process::run(&mut pip)
    };
    // A copy, since setuptools writes beside the sources.
    let sources = copy_sources(setting)?;
    pip(&["wheel".into(), "--no-deps".into(), "--wheel-dir".into(), wheels.clone().into(), sources.into()])?;
    let wheel = std::fs::read_dir(&wheels)?.filter_map(|entry| Some(entry.ok()?.path())).next();
    let wheel = wheel.context("pip made no wheel")?;
    pip(&["install".into(), wheel.into()])?;

    let mut tests = Command::new(&python);
    tests.current_dir(&setting.dir).env("VOUCH_FIXTURES", setting.fixtures.canonicalize()?);
    process::run(tests.arg(setting.pkg.join("python/tests/test_verifier.py")))?;

    guide(setting, &python)?;

    let answers = setting.dir.join("python.json");
    let mut cases = Command::new(&python);
    cases.current_dir(&setting.dir).arg(setting.host("cases.py")).arg(&setting.cases).arg(&answers);
    process::run(&mut cases)?;
    setting.compare("Python", &answers)
}

/// `docs/guide/python.md`, with the files that it begins with.
fn guide(setting: &Setting<'_>, python: &Path) -> Result<()> {
    let root = &setting.workspace.root;
    let folder = empty(setting.dir.join("guide"))?;
    for (from, to) in [
        ("examples/verify/staking-lstm.key", "staking-lstm.key"),
        ("examples/verify/forecast.proof", "forecast.proof"),
        ("models/staking-lstm/example.json", "question.json"),
    ] {
        super::copy(&root.join(from), &folder.join(to))?;
    }
    let programs = python.parent().context("Python is in a folder")?.to_owned();
    run_page(setting.workspace, "python", &folder, &[programs])
}

fn copy_sources(setting: &Setting<'_>) -> Result<PathBuf> {
    let to = empty(setting.dir.join("python"))?;
    let from = setting.pkg.join("python");
    let package = to.join("vouch_verifier");
    std::fs::create_dir(&package)?;
    for name in ["pyproject.toml", "README.md"] {
        super::copy(&from.join(name), &to.join(name))?;
    }
    for entry in std::fs::read_dir(from.join("vouch_verifier"))? {
        let entry = entry?;
        if entry.file_type()?.is_file() {
            super::copy(&entry.path(), &package.join(entry.file_name()))?;
        }
    }
    if !package.join(super::WASM).is_file() {
        bail!("{} is missing: run `cargo xtask wasm`", super::WASM);
    }
    Ok(to)
}
