//! What a verification has shown.

use vouch_envelope::{ModelId, Nonce, ProofEnvelope, PublicValues, Section, TensorHash};
use vouch_schema::{Schema, TensorSpec, Visibility};

use crate::key::SrsKind;
use crate::verifier_key::VerifierKey;

/// A statement that a proof has shown: this model, given these inputs, computes these outputs; and the proof was made
/// for this nonce. Of a hashed tensor it says that there are values with that hash, of a private one that there are values (in the schema's range). Only a verification makes one.
#[derive(Debug, Clone, PartialEq)]
pub struct VerifiedClaim {
    model_id: ModelId,
    nonce: Nonce,
    public: PublicValues,
    schema: Schema,
    srs_kind: SrsKind,
}

impl VerifiedClaim {
    pub(crate) fn new(key: &VerifierKey, envelope: &ProofEnvelope) -> Self {
        Self {
            model_id: key.model_id(),
            nonce: envelope.nonce,
            public: envelope.public.clone(),
            schema: key.schema().clone(),
            srs_kind: key.srs_kind(),
        }
    }

    /// The model that was run.
    pub fn model_id(&self) -> ModelId {
        self.model_id
    }

    /// The request that was answered.
    pub fn nonce(&self) -> Nonce {
        self.nonce
    }

    /// The public values, as integers.
    pub fn public(&self) -> &PublicValues {
        &self.public
    }

    /// The public inputs, as integers.
    pub fn inputs(&self) -> &[i64] {
        &self.public.inputs
    }

    /// The public outputs, as integers.
    pub fn outputs(&self) -> &[i64] {
        &self.public.outputs
    }

    /// The public inputs, as the real numbers that the integers stand for.
    pub fn real_inputs(&self) -> Vec<f64> {
        self.real(Section::Inputs, &self.public.inputs)
    }

    /// The public outputs, as the real numbers that the integers stand for.
    pub fn real_outputs(&self) -> Vec<f64> {
        self.real(Section::Outputs, &self.public.outputs)
    }

    /// The inputs or outputs by name, in the model's order, each with what the proof shows of it.
    pub fn tensors(&self, section: Section) -> Vec<ClaimedTensor<'_>> {
        let (mut values, hashes) = match section {
            Section::Inputs => (self.public.inputs.as_slice(), &self.public.input_hashes),
            Section::Outputs => (self.public.outputs.as_slice(), &self.public.output_hashes),
        };
        let mut hashes = hashes.iter();
        let mut shown = |spec: &TensorSpec| match spec.visibility {
            Visibility::Public => {
                // A verified claim has as many values as the schema.
                let (own, rest) = values.split_at_checked(spec.size()).unwrap_or((values, &[]));
                values = rest;
                Shown::Values(own)
            }
            Visibility::Hashed => hashes.next().map_or(Shown::Nothing, |hash| Shown::Hash(*hash)),
            Visibility::Private => Shown::Nothing,
        };
        self.schema.section(section).iter().map(|spec| ClaimedTensor { spec, shown: shown(spec) }).collect()
    }

    /// The tensors that the values belong to.
    pub fn schema(&self) -> &Schema {
        &self.schema
    }

    /// The kind of setup that the claim rests on.
    pub fn srs_kind(&self) -> SrsKind {
        self.srs_kind
    }

    fn real(&self, section: Section, values: &[i64]) -> Vec<f64> {
        values.iter().zip(self.schema.per_value(section)).map(|(&value, tensor)| tensor.real(value)).collect()
    }
}

/// An input or output of a claim.
#[derive(Debug, Clone, PartialEq)]
pub struct ClaimedTensor<'a> {
    /// Name, shape, unit, scale and bounds.
    pub spec: &'a TensorSpec,
    /// What the proof shows of it.
    pub shown: Shown<'a>,
}

/// What a proof shows of a tensor.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Shown<'a> {
    /// Its values, as integers in row-major order.
    Values(&'a [i64]),
    /// A salted hash of its values.
    Hash(TensorHash),
    /// Nothing: it is private.
    Nothing,
}

impl ClaimedTensor<'_> {
    /// The values as real numbers in the tensor's unit, if the proof shows them.
    pub fn reals(&self) -> Option<Vec<f64>> {
        match self.shown {
            Shown::Values(integers) => Some(integers.iter().map(|&integer| self.spec.real(integer)).collect()),
            Shown::Hash(_) | Shown::Nothing => None,
        }
    }
}
