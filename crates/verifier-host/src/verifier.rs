//! A verifier for one key.

use serde::Deserialize;
use vouch_envelope::{ModelId, VerificationReport};
use vouch_verifier::{Expected, Schema, SrsKind};

use crate::instance::Instance;
use crate::{Host, HostError};

/// An instance of the module with one key.
#[derive(Debug)]
pub struct Verifier {
    host: Host,
    key_bytes: Vec<u8>,
    /// `None` after a call that did not end as it should: the next one starts anew.
    loaded: Option<(Instance, u32)>,
    key: Key,
}

/// What the module says about a key.
#[derive(Debug, Deserialize)]
struct Key {
    model_id: ModelId,
    srs_kind: SrsKind,
    proof_bytes: usize,
    schema: Schema,
}

#[derive(Debug, Deserialize)]
struct Loaded {
    handle: u32,
    key: Key,
}

impl Verifier {
    pub(crate) fn new(host: Host, key: &[u8]) -> Result<Self, HostError> {
        let (instance, Loaded { handle, key: about }) = load(&host, key)?;
        Ok(Self { host, key_bytes: key.to_vec(), loaded: Some((instance, handle)), key: about })
    }

    /// The model's identity.
    pub fn model_id(&self) -> ModelId {
        self.key.model_id
    }

    /// Where the key's reference string comes from.
    pub fn srs_kind(&self) -> SrsKind {
        self.key.srs_kind
    }

    /// Length in bytes of a proof.
    pub fn proof_bytes(&self) -> usize {
        self.key.proof_bytes
    }

    /// The public tensors.
    pub fn schema(&self) -> &Schema {
        &self.key.schema
    }

    /// Verifies the bytes of an envelope against what the caller expects.
    pub fn verify(&mut self, expected: &Expected, envelope: &[u8]) -> Result<VerificationReport, HostError> {
        let expected = serde_json::to_string(expected).map_err(HostError::Expected)?;
        let report = self.verify_json(&expected, envelope)?;
        serde_json::from_str(&report).map_err(|error| HostError::Answer(error.to_string()))
    }

    /// As [`Verifier::verify`], from JSON to JSON: the report as the module wrote it.
    pub fn verify_json(&mut self, expected: &str, envelope: &[u8]) -> Result<String, HostError> {
        let (mut instance, handle) = match self.loaded.take() {
            Some(loaded) => loaded,
            None => load(&self.host, &self.key_bytes).map(|(instance, loaded)| (instance, loaded.handle))?,
        };
        let result = instance.verify(handle, expected.as_bytes(), envelope);
        if matches!(result, Ok(_) | Err(HostError::Refused(_))) {
            self.loaded = Some((instance, handle));
        }
        result
    }
}

fn load(host: &Host, key: &[u8]) -> Result<(Instance, Loaded), HostError> {
    let mut instance = host.instance()?;
    let json = instance.key_load(key)?;
    let loaded = serde_json::from_str(&json).map_err(|error| HostError::Answer(error.to_string()))?;
    Ok((instance, loaded))
}
