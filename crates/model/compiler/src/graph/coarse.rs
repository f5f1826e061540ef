//! Ranges that say little about the weights: each keeps an exponent and nothing else.
//!
//! A range with ends of full precision is a measurement of the weights: two ends of a table of one neuron give its
//! weight and its bias to about eight bits each. A coarse range is one of `±M·2^e`, so that a program made from it
//! depends on the weights only through `e`.
//!
//! M is 15/16: a table of `±M·2^e` at the finest scale that a word allows then has 15/16·2^b segments, and fits beside
//! the 2^b rows of the range table. A power of two itself would not, and would cost a bit of every table.

use super::{SLACK, Span};
use crate::function::Function;

/// Ends of coarse ranges are powers of two times this.
const MANTISSA: f64 = 15.0 / 16.0;

/// Smaller ranges are not told apart.
const LEAST: i32 = -40;

impl Span {
    /// The smallest coarse range that holds this one, with room for the error of quantization.
    ///
    /// * In general it is `[−m, m]`, where m is [`MANTISSA`] times a power of two.
    /// * For an exponential the range keeps its side: `[−m, 0]`, `[0, m]` or `[−m, m]`. The other half would make its
    ///   values too large to be tabulated.
    /// * A reciprocal has a pole at zero, and a square root an end. For these both ends are rounded outward to powers of
    ///   two, and the side is kept.
    ///
    /// The range of a value that is always zero stays what it is.
    pub(super) fn coarse(self, function: Option<Function>) -> Self {
        if self.lo == 0.0 && self.hi == 0.0 {
            return self;
        }
        let m = MANTISSA * above(self.with_slack().magnitude() / MANTISSA);
        match function {
            Some(f) if self.lo > 0.0 && f.limits().contains(&0.0) => Self::new(below(self.lo), above(self.hi)),
            Some(f) if self.hi < 0.0 && f.limits().contains(&0.0) => Self::new(-above(-self.lo), -below(-self.hi)),
            Some(Function::Exp | Function::Sqrt) if self.lo >= 0.0 => Self::new(0.0, m),
            Some(Function::Exp) if self.hi <= 0.0 => Self::new(-m, 0.0),
            _ => Self::new(-m, m),
        }
    }
}

impl Span {
    /// The part of a coarse range that is inside `known`, which does not depend on the weights, with room for the error of
    /// quantization. (At an end that is zero there is none yet.)
    pub(super) fn within(self, known: Self) -> Self {
        let room = |end: f64| 2.0 * SLACK * end.abs();
        let lo = if known.lo > self.lo { known.lo - room(known.lo) } else { self.lo };
        let hi = if known.hi < self.hi { known.hi + room(known.hi) } else { self.hi };
        if lo <= hi { Self::new(lo, hi) } else { self }
    }
}

/// The exponent of the largest power of two that is at most `v`, a positive number, and whether it equals `v`.
fn exponent(v: f64) -> (i32, bool) {
    let e = v.log2().floor() as i32;
    // The logarithm is rounded: near a power of two it may be off by one.
    let e = if 2f64.powi(e) > v { e - 1 } else { e };
    let e = if 2f64.powi(e + 1) <= v { e + 1 } else { e };
    (e, 2f64.powi(e) == v)
}

/// The smallest power of two from 2^[`LEAST`] on that is at least `v`.
fn above(v: f64) -> f64 {
    let (e, equal) = exponent(v);
    2f64.powi(if equal { e } else { e + 1 }.max(LEAST))
}

/// The largest power of two that is at most `v`.
fn below(v: f64) -> f64 {
    2f64.powi(exponent(v).0)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn coarse(lo: f64, hi: f64, function: Option<Function>) -> (f64, f64) {
        let span = Span::new(lo, hi).coarse(function);
        (span.lo, span.hi)
    }

    #[test]
    fn ranges_keep_an_exponent() {
        for (lo, hi) in [(-1.0, 1.7), (-1.7, -0.2), (1.0, 1.8), (-1.0, 1.0), (0.95, 0.95)] {
            assert_eq!(coarse(lo, hi, None), (-1.875, 1.875), "[{lo}, {hi}]");
        }
        assert_eq!(coarse(0.0, 0.0, None), (0.0, 0.0));
        assert_eq!(coarse(0.0, 1e-30, None), coarse(-1e-20, 0.0, None), "tiny ranges are one");
    }

    #[test]
    fn room_for_the_error_is_in_it() {
        // 1.875 / (1 + 1/64) is about 1.846.
        assert_eq!(coarse(-1.84, 1.84, None).1, 1.875);
        assert_eq!(coarse(-1.86, 1.86, None).1, 3.75);
    }

    #[test]
    fn limits_that_weights_do_not_change_are_kept() {
        let none = Span::new(f64::NEG_INFINITY, f64::INFINITY);
        let wide = Span::new(-15.0, 15.0);
        assert_eq!(wide.within(none), wide);
        assert_eq!(wide.within(Span::new(-8.0, 8.0)), Span::new(-8.125, 8.125));
        assert_eq!(wide.within(Span::new(f64::NEG_INFINITY, 0.0)), Span::new(-15.0, 0.0));
        assert_eq!(wide.within(Span::new(20.0, 30.0)), wide, "nothing would be left");
    }

    #[test]
    fn functions_that_need_a_side_keep_it() {
        assert_eq!(coarse(-9.0, -1.0, Some(Function::Exp)), (-15.0, 0.0));
        assert_eq!(coarse(-9.0, 1.0, Some(Function::Exp)), (-15.0, 15.0));
        assert_eq!(coarse(-9.0, -1.0, Some(Function::Tanh)), (-15.0, 15.0));
        assert_eq!(coarse(1.0, 6.0, Some(Function::Reciprocal)), (1.0, 8.0));
        assert_eq!(coarse(-6.0, -1.5, Some(Function::Reciprocal)), (-8.0, -1.0));
        assert_eq!(coarse(0.0, 6.0, Some(Function::Sqrt)), (0.0, 7.5));
        assert_eq!(coarse(0.3, 6.0, Some(Function::Sqrt)), (0.25, 8.0));
    }
}
