//! Numbers from 0 to 1 in fixed point.

use std::fmt;

use serde::{Deserialize, Serialize};

/// A number from 0 to 1: a multiple of 2^-32. In JSON, the integer.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "u64", into = "u64")]
pub struct Share(u64);

impl Share {
    /// 0.
    pub const ZERO: Self = Self(0);
    /// 1.
    pub const ONE: Self = Self(1 << 32);

    /// `bits` times 2^-32; `None` above 1.
    pub fn new(bits: u64) -> Option<Self> {
        (bits <= Self::ONE.0).then_some(Self(bits))
    }

    /// The number times 2^32.
    pub fn bits(self) -> u64 {
        self.0
    }

    /// `part / whole`, rounded down; 1 if the part is larger or the whole is 0.
    pub fn of(part: u64, whole: u64) -> Self {
        if part >= whole {
            return Self::ONE;
        }
        // Less than 2^32, since part < whole.
        Self(((u128::from(part) << 32) / u128::from(whole)) as u64)
    }

    /// 1 minus the number.
    pub fn complement(self) -> Self {
        Self(Self::ONE.0 - self.0)
    }

    /// The product, rounded down.
    pub fn times(self, other: Self) -> Self {
        Self(((u128::from(self.0) * u128::from(other.0)) >> 32) as u64)
    }

    /// The sum, at most 1.
    pub fn plus(self, other: Self) -> Self {
        Self((self.0 + other.0).min(Self::ONE.0))
    }

    /// The number, to be shown.
    pub fn to_f64(self) -> f64 {
        self.0 as f64 / Self::ONE.0 as f64
    }

    pub(crate) const fn from_bits(bits: u64) -> Self {
        Self(bits)
    }
}

impl fmt::Display for Share {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:.6}", self.to_f64())
    }
}

impl TryFrom<u64> for Share {
    type Error = String;

    fn try_from(bits: u64) -> Result<Self, String> {
        Self::new(bits).ok_or_else(|| format!("expected at most {}, got {bits}", Self::ONE.0))
    }
}

impl From<Share> for u64 {
    fn from(share: Share) -> Self {
        share.0
    }
}
