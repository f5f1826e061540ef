//! Functions of one variable that become lookup tables.

/// A function of one variable.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum Function {
    Tanh,
    /// 1 / (1 + e^−x); its table is that of [`Function::Tanh`].
    Sigmoid,
    Relu,
    LeakyRelu(f64),
    Abs,
    Clip(f64, f64),
    Exp,
    Erf,
    Gelu,
    GeluTanh,
    Elu(f64),
    Softplus,
    Reciprocal,
    Sqrt,
    /// The largest integer that is not larger.
    Floor,
    /// 0 at zero, and nothing elsewhere: a check.
    Zero,
    /// 1 from zero on, 0 below: a comparison.
    NonNegative,
}

impl Function {
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Tanh => "Tanh",
            Self::Sigmoid => "Sigmoid",
            Self::Relu => "Relu",
            Self::LeakyRelu(_) => "LeakyRelu",
            Self::Abs => "Abs",
            Self::Clip(..) => "Clip",
            Self::Exp => "Exp",
            Self::Erf => "Erf",
            Self::Gelu => "Gelu",
            Self::GeluTanh => "GeluTanh",
            Self::Elu(_) => "Elu",
            Self::Softplus => "Softplus",
            Self::Reciprocal => "Reciprocal",
            Self::Sqrt => "Sqrt",
            Self::Floor => "Floor",
            Self::Zero => "Zero",
            Self::NonNegative => "NonNegative",
        }
    }

    pub(crate) fn eval(self, x: f64) -> f64 {
        match self {
            Self::Tanh => x.tanh(),
            Self::Sigmoid => 0.5 + 0.5 * (0.5 * x).tanh(),
            Self::Relu => x.max(0.0),
            Self::LeakyRelu(alpha) => {
                if x < 0.0 {
                    alpha * x
                } else {
                    x
                }
            }
            Self::Abs => x.abs(),
            Self::Clip(lo, hi) => x.max(lo).min(hi),
            Self::Exp => x.exp(),
            Self::Erf => erf(x),
            Self::Gelu => 0.5 * x * (1.0 + erf(x * std::f64::consts::FRAC_1_SQRT_2)),
            Self::GeluTanh => {
                let inner = (2.0 / std::f64::consts::PI).sqrt() * (x + 0.044_715 * x * x * x);
                0.5 * x * (1.0 + inner.tanh())
            }
            Self::Elu(alpha) => {
                if x < 0.0 {
                    alpha * x.exp_m1()
                } else {
                    x
                }
            }
            Self::Softplus => x.max(0.0) + (-x.abs()).exp().ln_1p(),
            Self::Reciprocal => 1.0 / x,
            Self::Sqrt => x.sqrt(),
            Self::Floor => x.floor(),
            Self::Zero => 0.0,
            Self::NonNegative => f64::from(u8::from(x >= 0.0)),
        }
    }

    /// The values taken on \[lo, hi\].
    pub(crate) fn range(self, lo: f64, hi: f64) -> (f64, f64) {
        let ends = (self.eval(lo), self.eval(hi));
        let (mut low, mut high) = (ends.0.min(ends.1), ends.0.max(ends.1));
        let turning = match self {
            Self::Abs | Self::LeakyRelu(_) | Self::Elu(_) => Some(0.0),
            Self::Gelu => Some(-0.751_791_524),
            Self::GeluTanh => Some(-0.752_461_42),
            _ => None,
        };
        if let Some(v) = turning.filter(|&t| lo < t && t < hi).map(|t| self.eval(t)) {
            (low, high) = (low.min(v), high.max(v));
        }
        (low, high)
    }

    /// Whether the function is linear between these points (and beyond them).
    pub(crate) fn kinks(self) -> Option<Vec<f64>> {
        match self {
            Self::Relu | Self::LeakyRelu(_) | Self::Abs | Self::NonNegative => Some(vec![0.0]),
            Self::Clip(lo, hi) => Some(vec![lo, hi]),
            _ => None,
        }
    }

    /// The arguments for which it is defined.
    pub(crate) fn defined(self) -> (f64, f64) {
        match self {
            Self::Sqrt => (0.0, f64::INFINITY),
            _ => (f64::NEG_INFINITY, f64::INFINITY),
        }
    }

    /// The argument at which it is infinite.
    pub(crate) fn pole(self) -> Option<f64> {
        match self {
            Self::Reciprocal => Some(0.0),
            _ => None,
        }
    }

    /// What is wrong with arguments in \[lo, hi\], if it is not defined for all.
    pub(crate) fn undefined(self, lo: f64, hi: f64) -> Option<String> {
        match (self, self.pole(), self.defined()) {
            (Self::Reciprocal, Some(p), _) if lo <= p && p <= hi => Some("the divisor can be zero".into()),
            (_, Some(p), _) if lo <= p && p <= hi => Some(format!("the operand of {} can be {p}", self.name())),
            (Self::Sqrt, _, (least, _)) if lo < least => Some("the operand of the square root can be negative".into()),
            (_, _, (least, most)) if lo < least || hi > most => {
                Some(format!("the operand of {} can be outside [{least}, {most}]", self.name()))
            }
            _ => None,
        }
    }

    /// Whether the function is constant between an integer and the next one.
    pub(crate) fn steps(self) -> bool {
        matches!(self, Self::Floor | Self::Zero)
    }

    /// Beyond these points the function is constant to about 10⁻⁷ (or, for a clip, exactly).
    pub(crate) fn saturation(self) -> (Option<f64>, Option<f64>) {
        match self {
            Self::Tanh => (Some(-8.0), Some(8.0)),
            Self::Sigmoid => (Some(-16.0), Some(16.0)),
            Self::Erf => (Some(-4.0), Some(4.0)),
            Self::Exp | Self::Elu(_) | Self::Softplus => (Some(-16.0), None),
            Self::Gelu | Self::GeluTanh => (Some(-6.0), None),
            Self::Clip(lo, hi) => (Some(lo).filter(|v| v.is_finite()), Some(hi).filter(|v| v.is_finite())),
            _ => (None, None),
        }
    }

    /// Equality of the functions, parameters included.
    pub(crate) fn same(self, other: Self) -> bool {
        self == other
    }
}

/// The error function, to full precision: a series with positive terms.
fn erf(x: f64) -> f64 {
    let a = x.abs();
    if a > 6.0 {
        return x.signum();
    }
    let (mut term, mut sum, mut n) = (a, a, 0.0);
    while term > 1e-18 * sum {
        n += 1.0;
        term *= 2.0 * a * a / (2.0 * n + 1.0);
        sum += term;
    }
    (2.0 / std::f64::consts::PI.sqrt() * (-a * a).exp() * sum).min(1.0).copysign(x)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn erf_has_known_values() {
        for (x, y) in [
            (0.0, 0.0),
            (0.5, 0.520_499_877_813_046_5),
            (2.0, 0.995_322_265_018_952_7),
            (-3.0, -0.999_977_909_503_001_4),
        ] {
            assert!((erf(x) - y).abs() < 1e-14, "{x}");
        }
    }

    #[test]
    fn ranges_hold_all_values() {
        for f in [Function::Gelu, Function::GeluTanh, Function::Abs, Function::LeakyRelu(-0.5), Function::Elu(1.0)] {
            let (lo, hi) = f.range(-3.0, 2.0);
            for i in 0..=500 {
                let y = f.eval(-3.0 + f64::from(i) * 0.01);
                assert!(lo - 1e-9 <= y && y <= hi + 1e-9, "{f:?}");
            }
        }
    }
}
