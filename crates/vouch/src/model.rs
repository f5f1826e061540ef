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
use vouch_compiler::{CompileReport, Compiled, OperatorCount, dequantize_outputs, quantize_inputs};
use vouch_envelope::hex;
use vouch_program::Program;
use vouch_proving::container::Container;

use crate::{Error, Inputs, Result, Tensors, data, files};

/// Name of the file in a model's folder.
pub const MODEL_FILE: &str = "model.vouch";
const FORMAT: Container = Container {
    name: "bundle",
    magic: *b"VOUCHMD\0",
    // Manifests of version 2 have the report always.
    versions: 2..=3,
    personal: *b"Vouch-model-file",
    other: "not a compiled model of Vouch (make one with `vouch compile`)",
    again: "run `vouch compile` again",
};
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
    /// Kind `System` if the file cannot be read; `Damaged` if it is not a card, or its sample does not fit the inputs.
    pub fn load(path: &Path, program: &Program) -> Result<Self> {
        let wrong = |e: &dyn std::fmt::Display| Error::format("card", format!("{}: {e}", path.display()));
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

/// What a published manifest says of the compilation, in place of the report.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Outline {
    /// The default operator set's version.
    pub opset: i64,
    /// How often each operator occurs, by name.
    pub operators: Vec<OperatorCount>,
}

/// A compiled model: an integer program, whose runs can be proved, and what people want to know about it.
#[derive(Clone, Debug)]
pub struct Model {
    /// What people want to know about it.
    pub manifest: Manifest,
    /// The integer program. Its interpreter defines what a proof states.
    pub program: Program,
}

impl Model {
    /// Reads inputs from a `.npy`, `.npz` or `.json` file, in their own units: one element for each sample.
    ///
    /// # Errors
    /// Kind `Input` if the file cannot be read, or its arrays do not fit the model's inputs.
    pub fn read_inputs(&self, path: impl AsRef<Path>) -> Result<Vec<Inputs>> {
        Ok(data::read(path.as_ref(), &data::specs_of(&self.program))?)
    }

    /// The integers of inputs, tensor after tensor in the program's order.
    ///
    /// # Errors
    /// Kind `Input` for missing or unknown inputs, a wrong number of values, or values that are not finite; `OutOfRange`
    /// names the value and the range that the model was compiled for.
    pub fn quantize(&self, inputs: &Inputs) -> Result<Vec<i64>> {
        Ok(quantize_inputs(&self.program, inputs)?)
    }

    /// Runs the integer program without a proof: the outputs that a proof would show, in their units.
    ///
    /// # Errors
    /// As [`quantize`](Self::quantize), and kind `OutOfRange` if a value inside the model leaves its range.
    pub fn run(&self, inputs: &Inputs) -> Result<Tensors> {
        let trace = self.program.run(&self.quantize(inputs)?)?;
        Ok(dequantize_outputs(&self.program, &self.program.outputs_of(&trace)))
    }

    /// A model from the compiler's result, named as its graph.
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

    /// The model with its author's words in place of those that it has.
    ///
    /// # Errors
    /// Kind `Model` if the card states an accuracy that the compiler's measurement contradicts.
    pub fn with_card(mut self, card: Card) -> Result<Self> {
        let Card { version, author, description, test, sample, accuracy } = card;
        self.manifest = Manifest { version, author, description, test, sample, stated: accuracy, ..self.manifest };
        self.manifest.check_stated(&self.program)?;
        Ok(self)
    }

    /// The part that its owner publishes: where weights are private, the program without them and the manifest's
    /// [published fields](Manifest::published); where they are fixed, everything.
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
    /// Kind `Damaged` if a part is longer than the format allows.
    pub fn to_bytes(&self) -> Result<Vec<u8>> {
        let wrong = |e: &dyn std::fmt::Display| Error::format("bundle", e);
        let manifest = serde_json::to_vec(&self.manifest).map_err(|e| wrong(&e))?;
        let program = self.program.to_bytes();
        let mut out = FORMAT.begin();
        out.reserve(manifest.len() + program.len() + 40);
        for part in [&manifest, &program] {
            FORMAT.part(&mut out, part)?;
        }
        let digest = FORMAT.digest(&out);
        out.extend_from_slice(&digest);
        Ok(out)
    }

    /// Reads the file's bytes.
    ///
    /// # Errors
    /// Kind `Damaged` if they are not a model file of a version that is read, or the digest does not match; `Model` if the
    /// program in them is malformed.
    pub fn from_bytes(bytes: &[u8]) -> Result<Self> {
        let wrong = |e: &dyn std::fmt::Display| Error::format("bundle", e);
        let mut file = FORMAT.open(bytes)?;
        file.check_digest()?;
        let (manifest, program) = (file.part("manifest bytes")?, file.part("program bytes")?);
        file.finish()?;
        let manifest: Manifest = serde_json::from_slice(manifest).map_err(|e| wrong(&e))?;
        let program = Program::from_bytes(program)?;
        if manifest.program_digest != hex::encode(&program.digest()) {
            return Err(wrong(&"the manifest is about another program"));
        }
        Ok(Self { manifest, program })
    }

    /// Reads a model file, or [`MODEL_FILE`] in a folder.
    ///
    /// # Errors
    /// As [`Model::from_bytes`], and kind `System` if the file cannot be read.
    pub fn open(path: impl AsRef<Path>) -> Result<Self> {
        let path = path.as_ref();
        let path = if path.is_dir() { path.join(MODEL_FILE) } else { path.to_owned() };
        Self::from_bytes(&files::read(&path, MAX_BYTES)?)
    }

    /// Writes [`MODEL_FILE`] into a folder, which is made if it does not exist.
    ///
    /// # Errors
    /// Kind `System`.
    pub fn save(&self, dir: impl AsRef<Path>) -> Result<()> {
        let dir = dir.as_ref();
        files::create_dir(dir)?;
        files::write(&dir.join(MODEL_FILE), &[&self.to_bytes()?])
    }
}
