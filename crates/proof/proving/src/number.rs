//! Conversions between types of numbers, without loss.

#![cfg_attr(not(test), deny(clippy::arithmetic_side_effects, clippy::as_conversions))]

/// An index or a length as a `usize`.
#[expect(clippy::as_conversions, reason = "lossless: targets have 32 or 64 bits")]
pub(crate) const fn index(v: u32) -> usize {
    const { assert!(usize::BITS >= u32::BITS) };
    v as usize
}

/// A length as a `u64`.
#[expect(clippy::as_conversions, reason = "lossless: targets have 32 or 64 bits")]
pub(crate) const fn long(v: usize) -> u64 {
    const { assert!(usize::BITS <= u64::BITS) };
    v as u64
}
