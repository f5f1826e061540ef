//! Files use each other one way: where a circle remains, `ARCHITECTURE.md` says why.
//!
//! The files of a crate are its modules; one uses another if it names something that the other defines, through whatever
//! re-exports. A module and the modules in its folder count as one thing: those may use what it defines.

use std::{
    collections::{BTreeMap, BTreeSet},
    fs,
    path::{Path, PathBuf},
};

use crate::{Imports, has, imports};
use syn::{
    Item,
    visit::{self, Visit},
};

/// A module: the names from the crate's root to it.
type Module = Vec<String>;

/// A file's own names, and what it uses.
#[derive(Default)]
struct File {
    imports: Imports,
    /// Paths as they are written, from imports and from the code.
    paths: Vec<Vec<String>>,
    /// Modules that only tests have.
    test_modules: Vec<String>,
}

/// All paths of a file, but for those in tests.
impl<'ast> Visit<'ast> for File {
    fn visit_item(&mut self, item: &'ast Item) {
        let attributes = match item {
            Item::Mod(item) => &item.attrs,
            Item::Use(item) => &item.attrs,
            Item::Fn(item) => &item.attrs,
            Item::Impl(item) => &item.attrs,
            _ => return visit::visit_item(self, item),
        };
        if has(attributes, "cfg", "test") {
            if let Item::Mod(module) = item {
                self.test_modules.push(module.ident.to_string());
            }
            return;
        }
        visit::visit_item(self, item);
    }

    fn visit_item_use(&mut self, item: &'ast syn::ItemUse) {
        let mut names = Imports::new();
        imports(&item.tree, &[], &mut names);
        self.paths.extend(names.values().cloned());
        self.imports.extend(names);
    }

    fn visit_path(&mut self, path: &'ast syn::Path) {
        self.paths.push(path.segments.iter().map(|segment| segment.ident.to_string()).collect());
        visit::visit_path(self, path);
    }

    /// `pub(in super::place)` is no use.
    fn visit_visibility(&mut self, _: &'ast syn::Visibility) {}

    fn visit_macro(&mut self, item: &'ast syn::Macro) {
        self.tokens(&item.tokens.to_string());
    }

    /// Messages of errors name constants.
    fn visit_meta_list(&mut self, list: &'ast syn::MetaList) {
        self.tokens(&list.tokens.to_string());
    }
}

impl File {
    fn tokens(&mut self, text: &str) {
        let text = text.replace(" :: ", "::");
        let words = text.split(|c: char| !(c.is_alphanumeric() || c == '_' || c == ':'));
        let paths = words.filter(|word| word.contains("::"));
        self.paths.extend(paths.map(|word| word.split("::").filter(|s| !s.is_empty()).map(str::to_owned).collect()));
    }
}

/// The modules of a crate.
struct Sources(BTreeMap<Module, File>);

impl Sources {
    /// Reads a folder whose root is `root`: `lib` or `main`.
    fn read(folder: &Path, root: &str) -> Self {
        let mut texts = BTreeMap::new();
        collect(folder, &[], root, &mut texts);
        Self::new(texts)
    }

    fn new(texts: BTreeMap<Module, String>) -> Self {
        let mut files = BTreeMap::new();
        for (module, text) in texts {
            let parsed = syn::parse_file(&text).unwrap_or_else(|e| panic!("{module:?}: {e}"));
            let mut file = File::default();
            file.visit_file(&parsed);
            files.insert(module, file);
        }
        let tests: Vec<Module> = files
            .iter()
            .flat_map(|(module, file)| {
                file.test_modules.iter().map(|name| [&module[..], std::slice::from_ref(name)].concat())
            })
            .collect();
        files.retain(|module, _| !tests.iter().any(|test| module.starts_with(test)));
        Self(files)
    }

    /// A path from the crate's root.
    fn absolute(&self, from: &[String], path: &[String]) -> Option<Module> {
        let first = path.first()?;
        match first.as_str() {
            "crate" => Some(path[1..].to_vec()),
            "self" => Some([from, &path[1..]].concat()),
            "super" => {
                let up = path.iter().take_while(|segment| *segment == "super").count();
                Some([&from[..from.len().checked_sub(up)?], &path[up..]].concat())
            }
            _ if self.0.contains_key(&[from, &path[..1]].concat()) => Some([from, path].concat()),
            _ => None,
        }
    }

    /// The module that defines what a path names.
    fn defining(&self, path: &[String], depth: usize) -> Option<Module> {
        let len = (0..=path.len()).rev().find(|&len| self.0.contains_key(&path[..len]))?;
        let module = &path[..len];
        let imported = path.get(len).and_then(|name| self.0[module].imports.get(name)).filter(|_| depth < 8);
        let further = imported.and_then(|import| self.absolute(module, import));
        let further = further.and_then(|further| self.defining(&[&further, &path[len + 1..]].concat(), depth + 1));
        Some(further.unwrap_or_else(|| module.to_vec()))
    }

    /// The modules that a module uses.
    fn uses(&self, module: &[String]) -> BTreeSet<Module> {
        let file = &self.0[module];
        let whole = |path: &Vec<String>| {
            let import = file.imports.get(path.first()?).and_then(|import| self.absolute(module, import));
            match (self.absolute(module, path), import) {
                (Some(path), _) => Some(path),
                (None, Some(import)) => Some([&import, &path[1..]].concat()),
                _ => None,
            }
        };
        let used = file.paths.iter().filter_map(whole).filter_map(|path| self.defining(&path, 0));
        used.filter(|used| !module.starts_with(used)).collect()
    }

    /// Groups of modules each of which uses, through others, every other of the group.
    fn circles(&self) -> BTreeSet<Vec<String>> {
        let modules = self.0.keys().filter(|module| !module.is_empty());
        let uses: BTreeMap<&Module, BTreeSet<Module>> = modules.map(|module| (module, self.uses(module))).collect();
        let reach = |from: &Module| {
            let mut reached = BTreeSet::new();
            let mut open: Vec<&Module> = uses[from].iter().collect();
            while let Some(module) = open.pop() {
                if reached.insert(module) {
                    open.extend(uses.get(module).into_iter().flatten());
                }
            }
            reached
        };
        let reached: BTreeMap<&Module, BTreeSet<&Module>> =
            uses.keys().map(|module| (*module, reach(module))).collect();
        let circle = |module: &&Module| {
            let mates = reached[*module].iter().filter(|mate| reached.get(**mate).is_some_and(|r| r.contains(*module)));
            mates.map(|mate| mate.join("/")).collect::<Vec<_>>()
        };
        reached.keys().map(circle).filter(|circle| circle.len() > 1).collect()
    }
}

fn collect(folder: &Path, above: &[String], root: &str, out: &mut BTreeMap<Module, String>) {
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        let name = path.file_stem().unwrap().to_str().unwrap().to_owned();
        if path.is_dir() {
            collect(&path, &[above, &[name]].concat(), root, out);
        } else if path.extension().is_some_and(|e| e == "rs") {
            let is_root = above.is_empty() && name == root;
            let module = if is_root || name == "mod" { above.to_vec() } else { [above, &[name]].concat() };
            out.insert(module, fs::read_to_string(&path).unwrap());
        }
    }
}

/// The circles of a crate that remain, with the reasons in `ARCHITECTURE.md`: its folder, its root, the files.
const KNOWN: [(&str, &[&[&str]]); 7] = [
    (
        "crates/model/compiler/src/lib",
        &[
            &["onnx/elementwise", "onnx/rounding"],
            &["onnx/ml/forest", "onnx/ml/last"],
            &["onnx/order", "onnx/reduce", "onnx/softmax"],
            &["quantize/emit", "quantize/linear", "quantize/product"],
            &["quantize/plan", "quantize/scales"],
        ],
    ),
    ("crates/model/program/src/lib", &[&["bounds", "table", "types"]]),
    ("crates/network/api/src/lib", &[&["nonce", "prediction"]]),
    ("crates/network/protocol/src/lib", &[&["error", "keys", "log", "score", "score/book"]]),
    ("crates/proof/circuit/src/lib", &[&["chips/hash", "chips/linear", "chips/lookup", "chips/product", "config"]]),
    ("crates/proof/disclosure/src/lib", &[&["error", "form"]]),
    ("crates/verify/verifier/src/lib", &[&["groups", "shplonk"]]),
];

/// Crates without a circle.
const STRAIGHT: [&str; 11] = [
    "crates/ethereum/deposits/src/lib",
    "crates/ethereum/follower/src/lib",
    "crates/model/schema/src/lib",
    "crates/network/client/src/lib",
    "crates/proof/poseidon/src/lib",
    "crates/proof/proving/src/lib",
    "crates/verify/envelope/src/lib",
    "crates/vouch/src/lib",
    "node/src/lib",
    "prover-native/src/bin/vouch/main",
    "xtask/src/main",
];

#[test]
fn files_use_each_other_one_way() {
    let repository = PathBuf::from(concat!(env!("CARGO_MANIFEST_DIR"), "/.."));
    let architecture = fs::read_to_string(repository.join("ARCHITECTURE.md")).unwrap();
    let straight = STRAIGHT.map(|root| (root, &[] as &[&[&str]]));
    for (root, known) in KNOWN.into_iter().chain(straight) {
        let (folder, root_name) = root.rsplit_once('/').unwrap();
        let sources = Sources::read(&repository.join(folder), root_name);
        assert!(sources.0.len() > 1, "{root}");
        let known: BTreeSet<Vec<String>> =
            known.iter().map(|circle| circle.iter().map(|&file| file.to_owned()).collect()).collect();
        assert_eq!(sources.circles(), known, "{root}");
        for file in known.iter().flatten() {
            assert!(architecture.contains(&format!("`{file}.rs`")), "ARCHITECTURE.md says nothing of {root}'s {file}");
        }
    }
}

#[test]
fn circles_are_found() {
    let circles = |texts: &[(&str, &str)]| {
        let module = |name: &str| name.split('/').filter(|s| !s.is_empty()).map(str::to_owned).collect::<Module>();
        let texts = texts.iter().map(|(name, text)| (module(name), (*text).to_owned())).collect();
        Sources::new(texts).circles().into_iter().map(|circle| circle.join(" ")).collect::<Vec<_>>()
    };
    let root = ("", "mod a; mod b; mod c; pub use b::B; pub use c::C;");
    let a = ("a", "use crate::B; pub struct A(B);");
    let none: [&str; 0] = [];
    assert_eq!(circles(&[root, a, ("b", "pub struct B;")]), none);
    // Through the root's re-export, a macro, a path in the code, a third file.
    assert_eq!(circles(&[root, a, ("b", "use super::a; pub struct B(a::A);")]), ["a b"]);
    assert_eq!(circles(&[root, a, ("b", "pub struct B; fn f() { println!(\"{}\", crate::a::X) }")]), ["a b"]);
    assert_eq!(circles(&[root, a, ("b", "pub struct B(crate::C);"), ("c", "pub struct C(super::a::A);")]), ["a b c"]);
    // Tests may use what they like, and so may files in a folder what its own file defines.
    assert_eq!(circles(&[root, a, ("b", "pub struct B;\n#[cfg(test)] mod tests { use crate::a::A; }")]), none);
    let tests = [root, a, ("b", "pub struct B;\n#[cfg(test)] mod tests;"), ("b/tests", "use crate::a::A;")];
    assert_eq!(circles(&tests), none);
    let folder = [root, ("a", "mod d; use d::D; pub struct A(D);"), ("a/d", "use super::A; pub struct D(Box<A>);")];
    assert_eq!(circles(&folder), none);
}
