//! The conversions between types of numbers. All else in this crate converts with `From` and `TryFrom`.

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

/// A number of limbs, bits or sums of a pack, which is small in every layout.
pub(crate) fn small(v: usize) -> u32 {
    u32::try_from(v).unwrap_or(u32::MAX)
}

/// A number for estimates, rounded where it has more than 53 bits.
#[expect(clippy::as_conversions, reason = "estimates are rounded")]
pub(crate) const fn real(v: usize) -> f64 {
    v as f64
}

/// 2^e for e ≤ 62.
pub(crate) fn pow2(e: u32) -> i64 {
    1i64.checked_shl(e).filter(|v| *v > 0).unwrap_or(i64::MAX)
}
