//! Links in markdown files lead to files and headings that exist.

mod markdown;

use std::{
    collections::BTreeMap,
    path::{Component, Path, PathBuf},
};

use super::{Finding, Source};
use crate::workspace::Workspace;

/// Links of all markdown files that lead nowhere. Addresses of the web are not looked up.
pub(super) fn check(workspace: &Workspace, sources: &[Source]) -> Vec<Finding> {
    let anchors: BTreeMap<PathBuf, Vec<String>> = sources
        .iter()
        .filter(|source| is_markdown(&source.path))
        .map(|source| (source.path.clone(), markdown::anchors(&source.text)))
        .collect();
    let exists = |path: &Path| workspace.root.join(path).exists();
    let mut findings = Vec::new();
    for source in sources.iter().filter(|source| is_markdown(&source.path)) {
        for (line, link) in markdown::links(&source.text) {
            if let Some(problem) = problem(&source.path, &link, &anchors, exists) {
                findings.push(Finding::at(&source.path, line, format!("link `{link}`: {problem}")));
            }
        }
    }
    findings
}

/// The files that a markdown file links to, as far as they are in the project.
pub(super) fn targets(source: &Source) -> impl Iterator<Item = PathBuf> {
    let path = |link: &str| resolve(&source.path, link.split('#').next().unwrap_or_default());
    markdown::links(&source.text).into_iter().filter_map(move |(_, link)| path(&link))
}

fn is_markdown(path: &Path) -> bool {
    path.extension().is_some_and(|extension| extension == "md")
}

fn problem(
    from: &Path,
    link: &str,
    anchors: &BTreeMap<PathBuf, Vec<String>>,
    exists: impl Fn(&Path) -> bool,
) -> Option<String> {
    let has_scheme =
        link.split_once(':').is_some_and(|(scheme, _)| scheme.chars().all(|c| c.is_ascii_alphanumeric() || c == '+'));
    if has_scheme {
        return None;
    }
    let (path, anchor) = link.split_once('#').map_or((link, None), |(path, anchor)| (path, Some(anchor)));
    let target = if path.is_empty() { Some(from.to_owned()) } else { resolve(from, path) };
    let Some(target) = target else { return Some("leads out of the project".to_owned()) };
    if !exists(&target) {
        return Some(format!("there is no {}", target.display()));
    }
    let anchor = anchor?;
    let known = anchors.get(&target)?;
    (!known.iter().any(|name| name == anchor)).then(|| format!("{} has no heading of that name", target.display()))
}

/// The path that a link in a file means, relative to the root.
fn resolve(from: &Path, link: &str) -> Option<PathBuf> {
    let mut target = from.parent()?.to_owned();
    for part in Path::new(link).components() {
        match part {
            Component::Normal(name) => target.push(name),
            Component::ParentDir => target = target.parent()?.to_owned(),
            Component::CurDir => {}
            Component::RootDir | Component::Prefix(_) => return None,
        }
    }
    Some(target)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check_link(link: &str) -> Option<String> {
        let anchors = BTreeMap::from([
            (PathBuf::from("docs/a.md"), vec!["own-part".to_owned()]),
            (PathBuf::from("README.md"), vec!["limits".to_owned()]),
        ]);
        let files = ["docs/a.md", "README.md", "docs/chips", "src/lib.rs"];
        problem(Path::new("docs/a.md"), link, &anchors, |path| files.iter().any(|file| Path::new(file) == path))
    }

    #[test]
    fn good_links_pass() {
        for link in
            ["https://x.y/z#w", "mailto:a@b.c", "#own-part", "chips/", "../README.md#limits", "./../src/lib.rs#L3"]
        {
            assert_eq!(check_link(link), None, "{link}");
        }
    }

    #[test]
    fn bad_links_are_found() {
        assert_eq!(check_link("b.md").unwrap(), "there is no docs/b.md");
        assert_eq!(check_link("#other").unwrap(), "docs/a.md has no heading of that name");
        assert_eq!(check_link("../README.md#nothing").unwrap(), "README.md has no heading of that name");
        assert_eq!(check_link("../../x").unwrap(), "leads out of the project");
        assert_eq!(check_link("/etc/passwd").unwrap(), "leads out of the project");
    }
}
