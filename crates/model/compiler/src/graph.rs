//! The float model after lowering.
//!
//! Values are scalars with numbers; a tensor is a list of values, so layout operators leave nothing behind. An operation
//! computes a list of values. Operations that must share scales (the time steps of a recurrent layer) belong to one
//! *site*; linear operations belong to the site of their matrix.
//!
//! # Integers
//!
//! Integers and truth values (0 and 1) are values like the others, but exact. What is exact belongs to a site (or port)
//! whose flag `integer` is set ([`Graph::integer_site`]), and [`Graph::is_integer`] says it of a value. It holds:
//!
//! * Every value of such a site is an integer in every run, up to 2^53 in magnitude. Whoever adds the operation sees to
//!   it: a matrix has integer weights and biases and integer operands, an affine integer factors and shifts, a product
//!   integer operands, a function gives integers.
//! * Quantization gives the site the scale 1. Its values are then the program's integers themselves and nothing is
//!   rounded; a value has to fit a word of 2·limb_bits bits.
//! * A function of an operand that is an integer is tabulated exactly: one segment for each integer, whatever the
//!   function is ([`Function`]s that are linear between integer kinks need no such table).
//!   This is so for functions with real values too, whose value then only has the error of its own scale.
//! * A constant is an integer if its value is one.

mod affine;
mod builder;
mod clamp;
mod coarse;
mod columns;
mod dead;
mod infinite;
mod integers;
mod octaves;
mod patterns;
mod ranges;
mod run;

use std::{collections::HashMap, sync::Arc};

use crate::function::Function;

pub(crate) use infinite::HUGE;
pub(crate) use ranges::{Ranges, SLACK, Span};

/// A scalar of the graph.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(crate) struct ValueId(pub(crate) u32);

impl ValueId {
    pub(crate) fn index(self) -> usize {
        self.0 as usize
    }
}

/// Index of a [`Site`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(crate) struct SiteId(pub(crate) u32);

impl SiteId {
    pub(crate) fn index(self) -> usize {
        self.0 as usize
    }
}

/// Index of a [`Matrix`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(crate) struct MatrixId(pub(crate) u32);

impl MatrixId {
    pub(crate) fn index(self) -> usize {
        self.0 as usize
    }
}

/// Operations with common scales.
#[derive(Clone, Debug)]
pub(crate) struct Site {
    pub(crate) name: String,
    pub(crate) op: String,
    pub(crate) shape: Vec<usize>,
    /// All values are integers, which are never rounded.
    pub(crate) integer: bool,
}

/// A constant matrix \[rows, cols\] and a bias for each column.
#[derive(Clone, Debug)]
pub(crate) struct Matrix {
    pub(crate) site: SiteId,
    pub(crate) rows: usize,
    pub(crate) cols: usize,
    /// Row-major; shared between the variants of a graph.
    pub(crate) weights: Arc<Vec<f64>>,
    pub(crate) bias: Vec<f64>,
}

/// factor · a · b
#[derive(Clone, Debug)]
pub(crate) struct Term {
    pub(crate) factor: f64,
    pub(crate) a: Vec<ValueId>,
    pub(crate) b: Vec<ValueId>,
}

#[derive(Clone, Debug)]
pub(crate) enum Kind {
    /// x is \[positions, rows\], the result \[positions, cols\].
    Linear { matrix: MatrixId, positions: usize, grid: usize, x: Vec<ValueId> },
    /// x \[m, inner\] times y \[inner, n\], both computed.
    MatMul { inner: usize, x: Vec<ValueId>, y: Vec<ValueId> },
    /// Rows of a matrix without biases, one for each index.
    Select { matrix: MatrixId, x: Vec<ValueId> },
    /// A sum of one or two terms.
    Product { terms: Vec<Term> },
    /// x · scale + shift, element by element.
    Affine { x: Vec<ValueId>, scale: Vec<f64>, shift: Vec<f64> },
    /// A function, element by element.
    Apply { function: Function, x: Vec<ValueId> },
    /// The maximum of each group of `size`.
    Max { size: usize, x: Vec<ValueId> },
    /// The largest integer that is at most x · scale + shift, element by element.
    Floor { x: Vec<ValueId>, scale: f64, shift: f64 },
}

/// An operation and the values it defines.
#[derive(Clone, Debug)]
pub(crate) struct Op {
    pub(crate) site: SiteId,
    pub(crate) kind: Kind,
    pub(crate) out: Vec<ValueId>,
}

impl Op {
    /// All operands.
    pub(crate) fn operands(&self) -> Box<dyn Iterator<Item = ValueId> + '_> {
        match &self.kind {
            Kind::Linear { x, .. }
            | Kind::Select { x, .. }
            | Kind::Affine { x, .. }
            | Kind::Apply { x, .. }
            | Kind::Max { x, .. }
            | Kind::Floor { x, .. } => Box::new(x.iter().copied()),
            Kind::MatMul { x, y, .. } => Box::new(x.iter().chain(y).copied()),
            Kind::Product { terms } => Box::new(terms.iter().flat_map(|t| t.a.iter().chain(&t.b)).copied()),
        }
    }

    /// Numbers that its lists have, results aside.
    pub(crate) fn words(&self) -> usize {
        match &self.kind {
            Kind::Affine { x, .. } => 3 * x.len(),
            _ => self.operands().count(),
        }
    }

    fn operands_mut(&mut self) -> Box<dyn Iterator<Item = &mut ValueId> + '_> {
        match &mut self.kind {
            Kind::Linear { x, .. }
            | Kind::Select { x, .. }
            | Kind::Affine { x, .. }
            | Kind::Apply { x, .. }
            | Kind::Max { x, .. }
            | Kind::Floor { x, .. } => Box::new(x.iter_mut()),
            Kind::MatMul { x, y, .. } => Box::new(x.iter_mut().chain(y)),
            Kind::Product { terms } => Box::new(terms.iter_mut().flat_map(|t| t.a.iter_mut().chain(&mut t.b))),
        }
    }
}

/// A named tensor at the graph's border.
#[derive(Clone, Debug)]
pub(crate) struct Port {
    pub(crate) name: String,
    pub(crate) shape: Vec<usize>,
    pub(crate) values: Vec<ValueId>,
    pub(crate) site: SiteId,
    /// Physical unit, empty if unknown.
    pub(crate) unit: String,
    /// Integers a unit, where the caller decides.
    pub(crate) scale: Option<f64>,
    /// All elements are integers, which are never rounded.
    pub(crate) integer: bool,
    /// The only values that the tensor may have.
    pub(crate) required: Option<Vec<f64>>,
}

/// The float model.
#[derive(Clone, Debug, Default)]
pub(crate) struct Graph {
    pub(crate) sites: Vec<Site>,
    pub(crate) matrices: Vec<Matrix>,
    pub(crate) ops: Vec<Op>,
    pub(crate) inputs: Vec<Port>,
    pub(crate) outputs: Vec<Port>,
    /// For each value, what it is if it is a constant.
    constants: Vec<Option<f64>>,
    /// Values that are computed although no output needs them: those of checks.
    kept: Vec<ValueId>,
    /// For each value, whether it belongs to a site of integers.
    integers: Vec<bool>,
    known: HashMap<u64, ValueId>,
    /// Bounds that hold by construction although interval arithmetic does not see them: below, above. Of an input, what
    /// its uses allow (an index has the length of what it indexes).
    bounds: HashMap<ValueId, (f64, f64)>,
    /// Whether the model asks of a computed value if it is infinite or NaN. The answer was no.
    pub(crate) asked: bool,
    /// Values that are, or lie between, some of the values of a list: what a selection takes.
    among: HashMap<ValueId, Arc<[ValueId]>>,
    /// Labels of classes, and the scores that they were chosen by.
    decisions: HashMap<ValueId, Decision>,
}

/// How the label of a class was chosen.
#[derive(Clone, Debug)]
pub(crate) struct Decision {
    /// The labels of all classes.
    pub(crate) labels: Arc<[f64]>,
    /// Their scores, the largest of which decides.
    pub(crate) scores: Vec<ValueId>,
}

impl Graph {
    /// Number of values.
    pub(crate) fn len(&self) -> usize {
        self.constants.len()
    }

    pub(crate) fn constant_of(&self, id: ValueId) -> Option<f64> {
        self.constants[id.index()]
    }

    /// Whether a value is an integer in every run.
    pub(crate) fn is_integer(&self, id: ValueId) -> bool {
        match self.constants[id.index()] {
            Some(c) => c.fract() == 0.0,
            None => self.integers[id.index()],
        }
    }

    /// The range that holds for a value by construction, or that its uses allow.
    pub(crate) fn bound_of(&self, id: ValueId) -> Option<(f64, f64)> {
        self.bounds.get(&id).copied()
    }

    /// How the label of a class was chosen, if the value is one.
    pub(crate) fn decision_of(&self, id: ValueId) -> Option<&Decision> {
        self.decisions.get(&id)
    }

    /// How often each value is used, outputs included.
    pub(crate) fn uses(&self) -> Vec<u32> {
        let mut uses = vec![0u32; self.len()];
        let operands = self.ops.iter().flat_map(Op::operands);
        for v in operands.chain(self.outputs.iter().flat_map(|o| o.values.iter().copied())) {
            uses[v.index()] += 1;
        }
        uses
    }

    /// Replaces operands and outputs.
    fn substitute(&mut self, map: &[ValueId]) {
        let operands = self.ops.iter_mut().flat_map(Op::operands_mut);
        for v in operands.chain(self.outputs.iter_mut().flat_map(|o| o.values.iter_mut())).chain(&mut self.kept) {
            *v = map[v.index()];
        }
        for v in self.decisions.values_mut().flat_map(|d| &mut d.scores) {
            *v = map[v.index()];
        }
        let moved: Vec<ValueId> = self.decisions.keys().copied().filter(|v| map[v.index()] != *v).collect();
        for v in moved {
            if let Some(d) = self.decisions.remove(&v) {
                self.decisions.insert(map[v.index()], d);
            }
        }
        for list in self.among.values_mut() {
            if list.iter().any(|v| map[v.index()] != *v) {
                *list = list.iter().map(|v| map[v.index()]).collect();
            }
        }
    }

    /// Names of the inputs that values depend on.
    pub(crate) fn inputs_of(&self, values: &[ValueId]) -> Vec<String> {
        let mut needed = vec![false; self.len()];
        values.iter().for_each(|v| needed[v.index()] = true);
        for op in self.ops.iter().rev() {
            if op.out.iter().any(|v| needed[v.index()]) {
                op.operands().for_each(|v| needed[v.index()] = true);
            }
        }
        let used = |p: &&Port| p.values.iter().any(|v| needed[v.index()]);
        self.inputs.iter().filter(used).map(|p| p.name.clone()).collect()
    }

    /// Simplifies: folds scalings into matrices, drops what no output needs.
    pub(crate) fn simplify(&mut self) {
        self.remove_dead();
        self.fold_affine();
        self.remove_dead();
    }

    /// The site of an operation that computes with a constant that is NaN or infinite.
    pub(crate) fn not_finite(&self) -> Option<SiteId> {
        let bad = |v: &f64| !v.is_finite();
        let operand = |v: ValueId| self.constant_of(v).is_some_and(|c| bad(&c));
        let found = self.ops.iter().find(|op| {
            let parameters = match &op.kind {
                Kind::Linear { matrix, .. } | Kind::Select { matrix, .. } => {
                    let m = &self.matrices[matrix.index()];
                    m.weights.iter().chain(&m.bias).any(bad)
                }
                Kind::Affine { scale, shift, .. } => scale.iter().chain(shift).any(bad),
                Kind::Product { terms } => terms.iter().any(|t| bad(&t.factor)),
                Kind::Floor { scale, shift, .. } => !(scale.is_finite() && shift.is_finite()),
                Kind::Apply { .. } | Kind::Max { .. } | Kind::MatMul { .. } => false,
            };
            parameters || op.operands().any(operand)
        });
        found.map(|op| op.site)
    }

    /// Whether some value is the label of a class.
    pub(crate) fn decides(&self) -> bool {
        !self.decisions.is_empty()
    }

    /// Multiplications of one run.
    pub(crate) fn work(&self) -> usize {
        let of = |op: &Op| match &op.kind {
            Kind::Linear { matrix, x, .. } => x.len().saturating_mul(self.matrices[matrix.index()].cols),
            Kind::MatMul { inner, .. } => op.out.len().saturating_mul(*inner),
            _ => op.out.len(),
        };
        self.ops.iter().map(of).fold(0, usize::saturating_add)
    }

    /// Number of float parameters in use.
    pub(crate) fn parameters(&self) -> usize {
        let mut used = vec![false; self.matrices.len()];
        for op in &self.ops {
            if let Kind::Linear { matrix, .. } | Kind::Select { matrix, .. } = op.kind {
                used[matrix.index()] = true;
            }
        }
        let size = |m: &Matrix| m.weights.len() + m.bias.iter().filter(|&&b| b != 0.0).count();
        self.matrices.iter().zip(used).filter(|(_, used)| *used).map(|(m, _)| size(m)).sum()
    }
}
