//! Fitting the segments of a table.

use vouch_program::Segment;

use super::{integer, plan::TablePlan};
use crate::function::Function;

/// Points at which a segment's error is looked at.
const POINTS: usize = 32;

/// First segment index and segments of 2^b integers.
pub(super) fn segments(plan: &TablePlan, limb_bits: u8) -> (i32, Vec<Segment>) {
    let size = 1i64 << limb_bits;
    let half = size / 2;
    let first = (plan.lo as i64).div_euclid(size).clamp(-half, half - 1);
    let last = (plan.hi as i64).div_euclid(size).clamp(first, half - 1);
    let list = (first..=last)
        .map(|i| {
            if plan.steps {
                step(plan, i)
            } else if plan.function.kinks().is_some() {
                linear(plan, i * size)
            } else {
                smooth(plan, i * size, size)
            }
        })
        .collect();
    (first as i32, list)
}

/// The segment of one unit, in which the function has one value. A value that is not finite is none that is looked up.
fn step(plan: &TablePlan, unit: i64) -> Segment {
    let value = plan.function.eval(unit as f64) * plan.value_scale;
    Segment { base: if value.is_finite() { integer(value) } else { 0 }, slope: 0 }
}

/// A segment of a piecewise linear function whose kinks lie on borders.
fn linear(plan: &TablePlan, left: i64) -> Segment {
    let ratio = plan.value_scale / plan.scale;
    let unit = integer(ratio.trunc());
    match plan.function {
        Function::Clip(lo, hi) => {
            let x = left as f64 / plan.scale;
            let value = |v: f64| integer(v * plan.value_scale);
            if x < lo {
                Segment { base: value(lo), slope: 0 }
            } else if x >= hi {
                Segment { base: value(hi), slope: 0 }
            } else {
                Segment { base: left, slope: 1 }
            }
        }
        Function::NonNegative => Segment { base: i64::from(left >= 0), slope: 0 },
        function => {
            let slope = if left >= 0 { unit } else { integer(-function.eval(-1.0) * ratio) };
            Segment { base: left.saturating_mul(slope), slope }
        }
    }
}

/// The best line with an integer slope: its errors above and below are equal.
fn smooth(plan: &TablePlan, left: i64, size: i64) -> Segment {
    // Only the part inside the domain counts: beyond it the function may have a pole.
    let from = (left as f64).max(plan.lo) - left as f64;
    let to = ((left + size - 1) as f64).min(plan.hi) - left as f64;
    let at = |f: f64| plan.function.eval((left as f64 + f) / plan.scale) * plan.value_scale;
    let points: Vec<f64> = (0..=POINTS).map(|i| from + (to - from) * i as f64 / POINTS as f64).collect();
    let values: Vec<f64> = points.iter().map(|&f| at(f)).collect();
    let secant = if to > from { (values[POINTS] - values[0]) / (to - from) } else { 0.0 };
    let fit = |slope: f64| {
        let rest = points.iter().zip(&values).map(|(&f, &v)| v - slope * f);
        let (lo, hi) = rest.fold((f64::INFINITY, f64::NEG_INFINITY), |(lo, hi), r| (lo.min(r), hi.max(r)));
        (hi - lo, (lo + hi) / 2.0)
    };
    let (down, up) = (secant.floor(), secant.floor() + 1.0);
    let slope = if fit(up).0 < fit(down).0 { up } else { down };
    Segment { base: integer(fit(slope).1), slope: integer(slope) }
}
