//! What the module can do, as safe functions from bytes to JSON.

use serde::Serialize;
use vouch_envelope::{ENVELOPE_VERSION, EnvelopeJson, ModelId, ProofEnvelope};
use vouch_verifier::{Expected, KEY_VERSION, Schema, SrsKind, VerifierKey, report};

use crate::FaceError;

/// What a loaded key is about.
#[derive(Debug, Serialize)]
pub struct KeyInfo<'a> {
    /// The model's identity: the hash of the key.
    pub model_id: ModelId,
    /// Where the reference string comes from.
    pub srs_kind: SrsKind,
    /// Length in bytes of a proof.
    pub proof_bytes: usize,
    /// The public tensors.
    pub schema: &'a Schema,
}

/// What an envelope says; nothing of it has been verified.
#[derive(Debug, Serialize)]
struct Inspection {
    version: u16,
    bytes: usize,
    proof_bytes: usize,
    envelope: EnvelopeJson,
}

/// The versions of the module and of the formats that it reads.
#[derive(Debug, Serialize)]
struct Version {
    name: &'static str,
    version: &'static str,
    abi: u32,
    envelope_version: u16,
    key_version: u16,
}

/// Reads a verifying key.
pub fn load_key(bytes: &[u8]) -> Result<VerifierKey, FaceError> {
    Ok(VerifierKey::from_bytes(bytes)?)
}

/// What a key is about, as JSON ([`KeyInfo`]).
pub fn describe_key(key: &VerifierKey) -> Result<String, FaceError> {
    let (model_id, srs_kind, schema) = (key.model_id(), key.srs_kind(), key.schema());
    to_json(&KeyInfo { model_id, srs_kind, proof_bytes: key.proof_len(), schema })
}

/// Verifies an envelope; the answer is a [`VerificationReport`](vouch_envelope::VerificationReport) as JSON.
/// `expected` is [`ExpectedJson`](vouch_verifier::ExpectedJson).
pub fn verify(key: &VerifierKey, expected: &[u8], envelope: &[u8]) -> Result<String, FaceError> {
    let expected: Expected = serde_json::from_slice(expected).map_err(FaceError::Expected)?;
    to_json(&report(key, &expected, envelope))
}

/// What an envelope says, as JSON, without any verification.
pub fn inspect(envelope: &[u8]) -> Result<String, FaceError> {
    let decoded = ProofEnvelope::decode(envelope)?;
    to_json(&Inspection {
        version: ENVELOPE_VERSION,
        bytes: envelope.len(),
        proof_bytes: decoded.proof.len(),
        envelope: decoded.into(),
    })
}

/// The versions of the module and of the formats that it reads, as JSON.
pub fn version() -> Result<String, FaceError> {
    to_json(&Version {
        name: "vouch-verifier",
        version: env!("CARGO_PKG_VERSION"),
        abi: crate::abi::ABI_VERSION,
        envelope_version: ENVELOPE_VERSION,
        key_version: KEY_VERSION,
    })
}

fn to_json(value: &impl Serialize) -> Result<String, FaceError> {
    serde_json::to_string(value).map_err(FaceError::Internal)
}
