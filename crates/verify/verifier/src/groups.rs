//! Which polynomials a key of the evm profile, and its proofs, commit to together: for provers.

use vouch_schema::num::index;

use crate::domain::Rows;
use crate::key::KeyDescription;
use crate::shplonk::{Plan, Polynomial};
use crate::vanishing::SelectedRows;

/// When a group is committed to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum GroupTime {
    /// After the witness of a phase.
    Phase(u8),
    /// With the products of the permutation argument.
    Products,
    /// As the quotient.
    Quotient,
    /// In the key.
    Key,
}

/// A polynomial of a group.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum GroupMember {
    /// An advice column.
    Advice(usize),
    /// A product of the permutation argument.
    Product(usize),
    /// A fixed column.
    Fixed(usize),
    /// A polynomial of the permutation argument.
    Sigma(usize),
    /// The quotient.
    Quotient,
}

/// Polynomials with one commitment, that of `Σ_j X^j f_j(X^t)` for t of them, which are opened at the same points.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OpeningGroup {
    /// When it is committed to.
    pub time: GroupTime,
    /// The rows, relative to the current one, at which it is opened, modulo the number of rows.
    pub rows: Vec<i64>,
    /// The polynomials, f_0 first.
    pub members: Vec<GroupMember>,
}

/// The groups of a key of the evm profile, in the order in which the multi-opening combines them. Those of one time are
/// committed to in this order.
pub fn opening_groups(key: &KeyDescription) -> Vec<OpeningGroup> {
    let chunk = index(key.degree).checked_sub(2).filter(|chunk| *chunk > 0);
    let (Some(chunk), Some(rows), Some(selected)) = (chunk, Rows::new(key.k), SelectedRows::new(key.blinding_factors))
    else {
        return Vec::new();
    };
    let products = key.permutation_columns.len().div_ceil(chunk);
    Plan::new(key, products, rows, selected.last_row()).groups()
}

impl GroupMember {
    /// The member that a polynomial is; the random polynomial is in no group.
    pub(crate) fn of(polynomial: Polynomial) -> Option<Self> {
        match polynomial {
            Polynomial::Advice(column) => Some(Self::Advice(column)),
            Polynomial::Product(product) => Some(Self::Product(product)),
            Polynomial::Fixed(column) => Some(Self::Fixed(column)),
            Polynomial::Sigma(column) => Some(Self::Sigma(column)),
            Polynomial::Quotient => Some(Self::Quotient),
            Polynomial::Combined(_) | Polynomial::Random => None,
        }
    }
}
