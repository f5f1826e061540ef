//! What the caller expects, in the module's JSON.

use serde::Serialize;

use crate::error::HostError;

/// The JSON of an [`Expected`](vouch_envelope::Expected) or [`ExpectedChain`](vouch_envelope::ExpectedChain) that the
/// module reads. Expectations that are lost must not become expectations of nothing.
///
/// # Errors
/// [`HostError::Expected`] if it cannot be written.
pub(crate) fn to_json(expected: &impl Serialize) -> Result<String, HostError> {
    serde_json::to_string(expected).map_err(|error| HostError::Expected(error.to_string()))
}
