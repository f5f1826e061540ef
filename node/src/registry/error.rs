//! Bundles that are refused.

use std::path::PathBuf;

use thiserror::Error;
use vouch::{MODEL_FILE, VERIFIER_KEY_FILE};
use vouch_api::ModelId;
use vouch_verifier::{KeyError, Section};

use super::disclosure::DisclosureKeysError;

/// Why a bundle is refused.
#[derive(Debug, Error)]
pub enum RegistryError {
    /// The operating system refuses.
    #[error("{path}: {source}", path = path.display())]
    File {
        /// The file or folder.
        path: PathBuf,
        /// Why.
        source: std::io::Error,
    },
    /// The bundle cannot be read.
    #[error("{path}: {source}", path = path.display())]
    Bundle {
        /// Its folder.
        path: PathBuf,
        /// Why.
        source: vouch::Error,
    },
    /// The verifying key cannot be read.
    #[error("{path}: {source}", path = path.display())]
    Key {
        /// Its folder.
        path: PathBuf,
        /// Why.
        source: KeyError,
    },
    /// The verifying key is another program's.
    #[error("{path}: the verifying key is for program {key}, the bundle holds {bundle}", path = path.display())]
    OtherProgram {
        /// The bundle's folder.
        path: PathBuf,
        /// The key's program.
        key: String,
        /// The bundle's program.
        bundle: String,
    },
    /// A development setup, which the configuration does not allow.
    #[error("{path}: proofs for this key can be forged by whoever made its reference string (a development setup); set `allow_development_srs` to accept that", path = path.display())]
    Development {
        /// The bundle's folder.
        path: PathBuf,
    },
    /// A private input or output: of it a proof shows nothing, so there is nothing that a validator could check.
    #[error("{path}: `{name}` ({section}) is private: a validator could not tell {what}; compile it as public or hashed", path = path.display(),
        what = match section { Section::Inputs => "on which input a miner computed", Section::Outputs => "which output a miner computed" })]
    Private {
        /// The bundle's folder.
        path: PathBuf,
        /// Whether it is an input or an output.
        section: Section,
        /// Its name.
        name: String,
    },
    /// Keys for facts about hashed inputs that are not the model's.
    #[error(transparent)]
    Disclosure(#[from] DisclosureKeysError),
    /// Two folders hold the same model.
    #[error("{path}: model {id} is there twice", path = path.display())]
    Twice {
        /// The second folder.
        path: PathBuf,
        /// The model.
        id: ModelId,
    },
    /// There is no model at all.
    #[error("{path}: no bundle (a folder with {MODEL_FILE} and {VERIFIER_KEY_FILE}) found", path = path.display())]
    Empty {
        /// The folder.
        path: PathBuf,
    },
}
