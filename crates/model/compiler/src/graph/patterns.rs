//! Operators that exporters take apart, found again: functions of one variable that are written as a product (GELU, Swish,
//! Mish), and values divided by the root of their mean square (LayerNormalization, RMSNormalization).
//!
//! A product is such a function if everything it is made of is one value and constants, and if it agrees with the function at
//! a few points. How the exporter wrote it does not matter.

use super::{Graph, Kind, Op, ValueId};
use crate::function::Function;

/// The functions that are looked for. x·sigmoid(1.702·x) is an approximation of GELU.
const FUNCTIONS: [Function; 5] =
    [Function::Gelu, Function::GeluTanh, Function::Swish(1.0), Function::Swish(1.702), Function::Mish];

/// Where a candidate is compared with them. GELU and its approximations differ by 10⁻⁴ and more at some.
const POINTS: [f64; 8] = [1.0, -3.0, -2.0, -1.0, -0.4, 0.5, 2.0, 3.0];

/// Constants of exporters are floats of 32 bits.
const TOLERANCE: f64 = 2e-6;

/// Operations between a function's variable and its value.
const DEPTH: usize = 9;

/// For each value, the operation that computes it, and which element of its result it is.
struct Producers(Vec<Option<(usize, usize)>>);

impl Producers {
    fn of<'g>(&self, graph: &'g Graph, v: ValueId) -> Option<(&'g Kind, usize)> {
        let (op, element) = self.0[v.index()]?;
        Some((&graph.ops[op].kind, element))
    }
}

/// factor · function(variable)
#[derive(Clone, Copy)]
struct Found {
    function: Function,
    variable: ValueId,
    factor: f64,
}

impl Graph {
    /// Replaces products that are functions of one variable, and records the bounds of normalized values.
    pub(crate) fn recognize(&mut self) {
        let mut producers = Producers(vec![None; self.len()]);
        for (i, op) in self.ops.iter().enumerate() {
            op.out.iter().enumerate().for_each(|(element, v)| producers.0[v.index()] = Some((i, element)));
        }
        let limits: Vec<(ValueId, f64)> = self.ops.iter().flat_map(|op| self.limits(&producers, op)).collect();
        for (v, limit) in limits {
            let own = self.bounds.entry(v).or_insert((f64::NEG_INFINITY, f64::INFINITY));
            *own = (own.0.max(-limit), own.1.min(limit));
        }
        let found: Vec<Option<Vec<Found>>> = self.ops.iter().map(|op| self.functions(&producers, op)).collect();
        for (mut op, found) in std::mem::take(&mut self.ops).into_iter().zip(found) {
            if let Some(found) = found {
                let Found { function, factor, .. } = found[0];
                let x = found.iter().map(|f| f.variable).collect();
                let (name, shape) =
                    (self.sites[op.site.index()].name.clone(), self.sites[op.site.index()].shape.clone());
                let site = self.site(&format!("{name}.{}", function.name()), function.name(), &shape);
                if factor == 1.0 {
                    (op.site, op.kind) = (site, Kind::Apply { function, x });
                } else {
                    let y = self.apply(site, function, x);
                    let (scale, shift) = (vec![factor; y.len()], vec![0.0; y.len()]);
                    op.kind = Kind::Affine { x: y, scale, shift };
                }
            }
            self.ops.push(op);
        }
    }

    /// What the elements of a product are, if all are the same function with the same factor.
    fn functions(&self, producers: &Producers, op: &Op) -> Option<Vec<Found>> {
        let Kind::Product { terms } = &op.kind else { return None };
        let [term] = terms.as_slice() else { return None };
        if self.sites[op.site.index()].integer {
            return None;
        }
        let mut all: Vec<Found> = Vec::with_capacity(op.out.len());
        for (element, (&a, &b)) in term.a.iter().zip(&term.b).enumerate() {
            let found = [a, b].into_iter().find_map(|side| self.function(producers, op.out[element], side))?;
            if let Some(first) = all.first()
                && !(first.function.same(found.function) && (first.factor - found.factor).abs() <= TOLERANCE)
            {
                return None;
            }
            all.push(found);
        }
        (!all.is_empty()).then_some(all)
    }

    /// The function of one variable that `v` is; `side` is the variable, perhaps scaled.
    fn function(&self, producers: &Producers, v: ValueId, side: ValueId) -> Option<Found> {
        self.constant_of(side).is_none().then_some(())?;
        let inner = match producers.of(self, side) {
            Some((Kind::Affine { x, .. }, i)) => Some(x[i]),
            _ => None,
        };
        [Some(side), inner].into_iter().flatten().find_map(|variable| {
            let mut values = [0.0; POINTS.len()];
            for (value, at) in values.iter_mut().zip(POINTS) {
                *value = self.value_at(producers, v, (variable, at), DEPTH)?;
            }
            FUNCTIONS.into_iter().find_map(|function| {
                let factor = values[0] / function.eval(POINTS[0]);
                // A half, a whole or twice the function, up to the rounding of the exporter's constants.
                let near = (2.0 * factor).round() / 2.0;
                let factor = if (factor - near).abs() <= TOLERANCE { near } else { factor };
                let equal = |(value, at): (&f64, f64)| {
                    (value - factor * function.eval(at)).abs() <= TOLERANCE * factor.abs() * at.abs().max(1.0)
                };
                let all = factor != 0.0 && factor.is_finite() && values.iter().zip(POINTS).all(equal);
                all.then_some(Found { function, variable, factor })
            })
        })
    }

    /// The value of `v` where a variable has a value, if it depends on nothing else.
    fn value_at(&self, producers: &Producers, v: ValueId, variable: (ValueId, f64), depth: usize) -> Option<f64> {
        if v == variable.0 {
            return Some(variable.1);
        }
        if let Some(c) = self.constant_of(v) {
            return Some(c);
        }
        let depth = depth.checked_sub(1)?;
        let at = |v: ValueId| self.value_at(producers, v, variable, depth);
        match producers.of(self, v)? {
            (Kind::Affine { x, scale, shift }, i) => Some(at(x[i])? * scale[i] + shift[i]),
            (Kind::Apply { function, x }, i) => Some(function.eval(at(x[i])?)),
            (Kind::Product { terms }, i) => {
                terms.iter().try_fold(0.0, |sum, t| Some(sum + t.factor * at(t.a[i])? * at(t.b[i])?))
            }
            _ => None,
        }
    }

    /// The largest magnitudes of a product's elements that are values divided by the root of a sum of squares, their own among
    /// them: with u ≥ w·c², |c| / √u ≤ 1/√w.
    fn limits(&self, producers: &Producers, op: &Op) -> Vec<(ValueId, f64)> {
        let Kind::Product { terms } = &op.kind else { return Vec::new() };
        let [term] = terms.as_slice() else { return Vec::new() };
        let limit = |(i, &out): (usize, &ValueId)| {
            let (a, b) = (term.a[i], term.b[i]);
            let weight = self.square_weight(producers, a, b).or_else(|| self.square_weight(producers, b, a))?;
            Some((out, term.factor.abs() / weight.sqrt()))
        };
        op.out.iter().enumerate().filter_map(limit).collect()
    }

    /// The weight of c² in u, where `inverse` is 1/√u and u is a sum of squares.
    fn square_weight(&self, producers: &Producers, c: ValueId, inverse: ValueId) -> Option<f64> {
        let applied = |v: ValueId, function: Function| match producers.of(self, v)? {
            (Kind::Apply { function: own, x }, i) if own.same(function) => Some(x[i]),
            _ => None,
        };
        let root = || applied(applied(inverse, Function::Reciprocal)?, Function::Sqrt);
        let mut u = root().or_else(|| applied(inverse, Function::Power(-0.5)))?;
        let mut factor = 1.0;
        while let Some((Kind::Affine { x, scale, shift }, i)) = producers.of(self, u) {
            if scale[i] <= 0.0 || shift[i] < 0.0 {
                return None;
            }
            (u, factor) = (x[i], factor * scale[i]);
        }
        let (Kind::Linear { matrix, x, .. }, position) = producers.of(self, u)? else { return None };
        let m = &self.matrices[matrix.index()];
        if m.cols != 1 || m.bias[0] < 0.0 || m.weights.iter().any(|&w| w < 0.0) {
            return None;
        }
        let mut weight = None;
        for (&v, &w) in x[position * m.rows..(position + 1) * m.rows].iter().zip(m.weights.iter()) {
            let (Kind::Product { terms }, i) = producers.of(self, v)? else { return None };
            let [square] = terms.as_slice() else { return None };
            if square.a[i] != square.b[i] || square.factor < 0.0 {
                return None;
            }
            if square.a[i] == c && w * square.factor > 0.0 {
                weight = Some(factor * w * square.factor);
            }
        }
        weight
    }

    /// For scores in rows of `n`, which of them a mask makes irrelevant: constants, and values that are shifted, so far below
    /// the others of their row that e^x of them is nothing beside e^x of those.
    pub(crate) fn masked(&self, n: usize, scores: &[ValueId]) -> Vec<bool> {
        /// Scores that are not masked are not that far apart.
        const FAR: f64 = 1000.0;
        let mut shifts: Vec<Option<f64>> = vec![None; self.len()];
        for op in &self.ops {
            if let Kind::Affine { shift, .. } = &op.kind {
                op.out.iter().zip(shift).for_each(|(v, &s)| shifts[v.index()] = Some(s));
            }
        }
        let of = |v: ValueId| {
            self.constant_of(v).map_or(shifts[v.index()].unwrap_or(0.0), |c| if c <= -FAR { c } else { 0.0 })
        };
        let row = |row: &[ValueId]| {
            let open = |&&v: &&ValueId| self.constant_of(v).is_none();
            let top = row.iter().filter(open).map(|&v| of(v)).fold(f64::NEG_INFINITY, f64::max);
            row.iter().map(|&v| of(v) < top - FAR).collect::<Vec<_>>()
        };
        scores.chunks_exact(n).flat_map(row).collect()
    }
}
