//! `cargo xtask book`: the pages of `docs/` as a book (mdBook), and a check that every link in it leads somewhere.

mod links;

use std::{
    path::{Path, PathBuf},
    process::Command,
};

use anyhow::{Context, Result, bail};

use crate::{
    process::{output, run as run_command},
    test::python,
    workspace::Workspace,
};

/// The release whose output is checked. Its patches are taken, too.
const RELEASE: &str = "mdbook v0.5.";

/// Options.
#[derive(clap::Args)]
pub(crate) struct Args {
    /// Folder of the book [default: target/book]
    #[arg(long, value_name = "DIR")]
    out: Option<PathBuf>,
}

/// Builds the book and checks it, as a suite of `cargo xtask test`.
pub(crate) fn check(workspace: &Workspace) -> Result<()> {
    build(workspace, &workspace.target.join("book"))
}

/// Builds the book and checks it.
pub(crate) fn run(workspace: &Workspace, args: &Args) -> Result<()> {
    build(workspace, args.out.as_deref().unwrap_or(&workspace.target.join("book")))
}

fn build(workspace: &Workspace, out: &Path) -> Result<()> {
    let mut mdbook = Command::new(program(workspace)?);
    mdbook.current_dir(&workspace.root).args(["build", "docs", "--dest-dir"]).arg(std::path::absolute(out)?);
    run_command(&mut mdbook)?;
    let broken = links::broken(out)?;
    for finding in &broken {
        println!("{finding}");
    }
    if !broken.is_empty() {
        bail!("{} links of the book lead nowhere", broken.len());
    }
    println!("the book: {}", out.join("index.html").display());
    Ok(())
}

/// `mdbook` on the path if it is of the right release, else the one from PyPI, which is the same program.
fn program(workspace: &Workspace) -> Result<PathBuf> {
    let installed = PathBuf::from("mdbook");
    if output(Command::new(&installed).arg("--version")).is_ok_and(|version| version.starts_with(RELEASE)) {
        return Ok(installed);
    }
    let requirements = workspace.root.join("xtask/book/requirements.txt");
    let python = python::environment(workspace, "book", &requirements)
        .context("mdbook 0.5 is missing: `cargo install mdbook`, or leave this out with --skip book")?;
    Ok(python.with_file_name("mdbook"))
}
