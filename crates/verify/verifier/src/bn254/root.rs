//! Square roots, for points that are given by one coordinate.

use super::field::Fq;
use super::integer::halve;
use super::prime::{Coordinates, Prime};
use super::quadratic::Fq2;

impl Fq {
    /// A square root, if there is one: `a^((p + 1) / 4)`, since p = 3 modulo 4, with four bits of the exponent at a time.
    pub(crate) fn square_root(&self) -> Option<Self> {
        // floor(p / 4) = (p + 1) / 4 - 1.
        const EXPONENT: [u64; 4] = halve(&halve(&Coordinates::MODULUS));
        let mut powers = [Self::ONE; 16];
        let mut power = Self::ONE;
        for slot in powers.iter_mut().skip(1) {
            power *= self;
            *slot = power;
        }
        let mut root = Self::ONE;
        for nibble in EXPONENT.iter().rev().flat_map(|word| word.to_be_bytes()).flat_map(|byte| [byte >> 4, byte & 15])
        {
            root = root.square().square().square().square();
            if nibble != 0 {
                root *= powers.get(usize::from(nibble))?;
            }
        }
        root *= self;
        (root.square() == *self).then_some(root)
    }
}

impl Fq2 {
    /// A square root, if there is one, by the norm (Scott, *Implementing cryptographic pairings*, 2007, section 6):
    ///
    /// ```text
    /// (x + y u)^2 = a + b u    with    n^2 = a^2 + b^2,    x^2 = (a ± n) / 2,    y = b / (2 x)
    /// ```
    pub(crate) fn square_root(&self) -> Option<Self> {
        let Self { c0: a, c1: b } = *self;
        let norm = (a.square() + b.square()).square_root()?;
        // Of the two numbers at most one is a square, or both are if b is zero.
        let x = (a + norm).half().square_root().or_else(|| (a - norm).half().square_root())?;
        let root = match x.double().inverse() {
            Some(inverse) => Self::new(x, b * inverse),
            // a = -y^2, b = 0
            None => Self::new(Fq::ZERO, a.negated().square_root()?),
        };
        (root.square() == *self).then_some(root)
    }
}
