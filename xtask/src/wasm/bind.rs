//! wasm-bindgen's part: JavaScript for the exports of `js.rs`, and a module that imports nothing.
//!
//! wasm-bindgen gives the module one import: `__wbindgen_throw`, which its own checks of borrowed objects call. (The
//! wrapper in `verifier-wasm/js` never makes them fail.) It becomes a trap, so that one file serves JavaScript and hosts
//! that have none.

use std::fs;
use std::path::Path;

use anyhow::{Context, Result, bail};
use walrus::Module;
use wasm_bindgen_cli_support::Bindgen;

/// The module that [`bind`] writes.
pub(super) const BOUND: &str = "bindgen.wasm";
/// Its JavaScript.
pub(super) const SCRIPT: &str = "bindgen.js";

/// Reads what the compiler made; writes [`BOUND`] and [`SCRIPT`].
pub(super) fn bind(compiled: &Path, out: &Path) -> Result<()> {
    let mut module = Module::from_file(compiled).context("the compiler's output is no module")?;
    // Told of reference types, wasm-bindgen would keep JavaScript's objects in a table of the module. There are none.
    module.customs.remove_raw("target_features");
    let mut bound = Bindgen::new()
        .input_module("bindgen", module)
        .web(true)?
        .typescript(false)
        .omit_default_module_path(true)
        .remove_name_section(true)
        .remove_producers_section(true)
        .out_name("bindgen")
        .generate_output()
        .context("wasm-bindgen cannot read what the compiler made")?;
    close(bound.wasm_mut())?;
    fs::write(out.join(BOUND), bound.wasm_mut().emit_wasm()).context("cannot write the module")?;
    fs::write(out.join(SCRIPT), bound.js()).context("cannot write wasm-bindgen's JavaScript")
}

/// Replaces the imports.
fn close(module: &mut Module) -> Result<()> {
    let imports: Vec<_> = module.imports.iter().map(|import| (import.id(), import.name.clone())).collect();
    for (id, name) in imports {
        if !name.contains("__wbindgen_throw") {
            bail!("the module imports `{name}`: only its wrapper may know JavaScript");
        }
        let walrus::ImportKind::Function(function) = module.imports.get(id).kind else {
            bail!("the module imports `{name}`, which is no function");
        };
        module.replace_imported_func(function, |(body, _)| {
            body.unreachable();
        })?;
    }
    walrus::passes::gc::run(module);
    Ok(())
}

/// Checks that a module imports nothing and has the exports of both faces.
pub(super) fn check(wasm: &[u8]) -> Result<()> {
    let module = Module::from_buffer(wasm).context("wasm-opt's output is no module")?;
    if let Some(import) = module.imports.iter().next() {
        bail!("the module imports {}.{}", import.module, import.name);
    }
    for name in ["memory", "vouch_abi", "vouch_alloc", "vouch_verify", "rawkey_load"] {
        if !module.exports.iter().any(|export| export.name == name) {
            bail!("the module does not export `{name}`");
        }
    }
    Ok(())
}
