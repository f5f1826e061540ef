//! The dependency diagram of ARCHITECTURE.md: one arrow for each direct use of a member by a member, drawn in rooms.
//!
//! An arrow that follows from others (A uses B, B uses C, A uses C) is left out, so that the picture can be read; who may
//! use whom is in [`super::dependencies`]. The diagram is Mermaid's, which GitHub and mdBook show as a picture.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;
use std::fs;

use anyhow::{Context, Result};

use super::{Finding, dependencies::Graph};
use crate::workspace::{Metadata, Workspace};

const FILE: &str = "ARCHITECTURE.md";
const BEGIN: &str = "<!-- dependencies: written by `cargo xtask tidy --write` -->\n";
const END: &str = "<!-- end of dependencies -->";

/// Compares the diagram in the file with the present one, or writes it there.
pub(super) fn check(workspace: &Workspace, metadata: &Metadata, graphs: &[Graph], write: bool) -> Result<Vec<Finding>> {
    let path = workspace.root.join(FILE);
    let text = fs::read_to_string(&path).with_context(|| format!("cannot read {FILE}"))?;
    let rooms = metadata.members().map(|package| {
        let dir = package.manifest_path.parent().unwrap_or(&package.manifest_path);
        let parts: Vec<String> =
            workspace.relative(dir).iter().map(|part| part.to_string_lossy().into_owned()).collect();
        let room = if parts.len() == 3 && parts[0] == "crates" { parts[..2].join("/") } else { String::new() };
        (package.name.clone(), room)
    });
    let uses =
        graphs.iter().map(|graph| (graph.root().to_owned(), graph.uses_of_members().map(str::to_owned).collect()));
    let diagram = draw(&rooms.collect(), &uses.collect());
    let Some(fresh) = replaced(&text, &diagram) else {
        return Ok(vec![Finding::new(FILE, format!("has no place for the diagram: {} … {END}", BEGIN.trim_end()))]);
    };
    if fresh == text {
        return Ok(Vec::new());
    }
    if write {
        fs::write(&path, fresh).with_context(|| format!("cannot write {FILE}"))?;
        return Ok(Vec::new());
    }
    Ok(vec![Finding::new(FILE, "its dependency diagram is stale: run `cargo xtask tidy --write`")])
}

/// The text with another diagram between the marks.
fn replaced(text: &str, diagram: &str) -> Option<String> {
    let (before, rest) = text.split_once(BEGIN)?;
    let (_, after) = rest.split_once(END)?;
    Some(format!("{before}{BEGIN}{diagram}{END}{after}"))
}

/// The diagram of members in their rooms (empty: at the top level).
fn draw(rooms: &BTreeMap<String, String>, uses: &BTreeMap<String, BTreeSet<String>>) -> String {
    let short = |name: &str| name.strip_prefix("vouch-").unwrap_or(name).to_owned();
    let mut text = String::from("```mermaid\nflowchart LR\n");
    let names: BTreeSet<&String> = rooms.values().collect();
    for room in names {
        let inside = rooms.iter().filter(|(_, r)| *r == room).map(|(name, _)| name);
        if room.is_empty() {
            inside.for_each(|name| _ = writeln!(text, "  {}", short(name)));
            continue;
        }
        _ = writeln!(text, "  subgraph {}[{room}]", room.replace('/', "-"));
        inside.for_each(|name| _ = writeln!(text, "    {}", short(name)));
        text += "  end\n";
    }
    for (from, direct) in uses {
        for to in direct.iter().filter(|to| !direct.iter().any(|other| other != *to && reaches(uses, other, to))) {
            _ = writeln!(text, "  {} --> {}", short(from), short(to));
        }
    }
    text + "```\n"
}

/// Whether one member uses another, directly or through others.
fn reaches(uses: &BTreeMap<String, BTreeSet<String>>, from: &str, to: &str) -> bool {
    let direct = uses.get(from);
    direct.is_some_and(|direct| direct.contains(to) || direct.iter().any(|next| reaches(uses, next, to)))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn map(pairs: &[(&str, &[&str])]) -> BTreeMap<String, BTreeSet<String>> {
        pairs.iter().map(|(a, b)| ((*a).to_owned(), b.iter().map(|b| (*b).to_owned()).collect())).collect()
    }

    #[test]
    fn arrows_that_follow_from_others_are_left_out() {
        let rooms = [("vouch-a", ""), ("vouch-b", "crates/low"), ("vouch-c", "crates/low")];
        let rooms = rooms.map(|(name, room)| (name.to_owned(), room.to_owned())).into_iter().collect();
        let uses = map(&[("vouch-a", &["vouch-b", "vouch-c"]), ("vouch-b", &["vouch-c"]), ("vouch-c", &[])]);
        let expected = "```mermaid\nflowchart LR\n  a\n  subgraph crates-low[crates/low]\n    b\n    c\n  end\n  a --> b\n  b --> c\n```\n";
        assert_eq!(draw(&rooms, &uses), expected);
    }

    #[test]
    fn only_what_is_between_the_marks_changes() {
        let text = format!("# A\n{BEGIN}old{END}\nrest");
        assert_eq!(replaced(&text, "new\n").unwrap(), format!("# A\n{BEGIN}new\n{END}\nrest"));
        assert_eq!(replaced("# A\n", "new"), None);
    }
}
