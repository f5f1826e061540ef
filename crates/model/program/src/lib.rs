#![doc = include_str!("../README.md")]
//!
//! # Meaning
//!
//! A [`Program`] computes on 64-bit integers only. Its [interpreter](Program::run) defines what a proof
//! states; the circuit agrees with it bit for bit on every input that the interpreter accepts, and has no
//! satisfying witness on one that it refuses.
//!
//! * Values live on numbered *wires* in single-assignment form: first the constants, then the inputs, then the outputs
//!   of each instruction in order. Layout operators (transpose, concat, slice, im2col…) are therefore only
//!   lists of wires and cost nothing.
//! * There are five instructions: [`Linear`] (one application of a constant matrix), [`Select`] (rows of one, by index),
//!   [`MatMul`] (a product of two matrices of wires), [`Product`] (a sum of at most two products of wires) and [`Max`].
//! * Every sum is [requantized](Requant): divided by 2^d with rounding, and optionally mapped through a
//!   piecewise linear [`Table`].

#![forbid(unsafe_code)]
#![cfg_attr(not(test), deny(clippy::arithmetic_side_effects, clippy::as_conversions))]

mod batch;
mod bounds;
mod builder;
mod codec;
mod dense;
mod error;
mod interpret;
mod number;
mod table;
mod types;

pub use bounds::{Bounds, Interval};
pub use builder::{Builder, Span};
pub use codec::ProgramDigest;
pub use error::{ProgramError, RunError};
pub use interpret::Trace;
pub use table::{Segment, Table};
pub use types::{
    Instruction, Linear, Lookup, MatMul, Matrix, MatrixId, Max, OutputTensor, Product, Program, Requant, Select,
    TableId, Term, WeightMode, Wire,
};
pub use vouch_schema::{Schema, TensorSpec, ValueError, Visibility};
