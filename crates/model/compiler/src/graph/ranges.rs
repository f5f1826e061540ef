//! What every value can be: interval arithmetic from the inputs, narrowed by calibration data where there is any.
//!
//! Ranges depend on the weights, and the program that is made from them is published. Where weights are private, ranges
//! are therefore made [coarse](Span::coarse) before anything is decided by them.

use std::collections::HashMap;

use vouch_program::WeightMode;

use super::{Graph, Kind, ValueId};
use crate::{CompileError, CompileOptions, NamedTensors, function::Function, parallel};

/// Ranges are widened by this part of their width: quantized values differ a little from real ones.
pub(crate) const SLACK: f64 = 1.0 / 128.0;

/// A range that is narrow, or one value, is widened by at least this part of its magnitude.
const LEAST_SLACK: f64 = 1.0 / 4096.0;

/// A closed interval of real numbers.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Span {
    pub(crate) lo: f64,
    pub(crate) hi: f64,
}

impl Span {
    pub(crate) fn new(lo: f64, hi: f64) -> Self {
        Self { lo, hi }
    }

    pub(crate) fn union(self, o: Self) -> Self {
        Self::new(self.lo.min(o.lo), self.hi.max(o.hi))
    }

    pub(crate) fn magnitude(self) -> f64 {
        self.lo.abs().max(self.hi.abs())
    }

    pub(crate) fn times(self, factor: f64) -> Self {
        let (a, b) = (self.lo * factor, self.hi * factor);
        Self::new(a.min(b), a.max(b))
    }

    fn times_span(self, o: Self) -> Self {
        let p = [self.lo * o.lo, self.lo * o.hi, self.hi * o.lo, self.hi * o.hi];
        Self::new(p.iter().copied().fold(f64::INFINITY, f64::min), p.iter().copied().fold(f64::NEG_INFINITY, f64::max))
    }

    /// Wider by `part` of the width on both sides.
    pub(crate) fn widened(self, part: f64) -> Self {
        let by = (self.hi - self.lo) * part;
        Self::new(self.lo - by, self.hi + by)
    }

    /// Wider by as much as quantized values may differ from real ones: at least a part of their magnitude.
    pub(crate) fn with_slack(self) -> Self {
        let by = ((self.hi - self.lo) * SLACK).max(self.magnitude() * LEAST_SLACK);
        Self::new(self.lo - by, self.hi + by)
    }
}

impl Span {
    /// The part on which a function is defined, away from its poles: where this range reaches one, the values seen, or that
    /// they are `whole`, must keep a distance.
    fn defined(self, function: Function, seen: Option<Self>, whole: bool) -> Result<Self, String> {
        let Some(reason) = function.undefined(self.lo, self.hi) else { return Ok(self) };
        let (lo, hi) = function.natural();
        let mut span = Self::new(self.lo.max(lo), self.hi.min(hi));
        // Beyond the ends of what it is defined for samples say that nothing is.
        if span.lo > span.hi || (span != self && seen.is_none_or(|s| s.lo < lo || s.hi > hi)) {
            return Err(reason);
        }
        for pole in function.poles().into_iter().filter(|p| self.lo <= p.at && p.at <= self.hi) {
            // At most half as near as anything seen.
            let least = |distance: f64| if whole { distance.min(1.0) } else { distance / 2.0 };
            match seen {
                Some(seen) if pole.above && seen.lo > pole.at => span.lo = pole.at + least(seen.lo - pole.at),
                Some(seen) if pole.below && seen.hi < pole.at => span.hi = pole.at - least(pole.at - seen.hi),
                _ if whole && pole.above && span.lo >= pole.at && span.hi >= pole.at + 1.0 => span.lo = pole.at + 1.0,
                _ => return Err(reason),
            }
        }
        Ok(span)
    }
}

impl Span {
    /// The part that is at most half as near to a function's poles as what was seen: the margin does not reach them.
    fn away(self, function: Function, seen: Self) -> Self {
        let mut span = self;
        for pole in function.poles() {
            if pole.above && seen.lo > pole.at && seen.lo.is_finite() {
                span.lo = span.lo.max(pole.at.midpoint(seen.lo));
            }
            if pole.below && seen.hi < pole.at && seen.hi.is_finite() {
                span.hi = span.hi.min(pole.at.midpoint(seen.hi));
            }
        }
        if span.lo <= span.hi { span } else { self }
    }
}

/// The smallest range that holds those of some values.
fn hull(values: impl Iterator<Item = ValueId>, spans: &[Span]) -> Span {
    let empty = Span::new(f64::INFINITY, f64::NEG_INFINITY);
    values.map(|v| spans[v.index()]).fold(empty, Span::union)
}

/// Intervals of all values.
#[derive(Clone, Debug)]
pub(crate) struct Ranges {
    exact: Vec<Span>,
    seen: Option<Vec<Span>>,
    /// What random inputs say where nothing else does.
    guess: Option<Vec<Span>>,
    margin: f64,
    weights: WeightMode,
    /// What holds by construction, whatever the weights are.
    known: HashMap<ValueId, (f64, f64)>,
    /// Which values are integers.
    integers: Vec<bool>,
    guessed: Vec<String>,
}

/// A value that no finite interval holds.
struct Unbounded {
    /// Whether its interval is only too wide; else it is not defined for all of its arguments.
    wide: bool,
    error: Box<CompileError>,
}

impl From<Unbounded> for CompileError {
    fn from(e: Unbounded) -> Self {
        *e.error
    }
}

/// Intervals so many times wider than the values leave too few bits of a word of 20 to 28.
const HOPELESS: f64 = 65536.0;

/// Intervals beyond this say nothing.
const WIDEST: f64 = 1e30;

impl Ranges {
    /// Intervals from the inputs' (in the order of [`Graph::inputs`]) and from the calibration samples of the options.
    /// Where neither interval arithmetic nor calibration bounds a value or keeps it from a pole, `drawn` samples do, if there
    /// are any.
    pub(crate) fn new(
        graph: &Graph,
        inputs: &[Span],
        options: &CompileOptions,
        drawn: &[NamedTensors],
    ) -> Result<Self, CompileError> {
        let seen = options.calibration.as_ref().map(|samples| graph.seen(samples));
        let mut guessed = Vec::new();
        let mut guess = None;
        let exact = match &seen {
            Some(seen) => graph.intervals(inputs, Some(seen), options.margin, &mut Vec::new())?,
            None => match graph.intervals(inputs, None, options.margin, &mut Vec::new()) {
                Err(found) if !drawn.is_empty() => {
                    let seen = graph.seen(drawn);
                    // What random inputs cannot say either is an error of the first kind.
                    let exact = graph.intervals(inputs, Some(&seen), options.margin, &mut guessed);
                    let exact = exact.map_err(|own| if found.wide { own } else { found })?;
                    guess = Some(seen);
                    exact
                }
                found => found?,
            },
        };
        Ok(Self { guess, ..Self::of_graph(graph, options, exact, seen, guessed) })
    }

    /// As [`Ranges::new`], where samples narrow the ranges of all values as calibration data does, whatever interval
    /// arithmetic says of them: in a deep network its intervals are many times wider than the values.
    pub(crate) fn sampled(
        graph: &Graph,
        inputs: &[Span],
        options: &CompileOptions,
        samples: &[NamedTensors],
    ) -> Result<Self, CompileError> {
        let seen = graph.seen(samples);
        let exact = graph.intervals(inputs, Some(&seen), options.margin, &mut Vec::new())?;
        Ok(Self::of_graph(graph, options, exact, Some(seen), Vec::new()))
    }

    fn of_graph(
        graph: &Graph,
        options: &CompileOptions,
        exact: Vec<Span>,
        seen: Option<Vec<Span>>,
        guessed: Vec<String>,
    ) -> Self {
        let (margin, weights, known) = (options.margin, options.weights, graph.bounds.clone());
        let integers = (0..graph.len() as u32).map(|v| graph.is_integer(ValueId(v))).collect();
        Self { exact, seen, guess: None, margin, weights, known, integers, guessed }
    }

    /// Names of the tensors whose range is a guess from random inputs.
    pub(crate) fn guessed(&self) -> &[String] {
        &self.guessed
    }

    /// The range of a group of values to which `function` is applied, if any is: what interval arithmetic allows, and
    /// calibration saw. With private weights it is coarse.
    pub(crate) fn of(&self, values: impl Iterator<Item = ValueId> + Clone, function: Option<Function>) -> Span {
        let span = self.fine(values.clone());
        let span = match function {
            Some(f) => {
                let seen = self.seen.as_ref().or(self.guess.as_ref()).map(|seen| hull(values.clone(), seen));
                let span = seen.map_or(span, |seen| span.away(f, seen));
                // Where it has a pole in its range, the intervals were refused.
                span.defined(f, seen, values.clone().all(|v| self.integers[v.index()])).unwrap_or(span)
            }
            None => span,
        };
        match self.weights {
            WeightMode::Fixed => span,
            WeightMode::Private => {
                let coarse = span.coarse(function).within(self.known(values));
                let (lo, hi) = function.map_or((f64::NEG_INFINITY, f64::INFINITY), Function::natural);
                Span::new(coarse.lo.max(lo), coarse.hi.min(hi))
            }
        }
    }

    /// What a group of values can be whatever the weights are.
    fn known(&self, values: impl Iterator<Item = ValueId>) -> Span {
        let of = |v| self.known.get(&v).copied().unwrap_or((f64::NEG_INFINITY, f64::INFINITY));
        let empty = Span::new(f64::INFINITY, f64::NEG_INFINITY);
        values.map(of).fold(empty, |s, (lo, hi)| s.union(Span::new(lo, hi)))
    }

    /// Whether interval arithmetic says so much less of some value than samples that a program made from it would be
    /// useless.
    pub(crate) fn hopeless(&self, sampled: &Self) -> bool {
        let Some(seen) = &sampled.seen else { return false };
        let far = |(exact, seen): (&Span, &Span)| {
            let wide = exact.hi - exact.lo > HOPELESS * (seen.hi - seen.lo);
            wide && seen.hi > seen.lo && exact.magnitude() > HOPELESS * seen.magnitude()
        };
        self.exact.iter().zip(seen).any(far)
    }

    fn fine(&self, values: impl Iterator<Item = ValueId> + Clone) -> Span {
        let exact = hull(values.clone(), &self.exact);
        let Some(seen) = &self.seen else { return exact };
        let seen = hull(values, seen).widened(self.margin);
        let (lo, hi) = (exact.lo.max(seen.lo), exact.hi.min(seen.hi));
        if lo <= hi { Span::new(lo, hi) } else { exact }
    }
}

impl Span {
    fn is_usable(self) -> bool {
        self.lo.is_finite() && self.hi.is_finite() && self.magnitude() <= WIDEST
    }

    fn intersection(self, o: Self) -> Option<Self> {
        let (lo, hi) = (self.lo.max(o.lo), self.hi.min(o.hi));
        (lo <= hi).then_some(Self::new(lo, hi))
    }
}

impl Graph {
    /// The smallest and largest value of each scalar on samples.
    fn seen(&self, samples: &[NamedTensors]) -> Vec<Span> {
        let empty = || vec![Span::new(f64::INFINITY, f64::NEG_INFINITY); self.len()];
        let join = |all: &mut Span, o: Span| {
            let unknown = all.lo.is_nan() || o.lo.is_nan();
            *all = if unknown { Span::new(f64::NAN, f64::NAN) } else { all.union(o) };
        };
        let parts = parallel::parts(samples.len(), self.work(), |part| {
            let mut seen = empty();
            for sample in &samples[part] {
                seen.iter_mut().zip(self.run(sample)).for_each(|(s, v)| join(s, Span::new(v, v)));
            }
            seen
        });
        let mut all = empty();
        parts.into_iter().for_each(|part| all.iter_mut().zip(part).for_each(|(all, o)| join(all, o)));
        all
    }

    /// Interval arithmetic. Where it gives no finite interval, what was `seen` takes its place, with a margin; the names
    /// of those tensors are added to `replaced`.
    fn intervals(
        &self,
        inputs: &[Span],
        seen: Option<&[Span]>,
        margin: f64,
        replaced: &mut Vec<String>,
    ) -> Result<Vec<Span>, Unbounded> {
        let mut spans: Vec<Span> =
            self.constants.iter().map(|c| Span::new(c.unwrap_or(0.0), c.unwrap_or(0.0))).collect();
        let mut defined: Vec<bool> = self.constants.iter().map(Option::is_some).collect();
        for (port, &span) in self.inputs.iter().zip(inputs) {
            port.values.iter().for_each(|v| (spans[v.index()], defined[v.index()]) = (span, true));
        }
        for op in &self.ops {
            let at = |v: ValueId| spans[v.index()];
            let results: Vec<Span> = match &op.kind {
                Kind::Linear { matrix, x, .. } => {
                    let m = &self.matrices[matrix.index()];
                    m.intervals(x.iter().map(|&v| at(v)).collect())
                }
                Kind::Select { matrix, x } => {
                    let rows = self.matrices[matrix.index()].row_spans();
                    x.iter().flat_map(|_| rows.iter().copied()).collect()
                }
                Kind::MatMul { inner, x, y } => {
                    let of = |list: &[ValueId]| list.iter().map(|&v| at(v)).collect::<Vec<Span>>();
                    products(*inner, &of(x), &of(y))
                }
                Kind::Product { terms } => (0..op.out.len())
                    .map(|i| {
                        let each = terms.iter().map(|t| product(t.a[i], t.b[i], &spans).times(t.factor));
                        each.fold(Span::new(0.0, 0.0), |s, t| Span::new(s.lo + t.lo, s.hi + t.hi))
                    })
                    .collect(),
                Kind::Affine { x, scale, shift } => (0..x.len())
                    .map(|i| {
                        let s = at(x[i]).times(scale[i]);
                        Span::new(s.lo + shift[i], s.hi + shift[i])
                    })
                    .collect(),
                Kind::Floor { x, scale, shift } => {
                    let floor = |v: f64| (v + shift).floor();
                    x.iter().map(|&v| at(v).times(*scale)).map(|s| Span::new(floor(s.lo), floor(s.hi))).collect()
                }
                Kind::Apply { function, x } => {
                    let all = hull(x.iter().copied(), &spans);
                    let seen = seen.map(|seen| hull(x.iter().copied(), seen));
                    let whole = x.iter().all(|&v| self.is_integer(v));
                    let domain = all.defined(*function, seen, whole);
                    let error = |reason: String| self.imprecise(op.site, all, &reason);
                    let domain = domain.map_err(|reason| Unbounded { wide: false, error: Box::new(error(reason)) })?;
                    if domain != all && replaced.last() != Some(&self.sites[op.site.index()].name) {
                        replaced.push(self.sites[op.site.index()].name.clone());
                    }
                    let on = |s: Span| Span::new(s.lo.clamp(domain.lo, domain.hi), s.hi.clamp(domain.lo, domain.hi));
                    let range = |s: Span| {
                        let (lo, hi) = function.range(s.lo, s.hi);
                        Span::new(lo, hi)
                    };
                    x.iter().map(|&v| range(on(at(v)))).collect()
                }
                Kind::Max { size, x } => x
                    .chunks_exact(*size)
                    .map(|g| {
                        let lo = g.iter().map(|&v| at(v).lo).fold(f64::NEG_INFINITY, f64::max);
                        let hi = g.iter().map(|&v| at(v).hi).fold(f64::NEG_INFINITY, f64::max);
                        Span::new(lo, hi)
                    })
                    .collect(),
            };
            for (v, s) in op.out.iter().zip(results) {
                let (lo, hi) = self.bounds.get(v).copied().unwrap_or((f64::NEG_INFINITY, f64::INFINITY));
                let own = Span::new(s.lo.max(lo), s.hi.min(hi));
                let found = if s.is_usable() {
                    own
                } else if let Some(found) = seen.map(|seen| seen[v.index()]).filter(|s| s.is_usable()) {
                    let name = &self.sites[op.site.index()].name;
                    if replaced.last() != Some(name) {
                        replaced.push(name.clone());
                    }
                    let wide = found.widened(margin);
                    wide.intersection(own).unwrap_or(wide)
                } else {
                    let error = self.imprecise(op.site, s, "no finite interval follows from the input ranges");
                    return Err(Unbounded { wide: true, error: Box::new(error) });
                };
                let among = self.among.get(v).filter(|list| list.iter().all(|v| defined[v.index()]));
                let of = among.and_then(|list| hull(list.iter().copied(), &spans).intersection(found));
                spans[v.index()] = of.unwrap_or(found);
                defined[v.index()] = true;
            }
        }
        Ok(spans)
    }

    pub(crate) fn imprecise(&self, site: super::SiteId, span: Span, reason: &str) -> CompileError {
        let tensor = self.sites[site.index()].name.clone();
        CompileError::Precision { tensor, lo: span.lo, hi: span.hi, reason: reason.to_owned() }
    }
}

fn product(a: ValueId, b: ValueId, spans: &[Span]) -> Span {
    let p = spans[a.index()].times_span(spans[b.index()]);
    // A square is not negative.
    if a == b && p.lo < 0.0 { Span::new(0.0, p.hi) } else { p }
}

/// The sums of products of x \[m, inner\] and y \[inner, n\].
fn products(inner: usize, x: &[Span], y: &[Span]) -> Vec<Span> {
    let n = y.len() / inner;
    let mut sums = vec![Span::new(0.0, 0.0); x.len() / inner * n];
    for (x, sums) in x.chunks_exact(inner).zip(sums.chunks_exact_mut(n)) {
        for (a, row) in x.iter().zip(y.chunks_exact(n)) {
            for (sum, b) in sums.iter_mut().zip(row) {
                let product = a.times_span(*b);
                *sum = Span::new(sum.lo + product.lo, sum.hi + product.hi);
            }
        }
    }
    sums
}

impl super::Matrix {
    /// The intervals of all positions. Those with equal operands, as most of a convolution have, are computed once.
    fn intervals(&self, x: Vec<Span>) -> Vec<Span> {
        let mut all: Vec<Span> = Vec::with_capacity(x.len() / self.rows * self.cols);
        let mut known: HashMap<Vec<[u64; 2]>, usize> = HashMap::new();
        for x in x.chunks_exact(self.rows) {
            let first = *known.entry(x.iter().map(|s| [s.lo.to_bits(), s.hi.to_bits()]).collect()).or_insert(all.len());
            if first < all.len() {
                all.extend_from_within(first..first + self.cols);
            } else {
                all.extend(self.interval(x.iter().copied()));
            }
        }
        all
    }

    /// The range of each column's weights.
    fn row_spans(&self) -> Vec<Span> {
        let mut all = vec![Span::new(f64::INFINITY, f64::NEG_INFINITY); self.cols];
        for row in self.weights.chunks_exact(self.cols) {
            all.iter_mut().zip(row).for_each(|(s, &w)| *s = Span::new(s.lo.min(w), s.hi.max(w)));
        }
        all
    }

    fn interval(&self, x: impl Iterator<Item = Span>) -> Vec<Span> {
        let mut y: Vec<Span> = self.bias.iter().map(|&b| Span::new(b, b)).collect();
        for (s, row) in x.zip(self.weights.chunks_exact(self.cols)) {
            if s.lo == 0.0 && s.hi == 0.0 {
                continue;
            }
            for (y, &w) in y.iter_mut().zip(row) {
                let p = s.times(w);
                *y = Span::new(y.lo + p.lo, y.hi + p.hi);
            }
        }
        y
    }
}
