//! What the caller expects, in the module's JSON.

use serde::{Serialize, Serializer};
use vouch_envelope::{Link, ModelId, Nonce, TensorHash};

use crate::error::HostError;

/// What the caller expects. Trust comes from here, never from the envelope. `None` accepts anything that fits the key.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize)]
pub struct Expected {
    /// The model; `None` is the key's own.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub model_id: Option<ModelId>,
    /// The request. Whoever accepts any cannot tell an old proof from a new one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub nonce: Option<Nonce>,
    /// The inputs.
    #[serde(skip_serializing_if = "Option::is_none", serialize_with = "text")]
    pub inputs: Option<Vec<i64>>,
    /// The outputs.
    #[serde(skip_serializing_if = "Option::is_none", serialize_with = "text")]
    pub outputs: Option<Vec<i64>>,
    /// The hashes of hashed inputs.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub input_hashes: Option<Vec<TensorHash>>,
    /// The hashes of hashed outputs.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub output_hashes: Option<Vec<TensorHash>>,
    /// Whether a key of a development setup is accepted: whoever made such a setup can forge proofs.
    pub allow_development_srs: bool,
}

/// What the caller expects of a chain. Trust comes from here, never from the chain.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize)]
pub struct ExpectedChain {
    /// Of each proof. `inputs` are those that no link fills, in their order.
    pub steps: Vec<Expected>,
    /// The links, in any order. A chain that claims others, or fewer, is refused.
    pub links: Vec<Link>,
}

impl ExpectedChain {
    /// The JSON that every face of the module understands.
    ///
    /// # Errors
    /// [`HostError::Expected`] if it cannot be written.
    pub fn to_json(&self) -> Result<String, HostError> {
        write(self)
    }
}

/// Expectations that are lost must not become expectations of nothing.
fn write(expected: &impl Serialize) -> Result<String, HostError> {
    serde_json::to_string(expected).map_err(|error| HostError::Expected(error.to_string()))
}

fn text<S: Serializer>(values: &Option<Vec<i64>>, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.collect_seq(values.iter().flatten().map(i64::to_string))
}

impl Expected {
    /// The JSON that every face of the module understands.
    ///
    /// # Errors
    /// [`HostError::Expected`] if it cannot be written.
    pub fn to_json(&self) -> Result<String, HostError> {
        write(self)
    }
}
