//! The program, run as whoever types its commands.

#![allow(unreachable_pub)]

use std::{
    path::Path,
    process::{Command, Output},
};

use serde_json::Value;

pub const MODEL: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../models/staking-lstm/staking-lstm.onnx");

/// The program on a machine that remembers no development setup, as if each command ran on another one.
pub fn vouch(args: &[&str]) -> Output {
    vouch_of(Path::new("/dev/null/nowhere"), args)
}

/// The program of a user whose state is in a folder.
pub fn vouch_of(state: &Path, args: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_vouch")).args(args).env("VOUCH_STATE", state).output().unwrap()
}

pub fn json(output: &Output) -> Value {
    serde_json::from_slice(&output.stdout)
        .unwrap_or_else(|e| panic!("{e}: {}", String::from_utf8_lossy(&output.stdout)))
}

/// Runs a command that must succeed.
pub fn good(args: &[&str]) -> Value {
    let out = vouch(&[&["--json", "--quiet"], args].concat());
    assert!(out.status.success(), "{args:?}: {}", String::from_utf8_lossy(&out.stdout));
    json(&out)
}

/// Runs a command that must fail with an exit code and a message.
pub fn bad(args: &[&str], code: i32, words: &[&str]) {
    let out = vouch(&[&["--json"], args].concat());
    let text = String::from_utf8_lossy(&out.stdout).into_owned() + &String::from_utf8_lossy(&out.stderr);
    assert_eq!(out.status.code(), Some(code), "{args:?}: {text}");
    for word in words {
        assert!(text.contains(word), "{args:?}: no `{word}` in {text}");
    }
    assert!(!text.contains("panicked"), "{args:?}: {text}");
}

pub fn text(path: &Path) -> &str {
    path.to_str().unwrap()
}
