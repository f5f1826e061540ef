//! The README's examples, as they are written there.

use std::fs;
use std::path::Path;
use std::process::Command;

use anyhow::{Context, Result, bail};

use super::{Setting, copy, empty, javascript, read};
use crate::process;

/// Runs the example for a page, the one for a bundler, and the one for Node.
pub(super) fn run(setting: &Setting<'_>, project: &Path) -> Result<()> {
    let readme = String::from_utf8(read(&javascript::installed(project).join("README.md"))?)?;
    page(setting, project, &example(&readme, "## A plain page")?)?;
    let guide = String::from_utf8(read(&setting.workspace.root.join("docs/guide/page.md"))?)?;
    page(setting, project, &example(&guide, "## The page")?)?;
    bundled(setting, project, &example(&readme, "## Vite")?)?;
    node(setting, project, &example(&readme, "## Node")?)
}

/// The first block of code below a heading.
fn example(readme: &str, heading: &str) -> Result<String> {
    let (_, section) = readme.split_once(heading).with_context(|| format!("the README has no `{heading}`"))?;
    let mut parts = section.splitn(3, "```");
    let block = parts.nth(1).with_context(|| format!("no code below `{heading}`"))?;
    Ok(block.split_once('\n').map_or(block, |(_, code)| code).to_owned())
}

/// The files that the examples name.
fn fixtures(setting: &Setting<'_>, dir: &Path) -> Result<()> {
    copy(&setting.fixture("small.key"), &dir.join("model.key"))?;
    copy(&setting.fixture("small-0.envelope"), &dir.join("answer.envelope"))
}

fn page(setting: &Setting<'_>, project: &Path, html: &str) -> Result<()> {
    let site = empty(setting.dir.join("page"))?;
    fs::write(site.join("index.html"), format!("<!doctype html>\n{TELL}\n<body>\n{html}</body>\n"))?;
    fixtures(setting, &site)?;
    javascript::package_into(project, &site)?;
    accepted(setting, "a plain page", &site)
}

/// What the tests add to a page: it tells what the page says, or what went wrong in it.
const TELL: &str = r#"<head><script>
  const tell = (text) => fetch("result", { method: "POST", body: text });
  addEventListener("unhandledrejection", (event) => tell(String(event.reason)));
  addEventListener("error", (event) => tell(event.message));
  setInterval(() => /^(accepted|refused)$/.test(document.body.textContent) && tell(document.body.textContent), 50);
</script></head>"#;

/// Opens a page, which must say `accepted`.
fn accepted(setting: &Setting<'_>, what: &str, site: &Path) -> Result<()> {
    let out = setting.dir.join("said");
    javascript::open(setting, site, "index.html", &out)?;
    let said = String::from_utf8_lossy(&read(&out)?).into_owned();
    if said != "accepted" {
        bail!("{what}: the page says {said}");
    }
    println!("README, {what}: accepted");
    Ok(())
}

fn bundled(setting: &Setting<'_>, project: &Path, code: &str) -> Result<()> {
    // What the example leaves to its reader: where key and envelope come from, and what is expected.
    let (imports, rest) = code.split_once("await load();").context("the example does not load")?;
    let inspect = "import { inspect } from \"vouch-verifier\";\n";
    let setup = "const get = async (name) => new Uint8Array(await (await fetch(name)).arrayBuffer());
const [key, envelope] = await Promise.all([get(\"model.key\"), get(\"answer.envelope\")]);
await load();
const { nonce, inputs } = inspect(envelope);\n";
    let show = "document.body.textContent = report.checks.every((c) => c.passed || c.code === \"development-setup\")\n  ? \"accepted\" : \"refused\";\n";
    fs::write(
        project.join("index.html"),
        format!("<!doctype html>\n{TELL}\n<body><script type=\"module\" src=\"./main.js\"></script></body>\n"),
    )?;
    fs::write(project.join("main.js"), format!("{imports}{inspect}{setup}{rest}{show}"))?;
    let public = empty(project.join("public"))?;
    fixtures(setting, &public)?;
    process::run(Command::new("npm").current_dir(project).args([
        "exec",
        "--offline",
        "--",
        "vite",
        "build",
        "--base",
        "./",
        "--logLevel",
        "warn",
    ]))?;
    accepted(setting, "Vite", &project.join("dist"))
}

fn node(setting: &Setting<'_>, project: &Path, code: &str) -> Result<()> {
    fixtures(setting, project)?;
    fs::write(project.join("example.js"), code)?;
    let said = process::output(Command::new("node").current_dir(project).arg("example.js"))?;
    if !said.starts_with("true") {
        bail!("Node: the example says {said}");
    }
    println!("README, Node: {}", said.lines().next().unwrap_or_default());
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::example;

    #[test]
    fn examples_are_found() {
        let readme = "# a\n\n## One\n\ntext\n\n```js\nlet x;\n```\n\n## Two\n\n```js\nlet y;\n```\n";
        assert_eq!(example(readme, "## One").unwrap(), "let x;\n");
        assert_eq!(example(readme, "## Two").unwrap(), "let y;\n");
        assert!(example(readme, "## Three").is_err());
    }
}
