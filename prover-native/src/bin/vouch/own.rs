//! Development setups that this user made on this machine.
//!
//! A proof under a development setup convinces only its maker: the maker of the reference string can forge proofs. So a
//! user who ran `vouch setup` can verify proofs for the keys it made, and refuses everybody else's. The list of their
//! models' identities is kept where programs keep their state; it is never taken from a bundle's folder, which may come from
//! anywhere.

use std::{
    env, fs,
    io::Write,
    path::{Path, PathBuf},
};

use vouch_envelope::ModelId;

const FILE: &str = "development-setups";
/// A longer list is not read: 16 MiB hold 250,000 identities.
const LONGEST: u64 = 16 << 20;

/// `$VOUCH_STATE`, else the folder `vouch` in `$XDG_STATE_HOME`, else in `~/.local/state`.
fn folder() -> Option<PathBuf> {
    let variable = |name| env::var_os(name).filter(|value| !value.is_empty()).map(PathBuf::from);
    variable("VOUCH_STATE")
        .or_else(|| Some(variable("XDG_STATE_HOME")?.join("vouch")))
        .or_else(|| Some(variable("HOME")?.join(".local/state/vouch")))
}

/// Remembers a model whose development setup was made here. A list that cannot be written is not an error: then
/// `vouch verify` needs `--allow-development`.
pub(crate) fn remember(model: ModelId) {
    if let Some(folder) = folder() {
        let _ = append(&folder, model);
    }
}

fn append(folder: &Path, model: ModelId) -> std::io::Result<()> {
    fs::create_dir_all(folder)?;
    let mut file = fs::OpenOptions::new().create(true).append(true).open(folder.join(FILE))?;
    // One write: lines of two commands at once do not mix.
    file.write_all(format!("{model}\n").as_bytes())
}

/// Whether the development setup of a model was made here.
pub(crate) fn made_here(model: ModelId) -> bool {
    folder().is_some_and(|folder| holds(&folder, model))
}

fn holds(folder: &Path, model: ModelId) -> bool {
    let path = folder.join(FILE);
    let short = fs::metadata(&path).is_ok_and(|meta| meta.is_file() && meta.len() <= LONGEST);
    let wanted = model.to_string();
    short && fs::read_to_string(path).is_ok_and(|list| list.lines().any(|line| line == wanted))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_models_of_the_list_were_made_here() {
        let dir = tempfile::tempdir().unwrap();
        let folder = dir.path().join("state/vouch");
        let models = [ModelId([1; 32]), ModelId([2; 32]), ModelId([3; 32])];
        assert!(!holds(&folder, models[0]));
        append(&folder, models[0]).unwrap();
        append(&folder, models[1]).unwrap();
        assert_eq!(models.map(|model| holds(&folder, model)), [true, true, false]);
        fs::write(folder.join(FILE), &models[2].to_string()[..63]).unwrap();
        assert_eq!(models.map(|model| holds(&folder, model)), [false; 3]);
    }
}
