//! The arithmetic of points. One whole token (`10^d` units) accrues `10^18` parts of a point an hour:
//!
//! ```text
//! scale(d)  = 10^(36 - d)                              one whole token weighs 10^36, whatever its decimals
//! gained    = balance * scale(d) * seconds             exact
//! accrued   = sum of gained                            exact
//! points    = floor(accrued / (3600 * 10^18)) - claimed
//! ```
//!
//! Only the last division rounds, and nothing is stored of it: `0 <= exact - points < 1`, in parts of `10^-18` points,
//! after any sequence of operations.

use alloy_primitives::U256;

/// How many decimals a token can have.
pub const MAX_DECIMALS: u8 = 36;

/// What `accrued` is divided by: `3600 * 10^18`.
pub const DENOMINATOR: U256 = U256::from_limbs([0x2809_3e61_ee40_0000, 0xc3, 0, 0]);

/// Why points cannot be computed. Neither can come from what the contract accepts.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[expect(missing_docs, reason = "the message of a variant says what its fields are")]
pub enum PointsError {
    /// The contract does not list such tokens.
    #[error("a token has {found} decimals, points are defined up to {most}", most = MAX_DECIMALS)]
    Decimals { found: u8 },
    /// The contract bounds balances so that this does not happen.
    #[error("points exceed 256 bits")]
    Overflow,
    /// More was claimed than there is.
    #[error("{claimed} points were claimed, but only {accrued} accrued")]
    Claimed { claimed: U256, accrued: U256 },
}

/// `10^(36 - decimals)`: what one unit of a token weighs.
///
/// # Errors
///
/// More than 36 decimals.
pub fn scale(decimals: u8) -> Result<U256, PointsError> {
    let exponent = MAX_DECIMALS.checked_sub(decimals).ok_or(PointsError::Decimals { found: decimals })?;
    Ok(U256::from(10).pow(U256::from(exponent)))
}

/// `balance * 10^(36 - decimals)`: what a balance adds to `accrued` in a second.
///
/// # Errors
///
/// More than 36 decimals, or more than 256 bits.
pub fn weight(balance: U256, decimals: u8) -> Result<U256, PointsError> {
    balance.checked_mul(scale(decimals)?).ok_or(PointsError::Overflow)
}

/// `weight * seconds`: what a constant weight adds to `accrued`.
///
/// # Errors
///
/// More than 256 bits.
pub fn gained(weight: U256, seconds: u64) -> Result<U256, PointsError> {
    weight.checked_mul(U256::from(seconds)).ok_or(PointsError::Overflow)
}

/// `floor(accrued / (3600 * 10^18)) - claimed`, in parts of `10^-18` points.
///
/// # Errors
///
/// More was claimed than accrued.
pub fn points(accrued: U256, claimed: U256) -> Result<U256, PointsError> {
    let accrued = accrued / DENOMINATOR;
    accrued.checked_sub(claimed).ok_or(PointsError::Claimed { claimed, accrued })
}

/// Points `seconds` after the moment at which `accrued` was read, while weights do not change: what a page shows as it
/// ticks. Seconds after the stop must not be counted.
///
/// # Errors
///
/// Those of [`gained`] and [`points`].
pub fn ticked(accrued: U256, weight: U256, seconds: u64, claimed: U256) -> Result<U256, PointsError> {
    points(accrued.checked_add(gained(weight, seconds)?).ok_or(PointsError::Overflow)?, claimed)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn ten(exponent: u64) -> U256 {
        U256::from(10).pow(U256::from(exponent))
    }

    #[test]
    fn the_denominator_is_an_hour_of_a_whole_token_in_parts() {
        assert_eq!(DENOMINATOR, U256::from(3600) * ten(18));
        for decimals in 0..=MAX_DECIMALS {
            let whole = ten(decimals.into());
            let accrued = gained(weight(whole, decimals).unwrap(), 3600).unwrap();
            assert_eq!(points(accrued, U256::ZERO).unwrap(), ten(18), "{decimals} decimals");
        }
    }

    #[test]
    fn what_the_contract_refuses_is_refused() {
        assert_eq!(scale(37), Err(PointsError::Decimals { found: 37 }));
        assert_eq!(weight(U256::MAX, 35), Err(PointsError::Overflow));
        assert_eq!(gained(U256::MAX, 2), Err(PointsError::Overflow));
        assert_eq!(ticked(U256::MAX, U256::ONE, 1, U256::ZERO), Err(PointsError::Overflow));
        assert!(matches!(points(DENOMINATOR, U256::from(2)), Err(PointsError::Claimed { .. })));
    }

    #[test]
    fn the_largest_deposits_fit() {
        // 32 tokens, the largest totals the contract accepts, all seconds of 48 bits.
        let most = weight(U256::from(u128::MAX), 18).unwrap();
        assert!(gained(most, (1 << 48) - 1).unwrap().checked_mul(U256::from(32)).is_some());
    }

    proptest! {
        /// However a time is cut, nothing is lost, and the result is below the exact one by less than one part.
        #[test]
        fn cuts_lose_nothing(balance: u128, decimals in 0_u8..=36, cuts in prop::collection::vec(0_u64..1 << 32, 1..50)) {
            let balance = U256::from(balance) / if decimals < 18 { ten(18 - u64::from(decimals)) } else { U256::ONE };
            let weight = weight(balance, decimals).unwrap();
            let total: u64 = cuts.iter().sum();
            let summed = cuts.iter().fold(U256::ZERO, |sum, cut| sum + gained(weight, *cut).unwrap());
            prop_assert_eq!(summed, gained(weight, total).unwrap());
            let points = points(summed, U256::ZERO).unwrap();
            prop_assert!(points * DENOMINATOR <= summed && summed - points * DENOMINATOR < DENOMINATOR);
            prop_assert_eq!(ticked(U256::ZERO, weight, total, U256::ZERO).unwrap(), points);
        }

        #[test]
        fn points_never_fall_with_time(weight: u128, a: u32, b: u32) {
            let at = |seconds| ticked(U256::ZERO, U256::from(weight), seconds, U256::ZERO).unwrap();
            prop_assert!(at(u64::from(a)) <= at(u64::from(a) + u64::from(b)));
        }
    }
}
