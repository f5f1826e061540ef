//! Lanes, rows and sizes of a circuit: types whose arithmetic is defined here and nowhere else.
//!
//! Their operators check every result in every build profile and panic on overflow. No layout comes near:
//! [`CircuitParams::check`](crate::CircuitParams::check) allows 2^24 rows, 64 lanes of a kind and 4,096 weight columns before
//! anything is laid out, and a program's own numbers have 32 bits. So an overflow here is a fault of this crate, which must
//! end a key generation or a proof rather than lead to another circuit.

use std::{
    fmt,
    ops::{Add, AddAssign, Index, IndexMut, Mul, Sub},
};

/// Ends the process: there is no circuit whose sizes leave their type.
#[cold]
#[track_caller]
fn overflow() -> ! {
    panic!("a size of the circuit leaves its type")
}

#[track_caller]
fn plus(a: usize, b: usize) -> usize {
    a.checked_add(b).unwrap_or_else(|| overflow())
}

/// The number of a lane among those of its kind, from 0.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Lane(usize);

/// The number of a row, from 0 at the top.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Row(usize);

/// A number of rows, lanes, columns or values.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(crate) struct Count(usize);

/// A row of a lane.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct LaneRow {
    /// Which lane of its kind.
    pub lane: Lane,
    /// Which row of it.
    pub row: Row,
}

impl Lane {
    /// The lane with this number.
    pub const fn new(index: usize) -> Self {
        Self(index)
    }

    /// Its number.
    pub const fn index(self) -> usize {
        self.0
    }

    /// The lane after this one.
    pub(crate) fn next(self) -> Self {
        Self(plus(self.0, 1))
    }

    /// The lane before this one, if this is not the first.
    pub(crate) fn before(self) -> Option<Self> {
        self.0.checked_sub(1).map(Self)
    }
}

impl Row {
    /// The first row.
    pub const TOP: Self = Self(0);

    /// The row with this number.
    pub const fn new(index: usize) -> Self {
        Self(index)
    }

    /// Its number.
    pub const fn index(self) -> usize {
        self.0
    }

    /// The row above this one, if this is not the first.
    pub(crate) fn above(self) -> Option<Self> {
        self.0.checked_sub(1).map(Self)
    }

    /// The row that is `rows` rows above this one, if there is one.
    pub(crate) fn up(self, rows: usize) -> Option<Self> {
        self.0.checked_sub(rows).map(Self)
    }
}

/// The first `count` rows.
pub(crate) fn rows_to(count: usize) -> impl DoubleEndedIterator<Item = Row> + ExactSizeIterator {
    (0..count).map(Row)
}

/// Items with their rows, the first one in the first row.
pub(crate) fn in_rows<T>(items: impl IntoIterator<Item = T>) -> impl Iterator<Item = (Row, T)> {
    items.into_iter().enumerate().map(|(row, item)| (Row(row), item))
}

/// Items with their lanes.
pub(crate) fn in_lanes<T>(items: impl IntoIterator<Item = T>) -> impl Iterator<Item = (Lane, T)> {
    items.into_iter().enumerate().map(|(lane, item)| (Lane(lane), item))
}

/// The row that is so many rows below.
impl Add<usize> for Row {
    type Output = Self;

    #[track_caller]
    fn add(self, rows: usize) -> Self {
        Self(plus(self.0, rows))
    }
}

impl fmt::Display for Row {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl fmt::Display for Lane {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl PartialEq<usize> for Row {
    fn eq(&self, other: &usize) -> bool {
        self.0 == *other
    }
}

impl PartialEq<usize> for Lane {
    fn eq(&self, other: &usize) -> bool {
        self.0 == *other
    }
}

macro_rules! indexes {
    ($($index:ty),*) => {$(
        impl<T> Index<$index> for Vec<T> {
            type Output = T;

            fn index(&self, at: $index) -> &T {
                &self[at.0]
            }
        }

        impl<T> IndexMut<$index> for Vec<T> {
            fn index_mut(&mut self, at: $index) -> &mut T {
                &mut self[at.0]
            }
        }
    )*};
}

indexes!(Lane, Row);

impl Count {
    pub(crate) const fn new(count: usize) -> Self {
        Self(count)
    }

    pub(crate) const fn get(self) -> usize {
        self.0
    }

    /// Divided by a number that is not zero, rounded up. Nothing fills no lane: 0 by 0 is 0.
    pub(crate) fn div_ceil(self, by: usize) -> Self {
        Self(self.0.div_ceil(by.max(1)))
    }

    /// The difference, or zero where the other is larger.
    pub(crate) fn less(self, other: Self) -> Self {
        Self(self.0.saturating_sub(other.0))
    }
}

macro_rules! checked {
    ($($operator:ident, $method:ident, $checked:ident;)*) => {$(
        impl $operator for Count {
            type Output = Self;

            #[track_caller]
            fn $method(self, other: Self) -> Self {
                Self(self.0.$checked(other.0).unwrap_or_else(|| overflow()))
            }
        }

        impl $operator<usize> for Count {
            type Output = Self;

            #[track_caller]
            fn $method(self, other: usize) -> Self {
                $operator::$method(self, Self(other))
            }
        }

        impl $operator<Count> for usize {
            type Output = Count;

            #[track_caller]
            fn $method(self, other: Count) -> Count {
                $operator::$method(Count(self), other)
            }
        }
    )*};
}

checked! {
    Add, add, checked_add;
    Sub, sub, checked_sub;
    Mul, mul, checked_mul;
}

impl AddAssign<usize> for Count {
    #[track_caller]
    fn add_assign(&mut self, other: usize) {
        *self = *self + other;
    }
}

impl std::iter::Sum<usize> for Count {
    fn sum<I: Iterator<Item = usize>>(items: I) -> Self {
        items.fold(Self(0), Add::add)
    }
}

#[cfg(test)]
mod tests {
    use std::panic::catch_unwind;

    use super::*;

    #[test]
    fn sums_and_products_that_leave_their_type_are_refused() {
        let most = Count::new(usize::MAX);
        assert!(catch_unwind(|| most + 1).is_err());
        assert!(catch_unwind(|| 1 + most).is_err());
        assert!(catch_unwind(|| most * 2).is_err());
        assert!(catch_unwind(|| Count::new(1) - 2).is_err());
        assert!(catch_unwind(|| Row::new(usize::MAX) + 1).is_err());
        assert!(catch_unwind(|| Lane::new(usize::MAX).next()).is_err());
        assert!(catch_unwind(|| [usize::MAX, 1].into_iter().sum::<Count>()).is_err());
    }

    #[test]
    fn rows_and_sizes_are_numbers() {
        assert_eq!(2 * Count::new(3) + 4 - Count::new(1), Count::new(9));
        assert_eq!((Row::TOP + 5).up(2), Some(Row::new(3)));
        assert_eq!((Row::TOP.above(), Row::new(1).up(2), Lane::default().before()), (None, None, None));
        assert_eq!(Count::new(0).div_ceil(0), Count::default());
        assert_eq!(Count::new(7).div_ceil(3).less(Count::new(5)), Count::default());
    }
}
