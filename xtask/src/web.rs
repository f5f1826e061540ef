//! `cargo xtask web`: the dashboard, built into a folder that a validator can serve.
//!
//! 1. `web` is compiled for wasm32 (a workspace of its own, with its own profile).
//! 2. wasm-bindgen makes its JavaScript. The library is used, so that no tool of a matching version must be installed.
//! 3. `wasm-opt`, where there is one, makes it smaller.
//! 4. Styles, scripts and the verifier of `pkg/` are copied next to it. The verifier is copied byte for byte: it is the
//!    file that validators run.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result, bail};

use crate::process;
use crate::workspace::Workspace;

/// Options.
#[derive(clap::Args)]
pub(crate) struct Args {
    /// Where the files go
    #[arg(long, value_name = "DIR", default_value = "target/web")]
    out: PathBuf,
    /// The npm package of the verifier, made by `cargo xtask wasm`
    #[arg(long, value_name = "DIR", default_value = "pkg")]
    package: PathBuf,
    /// Compile faster, for larger files; for work on the dashboard itself
    #[arg(long)]
    dev: bool,
}

/// The files of the package that the page uses, and their names there.
const VERIFIER: [(&str, &str); 2] = [("vouch_verifier.wasm", "verifier.wasm"), ("verifier.js", "verifier.js")];
/// What `wasm-opt` must know of the compiler's output.
const FEATURES: [&str; 6] = [
    "--enable-bulk-memory",
    "--enable-nontrapping-float-to-int",
    "--enable-reference-types",
    "--enable-sign-ext",
    "--enable-mutable-globals",
    "--enable-multivalue",
];

/// Builds the dashboard.
pub(crate) fn run(workspace: &Workspace, args: &Args) -> Result<()> {
    let web = workspace.root.join("web");
    let out = workspace.root.join(&args.out);
    let assets = out.join("assets");
    fs::create_dir_all(&assets).with_context(|| format!("cannot make {}", assets.display()))?;

    let package = workspace.root.join(&args.package);
    for (name, _) in VERIFIER {
        if !package.join(name).is_file() {
            bail!("there is no {name} in {}: run `cargo xtask wasm` first", package.display());
        }
    }
    let compiled = compile(&web, &workspace.target.join("web-build"), args.dev)?;
    bind(&compiled, &assets)?;
    if !args.dev {
        optimise(&assets.join("app.wasm"))?;
    }
    for (name, to) in VERIFIER {
        copy(&package.join(name), &assets.join(to))?;
    }
    copy(&web.join("index.html"), &out.join("index.html"))?;
    for file in files(&web.join("static"))? {
        copy(&file, &assets.join(file.file_name().context("a file has a name")?))?;
    }
    let mut style = String::new();
    for file in files(&web.join("style"))? {
        style.push_str(&fs::read_to_string(&file).with_context(|| format!("cannot read {}", file.display()))?);
    }
    fs::write(assets.join("app.css"), style).context("cannot write the style sheet")?;

    for file in files(&assets)?.into_iter().chain([out.join("index.html")]) {
        let bytes = fs::metadata(&file)?.len();
        println!("{:>9} bytes  {}", bytes, file.strip_prefix(&workspace.root).unwrap_or(&file).display());
    }
    Ok(())
}

/// Compiles `web`. With Debian's compiler for the web (`RUSTC=/usr/bin/rustc`, package `rust-web-src`) there is no
/// precompiled standard library for wasm32, so it is built, too; with rustup's target there is one.
fn compile(web: &Path, target: &Path, dev: bool) -> Result<PathBuf> {
    let debian = Path::new("/usr/lib/rustlib/src/rust/library/Cargo.lock").is_file() && !has_rustup_target();
    let mut command = if debian { Command::new("/usr/bin/cargo") } else { process::cargo(web) };
    command.current_dir(web).args(["build", "--locked", "--target", "wasm32-unknown-unknown"]);
    command.arg("--target-dir").arg(target);
    if !dev {
        command.arg("--release");
    }
    if debian {
        command.arg("-Zbuild-std=std,panic_abort");
        command.env("RUSTC", "/usr/bin/rustc").env("RUSTC_BOOTSTRAP", "1");
        // A toolchain override of the caller must not reach Debian's compiler.
        command.env_remove("RUSTUP_TOOLCHAIN").env_remove("CARGO");
        if let Some(linker) =
            ["wasm-ld", "wasm-ld-22", "wasm-ld-19", "wasm-ld-14"].into_iter().find(|name| on_path(name))
        {
            command.env("CARGO_TARGET_WASM32_UNKNOWN_UNKNOWN_LINKER", linker);
        }
    }
    process::run(&mut command)?;
    let profile = if dev { "debug" } else { "release" };
    Ok(target.join("wasm32-unknown-unknown").join(profile).join("vouch-web.wasm"))
}

/// Whether rustup's compiler can build for wasm32 as it is.
fn has_rustup_target() -> bool {
    let sysroot = Command::new("rustc").args(["--print", "sysroot"]).output();
    sysroot.is_ok_and(|output| {
        let root = String::from_utf8_lossy(&output.stdout);
        Path::new(root.trim()).join("lib/rustlib/wasm32-unknown-unknown/lib").is_dir()
    })
}

fn on_path(program: &str) -> bool {
    std::env::var_os("PATH").is_some_and(|path| std::env::split_paths(&path).any(|dir| dir.join(program).is_file()))
}

/// Makes `app.wasm` and `app.js`.
fn bind(compiled: &Path, assets: &Path) -> Result<()> {
    wasm_bindgen_cli_support::Bindgen::new()
        .input_path(compiled)
        .web(true)?
        .typescript(false)
        .omit_default_module_path(false)
        .out_name("app")
        .generate(assets)
        .context("wasm-bindgen cannot read what the compiler made")?;
    fs::rename(assets.join("app_bg.wasm"), assets.join("app.wasm")).context("cannot rename app_bg.wasm")
}

/// Runs `wasm-opt`, where there is one.
fn optimise(wasm: &Path) -> Result<()> {
    if !on_path("wasm-opt") {
        println!("note: no wasm-opt on this machine, so the application stays larger than it could be");
        return Ok(());
    }
    process::run(Command::new("wasm-opt").args(FEATURES).arg("-Oz").arg(wasm).arg("-o").arg(wasm))
}

fn copy(from: &Path, to: &Path) -> Result<()> {
    fs::copy(from, to).map(|_| ()).with_context(|| format!("cannot copy {} to {}", from.display(), to.display()))
}

/// The files of a folder, sorted by name.
fn files(dir: &Path) -> Result<Vec<PathBuf>> {
    let entries = fs::read_dir(dir).with_context(|| format!("cannot read {}", dir.display()))?;
    let mut files = entries.map(|entry| Ok(entry?.path())).collect::<Result<Vec<_>>>()?;
    files.retain(|path| path.is_file());
    files.sort();
    Ok(files)
}
