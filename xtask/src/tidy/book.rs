//! Every page of `docs/` is in the book's contents and in the index that GitHub shows.

use std::{
    collections::BTreeSet,
    path::{Path, PathBuf},
};

use super::{Finding, Source, links};

const CONTENTS: &str = "docs/SUMMARY.md";
const INDEX: &str = "docs/README.md";

/// Pages that are missing in one of the two. Links that lead nowhere are found by [`links`].
pub(super) fn check(sources: &[Source]) -> Vec<Finding> {
    let pages = sources.iter().map(|source| source.path.as_path()).filter(|path| {
        path.starts_with("docs")
            && path.extension().is_some_and(|extension| extension == "md")
            && ![CONTENTS, INDEX].map(Path::new).contains(path)
    });
    let linked = [CONTENTS, INDEX].map(|list| (list, linked(sources, list)));
    pages
        .flat_map(|page| {
            let lists = linked.iter().filter(move |(_, linked)| !linked.contains(page));
            lists.map(move |(list, _)| Finding::new(page.display().to_string(), format!("is not in {list}")))
        })
        .collect()
}

/// The pages that a list links to.
fn linked(sources: &[Source], list: &str) -> BTreeSet<PathBuf> {
    let Some(source) = sources.iter().find(|source| source.path == Path::new(list)) else { return BTreeSet::new() };
    links::targets(source).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pages_that_are_in_no_list_are_found() {
        let source = |path: &str, text: &str| Source { path: path.into(), text: text.to_owned() };
        let mut sources = vec![
            source(CONTENTS, "[A](a.md) [B](chips/b.md)"),
            source(INDEX, "[A](a.md#x)"),
            source("docs/a.md", ""),
            source("docs/chips/b.md", ""),
            source("docs/book.toml", ""),
            source("README.md", ""),
        ];
        let found: Vec<String> = check(&sources).iter().map(ToString::to_string).collect();
        assert_eq!(found, ["docs/chips/b.md: is not in docs/README.md"]);
        sources[1].text += " [B](chips/b.md)";
        assert_eq!(check(&sources), []);
    }
}
