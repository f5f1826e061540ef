//! What a small change of one input does to the recommendation.

use super::{Allocation, Inputs, InputsError, Network};

/// The values that an input may have.
#[derive(Debug, Clone, PartialEq)]
pub struct Range {
    /// The input.
    pub name: String,
    /// Smallest value.
    pub lo: f64,
    /// Largest value.
    pub hi: f64,
}

/// A changed input, and what follows.
#[derive(Debug, Clone, PartialEq)]
pub struct Moved {
    /// The input's value.
    pub value: f64,
    /// What the network recommends then.
    pub allocation: Allocation,
}

/// One value of the inputs, moved down and up.
#[derive(Debug, Clone, PartialEq)]
pub struct Nudge {
    /// The input.
    pub name: String,
    /// Which of its values.
    pub index: usize,
    /// Where it is.
    pub value: f64,
    /// A step down; none where that would leave the range.
    pub down: Option<Moved>,
    /// A step up, likewise.
    pub up: Option<Moved>,
}

impl Nudge {
    /// How far a result moves at most, either way.
    pub fn reach(&self, base: &Allocation, of: impl Fn(&Allocation) -> f64) -> f64 {
        let moved = [&self.down, &self.up].into_iter().flatten();
        moved.map(|moved| (of(&moved.allocation) - of(base)).abs()).fold(0.0, f64::max)
    }
}

/// Moves each value of each input by a part of its range, one at a time, and computes what follows. A step that would
/// leave the range ends at its edge; there is none where the value is at the edge already.
///
/// # Errors
/// [`InputsError`].
pub fn nudges(network: &Network, inputs: &Inputs, ranges: &[Range], part: f64) -> Result<Vec<Nudge>, InputsError> {
    let mut all = Vec::new();
    for range in ranges {
        let values = inputs.get(&range.name).ok_or_else(|| InputsError::Missing { name: range.name.clone() })?;
        let step = part * (range.hi - range.lo);
        for (index, &value) in values.iter().enumerate() {
            let to = |value: f64| {
                let mut changed = inputs.clone();
                changed.entry(range.name.clone()).and_modify(|values| values[index] = value);
                network.run(&changed).map(|allocation| Moved { value, allocation })
            };
            let down = (value > range.lo).then(|| to((value - step).max(range.lo))).transpose()?;
            let up = (value < range.hi).then(|| to((value + step).min(range.hi))).transpose()?;
            all.push(Nudge { name: range.name.clone(), index, value, down, up });
        }
    }
    Ok(all)
}
