//! What every crate's root must say, and that no file of tests is left out.

use std::path::{Path, PathBuf};

use anyhow::{Context, Result};

use super::Finding;
use crate::workspace::{Metadata, Package, Workspace};

/// Crates that must not panic, whatever they are given.
const PANIC_FREE: &[&str] = &["vouch-schema", "vouch-verifier", "vouch-envelope"];

/// What their roots must deny.
const DENIED: &[&str] = &[
    "clippy::indexing_slicing",
    "clippy::arithmetic_side_effects",
    "clippy::integer_division",
    "clippy::as_conversions",
    "clippy::string_slice",
    "clippy::panic_in_result_fn",
    "clippy::unwrap_used",
    "clippy::expect_used",
    "clippy::panic",
    "clippy::unreachable",
    "clippy::let_underscore_must_use",
    "clippy::wildcard_enum_match_arm",
    "clippy::disallowed_methods",
    "clippy::disallowed_types",
];

/// The folders of [`PANIC_FREE`] crates. Their `clippy.toml` say which types and methods `clippy::disallowed_types` and
/// `disallowed_methods` refuse.
const FOLDERS: &[&str] = &["crates/model/schema", "crates/verify/verifier", "crates/verify/envelope"];

/// What these files must name.
const DISALLOWED: &[&str] = &[
    "std::collections::HashMap",
    "std::time::Instant",
    "std::time::SystemTime",
    "u64::wrapping_add",
    "usize::wrapping_sub",
    "usize::saturating_add",
    "u64::saturating_mul",
];

/// Crates whose numbers are what a proof means.
const EXACT: &[&str] = &["vouch-program", "vouch-circuit"];

/// What their roots must deny. Overflow checks are on for these crates in every profile all the same.
const INEXACT: &[&str] = &["clippy::arithmetic_side_effects", "clippy::as_conversions"];

/// The profiles that must check overflows in [`EXACT`] crates.
const PROFILES: &[&str] = &["release", "prover-wasm"];

/// Checks the roots of the workspace's libraries, and of its programs that have none.
pub(super) fn check(workspace: &Workspace, metadata: &Metadata) -> Result<Vec<Finding>> {
    let mut findings = Vec::new();
    for package in metadata.members() {
        for file in left_out(package)? {
            findings.push(Finding::new(workspace.relative(&file).display().to_string(), "no program of tests has it"));
        }
        let of_kind = |kind: &str| package.targets.iter().find(|target| target.kind.iter().any(|k| k == kind));
        let library = ["lib", "cdylib", "rlib"].into_iter().find_map(of_kind);
        let Some(target) = library.or_else(|| of_kind("bin")) else { continue };
        let root = workspace.relative(&target.src_path).display().to_string();
        let text = std::fs::read_to_string(&target.src_path).with_context(|| format!("cannot read {root}"))?;
        findings.extend(documentation(&text).map(|message| Finding::new(&root, message)));
        if PANIC_FREE.contains(&package.name.as_str()) {
            findings.extend(panics(&text).into_iter().map(|message| Finding::new(&root, message)));
        }
        if EXACT.contains(&package.name.as_str()) {
            findings.extend(not_denied(&text, INEXACT).into_iter().map(|message| Finding::new(&root, message)));
        }
    }
    for folder in FOLDERS {
        let file = format!("{folder}/clippy.toml");
        let text =
            std::fs::read_to_string(workspace.root.join(&file)).with_context(|| format!("cannot read {file}"))?;
        findings.extend(allowed(&text).map(|name| Finding::new(&file, format!("does not disallow {name}"))));
    }
    let manifest = std::fs::read_to_string(workspace.root.join("Cargo.toml")).context("cannot read Cargo.toml")?;
    for profile in PROFILES {
        findings.extend(unchecked(&manifest, profile).into_iter().map(|message| Finding::new("Cargo.toml", message)));
    }
    Ok(findings)
}

/// What a `clippy.toml` should name among what is disallowed, and does not.
fn allowed(text: &str) -> impl Iterator<Item = &'static str> {
    let list = text.split_once("disallowed-").map_or("", |(_, list)| list);
    DISALLOWED.iter().copied().filter(move |name| !list.contains(&format!("\"{name}\"")))
}

/// The [`EXACT`] crates whose overflows a profile of a manifest does not check.
fn unchecked(manifest: &str, profile: &str) -> Vec<String> {
    let checks = |name: &str| {
        let header = format!("[profile.{profile}.package.{name}]");
        let section = manifest.split_once(&header).map(|(_, rest)| rest.split("\n[").next().unwrap_or_default());
        section.is_some_and(|s| s.lines().any(|line| line.trim() == "overflow-checks = true"))
    };
    let missing = EXACT.iter().filter(|name| !checks(name));
    missing.map(|name| format!("profile {profile} does not check overflows in {name}")).collect()
}

/// The files in a crate's `tests` that are neither a program of tests nor a module that one names.
fn left_out(package: &Package) -> Result<Vec<PathBuf>> {
    let programs = package.targets.iter().filter(|target| target.kind.iter().any(|kind| kind == "test"));
    let programs: Vec<&Path> = programs.map(|target| target.src_path.as_path()).collect();
    let Some(folder) = package.manifest_path.parent().map(|dir| dir.join("tests")).filter(|dir| dir.is_dir()) else {
        return Ok(Vec::new());
    };
    let mut modules = Vec::new();
    for program in &programs {
        let text = std::fs::read_to_string(program).with_context(|| format!("cannot read {}", program.display()))?;
        modules.extend(text.lines().filter_map(|line| Some(line.strip_prefix("mod ")?.strip_suffix(';')?.to_owned())));
    }
    let mut files: Vec<PathBuf> = std::fs::read_dir(&folder)?.flatten().map(|entry| entry.path()).collect();
    files.retain(|file| {
        let module = file.file_stem().and_then(|stem| stem.to_str()).unwrap_or_default();
        let source = file.extension().is_some_and(|extension| extension == "rs");
        source && !programs.contains(&file.as_path()) && !modules.iter().any(|name| name == module)
    });
    files.sort();
    Ok(files)
}

/// The attribute that takes a crate's documentation from its README.
const README: &str = "#![doc = include_str!(\"../README.md\")]";

/// What is wrong with the documentation at the start of a crate's root.
fn documentation(text: &str) -> Option<String> {
    if text.lines().any(|line| line == README) {
        return None;
    }
    let first = text.lines().find(|line| !line.trim().is_empty() && !line.starts_with("#!["))?;
    match first.strip_prefix("//!") {
        None => Some("does not start with documentation of the crate".to_owned()),
        Some(sentence) if sentence.split_whitespace().count() < 3 => Some("says too little about the crate".to_owned()),
        Some(_) => None,
    }
}

/// What is missing at the root of a crate that must not panic.
fn panics(text: &str) -> Vec<String> {
    let safe = (!text.contains("#![forbid(unsafe_code)]")).then(|| "does not forbid unsafe code".to_owned());
    safe.into_iter().chain(not_denied(text, DENIED)).collect()
}

/// The lints that a crate's root does not name.
fn not_denied(text: &str, lints: &[&str]) -> Vec<String> {
    let words: Vec<&str> = text.split(|c: char| !(c.is_alphanumeric() || c == '_' || c == ':')).collect();
    lints.iter().filter(|lint| !words.contains(lint)).map(|lint| format!("does not deny {lint}")).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::workspace::Target;

    #[test]
    fn crates_are_documented() {
        assert_eq!(documentation("#![no_std]\n\n//! Wire types of Vouch.\n"), None);
        assert_eq!(documentation(&format!("{README}\n\nmod a;\n")), None);
        assert!(documentation("//! tests\n").is_some());
        assert!(documentation("mod a;\n//! Late, but with many words.\n").is_some());
    }

    #[test]
    fn overflow_checks_are_found_in_their_profile() {
        let of = |name: &str| format!("[profile.release.package.{name}]\noverflow-checks = true\n\n");
        let both = EXACT.iter().map(|name| of(name)).collect::<String>() + "[profile.bench]\n";
        assert_eq!(unchecked(&both, "release"), [""; 0]);
        assert_eq!(unchecked(&both, "wasm").len(), EXACT.len());
        let off = both.replacen("overflow-checks = true", "opt-level = 3", 1);
        assert_eq!(unchecked(&off, "release"), ["profile release does not check overflows in vouch-program"]);
    }

    #[test]
    fn files_of_tests_that_no_program_has_are_found() {
        let dir = tempfile::tempdir().unwrap();
        let tests = dir.path().join("tests");
        std::fs::create_dir(&tests).unwrap();
        for (name, text) in [("all.rs", "mod a;\n"), ("alone.rs", ""), ("a.rs", ""), ("b.rs", ""), ("b.py", "")] {
            std::fs::write(tests.join(name), text).unwrap();
        }
        let program = |name: &str| Target { kind: vec!["test".to_owned()], src_path: tests.join(name) };
        let package = Package {
            id: String::new(),
            name: String::new(),
            manifest_path: dir.path().join("Cargo.toml"),
            targets: vec![program("all.rs"), program("alone.rs")],
        };
        assert_eq!(left_out(&package).unwrap(), [tests.join("b.rs")]);
    }

    #[test]
    fn what_panic_free_crates_disallow_is_complete() {
        let list = |names: &[&str]| names.iter().map(|name| format!("    \"{name}\",\n")).collect::<String>();
        let file = format!("disallowed-methods = [\n{}]\n", list(DISALLOWED));
        assert_eq!(allowed(&file).count(), 0);
        assert_eq!(
            allowed(&file.replace("    \"u64::wrapping_add\",\n", "")).collect::<Vec<_>>(),
            ["u64::wrapping_add"]
        );
        // Named elsewhere.
        assert_eq!(allowed(&file.replace("disallowed-methods", "others")).count(), DISALLOWED.len());
        assert_eq!(FOLDERS.len(), PANIC_FREE.len());
    }

    #[test]
    fn panic_free_crates_say_so() {
        let root = |lints: &[&str]| format!("#![forbid(unsafe_code)]\n#![deny({})]", lints.join(", "));
        assert_eq!(panics(&root(DENIED)), [""; 0]);
        assert_eq!(panics(&root(&DENIED[1..])), ["does not deny clippy::indexing_slicing"]);
        // `clippy::panic_in_result_fn` is another lint than `clippy::panic`.
        let others: Vec<&str> = DENIED.iter().copied().filter(|lint| *lint != "clippy::panic").collect();
        assert_eq!(panics(&root(&others)), ["does not deny clippy::panic"]);
        assert_eq!(panics(&root(DENIED).replace("forbid", "deny")), ["does not forbid unsafe code"]);
    }
}
