//! Functions with a pole at zero over a wide range: logarithms, reciprocals, roots and powers of numbers whose largest is
//! many times the smallest.
//!
//! A table has segments of equal width. Near the pole they are too wide. There the argument is multiplied by a power of
//! two first, which the result takes back:
//!
//! ```text
//! u = v · K where v ≤ T, else v        f(v) = f(u) − log K, or f(u) · K^−e for a power with exponent e
//! ```
//!
//! With T = hi / K and K² at least hi / lo, u is in [hi / K, hi]: each such step halves the number of octaves, for two or
//! three rows an element.

use std::collections::BTreeMap;

use super::{Graph, Kind, Ranges, SiteId, Span, Term, ValueId};
use crate::function::Function;

/// A table covers this many octaves well.
const OCTAVES: f64 = 3.0;

/// Room for the error of quantization at the ends of the range of u.
const ROOM: f64 = 1.0 / 32.0;

impl Function {
    /// The exponent of a power with an end or a pole at zero.
    pub(crate) fn exponent(self) -> Option<f64> {
        match self {
            Self::Reciprocal => Some(-1.0),
            Self::Sqrt => Some(0.5),
            Self::Power(e) => Some(e),
            _ => None,
        }
    }
}

impl Graph {
    /// Splits the ranges of such functions where they are wide. Returns whether anything changed.
    pub(crate) fn split_octaves(&mut self, ranges: &Ranges) -> bool {
        let wide = self.wide_sites(ranges);
        let mut changed = false;
        for mut op in std::mem::take(&mut self.ops) {
            if let (Kind::Apply { function, x }, Some(&span)) = (&op.kind, wide.get(&op.site)) {
                changed = true;
                op.kind = self.split(op.site, *function, x.clone(), span);
            }
            self.ops.push(op);
        }
        changed
    }

    /// Sites of functions over positive ranges of more octaves than a table covers.
    fn wide_sites(&self, ranges: &Ranges) -> BTreeMap<SiteId, Span> {
        let mut sites: BTreeMap<SiteId, Span> = BTreeMap::new();
        for op in &self.ops {
            if let Kind::Apply { function, x } = &op.kind
                && (function.exponent().is_some() || *function == Function::Log)
                && !x.iter().all(|&v| self.is_integer(v))
            {
                let span = ranges.of(x.iter().copied(), Some(*function));
                sites.entry(op.site).and_modify(|s| *s = s.union(span)).or_insert(span);
            }
        }
        sites.retain(|_, s| s.lo > 0.0 && (s.hi / s.lo).log2() > OCTAVES);
        sites
    }

    /// Adds the steps; returns the operation whose results are the function's.
    fn split(&mut self, site: SiteId, function: Function, x: Vec<ValueId>, span: Span) -> Kind {
        let n = x.len();
        let (name, shape) = (self.sites[site.index()].name.clone(), self.sites[site.index()].shape.clone());
        let part = |g: &mut Self, part: String, op: &str| g.site(&format!("{name}.{part}"), op, &shape);
        let one = vec![self.constant(1.0); n];
        let (mut u, mut octaves) = (x, (span.hi / span.lo).log2());
        let mut steps: Vec<(Vec<ValueId>, f64)> = Vec::new();
        while octaves > OCTAVES {
            octaves = (octaves / 2.0).ceil();
            let (i, factor) = (steps.len(), 2f64.powf(octaves));
            let own = part(self, format!("below{i}"), "Affine");
            let distance = self.affine(own, u.clone(), vec![-1.0; n], vec![span.hi / factor; n]);
            let own = self.integer_site(&format!("{name}.small{i}"), "NonNegative", &shape);
            let small = self.apply(own, Function::NonNegative, distance);
            let own = part(self, format!("octaves{i}"), "Mul");
            let terms = [(1.0, one.clone()), (factor - 1.0, small.clone())];
            u = self.product(own, terms.map(|(factor, b)| Term { factor, a: u.clone(), b }).to_vec());
            self.bound_below(&u, span.hi / factor * (1.0 - ROOM));
            self.bound_above(&u, span.hi * (1.0 + ROOM));
            steps.push((small, factor));
        }
        let own = part(self, "of".into(), function.name());
        let mut y = self.apply(own, function, u);
        let Some(exponent) = function.exponent() else {
            let own = part(self, "sum".into(), "Linear");
            let mut weights = vec![1.0];
            weights.extend(steps.iter().map(|(_, factor)| -factor.ln()));
            let all =
                (0..n).flat_map(|i| [y[i]].into_iter().chain(steps.iter().map(move |(bits, _)| bits[i]))).collect();
            let rows = weights.len();
            let matrix = self.matrix(own, rows, weights, vec![0.0]);
            let x = self.linear(matrix, 1, all);
            return Kind::Affine { x, scale: vec![1.0; n], shift: vec![0.0; n] };
        };
        for (i, (bits, factor)) in steps.iter().enumerate().rev() {
            let own = part(self, format!("back{i}"), "Mul");
            let terms = [(1.0, &one), (factor.powf(-exponent) - 1.0, bits)];
            y = self.product(own, terms.map(|(factor, b)| Term { factor, a: y.clone(), b: b.clone() }).to_vec());
        }
        Kind::Affine { x: y, scale: vec![1.0; n], shift: vec![0.0; n] }
    }
}
