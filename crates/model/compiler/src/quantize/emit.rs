//! Writing the program, in the order of the graph's operations.

use std::collections::{BTreeMap, HashMap};

use vouch_program::{Builder, Interval, Program, Requant, TableId, Term, Wire};

use super::{
    Config, Quantized, integer,
    linear::Emitted,
    plan::{Place, Plan},
    product::{Factor, Sum},
    table,
};
use crate::{
    CompileError, TableReport, TensorReport,
    function::Function,
    graph::{Graph, Kind, ValueId},
};

/// A program being written.
pub(super) struct Emitter<'a> {
    pub(super) graph: &'a Graph,
    pub(super) plan: &'a Plan,
    pub(super) config: &'a Config,
    pub(super) builder: Builder,
    pub(super) wires: Vec<Option<Wire>>,
    /// Function values by the argument that they were fused with.
    pub(super) mapped: HashMap<ValueId, Wire>,
    pub(super) tables: Vec<TableId>,
    /// Matrices that were emitted.
    pub(super) matrices: BTreeMap<usize, Emitted>,
    /// Matrices that rows are selected from, of those that were emitted.
    pub(super) selected: BTreeMap<usize, vouch_program::MatrixId>,
    /// For each matrix, its applications' operands.
    pub(super) applications: Vec<Vec<&'a [ValueId]>>,
    /// Values brought to another scale.
    rescaled: HashMap<(ValueId, u64), Wire>,
}

pub(super) fn emit(graph: &Graph, plan: &Plan, config: &Config) -> Result<Quantized, CompileError> {
    let mut emitter = Emitter {
        graph,
        plan,
        config,
        builder: Program::builder(config.limb_bits),
        wires: vec![None; graph.len()],
        mapped: HashMap::new(),
        tables: Vec::new(),
        matrices: BTreeMap::new(),
        selected: BTreeMap::new(),
        applications: vec![Vec::new(); graph.matrices.len()],
        rescaled: HashMap::new(),
    };
    let tables = emitter.tables();
    emitter.inputs();
    for op in &graph.ops {
        if let Kind::Linear { matrix, x, .. } = &op.kind {
            emitter.applications[matrix.index()].push(x);
        }
    }
    for op in &graph.ops {
        let out = &op.out;
        match &op.kind {
            Kind::Linear { matrix, positions, grid, x } => {
                emitter.linear(op.site, *matrix, *positions, *grid, x, out)?;
            }
            Kind::Select { matrix, x } => emitter.select(*matrix, x, out)?,
            Kind::MatMul { inner, x, y } => emitter.mat_mul(plan.sites[&op.site], *inner, [x, y], out)?,
            Kind::Product { terms } => {
                let factors = |list: &[ValueId]| list.iter().map(|&v| emitter_factor(graph, v)).collect::<Vec<_>>();
                let sums = terms.iter().map(|t| Sum { factor: t.factor, a: factors(&t.a), b: factors(&t.b) }).collect();
                emitter.product(plan.sites[&op.site], sums, &vec![0.0; out.len()], out)?;
            }
            Kind::Affine { x, scale, shift } => {
                let a = x.iter().map(|&v| Factor::Value(v)).collect();
                let same = scale.iter().all(|s| *s == scale[0]);
                let sum = if same {
                    Sum { factor: scale[0], a, b: vec![Factor::Constant(1.0); x.len()] }
                } else {
                    Sum { factor: 1.0, a, b: scale.iter().map(|&s| Factor::Constant(s)).collect() }
                };
                emitter.product(plan.sites[&op.site], vec![sum], shift, out)?;
            }
            Kind::Floor { x, scale, shift } => {
                // At scale 1 the requantization rounds half up: half a unit less, and it rounds down.
                let a = x.iter().map(|&v| Factor::Value(v)).collect();
                let sum = Sum { factor: *scale, a, b: vec![Factor::Constant(1.0); x.len()] };
                emitter.product(plan.sites[&op.site], vec![sum], &vec![shift - 0.5; x.len()], out)?;
            }
            Kind::Apply { x, .. } => emitter.apply(op.site, x, out)?,
            Kind::Max { size, x } => {
                let scale = plan.slots[plan.sites[&op.site]].scale;
                let targets: Vec<_> = x.iter().map(|&v| (v, scale)).collect();
                let x = emitter.at_scales(&targets)?;
                let name = graph.sites[op.site.index()].name.clone();
                let span = emitter.builder.max(&name, *size, x);
                out.iter().enumerate().for_each(|(i, v)| emitter.wires[v.index()] = Some(span.at(i)));
            }
        }
    }
    emitter.outputs()?;
    let tensors = emitter.report();
    let program = emitter.builder.finish()?.with_weights(config.weights)?;
    // Constants come first in a finished program.
    let (constants, all) = (program.constants().len() as u32, program.wires());
    let place = |(i, w): (usize, &Option<Wire>)| {
        let own = w.filter(|w| w.index() < all)?;
        Some((Wire(own.0 + constants), plan.scale_of(ValueId(i as u32))?))
    };
    let wires = emitter.wires.iter().enumerate().map(place).collect();
    Ok(Quantized { program, tensors, tables, wires })
}

fn emitter_factor(graph: &Graph, v: ValueId) -> Factor {
    graph.constant_of(v).map_or(Factor::Value(v), Factor::Constant)
}

impl Emitter<'_> {
    pub(super) fn name(&self, site: crate::graph::SiteId) -> String {
        self.graph.sites[site.index()].name.clone()
    }

    fn tables(&mut self) -> Vec<TableReport> {
        let mut reports = Vec::new();
        for t in &self.plan.tables {
            let (first, segments) = table::segments(t, self.config.limb_bits);
            let count = segments.len();
            self.tables.push(self.builder.table(t.function.name(), t.scale, first, segments));
            reports.push(TableReport { name: t.function.name().to_owned(), scale: t.scale, segments: count });
        }
        reports
    }

    fn inputs(&mut self) {
        for port in &self.graph.inputs {
            // An input without elements counts, too: callers give it.
            let place = port.values.first().map(|v| self.plan.places[v.index()]);
            let (scale, bounds) = match place {
                Some(Place::Sum(slot)) => {
                    let (scale, span) = (self.plan.slots[slot].scale, self.plan.slots[slot].span);
                    (scale, Interval::new(integer(span.lo * scale), integer(span.hi * scale)))
                }
                Some(_) => continue,
                None => (1.0, Interval::new(0, 0)),
            };
            let shape: Vec<u32> = port.shape.iter().map(|&d| d as u32).collect();
            let wires = self.builder.input(&port.name, &shape, scale, bounds);
            self.builder.input_unit(&port.unit);
            port.values.iter().enumerate().for_each(|(i, v)| self.wires[v.index()] = Some(wires.at(i)));
        }
    }

    /// The requantization of a slot's sums.
    pub(super) fn requant(&self, slot: usize, drop: u8) -> Requant {
        let slot = &self.plan.slots[slot];
        match slot.table {
            None => Requant::rescale(drop),
            Some(t) => {
                let sigmoid = !slot.steps && slot.function.is_some_and(|f| f.same(Function::Sigmoid));
                let offset = if sigmoid { 1i64 << self.config.function_bits } else { 0 };
                Requant::table(drop, self.tables[t], offset)
            }
        }
    }

    fn apply(&mut self, site: crate::graph::SiteId, x: &[ValueId], out: &[ValueId]) -> Result<(), CompileError> {
        let mut open = Vec::new();
        for (v, out) in x.iter().zip(out) {
            match self.mapped.get(v) {
                Some(&wire) if self.fused(*v, *out) => self.wires[out.index()] = Some(wire),
                _ => open.push((*v, *out)),
            }
        }
        if open.is_empty() {
            return Ok(());
        }
        let sum = Sum {
            factor: 1.0,
            a: open.iter().map(|(v, _)| Factor::Value(*v)).collect(),
            b: vec![Factor::Constant(1.0); open.len()],
        };
        let out: Vec<ValueId> = open.iter().map(|(_, out)| *out).collect();
        let wires = self.sums(self.plan.sites[&site], vec![sum], &vec![0.0; out.len()])?;
        for (v, (_, y)) in out.iter().zip(wires) {
            self.wires[v.index()] = y;
        }
        Ok(())
    }

    /// Whether the function value `out` was computed together with its argument.
    fn fused(&self, argument: ValueId, out: ValueId) -> bool {
        match (self.plan.places[argument.index()], self.plan.places[out.index()]) {
            (Place::Sum(a), Place::Mapped(b)) => a == b,
            (Place::None, Place::Mapped(_)) => true,
            _ => false,
        }
    }

    fn product(&mut self, slot: usize, sums: Vec<Sum>, shift: &[f64], out: &[ValueId]) -> Result<(), CompileError> {
        let wires = self.sums(slot, sums, shift)?;
        for (v, (r, y)) in out.iter().zip(wires) {
            self.wires[v.index()] = Some(r);
            if let Some(y) = y {
                self.mapped.insert(*v, y);
            }
        }
        Ok(())
    }

    /// The wires of values at given scales, rescaling where needed. Constants are rounded.
    pub(super) fn at_scales(&mut self, values: &[(ValueId, f64)]) -> Result<Vec<Wire>, CompileError> {
        let mut open: BTreeMap<(u64, u64), Vec<ValueId>> = BTreeMap::new();
        for &(v, target) in values {
            if let Some(scale) = self.plan.scale_of(v)
                && scale != target
                && !self.rescaled.contains_key(&(v, target.to_bits()))
            {
                let list = open.entry((scale.to_bits(), target.to_bits())).or_default();
                list.push(v);
            }
        }
        for ((scale, target), mut list) in open {
            list.sort_unstable();
            list.dedup();
            self.rescale(&list, f64::from_bits(scale), f64::from_bits(target))?;
        }
        let mut wires = Vec::with_capacity(values.len());
        for &(v, target) in values {
            wires.push(match self.plan.scale_of(v) {
                None => self.builder.constant(integer(self.graph.constant_of(v).unwrap_or(0.0) * target)),
                Some(scale) if scale == target => self.wire(v)?,
                Some(_) => match self.rescaled.get(&(v, target.to_bits())) {
                    Some(&wire) => wire,
                    None => self.wire(v)?,
                },
            });
        }
        Ok(wires)
    }

    pub(super) fn wire(&self, v: ValueId) -> Result<Wire, CompileError> {
        let missing = || CompileError::Malformed { reason: format!("value {} of the graph has no wire", v.0) };
        self.wires[v.index()].ok_or_else(missing)
    }

    fn rescale(&mut self, list: &[ValueId], scale: f64, target: f64) -> Result<(), CompileError> {
        let magnitude = list.iter().map(|&v| self.plan.magnitude_of(self.graph, v)).fold(1e-9, f64::max);
        let Some((factor, drop)) = super::product::ratio(target / scale, magnitude * scale, self.config) else {
            return Err(CompileError::Precision {
                tensor: "rescale".into(),
                lo: -magnitude,
                hi: magnitude,
                reason: format!("no rescaling from {scale} to {target} integers a unit is precise enough"),
            });
        };
        let one = self.builder.constant(1);
        let a = list.iter().map(|&v| self.wire(v)).collect::<Result<Vec<_>, _>>()?;
        let term = Term { factor, b: vec![one; a.len()], a };
        let (span, _) = self.builder.product("rescale", vec![term], Requant::rescale(drop));
        for (i, v) in list.iter().enumerate() {
            self.rescaled.insert((*v, target.to_bits()), span.at(i));
        }
        Ok(())
    }

    fn outputs(&mut self) -> Result<(), CompileError> {
        for port in &self.graph.outputs {
            let mut scales: Vec<f64> = port.values.iter().filter_map(|&v| self.plan.scale_of(v)).collect();
            scales.sort_by(f64::total_cmp);
            let largest = port.values.iter().map(|&v| self.plan.magnitude_of(self.graph, v)).fold(0.0, f64::max);
            let fits = super::scale_for(largest * 1.01, 2 * u32::from(self.config.limb_bits) - 1);
            let uniform = scales.first() == scales.last();
            let scale = match scales.first() {
                _ if port.integer => 1.0,
                None => fits,
                Some(&s) if uniform => s,
                Some(&s) => s.min(fits),
            };
            let targets: Vec<_> = port.values.iter().map(|&v| (v, scale)).collect();
            let wires = self.at_scales(&targets)?;
            let shape: Vec<u32> = port.shape.iter().map(|&d| d as u32).collect();
            self.builder.output(&port.name, &shape, scale, wires);
            self.builder.output_unit(&port.unit);
        }
        Ok(())
    }

    fn report(&self) -> Vec<TensorReport> {
        let row = |slot: &super::plan::Slot| {
            let site = &self.graph.sites[slot.site.index()];
            let op = match slot.function {
                Some(f) if f.name() != site.op => format!("{}+{}", site.op, f.name()),
                _ => site.op.clone(),
            };
            TensorReport {
                name: site.name.clone(),
                op,
                shape: site.shape.iter().map(|&d| d as u32).collect(),
                scale: slot.scale,
                lo: slot.span.lo,
                hi: slot.span.hi,
            }
        };
        self.plan.slots.iter().map(row).collect()
    }
}
