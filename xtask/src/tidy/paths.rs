//! Paths in backticks, in markdown and in comments of Rust, are those of files that exist.

use std::{
    collections::BTreeSet,
    path::{Component, Path, PathBuf},
};

use super::{Finding, Source};

/// A path that ends so, and has a folder, is taken for a file of the project.
const EXTENSIONS: &[&str] = &[
    "rs", "md", "toml", "py", "pyi", "js", "mjs", "ts", "sol", "json", "sh", "html", "css", "onnx", "npz", "yaml",
    "yml",
];

/// Files of others, and files that are made.
const OTHERS: &[&str] = &[
    "assets/restaking-allocation.network.json",
    "configs/mainnet.yaml",
    "presets/mainnet/phase0.yaml",
    "src/poseidon_constants.json",
    "src/powersoftau_utils.js",
];

/// Paths that are those of no file: neither from the root nor from the folder of the text, and no end of a file's path.
pub(super) fn check(files: &[PathBuf], sources: &[Source]) -> Vec<Finding> {
    let ends: BTreeSet<&Path> = files.iter().flat_map(|file| ends(file)).collect();
    let mut findings = Vec::new();
    for source in sources {
        let Some(code) = comments(&source.path) else { continue };
        let folder = source.path.parent().unwrap_or(Path::new(""));
        for (index, line) in source.text.lines().enumerate() {
            for path in code(line).into_iter().flat_map(spans).filter(|span| is_path(span)) {
                let known = ends.contains(Path::new(path.trim_start_matches("../")))
                    || plain(&folder.join(path)).is_some_and(|path| files.contains(&path));
                if !known {
                    findings.push(Finding::at(&source.path, index + 1, format!("there is no file `{path}`")));
                }
            }
        }
    }
    findings
}

/// The part of a line that is prose, in a file of this name.
fn comments(file: &Path) -> Option<fn(&str) -> Option<&str>> {
    match file.extension()?.to_str()? {
        "md" => Some(|line| Some(line)),
        "rs" => Some(|line| line.find("//").map(|at| &line[at..])),
        _ => None,
    }
}

/// What stands between backticks.
fn spans(line: &str) -> impl Iterator<Item = &str> {
    let count = line.matches('`').count();
    line.split('`').enumerate().filter_map(move |(index, part)| (index % 2 == 1 && index < count).then_some(part))
}

/// Whether the text is meant as a file of the project. Words in capitals stand for any name, as in `tests/NAME.rs`.
fn is_path(text: &str) -> bool {
    let plain = text.chars().all(|c| c.is_ascii_alphanumeric() || "_-./".contains(c));
    let file = text.rsplit_once('.').is_some_and(|(_, extension)| EXTENSIONS.contains(&extension));
    let stands_for_any =
        |word: &str| word.len() > 1 && word.chars().all(|c| c.is_ascii_uppercase()) && word != "README";
    let template = text.split(|c: char| !c.is_ascii_alphanumeric()).any(stands_for_any);
    plain && file && text.contains('/') && !text.starts_with('/') && !template && !OTHERS.contains(&text)
}

/// `a/b/c`, `b/c` and `c`.
fn ends(file: &Path) -> impl Iterator<Item = &Path> {
    let mut rest = file.components();
    std::iter::successors(Some(file), move |_| rest.next().map(|_| rest.as_path()))
}

/// The path without `.` and `..`.
fn plain(path: &Path) -> Option<PathBuf> {
    let mut plain = PathBuf::new();
    for part in path.components() {
        match part {
            Component::Normal(name) => plain.push(name),
            Component::ParentDir => plain.pop().then_some(())?,
            Component::CurDir => {}
            Component::RootDir | Component::Prefix(_) => return None,
        }
    }
    Some(plain)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(file: &str, text: &str) -> Vec<String> {
        let files = ["docs/a.md", "docs/x/b.md", "node/src/chain.rs", "node/tests/c.rs"].map(PathBuf::from);
        let source = Source { path: file.into(), text: text.to_owned() };
        check(&files, &[source]).iter().map(Finding::to_string).collect()
    }

    #[test]
    fn files_that_exist_pass() {
        let text = "`node/src/chain.rs` `src/chain.rs` `x/b.md` `../a.md` `./b.md` `no.rs` `a/b` `a b/c.rs` `tests/NAME.rs` \
                    `/v1/x.json` `https://x.y/z.js` `crates/*/x.rs`\n`odd/one.rs";
        assert_eq!(found("docs/x/b.md", text), [""; 0]);
    }

    #[test]
    fn files_that_do_not_exist_are_found() {
        assert_eq!(
            found("docs/a.md", "\n`node/src/chains.rs`"),
            ["docs/a.md:2: there is no file `node/src/chains.rs`"]
        );
        assert_eq!(
            found("a.rs", &["let x = 1; /", "/ `ode/chain.rs`"].concat()),
            ["a.rs:1: there is no file `ode/chain.rs`"]
        );
        // No comment, and no text.
        assert_eq!(found("a.rs", "let x = \"`no/file.rs`\";"), [""; 0]);
        assert_eq!(found("a.py", "# `no/file.rs`"), [""; 0]);
    }
}
