//! The files of keys: `prover.key` and `verifier.key`.

use std::path::Path;

use vouch_program::Program;
use vouch_proving::{Header, ProverKey, ProvingError};

use crate::{ProverError, files};

/// Name of the proving key in a bundle's folder.
pub const PROVER_KEY_FILE: &str = "prover.key";
/// Name of the verifying key in a bundle's folder.
pub const VERIFIER_KEY_FILE: &str = "verifier.key";

/// Names of the key files for a batch of `n` inputs: those of a single input have no number.
pub fn key_files(batch: u32) -> (String, String) {
    if batch <= 1 {
        (PROVER_KEY_FILE.to_owned(), VERIFIER_KEY_FILE.to_owned())
    } else {
        (format!("prover-b{batch}.key"), format!("verifier-b{batch}.key"))
    }
}

/// A prover's key in a file, which is mapped into memory.
pub trait KeyFile: Sized {
    /// Writes both key files into a folder and returns their sizes.
    ///
    /// # Errors
    /// [`ProverError::File`].
    fn save(&self, dir: &Path) -> Result<(u64, u64), ProverError>;

    /// Reads what a key file is for, without the key.
    ///
    /// # Errors
    /// As [`KeyFile::load`].
    fn read_header(path: &Path) -> Result<Header, ProverError>;

    /// Reads a proving key for a program.
    ///
    /// # Errors
    /// [`ProverError::File`], [`ProverError::Format`] if the file is damaged, [`ProvingError::OtherProgram`].
    fn load(path: &Path, bundle: &Program) -> Result<Self, ProverError>;
}

impl KeyFile for ProverKey {
    fn save(&self, dir: &Path) -> Result<(u64, u64), ProverError> {
        let (prover_file, verifier_file) = key_files(self.header.batch);
        let (prover, verifier) = (self.to_bytes()?, self.verifier.to_bytes());
        // Of two setups at once the keys of one stay, both files.
        let model = std::fs::File::open(dir.join(crate::MODEL_FILE));
        let _lock = model.and_then(|file| file.lock().map(|()| file)).ok();
        files::write(&dir.join(prover_file), &[&prover])?;
        files::write(&dir.join(verifier_file), &[verifier])?;
        Ok((prover.len() as u64, verifier.len() as u64))
    }

    fn read_header(path: &Path) -> Result<Header, ProverError> {
        Self::header_of(&files::map(path)?).map_err(|e| at(path, e))
    }

    fn load(path: &Path, bundle: &Program) -> Result<Self, ProverError> {
        Self::from_bytes(&files::map(path)?, bundle).map_err(|e| at(path, e))
    }
}

/// An error with the file that it is about.
fn at(path: &Path, error: ProvingError) -> ProverError {
    match error {
        ProvingError::Format { what, reason } => ProverError::format(what, format!("{}: {reason}", path.display())),
        other => other.into(),
    }
}
