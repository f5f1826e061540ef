//! Fq2: `a + b u`, where `u^2 = -1`.

use super::field::Fq;
use super::integer::{Words, at_x};
use super::operators;
use super::prime::{Coordinates, Prime};

/// An element `c0 + c1 u`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub(crate) struct Fq2 {
    pub(crate) c0: Fq,
    pub(crate) c1: Fq,
}

/// ξ = 9 + u. It is neither a square nor a cube in Fq2, so that w^6 = ξ makes a field of degree 6 over it.
pub(super) const XI: Fq2 = Fq2::new(Fq::of(9), Fq::ONE);

/// γ = ξ^((p - 1) / 6), by which the Frobenius map multiplies w: `w^p = ξ^((p - 1) / 6) w`.
pub(super) const GAMMA: Fq2 = XI.power(at_x([6, 6, 4, 1, 0]));

impl Fq2 {
    pub(crate) const ZERO: Self = Self::new(Fq::ZERO, Fq::ZERO);
    pub(crate) const ONE: Self = Self::new(Fq::ONE, Fq::ZERO);

    pub(crate) const fn new(c0: Fq, c1: Fq) -> Self {
        Self { c0, c1 }
    }

    pub(crate) const fn is_zero(&self) -> bool {
        self.c0.is_zero() && self.c1.is_zero()
    }

    #[inline]
    pub(super) const fn plus(&self, other: &Self) -> Self {
        Self::new(self.c0.plus(&other.c0), self.c1.plus(&other.c1))
    }

    #[inline]
    pub(super) const fn minus(&self, other: &Self) -> Self {
        Self::new(self.c0.minus(&other.c0), self.c1.minus(&other.c1))
    }

    #[inline]
    pub(super) const fn negated(&self) -> Self {
        Self::new(self.c0.negated(), self.c1.negated())
    }

    #[inline]
    pub(crate) const fn double(&self) -> Self {
        Self::new(self.c0.double(), self.c1.double())
    }

    #[inline]
    pub(super) const fn times(&self, other: &Self) -> Self {
        let [c0, c1] = Fq::times_pairs([&self.c0, &self.c1], [&other.c0, &other.c1]);
        Self::new(c0, c1)
    }

    /// `(a + b u)^2 = (a + b) (a - b) + 2 a b u`.
    #[inline]
    pub(crate) const fn square(&self) -> Self {
        let product = self.c0.times(&self.c1);
        Self::new(self.c0.plus(&self.c1).times(&self.c0.minus(&self.c1)), product.double())
    }

    /// The product with an element of Fq.
    #[inline]
    pub(super) const fn scaled(&self, factor: &Fq) -> Self {
        Self::new(self.c0.times(factor), self.c1.times(factor))
    }

    /// The product with ξ: `(a + b u) (9 + u) = 9 a - b + (9 b + a) u`.
    #[inline]
    pub(super) const fn times_xi(&self) -> Self {
        let nine = self.double().double().double().plus(self);
        Self::new(nine.c0.minus(&self.c1), nine.c1.plus(&self.c0))
    }

    /// `a - b u`. It is the Frobenius map of Fq2: `a^p + b^p u^p`, where p = 3 modulo 4.
    #[inline]
    pub(super) const fn conjugate(&self) -> Self {
        Self::new(self.c0, self.c1.negated())
    }

    /// `1 / (a + b u) = (a - b u) / (a^2 + b^2)`, if the element is not zero. No sum of two squares is zero else, since -1
    /// is no square.
    pub(crate) fn inverse(&self) -> Option<Self> {
        let norm = self.c0.square() + self.c1.square();
        norm.inverse().map(|inverse| self.conjugate().scaled(&inverse))
    }

    /// A power, for constants.
    const fn power(&self, exponent: Words) -> Self {
        let mut power = Self::ONE;
        let mut words: &[u64] = &exponent;
        while let [before @ .., word] = words {
            let mut bit = 1u64 << 63;
            while bit != 0 {
                power = power.square();
                if *word & bit != 0 {
                    power = power.times(self);
                }
                bit >>= 1;
            }
            words = before;
        }
        power
    }

    /// `3 / ξ = 3 ξ̄ / n`, the constant of the twisted curve, where the norm `n = ξ ξ̄` is in Fq: `1 / n = n^(p - 2)`.
    pub(super) const TWIST: Self = {
        let norm = XI.times(&XI.conjugate());
        let [low, p1, p2, p3] = Coordinates::MODULUS;
        // p is 3 modulo 4: this is p - 2.
        let inverse = norm.power([low ^ 2, p1, p2, p3]);
        XI.conjugate().times(&inverse).scaled(&Fq::of(3))
    };
}

operators::ring!([] Fq2);
operators::field!([] Fq2);
