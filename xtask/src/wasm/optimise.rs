//! `wasm-opt`, of Binaryen: from the path, or npm's.

use std::path::Path;
use std::process::{Command, Stdio};

use anyhow::{Result, bail};

use super::toolchain::on_path;
use crate::process;
use crate::workspace::Workspace;

/// npm's package, for machines without `wasm-opt`.
const NPM: &str = "binaryen@132.0.0";

/// What the compiler's output uses.
const FEATURES: [&str; 6] = [
    "--enable-bulk-memory",
    "--enable-nontrapping-float-to-int",
    "--enable-reference-types",
    "--enable-sign-ext",
    "--enable-mutable-globals",
    "--enable-multivalue",
];

/// Makes a module smaller and faster, at a level of `wasm-opt`, again and again until nothing gets smaller.
pub(crate) fn run(workspace: &Workspace, level: &str, from: &Path, to: &Path) -> Result<()> {
    let mut command = if on_path("wasm-opt") {
        Command::new("wasm-opt")
    } else if on_path("npm") {
        let mut npm = Command::new("npm");
        npm.current_dir(&workspace.root).args(["exec", "--yes", "--package", NPM, "--", "wasm-opt"]);
        npm.arg("--enable-bulk-memory-opt");
        npm
    } else {
        bail!("wasm-opt is missing: install binaryen (`apt install binaryen`), or Node.js, whose npm has it");
    };
    command.args(FEATURES).args([level, "--converge", "--strip-debug", "--strip-producers", "--strip-target-features"]);
    process::run(command.arg(from).arg("-o").arg(to))
}

/// Which `wasm-opt` is used, for the record.
pub(super) fn version() -> String {
    if !on_path("wasm-opt") {
        return format!("npm {NPM}");
    }
    let output = Command::new("wasm-opt").arg("--version").stderr(Stdio::null()).output();
    output.map_or_else(|_| "wasm-opt".to_owned(), |output| String::from_utf8_lossy(&output.stdout).trim().to_owned())
}
