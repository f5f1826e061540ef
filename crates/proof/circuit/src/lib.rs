//! The circuit of a [`Program`](vouch_program::Program): chips, layout and witness, for halo2 over BN254.
//!
//! This crate knows integers only; nothing of ONNX or floats.
//!
//! # What is proved
//!
//! There is a run of the program on the public inputs whose outputs are the public outputs. Every requantized sum is a
//! row in a *lane*; rows are linked as follows.
//!
//! | chip | rows | statement |
//! | --- | --- | --- |
//! | [`chips::linear`] | one for each output of a `Linear` | limbs of the sum, its table lookup, and a running random combination of the sums |
//! | [`chips::matrix`] | weights, in fixed columns | the same combination computed from the operands and the weights |
//! | [`chips::product`] | one for each element of a `Product`, one for two operands of a `Max` | sum of products, limbs, table lookup; or the maximum |
//! | [`chips::hash`] | values, packed, and rounds | salted hashes of tensors that are not public themselves |
//! | [`chips::lookup`] | all | every limb is in range and every table lookup is in the table (logUp) |
//!
//! # Order of commitments
//!
//! 1. First phase: all limbs, table values, operands, and the multiplicities of the lookup argument.
//! 2. The challenges μ, σ, τ (linear checks) and β, θ (lookups) are drawn.
//! 3. Second phase: running combinations, logUp helpers and running sum.
//!
//! Nothing in the second phase is used by the first, so every random identity holds for values fixed before its challenge.

#![forbid(unsafe_code)]
#![cfg_attr(not(test), deny(clippy::arithmetic_side_effects, clippy::as_conversions))]

mod cells;
pub mod chips;
mod config;
mod cost;
mod error;
mod gas;
mod layout;
mod model;
mod number;
mod params;
mod witness;

pub use cells::{Lane, LaneRow, Row};
pub use config::ModelConfig;
pub use cost::{Estimate, Objective, choose, choose_with_fixed_columns};
pub use error::CircuitError;
pub use gas::{MAX_GROUP, Openings};
pub use layout::{
    Cell, Check, Column, Hash, HashRow, Layout, LinearRow, MatrixRow, Mul, Piece, ProductRow, Selection, Source,
    Weights,
};
pub use model::{Columns, ModelCircuit};
pub use params::{CircuitParams, MAX_LANES, MAX_VIRTUAL_COLUMNS, MAX_WEIGHT_COLUMNS};
pub use witness::{Challenges, FirstPhase, HashColumns, LinearColumns, ProductColumns, SecondPhase};
