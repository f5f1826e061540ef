//! `cargo xtask tidy`: what no compiler checks.
//!
//! | module | what it checks |
//! | --- | --- |
//! | [`dependencies`] | crates use each other in one direction; what the browser loads links no prover, no threads |
//! | [`diagram`] | the picture of these dependencies in ARCHITECTURE.md is the present one |
//! | [`crates`] | every crate says what it is, and tests all its tests; the verifier's crates forbid what could panic |
//! | [`leftovers`] | no unfinished code, no word that must not be said |
//! | [`links`] | links in markdown files lead somewhere |
//! | [`paths`] | paths in backticks are those of files |
//! | [`book`] | every page of docs/ is in the book's contents and in the index |
//! | [`length`] | files that have become long: listed, not refused |

mod book;
mod crates;
mod dependencies;
mod diagram;
mod leftovers;
mod length;
mod links;
mod paths;

use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail};

use crate::workspace::{Metadata, Workspace, host};

/// Options.
#[derive(clap::Args, Default)]
pub(crate) struct Args {
    /// Refuse this word, in any file (may be repeated)
    #[arg(long, value_name = "WORD")]
    forbid: Vec<String>,
    /// Write the dependency diagram into ARCHITECTURE.md, instead of refusing a stale one
    #[arg(long)]
    write: bool,
}

/// Something that must be put right.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
struct Finding {
    /// Where: a file, relative to the root, or a crate.
    place: String,
    /// In which line, if in one.
    line: Option<usize>,
    /// What is wrong.
    message: String,
}

impl Finding {
    fn new(place: impl Into<String>, message: impl Into<String>) -> Self {
        Self { place: place.into(), line: None, message: message.into() }
    }

    fn at(file: &Path, line: usize, message: impl Into<String>) -> Self {
        Self { place: file.display().to_string(), line: Some(line), message: message.into() }
    }
}

impl std::fmt::Display for Finding {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}", self.place)?;
        if let Some(line) = self.line {
            write!(f, ":{line}")?;
        }
        write!(f, ": {}", self.message)
    }
}

/// A text file of the project.
struct Source {
    /// Relative to the root.
    path: PathBuf,
    text: String,
}

/// All checks, as a suite of `cargo xtask test`.
pub(crate) fn check(workspace: &Workspace) -> Result<()> {
    run(workspace, &Args::default())
}

/// Runs all checks and prints what they find.
pub(crate) fn run(workspace: &Workspace, args: &Args) -> Result<()> {
    let sources = sources(workspace)?;
    let metadata = Metadata::without_dependencies(&workspace.root)?;

    let graphs = dependencies::Graph::of_members(workspace, &metadata, &host()?)?;
    let mut findings: Vec<Finding> = graphs.iter().flat_map(dependencies::check).collect();
    findings.extend(crates::check(workspace, &metadata)?);
    findings.extend(diagram::check(workspace, &metadata, &graphs, args.write)?);
    findings.extend(leftovers::check(&sources, &args.forbid));
    findings.extend(links::check(workspace, &sources));
    findings.extend(paths::check(&workspace.files()?, &sources));
    findings.extend(book::check(&sources));
    findings.sort();

    for note in length::long(&sources) {
        println!("note: {note}");
    }
    for finding in &findings {
        println!("{finding}");
    }
    match findings.len() {
        0 => {
            println!("tidy: {} files, {} crates, nothing to put right", sources.len(), metadata.members().count());
            Ok(())
        }
        number => bail!("{number} things to put right"),
    }
}

/// The text files of the project; others are passed over.
fn sources(workspace: &Workspace) -> Result<Vec<Source>> {
    let mut sources = Vec::new();
    for path in workspace.files()? {
        let bytes =
            std::fs::read(workspace.root.join(&path)).with_context(|| format!("cannot read {}", path.display()))?;
        if let Ok(text) = String::from_utf8(bytes)
            && !text.contains('\0')
        {
            sources.push(Source { path, text });
        }
    }
    Ok(sources)
}
