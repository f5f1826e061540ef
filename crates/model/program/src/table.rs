//! Piecewise linear functions.

use serde::{Deserialize, Serialize};

use crate::{
    Interval,
    number::{count, index, pow2},
};

/// One segment: `f(r) = base + slope · (r mod 2^b)`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Segment {
    /// Value at the segment's left end.
    pub base: i64,
    /// Increase for each step of r.
    pub slope: i64,
}

impl Segment {
    /// The value at a fraction f < 2^b. Exact in a valid program, where |base| + 2^b·|slope| < 2^60.
    fn at(self, fraction: i64) -> i64 {
        self.base.saturating_add(self.slope.saturating_mul(fraction))
    }
}

/// A piecewise linear function of a signed 2b-bit integer r, with segments of 2^b integers (b = the program's `limb_bits`):
///
/// ```text
/// i = floor(r / 2^b),  f = r mod 2^b,  value = base[i − first] + slope[i − first] · f
/// ```
///
/// No rounding follows, so the value is exact. Segments outside `first .. first + segments.len()` are outside the
/// domain.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Table {
    /// For messages and reports.
    pub name: String,
    /// Integers a unit of the argument, for messages.
    pub scale: f64,
    /// Index of the first segment, ≥ −2^(b−1).
    pub first: i32,
    /// At most 2^b of them.
    pub segments: Vec<Segment>,
}

impl Table {
    /// The value at r, or `None` outside the domain.
    pub fn eval(&self, r: i64, limb_bits: u32) -> Option<i64> {
        let index = (r >> limb_bits).checked_sub(i64::from(self.first))?;
        let segment = self.segments.get(usize::try_from(index).ok()?)?;
        Some(segment.at(r & pow2(limb_bits).saturating_sub(1)))
    }

    /// The r for which the table has a value.
    pub fn domain(&self, limb_bits: u32) -> Interval {
        let end = |segments: i64| segments.saturating_mul(pow2(limb_bits));
        let last = i64::from(self.first).saturating_add(i64::from(count(self.segments.len())));
        Interval::new(end(i64::from(self.first)), end(last).saturating_sub(1))
    }

    /// The values of one segment.
    fn values(s: &Segment, limb_bits: u32) -> Interval {
        let (a, b) = (s.base, s.at(pow2(limb_bits).saturating_sub(1)));
        Interval::new(a.min(b), a.max(b))
    }
}

/// The values of a table on any run of its segments. A program may ask for those of very many runs, so that each takes two
/// steps, whatever its length.
#[derive(Clone, Debug)]
pub(crate) struct TableRanges {
    limb_bits: u32,
    first: i64,
    /// Level l has the values of the 2^l segments from each segment on.
    levels: Vec<Vec<Interval>>,
}

impl TableRanges {
    pub(crate) fn new(table: &Table, limb_bits: u32) -> Self {
        let mut levels = vec![table.segments.iter().map(|s| Table::values(s, limb_bits)).collect::<Vec<_>>()];
        while let Some(below) = levels.last() {
            let half = 1usize.checked_shl(count(levels.len()).saturating_sub(1)).unwrap_or(usize::MAX);
            let next: Vec<_> = below.iter().zip(below.iter().skip(half)).map(|(a, b)| a.union(*b)).collect();
            if next.is_empty() {
                break;
            }
            levels.push(next);
        }
        Self { limb_bits, first: i64::from(table.first), levels }
    }

    /// The values that the table takes on the segments that meet `r`.
    pub(crate) fn on(&self, r: Interval) -> Option<Interval> {
        let segments = self.levels.first().map_or(0, Vec::len);
        let segment = |r: i64| (r >> self.limb_bits).saturating_sub(self.first);
        let start = usize::try_from(segment(r.lo).max(0)).ok()?;
        let end = usize::try_from(segment(r.hi).saturating_add(1)).ok()?.min(segments);
        let level = end.checked_sub(start)?.checked_ilog2()?;
        let length = 1usize.checked_shl(level)?;
        let level = self.levels.get(index(level))?;
        Some(level.get(start)?.union(*level.get(end.checked_sub(length)?)?))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn runs_of_segments_have_the_values_of_each() {
        for len in 1..20i64 {
            let segments: Vec<Segment> =
                (0..len).map(|i| Segment { base: 37 * i * i % 101 - 50, slope: i % 7 - 3 }).collect();
            let table = Table { name: String::new(), scale: 1.0, first: -4, segments };
            let ranges = TableRanges::new(&table, 4);
            for lo in -100..300 {
                for hi in (lo..300).step_by(7) {
                    let met = (lo..=hi).filter_map(|r| usize::try_from((r >> 4) + 4).ok());
                    let values = met.filter_map(|i| Some(Table::values(table.segments.get(i)?, 4)));
                    assert_eq!(ranges.on(Interval::new(lo, hi)), values.reduce(Interval::union), "{len}: {lo} to {hi}");
                }
            }
        }
    }
}
