//! The network of `models/restaking-allocation` in floating point, and what would change its recommendation.
//!
//! A proof says what the model computes from one set of inputs. Users want to know what it would have computed from
//! others, for which there is no proof: a page computes that itself, and says that it is not proved. [`Network`] reads
//! the constants of the ONNX file (`restaking-allocation.network.json`) and is the same function except for rounding;
//! [`nudges`] moves each input a little.

mod network;
mod nudge;

pub use network::{Allocation, Inputs, InputsError, Network, NetworkError};
pub use nudge::{Moved, Nudge, Range, nudges};

#[cfg(test)]
mod tests;
