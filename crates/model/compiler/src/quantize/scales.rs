//! Choosing the scales of slots and tables.

use super::{
    Config,
    plan::{Plan, Slot, TablePlan},
    scale_for,
};
use crate::{
    CompileError,
    function::Function,
    graph::{Graph, Kind, SLACK, Span, ValueId},
};

/// Functions whose largest value is within 2^±8 have the usual scale.
const ORDINARY: f64 = 8.0;

/// More value bits than argument bits of a leaky Relu, so that its slope is precise.
const LEAKY_BITS: i32 = 12;

/// The function that is tabulated, and the factor of its argument. sigmoid(x) = (1 + tanh(x/2))/2 has tanh's table.
fn base(function: Function) -> (Function, f64) {
    match function {
        Function::Sigmoid => (Function::Tanh, 0.5),
        other => (other, 1.0),
    }
}

/// The range that the table or word must hold: that of the slot, with room for the error of quantization.
fn domain(slot: &Slot) -> Span {
    if slot.function == Some(Function::Zero) {
        return Span::new(0.0, 0.0);
    }
    if slot.integer {
        return slot.span;
    }
    let mut wide = slot.span.with_slack();
    // Poles, and ends of what the function is defined for: there is no room beyond them.
    let limits = slot.function.map(Function::limits).unwrap_or_default();
    for &at in &limits {
        if slot.span.lo >= at {
            wide.lo = wide.lo.max(at + (slot.span.lo - at) * 0.98);
        }
        if slot.span.hi <= at {
            wide.hi = wide.hi.min(at - (at - slot.span.hi) * 0.98);
        }
    }
    if limits.is_empty() && slot.coarse {
        // The far ends of a coarse range have that room; an end at zero has none.
        return Span::new(
            if slot.span.lo == 0.0 { wide.lo } else { slot.span.lo },
            if slot.span.hi == 0.0 { wide.hi } else { slot.span.hi },
        );
    }
    wide
}

/// The integers that a table must hold. A coarse range ends where a segment does, well above its values: the segment that
/// would begin there is not needed.
fn ends(domain: Span, coarse: bool) -> (f64, f64) {
    let (lo, hi) = (domain.lo.floor(), domain.hi.ceil());
    if coarse && hi > lo { (lo, hi - 1.0) } else { (lo, hi) }
}

/// Number of segments that cover \[lo, hi\] (integers).
fn segments(lo: f64, hi: f64, b: i32) -> i64 {
    let size = 2f64.powi(b);
    (hi / size).floor() as i64 - (lo / size).floor() as i64 + 1
}

/// A table while its scale is looked for.
struct Candidate {
    function: Function,
    /// Whether it has a segment for each unit of the argument.
    steps: bool,
    /// Slots that use it.
    slots: Vec<usize>,
    /// Exponent of the argument's scale (smooth functions), or bits of the argument (piecewise linear ones).
    level: i32,
    /// Largest magnitude of an argument, in units.
    largest: f64,
}

pub(super) fn choose(graph: &Graph, plan: &mut Plan, config: &Config) -> Result<(), CompileError> {
    let b = i32::from(config.limb_bits);
    let word_bits = 2 * u32::from(config.limb_bits) - 1;
    for i in 0..plan.slots.len() {
        let bits = plan.bits_at(plan.slots[i].depth, config).min(word_bits);
        let slot = &mut plan.slots[i];
        let magnitude = if slot.input { slot.span.magnitude() } else { domain(slot).magnitude() };
        let bits = match (slot.input, slot.compared) {
            (true, true) => compared_bits(config),
            (true, false) => config.first_bits,
            _ => bits,
        };
        slot.scale = match slot.fixed {
            Some(scale) => scale,
            None if slot.integer => 1.0,
            None if slot.follows => f64::INFINITY,
            None => scale_for(magnitude, bits),
        };
    }
    let budget = (1i64 << b) - 24;
    choose_steps(plan, b, budget);
    let mut candidates = candidates(plan, word_bits);
    loop {
        let sizes: Vec<i64> = candidates.iter().map(|c| c.size(plan, b)).collect();
        let total: i64 = sizes.iter().sum();
        if total <= budget {
            break;
        }
        let Some(largest) = (0..sizes.len()).filter(|&i| !candidates[i].steps).max_by_key(|&i| (sizes[i], i)) else {
            break;
        };
        if sizes[largest] <= 2 {
            break;
        }
        candidates[largest].level -= 1;
    }
    for c in candidates {
        c.settle(graph, plan, config)?;
    }
    maxima(graph, plan, word_bits);
    products(graph, plan, config);
    plan.slots.iter_mut().filter(|s| s.follows && !s.integer).for_each(|s| s.scale = f64::INFINITY);
    maxima(graph, plan, word_bits);
    Ok(())
}

/// Bits of the magnitude of inputs that are only compared with thresholds. A comparison drops 2b low bits after it has used
/// them; with coarser inputs, room is left for tables that need it.
fn compared_bits(config: &Config) -> u32 {
    let (b, drop) = (u32::from(config.limb_bits), u32::from(config.drop));
    // The finest first: all cost the same.
    let step =
        if drop == b { config.first_bits.saturating_sub(b) } else { (2 * b - 2).saturating_sub(config.first_bits) };
    let room = 2 + 2 * step;
    config.first_bits.max((4 * b - 1).saturating_sub(room)).min(40)
}

/// Which tables have a segment for each unit: those of functions that are constant between integers, and those of
/// integers, where they have room.
fn choose_steps(plan: &mut Plan, b: i32, budget: i64) {
    let half = 2f64.powi(b - 1);
    for slot in &mut plan.slots {
        let Some(function) = slot.function else { continue };
        let span = domain(slot);
        let fits = span.lo.floor() >= -half && span.hi.floor() < half && span.hi - span.lo <= budget as f64 / 2.0;
        let pole = function.undefined(span.lo, span.hi).is_some();
        let few = (fits || slot.integer_values) && !pole;
        slot.steps = function.steps() || slot.integer && function.kinks().is_none() && few;
    }
}

fn candidates(plan: &Plan, word_bits: u32) -> Vec<Candidate> {
    let mut found: Vec<Candidate> = Vec::new();
    for (i, slot) in plan.slots.iter().enumerate() {
        let Some(function) = slot.function.map(|f| if slot.steps { f } else { base(f).0 }) else { continue };
        let same = |c: &&mut Candidate| {
            let values = || plan.slots[c.slots[0]].integer_values;
            c.function.same(function) && c.steps == slot.steps && (!slot.steps || values() == slot.integer_values)
        };
        match found.iter_mut().find(same) {
            Some(c) => c.slots.push(i),
            None => found.push(Candidate { function, steps: slot.steps, slots: vec![i], level: 0, largest: 0.0 }),
        }
    }
    for c in found.iter_mut().filter(|c| !c.steps) {
        c.largest = c.slots.iter().map(|&i| c.argument(&plan.slots[i]).magnitude()).fold(0.0, f64::max);
        c.level = match c.function.kinks() {
            Some(_) => word_bits as i32,
            None => scale_for(c.largest, word_bits).log2() as i32,
        };
    }
    found
}

impl Candidate {
    /// The argument's range of one slot, in units.
    fn argument(&self, slot: &Slot) -> Span {
        domain(slot).times(slot.function.map_or(1.0, |f| if self.steps { 1.0 } else { base(f).1 }))
    }

    /// Binary places (o, o·e) by which one slot's arguments and values are finer than the table's, where the function is a
    /// power: f(2^o·x) = 2^(o·e)·f(x). So one table serves variances of 10⁻² and of 10², each with all of its bits.
    fn finer(&self, slot: &Slot) -> (i32, i32) {
        let none = (0, 0);
        let (Some(exponent), false) = (self.function.exponent(), self.steps) else { return none };
        let own = self.argument(slot).magnitude();
        // Roots of small degree take steps of as many places.
        let Some(degree) = (1..=4).find(|&d| (exponent * f64::from(d)).fract() == 0.0) else { return none };
        if own <= 0.0 || exponent.abs() > 4.0 {
            return none;
        }
        let places = ((self.largest / own).log2().floor().clamp(0.0, 40.0) as i32 / degree) * degree;
        (places, (f64::from(places) * exponent) as i32)
    }

    /// The scale of one slot's argument.
    fn scale(&self, slot: &Slot, b: i32) -> f64 {
        if self.steps {
            2f64.powi(b)
        } else if self.function == Function::NonNegative && !slot.integer {
            // The finer the argument, the nearer to zero is its sign right.
            scale_for(domain(slot).magnitude(), self.level.max(0) as u32)
        } else if self.function.kinks().is_some() {
            slot.scale.min(scale_for(domain(slot).magnitude(), self.level.max(0) as u32))
        } else {
            2f64.powi(self.level + self.finer(slot).0)
        }
    }

    /// The domain in integers: the union over slots.
    fn integers(&self, plan: &Plan, b: i32) -> (f64, f64) {
        let spans = self.slots.iter().map(|&i| {
            let slot = &plan.slots[i];
            self.argument(slot).times(self.scale(slot, b))
        });
        let empty = Span::new(f64::INFINITY, f64::NEG_INFINITY);
        let all = spans.fold(empty, Span::union);
        let coarse = self.slots.iter().any(|&i| plan.slots[i].coarse);
        ends(all, coarse)
    }

    fn size(&self, plan: &Plan, b: i32) -> i64 {
        let (lo, hi) = self.integers(plan, b);
        segments(lo, hi, b)
    }

    /// Writes scales and tables into the plan.
    fn settle(&self, graph: &Graph, plan: &mut Plan, config: &Config) -> Result<(), CompileError> {
        let b = i32::from(config.limb_bits);
        let (lo, hi) = self.integers(plan, b);
        if self.steps {
            return self.settle_steps(graph, plan, config, Span::new(lo, hi));
        }
        for &i in &self.slots {
            let scale = self.scale(&plan.slots[i], b);
            let slot = &mut plan.slots[i];
            slot.scale = scale * slot.function.map_or(1.0, |f| base(f).1);
        }
        if let Function::Clip(low, high) = self.function {
            return self.settle_clip(graph, plan, config, low, high);
        }
        let bits = self.value_bits(plan, config);
        let value = |scale: f64| match self.function {
            Function::NonNegative => 1.0 / scale,
            Function::LeakyRelu(_) => 2f64.powi(LEAKY_BITS),
            _ if self.function.kinks().is_some() => 1.0,
            _ => 2f64.powi(bits) / scale,
        };
        // Piecewise linear functions through the origin have one table for all scales.
        let scale = if self.function.kinks().is_some() { 1.0 } else { 2f64.powi(self.level) };
        let table =
            TablePlan { function: self.function, steps: false, scale, lo, hi, value_scale: value(scale) * scale };
        plan.tables.push(table);
        for &i in &self.slots {
            let finer = self.finer(&plan.slots[i]).1;
            let slot = &mut plan.slots[i];
            slot.table = Some(plan.tables.len() - 1);
            slot.mapped_scale = match slot.function {
                Some(Function::Sigmoid) => 2.0 * 2f64.powi(config.function_bits as i32),
                Some(Function::NonNegative) => 1.0,
                _ if self.function.kinks().is_some() => slot.scale * value(1.0),
                _ => 2f64.powi(bits + finer),
            };
        }
        Ok(())
    }

    /// log2 of the integers a unit of a smooth function's values. Activations that pass large values on have the bits of a
    /// plain value: with more, a matrix would take them at a coarser scale first, for a row an element.
    fn value_bits(&self, plan: &Plan, config: &Config) -> i32 {
        let bits = config.function_bits as i32 + self.shift(plan);
        if !self.function.passes_on() || !self.slots.iter().all(|&i| plan.slots[i].feeds_matrices) {
            return bits;
        }
        let plain = |&i: &usize| {
            let slot = &plan.slots[i];
            scale_for(slot.mapped_span().magnitude() * 1.01, plan.bits_at(slot.depth, config)).log2() as i32
        };
        self.slots.iter().map(plain).fold(bits, i32::min)
    }

    /// Binary places by which values of a smooth function are scaled up where all are small (reciprocals of large
    /// numbers), or down where some are large.
    fn shift(&self, plan: &Plan) -> i32 {
        let slots = || self.slots.iter().map(|&i| &plan.slots[i]);
        if self.function.kinks().is_some() || slots().any(|s| s.function == Some(Function::Sigmoid)) {
            return 0;
        }
        let value = |s: &Slot| s.mapped_span().magnitude() * 2f64.powi(self.finer(s).1);
        let largest = slots().map(value).fold(0.0, f64::max);
        let places = largest.log2().ceil();
        if largest > 0.0 && largest.is_finite() && places.abs() > ORDINARY {
            -(places.clamp(-60.0, 60.0) as i32)
        } else {
            0
        }
    }

    /// A table with a segment for each unit of the argument.
    fn settle_steps(&self, graph: &Graph, plan: &mut Plan, config: &Config, ends: Span) -> Result<(), CompileError> {
        let b = i32::from(config.limb_bits);
        let word = 2f64.powi(2 * b - 1);
        let most = 2f64.powi(b) - 24.0;
        let table = plan.tables.len();
        let mut value_scale = 1.0;
        let scales: Vec<Option<f64>> = match self.function {
            Function::Zero => (0..graph.len() as u32).map(|v| plan.scale_of(ValueId(v))).collect(),
            _ => Vec::new(),
        };
        for &i in &self.slots {
            let slot = &mut plan.slots[i];
            if ends.lo < -word || ends.hi >= word || ends.hi - ends.lo > most * 2f64.powi(b) {
                return Err(graph.imprecise(
                    slot.site,
                    slot.span,
                    "a table with an entry for each integer is too large",
                ));
            }
            slot.scale = 2f64.powi(b);
            if self.function == Function::Zero {
                // Any difference is a whole number of segments.
                let operand = graph.ops.iter().find(|op| op.site == slot.site).and_then(|op| op.operands().next());
                slot.scale *= operand.and_then(|v| scales[v.index()]).unwrap_or(1.0);
            }
            slot.mapped_scale = if slot.integer_values { 1.0 } else { 2f64.powi(config.function_bits as i32) };
            slot.table = Some(table);
            value_scale = slot.mapped_scale;
        }
        let (scale, lo, hi) = (2f64.powi(b), ends.lo, ends.hi);
        plan.tables.push(TablePlan { function: self.function, steps: true, scale, lo, hi, value_scale });
        Ok(())
    }

    /// A clip's kinks lie on borders of segments, so its table depends on the scale.
    fn settle_clip(
        &self,
        graph: &Graph,
        plan: &mut Plan,
        config: &Config,
        low: f64,
        high: f64,
    ) -> Result<(), CompileError> {
        let size = 2f64.powi(i32::from(config.limb_bits));
        for &i in &self.slots {
            let slot = &mut plan.slots[i];
            let on_border = |v: f64| v.is_infinite() || (v * slot.scale / size).fract() == 0.0;
            if !(on_border(low) && on_border(high)) {
                return Err(graph.imprecise(slot.site, slot.span, "its clip's ends are not on borders of segments"));
            }
            let (lo, hi) = ends(domain(slot).times(slot.scale), slot.coarse);
            slot.mapped_scale = slot.scale;
            slot.table = Some(plan.tables.len());
            let (scale, value_scale) = (slot.scale, slot.scale);
            plan.tables.push(TablePlan { function: self.function, steps: false, scale, lo, hi, value_scale });
        }
        Ok(())
    }
}

/// A product's scale is fine enough that its sum drops at most 3b bits, where its range permits.
fn products(graph: &Graph, plan: &mut Plan, config: &Config) {
    let most = 2f64.powi(3 * i32::from(config.limb_bits));
    let word_bits = 2 * u32::from(config.limb_bits) - 1;
    for _ in 0..4 {
        for op in &graph.ops {
            let pairs: Vec<(f64, ValueId, ValueId)> = match &op.kind {
                Kind::Product { terms } => {
                    terms.iter().flat_map(|t| t.a.iter().zip(&t.b).map(|(a, b)| (t.factor.abs(), *a, *b))).collect()
                }
                _ => continue,
            };
            let slot = plan.sites[&op.site];
            if plan.slots[slot].function.is_some() || plan.slots[slot].integer {
                continue;
            }
            let mut least = 0f64;
            for (factor, a, b) in pairs {
                if let (Some(a), Some(b)) = (plan.scale_of(a), plan.scale_of(b)) {
                    least = least.max(a * b / most / factor);
                }
            }
            let limit = scale_for(domain(&plan.slots[slot]).magnitude(), word_bits);
            let slot = &mut plan.slots[slot];
            if least > slot.scale {
                slot.scale = 2f64.powi(least.log2().ceil() as i32).min(limit);
            }
        }
    }
}

/// A maximum has the smallest scale of its operands, and fits a word.
fn maxima(graph: &Graph, plan: &mut Plan, word_bits: u32) {
    for op in &graph.ops {
        if let Kind::Max { x, .. } = &op.kind {
            let slot = plan.sites[&op.site];
            let largest = x.iter().map(|&v| plan.magnitude_of(graph, v)).fold(0.0, f64::max);
            let fits = scale_for(largest * (1.0 + SLACK), word_bits);
            let least = x.iter().filter_map(|&v| plan.scale_of(v)).fold(fits, f64::min);
            let own = &mut plan.slots[slot];
            if !own.integer {
                own.scale = own.scale.min(least);
            }
        }
    }
}
