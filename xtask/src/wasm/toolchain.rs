//! Which compiler builds for WebAssembly.

use std::ffi::OsString;
use std::fmt;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use anyhow::{Context, Result, bail};

use super::TARGET;
use crate::process;
use crate::workspace::Workspace;

/// Debian's compiler, in packages of its own beside any other.
const DEBIAN: (&str, &str) = ("/usr/bin/cargo", "/usr/bin/rustc");

/// A compiler that can build for WebAssembly.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Toolchain {
    /// The user's own, with the target's standard library.
    Own,
    /// Debian's, which builds the standard library from its source; with the linker.
    Debian {
        /// A `wasm-ld`.
        linker: PathBuf,
    },
}

impl fmt::Display for Toolchain {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Own => write!(f, "rustc with {TARGET}"),
            Self::Debian { linker } => write!(f, "Debian's rustc, std from source, {}", linker.display()),
        }
    }
}

impl Toolchain {
    /// The user's compiler if it has the target or can get it, else Debian's.
    pub(super) fn find(workspace: &Workspace) -> Result<Self> {
        if has_target(Path::new("rustc"), workspace) {
            return Ok(Self::Own);
        }
        println!("rustc has no {TARGET}: trying `rustup target add`");
        let mut rustup = Command::new("rustup");
        rustup.current_dir(&workspace.root).args(["target", "add", TARGET]).stderr(Stdio::null());
        if rustup.status().is_ok_and(|status| status.success()) && has_target(Path::new("rustc"), workspace) {
            return Ok(Self::Own);
        }
        let source = sysroot(Path::new(DEBIAN.1), workspace).map(|root| root.join("lib/rustlib/src/rust/library"));
        let linker = ["wasm-ld", "wasm-ld-22", "wasm-ld-19", "wasm-ld-14"].into_iter().find_map(on_path);
        match (source, linker) {
            (Some(source), Some(linker)) if source.is_dir() => Ok(Self::Debian { linker }),
            _ => bail!(
                "no compiler for {TARGET}: run `rustup target add {TARGET}`, or on Debian install rustc-web, \
                 cargo-web, rust-web-src and lld"
            ),
        }
    }

    /// cargo, so that what it builds does not depend on where the sources are.
    pub(super) fn cargo(&self, workspace: &Workspace) -> Result<Command> {
        let (mut cargo, rustc) = match self {
            Self::Own => (process::cargo(&workspace.root), Path::new("rustc")),
            Self::Debian { linker } => {
                let mut cargo = Command::new(DEBIAN.0);
                cargo.current_dir(&workspace.root).env("RUSTC", DEBIAN.1).env("RUSTC_BOOTSTRAP", "1");
                cargo.env("CARGO_TARGET_WASM32_UNKNOWN_UNKNOWN_LINKER", linker).arg("-Zbuild-std=std,panic_abort");
                (cargo, Path::new(DEBIAN.1))
            }
        };
        let mut from_to = vec![(workspace.root.clone(), "/vouch"), (cargo_home()?, "/cargo")];
        from_to.extend(sysroot(rustc, workspace).map(|root| (root, "/rust")));
        let flags: Vec<OsString> = from_to.into_iter().map(|(from, to)| remap(&from, to)).collect();
        Ok({
            cargo.env("CARGO_ENCODED_RUSTFLAGS", flags.join(std::ffi::OsStr::new("\u{1f}"))).env_remove("RUSTFLAGS");
            cargo
        })
    }
}

fn remap(from: &Path, to: &str) -> OsString {
    let mut flag = OsString::from("--remap-path-prefix=");
    flag.push(from);
    flag.push("=");
    flag.push(to);
    flag
}

fn cargo_home() -> Result<PathBuf> {
    let home = std::env::var_os("CARGO_HOME").map(PathBuf::from);
    let default = || std::env::home_dir().map(|home| home.join(".cargo"));
    home.or_else(default).context("neither CARGO_HOME nor a home directory is known")
}

fn has_target(rustc: &Path, workspace: &Workspace) -> bool {
    sysroot(rustc, workspace).is_some_and(|root| root.join("lib/rustlib").join(TARGET).join("lib").is_dir())
}

fn sysroot(rustc: &Path, workspace: &Workspace) -> Option<PathBuf> {
    let mut command = Command::new(rustc);
    command.current_dir(&workspace.root).args(["--print", "sysroot"]).stderr(Stdio::null());
    let output = command.output().ok().filter(|output| output.status.success())?;
    Some(PathBuf::from(String::from_utf8(output.stdout).ok()?.trim()))
}

fn on_path(program: &str) -> Option<PathBuf> {
    std::env::split_paths(&std::env::var_os("PATH")?).map(|dir| dir.join(program)).find(|path| path.is_file())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_are_replaced() {
        assert_eq!(remap(Path::new("/home/me/vouch"), "/vouch"), "--remap-path-prefix=/home/me/vouch=/vouch");
    }

    #[test]
    fn programs_are_found_on_the_path() {
        assert!(on_path("sh").is_some());
        assert_eq!(on_path("no-such-program-anywhere"), None);
    }
}
