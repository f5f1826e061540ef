//! A compiler for `wasm32-unknown-unknown`: rustup's, if it has the target or can get it, or Debian's `rustc-web`, which
//! has no precompiled standard library and builds it.

use std::fmt;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use anyhow::{Context, Result, anyhow, bail};
use clap::ValueEnum;

use crate::process;
use crate::workspace::Workspace;

const TARGET: &str = "wasm32-unknown-unknown";

/// Where Debian has the compiler, and the sources of its standard library.
const DEBIAN: [&str; 3] = ["/usr/bin/rustc", "/usr/bin/cargo", "/usr/lib/rustlib/src/rust/library/Cargo.lock"];
/// Names of the linker in Debian's packages `lld` and `lld-*`.
const LINKERS: [&str; 5] = ["wasm-ld", "wasm-ld-22", "wasm-ld-19", "wasm-ld-16", "wasm-ld-14"];

/// What `--toolchain` says.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, ValueEnum)]
pub(crate) enum Choice {
    /// The first of the others that works
    #[default]
    Auto,
    /// The rustc on the path, with the target installed, or after `rustup target add`
    Rustup,
    /// Debian's rustc-web
    Debian,
}

/// A compiler that works.
#[derive(Debug)]
pub(crate) struct Toolchain {
    kind: Kind,
    version: String,
}

#[derive(Debug)]
enum Kind {
    Installed,
    Debian { linker: &'static str },
}

impl fmt::Display for Toolchain {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.kind {
            Kind::Installed => write!(f, "{}", self.version),
            Kind::Debian { linker } => write!(f, "{}, standard library built, {linker}", self.version),
        }
    }
}

/// What is compiled.
pub(crate) struct Compiled<'a> {
    /// The package.
    pub(crate) package: &'a str,
    /// Its module.
    pub(crate) file: &'a str,
    /// Profile of cargo's.
    pub(crate) profile: &'a str,
}

/// Finds a compiler, or says in one line what to install. `VOUCH_WASM_TOOLCHAIN` stands for `--toolchain`.
pub(crate) fn find(choice: Choice) -> Result<Toolchain> {
    let choice = match std::env::var("VOUCH_WASM_TOOLCHAIN") {
        Ok(name) if choice == Choice::Auto => {
            Choice::from_str(&name, true).map_err(|_| anyhow!("VOUCH_WASM_TOOLCHAIN: no toolchain is called {name}"))?
        }
        _ => choice,
    };
    if choice != Choice::Debian {
        let rustc = std::env::var_os("RUSTC").unwrap_or_else(|| "rustc".into());
        if has_target(Path::new(&rustc)) || (on_path("rustup") && add_target() && has_target(Path::new(&rustc))) {
            return Ok(Toolchain { kind: Kind::Installed, version: version(Path::new(&rustc))? });
        }
        if choice == Choice::Rustup {
            bail!("this rustc has no target {TARGET}: run `rustup target add {TARGET}`");
        }
    }
    if !DEBIAN.iter().all(|file| Path::new(file).is_file()) {
        bail!(
            "no compiler for {TARGET}: run `rustup target add {TARGET}`, or on Debian `apt install rustc-web cargo-web rust-web-src lld`"
        );
    }
    let linker = LINKERS.into_iter().find(|name| on_path(name));
    let linker = linker.context("Debian's rustc needs a linker for WebAssembly: run `apt install lld`")?;
    Ok(Toolchain { kind: Kind::Debian { linker }, version: version(Path::new(DEBIAN[0]))? })
}

/// Whether a program is on the path.
pub(crate) fn on_path(program: &str) -> bool {
    std::env::var_os("PATH").is_some_and(|path| std::env::split_paths(&path).any(|dir| dir.join(program).is_file()))
}

/// Whether the standard library for the target is installed.
fn has_target(rustc: &Path) -> bool {
    let sysroot = Command::new(rustc).args(["--print", "sysroot"]).stderr(Stdio::null()).output();
    sysroot.is_ok_and(|output| {
        let root = String::from_utf8_lossy(&output.stdout);
        Path::new(root.trim()).join("lib/rustlib").join(TARGET).join("lib").is_dir()
    })
}

fn add_target() -> bool {
    process::run(Command::new("rustup").args(["target", "add", TARGET])).is_ok()
}

fn version(rustc: &Path) -> Result<String> {
    Ok(process::output(Command::new(rustc).arg("--version"))?.trim().to_owned())
}

impl Toolchain {
    /// Compiles a package of the checkout at `root`, and returns the module. Paths of this machine do not get into it.
    pub(crate) fn compile(&self, root: &Path, what: &Compiled<'_>, target: &Path) -> Result<PathBuf> {
        let home = std::env::var_os("CARGO_HOME").map(PathBuf::from);
        let home = home.or_else(|| Some(PathBuf::from(std::env::var_os("HOME")?).join(".cargo")));
        let home = home.context("neither CARGO_HOME nor HOME is set")?;
        let remap = |from: &Path, to: &str| format!("--remap-path-prefix={}={to}", from.display());
        let mut flags = vec![remap(root, "/vouch"), remap(&home, "/cargo"), remap(target, "/target")];
        // The directory of a registry has a name that depends on cargo's version. The last flag that fits counts.
        if let Ok(registries) = fs::read_dir(home.join("registry/src")) {
            flags.extend(registries.flatten().map(|registry| remap(&registry.path(), "")));
        }
        if matches!(self.kind, Kind::Debian { .. }) {
            flags.push(remap(Path::new("/usr/lib/rustlib/src/rust"), "/rust"));
        }
        let mut command = self.cargo(root);
        command.env_remove("RUSTFLAGS").env("CARGO_ENCODED_RUSTFLAGS", flags.join("\u{1f}"));
        command.args(["build", "--locked", "--profile", what.profile, "--package", what.package]);
        command.args(["--target", TARGET, "--target-dir"]).arg(target);
        process::run(&mut command)?;
        Ok(target.join(TARGET).join(what.profile).join(what.file))
    }

    /// Lints packages as they are for the target: warnings are errors. Debian has no clippy for this compiler, which
    /// checks them with its own lints alone.
    pub(crate) fn lint(&self, workspace: &Workspace, packages: &[&str]) -> Result<()> {
        let mut command = self.cargo(&workspace.root);
        match self.kind {
            // Without the workspace's other crates, which are linted as they are on the host.
            Kind::Installed => command.args(["clippy", "--no-deps", "--locked", "--target", TARGET]),
            Kind::Debian { .. } => {
                println!(
                    "note: Debian has no clippy for {TARGET}: what is compiled for it gets the compiler's lints only"
                );
                command.env_remove("RUSTFLAGS").env("CARGO_ENCODED_RUSTFLAGS", "-Dwarnings");
                command
                    .args(["check", "--locked", "--target", TARGET, "--target-dir"])
                    .arg(workspace.target.join("wasm"))
            }
        };
        command.args(packages.iter().flat_map(|package| ["--package", package]));
        if matches!(self.kind, Kind::Installed) {
            command.args(["--", "-D", "warnings"]);
        }
        process::run(&mut command)
    }

    /// The compiler's cargo.
    fn cargo(&self, root: &Path) -> Command {
        match self.kind {
            Kind::Installed => process::cargo(root),
            Kind::Debian { linker } => {
                let mut command = Command::new(DEBIAN[1]);
                command.current_dir(root).arg("-Zbuild-std=std,panic_abort");
                command.env("RUSTC", DEBIAN[0]).env("RUSTC_BOOTSTRAP", "1");
                // What rustup says of itself must not reach Debian's compiler.
                command.env_remove("RUSTUP_TOOLCHAIN").env_remove("CARGO");
                command.env("CARGO_TARGET_WASM32_UNKNOWN_UNKNOWN_LINKER", linker);
                command
            }
        }
    }
}
