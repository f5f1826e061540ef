//! Keys for facts about a model's hashed inputs, beside its bundle: `disclosure/NAME/prover.key` and `verifier.key`.

use std::collections::BTreeMap;
use std::io;
use std::path::{Path, PathBuf};

use thiserror::Error;
use vouch::{PROVER_KEY_FILE, VERIFIER_KEY_FILE, disclosure_dir};
use vouch_disclosure::{DisclosureError, spec_of};
use vouch_verifier::{KeyError, Section, VerifierKey};

/// Largest verifying key that is read.
const MAX_VERIFIER_KEY: u64 = 1 << 20;
/// Largest prover's key that is served.
const MAX_PROVER_KEY: u64 = 256 << 20;

/// Why keys for facts cannot be served.
#[derive(Debug, Error)]
#[non_exhaustive]
#[expect(missing_docs, reason = "the message of a variant says what its fields are")]
pub enum DisclosureKeysError {
    /// A file cannot be read.
    #[error("{path}: {source}", path = path.display())]
    File { path: PathBuf, source: io::Error },
    /// The verifying key is malformed.
    #[error("{path}: {source}", path = path.display())]
    Key { path: PathBuf, source: KeyError },
    /// The verifying key is not one for facts.
    #[error("{path}: {source}", path = path.display())]
    Program { path: PathBuf, source: Box<DisclosureError> },
    /// The verifying key is about another tensor than the model's, or one of other values.
    #[error("{path}: it is not about the model's input `{name}`: run `vouch disclose setup` again", path = path.display())]
    OtherTensor { path: PathBuf, name: String },
}

/// The keys for facts about one input.
#[derive(Debug)]
pub struct DisclosureKeys {
    /// The verifying key's bytes.
    pub verifier: Vec<u8>,
    /// Where the prover's key is. It is read when it is asked for: it is large.
    prover: PathBuf,
}

impl DisclosureKeys {
    /// The keys that are there, by the name of their input.
    ///
    /// # Errors
    /// [`DisclosureKeysError`] if a key is there and not that of the model's input.
    pub fn load(bundle: &Path, model: &VerifierKey) -> Result<BTreeMap<String, Self>, DisclosureKeysError> {
        let mut found = BTreeMap::new();
        for spec in model.schema().hashed(Section::Inputs) {
            let folder = disclosure_dir(bundle, &spec.name);
            let (path, prover) = (folder.join(VERIFIER_KEY_FILE), folder.join(PROVER_KEY_FILE));
            if !path.exists() {
                continue;
            }
            let verifier = read(&path, MAX_VERIFIER_KEY)?;
            let key = VerifierKey::from_bytes(&verifier)
                .map_err(|source| DisclosureKeysError::Key { path: path.clone(), source })?;
            let about = spec_of(&key)
                .map_err(|source| DisclosureKeysError::Program { path: path.clone(), source: Box::new(source) })?;
            if about != spec {
                return Err(DisclosureKeysError::OtherTensor { path, name: spec.name.clone() });
            }
            check_length(&prover, MAX_PROVER_KEY)?;
            found.insert(spec.name.clone(), Self { verifier, prover });
        }
        Ok(found)
    }

    /// The prover's key's bytes.
    ///
    /// # Errors
    /// [`DisclosureKeysError::File`].
    pub fn prover(&self) -> Result<Vec<u8>, DisclosureKeysError> {
        read(&self.prover, MAX_PROVER_KEY)
    }
}

fn check_length(path: &Path, limit: u64) -> Result<(), DisclosureKeysError> {
    let file = |source| DisclosureKeysError::File { path: path.to_owned(), source };
    let len = std::fs::metadata(path).map_err(file)?.len();
    if len <= limit {
        Ok(())
    } else {
        Err(file(io::Error::other(format!("{len} bytes, at most {limit} are expected"))))
    }
}

fn read(path: &Path, limit: u64) -> Result<Vec<u8>, DisclosureKeysError> {
    check_length(path, limit)?;
    std::fs::read(path).map_err(|source| DisclosureKeysError::File { path: path.to_owned(), source })
}
