//! Byte cursors that never panic and accept one encoding of each value only.

use thiserror::Error;
use vouch_schema::num::wide;

/// Why a [`Reader`] stopped. Offsets count from the start of the input.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[expect(missing_docs, reason = "the message of a variant says what its fields are")]
pub enum CursorError {
    /// The input ended inside a field.
    #[error("input ends at byte {offset}: expected {expected} more bytes, got {got}")]
    Truncated { offset: usize, expected: usize, got: usize },
    /// A variable-length integer has a longer encoding than it needs.
    #[error("integer at byte {offset} is not in its shortest encoding")]
    NonMinimal { offset: usize },
    /// A variable-length integer does not fit its type.
    #[error("integer at byte {offset} does not fit {bits} bits")]
    Overflow { offset: usize, bits: u32 },
    /// A length or count is above its limit.
    #[error("{what} at byte {offset}: expected at most {limit}, got {got}")]
    TooLong {
        /// What is counted.
        what: &'static str,
        offset: usize,
        limit: u64,
        got: u64,
    },
    /// A string is not UTF-8.
    #[error("{what} at byte {offset} is not UTF-8")]
    NotUtf8 { what: &'static str, offset: usize },
    /// Bytes follow the last field.
    #[error("{got} bytes follow the last field, which ends at byte {offset}")]
    Trailing { offset: usize, got: usize },
}

impl CursorError {
    /// A short name of the kind of error, fixed, for programs.
    pub fn code(&self) -> &'static str {
        match self {
            Self::Truncated { .. } => "truncated",
            Self::NonMinimal { .. } => "integer-not-minimal",
            Self::Overflow { .. } => "integer-overflow",
            Self::TooLong { .. } => "too-long",
            Self::NotUtf8 { .. } => "not-utf8",
            Self::Trailing { .. } => "trailing-bytes",
        }
    }
}

/// Reads fields from a byte slice.
#[derive(Debug, Clone)]
pub struct Reader<'a> {
    bytes: &'a [u8],
    /// Length of the whole input.
    len: usize,
}

impl<'a> Reader<'a> {
    /// A reader at the start of `bytes`.
    pub fn new(bytes: &'a [u8]) -> Self {
        Self { bytes, len: bytes.len() }
    }

    /// How many bytes have been read.
    pub fn offset(&self) -> usize {
        // What is left is a part of the input.
        self.len.abs_diff(self.bytes.len())
    }

    /// How many bytes are left.
    pub fn remaining(&self) -> usize {
        self.bytes.len()
    }

    /// Reads `len` bytes.
    pub fn take(&mut self, len: usize) -> Result<&'a [u8], CursorError> {
        let Some((head, tail)) = self.bytes.split_at_checked(len) else {
            return Err(CursorError::Truncated { offset: self.offset(), expected: len, got: self.bytes.len() });
        };
        self.bytes = tail;
        Ok(head)
    }

    /// Reads `N` bytes.
    pub fn array<const N: usize>(&mut self) -> Result<[u8; N], CursorError> {
        let Some((head, tail)) = self.bytes.split_first_chunk::<N>() else {
            return Err(CursorError::Truncated { offset: self.offset(), expected: N, got: self.bytes.len() });
        };
        self.bytes = tail;
        Ok(*head)
    }

    /// Reads one byte.
    pub fn u8(&mut self) -> Result<u8, CursorError> {
        self.array::<1>().map(u8::from_le_bytes)
    }

    /// Reads a 16-bit integer.
    pub fn u16(&mut self) -> Result<u16, CursorError> {
        self.array().map(u16::from_le_bytes)
    }

    /// Reads a 32-bit integer.
    pub fn u32(&mut self) -> Result<u32, CursorError> {
        self.array().map(u32::from_le_bytes)
    }

    /// Reads a 64-bit integer.
    pub fn u64(&mut self) -> Result<u64, CursorError> {
        self.array().map(u64::from_le_bytes)
    }

    /// Reads an unsigned LEB128 integer of at most 64 bits, in its shortest encoding.
    pub fn varint(&mut self) -> Result<u64, CursorError> {
        let offset = self.offset();
        let mut value = 0u64;
        for shift in (0u32..).step_by(7) {
            let byte = self.u8()?;
            let low = u64::from(byte & 0x7f);
            // The tenth byte holds the 64th bit alone; an eleventh cannot exist.
            let part = low.checked_shl(shift).filter(|part| part.checked_shr(shift) == Some(low));
            value |= part.ok_or(CursorError::Overflow { offset, bits: u64::BITS })?;
            if byte & 0x80 == 0 {
                if byte == 0 && shift > 0 {
                    return Err(CursorError::NonMinimal { offset });
                }
                return Ok(value);
            }
        }
        Err(CursorError::Overflow { offset, bits: u64::BITS })
    }

    /// Reads an unsigned LEB128 integer of at most 32 bits.
    pub fn varint_u32(&mut self) -> Result<u32, CursorError> {
        let offset = self.offset();
        u32::try_from(self.varint()?).map_err(|_| CursorError::Overflow { offset, bits: u32::BITS })
    }

    /// Reads a signed integer: LEB128 of its zigzag code (0, -1, 1, -2, ... are 0, 1, 2, 3, ...).
    pub fn zigzag(&mut self) -> Result<i64, CursorError> {
        let code = self.varint()?;
        let magnitude = (code >> 1).cast_signed();
        Ok(if code & 1 == 0 { magnitude } else { !magnitude })
    }

    /// Reads a signed integer of at most 32 bits in zigzag code.
    pub fn zigzag_i32(&mut self) -> Result<i32, CursorError> {
        let offset = self.offset();
        i32::try_from(self.zigzag()?).map_err(|_| CursorError::Overflow { offset, bits: i32::BITS })
    }

    /// Reads a LEB128 count of items that take at least `item_bytes` bytes each, refusing more than `limit` and more
    /// than the input can hold, so that a caller may allocate for it.
    pub fn count(&mut self, what: &'static str, limit: usize, item_bytes: usize) -> Result<usize, CursorError> {
        let offset = self.offset();
        let got = self.varint()?;
        self.check_count(what, offset, got, limit, item_bytes)
    }

    /// As [`Reader::count`], for a count of 4 bytes.
    pub fn count_u32(&mut self, what: &'static str, limit: usize, item_bytes: usize) -> Result<usize, CursorError> {
        let offset = self.offset();
        let got = u64::from(self.u32()?);
        self.check_count(what, offset, got, limit, item_bytes)
    }

    fn check_count(
        &self,
        what: &'static str,
        offset: usize,
        got: u64,
        limit: usize,
        item_bytes: usize,
    ) -> Result<usize, CursorError> {
        let too_long = || CursorError::TooLong { what, offset, limit: wide(limit), got };
        let count = usize::try_from(got).map_err(|_| too_long())?;
        if count > limit {
            return Err(too_long());
        }
        let bytes = count.checked_mul(item_bytes);
        // A product that does not fit is beyond all inputs.
        let expected = bytes.unwrap_or(usize::MAX);
        if expected > self.remaining() {
            return Err(CursorError::Truncated { offset: self.offset(), expected, got: self.remaining() });
        }
        Ok(count)
    }

    /// Reads a string: LEB128 length, then UTF-8.
    pub fn string(&mut self, what: &'static str, limit: usize) -> Result<&'a str, CursorError> {
        let len = self.count(what, limit, 1)?;
        let offset = self.offset();
        str::from_utf8(self.take(len)?).map_err(|_| CursorError::NotUtf8 { what, offset })
    }

    /// Ends the reading: nothing may be left.
    pub fn finish(self) -> Result<(), CursorError> {
        match self.bytes.len() {
            0 => Ok(()),
            got => Err(CursorError::Trailing { offset: self.offset(), got }),
        }
    }
}

/// Writes fields in the encodings that [`Reader`] accepts.
#[derive(Debug, Clone, Default)]
pub struct Writer {
    bytes: Vec<u8>,
}

impl Writer {
    /// An empty writer.
    pub fn new() -> Self {
        Self::default()
    }

    /// Writes bytes as they are.
    pub fn raw(&mut self, bytes: &[u8]) {
        self.bytes.extend_from_slice(bytes);
    }

    /// Writes one byte.
    pub fn u8(&mut self, value: u8) {
        self.bytes.push(value);
    }

    /// Writes a 16-bit integer.
    pub fn u16(&mut self, value: u16) {
        self.raw(&value.to_le_bytes());
    }

    /// Writes a 32-bit integer.
    pub fn u32(&mut self, value: u32) {
        self.raw(&value.to_le_bytes());
    }

    /// Writes a 64-bit integer.
    pub fn u64(&mut self, value: u64) {
        self.raw(&value.to_le_bytes());
    }

    /// Writes an unsigned integer in LEB128.
    pub fn varint(&mut self, mut value: u64) {
        loop {
            let [low, ..] = value.to_le_bytes();
            value >>= 7;
            if value == 0 {
                return self.u8(low & 0x7f);
            }
            self.u8(low | 0x80);
        }
    }

    /// Writes a signed integer in zigzag LEB128.
    pub fn zigzag(&mut self, value: i64) {
        self.varint(((value << 1) ^ (value >> 63)).cast_unsigned());
    }

    /// Writes a count in LEB128.
    pub fn count(&mut self, count: usize) {
        self.varint(wide(count));
    }

    /// Writes a string: LEB128 length, then UTF-8.
    pub fn string(&mut self, value: &str) {
        self.count(value.len());
        self.raw(value.as_bytes());
    }

    /// The bytes written.
    pub fn into_bytes(self) -> Vec<u8> {
        self.bytes
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn varint_refuses_longer_encodings() {
        for bytes in [&[0x80, 0x00][..], &[0xff, 0x80, 0x00]] {
            assert_eq!(Reader::new(bytes).varint(), Err(CursorError::NonMinimal { offset: 0 }));
        }
    }

    #[test]
    fn varint_refuses_more_than_64_bits() {
        let mut bytes = [0xff; 11];
        assert_eq!(Reader::new(&bytes).varint(), Err(CursorError::Overflow { offset: 0, bits: 64 }));
        bytes[9] = 0x02;
        assert_eq!(Reader::new(&bytes).varint(), Err(CursorError::Overflow { offset: 0, bits: 64 }));
        bytes[9] = 0x01;
        assert_eq!(Reader::new(&bytes).varint(), Ok(u64::MAX));
        assert_eq!(Reader::new(&bytes).varint_u32(), Err(CursorError::Overflow { offset: 0, bits: 32 }));
    }

    #[test]
    fn counts_are_refused_before_allocation() {
        let mut writer = Writer::new();
        writer.u32(5);
        writer.raw(&[0; 19]);
        let bytes = writer.into_bytes();
        let count = |limit, item| Reader::new(&bytes).count_u32("items", limit, item);
        assert_eq!(count(5, 3), Ok(5));
        assert_eq!(count(4, 3), Err(CursorError::TooLong { what: "items", offset: 0, limit: 4, got: 5 }));
        assert_eq!(count(5, 4), Err(CursorError::Truncated { offset: 4, expected: 20, got: 19 }));
    }

    #[test]
    fn strings_are_utf8_and_nothing_trails() {
        let mut reader = Reader::new(&[2, 0xc3, 0x28, 9]);
        assert_eq!(reader.string("name", 8), Err(CursorError::NotUtf8 { what: "name", offset: 1 }));
        assert_eq!(reader.finish(), Err(CursorError::Trailing { offset: 3, got: 1 }));
    }

    proptest! {
        #[test]
        fn integers_round_trip(unsigned: u64, signed: i64) {
            let mut writer = Writer::new();
            writer.varint(unsigned);
            writer.zigzag(signed);
            let bytes = writer.into_bytes();
            let mut reader = Reader::new(&bytes);
            prop_assert_eq!(reader.varint(), Ok(unsigned));
            prop_assert_eq!(reader.zigzag(), Ok(signed));
            prop_assert_eq!(reader.finish(), Ok(()));
            for len in 0..bytes.len() {
                let mut reader = Reader::new(&bytes[..len]);
                let both = reader.varint().and_then(|_| reader.zigzag());
                let truncated = matches!(both, Err(CursorError::Truncated { .. }));
                prop_assert!(truncated);
            }
        }

        #[test]
        fn a_varint_has_one_encoding(bytes in proptest::collection::vec(any::<u8>(), 0..12)) {
            let mut reader = Reader::new(&bytes);
            if let Ok(value) = reader.varint() {
                let mut writer = Writer::new();
                writer.varint(value);
                prop_assert_eq!(writer.into_bytes(), bytes[..reader.offset()].to_vec());
            }
        }
    }
}
