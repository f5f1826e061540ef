//! The packages around the module.

use std::fs;
use std::path::Path;
use std::process::Command;

use anyhow::{Context, Result};

use crate::process;
use crate::workspace::Workspace;

/// Name of the module in every package.
const MODULE: &str = "vouch_verifier.wasm";

/// Writes the npm package to `out`, and the module into the Python package below it.
pub(super) fn write(workspace: &Workspace, wasm: &[u8], out: &Path) -> Result<()> {
    copy_all(&workspace.root.join("verifier-wasm/npm"), out)?;
    let module = out.join(MODULE);
    fs::write(&module, wasm).with_context(|| format!("cannot write {}", module.display()))?;
    let digest = sha256(&module)?;
    let line = format!("{digest}  {MODULE}\n");
    fs::write(out.join(format!("{MODULE}.sha256")), &line).context("cannot write the digest")?;
    let python = workspace.root.join("pkg/python/src/vouch_verifier");
    if python.is_dir() {
        fs::write(python.join(MODULE), wasm).with_context(|| format!("cannot write to {}", python.display()))?;
    }
    println!("{}: {} bytes, SHA-256 {digest}", workspace.relative(&module).display(), wasm.len());
    Ok(())
}

/// Copies the files of a directory, not those below.
fn copy_all(from: &Path, to: &Path) -> Result<()> {
    fs::create_dir_all(to).with_context(|| format!("cannot make {}", to.display()))?;
    for entry in fs::read_dir(from).with_context(|| format!("cannot read {}", from.display()))? {
        let path = entry?.path();
        if let (true, Some(name)) = (path.is_file(), path.file_name()) {
            fs::copy(&path, to.join(name)).with_context(|| format!("cannot copy {}", path.display()))?;
        }
    }
    Ok(())
}

/// The digest of a file, by whichever program the system has.
fn sha256(path: &Path) -> Result<String> {
    let first_word = |text: String| text.split_whitespace().next().map(str::to_owned);
    let sum = process::output(Command::new("sha256sum").arg(path))
        .or_else(|_| process::output(Command::new("shasum").args(["-a", "256"]).arg(path)))?;
    first_word(sum).context("no digest in the output of sha256sum")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn files_are_copied_and_digested() {
        let dir = tempfile::tempdir().unwrap();
        let (from, to) = (dir.path().join("from"), dir.path().join("to"));
        fs::create_dir_all(from.join("below")).unwrap();
        fs::write(from.join("a"), "abc").unwrap();
        copy_all(&from, &to).unwrap();
        assert!(!to.join("below").exists());
        let expected = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad";
        assert_eq!(sha256(&to.join("a")).unwrap(), expected);
    }
}
