//! Trees as comparisons and products.
//!
//! A comparison of a feature with a threshold is a truth value b; different splits with the same comparison share it. Let
//! p be 1 where a split is reached. Its branches are reached with p·b and p − p·b, so that a split takes one product,
//! and a root none. The values of all leaves of all trees, times what says that they are reached, are summed up by one
//! matrix with a column for each target.
//!
//! Rows: one for each different comparison, one for each split that is not a root (a fourth more in full trees, where what
//! reaches a split must be a value of its own), and as many rows of the matrix as there are products and comparisons.
//! A tree of depth d has up to 2^d − 1 splits: all are computed, whichever are visited. Splits that earlier ones on
//! the way decide take no rows.
//!
//! # Exactness
//!
//! Comparisons are exact on quantized features. A feature x is the integer X = round(x·s), and a threshold t becomes
//! round(t·s) in the same way, so that equal numbers remain equal (thresholds that are values of the training data are
//! common). The result can differ from the float model's only where x ≠ t are less than a quantization step 1/s apart.
//! Inputs that are only compared have a finer scale for that reason (see `quantize/scales.rs`). With integers, and with
//! inputs that are multiples of the step of a scale that the caller fixes, comparisons are always right.

use std::collections::{BTreeMap, HashMap};

use super::{
    super::{attributes::Node, parts::Parts, tensor::Tensor, variadic::extreme_of},
    last::Last,
};
use crate::{
    CompileError,
    graph::{Graph, ValueId},
};

/// Thresholds beyond this are alike.
const FAR: f64 = 1e20;

/// Levels of a tree.
const MAX_DEPTH: usize = 1024;

/// What a split asks of its feature.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Test {
    AtMost(f64),
    Below(f64),
    AtLeast(f64),
    Above(f64),
    Among(Vec<f64>),
    NotAmong(Vec<f64>),
}

/// Where a split leads to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Branch {
    Split(usize),
    Leaf(usize),
}

#[derive(Clone, Debug)]
pub(super) struct Split {
    pub(super) feature: usize,
    pub(super) test: Test,
    pub(super) yes: Branch,
    pub(super) no: Branch,
}

/// What becomes of the values of all trees.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Aggregate {
    Sum,
    Average,
    Min,
    Max,
}

/// Checked trees.
#[derive(Clone, Debug)]
pub(super) struct Forest {
    features: usize,
    pub(super) targets: usize,
    pub(super) splits: Vec<Split>,
    /// Target and weight, of each leaf.
    pub(super) leaves: Vec<Vec<(usize, f64)>>,
    pub(super) roots: Vec<Branch>,
    /// Added to each target.
    pub(super) base: Vec<f64>,
    pub(super) aggregate: Aggregate,
}

/// A feature is at most (or at least) a threshold, given by its bits.
type Comparison = (usize, bool, u64);

/// What is 1 where a branch is reached, else 0: a sum of truth values with the factors 1 and −1.
pub(super) type Reach = Vec<(usize, f64)>;

/// The truth value that is always 1.
pub(super) const ALWAYS: usize = 0;

/// A branch on the way down.
pub(super) struct Visit {
    pub(super) tree: usize,
    branch: Branch,
    pub(super) reach: Reach,
    /// Index into the decisions that led here.
    decided: Option<usize>,
}

/// A comparison on the way to a branch, and how it came out.
struct Decision {
    parent: Option<usize>,
    feature: usize,
    test: Test,
    holds: bool,
}

impl Forest {
    pub(super) fn new(features: usize, targets: usize) -> Self {
        let (splits, leaves, roots) = (Vec::new(), Vec::new(), Vec::new());
        let (base, aggregate) = (vec![0.0; targets], Aggregate::Sum);
        Self { features, targets, splits, leaves, roots, base, aggregate }
    }

    /// Checks that each split has one parent or is a root, that there are no cycles, and that numbers are finite; with `all`,
    /// that each split belongs to a tree.
    pub(super) fn check(&self, node: &Node<'_>, all: bool) -> Result<(), CompileError> {
        if self.roots.is_empty() {
            return Err(node.error("it has no trees"));
        }
        let mut seen = vec![false; self.splits.len()];
        let mut level: Vec<Branch> = self.roots.clone();
        for depth in 0.. {
            let mut next = Vec::new();
            for branch in level {
                let Branch::Split(i) = branch else { continue };
                if std::mem::replace(&mut seen[i], true) {
                    return Err(node.error("a split is reached in two ways"));
                }
                next.extend([self.splits[i].yes, self.splits[i].no]);
            }
            if next.is_empty() {
                break;
            }
            if depth == MAX_DEPTH {
                return Err(node.error(format!("a tree has more than {MAX_DEPTH} levels")));
            }
            level = next;
        }
        if all && seen.contains(&false) {
            return Err(node.error("a tree has a cycle"));
        }
        let finite = |test: &Test| match test {
            Test::AtMost(t) | Test::Below(t) | Test::AtLeast(t) | Test::Above(t) => !t.is_nan(),
            Test::Among(list) | Test::NotAmong(list) => list.iter().all(|t| !t.is_nan()),
        };
        if !self.splits.iter().all(|s| finite(&s.test)) {
            return Err(node.error("a threshold is NaN"));
        }
        if !self.leaves.iter().flatten().all(|w| w.1.is_finite()) {
            return Err(node.error("a weight is not finite"));
        }
        Ok(())
    }

    /// The aggregated values: [rows, targets].
    pub(super) fn lower(
        &self,
        node: &Node<'_>,
        graph: &mut Graph,
        x: &Tensor,
        rows: usize,
    ) -> Result<Vec<ValueId>, CompileError> {
        // Products and comparisons of all rows, and what says which target they count for.
        node.checked_len(&[rows, 4, self.splits.len() + 1])?;
        node.checked_len(&[self.splits.len() + self.leaves.len() + 1, self.targets])?;
        if matches!(self.aggregate, Aggregate::Min | Aggregate::Max) {
            node.checked_len(&[self.roots.len(), self.targets, self.splits.len() + 1])?;
        }
        let ids = x.ids(graph);
        let mut parts = Parts::new(node, graph);
        let mut lowering = Lowering::new(self, &mut parts, &ids, rows);
        lowering.descend();
        Ok(lowering.aggregate())
    }
}

/// A forest while it is lowered.
pub(super) struct Lowering<'f, 'p, 'n, 'g> {
    pub(super) forest: &'f Forest,
    pub(super) parts: &'p mut Parts<'n, 'g>,
    pub(super) rows: usize,
    /// Truth values, each with one value for each row of the operand.
    pub(super) bits: Vec<Vec<ValueId>>,
    /// Of each split, the truth value that decides it, and whether it is the negation.
    pub(super) conditions: Vec<(usize, bool)>,
    /// Of each split, the number of splits below and at it.
    sizes: Vec<usize>,
    decisions: Vec<Decision>,
    /// Of each tree.
    pub(super) values: Vec<TreeValue>,
    pub(super) last: Last,
}

/// The value of a tree.
#[derive(Clone)]
pub(super) struct TreeValue {
    /// What a truth value adds to a target.
    pub(super) terms: BTreeMap<(usize, usize), f64>,
    /// Smallest and largest value of each target.
    range: Vec<(f64, f64)>,
}

impl<'f, 'p, 'n, 'g> Lowering<'f, 'p, 'n, 'g> {
    fn new(forest: &'f Forest, parts: &'p mut Parts<'n, 'g>, x: &[ValueId], rows: usize) -> Self {
        let always = parts.constant(1.0, rows);
        let value =
            TreeValue { terms: BTreeMap::new(), range: vec![(f64::INFINITY, f64::NEG_INFINITY); forest.targets] };
        let mut own = Self {
            forest,
            parts,
            rows,
            bits: vec![always],
            conditions: Vec::new(),
            sizes: vec![1; forest.splits.len()],
            decisions: Vec::new(),
            values: vec![value; forest.roots.len()],
            last: Last::default(),
        };
        let live = own.live();
        own.conditions(x, &live);
        own.last = own.shared(&live);
        own.count();
        own
    }

    /// Number of splits of all branches, from below.
    fn count(&mut self) {
        let mut order = Vec::new();
        let mut open: Vec<usize> = self.forest.roots.iter().filter_map(|b| b.split()).collect();
        while let Some(i) = open.pop() {
            order.push(i);
            let split = &self.forest.splits[i];
            open.extend([split.yes, split.no].iter().filter_map(|b| b.split()));
        }
        for i in order.into_iter().rev() {
            let split = &self.forest.splits[i];
            let below = [split.yes, split.no].iter().filter_map(|b| b.split()).map(|b| self.sizes[b]).sum::<usize>();
            self.sizes[i] = below + 1;
        }
    }

    /// The splits that no earlier ones decide, on some way down.
    fn live(&mut self) -> Vec<bool> {
        let forest = self.forest;
        let mut live = vec![false; forest.splits.len()];
        let mut open: Vec<(Branch, Option<usize>)> = forest.roots.iter().map(|&b| (b, None)).collect();
        while let Some((branch, last)) = open.pop() {
            let Branch::Split(i) = branch else { continue };
            let split = &forest.splits[i];
            if let Some(holds) = self.decided(split, last) {
                open.push((if holds { split.yes } else { split.no }, last));
                continue;
            }
            live[i] = true;
            for (branch, holds) in [(split.yes, true), (split.no, false)] {
                let (feature, test) = (split.feature, split.test.clone());
                self.decisions.push(Decision { parent: last, feature, test, holds });
                open.push((branch, Some(self.decisions.len() - 1)));
            }
        }
        self.decisions.clear();
        live
    }

    /// All comparisons, and the conditions that are made of them.
    fn conditions(&mut self, x: &[ValueId], live: &[bool]) {
        let mut comparisons: BTreeMap<Comparison, usize> = BTreeMap::new();
        let splits = &self.forest.splits;
        for (split, _) in splits.iter().zip(live).filter(|s| *s.1) {
            for key in split.test.comparisons(split.feature) {
                comparisons.entry(key).or_insert(usize::MAX);
            }
        }
        // One matrix for each feature: it has one row, so that its comparisons are exact.
        let keys: Vec<Comparison> = comparisons.keys().copied().collect();
        for own in keys.chunk_by(|a, b| a.0 == b.0) {
            let feature = own[0].0;
            let operands: Vec<ValueId> = (0..self.rows).map(|r| x[r * self.forest.features + feature]).collect();
            let sign =
                |&(_, most, t): &Comparison| if most { (-1.0, f64::from_bits(t)) } else { (1.0, -f64::from_bits(t)) };
            let (weights, bias) = own.iter().map(sign).unzip();
            let name = format!("feature{feature}");
            let rest = self.parts.linear(&format!("{name}.difference"), 1, weights, bias, operands);
            let bits = self.parts.step(&name, &rest);
            for (i, key) in own.iter().enumerate() {
                comparisons.insert(*key, self.bits.len());
                self.bits.push((0..self.rows).map(|r| bits[r * own.len() + i]).collect());
            }
        }
        let mut sets: HashMap<Vec<Comparison>, usize> = HashMap::new();
        for (split, &live) in splits.iter().zip(live) {
            let keys = if live { split.test.comparisons(split.feature) } else { Vec::new() };
            let negated = matches!(split.test, Test::Below(_) | Test::Above(_) | Test::NotAmong(_));
            let bit = match (&split.test, &keys[..]) {
                (Test::Among(_) | Test::NotAmong(_), _) => match sets.get(&keys) {
                    Some(&bit) => bit,
                    None => {
                        let bit = self.among(&keys, &comparisons);
                        sets.insert(keys, bit);
                        bit
                    }
                },
                (_, [key]) => comparisons[key],
                // Nothing asks for it.
                _ => ALWAYS,
            };
            self.conditions.push((bit, negated));
        }
    }

    /// Whether a feature is one of several numbers: at most and at least one of them.
    fn among(&mut self, keys: &[Comparison], known: &BTreeMap<Comparison, usize>) -> usize {
        let n = keys.len();
        let bits = if n == 0 {
            self.parts.constant(0.0, self.rows)
        } else {
            let own: Vec<usize> = keys.iter().map(|k| known[k]).collect();
            let operands = (0..self.rows).flat_map(|r| own.iter().map(move |&b| (b, r)));
            let operands = operands.map(|(b, r)| self.bits[b][r]).collect();
            // A number that is one of n is on both sides of it and on one side of the others.
            let name = format!("set{}", self.bits.len());
            self.parts.linear(&name, n, vec![1.0; n], vec![-((n / 2) as f64)], operands)
        };
        self.add(&bits);
        self.bits.len() - 1
    }

    /// How a split comes out by what was decided on the way to it.
    fn decided(&self, split: &Split, mut last: Option<usize>) -> Option<bool> {
        if let Some(holds) = split.test.always() {
            return Some(holds);
        }
        while let Some(i) = last {
            let d = &self.decisions[i];
            if d.feature == split.feature
                && let Some(holds) = split.test.follows(&d.test, d.holds)
            {
                return Some(holds);
            }
            last = d.parent;
        }
        None
    }

    /// Goes down all trees, level by level, so that the products of a level are one operation.
    fn descend(&mut self) {
        let roots = self.forest.roots.iter().enumerate();
        let mut level: Vec<Visit> =
            roots.map(|(tree, &branch)| Visit { tree, branch, reach: vec![(ALWAYS, 1.0)], decided: None }).collect();
        let mut depth = 0;
        while !level.is_empty() {
            let mut open = Vec::new();
            for mut visit in level {
                // What earlier splits decide is passed over.
                while let Some(i) = visit.branch.split() {
                    let split = &self.forest.splits[i];
                    let Some(holds) = self.decided(split, visit.decided) else { break };
                    visit.branch = if holds { split.yes } else { split.no };
                }
                match visit.branch {
                    Branch::Leaf(i) => self.leaf(visit.tree, i, &visit.reach),
                    Branch::Split(i) if self.last.takes(i) && visit.reach != [(ALWAYS, 1.0)] => self.end(i, &visit),
                    Branch::Split(i) => open.push((i, visit)),
                }
            }
            level = self.level(depth, open);
            depth += 1;
        }
    }

    /// The branches of the splits of one level.
    fn level(&mut self, depth: usize, open: Vec<(usize, Visit)>) -> Vec<Visit> {
        let forest = self.forest;
        // The branch where the truth value is 1, and the other one.
        let sides = |split: &Split, negated: bool| if negated { (split.no, split.yes) } else { (split.yes, split.no) };
        // A difference that is needed on the far side, too, becomes a value of its own.
        let mut open = open;
        let mut differences: (Vec<usize>, Vec<usize>) = Default::default();
        for (i, visit) in &mut open {
            let (_, without) = sides(&forest.splits[*i], self.conditions[*i].1);
            if let [(p, _), (q, _)] = visit.reach[..]
                && without.split().is_some_and(|i| !self.last.takes(i))
            {
                visit.reach = vec![(self.bits.len() + differences.0.len(), 1.0)];
                differences.0.push(p);
                differences.1.push(q);
            }
        }
        if !differences.0.is_empty() {
            let (p, q) = (self.values_of(&differences.0), self.values_of(&differences.1));
            let values = self.parts.sum(&format!("reached{depth}"), &p, -1.0, &q);
            self.add(&values);
        }
        // One truth value for each split: p·b for the branch with more splits, or p·1 − p·b, or p·b − q·b.
        let mut single: [Vec<usize>; 3] = Default::default();
        let mut double: [Vec<usize>; 5] = Default::default();
        let mut branches: Vec<(Reach, Reach)> = Vec::with_capacity(open.len());
        for (at, (i, visit)) in open.iter().enumerate() {
            let (bit, negated) = self.conditions[*i];
            let (with, without) = sides(&forest.splits[*i], negated);
            let size = |b: Branch| b.split().map_or(0, |i| self.sizes[i]);
            let rest = |reach: &Reach, q: usize| reach.iter().copied().chain([(q, -1.0)]).collect::<Reach>();
            branches.push(match visit.reach[..] {
                [(ALWAYS, _)] => (vec![(bit, 1.0)], rest(&visit.reach, bit)),
                [(p, _)] if size(with) >= size(without) => {
                    single.iter_mut().zip([p, bit, at]).for_each(|(list, v)| list.push(v));
                    (vec![(at, 1.0)], rest(&visit.reach, at))
                }
                [(p, _)] => {
                    double.iter_mut().zip([p, ALWAYS, p, bit, at]).for_each(|(list, v)| list.push(v));
                    (rest(&visit.reach, at), vec![(at, 1.0)])
                }
                [(p, _), (q, _)] => {
                    double.iter_mut().zip([p, bit, q, bit, at]).for_each(|(list, v)| list.push(v));
                    (vec![(at, 1.0)], rest(&visit.reach, at))
                }
                // Sums of three reach leaves and last splits only.
                _ => (Vec::new(), Vec::new()),
            });
        }
        // Where the product of each split is; it is not numbered before all are made.
        let mut places = vec![0; open.len()];
        let number = |own: &Self, list: &[usize], places: &mut Vec<usize>| {
            list.iter().enumerate().for_each(|(n, &at)| places[at] = own.bits.len() + n);
        };
        let [p, b, at] = single;
        if !at.is_empty() {
            number(self, &at, &mut places);
            let (p, b) = (self.values_of(&p), self.values_of(&b));
            let values = self.parts.mul(&format!("level{depth}"), &p, &b);
            self.add(&values);
        }
        let [p, b, q, c, at] = double;
        if !at.is_empty() {
            number(self, &at, &mut places);
            let [p, b, q, c] = [p, b, q, c].map(|list| self.values_of(&list));
            let values = self.parts.terms(&format!("level{depth}.rest"), &[(1.0, &p, &b), (-1.0, &q, &c)]);
            self.add(&values);
        }
        let mut next = Vec::with_capacity(2 * open.len());
        for (at, ((i, visit), (with, without))) in open.into_iter().zip(branches).enumerate() {
            let negated = self.conditions[i].1;
            let split = &forest.splits[i];
            let sides = sides(split, negated);
            let product = visit.reach != [(ALWAYS, 1.0)];
            for (branch, mut reach, on) in [(sides.0, with, true), (sides.1, without, false)] {
                // The product is the last one of the sum, or the only one.
                if product && let Some(last) = reach.last_mut() {
                    last.0 = places[at];
                }
                let (parent, feature, test) = (visit.decided, split.feature, split.test.clone());
                self.decisions.push(Decision { parent, feature, test, holds: on != negated });
                next.push(Visit { tree: visit.tree, branch, reach, decided: Some(self.decisions.len() - 1) });
            }
        }
        next
    }

    /// The values of some truth values, one after the other.
    pub(super) fn values_of(&self, list: &[usize]) -> Vec<ValueId> {
        list.iter().flat_map(|&b| self.bits[b].iter().copied()).collect()
    }

    /// Adds truth values.
    fn add(&mut self, values: &[ValueId]) {
        self.parts.graph.bound_below(values, 0.0);
        self.parts.graph.bound_above(values, 1.0);
        self.bits.extend(values.chunks_exact(self.rows).map(<[ValueId]>::to_vec));
    }

    /// Counts a leaf's weights.
    pub(super) fn leaf(&mut self, tree: usize, leaf: usize, reach: &Reach) {
        self.widen(tree, leaf);
        let own = &mut self.values[tree];
        for &(target, w) in &self.forest.leaves[leaf] {
            for &(bit, sign) in reach {
                *own.terms.entry((bit, target)).or_insert(0.0) += sign * w;
            }
        }
    }

    /// A leaf's values belong to its tree's range.
    pub(super) fn widen(&mut self, tree: usize, leaf: usize) {
        let own = &mut self.values[tree];
        let totals = totals(&self.forest.leaves[leaf]);
        for (target, (lo, hi)) in own.range.iter_mut().enumerate() {
            let w = totals.get(&target).copied().unwrap_or(0.0);
            (*lo, *hi) = (lo.min(w), hi.max(w));
        }
    }

    /// The values of all trees as one: [rows, targets].
    fn aggregate(mut self) -> Vec<ValueId> {
        self.add_last();
        let (forest, rows, targets) = (self.forest, self.rows, self.forest.targets);
        let trees = self.values.len();
        let part = if forest.aggregate == Aggregate::Average { 1.0 / trees as f64 } else { 1.0 };
        let sums = matches!(forest.aggregate, Aggregate::Sum | Aggregate::Average);
        // Columns of the matrix: the targets, or the targets of each tree.
        let cols = if sums { targets } else { trees * targets };
        let mut bias = vec![0.0; cols];
        let mut ranges = vec![(0.0, 0.0); cols];
        let mut weights: BTreeMap<usize, Vec<f64>> = BTreeMap::new();
        for (tree, value) in self.values.iter().enumerate() {
            let first = if sums { 0 } else { tree * targets };
            for (&(bit, target), &w) in value.terms.iter().filter(|t| *t.1 != 0.0) {
                if bit == ALWAYS {
                    bias[first + target] += part * w;
                } else {
                    weights.entry(bit).or_insert_with(|| vec![0.0; cols])[first + target] += part * w;
                }
            }
            for (target, &(lo, hi)) in value.range.iter().enumerate() {
                let own = &mut ranges[first + target];
                *own = (own.0 + part * lo, own.1 + part * hi);
            }
        }
        for i in 0..cols {
            let base = forest.base[i % targets];
            bias[i] += base;
            ranges[i] = (ranges[i].0 + base, ranges[i].1 + base);
        }
        let y = if weights.is_empty() {
            let row: Vec<ValueId> = bias.iter().map(|&b| self.parts.graph.constant(b)).collect();
            row.iter().copied().cycle().take(rows * cols).collect()
        } else {
            let operands = (0..rows).flat_map(|r| weights.keys().map(move |&b| (b, r)));
            let operands = operands.map(|(b, r)| self.bits[b][r]).collect();
            let (n, weights) = (weights.len(), weights.into_values().flatten().collect());
            let y = self.parts.linear("values", n, weights, bias, operands);
            // Interval arithmetic does not know that one leaf of a tree counts.
            for (i, v) in y.iter().enumerate() {
                let (lo, hi) = ranges[i % cols];
                self.parts.graph.bound_below(&[*v], lo);
                self.parts.graph.bound_above(&[*v], hi);
            }
            y
        };
        if sums {
            return y;
        }
        // The values of all trees for one target, side by side.
        let lists: Vec<Vec<ValueId>> = (0..trees)
            .map(|t| (0..rows * targets).map(|i| y[i / targets * cols + t * targets + i % targets]).collect())
            .collect();
        let sign = if forest.aggregate == Aggregate::Min { -1.0 } else { 1.0 };
        extreme_of(self.parts, "extreme", &lists, sign)
    }
}

/// The weights of a leaf, by target.
pub(super) fn totals(leaf: &[(usize, f64)]) -> BTreeMap<usize, f64> {
    let mut totals = BTreeMap::new();
    for &(target, w) in leaf {
        *totals.entry(target).or_insert(0.0) += w;
    }
    totals
}

impl Branch {
    pub(super) fn split(self) -> Option<usize> {
        match self {
            Self::Split(i) => Some(i),
            Self::Leaf(_) => None,
        }
    }
}

impl Test {
    /// The comparisons that the test is made of.
    fn comparisons(&self, feature: usize) -> Vec<Comparison> {
        // No value is beyond FAR.
        let bits = |t: f64| if t == 0.0 { 0.0f64.to_bits() } else { t.clamp(-FAR, FAR).to_bits() };
        if self.always().is_some() {
            return Vec::new();
        }
        match self {
            Self::AtMost(t) | Self::Above(t) => vec![(feature, true, bits(*t))],
            Self::AtLeast(t) | Self::Below(t) => vec![(feature, false, bits(*t))],
            Self::Among(list) | Self::NotAmong(list) => {
                let finite = list.iter().filter(|t| t.is_finite());
                let mut all: Vec<Comparison> =
                    finite.flat_map(|&t| [(feature, false, bits(t)), (feature, true, bits(t))]).collect();
                all.sort_unstable();
                all.dedup();
                all
            }
        }
    }

    /// How the test comes out for all numbers, if its threshold is infinite.
    fn always(&self) -> Option<bool> {
        let (t, _, lower) = self.threshold()?;
        t.is_infinite().then_some(lower == (t > 0.0))
    }

    /// The test as a comparison with a threshold: (threshold, whether an equal number is on the upper side, whether the
    /// test holds on the lower side).
    fn threshold(&self) -> Option<(f64, bool, bool)> {
        match *self {
            Self::AtMost(t) => Some((t, false, true)),
            Self::Above(t) => Some((t, false, false)),
            Self::Below(t) => Some((t, true, true)),
            Self::AtLeast(t) => Some((t, true, false)),
            Self::Among(_) | Self::NotAmong(_) => None,
        }
    }

    /// How this test comes out where another one of the same feature came out as it did.
    fn follows(&self, other: &Self, held: bool) -> Option<bool> {
        let (Some((t, up, lower)), Some((u, other_up, other_lower))) = (self.threshold(), other.threshold()) else {
            return (self == other).then_some(held);
        };
        // The lower sides are below (t, up), where the side with the equal number is larger.
        let (own, other) = ((t, !up), (u, !other_up));
        if held == other_lower {
            // The number is on the other one's lower side.
            (other <= own).then_some(lower)
        } else {
            (other >= own).then_some(!lower)
        }
    }
}
