//! The evaluation domain: the powers of a root of unity ω of order n = 2^k, one for each row.

use crate::bn254::{Fr, invert_all};
use crate::challenge::X;
use crate::error::VerifyError;
use crate::field;

/// The rows of the domain, n = 2^k of them.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Rows {
    /// n - 1.
    last: i64,
}

impl Rows {
    /// 2^k rows, if that is a number.
    pub(crate) fn new(k: u32) -> Option<Self> {
        let last = 1i64.checked_shl(k)?.checked_sub(1).filter(|last| *last >= 0)?;
        Some(Self { last })
    }

    /// The row that a rotation reaches from row 0: the rotation modulo n, which is a power of two.
    pub(crate) fn reached(self, rotation: i64) -> i64 {
        rotation & self.last
    }
}

/// The point at which polynomials are opened.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Point {
    /// The point.
    pub(crate) x: Fr,
    /// `x^n`.
    pub(crate) xn: Fr,
}

/// The domain of 2^k rows.
#[derive(Debug, Clone)]
pub(crate) struct Domain {
    k: u32,
    omega: Fr,
    omega_inv: Fr,
    n_inv: Fr,
}

impl Domain {
    /// The domain of 2^k rows, for k up to 28.
    pub(crate) fn new(k: u32) -> Self {
        let omega = field::root_of_unity(k);
        let invert = |value: Fr| value.inverse().unwrap_or_default();
        Self { k, omega, omega_inv: invert(omega), n_inv: invert(Fr::from(2u64).pow([u64::from(k)])) }
    }

    /// The point with its power.
    pub(crate) fn point(&self, X(x): X) -> Point {
        let mut xn = x;
        for _ in 0..self.k {
            xn = xn.square();
        }
        Point { x, xn }
    }

    /// `ω^rotation · x`.
    pub(crate) fn rotate(&self, x: Fr, rotation: i64) -> Fr {
        let base = if rotation < 0 { self.omega_inv } else { self.omega };
        x * base.pow([rotation.unsigned_abs()])
    }

    /// The Lagrange polynomials of `len` consecutive rows, the first of them row `start` (modulo n), at x:
    ///
    /// ```text
    /// l_i(x) = (ω^i / n) · (x^n - 1) / (x - ω^i)
    /// ```
    ///
    /// (halo2 book, "Polynomials"). Refuses an x in the domain.
    pub(crate) fn lagrange(&self, Point { x, xn }: Point, start: i64, len: usize) -> Result<Vec<Fr>, VerifyError> {
        let vanishing = xn - Fr::ONE;
        if vanishing.is_zero() {
            return Err(VerifyError::DegenerateChallenge { challenge: "x" });
        }
        let mut row = self.rotate(Fr::ONE, start);
        let mut rows = Vec::with_capacity(len);
        for _ in 0..len {
            rows.push(row);
            row *= self.omega;
        }
        let mut values: Vec<Fr> = rows.iter().map(|row| x - row).collect();
        // No denominator is zero: x is not in the domain.
        invert_all(&mut values);
        let factor = vanishing * self.n_inv;
        for (value, row) in values.iter_mut().zip(&rows) {
            *value *= factor * row;
        }
        Ok(values)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lagrange_polynomials_interpolate() {
        let domain = Domain::new(4);
        let point = domain.point(X(Fr::from(12345u64)));
        let x = point.x;
        assert_eq!(point.xn, x.pow([16]));
        let all = domain.lagrange(point, -3, 16).unwrap();
        assert_eq!(all.iter().sum::<Fr>(), Fr::ONE);
        // The polynomial X^5 from its values on the domain.
        let value: Fr = (-3i64..13).zip(&all).map(|(row, l)| domain.rotate(Fr::ONE, row).pow([5]) * l).sum();
        assert_eq!(value, x.pow([5]));
    }

    #[test]
    fn a_point_of_the_domain_is_refused() {
        let domain = Domain::new(4);
        let x = domain.rotate(Fr::ONE, 3);
        let refused = domain.lagrange(domain.point(X(x)), 0, 1);
        assert_eq!(refused, Err(VerifyError::DegenerateChallenge { challenge: "x" }));
    }

    #[test]
    fn rotations_wrap_around() {
        let rows = Rows::new(3).unwrap();
        assert_eq!([0, 7, 8, -1, -8, -9, 17].map(|rotation| rows.reached(rotation)), [0, 7, 0, 7, 0, 7, 1]);
        assert!(Rows::new(63).is_none() && Rows::new(64).is_none());
    }
}
