//! Constants of gates, compactly: most are small integers or powers of two, and their negatives.

use vouch_envelope::{CursorError, Reader, Writer};

use crate::bn254::{Fr, exponent_of_two};
use crate::field;

/// How a constant is written. Each constant has one form.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Form {
    /// A small integer, in zigzag code.
    Small(i64),
    /// 2^exponent.
    PowerOfTwo(u8),
    /// -2^exponent.
    NegativePowerOfTwo(u8),
    /// Any other scalar: 32 bytes.
    Full([u8; 32]),
}

/// Powers of two below this one are written as small integers: they take one byte.
const FIRST_POWER: u8 = 7;

impl Form {
    /// The form of a scalar, given by its bytes, which may be those of none.
    pub(super) fn of(bytes: &[u8; 32]) -> Self {
        let Some(scalar) = field::from_canonical(bytes) else {
            return Self::Full(*bytes);
        };
        let power = |scalar: Fr| exponent_of_two(&scalar.to_words()).filter(|exponent| *exponent >= FIRST_POWER);
        if let Some(exponent) = power(scalar) {
            return Self::PowerOfTwo(exponent);
        }
        if let Some(exponent) = power(-scalar) {
            return Self::NegativePowerOfTwo(exponent);
        }
        let small = |scalar: Fr| match scalar.to_words() {
            [low, 0, 0, 0] => i64::try_from(low).ok(),
            _ => None,
        };
        if let Some(value) = small(scalar) {
            return Self::Small(value);
        }
        small(-scalar).and_then(i64::checked_neg).map_or(Self::Full(*bytes), Self::Small)
    }

    /// The scalar's bytes.
    pub(super) fn to_bytes(self) -> [u8; 32] {
        match self {
            Self::Small(value) => field::to_bytes(&field::from_i64(value)),
            Self::PowerOfTwo(exponent) => field::to_bytes(&field::power_of_two(exponent)),
            Self::NegativePowerOfTwo(exponent) => field::to_bytes(&-field::power_of_two(exponent)),
            Self::Full(bytes) => bytes,
        }
    }

    /// Writes what follows the code of the form.
    pub(super) fn write(self, writer: &mut Writer) {
        match self {
            Self::Small(value) => writer.zigzag(value),
            Self::PowerOfTwo(exponent) | Self::NegativePowerOfTwo(exponent) => writer.u8(exponent),
            Self::Full(bytes) => writer.raw(&bytes),
        }
    }

    /// Reads the form that `make` makes of an exponent.
    pub(super) fn read_power(reader: &mut Reader<'_>, make: fn(u8) -> Self) -> Result<Self, CursorError> {
        reader.u8().map(make)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn form(scalar: Fr) -> Form {
        Form::of(&field::to_bytes(&scalar))
    }

    #[test]
    fn constants_have_compact_forms() {
        assert_eq!(form(Fr::from(0u64)), Form::Small(0));
        assert_eq!(form(Fr::from(64u64)), Form::Small(64));
        assert_eq!(form(Fr::from(128u64)), Form::PowerOfTwo(7));
        assert_eq!(form(-Fr::from(1u64 << 20)), Form::NegativePowerOfTwo(20));
        assert_eq!(form(field::power_of_two(253)), Form::PowerOfTwo(253));
        assert_eq!(form(-Fr::from(5u64)), Form::Small(-5));
        assert!(matches!(form(Fr::from(u64::MAX)), Form::Full(_)));
        assert_eq!(form(-Fr::from(u64::MAX >> 1)), Form::Small(-i64::MAX));
    }

    proptest! {
        #[test]
        fn forms_keep_the_scalar(low: u64, high: u64, shift in 0u8..=253, small: i64) {
            let scalars =
                [Fr::from(low) + Fr::from(high) * field::power_of_two(180), field::power_of_two(shift), field::from_i64(small)];
            for scalar in scalars.into_iter().flat_map(|scalar| [scalar, -scalar]) {
                prop_assert_eq!(form(scalar).to_bytes(), field::to_bytes(&scalar));
            }
        }
    }
}
