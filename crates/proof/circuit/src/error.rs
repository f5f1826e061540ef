//! Errors of layout and synthesis.

use thiserror::Error;
use vouch_program::{ProgramError, RunError};

/// What can go wrong between a program and its circuit.
#[derive(Clone, Debug, PartialEq, Error)]
#[non_exhaustive]
pub enum CircuitError {
    /// The program itself.
    #[error(transparent)]
    Program(#[from] ProgramError),
    /// An input that the program refuses.
    #[error(transparent)]
    Run(#[from] RunError),
    /// Each hashed tensor needs a salt.
    #[error("{got} salts, expected {expected}: one for each hashed tensor")]
    Salts {
        /// How many there are.
        got: usize,
        /// Number of hashed tensors.
        expected: usize,
    },
    /// The rows do not fit.
    #[error("{what} needs {needed} rows, k = {k} has {available}")]
    Rows {
        /// Which part of the circuit.
        what: &'static str,
        /// Rows needed.
        needed: usize,
        /// Rows of one lane at this k.
        available: usize,
        /// log2 of the rows.
        k: u32,
    },
    /// A requantization with more limbs than a chip has.
    #[error("`{name}` drops {drop} bits; the lanes have limbs for at most {limit}")]
    Limbs {
        /// Which matrix or product.
        name: String,
        /// Its drop.
        drop: u8,
        /// The limit.
        limit: u32,
    },
    /// Sums too wide to be told apart in the field.
    #[error(
        "sums of `{name}` may have {bits} bits after scaling to the bits that the program's largest drop needs; the limit is {limit}"
    )]
    Width {
        /// Which matrix.
        name: String,
        /// Bits needed.
        bits: u32,
        /// The limit.
        limit: u32,
    },
    /// No layout up to k = 24 holds the program.
    #[error("the program does not fit in 2^{max_k} rows")]
    TooLarge {
        /// The largest k tried.
        max_k: u32,
    },
    /// The layout is not one that its own rules give: a fault of this crate, found before a constraint is lost.
    #[error("the layout contradicts itself: {0}")]
    Layout(&'static str),
    /// Parameters that do not belong to the program.
    #[error("circuit parameters do not fit the program: {0}")]
    Params(String),
}
