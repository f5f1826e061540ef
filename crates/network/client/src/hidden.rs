//! Hashed tensors: the hash is computed from values and a salt that the client knows.
//!
//! A proof shows `hash(salt, values)` instead of the values. A holder of both recognizes it; they are kept in a file
//! ([`Recognition`]), since no server keeps them.

use std::cell::OnceCell;

use serde::{Deserialize, Serialize};
use thiserror::Error;
use vouch_envelope::PublicValues;
use vouch_poseidon::Poseidon;
use vouch_schema::{Expected, ModelId, Nonce, Salt, Schema, Section, TensorHash, TensorSpec, Visibility};
use vouch_verifier::Scalar;

use crate::inputs::with_visibility;
use crate::key::KeyFacts;

thread_local! {
    static POSEIDON: OnceCell<Poseidon<Scalar>> = const { OnceCell::new() };
}

/// Values that are not those of a hashed tensor, or a file that does not say them. Each is a sentence.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[expect(missing_docs, reason = "the message of a variant says what its fields are")]
pub enum OpeningError {
    /// The tensor has another number of values.
    #[error("{name} has {expected} values, {got} are there.")]
    Count { name: String, expected: usize, got: usize },
    /// A value that cannot be hashed: more than 32 bits.
    #[error("value {index}: {value} is not an integer of 32 bits")]
    Width {
        /// Name of the tensor.
        name: String,
        index: usize,
        value: i64,
    },
    /// The file is about another model.
    #[error("The file is about the model {file}, the proof about {proof}.")]
    OtherModel { file: ModelId, proof: ModelId },
    /// The model has no such tensor, or it is not hashed.
    #[error("The model has no hashed tensor named {name}.")]
    NoTensor { name: String },
    /// The hash of the file is not that of its values and salt.
    #[error("The file is damaged: its values and its salt do not have the hash {hash}.")]
    Damaged { hash: TensorHash },
    /// A typed salt has another form.
    #[error("A salt is written with 64 hexadecimal digits.")]
    Salt,
    /// A typed word is not a number.
    #[error("“{word}” is not a number; decimals follow a point.")]
    Number { word: String },
    /// A typed number is out of the tensor's range.
    #[error("{word} is outside the range of {name}.")]
    Range { word: String, name: String },
}

/// The salted hash of a tensor's integers.
fn hash(salt: &Salt, section: Section, tensor: &str, values: &[i64]) -> Result<TensorHash, OpeningError> {
    POSEIDON.with(|poseidon| {
        let poseidon = poseidon.get_or_init(Poseidon::new);
        let hash = poseidon.tensor_hash(salt, section, tensor, values, Scalar::to_bytes);
        hash.map_err(|error| OpeningError::Width { name: tensor.to_owned(), index: error.index, value: error.got })
    })
}

/// What is needed to recognize a hashed tensor in a proof: a JSON file of the tensor's owner.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Recognition {
    /// The model.
    pub model_id: ModelId,
    /// The tensor's name.
    pub tensor: String,
    /// Its integers.
    pub values: Vec<i64>,
    /// The secret that the hash is salted with.
    pub salt: Salt,
    /// The hash of values and salt.
    pub hash: TensorHash,
}

/// Values of a hashed tensor that the client knows, and the hash that it computed of them.
#[derive(Debug, Clone, PartialEq)]
pub struct Opening {
    /// Whether it is an input or an output.
    pub section: Section,
    /// The tensor's name.
    pub tensor: String,
    /// Its integers.
    pub values: Vec<i64>,
    /// What the hash is salted with.
    pub salt: Salt,
    /// The hash of values and salt.
    pub hash: TensorHash,
}

impl Opening {
    /// Computes the hash.
    ///
    /// # Errors
    /// [`OpeningError::Count`], [`OpeningError::Width`].
    pub fn new(section: Section, tensor: &TensorSpec, values: Vec<i64>, salt: Salt) -> Result<Self, OpeningError> {
        let (name, expected, got) = (tensor.name.clone(), tensor.size(), values.len());
        if got != expected {
            return Err(OpeningError::Count { name, expected, got });
        }
        let hash = hash(&salt, section, &name, &values)?;
        Ok(Self { section, tensor: name, values, salt, hash })
    }

    /// From a file. The hash in it is not believed.
    ///
    /// # Errors
    /// [`OpeningError`] for another model's file, and for one whose values and salt do not have its hash.
    pub fn read(file: Recognition, facts: &KeyFacts) -> Result<Self, OpeningError> {
        if file.model_id != facts.model_id {
            return Err(OpeningError::OtherModel { file: file.model_id, proof: facts.model_id });
        }
        let found = [Section::Inputs, Section::Outputs].into_iter().filter_map(|section| {
            let mut hashed = facts.schema.hashed(section);
            hashed.find(|tensor| tensor.name == file.tensor).map(|tensor| (section, tensor))
        });
        // An output may have the name of an input: then the file's hash says which one it is about.
        let openings: Vec<Self> = found
            .map(|(section, tensor)| Self::new(section, tensor, file.values.clone(), file.salt))
            .collect::<Result<_, _>>()?;
        if openings.is_empty() {
            return Err(OpeningError::NoTensor { name: file.tensor });
        }
        let own = openings.into_iter().find(|opening| opening.hash == file.hash);
        own.ok_or(OpeningError::Damaged { hash: file.hash })
    }

    /// From what was typed: numbers in the tensor's unit, with white space, commas or semicolons between them, and a salt.
    ///
    /// # Errors
    /// [`OpeningError`] names the first word that is wrong.
    pub fn typed(section: Section, tensor: &TensorSpec, typed: &str, salt: &str) -> Result<Self, OpeningError> {
        let salt: Salt = salt.trim().to_lowercase().parse().map_err(|_| OpeningError::Salt)?;
        let words = typed.split(|c: char| c.is_whitespace() || c == ',' || c == ';').filter(|word| !word.is_empty());
        let values = words
            .map(|word| {
                let number = word.parse::<f64>().map_err(|_| OpeningError::Number { word: word.to_owned() })?;
                let range = || OpeningError::Range { word: word.to_owned(), name: tensor.name.clone() };
                tensor.integer(number).ok_or_else(range)
            })
            .collect::<Result<_, _>>()?;
        Self::new(section, tensor, values, salt)
    }

    /// As a file.
    pub fn file(&self, model_id: ModelId) -> Vec<u8> {
        let Self { tensor, values, salt, hash, .. } = self.clone();
        serde_json::to_vec(&Recognition { model_id, tensor, values, salt, hash }).unwrap_or_default()
    }
}

/// The openings of all hashed tensors of a section, of the values of all of its tensors, one tensor after the other.
///
/// # Errors
/// [`OpeningError`] names the first tensor for which there are too few values, or values that have no hash.
pub fn openings(schema: &Schema, section: Section, values: &[i64], salt: Salt) -> Result<Vec<Opening>, OpeningError> {
    let mut rest = values;
    let mut all = Vec::new();
    for tensor in schema.section(section) {
        let (own, tail) = rest.split_at(tensor.size().min(rest.len()));
        rest = tail;
        if tensor.visibility == Visibility::Hashed {
            all.push(Opening::new(section, tensor, own.to_vec(), salt)?);
        }
    }
    Ok(all)
}

/// What is expected of the proof that answers a request: the model, the nonce, the values of public inputs, and the
/// hashes of hashed inputs, if all of them are known. All of it follows from the request.
///
/// `inputs` are the integers of all inputs, in the schema's order.
pub fn expected(
    schema: &Schema,
    model_id: ModelId,
    inputs: &[i64],
    nonce: Option<Nonce>,
    known: &[Opening],
) -> Expected {
    let inputs = Some(with_visibility(schema, Section::Inputs, Visibility::Public, inputs));
    let mut expected = Expected { model_id: Some(model_id), nonce, inputs, ..Expected::default() };
    expect(&mut expected, schema, known);
    expected
}

/// Expects the hashes of a section, if all of its hashed tensors are known.
pub fn expect(expected: &mut Expected, schema: &Schema, known: &[Opening]) {
    for section in [Section::Inputs, Section::Outputs] {
        let of = |tensor: &TensorSpec| find(known, section, &tensor.name);
        let hashed = schema.hashed(section);
        let hashes: Option<Vec<TensorHash>> = hashed.map(|tensor| of(tensor).map(|opening| opening.hash)).collect();
        let place = match section {
            Section::Inputs => &mut expected.input_hashes,
            Section::Outputs => &mut expected.output_hashes,
        };
        *place = hashes.filter(|hashes| !hashes.is_empty());
    }
}

/// What is known of a hashed tensor.
pub fn find<'a>(known: &'a [Opening], section: Section, tensor: &str) -> Option<&'a Opening> {
    known.iter().find(|opening| opening.section == section && opening.tensor == tensor)
}

/// What an envelope shows of a tensor.
#[derive(Debug, Clone, PartialEq)]
pub enum Shown {
    /// Its integers.
    Values(Vec<i64>),
    /// Their salted hash.
    Hash(TensorHash),
    /// Neither.
    Nothing,
}

/// What an envelope shows of each tensor of a section.
pub fn shown<'a>(schema: &'a Schema, section: Section, public: &PublicValues) -> Vec<(&'a TensorSpec, Shown)> {
    let (mut values, hashes) = public.section(section);
    let mut hashes = hashes.iter();
    let of = |tensor: &'a TensorSpec| {
        let shown = match tensor.visibility {
            Visibility::Public => {
                let (own, tail) = values.split_at(tensor.size().min(values.len()));
                values = tail;
                Shown::Values(own.to_vec())
            }
            Visibility::Hashed => hashes.next().map_or(Shown::Nothing, |hash| Shown::Hash(*hash)),
            Visibility::Private => Shown::Nothing,
        };
        (tensor, shown)
    };
    schema.section(section).iter().map(of).collect()
}

/// The outputs of an envelope in units: a unit and the values, which are those of the envelope, or those that are known
/// and have its hash. `None` for values that are neither.
pub fn outputs(schema: &Schema, public: &PublicValues, known: &[Opening]) -> Vec<(String, Option<Vec<f64>>)> {
    let reals = |(tensor, shown): (&TensorSpec, Shown)| {
        let values = match shown {
            Shown::Values(values) => Some(values),
            Shown::Hash(hash) => find(known, Section::Outputs, &tensor.name)
                .filter(|opening| opening.hash == hash)
                .map(|opening| opening.values.clone()),
            Shown::Nothing => None,
        };
        (tensor.unit.clone(), values.map(|values| values.into_iter().map(|value| tensor.real(value)).collect()))
    };
    shown(schema, Section::Outputs, public).into_iter().map(reals).collect()
}

/// The inputs that are expected, as a JSON file for the command line: a list of numbers a tensor. `None` unless all of
/// them are known.
pub fn inputs_file(schema: &Schema, expected: &Expected, known: &[Opening]) -> Option<Vec<u8>> {
    let mut integers = expected.inputs.as_ref()?.iter().copied();
    let list = |tensor: &TensorSpec| -> Option<Vec<f64>> {
        let own: Vec<i64> = match tensor.visibility {
            Visibility::Public => integers.by_ref().take(tensor.size()).collect(),
            Visibility::Hashed => find(known, Section::Inputs, &tensor.name)?.values.clone(),
            Visibility::Private => return None,
        };
        Some(own.into_iter().map(|value| tensor.real(value)).collect())
    };
    let lists = schema.inputs.iter().map(list).collect::<Option<Vec<_>>>()?;
    serde_json::to_vec(&serde_json::json!({ "input_data": lists })).ok()
}

#[cfg(test)]
mod tests;
