//! The native verifier.

use vouch_verifier::{Expected, VerifierKey, VerifyError, verify_bytes};

use super::verify::{Rejection, Verified, VerifyEngine};

/// The native verifier, linked into this program.
#[derive(Debug, Clone, Copy, Default)]
pub struct NativeEngine;

impl VerifyEngine for NativeEngine {
    fn verify(&self, key: &VerifierKey, expected: &Expected, envelope: &[u8]) -> Result<Verified, Rejection> {
        match verify_bytes(key, expected, envelope) {
            Ok(claim) => {
                Ok(Verified { outputs: claim.outputs().to_vec(), output_hashes: claim.public().output_hashes.clone() })
            }
            Err(error @ VerifyError::Envelope(_)) => Err(Rejection::Malformed(error.to_string())),
            Err(error) => Err(Rejection::Refused(error.to_string())),
        }
    }

    fn sha256(&self) -> Option<&str> {
        None
    }
}
