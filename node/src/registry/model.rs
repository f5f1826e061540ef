//! One model: its bundle, its key, and numbers that are its inputs.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::time::Duration;

use rand_core::{OsRng, RngCore};
use vouch::{VERIFIER_KEY_FILE, picture};
use vouch_api::{Accuracy, Field, FieldTest, ModelCard, ModelId, ModelSummary, Sizes, Weights};
pub use vouch_client::inputs::InputRefusal;
use vouch_envelope::hex;
use vouch_protocol::{answer_overhead, reference_us};
use vouch_verifier::{Section, SrsKind, TensorSpec, VerifierKey};

use super::disclosure::DisclosureKeys;
use super::error::RegistryError;
use crate::random::uniform;

/// Largest verifying key that is read.
const MAX_KEY_BYTES: u64 = 64 << 20;

/// A model.
#[derive(Debug)]
pub struct Model {
    /// Its folder.
    pub dir: PathBuf,
    /// The compiled model. Its manifest is what may be published, also where the folder has the owner's bundle.
    pub bundle: vouch::Model,
    /// Its verifying key.
    pub key: VerifierKey,
    /// Keys for facts about its hashed inputs, by name, where there are any.
    pub disclosures: BTreeMap<String, DisclosureKeys>,
    /// A picture of its circuit's layout, SVG.
    pub picture: Option<String>,
    /// How long a miner may take.
    pub timeout: Duration,
}

impl Model {
    /// Loads the bundle in a folder, and checks that key and program belong together.
    ///
    /// # Errors
    /// [`RegistryError`].
    pub fn load(dir: &Path, timeout: Duration) -> Result<Self, RegistryError> {
        let path = || dir.to_owned();
        let mut bundle = vouch::Model::open(dir).map_err(|source| RegistryError::Bundle { path: path(), source })?;
        let key_path = dir.join(VERIFIER_KEY_FILE);
        let file = |source| RegistryError::File { path: key_path.clone(), source };
        let len = std::fs::metadata(&key_path).map_err(file)?.len();
        if len > MAX_KEY_BYTES {
            return Err(file(std::io::Error::other(format!("{len} bytes are too many for a verifying key"))));
        }
        let bytes = std::fs::read(&key_path).map_err(file)?;
        let key = VerifierKey::from_bytes(&bytes).map_err(|source| RegistryError::Key { path: path(), source })?;
        let (of_key, of_bundle) =
            (hex::encode(&key.description().program_digest), hex::encode(&bundle.program.public_digest()));
        if of_key != of_bundle {
            return Err(RegistryError::OtherProgram { path: path(), key: of_key, bundle: of_bundle });
        }
        // Nothing that was computed with private weights is kept, so that nothing of it can be served.
        bundle.manifest = bundle.manifest.published(&bundle.program);
        let picture = picture::layout_of_key(&bundle, &key);
        let disclosures = DisclosureKeys::load(dir, &key)?;
        Ok(Self { dir: path(), bundle, key, disclosures, picture, timeout })
    }

    /// Its identity.
    pub fn id(&self) -> ModelId {
        self.key.model_id()
    }

    /// Response time of full quality, microseconds: from the key alone, so that every validator has the same.
    pub fn reference_us(&self) -> u64 {
        reference_us(self.key.description().k, self.key.proof_len() as u64)
    }

    /// Most bytes that an envelope for this model can have.
    pub fn max_envelope_bytes(&self) -> usize {
        let schema = self.key.schema();
        let section = |section| 10 * schema.values(section) + 32 * schema.hashes(section);
        128 + section(Section::Inputs) + section(Section::Outputs) + self.key.proof_len()
    }

    /// Most bytes that a miner's answer can have.
    pub fn max_answer_bytes(&self) -> usize {
        let hidden = self.hidden_output_len();
        self.max_envelope_bytes() + if hidden > 0 { answer_overhead(hidden) } else { 0 }
    }

    /// The integers of inputs in natural units.
    ///
    /// # Errors
    /// [`InputRefusal`].
    pub fn integers(&self, inputs: &BTreeMap<String, Vec<f64>>) -> Result<Vec<i64>, InputRefusal> {
        vouch_client::inputs::quantize(self.key.schema(), inputs)
    }

    /// Whether integers are inputs of this model; else what is wrong.
    pub fn check_integers(&self, inputs: &[i64]) -> Result<(), String> {
        vouch_client::inputs::check(self.key.schema(), inputs).map_err(|error| error.to_string())
    }

    /// Random inputs within the schema.
    pub fn random_inputs(&self) -> Vec<i64> {
        let draw = |spec: &TensorSpec| {
            let width = spec.max.abs_diff(spec.min);
            (0..spec.size())
                .map(|_| {
                    let offset = if width == u64::MAX { OsRng.next_u64() } else { uniform(width + 1) };
                    spec.min.wrapping_add(offset.cast_signed())
                })
                .collect::<Vec<_>>()
        };
        self.key.schema().inputs.iter().flat_map(draw).collect()
    }

    /// In the list.
    pub fn summary(&self, miners: u64) -> ModelSummary {
        let manifest = &self.bundle.manifest;
        let srs_kind = match self.key.srs_kind() {
            SrsKind::Development => "development",
            SrsKind::Ceremony => "ceremony",
        };
        ModelSummary {
            id: self.id(),
            name: manifest.name.clone(),
            version: manifest.version.clone(),
            description: manifest.description.clone(),
            srs_kind: srs_kind.to_owned(),
            miners,
        }
    }

    /// Everything about it.
    pub fn card(&self, miners: u64, verifier_sha256: &str) -> ModelCard {
        let (manifest, key) = (&self.bundle.manifest, &self.key);
        let field = |spec: &TensorSpec| Field::new(spec, manifest.notes.get(&spec.name).cloned().unwrap_or_default());
        ModelCard {
            summary: self.summary(miners),
            author: manifest.author.clone(),
            inputs: key.schema().inputs.iter().map(field).collect(),
            outputs: key.schema().outputs.iter().map(field).collect(),
            sample: manifest.sample.clone(),
            uncertainty: manifest
                .test
                .as_ref()
                .map(|test| FieldTest { mean_abs: test.mean_abs, source: test.source.clone() }),
            accuracy: manifest.report.as_ref().map(|report| &report.accuracy).map(|own| Accuracy {
                oracle: own.oracle.clone(),
                source: own.source.clone(),
                samples: own.samples as u64,
                max_abs: own.max_abs,
                mean_abs: own.mean_abs,
                max_relative: own.max_relative,
                target: own.target,
                scatter: own.scatter.clone(),
            }),
            stated: manifest.stated.clone(),
            parameters: self.bundle.parameters() as u64,
            k: key.description().k,
            sizes: Sizes { proof_bytes: key.proof_len() as u64, key_bytes: key.to_bytes().len() as u64 },
            srs_identity: hex::encode(&key.description().srs_identity),
            verifier_sha256: verifier_sha256.to_owned(),
            timeout_ms: u64::try_from(self.timeout.as_millis()).unwrap_or(u64::MAX),
            has_layout: self.picture.is_some(),
            weights: if key.description().has_private_weights() { Weights::Private } else { Weights::Fixed },
        }
    }
}
