//! What a verified claim says, for people and programs: tensors by name, in real numbers and as integers.

use serde::{Serialize, Serializer};
use vouch_envelope::Section;
use vouch_verifier::{ClaimedTensor, Shown, SrsKind, VerifiedClaim, Visibility};

/// The content of a verified claim. Its JSON is that of `vouch verify --json`, and of the packages for JavaScript and
/// Python.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Content {
    /// Identity of the model, in hexadecimal.
    pub model_id: String,
    /// The kind of setup that the claim rests on.
    pub srs_kind: SrsKind,
    /// The request that was answered, in hexadecimal.
    pub nonce: String,
    /// The inputs, in the model's order.
    pub inputs: Vec<TensorContent>,
    /// The outputs, in the model's order.
    pub outputs: Vec<TensorContent>,
}

/// An input or output of a claim.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct TensorContent {
    /// Its name.
    pub name: String,
    /// Length of each axis.
    pub shape: Vec<u32>,
    /// Unit of the real numbers; empty if unknown.
    pub unit: String,
    /// Integers in one unit.
    pub scale: f64,
    /// What the proof shows of it.
    pub visibility: Visibility,
    /// Real numbers in the unit, in row-major order, if the proof shows them.
    pub values: Option<Vec<f64>>,
    /// The integers that the proof is about: `value = integer / scale`. Text in JSON.
    #[serde(serialize_with = "text")]
    pub integers: Option<Vec<i64>>,
    /// The salted hash of the values, if the proof shows that.
    pub hash: Option<String>,
}

impl From<&VerifiedClaim> for Content {
    fn from(claim: &VerifiedClaim) -> Self {
        let tensors = |section| claim.tensors(section).iter().map(TensorContent::from).collect();
        Self {
            model_id: claim.model_id().to_string(),
            srs_kind: claim.srs_kind(),
            nonce: claim.nonce().to_string(),
            inputs: tensors(Section::Inputs),
            outputs: tensors(Section::Outputs),
        }
    }
}

impl From<&ClaimedTensor<'_>> for TensorContent {
    fn from(tensor: &ClaimedTensor<'_>) -> Self {
        let spec = tensor.spec;
        let (integers, hash) = match tensor.shown {
            Shown::Values(integers) => (Some(integers.to_vec()), None),
            Shown::Hash(hash) => (None, Some(hash.to_string())),
            Shown::Nothing => (None, None),
        };
        Self {
            name: spec.name.clone(),
            shape: spec.shape.clone(),
            unit: spec.unit.clone(),
            scale: spec.scale,
            visibility: spec.visibility,
            values: tensor.reals(),
            integers,
            hash,
        }
    }
}

/// Integers as text: a JSON number above 2^53 is not exact in JavaScript.
fn text<S: Serializer>(integers: &Option<Vec<i64>>, serializer: S) -> Result<S::Ok, S::Error> {
    match integers {
        Some(integers) => serializer.collect_seq(integers.iter().map(i64::to_string)),
        None => serializer.serialize_none(),
    }
}
