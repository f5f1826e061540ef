//! Points of the curves `y^2 = x^3 + b`, over Fq (G1) and over Fq2 (G2).
//!
//! The formulas are those of the *Explicit-Formulas Database* (<https://www.hyperelliptic.org/EFD/g1p/auto-shortw-jacobian-0.html>)
//! that are named.

use std::iter::Sum;
use std::ops::Neg;

use super::field::Fq;
use super::integer::{Words, digits};
use super::inversion::invert_all;
use super::operators::{self, Field};
use super::quadratic::Fq2;

/// The field of a curve's coordinates.
pub(crate) trait Coordinate: Field {
    /// The curve's constant b.
    const B: Self;
}

impl Coordinate for Fq {
    const B: Self = Self::of(3);
}

impl Coordinate for Fq2 {
    const B: Self = Self::TWIST;
}

/// A point in affine coordinates. The identity is (0, 0), which is on neither curve.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Affine<F> {
    pub(crate) x: F,
    pub(crate) y: F,
}

/// A point of G1. Its order is prime, so every point of the curve is in the group.
pub(crate) type G1Affine = Affine<Fq>;
/// A point of the twisted curve. The points of order r are G2.
pub(crate) type G2Affine = Affine<Fq2>;

impl<F: Coordinate> Affine<F> {
    pub(crate) const IDENTITY: Self = Self { x: F::ZERO, y: F::ZERO };

    pub(crate) fn is_identity(&self) -> bool {
        self.x.is_zero() && self.y.is_zero()
    }

    /// `x^3 + b`: the square of y for a point of the curve.
    pub(crate) fn right_side(x: F) -> F {
        x.square() * x + F::B
    }
}

/// Rise and run of the line through two points, or of the tangent of one. The run is zero for points that are equal or
/// opposite; for a tangent it is not, since no point has y = 0.
pub(crate) fn direction<F: Coordinate>(a: &Affine<F>, b: Option<&Affine<F>>) -> (F, F) {
    match b {
        Some(b) => (b.y - a.y, b.x - a.x),
        None => {
            let square = a.x.square();
            (square.double() + square, a.y.double())
        }
    }
}

#[cfg(test)]
impl<F: Coordinate> Affine<F> {
    /// Whether the point is the identity or on the curve.
    pub(crate) fn is_on_curve(&self) -> bool {
        self.is_identity() || self.y.square() == Self::right_side(self.x)
    }
}

impl G1Affine {
    pub(crate) const GENERATOR: Self = Self { x: Fq::of(1), y: Fq::of(2) };
}

impl<F: Coordinate> Neg for Affine<F> {
    type Output = Self;

    fn neg(self) -> Self {
        Self { x: self.x, y: -self.y }
    }
}

/// A point in Jacobian coordinates: `(X / Z^2, Y / Z^3)`; the identity has Z = 0.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Jacobian<F> {
    x: F,
    y: F,
    z: F,
}

/// A point of G1.
pub(crate) type G1 = Jacobian<Fq>;

impl<F: Coordinate> From<Affine<F>> for Jacobian<F> {
    fn from(point: Affine<F>) -> Self {
        if point.is_identity() { Self::IDENTITY } else { Self { x: point.x, y: point.y, z: F::ONE } }
    }
}

impl<F: Coordinate> Jacobian<F> {
    pub(crate) const IDENTITY: Self = Self { x: F::ONE, y: F::ONE, z: F::ZERO };

    /// Twice the point: "dbl-2009-l". No point but the identity becomes the identity, since no point has y = 0.
    pub(crate) fn double(&self) -> Self {
        let (a, b) = (self.x.square(), self.y.square());
        let c = b.square();
        let d = ((self.x + b).square() - a - c).double();
        let e = a.double() + a;
        let x = e.square() - d.double();
        Self { x, y: e * (d - x) - c.double().double().double(), z: (self.y * self.z).double() }
    }

    /// The sum with a point in affine coordinates: "madd-2007-bl".
    pub(crate) fn add_affine(&self, other: &Affine<F>) -> Self {
        if other.is_identity() {
            return *self;
        }
        if self.z.is_zero() {
            return Self::from(*other);
        }
        let zz = self.z.square();
        let h = other.x * zz - self.x;
        let r = (other.y * self.z * zz - self.y).double();
        if h.is_zero() {
            return if r.is_zero() { self.double() } else { Self::IDENTITY };
        }
        let hh = h.square();
        let i = hh.double().double();
        let (j, v) = (h * i, self.x * i);
        let x = r.square() - j - v.double();
        Self { x, y: r * (v - x) - (self.y * j).double(), z: (self.z + h).square() - zz - hh }
    }

    /// The sum: "add-2007-bl".
    pub(super) fn plus(&self, other: &Self) -> Self {
        if self.z.is_zero() {
            return *other;
        }
        if other.z.is_zero() {
            return *self;
        }
        let (zz1, zz2) = (self.z.square(), other.z.square());
        let (u1, s1) = (self.x * zz2, self.y * other.z * zz2);
        let h = other.x * zz1 - u1;
        let r = (other.y * self.z * zz1 - s1).double();
        if h.is_zero() {
            return if r.is_zero() { self.double() } else { Self::IDENTITY };
        }
        let i = h.double().square();
        let (j, v) = (h * i, u1 * i);
        let x = r.square() - j - v.double();
        let z = ((self.z + other.z).square() - zz1 - zz2) * h;
        Self { x, y: r * (v - x) - (s1 * j).double(), z }
    }

    /// In affine coordinates.
    pub(crate) fn to_affine(self) -> Affine<F> {
        self.scaled(self.z.inverse().unwrap_or(F::ZERO))
    }

    /// Many points in affine coordinates, with one inversion.
    pub(super) fn all_to_affine(points: &[Self]) -> Vec<Affine<F>> {
        let mut inverses: Vec<F> = points.iter().map(|point| point.z).collect();
        invert_all(&mut inverses);
        points.iter().zip(inverses).map(|(point, inverse)| point.scaled(inverse)).collect()
    }

    /// The affine coordinates, from 1 / Z, or from 0 for the identity.
    fn scaled(&self, inverse: F) -> Affine<F> {
        let square = inverse.square();
        Affine { x: self.x * square, y: self.y * square * inverse }
    }

    /// `n P`, by doublings and additions, for n below 2^255.
    pub(crate) fn multiple(point: &Affine<F>, n: &Words) -> Self {
        let negative = -*point;
        digits(n, 2).into_iter().rev().fold(Self::IDENTITY, |sum, digit| match digit {
            0 => sum.double(),
            1.. => sum.double().add_affine(point),
            _ => sum.double().add_affine(&negative),
        })
    }
}

/// Equality of the points: `X1 Z2^2 = X2 Z1^2`, `Y1 Z2^3 = Y2 Z1^3`.
impl<F: Coordinate> PartialEq for Jacobian<F> {
    fn eq(&self, other: &Self) -> bool {
        if self.z.is_zero() || other.z.is_zero() {
            return self.z.is_zero() == other.z.is_zero();
        }
        let (zz1, zz2) = (self.z.square(), other.z.square());
        self.x * zz2 == other.x * zz1 && self.y * other.z * zz2 == other.y * self.z * zz1
    }
}

operators::operator!([F: Coordinate] Jacobian<F>: Add add AddAssign add_assign plus);

impl<F: Coordinate> Sum for Jacobian<F> {
    fn sum<I: Iterator<Item = Self>>(points: I) -> Self {
        points.fold(Self::IDENTITY, |sum, point| sum + point)
    }
}
