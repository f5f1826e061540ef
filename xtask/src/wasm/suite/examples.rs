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
    copy(&setting.fixture("small.key"), &dir.join("verifier.key"))?;
    copy(&setting.fixture("small-0.envelope"), &dir.join("answer.proof"))
}

fn page(setting: &Setting<'_>, project: &Path, html: &str) -> Result<()> {
    let site = empty(setting.dir.join("page"))?;
    fixtures(setting, &site)?;
    javascript::package_into(project, &site)?;
    // The proof is for a key of a development setup.
    for (html, verdict) in [(html.to_owned(), REFUSED), (allowing(html)?, "accepted")] {
        fs::write(site.join("index.html"), format!("<!doctype html>\n{TELL}\n<body>\n{html}</body>\n"))?;
        says(setting, "a plain page", &site, verdict)?;
    }
    Ok(())
}

/// What an example says that does not allow development setups.
const REFUSED: &str = "development-setup";

/// The example with a development setup allowed.
fn allowing(code: &str) -> Result<String> {
    let (call, allowed) = (".verify(proof)", ".verify(proof, { allow_development_srs: true })");
    if !code.contains(call) && !code.contains(".verify(readFileSync(\"answer.proof\"))") {
        bail!("the example has no {call}");
    }
    let of_file = ".verify(readFileSync(\"answer.proof\"), { allow_development_srs: true })";
    Ok(code.replace(call, allowed).replace(".verify(readFileSync(\"answer.proof\"))", of_file))
}

/// What the tests add to a page: it tells what the page says, or what went wrong in it.
const TELL: &str = r#"<head><script>
  const tell = (text) => fetch("result", { method: "POST", body: text });
  addEventListener("unhandledrejection", (event) => tell(String(event.reason)));
  addEventListener("error", (event) => tell(event.message));
  setInterval(() => /^(accepted|refused|development-setup)$/.test(document.body.textContent) && tell(document.body.textContent), 50);
</script></head>"#;

/// Opens a page, which must say a verdict.
fn says(setting: &Setting<'_>, what: &str, site: &Path, verdict: &str) -> Result<()> {
    let out = setting.dir.join("said");
    javascript::open(setting, site, "index.html", &out)?;
    let said = String::from_utf8_lossy(&read(&out)?).into_owned();
    if said != verdict {
        bail!("{what}: expected {verdict}, the page says {said}");
    }
    println!("README, {what}: {verdict}");
    Ok(())
}

fn bundled(setting: &Setting<'_>, project: &Path, code: &str) -> Result<()> {
    // What the example leaves to its reader: where key and envelope come from, and what is expected.
    let (imports, rest) = code.split_once("await load();").context("the example does not load")?;
    let inspect = "import { inspect } from \"vouch-verifier\";\n";
    let setup = "const get = async (name) => new Uint8Array(await (await fetch(name)).arrayBuffer());
const [key, proof] = await Promise.all([get(\"verifier.key\"), get(\"answer.proof\")]);
await load();
const { nonce, inputs } = inspect(proof);\n";
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
    says(setting, "Vite", &project.join("dist"), "accepted")
}

fn node(setting: &Setting<'_>, project: &Path, code: &str) -> Result<()> {
    fixtures(setting, project)?;
    for (code, verdict) in [(code.to_owned(), "false"), (allowing(code)?, "true")] {
        fs::write(project.join("example.js"), code)?;
        let said = process::output(Command::new("node").current_dir(project).arg("example.js"))?;
        if !said.starts_with(verdict) || (verdict == "false" && !said.contains(REFUSED)) {
            bail!("Node: expected {verdict}, the example says {said}");
        }
        println!("README, Node: {}", said.lines().next().unwrap_or_default());
    }
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
