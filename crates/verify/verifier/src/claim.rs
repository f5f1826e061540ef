//! What a verification has shown.

use vouch_envelope::{ModelId, Nonce, ProofEnvelope, PublicValues, Section};
use vouch_schema::Schema;

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
