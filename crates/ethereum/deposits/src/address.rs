use alloy_primitives::Address;

/// Why a text is not an address.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[expect(missing_docs, reason = "the message of a variant says what its fields are")]
pub enum AddressError {
    /// It does not start with `0x`.
    #[error("an address starts with 0x")]
    Prefix,
    /// It does not have 40 digits.
    #[error("an address has 40 hexadecimal digits after 0x, this has {found}")]
    Length {
        /// How many characters follow `0x`.
        found: usize,
    },
    /// One character is not a hexadecimal digit.
    #[error("`{found}` is not a hexadecimal digit (character {position})")]
    Digit {
        found: char,
        /// Where, counted from 1, with `0x`.
        position: usize,
    },
    /// Upper and lower case are not as EIP-55 has them: most likely a digit is wrong.
    #[error("the checksum of the address is wrong: check it, or copy it again")]
    Checksum {
        /// How the same digits are spelled.
        expected: String,
    },
    /// The zero address, which nobody owns.
    #[error("the zero address belongs to nobody")]
    Zero,
}

/// Parses an address. All lower or all upper case has no checksum, and is taken; mixed case must be that of EIP-55.
///
/// # Errors
///
/// Says what is wrong with the text, and where.
pub fn parse_address(text: &str) -> Result<Address, AddressError> {
    let digits = text.trim().strip_prefix("0x").ok_or(AddressError::Prefix)?;
    if let Some((index, found)) = digits.chars().enumerate().find(|(_, c)| !c.is_ascii_hexdigit()) {
        return Err(AddressError::Digit { found, position: index + 3 });
    }
    if digits.len() != 40 {
        return Err(AddressError::Length { found: digits.len() });
    }
    let address: Address = digits.parse().map_err(|_| AddressError::Length { found: digits.len() })?;
    let mixed = digits.contains(|c: char| c.is_ascii_lowercase()) && digits.contains(|c: char| c.is_ascii_uppercase());
    let expected = address.to_checksum(None);
    if mixed && expected[2..] != *digits {
        return Err(AddressError::Checksum { expected });
    }
    if address.is_zero() { Err(AddressError::Zero) } else { Ok(address) }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// From EIP-55 itself.
    const SPELLED: [&str; 4] = [
        "0x5aAeb6053F3E94C9b9A09f33669435E7Ef1BeAed",
        "0xfB6916095ca1df60bB79Ce92cE3Ea74c37c5d359",
        "0xdbF03B407c01E7cD3CBea99509d93f8DDDC8C6FB",
        "0xD1220A0cf47c7B9Be7A2E6BA89F429762e7b9aDb",
    ];

    #[test]
    fn spellings_of_the_standard_are_taken() {
        for text in SPELLED {
            let address = parse_address(text).unwrap();
            assert_eq!(address.to_checksum(None), text);
            assert_eq!(parse_address(&text.to_lowercase()), Ok(address));
            assert_eq!(parse_address(&format!(" 0x{} ", text[2..].to_uppercase())), Ok(address));
        }
    }

    #[test]
    fn every_digit_in_the_wrong_case_is_noticed() {
        for text in SPELLED {
            for at in 2..text.len() {
                let mut bytes = text.as_bytes().to_vec();
                bytes[at] ^= if bytes[at].is_ascii_alphabetic() { 0x20 } else { 0 };
                let changed = String::from_utf8(bytes).unwrap();
                if changed != text {
                    assert_eq!(parse_address(&changed), Err(AddressError::Checksum { expected: text.to_owned() }));
                }
            }
        }
    }

    #[test]
    fn malformed_texts_are_refused_with_the_reason() {
        assert_eq!(parse_address(""), Err(AddressError::Prefix));
        assert_eq!(parse_address(&SPELLED[0][2..]), Err(AddressError::Prefix));
        assert_eq!(parse_address("0x12"), Err(AddressError::Length { found: 2 }));
        assert_eq!(parse_address(&format!("{}0", SPELLED[0])), Err(AddressError::Length { found: 41 }));
        assert_eq!(parse_address("0x5g"), Err(AddressError::Digit { found: 'g', position: 4 }));
        assert_eq!(parse_address("vouch.eth"), Err(AddressError::Prefix));
        assert_eq!(parse_address(&format!("0x{}", "0".repeat(40))), Err(AddressError::Zero));
    }

    proptest! {
        #[test]
        fn nothing_panics(text: String) {
            let _ = parse_address(&text);
            let _ = parse_address(&format!("0x{text}"));
        }
    }
}
