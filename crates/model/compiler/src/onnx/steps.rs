//! Building blocks of operators that expand into others: tensors in, a tensor out, one site a step.

use std::collections::BTreeMap;

use super::{
    attributes::Node,
    mat_mul::product_2d,
    tensor::{ElementType, Tensor, broadcast, broadcast_indices, strides, walk},
};
use crate::{
    CompileError,
    function::Function,
    graph::{Graph, SiteId, Term, ValueId},
};

/// A weighted sum of elements: their indices and weights.
pub(super) type Sum = Vec<(usize, f64)>;

/// Up to this many patterns of weights, weighted sums along an axis are one small matrix each, beyond it one wide matrix.
const PATTERNS: usize = 16;

/// Largest wide matrix of weighted sums along an axis.
const WIDE: usize = 1 << 22;

/// The steps of one node.
pub(super) struct Steps<'a> {
    pub(super) node: &'a Node<'a>,
    pub(super) graph: &'a mut Graph,
}

impl<'a> Steps<'a> {
    pub(super) fn new(node: &'a Node<'a>, graph: &'a mut Graph) -> Self {
        Self { node, graph }
    }

    /// A site for a step, of integers or of real numbers; the step without a name is the node's result.
    pub(super) fn site(&mut self, step: &str, op: &str, shape: &[usize], integer: bool) -> SiteId {
        let name = if step.is_empty() { self.node.name.clone() } else { format!("{}.{step}", self.node.name) };
        self.graph.new_site(&name, op, shape, integer)
    }

    /// The type of a result made from two operands: integers only from integers.
    fn joint(a: &Tensor, b: &Tensor) -> ElementType {
        match (a.dtype.is_integer(), b.dtype.is_integer()) {
            (true, false) => b.dtype,
            (true, true) if a.dtype == ElementType::Bool => b.dtype,
            _ => a.dtype,
        }
    }

    /// Both operands, broadcast to their common shape.
    fn both(&self, a: &Tensor, b: &Tensor) -> Result<(Tensor, Tensor), CompileError> {
        let shape = broadcast(&a.shape, &b.shape)
            .ok_or_else(|| self.node.error(format!("shapes {:?} and {:?} do not broadcast", a.shape, b.shape)))?;
        self.node.checked_len(&shape)?;
        Ok((spread(a, &shape), spread(b, &shape)))
    }

    /// a · b, with broadcasting.
    pub(super) fn mul(&mut self, step: &str, a: &Tensor, b: &Tensor) -> Result<Tensor, CompileError> {
        let dtype = Self::joint(a, b);
        let (a, b) = self.both(a, b)?;
        let site = self.site(step, "Mul", &a.shape, dtype.is_integer());
        let n = a.len();
        for (x, c) in [(&a, &b), (&b, &a)] {
            if let Some(c) = c.constants() {
                let ids = x.ids(self.graph);
                let y = self.graph.affine(site, ids, c.to_vec(), vec![0.0; n]);
                return Ok(Tensor::computed(self.graph, dtype, x.shape.clone(), y));
            }
        }
        let (x, y) = (a.ids(self.graph), b.ids(self.graph));
        let product = self.graph.product(site, vec![Term { factor: 1.0, a: x, b: y }]);
        Ok(Tensor::computed(self.graph, dtype, a.shape, product))
    }

    /// a + factor · b, with broadcasting. The factor of integers is one.
    pub(super) fn add(&mut self, step: &str, a: &Tensor, factor: f64, b: &Tensor) -> Result<Tensor, CompileError> {
        let dtype = Self::joint(a, b);
        let (a, b) = self.both(a, b)?;
        let site = self.site(step, "Add", &a.shape, dtype.is_integer());
        let n = a.len();
        let y = if let Some(c) = b.constants() {
            let ids = a.ids(self.graph);
            self.graph.affine(site, ids, vec![1.0; n], c.iter().map(|c| factor * c).collect())
        } else if let Some(c) = a.constants() {
            let ids = b.ids(self.graph);
            self.graph.affine(site, ids, vec![factor; n], c.to_vec())
        } else {
            let (x, y) = (a.ids(self.graph), b.ids(self.graph));
            self.graph.sum(site, x, factor, y)
        };
        Ok(Tensor::computed(self.graph, dtype, a.shape, y))
    }

    /// x · scale + shift. If both are integers, integers stay integers.
    pub(super) fn line(&mut self, step: &str, x: &Tensor, scale: f64, shift: f64) -> Tensor {
        let integer = x.dtype.is_integer() && scale.fract() == 0.0 && shift.fract() == 0.0;
        let dtype = if integer || !x.dtype.is_integer() { x.dtype } else { ElementType::Float32 };
        let site = self.site(step, "Affine", &x.shape, integer);
        let (ids, n) = (x.ids(self.graph), x.len());
        let y = self.graph.affine(site, ids, vec![scale; n], vec![shift; n]);
        Tensor::computed(self.graph, dtype, x.shape.clone(), y)
    }

    /// A function of each element, with real values.
    pub(super) fn apply(&mut self, step: &str, function: Function, x: &Tensor) -> Tensor {
        let site = self.site(step, function.name(), &x.shape, false);
        let ids = x.ids(self.graph);
        let y = self.graph.apply(site, function, ids);
        Tensor::values(self.graph, x.shape.clone(), y)
    }

    /// A function of each element, whose values are integers.
    pub(super) fn apply_integer(&mut self, step: &str, function: Function, x: &Tensor) -> Tensor {
        let site = self.site(step, function.name(), &x.shape, true);
        let ids = x.ids(self.graph);
        let y = self.graph.apply(site, function, ids);
        Tensor::computed(self.graph, ElementType::Int64, x.shape.clone(), y)
    }

    /// weight · (sum along the last axis) + bias; the axis stays, with length 1.
    pub(super) fn sum_last(&mut self, step: &str, x: &Tensor, weight: f64, bias: f64) -> Result<Tensor, CompileError> {
        let (shape, n) = self.without_last(x)?;
        let integer = x.dtype.is_integer() && weight.fract() == 0.0 && bias.fract() == 0.0;
        let site = self.site(step, "ReduceSum", &shape, integer);
        let matrix = self.graph.matrix(site, n, vec![weight; n], vec![bias]);
        let ids = x.ids(self.graph);
        let y = self.graph.linear(matrix, 1, ids);
        let dtype = if integer { x.dtype } else { ElementType::Float32 };
        Ok(Tensor::computed(self.graph, dtype, shape, y))
    }

    /// The maximum along the last axis, which stays, with length 1.
    pub(super) fn max_last(&mut self, step: &str, x: &Tensor) -> Result<Tensor, CompileError> {
        let (shape, n) = self.without_last(x)?;
        let site = self.site(step, "Max", &shape, x.dtype.is_integer());
        let ids = x.ids(self.graph);
        let y = self.graph.max(site, n, ids);
        Ok(Tensor::computed(self.graph, x.dtype, shape, y))
    }

    /// Operand `i` less its zero point, operand `zero` (which may be missing). A zero point that is a list lies along `axis`.
    pub(super) fn centred(
        &mut self,
        step: &str,
        i: usize,
        zero: usize,
        axis: Option<usize>,
    ) -> Result<Tensor, CompileError> {
        let x = self.node.input(i)?;
        let Some(zero) = self.node.optional(zero) else { return Ok(x.clone()) };
        let mut shape = vec![1; x.shape.len()];
        if zero.len() != 1 {
            let axis = axis.filter(|&a| x.shape.get(a) == Some(&zero.len()));
            let axis = axis.ok_or_else(|| self.node.error(format!("{} zero points do not fit", zero.len())))?;
            shape[axis] = zero.len();
        }
        self.add(&format!("{step}.centred"), x, -1.0, &zero.reshaped(shape))
    }

    fn without_last(&self, x: &Tensor) -> Result<(Vec<usize>, usize), CompileError> {
        let mut shape = x.shape.clone();
        match shape.last_mut() {
            Some(last) if *last > 0 => {
                let n = std::mem::replace(last, 1);
                Ok((shape, n))
            }
            _ => Err(self.node.error("its operand is empty")),
        }
    }

    /// Σ weight · element for each sum. Sums with the same weights are applications of one matrix; a sum of one element
    /// with weight 1 is that element.
    ///
    /// Sums of integers with integer weights are integers.
    pub(super) fn weighted(&mut self, step: &str, op: &str, ids: &[ValueId], sums: &[Sum]) -> Vec<ValueId> {
        let zero = self.graph.constant(0.0);
        let mut out = vec![zero; sums.len()];
        let mut patterns: BTreeMap<Vec<u64>, Vec<usize>> = BTreeMap::new();
        for (i, sum) in sums.iter().enumerate() {
            match sum.as_slice() {
                [] => {}
                [(at, 1.0)] => out[i] = ids[*at],
                _ => patterns.entry(sum.iter().map(|(_, w)| w.to_bits()).collect()).or_default().push(i),
            }
        }
        if patterns.is_empty() {
            return out;
        }
        let whole = |(at, w): &(usize, f64)| w.fract() == 0.0 && self.graph.is_integer(ids[*at]);
        let integer = sums.iter().flatten().all(whole);
        let site = self.site(step, op, &[sums.len()], integer);
        for (weights, places) in patterns {
            let weights: Vec<f64> = weights.into_iter().map(f64::from_bits).collect();
            let matrix = self.graph.matrix(site, weights.len(), weights, vec![0.0]);
            let x = places.iter().flat_map(|&i| sums[i].iter().map(|(at, _)| ids[*at])).collect();
            let y = self.graph.linear(matrix, 1, x);
            places.iter().zip(y).for_each(|(&i, v)| out[i] = v);
        }
        out
    }

    /// A linear map along one axis: element j of the result is the weighted sum `sums[j]` of the operand's elements.
    pub(super) fn along(
        &mut self,
        step: &str,
        op: &str,
        x: &Tensor,
        axis: usize,
        sums: &[Sum],
    ) -> Result<Tensor, CompileError> {
        let mut shape = x.shape.clone();
        let n = std::mem::replace(&mut shape[axis], sums.len());
        self.node.checked_len(&shape)?;
        let inner: usize = x.shape[axis + 1..].iter().product();
        let outer: usize = x.shape[..axis].iter().product();
        if sums.iter().all(|s| matches!(s.as_slice(), [(_, 1.0)])) {
            let pick = (0..outer)
                .flat_map(|o| sums.iter().flat_map(move |s| (0..inner).map(move |i| (o * n + s[0].0) * inner + i)));
            let pick: Vec<usize> = pick.collect();
            return Ok(x.pick(shape, &pick));
        }
        let ids = x.ids(self.graph);
        let mut patterns: Vec<Vec<u64>> = sums.iter().map(|s| s.iter().map(|(_, w)| w.to_bits()).collect()).collect();
        patterns.sort_unstable();
        patterns.dedup();
        if patterns.len() <= PATTERNS || n.saturating_mul(sums.len()) > WIDE {
            let taps: usize = sums.iter().map(Vec::len).sum();
            self.node.checked_len(&[outer, inner, taps])?;
            let mut all = Vec::with_capacity(outer * sums.len() * inner);
            for o in 0..outer {
                for s in sums {
                    all.extend(
                        (0..inner).map(|i| s.iter().map(|&(at, w)| ((o * n + at) * inner + i, w)).collect::<Sum>()),
                    );
                }
            }
            let y = self.weighted(step, op, &ids, &all);
            let dtype = self.dtype_of(x, &y);
            return Ok(Tensor::computed(self.graph, dtype, shape, y));
        }
        let m = sums.len();
        let mut weights = vec![0.0; n * m];
        for (j, s) in sums.iter().enumerate() {
            s.iter().for_each(|&(at, w)| weights[at * m + j] += w);
        }
        let integer = x.dtype.is_integer() && weights.iter().all(|w| w.fract() == 0.0);
        let site = self.site(step, op, &shape, integer);
        let matrix = self.graph.matrix(site, n, weights, vec![0.0; m]);
        let operands = (0..outer * inner)
            .flat_map(|p| (0..n).map(move |k| (p / inner * n + k) * inner + p % inner))
            .map(|i| ids[i])
            .collect();
        let y = self.graph.linear(matrix, 1, operands);
        let place = |i: usize| (i / (m * inner) * inner + i % inner) * m + i / inner % m;
        let out: Vec<ValueId> = (0..y.len()).map(|i| y[place(i)]).collect();
        let dtype = self.dtype_of(x, &out);
        Ok(Tensor::computed(self.graph, dtype, shape, out))
    }

    /// The type of values made from elements of x: that of x, unless integers became real numbers.
    fn dtype_of(&self, x: &Tensor, values: &[ValueId]) -> ElementType {
        let whole = values.iter().all(|&v| self.graph.is_integer(v));
        if x.dtype.is_integer() && !whole { ElementType::Float32 } else { x.dtype }
    }

    /// alpha · Σ a · b over rows of `k` elements. Of integers with an integer factor it is an integer.
    pub(super) fn dots(
        &mut self,
        step: &str,
        op: &str,
        a: &[ValueId],
        b: &[ValueId],
        k: usize,
        alpha: f64,
    ) -> Vec<ValueId> {
        let zero = self.graph.constant(0.0);
        if k == 0 {
            return Vec::new();
        }
        let (rows, pairs) = (a.len() / k, k.div_ceil(2));
        let integer = a.iter().chain(b).all(|&v| self.graph.is_integer(v)) && alpha.fract() == 0.0;
        let side = |list: &[ValueId], odd: usize| -> Vec<ValueId> {
            let at = |i: usize| (i / pairs, 2 * (i % pairs) + odd);
            let element = |(r, t): (usize, usize)| if t < k { list[r * k + t] } else { zero };
            (0..rows * pairs).map(|i| element(at(i))).collect()
        };
        let factor = if pairs == 1 { alpha } else { 1.0 };
        let mut terms = vec![Term { factor, a: side(a, 0), b: side(b, 0) }];
        if k > 1 {
            terms.push(Term { factor, a: side(a, 1), b: side(b, 1) });
        }
        let site = self.site(step, op, &[rows], integer);
        if pairs == 1 {
            return self.graph.product(site, terms);
        }
        let part = self.site(&format!("{step}.pairs"), "Mul", &[rows, pairs], integer);
        let partial = self.graph.product(part, terms);
        let matrix = self.graph.matrix(site, pairs, vec![alpha; pairs], vec![0.0]);
        self.graph.linear(matrix, 1, partial)
    }

    /// Matrix products of the last two axes, item by item: \[items, m, k\] · \[items, k, n\].
    pub(super) fn products(&mut self, a: &Tensor, b: &Tensor, alpha: f64) -> Result<Tensor, CompileError> {
        let (items, m, k, n) = (a.shape[0], a.shape[1], a.shape[2], b.shape[2]);
        let shape = vec![items, m, n];
        self.node.checked_len(&[items, m, k, n])?;
        let mut all: Vec<ValueId> = Vec::with_capacity(items * m * n);
        for i in 0..items {
            let part =
                |t: &Tensor, r: usize, c: usize| t.pick(vec![r, c], &(i * r * c..(i + 1) * r * c).collect::<Vec<_>>());
            let y = product_2d(self.node, self.graph, &part(a, m, k), &part(b, k, n), alpha, vec![0.0; n])?;
            all.extend(y.ids(self.graph));
        }
        let dtype = Self::joint(a, b);
        Ok(Tensor::computed(self.graph, dtype, shape, all))
    }

    /// The elements at `pick`, `None` for `fill`.
    pub(super) fn pick_or(&mut self, x: &Tensor, shape: Vec<usize>, pick: &[Option<usize>], fill: f64) -> Tensor {
        if let Some(c) = x.constants() {
            let data = pick.iter().map(|p| p.map_or(fill, |i| c[i])).collect();
            return Tensor::constant(x.kind, shape, data).typed(x.dtype);
        }
        let (ids, fill) = (x.ids(self.graph), self.graph.constant(fill));
        let ids = pick.iter().map(|p| p.map_or(fill, |i| ids[i])).collect();
        Tensor::computed(self.graph, x.dtype, shape, ids)
    }
}

/// A tensor broadcast to a shape that it broadcasts to.
pub(super) fn spread(t: &Tensor, shape: &[usize]) -> Tensor {
    if t.shape == shape { t.clone() } else { t.pick(shape.to_vec(), &broadcast_indices(&t.shape, shape)) }
}

/// The tensor with its axes in another order.
pub(super) fn permuted(t: &Tensor, order: &[usize]) -> Tensor {
    let all = strides(&t.shape);
    let shape: Vec<usize> = order.iter().map(|&a| t.shape[a]).collect();
    let steps: Vec<isize> = order.iter().map(|&a| all[a] as isize).collect();
    let pick = walk(&shape, &steps, 0);
    t.pick(shape, &pick)
}

/// The order of axes that undoes `order`.
pub(super) fn inverse(order: &[usize]) -> Vec<usize> {
    let mut out = vec![0; order.len()];
    order.iter().enumerate().for_each(|(i, &a)| out[a] = i);
    out
}

/// The index along each axis of each element, in order.
pub(super) fn indices(shape: &[usize]) -> impl Iterator<Item = Vec<usize>> + '_ {
    let all = strides(shape);
    let len: usize = shape.iter().product();
    (0..len).map(move |f| (0..shape.len()).map(|i| f / all[i] % shape[i]).collect())
}
