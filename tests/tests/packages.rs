//! The crates as others get them: packages that are complete, and a verifier with few dependencies.
#![allow(missing_docs)]

use std::{collections::BTreeSet, fs, path::PathBuf, process::Command};

use serde_json::Value;

fn root() -> PathBuf {
    PathBuf::from(concat!(env!("CARGO_MANIFEST_DIR"), "/.."))
}

/// The output of cargo, which must succeed. It asks no registry.
fn cargo(dir: &std::path::Path, args: &[&str]) -> String {
    let output = Command::new(env!("CARGO")).current_dir(dir).args(args).arg("--offline").output().unwrap();
    assert!(output.status.success(), "cargo {args:?}: {}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).unwrap()
}

/// The workspace's packages, and whether they are published.
fn packages() -> Vec<(Value, bool)> {
    let metadata = cargo(&root(), &["metadata", "--format-version", "1", "--no-deps"]);
    let metadata: Value = serde_json::from_str(&metadata).unwrap();
    let packages = metadata["packages"].as_array().unwrap().iter();
    packages.map(|package| (package.clone(), package["publish"].is_null())).collect()
}

#[test]
fn manifests_describe_their_packages() {
    for (package, published) in packages() {
        let name = package["name"].as_str().unwrap();
        for field in ["description", "repository", "license"] {
            assert!(package[field].as_str().is_some_and(|text| !text.is_empty()), "{name} has no {field}");
        }
        for field in ["keywords", "categories"] {
            assert!(package[field].as_array().is_some_and(|list| !list.is_empty()), "{name} has no {field}");
        }
        let embedded = ["vouch", "vouch-program", "vouch-envelope", "vouch-verifier", "vouch-verifier-host"];
        if embedded.contains(&name) {
            assert!(published && package["readme"].is_string(), "{name}: others depend on it");
        }
    }
}

/// Each has all its files, and its dependencies are packages too.
#[test]
fn published_crates_are_packaged() {
    let names: Vec<String> = packages()
        .into_iter()
        .filter(|(_, published)| *published)
        .map(|(package, _)| package["name"].as_str().unwrap().to_owned())
        .collect();
    assert!(names.len() >= 10, "{names:?}");
    let target = tempfile::tempdir().unwrap();
    let mut args = vec!["package", "--no-verify", "--allow-dirty", "--target-dir", target.path().to_str().unwrap()];
    args.extend(names.iter().flat_map(|name| ["--package", name]));
    cargo(&root(), &args);
    for name in &names {
        let file = target.path().join(format!("package/{name}-0.1.0.crate"));
        assert!(file.is_file(), "{} was not made", file.display());
    }
}

/// An empty package that depends on the verifier links fewer than 40 crates, itself included. (Procedural macros, some 15
/// crates, run in the compiler only.)
#[test]
fn the_verifier_alone_links_fewer_than_40_crates() {
    let dir = tempfile::tempdir().unwrap();
    let verifier = root().canonicalize().unwrap().join("crates/verify/verifier");
    let manifest = format!(
        "[package]\nname = \"empty\"\nversion = \"0.1.0\"\nedition = \"2024\"\n\n[workspace]\n\n[dependencies]\nvouch-verifier = {{ path = {:?} }}\n",
        verifier.to_str().unwrap()
    );
    fs::write(dir.path().join("Cargo.toml"), manifest).unwrap();
    fs::create_dir(dir.path().join("src")).unwrap();
    fs::write(dir.path().join("src/main.rs"), "fn main() {}\n").unwrap();
    // The versions that the repository was tested with.
    fs::copy(root().join("Cargo.lock"), dir.path().join("Cargo.lock")).unwrap();
    let tree = cargo(dir.path(), &["tree", "--edges", "normal,no-proc-macro", "--prefix", "none", "--format", "{p}"]);
    let crates: BTreeSet<&str> = tree.lines().map(|line| line.trim_end_matches(" (*)")).collect();
    assert!(crates.iter().any(|line| line.starts_with("vouch-verifier ")), "{tree}");
    assert!(crates.len() < 40, "{} crates: {crates:#?}", crates.len());
}
