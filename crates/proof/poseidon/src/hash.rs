//! The salted hash of a tensor.

use std::fmt;

use vouch_schema::{Salt, Section, TensorHash};

use crate::{Element, Poseidon, State, tensor_salt};

/// Bits of an integer that is hashed.
pub const VALUE_BITS: u32 = 32;
/// Integers that are packed into one element.
pub const VALUES_IN_ELEMENT: usize = 7;

/// A value that cannot be hashed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct HashError {
    /// Which.
    pub index: usize,
    /// The value.
    pub got: i64,
}

impl fmt::Display for HashError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "value {}: {} is not an integer of {VALUE_BITS} bits", self.index, self.got)
    }
}

impl std::error::Error for HashError {}

/// An element as a hash: most significant byte first.
pub fn digest(mut little_endian: [u8; 32]) -> TensorHash {
    little_endian.reverse();
    TensorHash(little_endian)
}

impl<F: Element> Poseidon<F> {
    /// The hash that a proof shows of a tensor: the [hash](Self::hash) of its integers with its [salt](tensor_salt).
    /// `little_endian` gives the canonical bytes of an element.
    ///
    /// # Errors
    /// [`HashError`] names the first value that has more than 32 bits.
    pub fn tensor_hash(
        &self,
        salt: &Salt,
        section: Section,
        name: &str,
        values: &[i64],
        little_endian: impl FnOnce(&F) -> [u8; 32],
    ) -> Result<TensorHash, HashError> {
        let element = self.hash(tensor_salt(salt, section, name), values)?;
        Ok(digest(little_endian(&element)))
    }

    /// The state before anything is absorbed.
    pub fn start(values: usize) -> State<F> {
        [F::from(values as u64), F::from(0), F::from(0)]
    }

    /// The packed integers.
    ///
    /// # Errors
    /// [`HashError`] names the first value that has more than 32 bits.
    pub fn pack(values: &[i64]) -> Result<Vec<F>, HashError> {
        let shift = F::from(1 << VALUE_BITS);
        let digit = |(index, &got): (usize, &i64)| {
            let shifted = got.checked_add(1 << (VALUE_BITS - 1)).and_then(|v| u32::try_from(v).ok());
            shifted.map(|v| F::from(u64::from(v))).ok_or(HashError { index, got })
        };
        let digits = values.iter().enumerate().map(digit).collect::<Result<Vec<F>, _>>()?;
        Ok(digits.chunks(VALUES_IN_ELEMENT).map(|c| c.iter().fold(F::from(0), |sum, d| sum * shift + *d)).collect())
    }

    /// The salted hash of a tensor's integers (see the crate's documentation).
    ///
    /// # Errors
    /// [`HashError`] names the first value that has more than 32 bits.
    pub fn hash(&self, salt: F, values: &[i64]) -> Result<F, HashError> {
        let mut elements = vec![salt];
        elements.extend(Self::pack(values)?);
        let state = elements.chunks(2).fold(Self::start(values.len()), |[c, x, y], pair| match *pair {
            [a, b] => self.permute([c, x + a, y + b]),
            [a] => self.permute([c, x + a, y]),
            _ => [c, x, y],
        });
        Ok(state[1])
    }
}
