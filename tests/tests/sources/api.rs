//! The API of `vouch` names no type of the libraries underneath: whoever embeds it can update it without them.
//!
//! The sources are read, as rustdoc would read them: from everything that the crate's root re-exports, to the types that
//! public fields, variants, methods and traits' implementations name, through all crates of this repository. Items that
//! are `#[doc(hidden)]` are this project's own and do not count.

use std::{
    collections::{BTreeMap, BTreeSet},
    fs,
    path::Path,
};

use crate::{Imports, has, imports};
use syn::{
    Attribute, Fields, ImplItem, Item, Path as TypePath, TraitItem, Visibility,
    visit::{self, Visit},
};

const CRATES: [(&str, &str); 10] = [
    ("vouch", "crates/vouch"),
    ("vouch_circuit", "crates/proof/circuit"),
    ("vouch_compiler", "crates/model/compiler"),
    ("vouch_disclosure", "crates/proof/disclosure"),
    ("vouch_envelope", "crates/verify/envelope"),
    ("vouch_poseidon", "crates/proof/poseidon"),
    ("vouch_program", "crates/model/program"),
    ("vouch_proving", "crates/proof/proving"),
    ("vouch_schema", "crates/model/schema"),
    ("vouch_verifier", "crates/verify/verifier"),
];

/// Crates whose types must not be named, by the start of their names.
const UNDERNEATH: [&str; 6] = ["halo2", "ark_", "ff", "group", "tract", "memmap2"];

/// A crate and an item of it.
type Name = (String, String);

/// An item's public parts, and the file's imports by which their names are understood.
struct Definition {
    items: Vec<TypePath>,
    imports: Imports,
}

/// What the sources of some crates define.
#[derive(Default)]
struct Sources {
    definitions: BTreeMap<Name, Vec<Definition>>,
    /// What the roots re-export: a crate and the name there, to the path.
    exports: BTreeMap<Name, Vec<String>>,
}

/// Whether an item is not a part of the API.
fn hidden(attributes: &[Attribute]) -> bool {
    has(attributes, "doc", "hidden") || has(attributes, "cfg", "test")
}

/// All paths in a part of the syntax.
#[derive(Default)]
struct Paths(Vec<TypePath>);

impl<'ast> Visit<'ast> for Paths {
    fn visit_path(&mut self, path: &'ast TypePath) {
        self.0.push(path.clone());
        visit::visit_path(self, path);
    }

    fn visit_attribute(&mut self, _: &'ast Attribute) {}

    fn visit_block(&mut self, _: &'ast syn::Block) {}
}

fn public(visibility: &Visibility) -> bool {
    matches!(visibility, Visibility::Public(_))
}

impl Paths {
    fn of(visit: impl FnOnce(&mut Self)) -> Vec<TypePath> {
        let mut paths = Self::default();
        visit(&mut paths);
        paths.0
    }

    fn fields(&mut self, fields: &Fields, all: bool) {
        let fields = fields.iter().filter(|field| (all || public(&field.vis)) && !hidden(&field.attrs));
        fields.for_each(|field| self.visit_type(&field.ty));
    }
}

/// The name of a type, of which an implementation is.
fn own_name(ty: &syn::Type) -> Option<String> {
    match ty {
        syn::Type::Path(path) => Some(path.path.segments.last()?.ident.to_string()),
        _ => None,
    }
}

/// A name and the paths that its public part has.
fn parts(item: &Item) -> Option<(String, Vec<TypePath>)> {
    let (name, paths) = match item {
        Item::Fn(f) if !hidden(&f.attrs) => (f.sig.ident.to_string(), Paths::of(|p| p.visit_signature(&f.sig))),
        Item::Const(c) if !hidden(&c.attrs) => (c.ident.to_string(), Paths::of(|p| p.visit_type(&c.ty))),
        Item::Static(s) if !hidden(&s.attrs) => (s.ident.to_string(), Paths::of(|p| p.visit_type(&s.ty))),
        Item::Type(t) if !hidden(&t.attrs) => (t.ident.to_string(), Paths::of(|p| p.visit_type(&t.ty))),
        Item::Struct(s) if !hidden(&s.attrs) => (
            s.ident.to_string(),
            Paths::of(|p| {
                p.visit_generics(&s.generics);
                p.fields(&s.fields, false);
            }),
        ),
        Item::Enum(e) if !hidden(&e.attrs) => (
            e.ident.to_string(),
            Paths::of(|p| {
                p.visit_generics(&e.generics);
                e.variants.iter().filter(|v| !hidden(&v.attrs)).for_each(|v| p.fields(&v.fields, true));
            }),
        ),
        Item::Trait(t) if !hidden(&t.attrs) => (
            t.ident.to_string(),
            Paths::of(|p| {
                t.supertraits.iter().for_each(|bound| p.visit_type_param_bound(bound));
                for item in &t.items {
                    match item {
                        TraitItem::Fn(f) if !hidden(&f.attrs) => p.visit_signature(&f.sig),
                        TraitItem::Type(t) => p.visit_trait_item_type(t),
                        TraitItem::Const(c) => p.visit_type(&c.ty),
                        _ => {}
                    }
                }
            }),
        ),
        Item::Impl(i) if !hidden(&i.attrs) => (
            own_name(&i.self_ty)?,
            Paths::of(|p| {
                p.visit_generics(&i.generics);
                if let Some((_, of, _)) = &i.trait_ {
                    p.visit_path(of);
                }
                for item in &i.items {
                    match item {
                        ImplItem::Fn(f) if (i.trait_.is_some() || public(&f.vis)) && !hidden(&f.attrs) => {
                            p.visit_signature(&f.sig);
                        }
                        ImplItem::Type(t) => p.visit_type(&t.ty),
                        ImplItem::Const(c) if i.trait_.is_some() || public(&c.vis) => p.visit_type(&c.ty),
                        _ => {}
                    }
                }
            }),
        ),
        _ => return None,
    };
    Some((name, paths))
}

impl Sources {
    fn of_repository() -> Self {
        let mut sources = Self::default();
        for (name, folder) in CRATES {
            let src = Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/..")).join(folder).join("src");
            sources.add_folder(name, &src);
        }
        sources
    }

    fn add_folder(&mut self, name: &str, folder: &Path) {
        for entry in fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                self.add_folder(name, &path);
            } else if path.extension().is_some_and(|e| e == "rs") {
                let text = fs::read_to_string(&path).unwrap();
                let file = syn::parse_file(&text).unwrap_or_else(|e| panic!("{}: {e}", path.display()));
                self.add(name, &file.items, path.ends_with("src/lib.rs"));
            }
        }
    }

    fn add(&mut self, name: &str, items: &[Item], root: bool) {
        let mut imported = BTreeMap::new();
        for item in items {
            if let Item::Use(item) = item {
                imports(&item.tree, &[], &mut imported);
                if root && public(&item.vis) && !hidden(&item.attrs) {
                    let mut exported = BTreeMap::new();
                    imports(&item.tree, &[], &mut exported);
                    self.exports.extend(exported.into_iter().map(|(n, path)| ((name.to_owned(), n), path)));
                }
            }
        }
        for item in items {
            if let Item::Mod(module) = item
                && let Some((_, items)) = &module.content
                && !hidden(&module.attrs)
            {
                self.add(name, items, false);
            }
            if let Some((own, items)) = parts(item) {
                let definition = Definition { items, imports: imported.clone() };
                self.definitions.entry((name.to_owned(), own)).or_default().push(definition);
            }
        }
    }

    /// Where a path leads: the crate, and the item's name there.
    fn resolve(&self, from: &str, path: &[String], imports: &Imports, depth: usize) -> Name {
        let (first, last) = (&path[0], path[path.len() - 1].clone());
        let local = ["crate", "self", "super"].contains(&first.as_str());
        let known = path.len() > 1
            && (CRATES.iter().any(|(name, _)| name == first) || UNDERNEATH.iter().any(|name| first.starts_with(name)));
        let name = if local {
            (from.to_owned(), last)
        } else if let Some(whole) = imports.get(first) {
            let whole = [whole, &path[1..]].concat();
            let same = whole == path;
            return if same || depth > 8 {
                (first.clone(), last)
            } else {
                self.resolve(from, &whole, &Imports::new(), depth + 1)
            };
        } else if known || path.len() > 1 && !first.starts_with(char::is_uppercase) && !self.is_module(from, first) {
            (first.clone(), last)
        } else {
            (from.to_owned(), last)
        };
        // What a crate re-exports is defined elsewhere.
        match self.exports.get(&name) {
            Some(path) if depth < 8 && !self.definitions.contains_key(&name) => {
                self.resolve(&name.0, path, &Imports::new(), depth + 1)
            }
            _ => name,
        }
    }

    fn is_module(&self, of: &str, name: &str) -> bool {
        let folder = CRATES.iter().find(|(known, _)| *known == of).map_or("", |(_, folder)| folder);
        let src = Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/..")).join(folder).join("src");
        src.join(format!("{name}.rs")).exists() || src.join(name).is_dir()
    }

    /// All names that can be reached from some, each with the one that names it.
    fn reached(&self, from: impl IntoIterator<Item = Name>) -> BTreeMap<Name, Name> {
        let mut open: Vec<Name> = from.into_iter().collect();
        let mut reached: BTreeMap<Name, Name> = open.iter().map(|name| (name.clone(), name.clone())).collect();
        while let Some(name) = open.pop() {
            for definition in self.definitions.get(&name).into_iter().flatten() {
                for path in &definition.items {
                    let path: Vec<String> = path.segments.iter().map(|segment| segment.ident.to_string()).collect();
                    let next = self.resolve(&name.0, &path, &definition.imports, 0);
                    if !reached.contains_key(&next) {
                        reached.insert(next.clone(), name.clone());
                        open.push(next);
                    }
                }
            }
        }
        reached
    }

    /// The names of libraries underneath that are reached, each with who names it.
    fn underneath(&self, from: impl IntoIterator<Item = Name>) -> BTreeSet<String> {
        let reached = self.reached(from);
        let wrong = reached.iter().filter(|((of, _), _)| UNDERNEATH.iter().any(|name| of.starts_with(name)));
        wrong.map(|((of, name), by)| format!("{of}::{name}, which {}::{} names", by.0, by.1)).collect()
    }

    /// What the root of a crate re-exports.
    fn api(&self, of: &str) -> Vec<Name> {
        let own = self.exports.iter().filter(|((name, _), _)| name == of);
        own.map(|(_, path)| self.resolve(of, path, &Imports::new(), 0)).collect()
    }
}

#[test]
fn the_library_names_no_type_of_its_foundations() {
    let sources = Sources::of_repository();
    let api = sources.api("vouch");
    let reached = sources.reached(api.clone());
    for name in [("vouch", "ProvingKey"), ("vouch_verifier", "VerifierKey"), ("vouch_schema", "TensorSpec")] {
        assert!(reached.contains_key(&(name.0.to_owned(), name.1.to_owned())), "{name:?}: {reached:#?}");
    }
    assert!(api.len() > 50 && reached.len() > 150, "{} items, {} reached", api.len(), reached.len());
    let wrong = sources.underneath(api);
    assert!(wrong.is_empty(), "{wrong:#?}");
}

/// The check sees what it is for: the proving core's types are halo2's, and so would be an API that named them.
#[test]
fn types_of_the_foundations_are_found() {
    let mut sources = Sources::of_repository();
    let core = ("vouch_proving".to_owned(), "Srs".to_owned());
    assert!(sources.underneath([core]).iter().any(|found| found.starts_with("halo2_proofs::ParamsKZG")));
    let leaks = [
        "pub use halo2_proofs::plonk::Error;",
        "use vouch_proving::Srs as Own;\npub struct Leak(pub Vec<Own>);",
        "pub struct Leak(u8);\nimpl Leak { pub fn key(&self) -> &vouch_proving::ProverKey { loop {} } }",
        "pub enum Leak { A { key: vouch_proving::ProverKey } }",
        "pub struct Leak;\nimpl From<vouch_proving::Srs> for Leak { fn from(_: vouch_proving::Srs) -> Self { Self } }",
        "pub fn Leak<T: halo2_proofs::plonk::Circuit>(_: T) {}",
    ];
    for (i, leak) in leaks.into_iter().enumerate() {
        let name = format!("leak{i}");
        sources.add(&name, &syn::parse_file(&format!("pub use self::Leak;\n{leak}")).unwrap().items, true);
        assert!(!sources.underneath(sources.api(&name)).is_empty(), "{leak}");
    }
    let own = "pub use self::Leak;\npub struct Leak(vouch_proving::Srs);\nimpl Leak { #[doc(hidden)] pub fn a(&self) -> &vouch_proving::Srs { &self.0 } fn b(&self) -> vouch_proving::Srs { loop {} } }";
    sources.add("own", &syn::parse_file(own).unwrap().items, true);
    assert!(sources.underneath(sources.api("own")).is_empty());
}
