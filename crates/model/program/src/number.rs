//! The conversions between types of numbers, and powers of two. All else in this crate converts with `From` and `TryFrom`,
//! and does arithmetic that is checked, or bounded where it stands.

/// An index or a length as a `usize`.
#[expect(clippy::as_conversions, reason = "lossless: targets have 32 or 64 bits")]
pub(crate) const fn index(v: u32) -> usize {
    const { assert!(usize::BITS >= u32::BITS) };
    v as usize
}

/// A length as a `u32`; `u32::MAX`, which is more than any valid program has of anything, where it is longer.
pub(crate) fn count(len: usize) -> u32 {
    u32::try_from(len).unwrap_or(u32::MAX)
}

/// 2^e for e ≤ 62.
pub(crate) fn pow2(e: u32) -> i64 {
    1i64.checked_shl(e).filter(|v| *v > 0).unwrap_or(i64::MAX)
}
