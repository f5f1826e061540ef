//! Weights that are not columns of the circuit: what a key says of them, and the checks of that.

use vouch_schema::num::{index, wide};

use super::{KeyDescription, fits};
use crate::error::KeyError;

/// Largest number of weight columns of all lanes together.
const MAX_WEIGHT_COLUMNS: usize = 1 << 12;

/// Commitments to weights that are not columns of the circuit (`weights.rs`).
#[derive(Debug, Clone, PartialEq)]
pub struct CommittedWeights {
    /// Index of μ, the challenge in whose powers the columns of a lane are combined.
    pub challenge: u32,
    /// The lanes.
    pub lanes: Vec<WeightLane>,
    /// Private weights: commitments to the Lagrange polynomials of the rows that are blinded, last row last. Empty for fixed
    /// weights, whose combination is a virtual column.
    pub blinding_rows: Vec<[u8; 32]>,
}

/// The weights of one lane.
#[derive(Debug, Clone, PartialEq)]
pub struct WeightLane {
    /// Index of the advice column that holds the combination of the weight columns. A proof does not commit to it if weights
    /// are fixed.
    pub combined: u32,
    /// Commitments to the weight columns, that with the highest power of μ first.
    pub commitments: Vec<[u8; 32]>,
}

impl CommittedWeights {
    /// Whether the weights are private: proofs then commit to the combinations.
    pub fn is_private(&self) -> bool {
        !self.blinding_rows.is_empty()
    }

    /// Number of weight columns of all lanes.
    pub(crate) fn columns(&self) -> usize {
        self.lanes.iter().flat_map(|lane| &lane.commitments).count()
    }

    /// The lane whose combination is a virtual column: an advice column without a commitment in the proof.
    pub(crate) fn lane_of_virtual(&self, column: usize) -> Option<usize> {
        let lane = || self.lanes.iter().position(|lane| index(lane.combined) == column);
        if self.is_private() { None } else { lane() }
    }
}

/// Checks that columns and challenge exist, that the challenge is drawn before the phase of the combinations, that no column
/// stands for two lanes, and that private weights have a row for each value that is blinded.
pub(crate) fn check(key: &KeyDescription) -> Result<(), KeyError> {
    let Some(weights) = &key.weights else { return Ok(()) };
    let find = |list: &[u8], position: u32| list.get(index(position)).copied();
    let Some(drawn) = find(&key.challenge_phases, weights.challenge) else {
        let (limit, got) = (key.challenge_phases.len(), u64::from(weights.challenge));
        return Err(KeyError::Index { what: "challenge of committed weights", position: 0, limit, got });
    };
    if weights.is_private() {
        let what = "blinding rows of private weights";
        let (expected, got) =
            (fits(what, u64::from(key.blinding_factors).checked_add(1))?, wide(weights.blinding_rows.len()));
        if got != expected {
            return Err(KeyError::Mismatch { what, expected, got });
        }
    }
    if weights.lanes.is_empty() {
        return Err(KeyError::Range { what: "lanes of committed weights", min: 1, max: u64::from(u32::MAX), got: 0 });
    }
    let columns = weights.columns();
    if columns > MAX_WEIGHT_COLUMNS {
        return Err(KeyError::TooMany { what: "weight columns", limit: MAX_WEIGHT_COLUMNS, got: columns });
    }
    for (position, lane) in weights.lanes.iter().enumerate() {
        let what = "advice column of committed weights";
        let Some(phase) = find(&key.advice_phases, lane.combined) else {
            let (limit, got) = (key.advice_phases.len(), u64::from(lane.combined));
            return Err(KeyError::Index { what, position, limit, got });
        };
        if phase <= drawn {
            let what = "phase of a column of committed weights";
            let (min, got) = (fits(what, u64::from(drawn).checked_add(1))?, u64::from(phase));
            return Err(KeyError::Range { what, min, max: 2, got });
        }
        if weights.lanes.iter().take(position).any(|before| before.combined == lane.combined) {
            return Err(KeyError::Duplicate { what, position });
        }
        if lane.commitments.is_empty() {
            let what = "weight columns of a lane";
            return Err(KeyError::Range { what, min: 1, max: u64::from(u32::MAX), got: 0 });
        }
    }
    Ok(())
}
