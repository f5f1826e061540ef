//! Folders of models with their inputs and outputs.

use std::path::{Path, PathBuf};

/// The models of `tests/FOLDER`, or of the directory that a variable names, and whether it does; with their names, in order.
pub(crate) fn models(folder: &str, variable: &str) -> (Vec<(String, PathBuf)>, bool) {
    let own = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests").join(folder);
    let other = std::env::var_os(variable);
    let folder = other.as_ref().map_or(own.as_path(), Path::new);
    let mut paths: Vec<_> = std::fs::read_dir(folder).unwrap().map(|e| e.unwrap().path()).collect();
    paths.retain(|p| p.extension().is_some_and(|e| e == "onnx"));
    paths.sort();
    assert!(!paths.is_empty(), "{}", folder.display());
    let named = |path: PathBuf| (path.file_stem().unwrap().to_string_lossy().into_owned(), path);
    (paths.into_iter().map(named).collect(), other.is_some())
}
