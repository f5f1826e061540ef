//! The verification of one envelope.

use vouch_envelope::{Expected, ProofEnvelope, Section};

use crate::claim::VerifiedClaim;
use crate::error::{CheckName, VerifyError};
use crate::field;
use crate::key::SrsKind;
use crate::opening::DeferredPairing;
use crate::proof;
use crate::verifier_key::VerifierKey;

/// Verifies an envelope against what the caller expects: all checks in their order, up to the first that fails.
///
/// # Errors
/// [`VerifyError`] of the first check that fails.
pub fn verify(key: &VerifierKey, expected: &Expected, envelope: &ProofEnvelope) -> Result<VerifiedClaim, VerifyError> {
    let mut equation = None;
    for name in CheckName::ALL {
        check(name, key, expected, envelope, &mut equation)?;
    }
    Ok(VerifiedClaim::new(key, envelope))
}

/// Verifies the bytes of an envelope against what the caller expects.
///
/// # Errors
/// [`VerifyError::Envelope`] if the bytes are not an envelope, and as [`verify`].
pub fn verify_bytes(key: &VerifierKey, expected: &Expected, envelope: &[u8]) -> Result<VerifiedClaim, VerifyError> {
    verify(key, expected, &ProofEnvelope::decode(envelope)?)
}

/// All checks before that of the pairing equation, which is returned.
pub(crate) fn reduce(
    key: &VerifierKey,
    expected: &Expected,
    envelope: &ProofEnvelope,
) -> Result<DeferredPairing, VerifyError> {
    let mut equation = None;
    for name in CheckName::ALL.into_iter().filter(|name| *name < CheckName::Pairing) {
        check(name, key, expected, envelope, &mut equation)?;
    }
    equation.ok_or(VerifyError::Missing { what: "the pairing equation" })
}

/// Makes one check of an envelope that has been decoded: the only list of what each check is. `equation` is what the check
/// of the proof's identities leaves for that of the pairing.
pub(crate) fn check(
    name: CheckName,
    key: &VerifierKey,
    expected: &Expected,
    envelope: &ProofEnvelope,
    equation: &mut Option<DeferredPairing>,
) -> Result<(), VerifyError> {
    match name {
        CheckName::Format => Ok(()),
        CheckName::ModelIdentity => check_model(key, expected, envelope),
        CheckName::Setup => check_setup(key, expected),
        CheckName::Nonce => check_nonce(expected, envelope),
        CheckName::Inputs => check_values(key, expected, envelope, Section::Inputs),
        CheckName::Outputs => check_values(key, expected, envelope, Section::Outputs),
        CheckName::ProofIdentities => {
            *equation = Some(proof::reduce(key, envelope)?);
            Ok(())
        }
        CheckName::Pairing => {
            let equation = equation.as_ref().ok_or(VerifyError::Missing { what: "the pairing equation" })?;
            check_pairing(key, equation)
        }
    }
}

fn check_model(key: &VerifierKey, expected: &Expected, envelope: &ProofEnvelope) -> Result<(), VerifyError> {
    let got = key.model_id();
    if let Some(expected) = expected.model_id.filter(|&expected| expected != got) {
        return Err(VerifyError::KeyIdentity { expected, got });
    }
    if envelope.model_id != got {
        return Err(VerifyError::ModelIdentity { expected: got, got: envelope.model_id });
    }
    Ok(())
}

fn check_setup(key: &VerifierKey, expected: &Expected) -> Result<(), VerifyError> {
    match key.srs_kind() {
        SrsKind::Development if !expected.allow_development_srs => Err(VerifyError::DevelopmentSetup),
        SrsKind::Development | SrsKind::Ceremony => Ok(()),
    }
}

fn check_nonce(expected: &Expected, envelope: &ProofEnvelope) -> Result<(), VerifyError> {
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

fn check_values(
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

pub(crate) fn check_pairing(key: &VerifierKey, equation: &DeferredPairing) -> Result<(), VerifyError> {
    if equation.holds(&key.prepared().bases) { Ok(()) } else { Err(VerifyError::Pairing) }
}
