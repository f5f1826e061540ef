//! A local network (`vouch-node local`): one validator and three miners on the default model.

use std::fs;
use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail};

use crate::process::{self, cargo};
use crate::wasm::WASM;
use crate::workspace::Workspace;

/// How long a network may take to start.
const START: Duration = Duration::from_secs(120);

/// The network's processes; they end with it.
pub(crate) struct Network {
    child: Child,
    /// The validator's address.
    pub(crate) url: String,
}

impl Drop for Network {
    fn drop(&mut self) {
        // What it keeps is written before it is acknowledged, so there is nothing to wait for.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

impl Network {
    /// What the validator answers at a path.
    pub(crate) fn get(&self, path: &str) -> Result<Vec<u8>> {
        let url = format!("{}{path}", self.url);
        let mut answer = ureq::get(&url).call().with_context(|| format!("GET {url}"))?;
        Ok(answer.body_mut().read_to_vec()?)
    }
}

/// How the programs are compiled.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Profile {
    /// As users run them.
    Release,
    /// As the tests have compiled most of them already; the libraries they use are optimised, too.
    Dev,
}

impl Profile {
    /// Builds `vouch` and `vouch-node`.
    pub(crate) fn build(self, workspace: &Workspace) -> Result<()> {
        let mut build = cargo(&workspace.root);
        match self {
            Self::Release => build.args(["build", "--locked", "--release", "--bin", "vouch", "--bin", "vouch-node"]),
            // The programs as the integration tests have them. A `cargo build` would give libraries the features that they
            // have without the tests, and compile half of them again.
            Self::Dev => build.args(["test", "--locked", "--no-run", "--test", "prover", "--test", "node"]),
        };
        process::run(&mut build)
    }

    /// A program that was built.
    pub(crate) fn program(self, workspace: &Workspace, name: &str) -> Command {
        let directory = match self {
            Self::Release => "release",
            Self::Dev => "debug",
        };
        let mut command = Command::new(workspace.target.join(directory).join(name));
        command.current_dir(&workspace.root);
        command
    }
}

/// Starts a network in `dir`, with the bundles of `models`, anything of earlier networks in `dir` forgotten.
///
/// `settings` are further ones of `vouch-node`. The dashboard is served if there is a folder for it.
pub(crate) fn start(
    workspace: &Workspace,
    profile: Profile,
    dir: &Path,
    models: &Path,
    dashboard: Option<PathBuf>,
    settings: &[String],
) -> Result<Network> {
    if dir.exists() {
        fs::remove_dir_all(dir).with_context(|| format!("cannot empty {}", dir.display()))?;
    }
    let mut command = profile.program(workspace, "vouch-node");
    let mut all = vec![
        format!("validator.models={}", models.display()),
        format!("validator.verifier_wasm={}", workspace.root.join("pkg").join(WASM).display()),
        "validator.allow_development_srs=true".to_owned(),
    ];
    all.extend(dashboard.map(|dashboard| format!("validator.dashboard={}", dashboard.display())));
    all.extend_from_slice(settings);
    command.arg("local").arg("--dir").arg(dir).stdin(Stdio::null());
    for setting in all {
        command.arg("--set").arg(setting);
    }
    process::show(&command)?;
    let mut child = command.stdout(Stdio::piped()).spawn().context("cannot start vouch-node")?;
    let output = child.stdout.take().context("vouch-node has no output")?;
    let mut network = Network { child, url: String::new() };
    let began = Instant::now();
    for line in BufReader::new(output).lines() {
        let line = line.context("vouch-node's output")?;
        println!("{line}");
        if let Some((_, address)) = line.strip_prefix("validator ").and_then(|rest| rest.split_once(" on ")) {
            address.clone_into(&mut network.url);
            return Ok(network);
        }
        if began.elapsed() > START {
            break;
        }
    }
    bail!("vouch-node has not started: {:?}", network.child.try_wait())
}
