//! Which function is fused into which sum, and which values share a scale.

use std::collections::BTreeMap;

use vouch_program::WeightMode;

use super::{Config, scales};
use crate::{
    CompileError,
    function::Function,
    graph::{Graph, Kind, Ranges, SLACK, SiteId, Span, ValueId},
};

/// What a value is in the program.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Place {
    /// A constant, or a value that only exists as the argument of a fused function.
    None,
    /// The requantized sum of a slot.
    Sum(usize),
    /// The function value of a slot.
    Mapped(usize),
}

/// Values with a common scale.
#[derive(Clone, Debug)]
pub(super) struct Slot {
    pub(super) site: SiteId,
    /// Range of the sum, in units.
    pub(super) span: Span,
    /// Whether the range is a coarse one, which has room for the error of quantization in it.
    pub(super) coarse: bool,
    pub(super) function: Option<Function>,
    /// Number of matrices on the way from the inputs.
    pub(super) depth: usize,
    /// Whether its scale is a maximum's: the smallest of its operands'.
    pub(super) follows: bool,
    pub(super) input: bool,
    /// Of an input: whether it is only compared with thresholds, so that a finer scale makes nothing dearer.
    pub(super) compared: bool,
    /// Of a function: whether matrices take its values and nothing else does.
    pub(super) feeds_matrices: bool,
    /// The scale that the caller wants.
    pub(super) fixed: Option<f64>,
    /// All sums are integers: they have the scale 1, or that of a table with a segment for each integer.
    pub(super) integer: bool,
    /// All values of the function are integers: they have the scale 1.
    pub(super) integer_values: bool,
    /// Whether the function's table has a segment for each integer.
    pub(super) steps: bool,
    /// Integers a unit of the sum.
    pub(super) scale: f64,
    /// Integers a unit of the function's value.
    pub(super) mapped_scale: f64,
    pub(super) table: Option<usize>,
}

impl Slot {
    /// Largest magnitude of the function's value, in units.
    pub(super) fn mapped_span(&self) -> Span {
        let (lo, hi) = self.function.map_or((self.span.lo, self.span.hi), |f| f.range(self.span.lo, self.span.hi));
        Span::new(lo, hi)
    }
}

/// A table and its domain.
#[derive(Clone, Debug)]
pub(super) struct TablePlan {
    /// The function that is tabulated.
    pub(super) function: Function,
    /// Whether there is a segment for each unit of the argument, in which the function has one value.
    pub(super) steps: bool,
    /// Integers a unit of the argument.
    pub(super) scale: f64,
    /// Domain, in integers.
    pub(super) lo: f64,
    pub(super) hi: f64,
    /// Integers a unit of the value.
    pub(super) value_scale: f64,
}

/// The scales of everything.
#[derive(Clone, Debug)]
pub(super) struct Plan {
    pub(super) slots: Vec<Slot>,
    pub(super) places: Vec<Place>,
    pub(super) tables: Vec<TablePlan>,
    /// Slot of each matrix column.
    pub(super) columns: Vec<Vec<usize>>,
    /// Slot of the operations of each site that are not linear.
    pub(super) sites: BTreeMap<SiteId, usize>,
    pub(super) depth: usize,
    /// For values that only exist as the argument of a function fused into a matrix column: the column's slot.
    arguments: Vec<Option<usize>>,
}

/// How a value is used.
#[derive(Clone, Copy, PartialEq)]
enum Use {
    Unused,
    Applied(Function),
    Mixed,
}

impl Use {
    fn meet(&mut self, other: Self) {
        *self = match (*self, other) {
            (Self::Unused, o) => o,
            (s, Self::Unused) => s,
            (Self::Applied(a), Self::Applied(b)) if a.same(b) => Self::Applied(a),
            _ => Self::Mixed,
        };
    }
}

impl Plan {
    pub(super) fn new(graph: &Graph, ranges: &Ranges, inputs: &[Span], config: &Config) -> Result<Self, CompileError> {
        let mut plan = Self {
            slots: Vec::new(),
            places: vec![Place::None; graph.len()],
            tables: Vec::new(),
            columns: vec![Vec::new(); graph.matrices.len()],
            sites: BTreeMap::new(),
            depth: 0,
            arguments: vec![None; graph.len()],
        };
        for (port, &span) in graph.inputs.iter().zip(inputs) {
            let slot = plan.slot(port.site, None, 0);
            plan.slots[slot].input = true;
            plan.slots[slot].integer = port.integer;
            plan.slots[slot].fixed = if port.integer { Some(1.0) } else { port.scale };
            plan.slots[slot].span = span;
            port.values.iter().for_each(|v| plan.places[v.index()] = Place::Sum(slot));
        }
        plan.group(graph);
        plan.compared(graph);
        plan.fed(graph);
        plan.measure(graph, ranges, config.limb_bits);
        plan.limit_comparisons(graph, config.weights == WeightMode::Private);
        plan.slots.iter_mut().for_each(|slot| slot.coarse = !slot.input && config.weights == WeightMode::Private);
        scales::choose(graph, &mut plan, config)?;
        Ok(plan)
    }

    fn slot(&mut self, site: SiteId, function: Option<Function>, depth: usize) -> usize {
        let span = Span::new(f64::INFINITY, f64::NEG_INFINITY);
        let (scale, mapped_scale) = (1.0, 1.0);
        self.slots.push(Slot {
            site,
            span,
            coarse: false,
            function,
            depth,
            follows: false,
            input: false,
            compared: false,
            feeds_matrices: false,
            fixed: None,
            integer: false,
            integer_values: false,
            steps: false,
            scale,
            mapped_scale,
            table: None,
        });
        self.slots.len() - 1
    }

    /// Assigns slots.
    fn group(&mut self, graph: &Graph) {
        let (applied, only) = uses(graph);
        let columns = column_uses(graph, &only);
        let sites = site_uses(graph, &applied);
        let mut depths = vec![0usize; graph.len()];
        for op in &graph.ops {
            let below = op.operands().map(|v| depths[v.index()]).max().unwrap_or(0);
            let depth = match &op.kind {
                Kind::Linear { matrix, .. } => {
                    let id = matrix.index();
                    if self.columns[id].is_empty() {
                        self.columns[id] = self.column_slots(op.site, &columns[id], below + 1);
                    }
                    let of_column = &self.columns[id];
                    for (i, v) in op.out.iter().enumerate() {
                        let n = i % of_column.len();
                        let fused = matches!(columns[id][n], Use::Applied(_));
                        if fused {
                            self.arguments[v.index()] = Some(of_column[n]);
                        } else {
                            self.places[v.index()] = Place::Sum(of_column[n]);
                        }
                    }
                    of_column.first().map_or(below + 1, |&s| self.slots[s].depth)
                }
                Kind::Apply { function, x } => {
                    for (v, out) in x.iter().zip(&op.out) {
                        let known = self.fused(*v).or_else(|| self.sites.get(&op.site).copied());
                        let slot = match known {
                            Some(slot) => slot,
                            None => {
                                let slot = self.slot(op.site, Some(*function), below);
                                self.sites.insert(op.site, slot);
                                slot
                            }
                        };
                        self.places[out.index()] = Place::Mapped(slot);
                    }
                    below
                }
                _ => {
                    let slot = match self.sites.get(&op.site) {
                        Some(&slot) => slot,
                        None => {
                            let follows = matches!(op.kind, Kind::Max { .. });
                            let function = sites.get(&op.site).copied().filter(|_| !follows);
                            let slot = self.slot(op.site, function, below);
                            self.slots[slot].follows = follows;
                            self.sites.insert(op.site, slot);
                            slot
                        }
                    };
                    op.out.iter().for_each(|v| self.places[v.index()] = Place::Sum(slot));
                    self.slots[slot].depth
                }
            };
            op.out.iter().for_each(|v| depths[v.index()] = depth);
            self.depth = self.depth.max(depth);
        }
    }

    /// The slot that computes a function together with its argument `v`.
    fn fused(&self, v: ValueId) -> Option<usize> {
        match self.places[v.index()] {
            Place::Sum(slot) if self.slots[slot].function.is_some() => Some(slot),
            Place::None => self.arguments[v.index()],
            _ => None,
        }
    }

    /// One slot for the columns of each function, and one for the plain ones.
    fn column_slots(&mut self, site: SiteId, uses: &[Use], depth: usize) -> Vec<usize> {
        let mut known: Vec<(Option<Function>, usize)> = Vec::new();
        let mut out = Vec::with_capacity(uses.len());
        for u in uses {
            let function = match u {
                Use::Applied(f) => Some(*f),
                _ => None,
            };
            let same = |k: &&(Option<Function>, usize)| match (k.0, function) {
                (None, None) => true,
                (Some(a), Some(b)) => a.same(b),
                _ => false,
            };
            let slot = known.iter().find(same).map(|k| k.1);
            out.push(slot.unwrap_or_else(|| {
                let slot = self.slot(site, function, depth);
                known.push((function, slot));
                slot
            }));
        }
        out
    }

    /// Ranges of all slots.
    fn measure(&mut self, graph: &Graph, ranges: &Ranges, limb_bits: u8) {
        let mut members: Vec<Vec<ValueId>> = vec![Vec::new(); self.slots.len()];
        let mut values: Vec<Vec<ValueId>> = vec![Vec::new(); self.slots.len()];
        for op in &graph.ops {
            match &op.kind {
                Kind::Linear { matrix, .. } => {
                    let of_column = &self.columns[matrix.index()];
                    for (i, v) in op.out.iter().enumerate() {
                        members[of_column[i % of_column.len()]].push(*v);
                    }
                }
                Kind::Apply { x, .. } => {
                    for (v, out) in x.iter().zip(&op.out) {
                        if let Place::Mapped(slot) = self.places[out.index()] {
                            members[slot].push(*v);
                            values[slot].push(*out);
                        }
                    }
                }
                _ => op.out.iter().for_each(|v| members[self.sites[&op.site]].push(*v)),
            }
        }
        for ((slot, members), values) in self.slots.iter_mut().zip(&members).zip(&values) {
            let integers = |list: &[ValueId]| !list.is_empty() && list.iter().all(|&v| graph.is_integer(v));
            // What was only found to be an integer has to fit a word; what is declared as one is an error otherwise.
            let word = 2f64.powi(2 * i32::from(limb_bits) - 2);
            if !slot.input && !members.is_empty() {
                slot.span = ranges.of(members.iter().copied(), slot.function);
                slot.integer =
                    integers(members) && (slot.span.magnitude() < word || graph.sites[slot.site.index()].integer);
                if slot.integer {
                    let (lo, hi) = (slot.span.lo, slot.span.hi);
                    let wide = Span::new(lo.floor(), hi.ceil());
                    // Integers up to the next one, unless the function has a pole there.
                    let pole = slot.function.is_some_and(|f| f.undefined(wide.lo, wide.hi).is_some());
                    slot.span = if pole { Span::new((lo - 1e-6).ceil(), (hi + 1e-6).floor()) } else { wide };
                }
                slot.integer_values = integers(values) && slot.mapped_span().magnitude() < word;
            } else if !slot.input {
                slot.span = Span::new(0.0, 0.0);
            }
        }
    }

    /// Finds the inputs that are only compared with thresholds.
    fn compared(&mut self, graph: &Graph) {
        let mut other = vec![false; graph.len()];
        for op in &graph.ops {
            if !self.compares(graph, &op.kind) {
                op.operands().for_each(|v| other[v.index()] = true);
            }
        }
        graph.outputs.iter().flat_map(|o| &o.values).for_each(|v| other[v.index()] = true);
        for port in &graph.inputs {
            if let Some(&Place::Sum(slot)) = port.values.first().map(|v| &self.places[v.index()]) {
                self.slots[slot].compared = !port.values.iter().any(|v| other[v.index()]);
            }
        }
    }

    /// Finds the functions whose values matrices alone take.
    fn fed(&mut self, graph: &Graph) {
        let mut other = vec![false; graph.len()];
        let others = graph.ops.iter().filter(|op| !matches!(op.kind, Kind::Linear { .. }));
        others.flat_map(|op| op.operands()).for_each(|v| other[v.index()] = true);
        graph.outputs.iter().flat_map(|o| &o.values).for_each(|v| other[v.index()] = true);
        self.slots.iter_mut().for_each(|slot| slot.feeds_matrices = slot.function.is_some());
        for (place, _) in self.places.iter().zip(&other).filter(|(_, other)| **other) {
            if let Place::Mapped(slot) = place {
                self.slots[*slot].feeds_matrices = false;
            }
        }
    }

    /// Whether an operation compares each of its operands with thresholds and does nothing else.
    fn compares(&self, graph: &Graph, kind: &Kind) -> bool {
        let Kind::Linear { matrix, .. } = kind else { return false };
        let only = |&slot: &usize| self.slots[slot].function == Some(Function::NonNegative);
        graph.matrices[matrix.index()].rows == 1 && self.columns[matrix.index()].iter().all(only)
    }

    /// A threshold outside the range of what is compared with it counts as one at its end, so that a difference is at most
    /// as wide as that range, whatever samples say.
    fn limit_comparisons(&mut self, graph: &Graph, private: bool) {
        let mut limits: BTreeMap<usize, f64> = BTreeMap::new();
        for op in &graph.ops {
            if let Kind::Linear { matrix, x, .. } = &op.kind
                && self.compares(graph, &op.kind)
            {
                let spans = x.iter().map(|&v| self.span_of(graph, v));
                let width = spans.reduce(Span::union).map_or(0.0, |s| s.hi - s.lo);
                let m = &graph.matrices[matrix.index()];
                for (&slot, w) in self.columns[matrix.index()].iter().zip(m.weights.iter()) {
                    let limit = (w.abs() * width * (1.0 + 4.0 * SLACK)).max(1e-9);
                    // Of private weights only exponents are published.
                    let limit = if private { limit.log2().ceil().exp2() } else { limit };
                    let own = limits.entry(slot).or_insert(0.0);
                    *own = own.max(limit);
                }
            }
        }
        for (slot, limit) in limits {
            self.slots[slot].span = Span::new(-limit, limit);
        }
    }

    /// What a value can be, in units.
    pub(super) fn span_of(&self, graph: &Graph, v: ValueId) -> Span {
        match self.places[v.index()] {
            Place::None => {
                let c = graph.constant_of(v).unwrap_or(0.0);
                Span::new(c, c)
            }
            Place::Sum(s) => self.slots[s].span,
            Place::Mapped(s) => self.slots[s].mapped_span(),
        }
    }

    /// Integers a unit of a value; `None` for constants.
    pub(super) fn scale_of(&self, v: ValueId) -> Option<f64> {
        match self.places[v.index()] {
            Place::None => None,
            Place::Sum(s) => Some(self.slots[s].scale),
            Place::Mapped(s) => Some(self.slots[s].mapped_scale),
        }
    }

    /// Largest magnitude of a value, in units.
    pub(super) fn magnitude_of(&self, graph: &Graph, v: ValueId) -> f64 {
        match self.places[v.index()] {
            Place::None => graph.constant_of(v).unwrap_or(0.0).abs(),
            Place::Sum(s) => self.slots[s].span.magnitude(),
            Place::Mapped(s) => self.slots[s].mapped_span().magnitude(),
        }
    }

    /// Bits of the magnitude of plain values at a depth.
    pub(super) fn bits_at(&self, depth: usize, config: &Config) -> u32 {
        let part = if self.depth == 0 { 1.0 } else { depth as f64 / self.depth as f64 };
        let (first, last) = (f64::from(config.first_bits), f64::from(config.last_bits));
        (first + (last - first) * part).round() as u32
    }

    /// The depth of a value's slot.
    pub(super) fn depth_of(&self, v: ValueId) -> usize {
        match self.places[v.index()] {
            Place::None => 0,
            Place::Sum(s) | Place::Mapped(s) => self.slots[s].depth,
        }
    }
}

/// For each value, the function applied to it (if any is), and how it is used altogether.
fn uses(graph: &Graph) -> (Vec<Use>, Vec<Use>) {
    let mut applied = vec![Use::Unused; graph.len()];
    let mut all = vec![Use::Unused; graph.len()];
    for op in &graph.ops {
        if let Kind::Apply { function, x } = &op.kind {
            for v in x {
                applied[v.index()].meet(Use::Applied(*function));
                all[v.index()].meet(Use::Applied(*function));
            }
        } else {
            op.operands().for_each(|v| all[v.index()] = Use::Mixed);
        }
    }
    for v in graph.outputs.iter().flat_map(|o| &o.values) {
        all[v.index()] = Use::Mixed;
    }
    (applied, all)
}

/// For each matrix column, how its values are used in all applications.
fn column_uses(graph: &Graph, only: &[Use]) -> Vec<Vec<Use>> {
    let mut columns: Vec<Vec<Use>> = graph.matrices.iter().map(|m| vec![Use::Unused; m.cols]).collect();
    for op in &graph.ops {
        if let Kind::Linear { matrix, .. } = &op.kind {
            let own = &mut columns[matrix.index()];
            let n = own.len();
            op.out.iter().enumerate().for_each(|(i, v)| own[i % n].meet(only[v.index()]));
        }
    }
    columns
}

/// For each site of products, the one function that is applied to its values.
fn site_uses(graph: &Graph, applied: &[Use]) -> BTreeMap<SiteId, Function> {
    let mut sites: BTreeMap<SiteId, Use> = BTreeMap::new();
    for op in &graph.ops {
        if matches!(op.kind, Kind::Product { .. } | Kind::Affine { .. }) {
            let own = sites.entry(op.site).or_insert(Use::Unused);
            op.out.iter().for_each(|v| own.meet(applied[v.index()]));
        }
    }
    let function = |u| match u {
        Use::Applied(f) => Some(f),
        _ => None,
    };
    sites.into_iter().filter_map(|(site, u)| function(u).map(|f| (site, f))).collect()
}
