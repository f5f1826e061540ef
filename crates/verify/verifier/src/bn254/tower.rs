//! Fq12: `a + b w` over Fq6, where `w^2 = v`, so that `w^6 = ξ`.

use super::cubic::Fq6;
use super::operators;
use super::quadratic::{Fq2, GAMMA};

/// An element `c0 + c1 w`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Fq12 {
    pub(super) c0: Fq6,
    pub(super) c1: Fq6,
}

impl Fq12 {
    pub(super) const ONE: Self = Self::new(Fq6::ONE, Fq6::ZERO);

    pub(super) const fn new(c0: Fq6, c1: Fq6) -> Self {
        Self { c0, c1 }
    }

    /// Three products by Karatsuba's method.
    pub(super) fn times(&self, other: &Self) -> Self {
        let (Self { c0: a0, c1: a1 }, Self { c0: b0, c1: b1 }) = (*self, *other);
        let (low, high) = (a0 * b0, a1 * b1);
        Self::new(low + high.times_v(), (a0 + a1) * (b0 + b1) - low - high)
    }

    /// `(a + b w)^2 = (a + b) (a + b v) - a b - a b v + 2 a b w`.
    pub(super) fn square(&self) -> Self {
        let Self { c0: a, c1: b } = *self;
        let product = a * b;
        Self::new((a + b) * (a + b.times_v()) - product - product.times_v(), product.double())
    }

    /// The product with `1 + (b0 + b1 v) w`, the form of the lines of the pairing: ten products in Fq2.
    pub(super) fn times_line(&self, b0: &Fq2, b1: &Fq2) -> Self {
        let Self { c0, c1 } = *self;
        Self::new(c0 + c1.times_sparse(b0, b1).times_v(), c1 + c0.times_sparse(b0, b1))
    }

    /// `a - b w`: the power `p^6`, and the inverse of an element whose norm over Fq6 is one.
    pub(super) fn conjugate(&self) -> Self {
        Self::new(self.c0, -self.c1)
    }

    /// `1 / (a + b w) = (a - b w) / (a^2 - b^2 v)`, if the element is not zero.
    pub(super) fn inverse(&self) -> Option<Self> {
        let Self { c0: a, c1: b } = *self;
        let inverse = (a * a - (b * b).times_v()).inverse()?;
        Some(Self::new(a * inverse, -(b * inverse)))
    }

    /// The coefficients of 1, w, w^2, ..., w^5.
    fn coefficients(&self) -> [Fq2; 6] {
        let Self { c0: even, c1: odd } = *self;
        [even.c0, odd.c0, even.c1, odd.c1, even.c2, odd.c2]
    }

    fn of_coefficients([c0, c1, c2, c3, c4, c5]: [Fq2; 6]) -> Self {
        Self::new(Fq6::new(c0, c2, c4), Fq6::new(c1, c3, c5))
    }

    /// The power p: `(Σ c_i w^i)^p = Σ c̄_i γ^i w^i`.
    pub(super) fn frobenius(&self) -> Self {
        let mut factor = Fq2::ONE;
        Self::of_coefficients(self.coefficients().map(|coefficient| {
            let image = coefficient.conjugate() * factor;
            factor *= GAMMA;
            image
        }))
    }

    /// The square of an element whose power `p^4 - p^2 + 1` is one (Granger, Scott, *Faster squaring in the cyclotomic
    /// subgroup of sixth degree extensions*, <https://eprint.iacr.org/2009/565>, section 3.2). With `y = w^3`, of which the
    /// square is ξ, and elements of Fq4 = Fq2[y]:
    ///
    /// ```text
    /// (a + b w + c w^2)^2 = 3 a^2 - 2 ā + (3 y c^2 + 2 b̄) w + (3 b^2 - 2 c̄) w^2
    /// ```
    pub(super) fn cyclotomic_square(&self) -> Self {
        let [a0, b0, c0, a1, b1, c1] = self.coefficients();
        let (a, b, c) = (square_of_quartic(&a0, &a1), square_of_quartic(&b0, &b1), square_of_quartic(&c0, &c1));
        // 3 s - 2 t and 3 s + 2 t
        let minus = |s: Fq2, t: Fq2| (s - t).double() + s;
        let plus = |s: Fq2, t: Fq2| (s + t).double() + s;
        Self::of_coefficients([
            minus(a.0, a0),
            plus(c.1.times_xi(), b0),
            minus(b.0, c0),
            plus(a.1, a1),
            minus(c.0, b1),
            plus(b.1, c1),
        ])
    }
}

/// `(a + b y)^2 = a^2 + ξ b^2 + ((a + b)^2 - a^2 - b^2) y`, where `y^2 = ξ`.
fn square_of_quartic(a: &Fq2, b: &Fq2) -> (Fq2, Fq2) {
    let (low, high) = (a.square(), b.square());
    (low + high.times_xi(), (*a + b).square() - low - high)
}

operators::operator!([] Fq12: Mul mul MulAssign mul_assign times);
