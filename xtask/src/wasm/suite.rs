//! The suite `wasm`: one verdict in every host, and the packages as a stranger installs them.
//!
//! `verifier-wasm/examples/cases` makes the cases and the native verifier's answers. Every host gives its answers to
//! the same cases, and they are compared byte for byte (with times 0). What every host does is in
//! `verifier-wasm/tests/hosts` (JavaScript, Python) and `crates/verify/verifier-host/tests`.
//!
//! The proofs are those of `crates/verify/verifier/tests/fixtures`, or of the directory that `VOUCH_FIXTURES` names: any number
//! of `NAME.key` with `NAME-0.envelope`.

mod examples;
mod javascript;
mod python;

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail};
use serde::Deserialize;

use super::WASM;
use crate::process::{self, cargo};
use crate::workspace::Workspace;

/// How many changed envelopes, changed keys, random envelopes and random keys there are for each proof.
const MUTATIONS: &str = "100";

/// The part of a case that the comparison needs.
#[derive(Deserialize)]
struct Case {
    name: String,
    answer: String,
}

/// What the hosts work with.
struct Setting<'a> {
    workspace: &'a Workspace,
    /// Everything that the suite writes.
    dir: PathBuf,
    fixtures: PathBuf,
    cases: PathBuf,
    /// The built packages.
    pkg: PathBuf,
}

impl Setting<'_> {
    /// A source in `verifier-wasm/tests/hosts`.
    fn host(&self, name: &str) -> PathBuf {
        self.workspace.root.join("verifier-wasm/tests/hosts").join(name)
    }

    fn fixture(&self, name: &str) -> PathBuf {
        self.fixtures.join(name)
    }

    /// Compares a host's answers with the native ones.
    fn compare(&self, host: &str, answers: &Path) -> Result<()> {
        let answers: Vec<String> = serde_json::from_slice(&read(answers)?).context("not a list of answers")?;
        self.compare_answers(host, &answers)
    }

    fn compare_answers(&self, host: &str, answers: &[String]) -> Result<()> {
        let cases: Vec<Case> = serde_json::from_slice(&read(&self.cases)?)?;
        if cases.len() != answers.len() {
            bail!("{host}: {} cases, {} answers", cases.len(), answers.len());
        }
        if let Some((case, answer)) = cases.iter().zip(answers).find(|(case, answer)| case.answer != **answer) {
            bail!("{host}: {}: expected {}, got {answer}", case.name, case.answer);
        }
        println!("{host}: {} answers, all as native", cases.len());
        Ok(())
    }
}

fn read(path: &Path) -> Result<Vec<u8>> {
    fs::read(path).with_context(|| format!("cannot read {}", path.display()))
}

fn copy(from: &Path, to: &Path) -> Result<()> {
    fs::copy(from, to).map(drop).with_context(|| format!("cannot copy {} to {}", from.display(), to.display()))
}

/// An empty directory.
fn empty(dir: PathBuf) -> Result<PathBuf> {
    if dir.exists() {
        fs::remove_dir_all(&dir).with_context(|| format!("cannot empty {}", dir.display()))?;
    }
    fs::create_dir_all(&dir).with_context(|| format!("cannot make {}", dir.display()))?;
    Ok(dir)
}

/// Builds the packages and runs the cases everywhere.
pub(crate) fn run(workspace: &Workspace) -> Result<()> {
    super::run(workspace, &super::Args::default())?;
    let fixtures = std::env::var_os("VOUCH_FIXTURES").map(PathBuf::from);
    let setting = Setting {
        workspace,
        dir: empty(workspace.target.join("wasm-suite"))?,
        fixtures: fixtures.unwrap_or_else(|| workspace.root.join("crates/verify/verifier/tests/fixtures")),
        cases: workspace.target.join("wasm-suite/cases.json"),
        pkg: workspace.root.join("pkg"),
    };
    let mut example = cargo(&workspace.root);
    example.args(["run", "--quiet", "--locked", "--example", "cases", "--"]);
    let cases = process::output(example.arg(&setting.fixtures).arg(MUTATIONS))?;
    fs::write(&setting.cases, cases).context("cannot write the cases")?;

    let mut wasmtime = cargo(&workspace.root);
    wasmtime.args(["test", "--locked", "--test", "cases", "--", "--nocapture"]);
    wasmtime.env("VOUCH_WASM", setting.pkg.join(WASM)).env("VOUCH_CASES", &setting.cases);
    process::run(&mut wasmtime)?;
    // The engine of a validator with this verifier, and miners that do what they should not.
    let mut network = cargo(&workspace.root);
    network.args(["test", "--locked", "--test", "node", "--", "miners::", "engine::"]);
    process::run(network.env("VOUCH_WASM", setting.pkg.join(WASM)))?;

    // The example of an embedder, which fails unless it accepts an honest proof and refuses a changed one.
    let mut embedder = cargo(&workspace.root);
    embedder.args(["run", "--quiet", "--locked", "--example", "embed_wasm", "--"]);
    process::run(embedder.arg(setting.pkg.join(WASM)))?;

    let project = javascript::install(&setting)?;
    javascript::node(&setting, &project)?;
    javascript::browser(&setting, &project)?;
    examples::run(&setting, &project)?;
    python::run(&setting)
}
