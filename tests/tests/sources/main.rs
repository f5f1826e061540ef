//! What the sources themselves must keep to: the library's API, and which files use which.
#![allow(missing_docs)]

mod api;
mod circles;

use std::collections::BTreeMap;

use syn::{Attribute, Meta, UseTree};

/// The names that a `use` brings into a file, and their paths.
pub(crate) type Imports = BTreeMap<String, Vec<String>>;

/// Adds the names that a `use` brings, below `before`.
pub(crate) fn imports(tree: &UseTree, before: &[String], out: &mut Imports) {
    let with = |last: String| [before, &[last]].concat();
    match tree {
        UseTree::Path(path) => imports(&path.tree, &with(path.ident.to_string()), out),
        UseTree::Name(name) if name.ident == "self" => {
            out.extend(before.last().map(|last| (last.clone(), before.to_vec())));
        }
        UseTree::Name(name) => drop(out.insert(name.ident.to_string(), with(name.ident.to_string()))),
        UseTree::Rename(name) => drop(out.insert(name.rename.to_string(), with(name.ident.to_string()))),
        UseTree::Group(group) => group.items.iter().for_each(|tree| imports(tree, before, out)),
        UseTree::Glob(_) => {}
    }
}

/// Whether an item has an attribute with a list of exactly these words: `#[doc(hidden)]`, `#[cfg(test)]`.
pub(crate) fn has(attributes: &[Attribute], name: &str, list: &str) -> bool {
    attributes.iter().any(|attribute| match &attribute.meta {
        Meta::List(meta) => meta.path.is_ident(name) && meta.tokens.to_string() == list,
        _ => false,
    })
}
