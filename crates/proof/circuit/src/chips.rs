//! The chips. Each module states its equations first, then its gates.

pub mod hash;
pub mod linear;
pub mod lookup;
pub mod matrix;
pub mod product;
pub mod select;
