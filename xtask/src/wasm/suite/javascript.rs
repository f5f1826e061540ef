//! Node and Chromium, with the package that `npm pack` makes, installed in an empty project.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result, bail};
use serde::Deserialize;

use super::{Setting, copy, empty, read};
use crate::process;

/// Bundler for the README's example.
const VITE: &str = "vite@8";
/// New processes for the median of the cold time.
const COLD_RUNS: usize = 9;

/// An empty project with the package installed.
pub(super) fn install(setting: &Setting<'_>) -> Result<PathBuf> {
    let project = empty(setting.dir.join("project"))?;
    fs::write(project.join("package.json"), r#"{"name":"stranger","private":true,"type":"module"}"#)?;
    let mut pack = Command::new("npm");
    pack.current_dir(&setting.pkg).args(["pack", "--silent", "--pack-destination"]).arg(&project);
    let tarball = process::output(&mut pack).context("Node.js with npm is needed")?;
    let tarball = tarball.lines().last().context("`npm pack` named no file")?.trim();
    let mut install = Command::new("npm");
    install.current_dir(&project).args(["install", "--silent", "--no-audit", "--no-fund", VITE]);
    process::run(install.arg(format!("./{tarball}")))?;
    Ok(project)
}

/// The installed package.
pub(super) fn installed(project: &Path) -> PathBuf {
    project.join("node_modules/vouch-verifier")
}

/// The cases in Node, what it refuses as expectations, and its cold time.
pub(super) fn node(setting: &Setting<'_>, project: &Path) -> Result<()> {
    for name in ["node.js", "cases.js", "cold.js", "expectations.js"] {
        copy(&setting.host(name), &project.join(name))?;
    }
    let answers = setting.dir.join("node.json");
    process::run(Command::new("node").current_dir(project).arg("node.js").arg(&setting.cases).arg(&answers))?;
    setting.compare("Node", &answers)?;
    let mut expectations = Command::new("node");
    expectations.current_dir(project).arg("expectations.js");
    expectations.args([setting.fixture("small.key"), setting.fixture("small-0.envelope")]);
    process::run(expectations.arg(setting.workspace.root.join("crates/verify/verifier/tests/fixtures/chain")))?;
    let mut times = (0..COLD_RUNS)
        .map(|_| {
            let mut cold = Command::new("node");
            cold.current_dir(project).arg("cold.js").arg(installed(project));
            cold.args([setting.fixture("large.key"), setting.fixture("large-0.envelope")]);
            Ok(process::output(&mut cold)?.trim().parse::<f64>()?)
        })
        .collect::<Result<Vec<_>>>()?;
    times.sort_by(f64::total_cmp);
    println!("node: {:.1} ms cold, median of {COLD_RUNS} processes", times[COLD_RUNS / 2]);
    Ok(())
}

/// What a page or a worker posts.
#[derive(Deserialize)]
struct Realm {
    answers: Vec<String>,
    cold: f64,
    warm: Vec<(String, f64)>,
    isolated: bool,
}

#[derive(Deserialize)]
#[serde(untagged)]
enum Posted {
    Both { page: Realm, worker: Realm },
    Failed(serde_json::Value),
}

/// The cases in a page of Chromium and in a worker.
pub(super) fn browser(setting: &Setting<'_>, project: &Path) -> Result<()> {
    let site = empty(setting.dir.join("site"))?;
    for name in ["suite.html", "suite.js", "worker.js", "cases.js"] {
        copy(&setting.host(name), &site.join(name))?;
    }
    copy(&setting.cases, &site.join("cases.json"))?;
    package_into(project, &site)?;
    let out = setting.dir.join("browser.json");
    open(setting, &site, "suite.html", &out)?;
    let (page, worker) = match serde_json::from_slice(&read(&out)?)? {
        Posted::Both { page, worker } => (page, worker),
        Posted::Failed(error) => bail!("the page failed: {error}"),
    };
    for (name, realm) in [("Chromium, page", page), ("Chromium, worker", worker)] {
        setting.compare_answers(name, &realm.answers)?;
        if realm.isolated {
            bail!("{name}: is cross-origin isolated, which users' pages are not");
        }
        let warm: Vec<_> = realm.warm.iter().map(|(case, ms)| format!("{case} {ms:.2} ms warm")).collect();
        println!("{name}: {:.1} ms cold, {}", realm.cold, warm.join(", "));
    }
    Ok(())
}

/// Copies the installed package into a static folder.
pub(super) fn package_into(project: &Path, site: &Path) -> Result<()> {
    let to = site.join("vouch-verifier");
    fs::create_dir_all(&to)?;
    for entry in fs::read_dir(installed(project))? {
        let entry = entry?;
        copy(&entry.path(), &to.join(entry.file_name()))?;
    }
    Ok(())
}

/// Opens a page of a static folder in headless Chromium, and waits for what it posts; see `browser.js`.
pub(super) fn open(setting: &Setting<'_>, site: &Path, page: &str, out: &Path) -> Result<()> {
    let mut node = Command::new("node");
    node.arg(setting.host("browser.js")).arg(site).arg(page).arg(out);
    process::run(&mut node).context("Chromium is needed: install it, or name it in VOUCH_CHROMIUM")
}
