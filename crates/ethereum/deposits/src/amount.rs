use alloy_primitives::U256;

/// Why a text is not an amount of a token.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[expect(missing_docs, reason = "the message of a variant says what its fields are")]
pub enum AmountError {
    /// There is nothing.
    #[error("enter an amount")]
    Empty,
    /// A character that amounts do not have: signs, exponents and separators among them.
    #[error("`{found}` is not part of an amount (character {position})")]
    Character {
        found: char,
        /// Where, counted from 1.
        position: usize,
    },
    /// A second decimal point, or no digit at all.
    #[error("an amount has digits and at most one decimal point")]
    Malformed,
    /// More decimals than the token has.
    #[error("the token has {most} decimals, this amount has {found}")]
    Decimals {
        /// How many the amount has, without zeros at its end.
        found: usize,
        most: u8,
    },
    /// Nothing at all.
    #[error("the amount is zero")]
    Zero,
    /// More than 256 bits of units.
    #[error("the amount is too large")]
    TooLarge,
}

/// Parses a decimal amount of a token into its units: `1.5` with 18 decimals is `1500000000000000000`. Exact; zeros at
/// the end are no decimals.
///
/// # Errors
///
/// Says what is wrong with the text, and where.
pub fn parse_amount(text: &str, decimals: u8) -> Result<U256, AmountError> {
    let text = text.trim();
    if text.is_empty() {
        return Err(AmountError::Empty);
    }
    if let Some((index, found)) = text.chars().enumerate().find(|(_, c)| !c.is_ascii_digit() && *c != '.') {
        return Err(AmountError::Character { found, position: index + 1 });
    }
    let (whole, fraction) = text.split_once('.').unwrap_or((text, ""));
    if fraction.contains('.') || (whole.is_empty() && fraction.is_empty()) {
        return Err(AmountError::Malformed);
    }
    let fraction = fraction.trim_end_matches('0');
    let missing = usize::from(decimals)
        .checked_sub(fraction.len())
        .ok_or(AmountError::Decimals { found: fraction.len(), most: decimals })?;
    let digits = whole.bytes().chain(fraction.bytes()).chain(std::iter::repeat_n(b'0', missing));
    let units = digits
        .map(|digit| U256::from(digit - b'0'))
        .try_fold(U256::ZERO, |sum, digit| sum.checked_mul(U256::from(10))?.checked_add(digit))
        .ok_or(AmountError::TooLarge)?;
    if units.is_zero() { Err(AmountError::Zero) } else { Ok(units) }
}

/// Writes units as a decimal amount, exactly and without zeros at its end.
#[must_use]
pub fn format_amount(units: U256, decimals: u8) -> String {
    let decimals = usize::from(decimals);
    let digits = format!("{:0>width$}", units.to_string(), width = decimals + 1);
    let (whole, fraction) = digits.split_at(digits.len() - decimals);
    match fraction.trim_end_matches('0') {
        "" => whole.to_owned(),
        fraction => format!("{whole}.{fraction}"),
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn units(text: &str, decimals: u8) -> Result<u128, AmountError> {
        parse_amount(text, decimals).map(|units| units.to())
    }

    #[test]
    fn amounts_are_exact() {
        assert_eq!(units("1.5", 18), Ok(1_500_000_000_000_000_000));
        assert_eq!(units("0.000000000000000001", 18), Ok(1));
        assert_eq!(units(" 007.10 ", 1), Ok(71));
        assert_eq!(units(".5", 6), Ok(500_000));
        assert_eq!(units("5.", 6), Ok(5_000_000));
        assert_eq!(units("3", 0), Ok(3));
        assert_eq!(units("3.000", 0), Ok(3));
    }

    #[test]
    fn malformed_amounts_are_refused_with_the_reason() {
        assert_eq!(units("", 18), Err(AmountError::Empty));
        assert_eq!(units(".", 18), Err(AmountError::Malformed));
        assert_eq!(units("1.2.3", 18), Err(AmountError::Malformed));
        assert_eq!(units("1,5", 18), Err(AmountError::Character { found: ',', position: 2 }));
        assert_eq!(units("-1", 18), Err(AmountError::Character { found: '-', position: 1 }));
        assert_eq!(units("1e18", 18), Err(AmountError::Character { found: 'e', position: 2 }));
        assert_eq!(units("0.1234567", 6), Err(AmountError::Decimals { found: 7, most: 6 }));
        assert_eq!(units("0.00", 6), Err(AmountError::Zero));
        assert_eq!(units(&"9".repeat(78), 0), Err(AmountError::TooLarge));
        assert_eq!(units("1", 255), Err(AmountError::TooLarge));
    }

    proptest! {
        #[test]
        fn what_is_written_is_read(limbs: [u64; 4], decimals in 0_u8..=77) {
            let units = U256::from_limbs(limbs).max(U256::ONE);
            prop_assert_eq!(parse_amount(&format_amount(units, decimals), decimals), Ok(units));
        }

        #[test]
        fn nothing_panics(text: String, decimals: u8) {
            let _ = parse_amount(&text, decimals);
        }
    }
}
