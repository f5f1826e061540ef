//! Hashed tensors: the hash is computed in this page, from values and a salt that this page knows.
//!
//! A proof shows `hash(salt, values)` instead of the values. Who has both recognizes it; they are kept in a file ([`Recognition`]), since no server keeps them.

use std::cell::OnceCell;

use ark_bn254::Fr;
use ark_ff::PrimeField;
use serde::{Deserialize, Serialize};
use vouch_envelope::PublicValues;
use vouch_poseidon::Poseidon;
use vouch_schema::{Expected, ModelId, Salt, Section, TensorHash, TensorSpec, Visibility};

use crate::claim::KeyFacts;

thread_local! {
    static POSEIDON: OnceCell<Poseidon<Fr>> = const { OnceCell::new() };
}

/// The salted hash of a tensor's integers.
fn hash(salt: &Salt, section: Section, tensor: &str, values: &[i64]) -> Result<TensorHash, String> {
    POSEIDON.with(|poseidon| {
        let poseidon = poseidon.get_or_init(Poseidon::new);
        poseidon.tensor_hash(salt, section, tensor, values, little_endian).map_err(|error| error.to_string())
    })
}

fn little_endian(element: &Fr) -> [u8; 32] {
    let mut bytes = [0; 32];
    let (chunks, _) = bytes.as_chunks_mut::<8>();
    for (chunk, limb) in chunks.iter_mut().zip(element.into_bigint().0) {
        *chunk = limb.to_le_bytes();
    }
    bytes
}

/// 32 random bytes of this browser.
pub(crate) fn random() -> [u8; 32] {
    let array = js_sys::Uint8Array::new_with_length(32);
    let crypto = leptos::prelude::window().crypto().expect("every browser with WebAssembly has it");
    crypto.get_random_values_with_array_buffer_view(&array).expect("32 bytes are not too many");
    let mut bytes = [0; 32];
    array.copy_to(&mut bytes);
    bytes
}

/// What is needed to recognize a hashed tensor in a proof: a file of its owner's.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Recognition {
    /// The model.
    pub model_id: ModelId,
    /// The tensor's name.
    pub tensor: String,
    /// Its integers.
    pub values: Vec<i64>,
    /// The secret that the hash is salted with.
    pub salt: Salt,
    /// The hash.
    pub hash: TensorHash,
}

/// Values of a hashed tensor that this page knows, and the hash that it computed of them.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Opening {
    /// Whether it is an input or an output.
    pub section: Section,
    /// The tensor's name.
    pub tensor: String,
    /// Its integers.
    pub values: Vec<i64>,
    /// What the hash is salted with.
    pub salt: Salt,
    /// The hash.
    pub hash: TensorHash,
}

impl Opening {
    /// Computes the hash.
    pub(crate) fn new(section: Section, tensor: &TensorSpec, values: Vec<i64>, salt: Salt) -> Result<Self, String> {
        if values.len() != tensor.size() {
            return Err(format!("{} has {} values, {} are there.", tensor.name, tensor.size(), values.len()));
        }
        let hash = hash(&salt, section, &tensor.name, &values)?;
        Ok(Self { section, tensor: tensor.name.clone(), values, salt, hash })
    }

    /// From a file. The hash in it is not believed.
    pub(crate) fn read(file: Recognition, facts: &KeyFacts) -> Result<Self, String> {
        if file.model_id != facts.model_id {
            return Err(format!("The file is about the model {}, the proof about {}.", file.model_id, facts.model_id));
        }
        let found = [Section::Inputs, Section::Outputs].into_iter().filter_map(|section| {
            let mut hashed = facts.section(section).iter().filter(|t| t.visibility == Visibility::Hashed);
            hashed.find(|tensor| tensor.name == file.tensor).map(|tensor| (section, tensor))
        });
        // An output may have the name of an input: then the file's hash says which one it is about.
        let openings: Vec<Self> = found
            .map(|(section, tensor)| Self::new(section, tensor, file.values.clone(), file.salt))
            .collect::<Result<_, _>>()?;
        if openings.is_empty() {
            return Err(format!("The model has no hashed tensor named {}.", file.tensor));
        }
        let own = openings.into_iter().find(|opening| opening.hash == file.hash);
        own.ok_or_else(|| format!("The file is damaged: its values and its salt do not have the hash {}.", file.hash))
    }

    /// As a file.
    pub(crate) fn file(&self, model_id: ModelId) -> Vec<u8> {
        let Self { tensor, values, salt, hash, .. } = self.clone();
        serde_json::to_vec(&Recognition { model_id, tensor, values, salt, hash }).unwrap_or_default()
    }
}

/// The openings of all hashed tensors among `values`, which are those of all tensors of a section, one after the other.
pub(crate) fn openings(
    section: Section,
    tensors: &[TensorSpec],
    values: &[i64],
    salt: Salt,
) -> Result<Vec<Opening>, String> {
    let mut rest = values;
    let mut all = Vec::new();
    for tensor in tensors {
        let (own, tail) = rest.split_at(tensor.size().min(rest.len()));
        rest = tail;
        if tensor.visibility == Visibility::Hashed {
            all.push(Opening::new(section, tensor, own.to_vec(), salt)?);
        }
    }
    Ok(all)
}

/// Expects the hashes of a section, if all of its hashed tensors are known here.
pub(crate) fn expect(expected: &mut Expected, facts: &KeyFacts, known: &[Opening]) {
    for section in [Section::Inputs, Section::Outputs] {
        let hashed = facts.section(section).iter().filter(|tensor| tensor.visibility == Visibility::Hashed);
        let of = |tensor: &TensorSpec| known.iter().find(|o| o.section == section && o.tensor == tensor.name);
        let hashes: Option<Vec<TensorHash>> = hashed.map(|tensor| of(tensor).map(|opening| opening.hash)).collect();
        let place = match section {
            Section::Inputs => &mut expected.input_hashes,
            Section::Outputs => &mut expected.output_hashes,
        };
        *place = hashes.filter(|hashes| !hashes.is_empty());
    }
}

/// What an envelope shows of a tensor.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Shown {
    /// Its integers.
    Values(Vec<i64>),
    /// Their salted hash.
    Hash(TensorHash),
    /// Nothing.
    Nothing,
}

/// What an envelope shows of each tensor of a section.
pub(crate) fn shown<'a>(facts: &'a KeyFacts, section: Section, public: &PublicValues) -> Vec<(&'a TensorSpec, Shown)> {
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
    facts.section(section).iter().map(of).collect()
}
