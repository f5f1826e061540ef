//! `cargo xtask web`: the dashboard, built into a folder that a validator can serve.
//!
//! 1. `web` is compiled for wasm32, with the profile of the verifier.
//! 2. wasm-bindgen makes its JavaScript. The library is used, so that no tool of a matching version must be installed.
//! 3. `wasm-opt` makes it smaller.
//! 4. The prover of disclosures is built beside it; a page loads it when it is asked for.
//! 5. Styles, scripts and the verifier of `pkg/` are copied next to it. The verifier is copied byte for byte: it is the
//!    file that validators run.

pub(crate) mod suite;

use std::fs;
use std::io::Write;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail};

use crate::wasm::optimise;
use crate::wasm::toolchain::{self, Compiled};
use crate::workspace::Workspace;

/// Options.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// Where the files go
    #[arg(long, value_name = "DIR", default_value = "target/web")]
    pub(crate) out: PathBuf,
    /// The npm package of the verifier, made by `cargo xtask wasm`
    #[arg(long, value_name = "DIR", default_value = "pkg")]
    pub(crate) package: PathBuf,
    /// Compile faster, for larger files; for work on the dashboard itself
    #[arg(long)]
    pub(crate) dev: bool,
    /// Also build a network, and test the dashboard in Chromium against it
    #[arg(long)]
    pub(crate) test: bool,
}

/// The float form of the model that allocates; what would change its result is computed in the page.
const NETWORK: &str = "models/restaking-allocation/restaking-allocation.network.json";
/// The files of the verifier's package that the page uses.
const VERIFIER: [&str; 7] =
    ["vouch_verifier.wasm", "verifier.js", "core.js", "content.js", "error.js", "expected.js", "bindgen.js"];

/// Builds the dashboard, and tests it if asked to.
pub(crate) fn run(workspace: &Workspace, args: &Args) -> Result<()> {
    if args.test {
        return suite::run(workspace);
    }
    let web = workspace.root.join("web");
    let out = workspace.root.join(&args.out);
    let assets = out.join("assets");
    fs::create_dir_all(&assets).with_context(|| format!("cannot make {}", assets.display()))?;

    let package = workspace.root.join(&args.package);
    for name in VERIFIER {
        if !package.join(name).is_file() {
            bail!("there is no {name} in {}: run `cargo xtask wasm` first", package.display());
        }
    }
    let application =
        Compiled { package: "vouch-web", file: "vouch-web.wasm", profile: if args.dev { "web-dev" } else { "wasm" } };
    let toolchain = toolchain::find(toolchain::Choice::default())?;
    let compiled = toolchain.compile(&workspace.root, &application, &workspace.target.join("wasm"))?;
    bind(&compiled, &assets)?;
    let app = assets.join("app.wasm");
    if !args.dev {
        optimise::run(workspace, "-Oz", &app, &app)?;
    }
    let prover = assets.join("prover");
    crate::prover::build(workspace, &prover)?;
    let verifier = assets.join("verifier");
    fs::create_dir_all(&verifier).with_context(|| format!("cannot make {}", verifier.display()))?;
    for name in VERIFIER {
        copy(&package.join(name), &verifier.join(name))?;
    }
    copy(&web.join("index.html"), &out.join("index.html"))?;
    for file in files(&web.join("static"))? {
        copy(&file, &assets.join(file.file_name().context("a file has a name")?))?;
    }
    let network = workspace.root.join(NETWORK);
    copy(&network, &assets.join(network.file_name().context("a file has a name")?))?;
    let mut style = String::new();
    for file in files(&web.join("style"))? {
        style.push_str(&fs::read_to_string(&file).with_context(|| format!("cannot read {}", file.display()))?);
    }
    fs::write(assets.join("app.css"), style).context("cannot write the style sheet")?;

    println!("{:>9} {:>9}", "bytes", "gzip");
    for file in
        files(&assets)?.into_iter().chain(files(&verifier)?).chain(files(&prover)?).chain([out.join("index.html")])
    {
        if file.extension().is_some_and(|e| e == "gz") {
            continue;
        }
        let (bytes, compressed) = compress(&file)?;
        println!("{bytes:>9} {compressed:>9}  {}", file.strip_prefix(&workspace.root).unwrap_or(&file).display());
    }
    Ok(())
}

/// Writes a file's compressed form beside it, which the validator sends to whoever takes it. Returns both sizes.
fn compress(file: &Path) -> Result<(usize, usize)> {
    let bytes = fs::read(file).with_context(|| format!("cannot read {}", file.display()))?;
    let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::best());
    encoder.write_all(&bytes)?;
    let compressed = encoder.finish()?;
    let mut name = file.as_os_str().to_owned();
    name.push(".gz");
    fs::write(&name, &compressed).with_context(|| format!("cannot write {}", Path::new(&name).display()))?;
    Ok((bytes.len(), compressed.len()))
}

/// Makes `app.wasm` and `app.js`.
fn bind(compiled: &Path, assets: &Path) -> Result<()> {
    let mut module = walrus::Module::from_file(compiled).context("the compiler's output is no module")?;
    // Told of reference types, wasm-bindgen keeps JavaScript's objects in a table of the module, and `wasm-opt` 108 (Debian's)
    // gives that table a maximum: the page cannot start. Without, they are kept in an array of JavaScript's.
    module.customs.remove_raw("target_features");
    wasm_bindgen_cli_support::Bindgen::new()
        .input_module("app", module)
        .web(true)?
        .typescript(false)
        .omit_default_module_path(false)
        .out_name("app")
        .generate(assets)
        .context("wasm-bindgen cannot read what the compiler made")?;
    fs::rename(assets.join("app_bg.wasm"), assets.join("app.wasm")).context("cannot rename app_bg.wasm")
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
