//! What every crate's root must say.

use anyhow::{Context, Result};

use super::Finding;
use crate::workspace::{Metadata, Workspace};

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

/// The file that says which types and methods `clippy::disallowed_types` and `disallowed_methods` refuse in the verifier,
/// and what it must name.
const DISALLOWED: (&str, &[&str]) = (
    "crates/verify/verifier/clippy.toml",
    &[
        "std::collections::HashMap",
        "std::time::Instant",
        "std::time::SystemTime",
        "u64::wrapping_add",
        "usize::wrapping_sub",
        "usize::saturating_add",
        "u64::saturating_mul",
    ],
);

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
    let (file, names) = DISALLOWED;
    let text = std::fs::read_to_string(workspace.root.join(file)).with_context(|| format!("cannot read {file}"))?;
    let missing = names.iter().filter(|name| !text.contains(&format!("\"{name}\"")));
    findings.extend(missing.map(|name| Finding::new(file, format!("does not disallow {name}"))));
    let manifest = std::fs::read_to_string(workspace.root.join("Cargo.toml")).context("cannot read Cargo.toml")?;
    for profile in PROFILES {
        findings.extend(unchecked(&manifest, profile).into_iter().map(|message| Finding::new("Cargo.toml", message)));
    }
    Ok(findings)
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
