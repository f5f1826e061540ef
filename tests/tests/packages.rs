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

/// A package outside of the workspace that depends on one of its crates alone, by its path.
struct Empty {
    dir: tempfile::TempDir,
}

impl Empty {
    fn new(dependency: &str, folder: &str, main: &str) -> Self {
        let dir = tempfile::tempdir().unwrap();
        let path = root().canonicalize().unwrap().join(folder);
        let head = "[package]\nname = \"empty\"\nversion = \"0.1.0\"\nedition = \"2024\"\n\n[workspace]\n";
        let dependencies = format!("[dependencies]\n{dependency} = {{ path = {:?} }}\n", path.to_str().unwrap());
        // The workspace's own profile: what it has compiled of the same features is not compiled again.
        let workspace = fs::read_to_string(root().join("Cargo.toml")).unwrap();
        let profile = workspace.split_once("[profile.dev]").unwrap().1.split_once("[profile.release]").unwrap().0;
        let profile: String = profile.lines().filter(|line| !line.starts_with('#')).map(|l| format!("{l}\n")).collect();
        let manifest = format!("{head}\n{dependencies}\n[profile.dev]{profile}");
        fs::write(dir.path().join("Cargo.toml"), manifest).unwrap();
        fs::create_dir(dir.path().join("src")).unwrap();
        fs::write(dir.path().join("src/main.rs"), main).unwrap();
        // The versions that the repository was tested with.
        fs::copy(root().join("Cargo.lock"), dir.path().join("Cargo.lock")).unwrap();
        Self { dir }
    }

    /// Compiles the package among what the tests have compiled, and what it says when it is run at the repository's root.
    fn run(&self) -> String {
        let target = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).parent().unwrap().to_owned();
        cargo(self.dir.path(), &["build", "--target-dir", target.to_str().unwrap()]);
        let program = target.join("debug").join(format!("empty{}", std::env::consts::EXE_SUFFIX));
        let output = Command::new(program).current_dir(root()).output().unwrap();
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        String::from_utf8(output.stdout).unwrap()
    }

    /// The crates in its tree, itself included.
    fn crates(&self, edges: &str) -> BTreeSet<String> {
        let tree = cargo(self.dir.path(), &["tree", "--edges", edges, "--prefix", "none", "--format", "{p}"]);
        tree.lines().map(|line| line.trim_end_matches(" (*)").to_owned()).collect()
    }
}

/// What an example's file has besides its test and its documentation.
fn code(example: &str) -> String {
    let code = example.split("\n/// An empty package needs").next().unwrap();
    let code: String = code.lines().filter(|line| !line.starts_with("//!")).map(|line| format!("{line}\n")).collect();
    let lines = code.lines().filter(|line| !line.trim().is_empty()).count();
    assert!(lines <= 15, "{lines} lines:\n{code}");
    code
}

/// Verifies a committed proof, and a lie about it.
const VERIFY: &str = r#"
use vouch_verifier::{Expected, ProofEnvelope, VerifierKey, verify};

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let key = VerifierKey::from_bytes(&std::fs::read("examples/verify/staking-lstm.key")?)?;
    let mut proof = ProofEnvelope::decode(&std::fs::read("examples/verify/forecast.proof")?)?;
    let expected = Expected { allow_development_srs: true, ..Expected::default() };
    println!("{:.1} hours", verify(&key, &expected, &proof)?.real_outputs()[0]);
    proof.public.outputs[0] /= 2;
    println!("{}", verify(&key, &expected, &proof).unwrap_err());
    Ok(())
}
"#;

/// An empty package that depends on the verifier alone verifies a proof, and is compiled with fewer than 40 crates: itself, what
/// it links, procedural macros and build scripts' crates. None of them is there in two versions.
#[test]
fn the_verifier_alone_verifies_with_fewer_than_40_crates() {
    let package = Empty::new("vouch-verifier", "crates/verify/verifier", VERIFY);
    let all = package.crates("normal,build");
    assert!(all.iter().any(|line| line.starts_with("vouch-verifier ")), "{all:#?}");
    assert!(all.len() < 40, "{} crates: {all:#?}", all.len());
    let names: BTreeSet<&str> = all.iter().filter_map(|line| line.split(' ').next()).collect();
    assert_eq!(names.len(), all.len(), "{all:#?}");
    let said = package.run();
    let lines: Vec<&str> = said.lines().collect();
    assert!(lines[0].ends_with(" hours") && lines[1].starts_with("pairing: "), "{said}");
}

/// An empty package that depends on the library compiles, proves and verifies the default model, in at most 15 lines.
#[test]
#[ignore = "compiles the library with its own features, and all that it uses: `cargo xtask test --only embed` runs it"]
fn the_library_alone_proves() {
    let package = Empty::new("vouch", "crates/vouch", &code(include_str!("../../examples/prove.rs")));
    let said = package.run();
    assert!(said.contains(" hours, proved in "), "{said}");
}
