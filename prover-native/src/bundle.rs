//! A compiled model: the file `model.vouch`.
//!
//! | bytes | content |
//! | --- | --- |
//! | 8 | `VOUCHMD\0` |
//! | 2 | version, little-endian |
//! | 4, then as many | manifest: JSON ([`Manifest`]) |
//! | 4, then as many | the integer program ([`Program::to_bytes`]) |
//! | 32 | BLAKE2b-256 of all before |

use std::{collections::BTreeMap, path::Path};

use serde::{Deserialize, Serialize};
use vouch_compiler::{CompileReport, Compiled};
use vouch_envelope::{Reader, hex};
use vouch_program::Program;

use crate::{Outline, ProverError, files};

/// Name of the file in a bundle's folder.
pub const MODEL_FILE: &str = "model.vouch";
const MAGIC: &[u8; 8] = b"VOUCHMD\0";
const VERSION: u16 = 3;
/// The oldest version that is read. Its manifests have the report always.
const OLDEST: u16 = 2;
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
    /// What inputs and outputs are, for people, by name: from the model's own schema.
    #[serde(default)]
    pub notes: BTreeMap<String, String>,
    /// How often the model is right about the world.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub test: Option<FieldTest>,
    /// An example of its inputs by name, in natural units.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sample: Option<BTreeMap<String, Vec<f64>>>,
    /// Largest absolute errors against the float model that the owner answers for, by output, in its unit.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub stated: BTreeMap<String, f64>,
    /// What the compiler did, and how accurate the program is. It is not published where weights are private.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub report: Option<CompileReport>,
    /// What is published in its place.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub outline: Option<Outline>,
}

/// What a model's author says of it, besides what the compiler finds out: the file `NAME.card.json` beside `NAME.onnx`.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Card {
    /// Version of the model.
    #[serde(default)]
    pub version: String,
    /// Who made it.
    #[serde(default)]
    pub author: String,
    /// One sentence about it.
    #[serde(default)]
    pub description: String,
    /// How often it is right about the world.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub test: Option<FieldTest>,
    /// An example of its inputs by name, in natural units.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sample: Option<BTreeMap<String, Vec<f64>>>,
    /// Largest absolute errors against the float model that the author answers for, by output, in its unit.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub accuracy: BTreeMap<String, f64>,
}

/// A test on data that the model was not made from.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct FieldTest {
    /// Mean absolute error, in the output's unit.
    pub mean_abs: f64,
    /// On which data.
    pub source: String,
}

/// Largest card that is read.
const MAX_CARD_BYTES: u64 = 1 << 20;

impl Card {
    /// Reads a card.
    ///
    /// # Errors
    /// [`ProverError::File`], or [`ProverError::Format`] if it is no card, or its sample is not of these inputs.
    pub fn load(path: &Path, program: &Program) -> Result<Self, ProverError> {
        let wrong = |e: &dyn std::fmt::Display| ProverError::format("card", format!("{}: {e}", path.display()));
        let card: Self = serde_json::from_slice(&files::read(path, MAX_CARD_BYTES)?).map_err(|e| wrong(&e))?;
        if let Some(sample) = &card.sample {
            let inputs: Vec<(&str, usize)> =
                program.inputs().iter().map(|t| (t.name.as_str(), size(&t.shape))).collect();
            let fits = |(name, len): &(&str, usize)| sample.get(*name).is_some_and(|v| v.len() == *len);
            if sample.len() != inputs.len() || !inputs.iter().all(fits) {
                let names: Vec<String> = inputs.iter().map(|(name, len)| format!("`{name}` ({len} values)")).collect();
                return Err(wrong(&format!("the sample must have the inputs {}", names.join(", "))));
            }
            for t in program.inputs() {
                let values = sample.get(&t.name).map(Vec::as_slice).unwrap_or_default();
                t.quantize(values).map_err(|e| wrong(&format!("the sample's {e}")))?;
            }
        }
        Ok(card)
    }
}

fn size(shape: &[u32]) -> usize {
    shape.iter().map(|&d| d as usize).product()
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
    /// A bundle of a compiled model, named as its graph.
    pub fn new(compiled: Compiled, card: Card) -> Self {
        let Compiled { program, report, schema } = compiled;
        let Card { version, author, description, test, sample, accuracy } = card;
        let fields = schema.inputs.into_iter().chain(schema.outputs).filter(|field| !field.description.is_empty());
        let manifest = Manifest {
            name: report.model.clone(),
            version,
            author,
            description,
            notes: fields.map(|field| (field.name, field.description)).collect(),
            test,
            sample,
            program_digest: hex::encode(&program.digest()),
            stated: accuracy,
            report: Some(report),
            outline: None,
        };
        Self { manifest, program }
    }

    /// What its owner publishes: where weights are private, the program without them and the manifest's
    /// [published fields](Manifest::published); where they are fixed, the bundle as it is.
    #[must_use]
    pub fn without_weights(&self) -> Self {
        Self { manifest: self.manifest.published(&self.program), program: self.program.without_weights() }
    }

    /// Number of float parameters in use, as the compiler counted them; where its report is not published, the number of
    /// entries of all matrices.
    pub fn parameters(&self) -> usize {
        self.manifest.report.as_ref().map_or_else(|| self.program.parameters(), |r| r.parameters)
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
        let digest = vouch_proving::digest(PERSONAL, &[&out]);
        out.extend_from_slice(&digest);
        Ok(out)
    }

    /// Reads the file's bytes.
    ///
    /// # Errors
    /// [`ProverError::Format`] or [`ProvingError::Program`](vouch_proving::ProvingError::Program).
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
        if !(OLDEST..=VERSION).contains(&version) {
            return Err(wrong(&format!(
                "version {version}, this program reads versions {OLDEST} to {VERSION}: run `vouch compile` again"
            )));
        }
        if vouch_proving::digest(PERSONAL, &[content]) != *digest {
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
