//! Bundles that are refused.

use std::path::PathBuf;

use thiserror::Error;
use vouch::{MODEL_FILE, VERIFIER_KEY_FILE};
use vouch_api::ModelId;
use vouch_verifier::{KeyError, Section};

use super::disclosure::DisclosureKeysError;

/// Why a bundle is refused.
#[derive(Debug, Error)]
#[expect(missing_docs, reason = "the message of a variant says what its fields are")]
pub enum RegistryError {
    /// The operating system refuses.
    #[error("{path}: {source}", path = path.display())]
    File { path: PathBuf, source: std::io::Error },
    /// The bundle cannot be read.
    #[error("{path}: {source}", path = path.display())]
    Bundle { path: PathBuf, source: vouch::Error },
    /// The verifying key cannot be read.
    #[error("{path}: {source}", path = path.display())]
    Key { path: PathBuf, source: KeyError },
    /// The verifying key is another program's.
    #[error("{path}: the verifying key is for program {key}, the bundle holds {bundle}", path = path.display())]
    OtherProgram { path: PathBuf, key: String, bundle: String },
    /// A development setup, which the configuration does not allow.
    #[error("{path}: proofs for this key can be forged by whoever made its reference string (a development setup); set `allow_development_srs` to accept that", path = path.display())]
    Development { path: PathBuf },
    /// A private input or output: of it a proof shows nothing, so there is nothing that a validator could check.
    #[error("{path}: `{name}` ({section}) is private: a validator could not tell {what}; compile it as public or hashed", path = path.display(),
        what = match section { Section::Inputs => "on which input a miner computed", Section::Outputs => "which output a miner computed" })]
    Private { path: PathBuf, section: Section, name: String },
    /// Keys for facts about hashed inputs that are not the model's.
    #[error(transparent)]
    Disclosure(#[from] DisclosureKeysError),
    /// Two folders hold the same model.
    #[error("{path}: model {id} is there twice", path = path.display())]
    Twice { path: PathBuf, id: ModelId },
    /// There is no model at all.
    #[error("{path}: no bundle (a folder with {MODEL_FILE} and {VERIFIER_KEY_FILE}) found", path = path.display())]
    Empty { path: PathBuf },
}
