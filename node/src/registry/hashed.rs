//! Hashed inputs and outputs: what a proof must show of them, computed from the question alone.

use std::collections::BTreeMap;

use thiserror::Error;
use vouch::tensor_hash;
use vouch_api::{Nonce, Salt};
use vouch_client::hidden::{OpeningError, openings};
use vouch_envelope::TensorHash;
use vouch_verifier::{Expected, Schema, Section, TensorSpec};

use super::model::Model;

/// Why hashed tensors are not as they should be. No value is named: they are nobody's business.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[expect(missing_docs, reason = "the message of a variant says what its fields are")]
pub enum HiddenError {
    /// Nothing to salt hashes with.
    #[error("the model has hashed tensors: their hashes need a salt")]
    NoSalt,
    /// A salt for nothing.
    #[error("the model has no hashed tensors that a salt is for")]
    NeedlessSalt,
    /// A value that has no hash.
    #[error("`{name}`: value {index} is not an integer of 32 bits")]
    Width { name: String, index: usize },
    /// The inputs have another number of values than the model's.
    #[error("the inputs have another number of values than the model's")]
    Inputs,
    /// Another number of values than hashed outputs have.
    #[error("values of hashed outputs: expected {expected}, got {got}")]
    Count { expected: usize, got: usize },
    /// Values that are not those of the proof.
    #[error("`{name}`: the values that came with the proof have the hash {got}, the proof shows {expected}")]
    Output { name: String, expected: TensorHash, got: TensorHash },
}

/// The hashed tensors of a section with their values, of flat values of hashed tensors.
fn named<'a>(
    schema: &'a Schema,
    section: Section,
    values: &'a [i64],
) -> impl Iterator<Item = (&'a TensorSpec, &'a [i64])> {
    schema.hashed(section).scan(values, |rest, spec| {
        let (own, tail) = rest.split_at_checked(spec.size()).unwrap_or((rest, &[]));
        *rest = tail;
        Some((spec, own))
    })
}

fn hash(salt: Salt, section: Section, spec: &TensorSpec, values: &[i64]) -> Result<TensorHash, HiddenError> {
    let hash = tensor_hash(&salt, section, &spec.name, values);
    hash.map_err(|error| HiddenError::Width { name: spec.name.clone(), index: error.index })
}

impl Model {
    /// Whether proofs show hashes instead of some values.
    pub fn has_hashes(&self) -> bool {
        let schema = self.key.schema();
        schema.hashes(Section::Inputs) + schema.hashes(Section::Outputs) > 0
    }

    /// Number of values of hashed outputs.
    pub fn hidden_output_len(&self) -> usize {
        self.key.schema().hashed(Section::Outputs).map(TensorSpec::size).sum()
    }

    /// Whether there is a salt if, and only if, there is something to salt.
    ///
    /// # Errors
    /// [`HiddenError::NoSalt`], [`HiddenError::NeedlessSalt`].
    pub fn check_salt(&self, salt: Option<Salt>) -> Result<(), HiddenError> {
        match (self.has_hashes(), salt) {
            (true, None) => Err(HiddenError::NoSalt),
            (false, Some(_)) => Err(HiddenError::NeedlessSalt),
            _ => Ok(()),
        }
    }

    /// What whoever asked expects of a proof: the values of public inputs and the hashes of hashed ones.
    ///
    /// # Errors
    /// [`HiddenError`] if the hashes cannot be computed.
    pub fn expected(&self, inputs: &[i64], nonce: Nonce, salt: Option<Salt>) -> Result<Expected, HiddenError> {
        self.check_salt(salt)?;
        let schema = self.key.schema();
        let known = salt.map(|salt| openings(schema, Section::Inputs, inputs, salt)).transpose();
        let known = known.map_err(|error| match error {
            OpeningError::Width { name, index, .. } => HiddenError::Width { name, index },
            _ => HiddenError::Inputs,
        })?;
        Ok(vouch_client::hidden::expected(schema, self.id(), inputs, Some(nonce), &known.unwrap_or_default()))
    }

    /// Whether values are those of the hashed outputs of a proof that was verified.
    ///
    /// # Errors
    /// [`HiddenError`] names the output.
    pub fn check_outputs(&self, values: &[i64], shown: &[TensorHash], salt: Option<Salt>) -> Result<(), HiddenError> {
        let expected = self.hidden_output_len();
        if values.len() != expected || shown.len() != self.key.schema().hashes(Section::Outputs) {
            return Err(HiddenError::Count { expected, got: values.len() });
        }
        for ((spec, own), &expected) in named(self.key.schema(), Section::Outputs, values).zip(shown) {
            let got = hash(salt.ok_or(HiddenError::NoSalt)?, Section::Outputs, spec, own)?;
            if got != expected {
                return Err(HiddenError::Output { name: spec.name.clone(), expected, got });
            }
        }
        Ok(())
    }

    /// Values of hashed outputs by the outputs' names.
    pub fn named_outputs(&self, values: &[i64]) -> BTreeMap<String, Vec<i64>> {
        let named = named(self.key.schema(), Section::Outputs, values);
        named.map(|(spec, own)| (spec.name.clone(), own.to_vec())).collect()
    }
}
