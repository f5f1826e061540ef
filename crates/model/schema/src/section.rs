//! The two halves of the public values.

use std::fmt;

/// A part of the public values.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(feature = "serde", serde(rename_all = "lowercase"))]
pub enum Section {
    /// What the model was given.
    Inputs,
    /// What the model computed.
    Outputs,
}

impl Section {
    /// Both, in the order of the instance column.
    pub const ALL: [Self; 2] = [Self::Inputs, Self::Outputs];
}

impl fmt::Display for Section {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Inputs => "inputs",
            Self::Outputs => "outputs",
        })
    }
}
