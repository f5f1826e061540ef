//! How large a tensor's program is: the bits of its limbs, and where sums are cut into two words.

use vouch_program::Interval;
use vouch_verifier::{TensorSpec, Visibility};

use crate::DisclosureError;

/// Largest magnitude of a weight.
pub const MAX_WEIGHT: i64 = 1000;

/// Largest number of values of a tensor. A key states its number in a few bytes and the program has several products for each
/// value, so this bounds the work that a stranger's key can cause. Circuits for more values would have 2^20 rows.
pub const MAX_DISCLOSED: usize = 1 << 16;

/// Every integer s of a program is kept as two words, `s = high·2^d + low`, d = [`digit_bits`](Self::digit_bits): a word has 2·limb_bits bits, and
/// weighted sums have more.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Form {
    /// Number of values of the tensor.
    pub values: usize,
    /// Their bounds.
    pub bounds: Interval,
    /// Bits of a limb of the program.
    pub limb_bits: u8,
    /// Bits below the cut.
    pub digit_bits: u8,
    /// Largest magnitude of a high word.
    pub max_high: i64,
    /// Largest magnitude of a weighted sum.
    pub max_sum: i64,
}

impl Form {
    /// The smallest form in which every statement about the tensor has its words.
    ///
    /// With m values of magnitude at most X and weights of at most W:
    ///
    /// ```text
    /// a product        w·x = h·2^d + l,  −2^(d−1) ≤ l < 2^(d−1),  |h| ≤ floor(W·X / 2^d) + 1
    /// high words       |Σ h| and |floor(bound / 2^d)| ≤ m·(floor(W·X / 2^d) + 1) = max_high
    /// low words        |Σ l| + 2^(d−1) ≤ (m + 1)·2^(d−1),  the bound's are from 0 to 2^d − 1
    /// carry            |c| ≤ ((m + 1)·2^(d−1) + 2^d) / 2^d + 1 ≤ (m + 3)/2 + 1
    /// difference       at most 2·max_high + 1 + |c|
    /// ```
    ///
    /// All must be words: below 2^(2b−1), b = limb_bits.
    ///
    /// # Errors
    /// [`DisclosureError::NotHashed`], or [`DisclosureError::TooLarge`] if there is none, or more than [`MAX_DISCLOSED`] values.
    pub fn of(spec: &TensorSpec) -> Result<Self, DisclosureError> {
        let visibility = match spec.visibility {
            Visibility::Hashed => None,
            Visibility::Public => Some("public"),
            Visibility::Private => Some("private"),
        };
        if let Some(visibility) = visibility {
            return Err(DisclosureError::NotHashed { name: spec.name.clone(), visibility });
        }
        let magnitude = spec.min.unsigned_abs().max(spec.max.unsigned_abs());
        let too_large = |values| DisclosureError::TooLarge { name: spec.name.clone(), values, magnitude };
        let values = spec.values().ok_or_else(|| too_large(usize::MAX))?;
        if values > MAX_DISCLOSED {
            return Err(too_large(values));
        }
        let m = i128::try_from(values).unwrap_or(i128::MAX);
        let product = i128::from(magnitude).saturating_mul(i128::from(MAX_WEIGHT));
        let max_sum = i64::try_from(product.saturating_mul(m)).map_err(|_| too_large(values))?;
        let width = i128::from(spec.max) - i128::from(spec.min);
        for limb_bits in 4..=16u8 {
            let word = 1i128 << (2 * limb_bits - 1);
            if width < 0 || width >= 2 * word {
                continue;
            }
            for digit_bits in 1..2 * limb_bits {
                let max_high = m.saturating_mul((product >> digit_bits) + 1);
                let low = (m + 1).saturating_mul(1i128 << (digit_bits - 1));
                let difference = max_high.saturating_mul(2).saturating_add(1 + (m + 3) / 2 + 1);
                if low < word && difference < word {
                    let max_high = i64::try_from(max_high).map_err(|_| too_large(values))?;
                    let bounds = Interval::new(spec.min, spec.max);
                    return Ok(Self { values, bounds, limb_bits, digit_bits, max_high, max_sum });
                }
            }
        }
        Err(too_large(values))
    }

    /// The two words of a bound: floor(s / 2^d) and the rest.
    pub fn words(&self, s: i64) -> [i64; 2] {
        let high = s >> self.digit_bits;
        [high, s - (high << self.digit_bits)]
    }

    /// Number of public inputs: a weight for each value, and two words for each of two bounds.
    pub fn inputs(&self) -> usize {
        self.values + 4
    }

    /// Bounds of the words of a bound.
    pub(crate) fn word_bounds(&self) -> Interval {
        let largest = self.max_high.max((1i64 << self.digit_bits) - 1);
        Interval::new(-largest, largest)
    }
}
