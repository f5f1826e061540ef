//! Bytes and numbers as Ethereum's JSON-RPC writes them.

use serde_json::Value;

use crate::failure::ChainFailure;

/// Bytes, from hexadecimal with `0x`.
///
/// # Errors
/// [`ChainFailure::Malformed`].
pub fn bytes(text: &str) -> Result<Vec<u8>, ChainFailure> {
    let wrong =
        || ChainFailure::Malformed(format!("“{}” is not hexadecimal", text.chars().take(20).collect::<String>()));
    let digits = text.strip_prefix("0x").ok_or_else(wrong)?;
    if digits.len() % 2 != 0 || !digits.bytes().all(|digit| digit.is_ascii_hexdigit()) {
        return Err(wrong());
    }
    let byte = |at: usize| digits.get(at..at + 2).and_then(|pair| u8::from_str_radix(pair, 16).ok()).ok_or_else(wrong);
    (0..digits.len()).step_by(2).map(byte).collect()
}

/// A number, from hexadecimal with `0x`.
///
/// # Errors
/// [`ChainFailure::Malformed`].
pub fn number(value: &Value) -> Result<u64, ChainFailure> {
    let digits = value.as_str().and_then(|text| text.strip_prefix("0x"));
    let digits = digits.filter(|digits| digits.bytes().all(|digit| digit.is_ascii_hexdigit()));
    let parsed = digits.and_then(|digits| u64::from_str_radix(digits, 16).ok());
    parsed.ok_or_else(|| ChainFailure::Malformed(format!("{value} is not a number")))
}

/// Hexadecimal with `0x`.
pub fn hexadecimal(bytes: &[u8]) -> String {
    bytes.iter().fold("0x".to_owned(), |mut text, byte| {
        text.push_str(&format!("{byte:02x}"));
        text
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn bytes_are_read_and_written() {
        assert_eq!(bytes("0x00fF"), Ok(vec![0, 255]));
        assert_eq!((bytes("0x"), hexadecimal(&[0, 255])), (Ok(vec![]), "0x00ff".to_owned()));
        for wrong in ["", "00", "0x0", "0xg0", "0x+1", "0xäö"] {
            let said = bytes(wrong).unwrap_err();
            assert_eq!(said, ChainFailure::Malformed(format!("“{wrong}” is not hexadecimal")));
        }
    }

    #[test]
    fn numbers_are_read() {
        assert_eq!(number(&json!("0x10")), Ok(16));
        assert_eq!(number(&json!("0xffffffffffffffff")), Ok(u64::MAX));
        for wrong in [json!(16), json!("16"), json!("0x"), json!("0x+1"), json!("0x10000000000000000"), json!(null)] {
            assert!(number(&wrong).is_err(), "{wrong}");
        }
    }
}
