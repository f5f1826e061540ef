//! The verification of one envelope.

use vouch_envelope::{Expected, ProofEnvelope, Section};

use crate::claim::VerifiedClaim;
use crate::error::VerifyError;
use crate::field;
use crate::key::{SrsKind, VerifierKey};
use crate::proof::{self, Opening};

/// Verifies an envelope against what the caller expects.
pub fn verify(key: &VerifierKey, expected: &Expected, envelope: &ProofEnvelope) -> Result<VerifiedClaim, VerifyError> {
    check_opening(key, &reduce(key, expected, envelope)?)?;
    Ok(VerifiedClaim::new(key, envelope))
}

/// Verifies the bytes of an envelope against what the caller expects.
pub fn verify_bytes(key: &VerifierKey, expected: &Expected, envelope: &[u8]) -> Result<VerifiedClaim, VerifyError> {
    verify(key, expected, &ProofEnvelope::decode(envelope)?)
}

/// Everything but the pairing equation, which is returned.
pub(crate) fn reduce(key: &VerifierKey, expected: &Expected, envelope: &ProofEnvelope) -> Result<Opening, VerifyError> {
    check_model(key, expected, envelope)?;
    check_setup(key, expected)?;
    check_nonce(expected, envelope)?;
    check_values(key, expected, envelope, Section::Inputs)?;
    check_values(key, expected, envelope, Section::Outputs)?;
    proof::reduce(key, envelope)
}

pub(crate) fn check_model(key: &VerifierKey, expected: &Expected, envelope: &ProofEnvelope) -> Result<(), VerifyError> {
    let got = key.model_id();
    if let Some(expected) = expected.model_id.filter(|&expected| expected != got) {
        return Err(VerifyError::KeyIdentity { expected, got });
    }
    if envelope.model_id != got {
        return Err(VerifyError::ModelIdentity { expected: got, got: envelope.model_id });
    }
    Ok(())
}

pub(crate) fn check_setup(key: &VerifierKey, expected: &Expected) -> Result<(), VerifyError> {
    match key.srs_kind() {
        SrsKind::Development if !expected.allow_development_srs => Err(VerifyError::DevelopmentSetup),
        SrsKind::Development | SrsKind::Ceremony => Ok(()),
    }
}

pub(crate) fn check_nonce(expected: &Expected, envelope: &ProofEnvelope) -> Result<(), VerifyError> {
    match expected.nonce {
        Some(expected) if expected != envelope.nonce => Err(VerifyError::Nonce { expected, got: envelope.nonce }),
        _ => Ok(()),
    }
}

/// The values of a section, which must be as many as the schema says, as must its hashes, which must be field elements.
pub(crate) fn section_values<'a>(
    key: &VerifierKey,
    envelope: &'a ProofEnvelope,
    section: Section,
) -> Result<&'a [i64], VerifyError> {
    let (values, hashes) = envelope.public.section(section);
    let expected = key.schema().values(section);
    if values.len() != expected {
        return Err(VerifyError::ValueCount { section, expected, got: values.len() });
    }
    let expected = key.schema().hashes(section);
    if hashes.len() != expected {
        return Err(VerifyError::HashCount { section, expected, got: hashes.len() });
    }
    if let Some((index, &got)) = hashes.iter().enumerate().find(|(_, hash)| field::from_hash(hash).is_none()) {
        return Err(VerifyError::HashEncoding { section, index, got });
    }
    Ok(values)
}

pub(crate) fn check_values(
    key: &VerifierKey,
    expected: &Expected,
    envelope: &ProofEnvelope,
    section: Section,
) -> Result<(), VerifyError> {
    let values = section_values(key, envelope, section)?;
    for ((index, &got), tensor) in values.iter().enumerate().zip(key.schema().per_value(section)) {
        if !(tensor.min..=tensor.max).contains(&got) {
            let (tensor, min, max) = (tensor.name.clone(), tensor.min, tensor.max);
            return Err(VerifyError::ValueRange { section, tensor, index, min, max, got });
        }
    }
    if let Some(wanted) = expected.hashes(section) {
        let (_, hashes) = envelope.public.section(section);
        if wanted.len() != hashes.len() {
            return Err(VerifyError::HashCount { section, expected: wanted.len(), got: hashes.len() });
        }
        if let Some((index, (&expected, &got))) = wanted.iter().zip(hashes).enumerate().find(|(_, (a, b))| a != b) {
            return Err(VerifyError::Hash { section, index, expected, got });
        }
    }
    let Some(wanted) = expected.values(section) else {
        return Ok(());
    };
    if wanted.len() != values.len() {
        return Err(VerifyError::ExpectedCount { section, expected: wanted.len(), got: values.len() });
    }
    match wanted.iter().zip(values).enumerate().find(|(_, (expected, got))| expected != got) {
        Some((index, (&expected, &got))) => Err(VerifyError::Value { section, index, expected, got }),
        None => Ok(()),
    }
}

pub(crate) fn check_opening(key: &VerifierKey, opening: &Opening) -> Result<(), VerifyError> {
    if opening.holds(key.prepared()) { Ok(()) } else { Err(VerifyError::Pairing) }
}
