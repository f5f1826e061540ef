//! Gas of a verification by the contract of the evm profile (docs/evm.md): what a layout makes it take.
//!
//! Polynomials are opened at sets of rows, and those of one time and one set share commitments, at most `group` each. With P points
//! of a proof, K of the key, E evaluations, S columns of the permutation argument and O operations of the gates
//!
//! ```text
//! gas = 186,000 + 9,050 P + 6,650 K + 900 E + 250 S + 170 O + 520 cells + 60 bytes
//! ```

use serde::{Deserialize, Serialize};

use crate::{CircuitParams, cells::Count, config::PRODUCT_COLUMNS, number::real};

/// Most polynomials that can share a commitment.
pub const MAX_GROUP: u32 = 256;

/// What a contract has to do for a proof in a layout.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Verification {
    /// Polynomials of a proof that are opened at one set of rows and committed to at one time: of the first phase at one row and at
    /// two; of the second at one and at two; products of the permutation argument but the last, the last, the quotient.
    pub opened: [usize; 7],
    /// Polynomials of the key.
    pub own: usize,
    /// Evaluations in a proof.
    pub evaluations: usize,
    /// Columns of the permutation argument.
    pub permuted: usize,
    /// Operations of the gates.
    pub operations: usize,
    /// Public values and hashes.
    pub cells: usize,
}
