//! What the caller expects, and what a verification has shown.

use vouch_envelope::{ModelId, Nonce, ProofEnvelope, PublicValues, Section, TensorHash};

use crate::key::{Schema, SrsKind, VerifierKey};

/// What the caller of a verification expects. Trust comes from here, never from the envelope.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Expected {
    /// The model; `None` is the key's own. An envelope about another model than the key's is never accepted.
    pub model_id: Option<ModelId>,
    /// The request; `None` accepts any. Whoever accepts any cannot tell an old proof from a new one.
    pub nonce: Option<Nonce>,
    /// The inputs; `None` accepts any that fit the schema, and the claim says which.
    pub inputs: Option<Vec<i64>>,
    /// The outputs; `None` accepts any that fit the schema, and the claim says which.
    pub outputs: Option<Vec<i64>>,
    /// The hashes of hashed inputs, in the schema's order; `None` accepts any, and says nothing about those inputs.
    pub input_hashes: Option<Vec<TensorHash>>,
    /// The hashes of hashed outputs, likewise.
    pub output_hashes: Option<Vec<TensorHash>>,
    /// Whether a key of a development setup is accepted: proofs for such a key can be forged by whoever made it.
    pub allow_development_srs: bool,
}

impl Expected {
    /// The values of a section, if any are expected.
    pub fn values(&self, section: Section) -> Option<&[i64]> {
        match section {
            Section::Inputs => self.inputs.as_deref(),
            Section::Outputs => self.outputs.as_deref(),
        }
    }

    /// The hashes of a section, if any are expected.
    pub fn hashes(&self, section: Section) -> Option<&[TensorHash]> {
        match section {
            Section::Inputs => self.input_hashes.as_deref(),
            Section::Outputs => self.output_hashes.as_deref(),
        }
    }
}

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
        values.iter().zip(self.schema.per_value(section)).map(|(&value, tensor)| to_f64(value) / tensor.scale).collect()
    }
}

/// The nearest floating-point number.
fn to_f64(value: i64) -> f64 {
    // Both halves are exact; their sum is rounded once.
    let high = i32::try_from(value >> 32).map_or(0.0, f64::from);
    let low = u32::try_from(value & i64::from(u32::MAX)).map_or(0.0, f64::from);
    high * 4_294_967_296.0 + low
}

#[cfg(test)]
mod tests {
    use super::to_f64;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn conversion_is_that_of_the_language(value: i64, small in -1000i64..1000) {
            prop_assert_eq!(to_f64(value), value as f64);
            prop_assert_eq!(to_f64(small), small as f64);
        }
    }
}
