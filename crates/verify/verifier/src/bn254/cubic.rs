//! Fq6: `a + b v + c v^2` over Fq2, where `v^3 = ξ`.

use super::operators;
use super::quadratic::Fq2;

/// An element `c0 + c1 v + c2 v^2`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub(super) struct Fq6 {
    pub(super) c0: Fq2,
    pub(super) c1: Fq2,
    pub(super) c2: Fq2,
}

impl Fq6 {
    pub(super) const ZERO: Self = Self::new(Fq2::ZERO, Fq2::ZERO, Fq2::ZERO);
    pub(super) const ONE: Self = Self::new(Fq2::ONE, Fq2::ZERO, Fq2::ZERO);

    pub(super) const fn new(c0: Fq2, c1: Fq2, c2: Fq2) -> Self {
        Self { c0, c1, c2 }
    }

    pub(super) fn plus(&self, other: &Self) -> Self {
        Self::new(self.c0 + other.c0, self.c1 + other.c1, self.c2 + other.c2)
    }

    pub(super) fn minus(&self, other: &Self) -> Self {
        Self::new(self.c0 - other.c0, self.c1 - other.c1, self.c2 - other.c2)
    }

    pub(super) fn negated(&self) -> Self {
        Self::new(-self.c0, -self.c1, -self.c2)
    }

    pub(super) fn double(&self) -> Self {
        self.plus(self)
    }

    /// Six products by Karatsuba's method (Devegili, Ó hÉigeartaigh, Scott, Dahab, *Multiplication and squaring on
    /// pairing-friendly fields*, <https://eprint.iacr.org/2006/471>, section 4).
    pub(super) fn times(&self, other: &Self) -> Self {
        let (Self { c0: a0, c1: a1, c2: a2 }, Self { c0: b0, c1: b1, c2: b2 }) = (*self, *other);
        let (low, middle, high) = (a0 * b0, a1 * b1, a2 * b2);
        Self::new(
            low + ((a1 + a2) * (b1 + b2) - middle - high).times_xi(),
            (a0 + a1) * (b0 + b1) - low - middle + high.times_xi(),
            (a0 + a2) * (b0 + b2) - low - high + middle,
        )
    }

    /// The product with `b0 + b1 v`: five products.
    pub(super) fn times_sparse(&self, b0: &Fq2, b1: &Fq2) -> Self {
        let Self { c0: a0, c1: a1, c2: a2 } = *self;
        let (low, middle) = (a0 * b0, a1 * b1);
        Self::new(
            low + ((a1 + a2) * b1 - middle).times_xi(),
            (a0 + a1) * (*b0 + b1) - low - middle,
            (a0 + a2) * b0 - low + middle,
        )
    }

    /// The product with v.
    pub(super) fn times_v(&self) -> Self {
        Self::new(self.c2.times_xi(), self.c0, self.c1)
    }

    /// `1 / a`, if a is not zero: the product of the two other conjugates over Fq2 and the inverse of the norm (Beuchat
    /// and others, <https://eprint.iacr.org/2010/354>, algorithm 17).
    pub(super) fn inverse(&self) -> Option<Self> {
        let Self { c0: a0, c1: a1, c2: a2 } = *self;
        let others =
            Self::new(a0.square() - (a1 * a2).times_xi(), a2.square().times_xi() - a0 * a1, a1.square() - a0 * a2);
        let norm = a0 * others.c0 + (a2 * others.c1 + a1 * others.c2).times_xi();
        let inverse = norm.inverse()?;
        Some(Self::new(others.c0 * inverse, others.c1 * inverse, others.c2 * inverse))
    }
}

operators::ring!([] Fq6);
