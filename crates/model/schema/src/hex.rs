//! Lower-case hexadecimal text.

use thiserror::Error;

/// Why a text is not the hexadecimal form of some bytes.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[expect(missing_docs, reason = "the message of a variant says what its fields are")]
pub enum HexError {
    /// The text has a wrong number of digits.
    #[error("expected {expected} hexadecimal digits, got {got}")]
    Length { expected: usize, got: usize },
    /// A character is not a lower-case hexadecimal digit.
    #[error("character {offset} is not a lower-case hexadecimal digit: got `{got}`")]
    Digit { offset: usize, got: char },
}

const DIGITS: &[u8; 16] = b"0123456789abcdef";

fn digit(nibble: u8) -> char {
    DIGITS.get(usize::from(nibble)).map_or('0', |&digit| char::from(digit))
}

/// Writes `bytes` with two digits each.
pub fn encode(bytes: &[u8]) -> String {
    bytes.iter().flat_map(|byte| [digit(byte >> 4), digit(byte & 0xf)]).collect()
}

fn nibble(text: u8, offset: usize) -> Result<u8, HexError> {
    DIGITS
        .iter()
        .zip(0u8..)
        .find_map(|(&digit, value)| (digit == text).then_some(value))
        .ok_or(HexError::Digit { offset, got: char::from(text) })
}

/// Reads text of two lower-case digits a byte.
pub fn decode(text: &str) -> Result<Vec<u8>, HexError> {
    let (pairs, odd) = text.as_bytes().as_chunks::<2>();
    if !odd.is_empty() {
        return Err(HexError::Length { expected: text.len().next_multiple_of(2), got: text.len() });
    }
    pairs
        .iter()
        .zip((0usize..).step_by(2))
        .map(|(&[high, low], offset)| Ok((nibble(high, offset)? << 4) | nibble(low, offset | 1)?))
        .collect()
}

/// Reads the text of exactly `N` bytes.
pub fn decode_array<const N: usize>(text: &str) -> Result<[u8; N], HexError> {
    let expected = const { size_of::<[[u8; 2]; N]>() };
    let length = || HexError::Length { expected, got: text.len() };
    if text.len() != expected {
        return Err(length());
    }
    decode(text)?.try_into().map_err(|_| length())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hexadecimal_is_lower_case_and_even() {
        assert_eq!(encode(&[0, 0xa5, 0xff]), "00a5ff");
        assert_eq!(decode("00a5ff"), Ok(vec![0, 0xa5, 0xff]));
        assert_eq!(decode("00A5"), Err(HexError::Digit { offset: 2, got: 'A' }));
        assert_eq!(decode("0"), Err(HexError::Length { expected: 2, got: 1 }));
        assert_eq!(decode_array::<2>("00"), Err(HexError::Length { expected: 4, got: 2 }));
        assert_eq!(decode_array::<2>("00zz"), Err(HexError::Digit { offset: 2, got: 'z' }));
    }
}
