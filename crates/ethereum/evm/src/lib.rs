//! Calls of `VouchVerifier`, the contract that checks proofs of any model: its typed interface, and what it takes for a key, a
//! statement and a proof. docs/evm.md says what the contract does.
//!
//! Nothing here does input or output, and nothing is verified: a caller verifies first, with `vouch_verifier`.

#![forbid(unsafe_code)]

mod answer;

use alloy_primitives::B256;
pub use alloy_sol_types::SolCall;
use vouch_envelope::{ModelId, ProofEnvelope, Section};
use vouch_schema::{Schema, Visibility};
use vouch_verifier::{VerifierKey, has_evm_profile};

pub use answer::{Answer, Code, Refusal};
pub use bindings::contract;

#[expect(missing_docs, reason = "the interface's documentation is in contracts/src/IVouchVerifier.sol")]
mod bindings {
    pub mod contract {
        alloy_sol_types::sol!(
            #[derive(Debug, PartialEq, Eq)]
            VouchVerifier,
            "../../../contracts/abi/VouchVerifier.json"
        );
    }
}

/// Errors of making a call.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[expect(missing_docs, reason = "the message of a variant says what its fields are")]
pub enum CallError {
    /// The key is of another profile.
    #[error("no contract checks proofs for this key: make one with `vouch setup --profile evm`")]
    OtherProfile,
    /// The envelope is about another model.
    #[error("the proof is about model {got}, the key is of {expected}")]
    OtherModel { expected: ModelId, got: ModelId },
    /// The envelope has another number of values or hashes than the key's tensors.
    #[error("the proof has other public values than the key's tensors")]
    OtherValues,
}

/// What calls need of a verifying key, for callers that have no [`VerifierKey`]. They know the identity and the schema from a
/// verifier that has read the same bytes.
#[derive(Debug, Clone, Copy)]
pub struct KeyParts<'a> {
    /// The key's bytes.
    pub bytes: &'a [u8],
    /// Their hash.
    pub model_id: ModelId,
    /// Inputs and outputs.
    pub schema: &'a Schema,
}

impl<'a> From<&'a VerifierKey> for KeyParts<'a> {
    fn from(key: &'a VerifierKey) -> Self {
        Self { bytes: key.to_bytes(), model_id: key.model_id(), schema: key.schema() }
    }
}

impl KeyParts<'_> {
    fn check_profile(&self) -> Result<(), CallError> {
        if has_evm_profile(self.bytes) { Ok(()) } else { Err(CallError::OtherProfile) }
    }
}

/// The data of a transaction that registers a key.
///
/// # Errors
/// [`CallError::OtherProfile`].
pub fn register_call<'a>(key: impl Into<KeyParts<'a>>) -> Result<Vec<u8>, CallError> {
    let key = key.into();
    key.check_profile()?;
    let call = contract::VouchVerifier::registerKeyCall { key: key.bytes.to_vec().into() };
    Ok(call.abi_encode())
}

/// The call that verifies an envelope's proof.
///
/// # Errors
/// [`CallError`] if the envelope is not one for this key.
pub fn verify_call<'a>(
    key: impl Into<KeyParts<'a>>,
    envelope: &ProofEnvelope,
) -> Result<contract::VouchVerifier::verifyCall, CallError> {
    let key = key.into();
    key.check_profile()?;
    let expected = key.model_id;
    if envelope.model_id != expected {
        return Err(CallError::OtherModel { expected, got: envelope.model_id });
    }
    Ok(contract::VouchVerifier::verifyCall {
        modelId: B256::from(expected.0),
        proof: envelope.proof.clone().into(),
        publicValues: public_values(key.schema, envelope)?.into(),
        nonce: B256::from(envelope.nonce.0),
    })
}

/// Public values as the contract takes them: of each public tensor its integers, 8 bytes each, of each hashed one its hash, 32
/// bytes, most significant byte first, with nothing between.
///
/// # Errors
/// [`CallError::OtherValues`].
pub fn public_values(schema: &Schema, envelope: &ProofEnvelope) -> Result<Vec<u8>, CallError> {
    let mut bytes = Vec::new();
    for section in Section::ALL {
        let (values, hashes) = envelope.public.section(section);
        let (mut values, mut hashes) = (values.iter(), hashes.iter());
        for tensor in schema.section(section) {
            match tensor.visibility {
                Visibility::Public => {
                    let own = values.as_slice().get(..tensor.size()).ok_or(CallError::OtherValues)?;
                    bytes.extend(own.iter().flat_map(|value| value.to_be_bytes()));
                    values = values.as_slice().get(tensor.size()..).unwrap_or_default().iter();
                }
                Visibility::Hashed => bytes.extend(hashes.next().ok_or(CallError::OtherValues)?.0),
                Visibility::Private => {}
            }
        }
        if values.next().is_some() || hashes.next().is_some() {
            return Err(CallError::OtherValues);
        }
    }
    Ok(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;

    const KEY: &[u8] = include_bytes!("../../../verify/verifier/tests/fixtures/evm.key");
    const ENVELOPE: &[u8] = include_bytes!("../../../verify/verifier/tests/fixtures/evm-0.envelope");

    #[test]
    fn calls_are_of_one_key() {
        let key = VerifierKey::from_bytes(KEY).unwrap();
        let envelope = ProofEnvelope::decode(ENVELOPE).unwrap();
        let call = verify_call(&key, &envelope).unwrap();
        assert_eq!(call.publicValues[..], [3i64, -2, 3].map(i64::to_be_bytes).concat());
        assert_eq!(register_call(&key).unwrap()[68..][..8], *b"VOUCHVK\0");

        let mut other = envelope.clone();
        other.model_id.0[0] ^= 1;
        let refused = verify_call(&key, &other);
        assert_eq!(refused, Err(CallError::OtherModel { expected: key.model_id(), got: other.model_id }));
        let changes: [fn(&mut ProofEnvelope); 3] = [
            |e| e.public.inputs.push(0),
            |e| e.public.outputs.clear(),
            |e| e.public.input_hashes.push(vouch_envelope::TensorHash([0; 32])),
        ];
        for change in changes {
            let mut other = envelope.clone();
            change(&mut other);
            assert_eq!(verify_call(&key, &other), Err(CallError::OtherValues));
        }
        let small = include_bytes!("../../../verify/verifier/tests/fixtures/small.key");
        let small = VerifierKey::from_bytes(small).unwrap();
        assert_eq!(register_call(&small), Err(CallError::OtherProfile));
        assert_eq!(verify_call(&small, &envelope), Err(CallError::OtherProfile));
    }
}
