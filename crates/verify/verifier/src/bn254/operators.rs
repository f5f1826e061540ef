//! Operators from functions: `a + b` is `a.plus(&b)`, and so on.

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

pub(super) use {operator, ring};
