//! Python tests, in a virtual environment below the target directory.

use std::{
    fs,
    path::{Path, PathBuf},
    process::{Command, Stdio},
};

use anyhow::{Context, Result, bail};

use crate::{process::run, workspace::Workspace};

/// Folders of `models/` with training code.
const MODELS: [&str; 2] = ["staking-lstm", "restaking-allocation"];
/// What the training code of several models shares. Its tests run with the packages of the first model.
const COMMON: &str = "common";

/// The tests beside the models' training code.
pub(super) fn models(workspace: &Workspace) -> Result<()> {
    let models = workspace.root.join("models");
    for model in MODELS {
        let python = environment(workspace, model, &models.join(model).join("requirements.txt"))?;
        unittest(&python, &models.join(model), &[])?;
        if model == MODELS[0] {
            unittest(&python, &models, &["discover", "-s", COMMON, "-t", "."])?;
        }
    }
    Ok(())
}

/// Run `unittest` in a folder, without leaving compiled files there.
fn unittest(python: &Path, dir: &Path, args: &[&str]) -> Result<()> {
    let mut tests = Command::new(python);
    tests.current_dir(dir).env("PYTHONDONTWRITEBYTECODE", "1").args(["-m", "unittest"]).args(args);
    run(&mut tests)
}

/// The Python of an environment with the packages that `requirements` lists; recreated when the list has changed.
pub(crate) fn environment(workspace: &Workspace, name: &str, requirements: &Path) -> Result<PathBuf> {
    let wanted = fs::read_to_string(requirements).with_context(|| format!("cannot read {}", requirements.display()))?;
    let dir = workspace.target.join("venv").join(name);
    let python = dir.join("bin/python");
    let stamp = dir.join("installed.txt");
    if python.exists() && fs::read_to_string(&stamp).is_ok_and(|installed| installed == wanted) {
        return Ok(python);
    }
    let system = std::env::var_os("VOUCH_PYTHON").unwrap_or_else(|| "python3".into());
    let mut probe = Command::new(&system);
    probe.args(["-c", "import venv, ensurepip"]).stdout(Stdio::null()).stderr(Stdio::null());
    if !probe.status().is_ok_and(|status| status.success()) {
        bail!(
            "python3 with venv is missing: install python3-venv, set VOUCH_PYTHON, or leave this out with --skip python"
        );
    }
    run(Command::new(&system).args(["-m", "venv", "--clear"]).arg(&dir))?;
    let mut pip = Command::new(&python);
    pip.args(["-m", "pip", "install", "--quiet", "--disable-pip-version-check", "--requirement"]).arg(requirements);
    run(&mut pip)?;
    fs::write(&stamp, wanted).with_context(|| format!("cannot write {}", stamp.display()))?;
    Ok(python)
}
