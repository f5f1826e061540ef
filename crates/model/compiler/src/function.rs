//! Functions of one variable that become lookup tables.

/// A function of one variable.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum Function {
    Tanh,
    /// 1 / (1 + e^−x); its table is that of [`Function::Tanh`].
    Sigmoid,
    Relu,
    /// max(0, 1 − |x|): the weight of a neighbour in linear interpolation.
    Hat,
    /// The weight of a neighbour in cubic interpolation, with the coefficient −3/4.
    Cubic,
    /// Reflected, at half of the third number outside of the first two, until it lies between them.
    Reflect(f64, f64, f64),
    /// An index from −n to n − 1 as one from 0 on.
    Wrap(f64),
    /// 1 at 0 and at −n, 0 elsewhere.
    Hit(f64),
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
    Log,
    Sin,
    Cos,
    Tan,
    Asin,
    Acos,
    Atan,
    Sinh,
    Cosh,
    Asinh,
    Acosh,
    Atanh,
    /// x^exponent.
    Power(f64),
    /// gamma · x above zero, gamma · alpha · (e^x − 1) below.
    Selu {
        alpha: f64,
        gamma: f64,
    },
    /// x above zero, alpha · (e^(x/alpha) − 1) below.
    Celu(f64),
    HardSwish,
    Mish,
    /// x / (1 + e^(−alpha·x))
    Swish(f64),
    Softsign,
    /// The inverse of the normal distribution's function, by the approximation that ONNX's operators use.
    Probit,
}

impl Function {
    /// Whether a smooth function tends to its argument, or to a multiple of it.
    pub(crate) fn passes_on(self) -> bool {
        matches!(
            self,
            Self::Gelu
                | Self::GeluTanh
                | Self::Elu(_)
                | Self::Softplus
                | Self::Selu { .. }
                | Self::Celu(_)
                | Self::HardSwish
                | Self::Mish
                | Self::Swish(_)
        )
    }
}

/// The smallest e-folding that the tables of saturating exponentials reach: e^−16 is about 10⁻⁷.
const FAR: f64 = 16.0;

/// Where a function has an infinite value.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Pole {
    pub(crate) at: f64,
    /// Whether the function is defined below and above the pole.
    pub(crate) below: bool,
    pub(crate) above: bool,
}

impl Function {
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Tanh => "Tanh",
            Self::Sigmoid => "Sigmoid",
            Self::Relu => "Relu",
            Self::Hat => "Hat",
            Self::Cubic => "Cubic",
            Self::Reflect(..) => "Reflect",
            Self::Wrap(_) => "Wrap",
            Self::Hit(_) => "Hit",
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
            Self::Log => "Log",
            Self::Sin => "Sin",
            Self::Cos => "Cos",
            Self::Tan => "Tan",
            Self::Asin => "Asin",
            Self::Acos => "Acos",
            Self::Atan => "Atan",
            Self::Sinh => "Sinh",
            Self::Cosh => "Cosh",
            Self::Asinh => "Asinh",
            Self::Acosh => "Acosh",
            Self::Atanh => "Atanh",
            Self::Power(_) => "Power",
            Self::Selu { .. } => "Selu",
            Self::Celu(_) => "Celu",
            Self::HardSwish => "HardSwish",
            Self::Mish => "Mish",
            Self::Swish(_) => "Swish",
            Self::Softsign => "Softsign",
            Self::Probit => "Probit",
        }
    }

    pub(crate) fn eval(self, x: f64) -> f64 {
        match self {
            Self::Tanh => x.tanh(),
            Self::Sigmoid => 0.5 + 0.5 * (0.5 * x).tanh(),
            Self::Relu => x.max(0.0),
            Self::Hat => (1.0 - x.abs()).max(0.0),
            Self::Cubic => {
                let (a, x) = (-0.75, x.abs());
                if x <= 1.0 {
                    ((a + 2.0) * x - (a + 3.0)) * x * x + 1.0
                } else if x < 2.0 {
                    ((a * x - 5.0 * a) * x + 8.0 * a) * x - 4.0 * a
                } else {
                    0.0
                }
            }
            Self::Reflect(lo, hi, gap) => {
                let (lo, hi) = (lo - gap / 2.0, hi + gap / 2.0);
                if hi <= lo {
                    return lo;
                }
                let at = (x - lo).rem_euclid(2.0 * (hi - lo));
                let folded = lo + at.min(2.0 * (hi - lo) - at);
                folded.clamp(lo + gap / 2.0, hi - gap / 2.0)
            }
            Self::Wrap(n) => {
                if x < 0.0 {
                    x + n
                } else {
                    x
                }
            }
            Self::Hit(n) => f64::from(u8::from(x == 0.0 || x == -n)),
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
            Self::Floor => x.floor(),
            Self::Zero => 0.0,
            Self::NonNegative => f64::from(u8::from(x >= 0.0)),
            // Beyond its domain a function continues with its value at the end: tables reach a little further.
            Self::Sqrt => x.max(0.0).sqrt(),
            Self::Log => x.ln(),
            Self::Sin => x.sin(),
            Self::Cos => x.cos(),
            Self::Tan => x.tan(),
            Self::Asin => x.clamp(-1.0, 1.0).asin(),
            Self::Acos => x.clamp(-1.0, 1.0).acos(),
            Self::Atan => x.atan(),
            Self::Sinh => x.sinh(),
            Self::Cosh => x.cosh(),
            Self::Asinh => x.asinh(),
            Self::Acosh => x.max(1.0).acosh(),
            Self::Atanh => x.atanh(),
            Self::Power(exponent) if exponent.fract() == 0.0 => x.powf(exponent),
            Self::Power(exponent) => x.max(0.0).powf(exponent),
            Self::Selu { alpha, gamma } => gamma * Self::Elu(alpha).eval(x),
            Self::Celu(alpha) => {
                if x < 0.0 {
                    alpha * (x / alpha).exp_m1()
                } else {
                    x
                }
            }
            Self::HardSwish => x * (x / 6.0 + 0.5).clamp(0.0, 1.0),
            Self::Mish => x * Self::Softplus.eval(x).tanh(),
            Self::Swish(alpha) => x * Self::Sigmoid.eval(alpha * x),
            Self::Softsign => x / (1.0 + x.abs()),
            Self::Probit => probit(x),
        }
    }

    /// The values taken on \[lo, hi\].
    pub(crate) fn range(self, lo: f64, hi: f64) -> (f64, f64) {
        match self {
            Self::Wrap(n) if lo < 0.0 && hi >= 0.0 => return ((lo + n).min(0.0), hi.max(n - 1.0)),
            Self::Hit(_) | Self::Hat => return (0.0, 1.0),
            Self::Cubic => return (-0.12, 1.0),
            Self::Reflect(from, to, _) => return (from, to),
            _ => {}
        }
        let ends = (self.eval(lo), self.eval(hi));
        let (mut low, mut high) = (ends.0.min(ends.1), ends.0.max(ends.1));
        for v in self.turning(lo, hi).into_iter().filter(|&t| lo < t && t < hi).map(|t| self.eval(t)) {
            (low, high) = (low.min(v), high.max(v));
        }
        (low, high)
    }

    /// Points at which the function may turn. Of a periodic one, enough of those in \[lo, hi\] to take all values.
    fn turning(self, lo: f64, hi: f64) -> Vec<f64> {
        use std::f64::consts::PI;
        let periodic = |first: f64| {
            let from = ((lo - first) / PI).ceil();
            let last = ((hi - first) / PI).floor().min(from + 2.0);
            (0..3).map(|i| from + f64::from(i)).take_while(|&k| k <= last).map(|k| first + k * PI).collect()
        };
        match self {
            Self::Abs | Self::LeakyRelu(_) | Self::Elu(_) | Self::Selu { .. } | Self::Cosh | Self::Power(_) => {
                vec![0.0]
            }
            Self::Gelu => vec![-0.751_791_524],
            Self::GeluTanh => vec![-0.752_461_42],
            Self::HardSwish => vec![-1.5],
            Self::Mish => vec![-1.192_431_2],
            Self::Swish(alpha) if alpha != 0.0 => vec![-1.278_464_54 / alpha],
            Self::Sin => periodic(PI / 2.0),
            Self::Cos => periodic(0.0),
            _ => vec![],
        }
    }

    /// Where the function is defined, ends included. Beyond them tables end.
    pub(crate) fn natural(self) -> (f64, f64) {
        match self {
            Self::Sqrt | Self::Log => (0.0, f64::INFINITY),
            Self::Power(e) if e.fract() != 0.0 => (0.0, f64::INFINITY),
            Self::Asin | Self::Acos | Self::Atanh => (-1.0, 1.0),
            Self::Acosh => (1.0, f64::INFINITY),
            Self::Probit => (0.0, 1.0),
            _ => (f64::NEG_INFINITY, f64::INFINITY),
        }
    }

    /// Points beyond which tables must not reach: poles, and ends of what the function is defined for.
    pub(crate) fn limits(self) -> Vec<f64> {
        let (lo, hi) = self.natural();
        self.poles().into_iter().map(|p| p.at).chain([lo, hi]).filter(|v| v.is_finite()).collect()
    }

    /// Points at which the function is infinite.
    pub(crate) fn poles(self) -> Vec<Pole> {
        let pole = |at, below, above| Pole { at, below, above };
        match self {
            Self::Log => vec![pole(0.0, false, true)],
            Self::Reciprocal => vec![pole(0.0, true, true)],
            Self::Power(e) if e < 0.0 => vec![pole(0.0, e.fract() == 0.0, true)],
            Self::Atanh => vec![pole(-1.0, false, true), pole(1.0, true, false)],
            Self::Probit => vec![pole(0.0, false, true), pole(1.0, true, false)],
            _ => vec![],
        }
    }

    /// Whether the function is linear between these points (and beyond them).
    pub(crate) fn kinks(self) -> Option<Vec<f64>> {
        match self {
            Self::Relu | Self::LeakyRelu(_) | Self::Abs | Self::NonNegative => Some(vec![0.0]),
            Self::Clip(lo, hi) => Some(vec![lo, hi]),
            _ => None,
        }
    }

    /// What is wrong with arguments in \[lo, hi\], if it is not defined for all.
    pub(crate) fn undefined(self, lo: f64, hi: f64) -> Option<String> {
        let (least, most) = self.natural();
        match self.poles().into_iter().find(|p| lo <= p.at && p.at <= hi) {
            Some(_) if self == Self::Reciprocal => Some("the divisor can be zero".into()),
            Some(pole) => Some(format!("the operand of {} can be {}", self.name(), pole.at)),
            None if lo < least && self == Self::Sqrt => Some("the operand of the square root can be negative".into()),
            None if lo < least || hi > most => {
                Some(format!("the operand of {} can be outside [{least}, {most}]", self.name()))
            }
            None => None,
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
            Self::Exp | Self::Elu(_) | Self::Softplus => (Some(-FAR), None),
            Self::Gelu | Self::GeluTanh => (Some(-6.0), None),
            Self::Selu { .. } | Self::Mish => (Some(-FAR), None),
            Self::Celu(alpha) => (Some(-FAR * alpha), None),
            Self::Swish(alpha) if alpha > 0.0 => (Some(-20.0 / alpha), None),
            Self::HardSwish => (Some(-3.0), None),
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

/// √2 · erf⁻¹(2p − 1), with Winitzki's approximation of erf⁻¹.
fn probit(p: f64) -> f64 {
    const A: f64 = 0.147;
    let x = 2.0 * p - 1.0;
    let log = ((1.0 - x) * (1.0 + x)).ln();
    let half = 2.0 / (std::f64::consts::PI * A) + 0.5 * log;
    std::f64::consts::SQRT_2 * ((half * half - log / A).sqrt() - half).sqrt().copysign(x)
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
        let functions = [
            Function::Gelu,
            Function::GeluTanh,
            Function::Abs,
            Function::LeakyRelu(-0.5),
            Function::Elu(1.0),
            Function::Selu { alpha: -1.5, gamma: 2.0 },
            Function::Celu(2.0),
            Function::HardSwish,
            Function::Mish,
            Function::Swish(1.7),
            Function::Swish(-0.6),
            Function::Softsign,
            Function::Sin,
            Function::Cos,
            Function::Cosh,
            Function::Power(2.0),
            Function::Power(3.0),
            Function::NonNegative,
            Function::Hat,
            Function::Cubic,
            Function::Reflect(0.0, 2.0, 0.0),
            Function::Reflect(-0.5, 2.5, 0.0),
        ];
        for f in functions {
            for (from, to) in [(-3.0, 2.0), (-9.0, 11.0), (0.2, 3.0), (-2.0, -0.5)] {
                let (lo, hi) = f.range(from, to);
                for i in 0..=1000 {
                    let y = f.eval(from + (to - from) * f64::from(i) / 1000.0);
                    assert!(lo - 1e-9 <= y && y <= hi + 1e-9, "{f:?} on [{from}, {to}]: {y} outside [{lo}, {hi}]");
                }
            }
        }
    }

    #[test]
    fn indices_are_wrapped_and_found() {
        let wrapped = [(-3.0, 0.0), (-1.0, 2.0), (0.0, 0.0), (2.0, 2.0)];
        wrapped.iter().for_each(|&(i, k)| assert_eq!(Function::Wrap(3.0).eval(i), k));
        assert_eq!(Function::Wrap(3.0).range(-3.0, 2.0), (0.0, 2.0));
        assert_eq!(Function::Wrap(3.0).range(-1.0, 0.0), (0.0, 2.0));
        let found = [(0.0, 1.0), (-3.0, 1.0), (3.0, 0.0), (-1.0, 0.0)];
        found.iter().for_each(|&(d, bit)| assert_eq!(Function::Hit(3.0).eval(d), bit));
        // About −1/2 and 5/2: 0, 1, 2, then 2, 1, 0, then 0, 1.
        let mirror = Function::Reflect(0.0, 2.0, 1.0);
        let mirrored: Vec<f64> = (-2..8).map(|i| mirror.eval(f64::from(i))).collect();
        assert_eq!(mirrored, [1.0, 0.0, 0.0, 1.0, 2.0, 2.0, 1.0, 0.0, 0.0, 1.0]);
    }

    #[test]
    fn functions_have_known_values() {
        // From their definitions, to ten digits.
        for (f, x, y) in [
            (Function::NonNegative, 0.0, 1.0),
            (Function::NonNegative, -1e-300, 0.0),
            (Function::Selu { alpha: 1.6732632423543772, gamma: 1.0507009873554805 }, -1.0, -1.111_330_737_8),
            (Function::Celu(2.0), -2.0, -1.264_241_117_7),
            (Function::HardSwish, 1.0, 0.666_666_666_7),
            (Function::HardSwish, -4.0, 0.0),
            (Function::Mish, 1.0, 0.865_098_388_3),
            (Function::Swish(2.0), 1.0, 0.880_797_078_0),
            (Function::Softsign, -3.0, -0.75),
            (Function::Probit, 0.5, 0.0),
            (Function::Power(0.5), 2.0, std::f64::consts::SQRT_2),
            (Function::Power(-2.0), -2.0, 0.25),
            (Function::Acosh, 2.0, 1.316_957_896_9),
            (Function::Atanh, 0.5, 0.549_306_144_3),
        ] {
            assert!((f.eval(x) - y).abs() < 1e-9, "{f:?}({x}) = {}", f.eval(x));
        }
    }
}
