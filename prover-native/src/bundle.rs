//! A compiled model: the file `model.vouch`.
//!
//! | bytes | content |
//! | --- | --- |
//! | 8 | `VOUCHMD\0` |
//! | 2 | version, little-endian |
//! | 4, then as many | manifest: JSON ([`Manifest`]) |
//! | 4, then as many | the integer program ([`Program::to_bytes`]) |
//! | 32 | BLAKE2b-256 of all before |

use std::path::Path;

use serde::{Deserialize, Serialize};
use vouch_compiler::{CompileReport, Compiled};
use vouch_envelope::{Reader, hex};
use vouch_program::Program;

use crate::{ProverError, files};

/// Name of the file in a bundle's folder.
pub const MODEL_FILE: &str = "model.vouch";
const MAGIC: &[u8; 8] = b"VOUCHMD\0";
const VERSION: u16 = 1;
const PERSONAL: &[u8; 16] = b"Vouch-model-file";
/// Largest bundle that is read.
const MAX_BYTES: u64 = 1 << 30;

/// What people want to know about a model.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Manifest {
    /// Name.
    pub name: String,
    /// Version.
    pub version: String,
    /// Author.
    pub author: String,
    /// One sentence.
    pub description: String,
    /// BLAKE2b-256 of the program's bytes, hexadecimal.
    pub program_digest: String,
    /// What the compiler did, and how accurate the program is.
    pub report: CompileReport,
}

/// A compiled model.
#[derive(Clone, Debug)]
pub struct ModelBundle {
    /// About it.
    pub manifest: Manifest,
    /// The program.
    pub program: Program,
}

impl ModelBundle {
    /// A bundle of a compiled model. Name and description come from the model where `about` has none.
    pub fn new(compiled: Compiled, version: &str, author: &str, description: &str) -> Self {
        let Compiled { program, report } = compiled;
        let manifest = Manifest {
            name: report.model.clone(),
            version: version.to_owned(),
            author: author.to_owned(),
            description: description.to_owned(),
            program_digest: hex::encode(&program.digest()),
            report,
        };
        Self { manifest, program }
    }

    /// The file's bytes.
    ///
    /// # Errors
    /// [`ProverError::Format`] if a part is longer than the format allows.
    pub fn to_bytes(&self) -> Result<Vec<u8>, ProverError> {
        let wrong = |e: &dyn std::fmt::Display| ProverError::format("bundle", e);
        let manifest = serde_json::to_vec(&self.manifest).map_err(|e| wrong(&e))?;
        let program = self.program.to_bytes();
        let mut out = Vec::with_capacity(manifest.len() + program.len() + 64);
        out.extend_from_slice(MAGIC);
        out.extend_from_slice(&VERSION.to_le_bytes());
        for part in [&manifest, &program] {
            out.extend_from_slice(&u32::try_from(part.len()).map_err(|e| wrong(&e))?.to_le_bytes());
            out.extend_from_slice(part);
        }
        let digest = files::digest(PERSONAL, &[&out]);
        out.extend_from_slice(&digest);
        Ok(out)
    }

    /// Reads the file's bytes.
    ///
    /// # Errors
    /// [`ProverError::Format`] or [`ProverError::Program`].
    pub fn from_bytes(bytes: &[u8]) -> Result<Self, ProverError> {
        let wrong = |e: &dyn std::fmt::Display| ProverError::format("bundle", e);
        let Some((content, digest)) = bytes.split_last_chunk::<32>() else {
            return Err(wrong(&format!("{} bytes are too few", bytes.len())));
        };
        let mut reader = Reader::new(content);
        if &reader.array::<8>().map_err(|e| wrong(&e))? != MAGIC {
            return Err(wrong(&"not a compiled model of Vouch (make one with `vouch compile`)"));
        }
        let version = reader.u16().map_err(|e| wrong(&e))?;
        if version != VERSION {
            return Err(wrong(&format!("version {version}, this program reads version {VERSION}")));
        }
        if files::digest(PERSONAL, &[content]) != *digest {
            return Err(wrong(&"the digest does not match: the file is damaged"));
        }
        let mut part = |what| {
            let len = reader.count_u32(what, content.len(), 1)?;
            reader.take(len)
        };
        let manifest = part("manifest bytes").map_err(|e| wrong(&e))?;
        let program = part("program bytes").map_err(|e| wrong(&e))?;
        reader.finish().map_err(|e| wrong(&e))?;
        let manifest: Manifest = serde_json::from_slice(manifest).map_err(|e| wrong(&e))?;
        let program = Program::from_bytes(program)?;
        if manifest.program_digest != hex::encode(&program.digest()) {
            return Err(wrong(&"the manifest is about another program"));
        }
        Ok(Self { manifest, program })
    }

    /// Reads a bundle: a file, or a folder with a file [`MODEL_FILE`].
    ///
    /// # Errors
    /// As [`ModelBundle::from_bytes`], and [`ProverError::File`].
    pub fn load(path: &Path) -> Result<Self, ProverError> {
        let path = if path.is_dir() { path.join(MODEL_FILE) } else { path.to_owned() };
        Self::from_bytes(&files::read(&path, MAX_BYTES)?)
    }

    /// Writes the file into a folder, which is made if it does not exist.
    ///
    /// # Errors
    /// [`ProverError::File`].
    pub fn save(&self, dir: &Path) -> Result<(), ProverError> {
        std::fs::create_dir_all(dir).map_err(|source| ProverError::File { path: dir.to_owned(), source })?;
        files::write(&dir.join(MODEL_FILE), &[&self.to_bytes()?])
    }
}
