//! Piecewise linear functions.

use serde::{Deserialize, Serialize};

use crate::{
    Interval,
    number::{count, pow2},
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

    /// The values that the table takes on the segments that meet `r`.
    pub fn range(&self, r: Interval, limb_bits: u32) -> Option<Interval> {
        let last = pow2(limb_bits).saturating_sub(1);
        let mut out: Option<Interval> = None;
        // The segments that r meets.
        let index = |r: i64| (r >> limb_bits).saturating_sub(i64::from(self.first));
        let skipped = usize::try_from(index(r.lo).max(0)).unwrap_or(usize::MAX);
        let end = usize::try_from(index(r.hi).saturating_add(1).max(0)).unwrap_or(usize::MAX);
        for s in self.segments.iter().take(end).skip(skipped) {
            let (a, b) = (s.base, s.at(last));
            let here = Interval::new(a.min(b), a.max(b));
            out = Some(out.map_or(here, |o| o.union(here)));
        }
        out
    }
}
