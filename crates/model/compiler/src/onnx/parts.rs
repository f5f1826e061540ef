//! Building blocks of operators that are made of several operations: comparisons, selections, rounding.
//!
//! Lists of values are combined element by element. Each operation has a site of its own, named after the node and the
//! part. It is a site of integers where all operands are integers, so that truth values and counts stay exact.

use super::attributes::Node;
use crate::{
    function::Function,
    graph::{Graph, HUGE, SiteId, Term, ValueId},
};

/// One term of a sum of products: factor · a · b.
pub(super) type Factors<'v> = (f64, &'v [ValueId], &'v [ValueId]);

/// The parts of one node.
pub(super) struct Parts<'n, 'g> {
    node: &'n Node<'n>,
    pub(super) graph: &'g mut Graph,
}

impl<'n, 'g> Parts<'n, 'g> {
    pub(super) fn new(node: &'n Node<'n>, graph: &'g mut Graph) -> Self {
        Self { node, graph }
    }

    fn site(&mut self, part: &str, op: &str, len: usize, integer: bool) -> SiteId {
        let name = if part.is_empty() { self.node.name.clone() } else { format!("{}.{part}", self.node.name) };
        self.graph.new_site(&name, op, &[len], integer)
    }

    fn integers(&self, values: &[ValueId]) -> bool {
        values.iter().all(|&v| self.graph.is_integer(v))
    }

    /// The same constant, `len` times.
    pub(super) fn constant(&mut self, value: f64, len: usize) -> Vec<ValueId> {
        vec![self.graph.constant(value); len]
    }

    /// x · scale + shift
    pub(super) fn affine(&mut self, part: &str, x: &[ValueId], scale: f64, shift: f64) -> Vec<ValueId> {
        self.scaled(part, x, vec![scale; x.len()], vec![shift; x.len()])
    }

    /// x · scale + shift with factors and shifts for each element.
    pub(super) fn scaled(&mut self, part: &str, x: &[ValueId], scale: Vec<f64>, shift: Vec<f64>) -> Vec<ValueId> {
        let whole = scale.iter().chain(&shift).all(|v| v.fract() == 0.0);
        let site = self.site(part, "Affine", x.len(), whole && self.integers(x));
        self.graph.affine(site, x.to_vec(), scale, shift)
    }

    /// Σ factor · a · b, of one or two terms.
    pub(super) fn terms(&mut self, part: &str, terms: &[Factors<'_>]) -> Vec<ValueId> {
        let whole = |(f, a, b): &Factors<'_>| f.fract() == 0.0 && self.integers(a) && self.integers(b);
        let (len, integer) = (terms.first().map_or(0, |t| t.1.len()), terms.iter().all(whole));
        let site = self.site(part, "Mul", len, integer);
        let term = |&(factor, a, b): &Factors<'_>| Term { factor, a: a.to_vec(), b: b.to_vec() };
        self.graph.product(site, terms.iter().map(term).collect())
    }

    /// a · b
    pub(super) fn mul(&mut self, part: &str, a: &[ValueId], b: &[ValueId]) -> Vec<ValueId> {
        self.terms(part, &[(1.0, a, b)])
    }

    /// a + factor · b
    pub(super) fn sum(&mut self, part: &str, a: &[ValueId], factor: f64, b: &[ValueId]) -> Vec<ValueId> {
        let one = self.constant(1.0, a.len());
        let site = {
            let integer = factor.fract() == 0.0 && self.integers(a) && self.integers(b);
            self.site(part, "Sum", a.len(), integer)
        };
        let term = |factor, a: &[ValueId]| Term { factor, a: a.to_vec(), b: one.clone() };
        self.graph.product(site, vec![term(1.0, a), term(factor, b)])
    }

    /// A function of each value. `integer`: its values are integers.
    pub(super) fn apply(&mut self, part: &str, function: Function, x: &[ValueId], integer: bool) -> Vec<ValueId> {
        let site = self.site(part, function.name(), x.len(), integer);
        self.graph.apply(site, function, x.to_vec())
    }

    /// Magnitudes.
    pub(super) fn abs(&mut self, part: &str, x: &[ValueId]) -> Vec<ValueId> {
        let integer = self.integers(x);
        self.apply(part, Function::Abs, x, integer)
    }

    /// 1 where x ≥ 0, else 0.
    pub(super) fn step(&mut self, part: &str, x: &[ValueId]) -> Vec<ValueId> {
        self.apply(part, Function::NonNegative, x, true)
    }

    /// 1 where a ≥ b, else 0.
    pub(super) fn at_least(&mut self, part: &str, a: &[ValueId], b: &[ValueId]) -> Vec<ValueId> {
        let difference = self.sum(&format!("{part}.difference"), a, -1.0, b);
        self.step(part, &difference)
    }

    /// 1 where a > b, else 0.
    pub(super) fn above(&mut self, part: &str, a: &[ValueId], b: &[ValueId]) -> Vec<ValueId> {
        let name = format!("{part}.difference");
        if self.integers(a) && self.integers(b) {
            let pairs: Vec<ValueId> = a.iter().zip(b).flat_map(|(&a, &b)| [a, b]).collect();
            let difference = self.linear(&name, 2, vec![1.0, -1.0], vec![-1.0], pairs);
            self.step(part, &difference)
        } else {
            let not = self.at_least(&format!("{part}.not"), b, a);
            self.not(part, &not)
        }
    }

    /// 1 where a = b, else 0.
    pub(super) fn equal(&mut self, part: &str, a: &[ValueId], b: &[ValueId]) -> Vec<ValueId> {
        let difference = self.sum(&format!("{part}.difference"), a, -1.0, b);
        let distance = self.abs(&format!("{part}.distance"), &difference);
        let negated = self.affine(&format!("{part}.negated"), &distance, -1.0, 0.0);
        self.step(part, &negated)
    }

    /// 1 − bit
    pub(super) fn not(&mut self, part: &str, bits: &[ValueId]) -> Vec<ValueId> {
        self.affine(part, bits, -1.0, 1.0)
    }

    /// a where the bit is 1, else b.
    pub(super) fn select(&mut self, part: &str, bits: &[ValueId], a: &[ValueId], b: &[ValueId]) -> Vec<ValueId> {
        let infinite = |g: &Graph, v: ValueId| g.constant_of(v).filter(|c| c.abs() >= HUGE);
        let mut out: Vec<Option<ValueId>> = vec![None; bits.len()];
        // 0 · ∞ is NaN: a constant bit picks, and an infinity is a factor of its bit (see `Graph::saturate`).
        let mut limits: Vec<(bool, f64, Vec<usize>)> = Vec::new();
        for i in 0..bits.len() {
            let constant = self.graph.constant_of(bits[i]);
            let ends = [infinite(self.graph, a[i]), infinite(self.graph, b[i])];
            match (constant, ends) {
                (Some(c), _) => out[i] = Some(if c == 0.0 { b[i] } else { a[i] }),
                (None, [None, None]) => {}
                (None, [Some(v), Some(w)]) if v == w => out[i] = Some(a[i]),
                (None, [v, w]) => {
                    let key = (w.is_some(), w.or(v).unwrap_or_default());
                    match limits.iter_mut().find(|l| (l.0, l.1) == key) {
                        Some(l) => l.2.push(i),
                        None => limits.push((key.0, key.1, vec![i])),
                    }
                }
            }
        }
        let pick = |list: &[ValueId], at: &[usize]| at.iter().map(|&i| list[i]).collect::<Vec<_>>();
        for (number, (second, limit, at)) in limits.into_iter().enumerate() {
            let name = format!("{part}.infinite{number}");
            let (on, off) = (pick(bits, &at), self.not(&format!("{name}.not"), &pick(bits, &at)));
            let one = self.constant(1.0, at.len());
            let (other, holds, open) = if second { (pick(a, &at), &on, &off) } else { (pick(b, &at), &off, &on) };
            let y = self.terms(&name, &[(1.0, &other, holds), (limit, open, &one)]);
            at.iter().zip(y).for_each(|(&i, v)| out[i] = Some(v));
        }
        let open: Vec<usize> = (0..bits.len()).filter(|&i| out[i].is_none()).collect();
        if !open.is_empty() {
            let (bits, a, b) = (pick(bits, &open), pick(a, &open), pick(b, &open));
            let not = self.not(&format!("{part}.not"), &bits);
            let y = self.terms(part, &[(1.0, &a, &bits), (1.0, &b, &not)]);
            for ((&y, &a), &b) in y.iter().zip(&a).zip(&b) {
                self.graph.among(&[y], &[a, b]);
            }
            open.iter().zip(y).for_each(|(&i, v)| out[i] = Some(v));
        }
        out.into_iter().flatten().collect()
    }

    /// floor(x · scale + shift)
    pub(super) fn floor(&mut self, part: &str, x: &[ValueId], scale: f64, shift: f64) -> Vec<ValueId> {
        let site = self.site(part, "Floor", x.len(), true);
        self.graph.floor(site, x.to_vec(), scale, shift)
    }

    /// The maximum of each group of `size`.
    pub(super) fn max(&mut self, part: &str, size: usize, x: Vec<ValueId>) -> Vec<ValueId> {
        let integer = self.integers(&x);
        let site = self.site(part, "Max", x.len() / size.max(1), integer);
        self.graph.max(site, size, x)
    }

    /// A matrix \[rows, bias.len()\] applied to each `rows` values.
    pub(super) fn linear(
        &mut self,
        part: &str,
        rows: usize,
        weights: Vec<f64>,
        bias: Vec<f64>,
        x: Vec<ValueId>,
    ) -> Vec<ValueId> {
        let whole = weights.iter().chain(&bias).all(|v| v.fract() == 0.0);
        let len = x.len() / rows.max(1) * bias.len();
        let site = self.site(part, "Linear", len, whole && self.integers(&x));
        let matrix = self.graph.matrix(site, rows, weights, bias);
        self.graph.linear(matrix, 1, x)
    }

    /// Sums that share a scale: Σ weight · x + bias, each with operands of its own, of which there may be several rows.
    pub(super) fn sums(&mut self, part: &str, sums: Vec<(Vec<f64>, f64, Vec<ValueId>)>) -> Vec<ValueId> {
        let whole = |(w, bias, x): &(Vec<f64>, f64, Vec<ValueId>)| {
            bias.fract() == 0.0 && w.iter().all(|v| v.fract() == 0.0) && self.integers(x)
        };
        let integer = sums.iter().all(whole);
        let site = self.site(part, "Linear", sums.len(), integer);
        let mut out = Vec::with_capacity(sums.len());
        for (weights, bias, x) in sums {
            let matrix = self.graph.matrix(site, weights.len(), weights, vec![bias]);
            out.extend(self.graph.linear(matrix, 1, x));
        }
        out
    }

    /// The sum of each `size` values.
    pub(super) fn total(&mut self, part: &str, size: usize, x: Vec<ValueId>) -> Vec<ValueId> {
        if size == 1 { x } else { self.linear(part, size, vec![1.0; size], vec![0.0], x) }
    }

    /// Σ a·b of each `size` pairs: two products a row, then a sum.
    pub(super) fn dot(&mut self, part: &str, size: usize, a: &[ValueId], b: &[ValueId]) -> Vec<ValueId> {
        let zero = self.graph.constant(0.0);
        let pairs = size.div_ceil(2);
        let half = |list: &[ValueId], odd: usize| -> Vec<ValueId> {
            list.chunks_exact(size)
                .flat_map(|g| (0..pairs).map(move |p| g.get(2 * p + odd).copied().unwrap_or(zero)))
                .collect()
        };
        let (a0, a1, b0, b1) = (half(a, 0), half(a, 1), half(b, 0), half(b, 1));
        let name = if pairs == 1 { part.to_owned() } else { format!("{part}.pairs") };
        let products =
            if size == 1 { self.mul(&name, &a0, &b0) } else { self.terms(&name, &[(1.0, &a0, &b0), (1.0, &a1, &b1)]) };
        self.total(part, pairs, products)
    }
}
