//! Axes with round numbers.

/// A range of numbers with ticks at round ones.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Axis {
    lo: f64,
    hi: f64,
    step: f64,
}

impl Axis {
    /// An axis that holds all `values`, from zero if `zero` says so.
    pub(crate) fn new(values: impl IntoIterator<Item = f64>, zero: bool) -> Self {
        let (mut lo, mut hi) = values
            .into_iter()
            .filter(|value| value.is_finite())
            .fold((f64::INFINITY, f64::NEG_INFINITY), |(lo, hi), value| (lo.min(value), hi.max(value)));
        if lo > hi {
            (lo, hi) = (0.0, 1.0);
        }
        if zero {
            lo = lo.min(0.0);
            hi = hi.max(0.0);
        }
        if hi - lo < f64::EPSILON * hi.abs().max(1.0) {
            let pad = if hi == 0.0 { 1.0 } else { hi.abs() * 0.5 };
            (lo, hi) = if zero { (0.0, hi + pad) } else { (lo - pad, hi + pad) };
        }
        let step = round_step((hi - lo) / 3.0);
        Self { lo: (lo / step).floor() * step, hi: (hi / step).ceil() * step, step }
    }

    /// Where a value is, from 0 to 1.
    pub(crate) fn at(&self, value: f64) -> f64 {
        ((value - self.lo) / (self.hi - self.lo)).clamp(0.0, 1.0)
    }

    /// The ticks: where, and the number with as many decimals as its neighbours need.
    pub(crate) fn ticks(&self) -> Vec<(f64, f64, usize)> {
        let decimals = (-self.step.log10().floor()).max(0.0) as usize;
        let count = ((self.hi - self.lo) / self.step).round() as usize;
        (0..=count)
            .map(|index| {
                let value = self.lo + index as f64 * self.step;
                (self.at(value), value, decimals)
            })
            .collect()
    }

    /// The ends.
    pub(crate) fn ends(&self) -> (f64, f64) {
        (self.lo, self.hi)
    }
}

/// The smallest of 1, 2, 5 times a power of ten that is not below `step`.
fn round_step(step: f64) -> f64 {
    let power = 10f64.powf(step.log10().floor());
    let factor = step / power;
    let round = if factor <= 1.0 {
        1.0
    } else if factor <= 2.0 {
        2.0
    } else if factor <= 5.0 {
        5.0
    } else {
        10.0
    };
    round * power
}
