//! Adding operations, folding those whose operands are constant.

use std::sync::Arc;

use super::{Graph, Kind, Matrix, MatrixId, Op, Port, Site, SiteId, Term, ValueId};
use crate::function::Function;

impl Graph {
    pub(crate) fn site(&mut self, name: &str, op: &str, shape: &[usize]) -> SiteId {
        self.new_site(name, op, shape, false)
    }

    /// A site whose values are integers, which are never rounded (see the module's documentation).
    pub(crate) fn integer_site(&mut self, name: &str, op: &str, shape: &[usize]) -> SiteId {
        self.new_site(name, op, shape, true)
    }

    /// A site of integers or of real numbers.
    pub(crate) fn new_site(&mut self, name: &str, op: &str, shape: &[usize], integer: bool) -> SiteId {
        self.sites.push(Site { name: name.to_owned(), op: op.to_owned(), shape: shape.to_vec(), integer });
        SiteId(self.sites.len() as u32 - 1)
    }

    pub(crate) fn constant(&mut self, value: f64) -> ValueId {
        let value = if value == 0.0 { 0.0 } else { value };
        if let Some(&id) = self.known.get(&value.to_bits()) {
            return id;
        }
        let id = ValueId(self.constants.len() as u32);
        self.constants.push(Some(value));
        self.integers.push(false);
        self.known.insert(value.to_bits(), id);
        id
    }

    /// New values of a site.
    pub(super) fn fresh(&mut self, n: usize, site: SiteId) -> Vec<ValueId> {
        let start = self.constants.len() as u32;
        self.constants.resize(self.constants.len() + n, None);
        self.integers.resize(self.constants.len(), self.sites[site.index()].integer);
        (start..start + n as u32).map(ValueId).collect()
    }

    pub(crate) fn input(&mut self, name: &str, shape: &[usize], integer: bool) -> Vec<ValueId> {
        let site = self.new_site(name, "Input", shape, integer);
        let values = self.fresh(shape.iter().product(), site);
        self.inputs.push(Port {
            name: name.to_owned(),
            shape: shape.to_vec(),
            values: values.clone(),
            site,
            unit: String::new(),
            scale: None,
            integer,
            required: None,
        });
        values
    }

    /// Requires an input to have these values: the program refuses others, and the circuit has no witness for them. Real
    /// numbers are compared as multiples of 2^−16.
    ///
    /// The difference is looked up in a table that has zero only.
    pub(crate) fn require(&mut self, input: usize, data: &[f64]) {
        let port = &mut self.inputs[input];
        let (integer, n) = (port.integer, data.len());
        let scale = if integer { 1.0 } else { 65536.0 };
        port.scale = (!integer).then_some(scale);
        port.required = Some(data.to_vec());
        let (name, shape, values) = (port.name.clone(), port.shape.clone(), port.values.clone());
        let minus = data.iter().map(|v| -(v * scale).round() / scale).collect();
        let site = self.new_site(&format!("{name}.difference"), "Sub", &shape, integer);
        let difference = self.affine(site, values, vec![1.0; n], minus);
        let site = self.integer_site(&format!("{name}.required"), "Zero", &shape);
        let zeros = self.apply(site, Function::Zero, difference);
        self.kept.extend(zeros);
    }

    pub(crate) fn output(&mut self, name: &str, shape: &[usize], values: Vec<ValueId>, integer: bool) {
        let site = self.new_site(name, "Output", shape, integer);
        let (name, shape) = (name.to_owned(), shape.to_vec());
        self.outputs.push(Port {
            name,
            shape,
            values,
            site,
            unit: String::new(),
            scale: None,
            integer,
            required: None,
        });
    }

    /// A matrix \[rows, bias.len()\].
    pub(crate) fn matrix(&mut self, site: SiteId, rows: usize, weights: Vec<f64>, bias: Vec<f64>) -> MatrixId {
        debug_assert_eq!(weights.len(), rows * bias.len());
        self.matrices.push(Matrix { site, rows, cols: bias.len(), weights: Arc::new(weights), bias });
        MatrixId(self.matrices.len() as u32 - 1)
    }

    pub(crate) fn linear(&mut self, matrix: MatrixId, grid: usize, x: Vec<ValueId>) -> Vec<ValueId> {
        let m = &self.matrices[matrix.index()];
        let (site, rows, cols) = (m.site, m.rows, m.cols);
        let positions = x.len() / rows;
        let constants: Option<Vec<f64>> = x.iter().map(|&v| self.constant_of(v)).collect();
        if let Some(x) = constants {
            let y = m.apply_all(&x);
            return y.into_iter().map(|v| self.constant(v)).collect();
        }
        let out = self.fresh(positions * cols, site);
        self.ops.push(Op { site, kind: Kind::Linear { matrix, positions, grid: grid.max(1), x }, out: out.clone() });
        out
    }

    /// Rows of a matrix without biases. The indices are computed integers.
    pub(crate) fn select(&mut self, matrix: MatrixId, x: Vec<ValueId>) -> Vec<ValueId> {
        let m = &self.matrices[matrix.index()];
        let (site, cols) = (m.site, m.cols);
        let out = self.fresh(x.len() * cols, site);
        self.ops.push(Op { site, kind: Kind::Select { matrix, x }, out: out.clone() });
        out
    }

    /// x \[m, inner\] times y \[inner, n\], of which at least one is computed.
    pub(crate) fn mat_mul(&mut self, site: SiteId, inner: usize, x: Vec<ValueId>, y: Vec<ValueId>) -> Vec<ValueId> {
        let out = self.fresh(x.len() / inner * (y.len() / inner), site);
        self.ops.push(Op { site, kind: Kind::MatMul { inner, x, y }, out: out.clone() });
        out
    }

    pub(crate) fn product(&mut self, site: SiteId, mut terms: Vec<Term>) -> Vec<ValueId> {
        let len = terms.first().map_or(0, |t| t.a.len());
        let value = |g: &Self, i: usize| {
            let constant = |t: &Term| match (g.constant_of(t.a[i]), g.constant_of(t.b[i])) {
                (Some(a), Some(b)) => Some(t.factor * a * b),
                // Computed values are finite.
                (Some(0.0), None) | (None, Some(0.0)) => Some(0.0),
                _ => None,
            };
            let all = terms.iter().try_fold(0.0, |sum, t| Some(sum + constant(t)?));
            // Whatever is added to an infinity, it stays one: computed values are finite.
            all.or_else(|| terms.iter().find_map(|t| constant(t).filter(|v| !v.is_finite())))
        };
        let folded: Vec<Option<f64>> = (0..len).map(|i| value(self, i)).collect();
        let zero = |g: &Self, t: &Term| {
            t.a.iter().zip(&t.b).all(|(&a, &b)| g.constant_of(a) == Some(0.0) || g.constant_of(b) == Some(0.0))
        };
        if terms.len() > 1 && !terms.iter().all(|t| zero(self, t)) {
            terms.retain(|t| !zero(self, t));
        }
        let keep = |list: &mut Vec<ValueId>| {
            let mut known = folded.iter();
            list.retain(|_| known.next().is_some_and(Option::is_none));
        };
        for t in &mut terms {
            keep(&mut t.a);
            keep(&mut t.b);
        }
        self.finish(site, Kind::Product { terms }, &folded)
    }

    pub(crate) fn affine(
        &mut self,
        site: SiteId,
        x: Vec<ValueId>,
        mut scale: Vec<f64>,
        mut shift: Vec<f64>,
    ) -> Vec<ValueId> {
        let folded: Vec<Option<f64>> = (0..x.len())
            .map(|i| match self.constant_of(x[i]) {
                Some(c) => Some(c * scale[i] + shift[i]),
                None if scale[i] == 0.0 || scale[i].is_finite() && !shift[i].is_finite() => Some(shift[i]),
                None => None,
            })
            .collect();
        let keep = |i: &usize| folded[*i].is_none();
        let x = (0..x.len()).filter(keep).map(|i| x[i]).collect();
        scale = (0..scale.len()).filter(keep).map(|i| scale[i]).collect();
        shift = (0..shift.len()).filter(keep).map(|i| shift[i]).collect();
        self.finish(site, Kind::Affine { x, scale, shift }, &folded)
    }

    pub(crate) fn apply(&mut self, site: SiteId, function: Function, x: Vec<ValueId>) -> Vec<ValueId> {
        let folded: Vec<Option<f64>> = x.iter().map(|&v| self.constant_of(v).map(|c| function.eval(c))).collect();
        let x = x.into_iter().filter(|&v| self.constant_of(v).is_none()).collect();
        self.finish(site, Kind::Apply { function, x }, &folded)
    }

    pub(crate) fn max(&mut self, site: SiteId, size: usize, mut x: Vec<ValueId>) -> Vec<ValueId> {
        if size == 1 {
            return x;
        }
        // −∞ is never the maximum, unless there is nothing else.
        for group in x.chunks_exact_mut(size) {
            let lowest = |g: &Self, v: ValueId| g.constant_of(v) == Some(f64::NEG_INFINITY);
            let Some(&other) = group.iter().find(|&&v| !lowest(self, v)) else { continue };
            group.iter_mut().filter(|v| lowest(self, **v)).for_each(|v| *v = other);
        }
        let value = |g: &Self, group: &[ValueId]| {
            let constants = || group.iter().map(|&v| g.constant_of(v));
            let special = constants().flatten().find(|c| c.is_nan() || *c == f64::INFINITY);
            special.or_else(|| constants().try_fold(f64::NEG_INFINITY, |m, c| Some(m.max(c?))))
        };
        let folded: Vec<Option<f64>> = x.chunks_exact(size).map(|group| value(self, group)).collect();
        let x = x.chunks_exact(size).zip(&folded).filter(|(_, f)| f.is_none()).flat_map(|(g, _)| g.to_vec()).collect();
        self.finish(site, Kind::Max { size, x }, &folded)
    }

    /// The largest integer that is at most x · scale + shift.
    pub(crate) fn floor(&mut self, site: SiteId, x: Vec<ValueId>, scale: f64, shift: f64) -> Vec<ValueId> {
        let folded: Vec<Option<f64>> =
            x.iter().map(|&v| self.constant_of(v).map(|c| (c * scale + shift).floor())).collect();
        let x = x.into_iter().filter(|&v| self.constant_of(v).is_none()).collect();
        self.finish(site, Kind::Floor { x, scale, shift }, &folded)
    }

    /// Records that each of `values` is one of `of`, or lies between them.
    pub(crate) fn among(&mut self, values: &[ValueId], of: &[ValueId]) {
        let of: Arc<[ValueId]> = of.into();
        for &v in values {
            if self.constant_of(v).is_none() {
                self.among.insert(v, of.clone());
            }
        }
    }

    /// Records that each value is the label with the largest of its `n` scores.
    pub(crate) fn decided(&mut self, values: &[ValueId], n: usize, labels: &[f64], scores: &[ValueId]) {
        let labels: Arc<[f64]> = labels.into();
        for (&v, own) in values.iter().zip(scores.chunks_exact(n)) {
            self.decisions.insert(v, super::Decision { labels: labels.clone(), scores: own.to_vec() });
        }
    }

    /// Adds an operation whose elements are those that were not folded.
    fn finish(&mut self, site: SiteId, kind: Kind, folded: &[Option<f64>]) -> Vec<ValueId> {
        let open = folded.iter().filter(|f| f.is_none()).count();
        let out = self.fresh(open, site);
        if open > 0 {
            self.ops.push(Op { site, kind, out: out.clone() });
        }
        let mut next = out.into_iter();
        let mut all = Vec::with_capacity(folded.len());
        for f in folded {
            match f {
                Some(v) => all.push(self.constant(*v)),
                None => all.extend(next.next()),
            }
        }
        all
    }

    /// Records that the values are at most `limit` (a difference to a maximum).
    pub(crate) fn bound_above(&mut self, values: &[ValueId], limit: f64) {
        values.iter().for_each(|&v| self.bounds.entry(v).or_insert((f64::NEG_INFINITY, f64::INFINITY)).1 = limit);
    }

    /// Records that the values are at least `limit` (a sum of exponentials of differences to a maximum).
    pub(crate) fn bound_below(&mut self, values: &[ValueId], limit: f64) {
        values.iter().for_each(|&v| self.bounds.entry(v).or_insert((f64::NEG_INFINITY, f64::INFINITY)).0 = limit);
    }

    /// a + factor · b
    pub(crate) fn sum(&mut self, site: SiteId, a: Vec<ValueId>, factor: f64, b: Vec<ValueId>) -> Vec<ValueId> {
        let one = self.constant(1.0);
        let ones = vec![one; a.len()];
        self.product(site, vec![Term { factor: 1.0, a, b: ones.clone() }, Term { factor, a: b, b: ones }])
    }
}

impl Matrix {
    /// [`Matrix::apply`] at every position. Four at a time share a row of weights; each sum has the same order.
    pub(crate) fn apply_all(&self, x: &[f64]) -> Vec<f64> {
        let (rows, cols) = (self.rows, self.cols);
        let mut all = Vec::with_capacity(x.len() / rows * cols);
        let mut four = x.chunks_exact(4 * rows);
        for x in four.by_ref() {
            let mut y = [(); 4].map(|()| self.bias.clone());
            let [a, b, c, d] = &mut y;
            for (k, row) in self.weights.chunks_exact(cols).enumerate() {
                let v = [x[k], x[rows + k], x[2 * rows + k], x[3 * rows + k]];
                if v == [0.0; 4] {
                    continue;
                }
                let sums = a.iter_mut().zip(b.iter_mut()).zip(c.iter_mut()).zip(d.iter_mut());
                for ((((a, b), c), d), w) in sums.zip(row) {
                    *a += v[0] * w;
                    *b += v[1] * w;
                    *c += v[2] * w;
                    *d += v[3] * w;
                }
            }
            y.iter().for_each(|y| all.extend_from_slice(y));
        }
        all.extend(four.remainder().chunks_exact(rows).flat_map(|x| self.apply(x)));
        all
    }

    /// The row of an index; that at the end for an index beyond it, which the program refuses.
    pub(crate) fn row(&self, index: f64) -> &[f64] {
        let row = index.clamp(0.0, self.rows as f64 - 1.0) as usize;
        &self.weights[row * self.cols..(row + 1) * self.cols]
    }

    /// x·W + bias
    pub(crate) fn apply(&self, x: &[f64]) -> Vec<f64> {
        let mut y = self.bias.clone();
        for (&v, row) in x.iter().zip(self.weights.chunks_exact(self.cols)) {
            if v != 0.0 {
                y.iter_mut().zip(row).for_each(|(y, w)| *y += v * w);
            }
        }
        y
    }
}
