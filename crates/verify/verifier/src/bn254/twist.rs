//! G2 as a subgroup of the twisted curve, and the Frobenius map on it.
//!
//! The twist is the map from the twisted curve to the curve over Fq12
//!
//! ```text
//! (x, y) -> (x w^2, y w^3)
//! ```

use super::group::{Affine, G2Affine, Jacobian};
use super::integer::{Words, at_x};
use super::quadratic::{Fq2, GAMMA};

/// γ^2 and γ^3.
const GAMMA_2: Fq2 = GAMMA.square();
const GAMMA_3: Fq2 = GAMMA.times(&GAMMA_2);

impl G2Affine {
    /// ψ: the Frobenius map of the curve over Fq12, between the twist and its inverse (Galbraith, Scott, *Exponentiation in
    /// pairing-friendly groups using homomorphisms*, <https://eprint.iacr.org/2008/117>). Since `w^p = γ w`,
    ///
    /// ```text
    /// ψ(x, y) = (x̄ γ^2, ȳ γ^3)
    /// ```
    pub(super) fn frobenius(&self) -> Self {
        Affine { x: self.x.conjugate() * GAMMA_2, y: self.y.conjugate() * GAMMA_3 }
    }

    /// Whether a point of the twisted curve is in G2: `ψ(P) = [6 x^2] P` (El Housni, Guillevic, Piellard, *Co-factor clearing
    /// and subgroup membership testing on pairing-friendly curves*, <https://eprint.iacr.org/2022/352>, section 4.3). On G2, ψ
    /// multiplies by p, which is 6 x^2 modulo r.
    pub(crate) fn is_in_subgroup(&self) -> bool {
        const SIX_X_SQUARED: Words = at_x([6, 0, 0]);
        Jacobian::multiple(self, &SIX_X_SQUARED) == Jacobian::from(self.frobenius())
    }
}
