//! The profile of proofs that a contract on Ethereum checks (docs/evm.md).

use vouch_schema::num::{index, wide};

use super::KeyDescription;
use crate::error::KeyError;

/// Largest number of polynomials that one commitment stands for.
pub(crate) const MAX_GROUP: u32 = 1 << 8;
/// Largest number of fixed columns, that of other keys.
const MAX_FIXED: u32 = 1 << 12;

/// What a key of the profile says beyond others. Its `fixed_commitments` are those of the groups of fixed columns and
/// permutation polynomials, and its `permutation_commitments` are empty.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct EvmProfile {
    /// Largest number of polynomials that one commitment stands for, at least 1.
    pub group: u32,
    /// Number of fixed columns.
    pub fixed_columns: u32,
}

/// Checks what a key says of the profile, given the groups of its own polynomials.
pub(crate) fn check(key: &KeyDescription, evm: &EvmProfile, own: usize) -> Result<(), KeyError> {
    let range = |what, min: u32, max: u32, got: u32| {
        if (min..=max).contains(&got) {
            return Ok(());
        }
        Err(KeyError::Range { what, min: u64::from(min), max: u64::from(max), got: u64::from(got) })
    };
    range("polynomials in a group", 1, MAX_GROUP, evm.group)?;
    range("fixed columns", 0, MAX_FIXED, evm.fixed_columns)?;
    let none = |what, got| if got == 0 { Ok(()) } else { Err(KeyError::TooMany { what, limit: 0, got }) };
    none(
        "lanes of committed weights in the evm profile",
        key.weights.as_ref().map_or(0, |weights| weights.lanes.len()),
    )?;
    none("permutation commitments in the evm profile", key.permutation_commitments.len())?;
    let (expected, got) = (wide(own), wide(key.fixed_commitments.len()));
    if expected != got {
        return Err(KeyError::Mismatch { what: "number of commitments to groups", expected, got });
    }
    Ok(())
}

impl KeyDescription {
    /// Number of fixed columns.
    pub fn fixed_columns(&self) -> usize {
        self.evm.as_ref().map_or(self.fixed_commitments.len(), |evm| index(evm.fixed_columns))
    }
}
