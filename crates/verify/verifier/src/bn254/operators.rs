//! What fields have in common, and operators from functions: `a + b` is `a.plus(&b)`, and so on.

use std::fmt::Debug;
use std::ops::{Add, AddAssign, Mul, MulAssign, Neg, Sub};

/// What fields have in common.
pub(crate) trait Field:
    Copy
    + Debug
    + PartialEq
    + Add<Output = Self>
    + AddAssign
    + Sub<Output = Self>
    + Mul<Output = Self>
    + MulAssign
    + Neg<Output = Self>
{
    const ZERO: Self;
    const ONE: Self;

    fn square(&self) -> Self;
    fn double(&self) -> Self;
    fn is_zero(&self) -> bool;
    fn inverse(&self) -> Option<Self>;
}

/// Implements [`Field`] by the type's own functions.
macro_rules! field {
    ([$($bounds:tt)*] $type:ty) => {
        impl<$($bounds)*> $crate::bn254::operators::Field for $type {
            const ZERO: Self = Self::ZERO;
            const ONE: Self = Self::ONE;

            #[inline]
            fn square(&self) -> Self {
                self.square()
            }

            #[inline]
            fn double(&self) -> Self {
                self.double()
            }

            #[inline]
            fn is_zero(&self) -> bool {
                self.is_zero()
            }

            fn inverse(&self) -> Option<Self> {
                self.inverse()
            }
        }
    };
}
/// Implements one operator of two elements for a type, by value and by reference, with its assignment.
macro_rules! operator {
    ([$($bounds:tt)*] $type:ty: $trait:ident $method:ident $assign:ident $assign_method:ident $function:ident) => {
        impl<$($bounds)*> std::ops::$trait for $type {
            type Output = Self;

            #[inline(always)]
            fn $method(self, other: Self) -> Self {
                self.$function(&other)
            }
        }

        impl<$($bounds)*> std::ops::$trait<&Self> for $type {
            type Output = Self;

            #[inline(always)]
            fn $method(self, other: &Self) -> Self {
                self.$function(other)
            }
        }

        impl<$($bounds)*> std::ops::$assign for $type {
            #[inline(always)]
            fn $assign_method(&mut self, other: Self) {
                *self = self.$function(&other);
            }
        }

        impl<$($bounds)*> std::ops::$assign<&Self> for $type {
            #[inline(always)]
            fn $assign_method(&mut self, other: &Self) {
                *self = self.$function(other);
            }
        }
    };
}

/// Implements the operators of a ring, from its functions `plus`, `minus`, `times` and `negated`.
macro_rules! ring {
    ([$($bounds:tt)*] $type:ty) => {
        $crate::bn254::operators::operator!([$($bounds)*] $type: Add add AddAssign add_assign plus);
        $crate::bn254::operators::operator!([$($bounds)*] $type: Sub sub SubAssign sub_assign minus);
        $crate::bn254::operators::operator!([$($bounds)*] $type: Mul mul MulAssign mul_assign times);

        impl<$($bounds)*> std::ops::Neg for $type {
            type Output = Self;

            #[inline(always)]
            fn neg(self) -> Self {
                self.negated()
            }
        }
    };
}

pub(super) use {field, operator, ring};
