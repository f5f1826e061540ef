//! wasm-bindgen's part: JavaScript for the exports of `script.rs`, and a module that imports nothing.
//!
//! wasm-bindgen gives the module at most two imports: `__wbindgen_throw`, which its own checks of borrowed objects call
//! (the wrapper in `verifier-wasm/js` never makes them fail), and `__wbindgen_init_externref_table`, which fills a table
//! that only exports with JavaScript objects use, of which there are none. The first becomes a trap, the second nothing.
//! So one file serves JavaScript and hosts that have none.

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
    let mut bound = Bindgen::new()
        .input_path(compiled)
        .web(true)?
        .typescript(false)
        .reference_types(false)
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
        let trap = if name.starts_with("__wbindgen_init_externref_table") {
            false
        } else if name.contains("__wbindgen_throw") {
            true
        } else {
            bail!("the module imports `{name}`: only the host may know JavaScript");
        };
        let walrus::ImportKind::Function(function) = module.imports.get(id).kind else {
            bail!("the module imports `{name}`, which is no function");
        };
        module.replace_imported_func(function, |(body, _)| {
            if trap {
                body.unreachable();
            }
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
