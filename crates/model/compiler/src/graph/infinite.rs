//! Infinities that a condition selects: what saturation makes of them.
//!
//! `Where(mask, scores, −∞)` before a softmax is the usual mask of exporters, and so is an addend of −3.4·10³⁸. A product
//! of a bit with such a number has no scale. Where nothing follows but sums, maxima and functions that are constant far
//! out, a finite number does the same: with values of magnitude A around it, −(2A + [`FAR`]) is out of reach of them.
//! Everything else that takes such a number is an error, as it would be infinite in the float model, too. So is a model that
//! asks whether a value is infinite or NaN, as ONNX's Attention does of rows without any key: the finite number would be
//! another answer. A row that is masked as a whole and not asked about is NaN in the float model, and an average here.

use super::{Graph, Kind, Ranges, SiteId, Span, ValueId};
use crate::{CompileError, CompileOptions, NamedTensors, function::Function};

/// So far beyond everything else such a number lies: e^−[`FAR`] is less than 10⁻⁸.
const FAR: f64 = 20.0;

/// Finite numbers of this size stand for infinities: nothing is said with their value.
pub(crate) const HUGE: f64 = 1e30;

/// Which infinities a value may stand for.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
struct Ends {
    below: bool,
    above: bool,
}

impl Ends {
    fn any(self) -> bool {
        self.below || self.above
    }

    fn join(self, o: Self) -> Self {
        Self { below: self.below || o.below, above: self.above || o.above }
    }

    /// Those of the value times a number of this sign.
    fn times(self, factor: f64) -> Self {
        match factor {
            f if f > 0.0 => self,
            f if f < 0.0 => Self { below: self.above, above: self.below },
            _ => Self::default(),
        }
    }

    fn of(v: f64) -> Self {
        Self { below: v <= -HUGE, above: v >= HUGE }
    }
}

/// Where an infinite factor or shift stands.
#[derive(Clone, Copy, Debug)]
enum At {
    Factor(usize),
    Line(usize),
}

impl Graph {
    /// Puts finite numbers in the place of infinite ones.
    ///
    /// # Errors
    /// [`CompileError::NotFinite`] if one of them reaches an output, [`CompileError::Precision`] where one reaches an
    /// operation that has no limit there.
    pub(crate) fn saturate(
        &mut self,
        inputs: &[Span],
        options: &CompileOptions,
        drawn: &[NamedTensors],
    ) -> Result<(), CompileError> {
        let places = self.infinite();
        let Some(&(first, _)) = places.first() else { return Ok(()) };
        if self.asked {
            // A finite number would be another answer.
            let span = Span::new(f64::NEG_INFINITY, f64::INFINITY);
            let reason = "a condition selects an infinity, and the model asks whether a value is infinite or NaN";
            return Err(self.imprecise(self.ops[first].site, span, reason));
        }
        let ends = self.ends()?;
        for port in &self.outputs {
            if let Some((index, v)) = port.values.iter().enumerate().find(|(_, v)| ends[v.index()].any()) {
                let value = if ends[v.index()].below { f64::NEG_INFINITY } else { f64::INFINITY };
                return Err(CompileError::NotFinite { tensor: port.name.clone(), index, value });
            }
        }
        let mut finite = self.clone();
        finite.replace(&places, 0.0);
        let ranges = Ranges::new(&finite, inputs, options, drawn)?;
        let around = (0..self.len() as u32).map(ValueId).filter(|v| ends[v.index()].any());
        let around: Vec<ValueId> = around.collect();
        let most = ranges.of(around.iter().copied(), None).magnitude();
        self.replace(&places, 2.0 * most + FAR);
        Ok(())
    }

    /// Whether a product or line has an infinite factor.
    pub(crate) fn has_infinite(&self) -> bool {
        !self.infinite().is_empty()
    }

    /// All infinite factors and lines.
    fn infinite(&self) -> Vec<(usize, At)> {
        let mut found = Vec::new();
        for (i, op) in self.ops.iter().enumerate() {
            match &op.kind {
                Kind::Product { terms } => {
                    let huge = terms.iter().enumerate().filter(|(_, t)| t.factor.abs() >= HUGE);
                    found.extend(huge.map(|(t, _)| (i, At::Factor(t))));
                }
                Kind::Affine { scale, shift, .. } => {
                    let huge = (0..scale.len()).filter(|&e| scale[e].abs() >= HUGE || shift[e].abs() >= HUGE);
                    found.extend(huge.map(|e| (i, At::Line(e))));
                }
                _ => {}
            }
        }
        found
    }

    /// The infinities that each value may stand for.
    fn ends(&self) -> Result<Vec<Ends>, CompileError> {
        let mut ends: Vec<Ends> = vec![Ends::default(); self.len()];
        for op in &self.ops {
            let lost = || self.no_limit(op.site);
            let at = |v: ValueId| match self.constant_of(v) {
                Some(c) => Ends::of(c),
                None => ends[v.index()],
            };
            let own: Vec<Ends> = match &op.kind {
                Kind::Product { terms } => {
                    let each = |i: usize| {
                        let term = |t: &super::Term| self.end_of_product(t.factor, t.a[i], t.b[i], &ends);
                        terms.iter().try_fold(Ends::default(), |s, t| Some(s.join(term(t)?)))
                    };
                    (0..op.out.len()).map(each).collect::<Option<_>>().ok_or_else(lost)?
                }
                Kind::Affine { x, scale, shift } => (0..x.len())
                    .map(|i| {
                        let (scale, shift) = (scale[i], shift[i]);
                        if scale.abs() < HUGE {
                            return Some(at(x[i]).times(scale).join(Ends::of(shift)));
                        }
                        // A bit chooses between two numbers.
                        let on = if scale.is_finite() && shift.is_finite() { scale + shift } else { return None };
                        (self.is_integer(x[i]) && !at(x[i]).any()).then(|| Ends::of(shift).join(Ends::of(on)))
                    })
                    .collect::<Option<_>>()
                    .ok_or_else(lost)?,
                Kind::Max { size, x } => x
                    .chunks_exact(*size)
                    .map(|g| Ends { below: g.iter().all(|&v| at(v).below), above: g.iter().any(|&v| at(v).above) })
                    .collect(),
                Kind::Apply { function, x } => {
                    let each = |&v: &ValueId| limited(*function, at(v)).then(Ends::default);
                    x.iter().map(each).collect::<Option<_>>().ok_or_else(lost)?
                }
                Kind::Linear { .. } | Kind::Select { .. } | Kind::Floor { .. } | Kind::MatMul { .. } => {
                    if op.operands().any(|v| at(v).any()) {
                        return Err(lost());
                    }
                    continue;
                }
            };
            for (&v, mut e) in op.out.iter().zip(own) {
                // What holds by construction: the difference to a maximum is not positive.
                let (lo, hi) = self.bound_of(v).unwrap_or((f64::NEG_INFINITY, f64::INFINITY));
                e.below &= lo == f64::NEG_INFINITY;
                e.above &= hi == f64::INFINITY;
                ends[v.index()] = e;
            }
        }
        Ok(ends)
    }

    /// The ends of factor · a · b; `None` where they say nothing of it.
    fn end_of_product(&self, factor: f64, a: ValueId, b: ValueId, ends: &[Ends]) -> Option<Ends> {
        let own = |v: ValueId| ends[v.index()];
        let bit = |v: ValueId| self.is_integer(v) && !own(v).any();
        let constant = |v: ValueId| self.constant_of(v);
        if factor.abs() >= HUGE {
            return match (constant(a), constant(b)) {
                (Some(c), _) if bit(b) => Some(Ends::of(factor).times(c)),
                (_, Some(c)) if bit(a) => Some(Ends::of(factor).times(c)),
                _ => None,
            };
        }
        match (own(a).any(), own(b).any()) {
            (false, false) => Some(Ends::default()),
            (true, true) => None,
            (one, _) => {
                let (x, other) = if one { (a, b) } else { (b, a) };
                match constant(other) {
                    Some(c) => Some(own(x).times(factor * c)),
                    // Selected, or left out.
                    None => bit(other).then(|| own(x).times(factor)),
                }
            }
        }
    }

    fn no_limit(&self, site: SiteId) -> CompileError {
        self.imprecise(
            site,
            Span::new(f64::NEG_INFINITY, f64::INFINITY),
            "an infinity reaches it, which has no limit here",
        )
    }

    /// Replaces infinite numbers by ones of a magnitude.
    fn replace(&mut self, places: &[(usize, At)], magnitude: f64) {
        let limit = |v: f64| if v.abs() >= HUGE { magnitude.copysign(v) } else { v };
        for &(op, at) in places {
            match (&mut self.ops[op].kind, at) {
                (Kind::Product { terms }, At::Factor(t)) => terms[t].factor = limit(terms[t].factor),
                (Kind::Affine { scale, shift, .. }, At::Line(i)) => {
                    let on = scale[i] + shift[i];
                    let line = scale[i].abs() >= HUGE;
                    shift[i] = limit(shift[i]);
                    if line {
                        scale[i] = limit(on) - shift[i];
                    }
                }
                _ => {}
            }
        }
    }
}

/// Whether a function is constant towards all of these ends.
fn limited(function: Function, ends: Ends) -> bool {
    let (below, above) = match function {
        Function::Relu => (true, false),
        Function::NonNegative => (true, true),
        f => {
            let (lo, hi) = f.saturation();
            (lo.is_some(), hi.is_some())
        }
    };
    (!ends.below || below) && (!ends.above || above)
}
