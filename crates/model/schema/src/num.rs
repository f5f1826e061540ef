//! Lossless conversions between integer types that the standard library has no `From` for.

/// An index or a length as a `usize`.
#[expect(clippy::as_conversions, reason = "lossless: targets have 32 or 64 bits")]
pub const fn index(value: u32) -> usize {
    const { assert!(usize::BITS >= u32::BITS) };
    value as usize
}

/// A length as a 64-bit number.
#[expect(clippy::as_conversions, reason = "lossless: targets have 32 or 64 bits")]
pub const fn wide(len: usize) -> u64 {
    const { assert!(usize::BITS <= u64::BITS) };
    len as u64
}
