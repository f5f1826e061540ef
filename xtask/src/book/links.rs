//! Links between the pages of a built book.

use std::{
    collections::{BTreeMap, BTreeSet},
    fs,
    path::{Component, Path, PathBuf},
};

use anyhow::{Context, Result};

/// What a page refers to, and the names by which its parts can be referred to.
#[derive(Debug, Default)]
struct Page {
    links: BTreeSet<String>,
    names: BTreeSet<String>,
}

/// One line for each link of a page to a file or a part of a page that does not exist. Addresses of the web are not looked up.
pub(super) fn broken(book: &Path) -> Result<Vec<String>> {
    let mut pages = BTreeMap::new();
    collect(book, Path::new(""), &mut pages)?;
    let exists = |path: &Path| book.join(path).is_file();
    Ok(pages.iter().flat_map(|(from, page)| problems(from, page, &pages, exists)).collect())
}

/// The pages below a folder. The page for addresses that do not exist is left out: it is shown at any address.
fn collect(book: &Path, below: &Path, pages: &mut BTreeMap<PathBuf, Page>) -> Result<()> {
    let folder = book.join(below);
    for entry in fs::read_dir(&folder).with_context(|| format!("cannot read {}", folder.display()))? {
        let entry = entry?;
        let path = below.join(entry.file_name());
        if entry.file_type()?.is_dir() {
            collect(book, &path, pages)?;
        } else if path.extension().is_some_and(|extension| extension == "html") && path != Path::new("404.html") {
            let html =
                fs::read_to_string(entry.path()).with_context(|| format!("cannot read {}", entry.path().display()))?;
            pages.insert(path, read(&html));
        }
    }
    Ok(())
}

fn read(html: &str) -> Page {
    let all = |name: &str| -> BTreeSet<String> {
        html.split(&format!(" {name}=\"")).skip(1).filter_map(|rest| Some(text(rest.split_once('"')?.0))).collect()
    };
    let mut links = all("href");
    links.append(&mut all("src"));
    Page { links, names: all("id") }
}

/// An attribute's value without the two escapes that addresses have.
fn text(value: &str) -> String {
    value.replace("&amp;", "&").replace("&#x27;", "'")
}

fn problems(from: &Path, page: &Page, pages: &BTreeMap<PathBuf, Page>, exists: impl Fn(&Path) -> bool) -> Vec<String> {
    let problem = |link: &String| {
        let (path, name) = link.split_once('#').map_or((link.as_str(), ""), |(path, name)| (path, name));
        let path = path.split_once('?').map_or(path, |(path, _)| path);
        if path.contains(':') || path.starts_with("//") {
            return None;
        }
        let Some(target) = resolve(from, path) else { return Some("leads out of the book".to_owned()) };
        if !exists(&target) {
            return Some(format!("there is no {}", target.display()));
        }
        let known = &pages.get(&target)?.names;
        (!name.is_empty() && !known.contains(name)).then(|| format!("{} has no part of that name", target.display()))
    };
    let line = |link| Some(format!("{}: link `{link}`: {}", from.display(), problem(link)?));
    page.links.iter().filter_map(line).collect()
}

/// The file that a link in a page means, relative to the book.
fn resolve(from: &Path, link: &str) -> Option<PathBuf> {
    if link.is_empty() {
        return Some(from.to_owned());
    }
    let mut target = from.parent()?.to_owned();
    for part in Path::new(link).components() {
        match part {
            Component::Normal(name) => target.push(name),
            Component::ParentDir if target.pop() => {}
            Component::CurDir => {}
            Component::ParentDir | Component::RootDir | Component::Prefix(_) => return None,
        }
    }
    Some(if link.ends_with('/') || link == "." { target.join("index.html") } else { target })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn links_that_lead_nowhere_are_found() {
        let dir = tempfile::tempdir().unwrap();
        let put = |name: &str, html: &str| fs::write(dir.path().join(name), html).unwrap();
        fs::create_dir(dir.path().join("chips")).unwrap();
        put("style.css", "");
        put(
            "a.html",
            r##"<link href="style.css"> <h1 id="top">A</h1> <a href="#top"> <a href="chips/b.html#x&amp;y"> <a href="https://a.b/c">"##,
        );
        put("chips/b.html", r#"<h2 id="x&amp;y">B</h2> <img src="../a.html"> <a href="../a.html#top">"#);
        assert_eq!(broken(dir.path()).unwrap(), [""; 0]);

        put("chips/b.html", r##"<a href="../a.html#end"> <a href="#x"> <a href="c.html"> <a href="../../d.html">"##);
        let expected = [
            "a.html: link `chips/b.html#x&y`: chips/b.html has no part of that name",
            "chips/b.html: link `#x`: chips/b.html has no part of that name",
            "chips/b.html: link `../../d.html`: leads out of the book",
            "chips/b.html: link `../a.html#end`: a.html has no part of that name",
            "chips/b.html: link `c.html`: there is no chips/c.html",
        ];
        assert_eq!(broken(dir.path()).unwrap(), expected);
    }
}
