//! The suite `openapi`: schemathesis makes requests from the document that a running validator serves, sends them to that
//! validator, and holds its answers to the document.

use std::{
    fs,
    path::{Path, PathBuf},
    process::Command,
};

use anyhow::{Context, Result};

use super::python;
use crate::{
    bundles,
    network::{self, Profile},
    process::run,
    wasm::{self, WASM},
    workspace::Workspace,
};

/// Requests of each kind to each path.
const EXAMPLES: &str = "30";
/// Always the same requests: a change is judged by its own failures. `VOUCH_SEED` stands for another.
const SEED: &str = "1";

/// Starts a local network on a small model, and asks it everything.
pub(super) fn test(workspace: &Workspace) -> Result<()> {
    let dir = workspace.root.join("node/tests/openapi");
    let python = python::environment(workspace, "openapi", &dir.join("requirements.txt"))?;
    if !workspace.root.join("pkg").join(WASM).is_file() {
        wasm::run(workspace, &wasm::Args::default())?;
    }
    Profile::Dev.build(workspace)?;
    let models = bundle(workspace)?;
    let settings = [
        "listen=127.0.0.1:0",
        "log=error",
        // The requests come from one address, all at once.
        "validator.rate=100000.0",
        "validator.burst=100000",
        // So that there are miners, scores, weights and a log to ask for.
        "validator.benchmark_every_ms=2000",
        "validator.dispatch.benchmark_for_ms=1",
        "validator.epoch_ms=3000",
    ]
    .map(str::to_owned);
    let home = workspace.target.join("openapi-network");
    let network = network::start(workspace, Profile::Dev, &home, &models, None, &settings)?;
    check(&python, &dir, &network.url, &workspace.target.join("openapi-report"))
}

/// The small model's bundle, and another with hashed input and output.
fn bundle(workspace: &Workspace) -> Result<PathBuf> {
    let models = workspace.target.join("openapi-models");
    let hashed = ["x".to_owned(), "y".to_owned()];
    for (name, hashed) in [("tiny", &hashed[..0]), ("tiny-hashed", &hashed[..])] {
        bundles::make(workspace, Profile::Dev, "node/tests/fixtures/tiny.onnx", &models.join(name), hashed, &[])?;
    }
    Ok(models)
}

fn check(python: &Path, dir: &Path, url: &str, reports: &Path) -> Result<()> {
    let seed = std::env::var("VOUCH_SEED").unwrap_or_else(|_| SEED.to_owned());
    fs::create_dir_all(reports).with_context(|| format!("cannot create {}", reports.display()))?;
    let mut schemathesis = Command::new(python.with_file_name("schemathesis"));
    // It keeps what it found in the folder that it runs in.
    schemathesis.current_dir(reports).arg("--config-file").arg(dir.join("schemathesis.toml"));
    schemathesis.args(["run", "--checks", "all", "--max-examples", EXAMPLES, "--seed", &seed, "--no-color"]);
    schemathesis.args(["--generation-database", "none"]).arg(format!("{url}/v1/openapi.json"));
    run(&mut schemathesis)
}
