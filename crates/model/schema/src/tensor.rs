//! One tensor: what its integers stand for, and what a proof shows of them.

use std::fmt;
use std::str::FromStr;

use thiserror::Error;

use crate::num::index;

/// Largest number of values of a tensor, and of all public values in one section of an envelope.
pub const MAX_VALUES: usize = 1 << 20;

/// What a proof shows of a tensor.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(feature = "serde", serde(rename_all = "lowercase"))]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub enum Visibility {
    /// The values are public values of the proof.
    #[default]
    Public,
    /// The proof publishes a salted hash of the values. Only holders of the salt can compare it with values.
    Hashed,
    /// The proof shows nothing of the values.
    Private,
}

impl Visibility {
    const ALL: [Self; 3] = [Self::Public, Self::Hashed, Self::Private];

    fn as_str(self) -> &'static str {
        match self {
            Self::Public => "public",
            Self::Hashed => "hashed",
            Self::Private => "private",
        }
    }

    /// How many public values a tensor of `len` values has.
    pub fn public_values(self, len: usize) -> usize {
        match self {
            Self::Public => len,
            Self::Hashed => 1,
            Self::Private => 0,
        }
    }
}

impl fmt::Display for Visibility {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// A word that is not a visibility.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[error("expected public, hashed or private, got `{0}`")]
pub struct UnknownVisibility(pub String);

impl FromStr for Visibility {
    type Err = UnknownVisibility;

    fn from_str(text: &str) -> Result<Self, UnknownVisibility> {
        Self::ALL.into_iter().find(|own| own.as_str() == text).ok_or_else(|| UnknownVisibility(text.to_owned()))
    }
}

/// Real numbers that are not values of a tensor.
#[derive(Debug, Clone, PartialEq, Error)]
#[expect(missing_docs, reason = "the message of a variant says what its fields are")]
pub enum ValueError {
    /// The tensor has another number of values.
    #[error("`{name}`: expected {expected} values, got {got}")]
    Count {
        name: String,
        expected: usize,
        /// The tensor's axes.
        shape: Vec<u32>,
        got: usize,
    },
    /// A value is NaN or infinite.
    #[error("`{name}`[{index}]: {value} is not a finite number")]
    NotFinite {
        name: String,
        /// Position in the tensor, in row-major order.
        index: usize,
        value: f64,
    },
    /// The integer of a value is outside the bounds of the tensor.
    #[error("`{name}`[{index}]: {value} is not from {min} to {max}")]
    Range {
        name: String,
        /// Position in the tensor, in row-major order.
        index: usize,
        /// The value, in the tensor's unit.
        value: f64,
        min: f64,
        max: f64,
    },
}

/// A tensor of integers, with the real numbers that they stand for: `real = integer / scale`.
#[derive(Debug, Clone, PartialEq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct TensorSpec {
    /// Name in the model.
    pub name: String,
    /// Length of each axis; values are in row-major order.
    pub shape: Vec<u32>,
    /// Unit of the real numbers, for people; may be empty.
    pub unit: String,
    /// Integers in one unit: a positive finite number.
    pub scale: f64,
    /// Smallest integer allowed. Text in JSON.
    #[cfg_attr(feature = "serde", serde(with = "integer"))]
    pub min: i64,
    /// Largest integer allowed. Text in JSON.
    #[cfg_attr(feature = "serde", serde(with = "integer"))]
    pub max: i64,
    /// What a proof shows of it.
    #[cfg_attr(feature = "serde", serde(default))]
    pub visibility: Visibility,
}

impl TensorSpec {
    /// Number of values: the product of the axes. A product that does not fit is `usize::MAX`, which no list has.
    pub fn size(&self) -> usize {
        let times = |product: Option<usize>, &axis: &u32| match axis {
            0 => Some(0),
            axis => product?.checked_mul(index(axis)),
        };
        self.shape.iter().fold(Some(1), times).unwrap_or(usize::MAX)
    }

    /// Number of values, if it is at most [`MAX_VALUES`], as in every key and envelope.
    pub fn values(&self) -> Option<usize> {
        let product = self.shape.iter().try_fold(1u64, |product, &axis| product.checked_mul(u64::from(axis)));
        product.and_then(|count| usize::try_from(count).ok()).filter(|&count| count <= MAX_VALUES)
    }

    /// Whether an integer is within the bounds.
    pub fn contains(&self, integer: i64) -> bool {
        (self.min..=self.max).contains(&integer)
    }

    /// The real number that an integer stands for, in the tensor's unit.
    pub fn real(&self, integer: i64) -> f64 {
        to_f64(integer) / self.scale
    }

    /// Smallest and largest real number allowed, in the tensor's unit.
    pub fn range(&self) -> (f64, f64) {
        (self.real(self.min), self.real(self.max))
    }

    /// The integer that stands for a real number: `round(real * scale)`, halves away from zero. `None` if the number is
    /// not finite or the integer is outside the bounds.
    pub fn integer(&self, real: f64) -> Option<i64> {
        let rounded = (real * self.scale).round();
        // A number beyond 64 bits is not the bound that a conversion would make of it. NaN is in no range.
        let exact = (-TWO_63..TWO_63).contains(&rounded);
        exact.then(|| to_i64(rounded)).filter(|&integer| self.contains(integer))
    }

    /// The integers that stand for all real numbers of the tensor, in row-major order: `round(real * scale)`.
    ///
    /// # Errors
    /// [`ValueError`] for another number of values than the shape has, and for the first value that is not finite or out
    /// of range.
    pub fn quantize(&self, reals: &[f64]) -> Result<Vec<i64>, ValueError> {
        let (name, expected, got) = (|| self.name.clone(), self.size(), reals.len());
        if expected != got {
            return Err(ValueError::Count { name: name(), expected, shape: self.shape.clone(), got });
        }
        let quantized = reals.iter().enumerate().map(|(index, &value)| {
            if !value.is_finite() {
                return Err(ValueError::NotFinite { name: name(), index, value });
            }
            let (min, max) = self.range();
            self.integer(value).ok_or_else(|| ValueError::Range { name: name(), index, value, min, max })
        });
        quantized.collect()
    }
}

const TWO_63: f64 = 9_223_372_036_854_775_808.0;

/// The nearest real number.
#[expect(clippy::as_conversions, reason = "rounded to 53 bits, as real numbers are")]
fn to_f64(integer: i64) -> f64 {
    integer as f64
}

/// A whole number from -2^63 to below 2^63.
#[expect(clippy::as_conversions, reason = "exact in this range")]
fn to_i64(whole: f64) -> i64 {
    whole as i64
}

/// Integers in JSON are text, because a JSON number above 2^53 is not exact in JavaScript; numbers are read as well.
#[cfg(feature = "serde")]
mod integer {
    use std::fmt;

    use serde::de::{Error, Visitor};
    use serde::{Deserialize, Deserializer, Serializer};

    pub(super) fn serialize<S: Serializer>(value: &i64, serializer: S) -> Result<S::Ok, S::Error> {
        if serializer.is_human_readable() { serializer.collect_str(value) } else { serializer.serialize_i64(*value) }
    }

    pub(super) fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<i64, D::Error> {
        if deserializer.is_human_readable() {
            deserializer.deserialize_any(Integer)
        } else {
            i64::deserialize(deserializer)
        }
    }

    struct Integer;

    impl Visitor<'_> for Integer {
        type Value = i64;

        fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
            f.write_str("an integer of 64 bits, as a number or as text")
        }

        fn visit_i64<E: Error>(self, value: i64) -> Result<i64, E> {
            Ok(value)
        }

        fn visit_u64<E: Error>(self, value: u64) -> Result<i64, E> {
            i64::try_from(value).map_err(E::custom)
        }

        fn visit_str<E: Error>(self, text: &str) -> Result<i64, E> {
            text.parse().map_err(E::custom)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn spec(scale: f64, min: i64, max: i64) -> TensorSpec {
        let (name, unit) = ("x".to_owned(), String::new());
        TensorSpec { name, shape: vec![3], unit, scale, min, max, visibility: Visibility::Public }
    }

    #[test]
    fn words_are_visibilities() {
        for visibility in Visibility::ALL {
            assert_eq!(visibility.to_string().parse(), Ok(visibility));
        }
        assert_eq!("Public".parse::<Visibility>(), Err(UnknownVisibility("Public".into())));
    }

    #[test]
    fn sizes_do_not_overflow() {
        let of = |shape: &[u32]| TensorSpec { shape: shape.to_vec(), ..spec(1.0, 0, 0) };
        assert_eq!((of(&[]).size(), of(&[2, 3]).size(), of(&[2, 0]).size()), (1, 6, 0));
        assert_eq!((of(&[1 << 20]).values(), of(&[(1 << 20) + 1]).values()), (Some(MAX_VALUES), None));
        assert_eq!((of(&[u32::MAX; 4]).size(), of(&[u32::MAX; 4]).values()), (usize::MAX, None));
    }

    #[test]
    fn numbers_are_rounded_and_checked() {
        let spec = spec(10.0, -10, 25);
        assert_eq!(spec.quantize(&[0.0, 0.25, -0.25]), Ok(vec![0, 3, -3]));
        assert_eq!(spec.quantize(&[2.54, -1.049, 1.0]), Ok(vec![25, -10, 10]));
        assert_eq!((spec.real(25), spec.range()), (2.5, (-1.0, 2.5)));
        let count = ValueError::Count { name: "x".into(), expected: 3, shape: vec![3], got: 2 };
        assert_eq!(spec.quantize(&[0.0; 2]), Err(count));
        let range = ValueError::Range { name: "x".into(), index: 2, value: 2.55, min: -1.0, max: 2.5 };
        assert_eq!(spec.quantize(&[0.0, 0.0, 2.55]), Err(range));
        for value in [f64::NAN, f64::INFINITY, f64::NEG_INFINITY] {
            assert!(matches!(spec.quantize(&[0.0, value, 0.0]), Err(ValueError::NotFinite { index: 1, .. })));
            assert_eq!(spec.integer(value), None);
        }
    }

    /// No number beyond 64 bits is taken for the largest integer.
    #[test]
    fn numbers_beyond_integers_are_refused() {
        let all = spec(2.0, i64::MIN, i64::MAX);
        for value in [1e300, -1e300, f64::MAX, TWO_63 / 2.0] {
            assert!(matches!(all.quantize(&[value; 3]), Err(ValueError::Range { index: 0, .. })), "{value}");
        }
        assert_eq!(all.integer(-TWO_63 / 2.0), Some(i64::MIN));
        // The product is not finite, and the bounds are not met.
        assert_eq!(spec(1e300, i64::MIN, i64::MAX).integer(1e300), None);
    }

    proptest! {
        #[test]
        fn an_integer_stands_for_itself(integer in -(1i64 << 50)..1 << 50, bits in 0i32..20) {
            let spec = spec(2f64.powi(bits), i64::MIN, i64::MAX);
            prop_assert_eq!(spec.integer(spec.real(integer)), Some(integer));
        }

        #[test]
        fn integers_are_the_nearest(real in -1e6..1e6, scale in 1e-3..1e6) {
            let spec = spec(scale, i64::MIN, i64::MAX);
            let integer = spec.integer(real).unwrap();
            prop_assert!((integer as f64 - real * scale).abs() <= 0.5);
        }
    }
}
