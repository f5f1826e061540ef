//! Elements of the field of scalars for other crates.

use std::ops::{Add, Mul};

use crate::bn254::Fr;
use crate::field;

/// An element of the field that circuits compute in: the integers modulo the order of BN254's groups. Hosts hash hidden
/// tensors with it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Scalar(Fr);

impl Scalar {
    /// The element as an integer below the order, least significant byte first.
    pub fn to_bytes(&self) -> [u8; 32] {
        field::to_bytes(&self.0)
    }
}

impl From<u64> for Scalar {
    fn from(integer: u64) -> Self {
        Self(Fr::from(integer))
    }
}

impl Add for Scalar {
    type Output = Self;

    fn add(self, other: Self) -> Self {
        Self(self.0 + other.0)
    }
}

impl Mul for Scalar {
    type Output = Self;

    fn mul(self, other: Self) -> Self {
        Self(self.0 * other.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::field::from_canonical;

    #[test]
    fn it_is_the_field() {
        let [a, b] = [u64::MAX, 12345].map(Fr::from);
        let value = Scalar::from(u64::MAX) * Scalar::from(12345) + Scalar::from(u64::MAX);
        assert_eq!(from_canonical(&value.to_bytes()), Some(a * b + a));
    }
}
