//! The suite `tutorials`: the blocks of a guide's page, run from top to bottom in an empty folder; and the script of the page
//! about GPT-2, with a small model.
//!
//! A block of Python that begins with `# NAME.py` is a file of that name. A block of `sh` is run, with all variables of the
//! blocks before it, and must succeed. Other blocks show something and are passed over.

use std::{
    fs,
    path::{Path, PathBuf},
    process::Command,
};

use anyhow::{Context, Result, bail};

use super::python;
use crate::{network::Profile, process::run, workspace::Workspace};

/// The pages whose packages are small, with the names of their environments.
const PAGES: [(&str, &str); 1] = [("scikit-learn", "tutorials")];

/// Runs the pages with the `vouch` that was built.
pub(super) fn test(workspace: &Workspace) -> Result<()> {
    let requirements = workspace.root.join("xtask/tutorials/requirements.txt");
    Profile::Dev.build(workspace)?;
    let programs = workspace.target.join("debug");
    for (page, environment) in PAGES {
        let python = python::environment(workspace, environment, &requirements)?;
        let folder = workspace.target.join("tutorials").join(page);
        if folder.exists() {
            fs::remove_dir_all(&folder).with_context(|| format!("cannot empty {}", folder.display()))?;
        }
        run_page(workspace, page, &folder, &[programs.clone(), bin(&python)])?;
        gpt2(workspace, &python, &programs)?;
    }
    Ok(())
}

/// Proves the next token of a model of GPT-2's shape, and little more than that.
fn gpt2(workspace: &Workspace, python: &Path, programs: &Path) -> Result<()> {
    let out = workspace.target.join("tutorials/gpt2");
    let mut script = Command::new(python);
    script.arg(workspace.root.join("examples/gpt2/gpt2.py")).arg("--random");
    script.args(["--layers", "1", "--width", "32", "--heads", "2", "--vocabulary", "300", "--length", "4"]);
    script.arg("--out").arg(&out).arg("--vouch").arg(programs.join("vouch"));
    run(script.env("VOUCH_STATE", out.join("state"))).context("the script of docs/guide/gpt2.md failed")
}

/// The folder of an environment's programs.
fn bin(python: &Path) -> PathBuf {
    python.parent().unwrap_or(Path::new("")).to_owned()
}

/// Runs `docs/guide/PAGE.md` in a folder, which may hold files that the page begins with; its programs are looked for in
/// `path` first.
pub(crate) fn run_page(workspace: &Workspace, page: &str, folder: &Path, path: &[PathBuf]) -> Result<()> {
    let name = format!("docs/guide/{page}.md");
    let text = fs::read_to_string(workspace.root.join(&name)).with_context(|| format!("cannot read {name}"))?;
    let (files, script) = parts(&text);
    if script.is_empty() {
        bail!("{name} has no block of `sh`");
    }
    fs::create_dir_all(folder).with_context(|| format!("cannot create {}", folder.display()))?;
    for (file, content) in files {
        fs::write(folder.join(&file), content).with_context(|| format!("cannot write {file}"))?;
    }
    println!("{name}");
    let inherited = std::env::var_os("PATH").unwrap_or_default();
    let path = std::env::join_paths(path.iter().cloned().chain(std::env::split_paths(&inherited)))?;
    let mut shell = Command::new("bash");
    // `vouch` keeps the development setups that it made there, and not in the user's folder.
    shell.current_dir(folder).env("PATH", path).env("VOUCH_STATE", folder.join("state"));
    shell.env("PIP_DISABLE_PIP_VERSION_CHECK", "1").args(["-euxo", "pipefail", "-c", &script]);
    run(&mut shell).with_context(|| format!("a command of {name} failed"))
}

/// The files and the commands of a page.
fn parts(page: &str) -> (Vec<(String, String)>, String) {
    let (mut files, mut script) = (Vec::new(), String::new());
    let mut rest = page;
    while let Some((_, from)) = rest.split_once("\n```") {
        let Some((language, from)) = from.split_once('\n') else { break };
        let Some((block, after)) = from.split_once("\n```") else { break };
        rest = after;
        match language {
            "python" => {
                let named = block.lines().next().and_then(|line| line.strip_prefix("# "));
                if let Some(name) = named.filter(|name| name.ends_with(".py") && !name.contains(['/', ' '])) {
                    files.push((name.to_owned(), format!("{block}\n")));
                }
            }
            // `! COMMAND` is to fail. `set -e` passes over it, whatever it does.
            "sh" => block.lines().for_each(|line| match line.strip_prefix("! ") {
                Some(command) => script += &format!("if {command}; then exit 1; fi\n"),
                None => script += &format!("{line}\n"),
            }),
            _ => {}
        }
    }
    (files, script)
}

#[cfg(test)]
mod tests {
    use super::*;

    const PAGE: &str = "# A\n\n```python\n# a.py\nprint(1)\n```\n\n```text\nnot run\n```\n\n```sh\nA=1\n```\n```python\nx\n```\n\n```sh\n! false \"$A\"\n```\n";

    #[test]
    fn files_and_commands_are_found() {
        let (files, script) = parts(PAGE);
        assert_eq!(files, [("a.py".to_owned(), "# a.py\nprint(1)\n".to_owned())]);
        assert_eq!(script, "A=1\nif false \"$A\"; then exit 1; fi\n");
    }

    #[test]
    fn a_command_that_fails_fails_the_page() {
        let dir = tempfile::tempdir().unwrap();
        let workspace = Workspace { root: dir.path().to_owned(), target: dir.path().join("target") };
        fs::create_dir_all(dir.path().join("docs/guide")).unwrap();
        let page = |text: &str| {
            fs::write(dir.path().join("docs/guide/x.md"), text).unwrap();
            run_page(&workspace, "x", &dir.path().join("x"), &[])
        };
        page(PAGE).unwrap();
        assert!(dir.path().join("x/a.py").is_file());
        for wrong in
            ["\n```sh\nfalse\ntrue\n```\n", "\n```sh\nfalse | true\n```\n", "\n```sh\n! true\n```\n", "no block"]
        {
            page(wrong).unwrap_err();
        }
    }
}
