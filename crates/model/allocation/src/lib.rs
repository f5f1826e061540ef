//! The network of `models/restaking-allocation` in floating point, and what would change its recommendation.
//!
//! A proof says what the model computes from one set of inputs. A user wants to know what it would have computed from others, which nobody has proved:
//! a page computes that itself, and says that it is not proved. [`Network`] reads the constants of the ONNX file
//! (`restaking-allocation.network.json`) and is the same function but for rounding; [`nudges`] moves each input a little.
//!
//! Linked by the dashboard, so nothing here needs more than `serde`.

mod network;
mod nudge;

pub use network::{Allocation, Inputs, InputsError, Network, NetworkError};
pub use nudge::{Moved, Nudge, Range, nudges};
