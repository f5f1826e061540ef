//! `cargo xtask web --test`: the page in Chromium, against a validator's double, and against a local network that proves.

use std::process::Command;

use anyhow::{Context, Result};

use crate::demo::vault;
use crate::network::Profile;
use crate::test::contracts;
use crate::workspace::Workspace;
use crate::{bundles, local_chain, network, process, wasm};

/// Builds verifier, dashboard and network, and runs the tests of `web/e2e`.
pub(crate) fn run(workspace: &Workspace) -> Result<()> {
    wasm::run(workspace, &wasm::Args::default())?;
    let dist = workspace.target.join("web");
    super::run(workspace, &super::Args { out: dist.clone(), package: "pkg".into(), dev: false, test: false })?;
    Profile::Dev.build(workspace)?;
    let models = bundles::all(workspace, Profile::Dev)?;
    // One whose output is hidden, too.
    let both = ["x".to_owned(), "y".to_owned()];
    bundles::make(workspace, Profile::Dev, "node/tests/fixtures/tiny.onnx", &models.join("tiny-hashed"), &both, &[])?;
    let e2e = workspace.root.join("web/e2e");
    let npm = |arguments: &[&str]| {
        let mut npm = Command::new("npm");
        npm.current_dir(&e2e).args(arguments).env("VOUCH_WEB_DIST", &dist);
        npm
    };
    process::run(&mut npm(&["ci", "--silent", "--no-audit", "--no-fund"])).context("Node.js with npm is needed")?;
    let mut settings = vec!["listen=127.0.0.1:0".to_owned(), "log=error".to_owned()];
    settings.extend(bundles::strategies());
    // The tests ask more in a minute than one user does.
    settings.push("validator.rate=100".to_owned());
    settings.push("validator.burst=1000".to_owned());
    let network = network::start(
        workspace,
        Profile::Dev,
        &workspace.target.join("dashboard-network"),
        &models,
        Some(dist.clone()),
        &settings,
    )?;
    // The page of deposits has a chain of its own, and a validator that reads it; that of proofs asks the demo's chain, too, where
    // a contract has paid for a forecast.
    contracts::install(&workspace.root.join("contracts"))?;
    let chain = local_chain::start(workspace)?;
    let folder = workspace.target.join("dashboard-forecast");
    let forecast = vault::run(workspace, Profile::Dev, &chain, &models.join(bundles::PUBLIC), folder)?;
    let program = |name| Profile::Dev.program(workspace, name).get_program().to_owned();
    let mut test = npm(&["test", "--silent"]);
    test.env("VOUCH_URL", &network.url).env("VOUCH_MODELS", &models);
    test.env("VOUCH_FORECAST", &forecast.folder);
    test.env("VOUCH_BIN", program("vouch")).env("VOUCH_NODE", program("vouch-node"));
    process::run(&mut test)
}
