//! Sums of products: choosing exact factors between the scales of operands and result.

use std::collections::BTreeMap;

use vouch_program::{Term, Wire};

use super::{Config, emit::Emitter, integer, scale_for};
use crate::{CompileError, graph::ValueId};

/// Magnitudes of sums stay below 2^58, well inside the interpreter's 2^60.
pub(super) const SUM_BITS: i32 = 58;

/// One side of a product.
#[derive(Clone, Copy, Debug)]
pub(super) enum Factor {
    Value(ValueId),
    Constant(f64),
}

/// factor · a · b, element by element.
#[derive(Clone, Debug)]
pub(super) struct Sum {
    pub(super) factor: f64,
    pub(super) a: Vec<Factor>,
    pub(super) b: Vec<Factor>,
}

/// Integers F and d with F / 2^d ≈ ratio: exact if that is possible, else precise to at least 2^−12, with d ≤ 3b and
/// F · magnitude in range.
pub(super) fn ratio(ratio: f64, magnitude: f64, config: &Config) -> Option<(i64, u8)> {
    let room = SUM_BITS - magnitude.max(1.0).log2().ceil() as i32;
    factors(&[ratio], &[room], config).map(|(f, d)| (f[0], d))
}

/// Integers F_i and a common d with F_i / 2^d ≈ ratio_i, where |F_i| < 2^room_i.
fn factors(ratios: &[f64], rooms: &[i32], config: &Config) -> Option<(Vec<i64>, u8)> {
    let most = 3 * i32::from(config.limb_bits);
    let mut best = None;
    for d in 0..=most {
        let scaled: Vec<f64> = ratios.iter().map(|r| r * 2f64.powi(d)).collect();
        if scaled.iter().zip(rooms).any(|(f, &room)| f.abs().log2() >= f64::from(room)) {
            break;
        }
        let rounded: Vec<f64> = scaled.iter().map(|f| f.round()).collect();
        let error = scaled.iter().zip(&rounded).map(|(f, r)| ((f - r) / f).abs()).fold(0.0, f64::max);
        let integers = || rounded.iter().map(|&f| integer(f)).collect::<Vec<_>>();
        if error == 0.0 {
            return Some((integers(), d as u8));
        }
        if error < 2f64.powi(-12) {
            best = Some((integers(), d as u8));
        }
    }
    best
}

/// The operands of one bucket: elements with equal scales.
struct Bucket {
    /// For each term, the scale of a and b (`None` for a constant).
    scales: Vec<[Option<f64>; 2]>,
    elements: Vec<usize>,
}

impl Emitter<'_> {
    /// Emits Σ factor·a·b + shift into a slot; returns r and y for each element.
    pub(super) fn sums(
        &mut self,
        slot: usize,
        sums: Vec<Sum>,
        shift: &[f64],
    ) -> Result<Vec<(Wire, Option<Wire>)>, CompileError> {
        let mut out = vec![(Wire(0), None); shift.len()];
        for bucket in self.buckets(&sums, shift.len()) {
            let part = self.bucket(slot, &sums, shift, &bucket)?;
            bucket.elements.iter().zip(part).for_each(|(&i, w)| out[i] = w);
        }
        Ok(out)
    }

    fn scale_of(&self, f: Factor) -> Option<f64> {
        match f {
            Factor::Value(v) => self.plan.scale_of(v),
            Factor::Constant(_) => None,
        }
    }

    fn magnitude_of(&self, f: Factor) -> f64 {
        match f {
            Factor::Value(v) => self.plan.magnitude_of(self.graph, v),
            Factor::Constant(c) => c.abs(),
        }
    }

    fn buckets(&self, sums: &[Sum], len: usize) -> Vec<Bucket> {
        let mut found: BTreeMap<Vec<u64>, Bucket> = BTreeMap::new();
        for i in 0..len {
            let scales: Vec<_> = sums.iter().map(|s| [self.scale_of(s.a[i]), self.scale_of(s.b[i])]).collect();
            let key = scales.iter().flatten().map(|s| s.map_or(0, f64::to_bits)).collect();
            found.entry(key).or_insert_with(|| Bucket { scales, elements: Vec::new() }).elements.push(i);
        }
        found.into_values().collect()
    }

    fn bucket(
        &mut self,
        slot: usize,
        sums: &[Sum],
        shift: &[f64],
        bucket: &Bucket,
    ) -> Result<Vec<(Wire, Option<Wire>)>, CompileError> {
        let out_scale = self.plan.slots[slot].scale;
        let most = 2f64.powi(3 * i32::from(self.config.limb_bits));
        let word_bits = 2 * u32::from(self.config.limb_bits) - 1;
        let largest =
            |e: &Self, list: &[Factor]| bucket.elements.iter().map(|&i| e.magnitude_of(list[i])).fold(0.0, f64::max);
        let zero = self.is_zero(slot, sums, shift, bucket);
        // Constant terms join the shift.
        let mut shift: Vec<f64> = bucket.elements.iter().map(|&i| shift[i]).collect();
        let mut terms = Vec::new();
        let mut bound = 0.0;
        if zero {
            shift.fill(0.0);
        }
        for (s, scales) in sums.iter().zip(&bucket.scales).filter(|_| !zero) {
            if scales[0].is_none() && scales[1].is_none() {
                for (t, &i) in shift.iter_mut().zip(&bucket.elements) {
                    if let (Factor::Constant(a), Factor::Constant(b)) = (s.a[i], s.b[i]) {
                        *t += s.factor * a * b;
                    }
                }
                continue;
            }
            let magnitudes = [largest(self, &s.a), largest(self, &s.b)];
            bound += s.factor.abs() * magnitudes[0] * magnitudes[1];
            let mut own = [scales[0].unwrap_or(1.0), scales[1].unwrap_or(1.0)];
            for side in 0..2 {
                if scales[side].is_none() {
                    let list = if side == 0 { &s.a } else { &s.b };
                    own[side] = self.constant_scale(list, bucket, magnitudes[side], out_scale * most / own[1 - side]);
                }
            }
            // Operands that are too fine for the result are made coarser first, the finest one first.
            while own[0] * own[1] > out_scale * most * s.factor.abs() {
                let side = usize::from(own[1] > own[0]);
                let coarser = scale_for(magnitudes[side] * 1.01, word_bits - 1);
                if coarser >= own[side] || scales[side].is_none() {
                    return Err(self.too_coarse(slot));
                }
                own[side] = coarser;
            }
            terms.push((s, own));
        }
        bound += shift.iter().fold(0.0, |m: f64, t| m.max(t.abs()));
        let ratios: Vec<f64> = terms.iter().map(|(s, own)| s.factor * out_scale / (own[0] * own[1])).collect();
        let room = |(s, own): &(&Sum, [f64; 2])| {
            let bits = |list: &[Factor], scale: f64| (largest(self, list) * scale).max(1.0).log2();
            SUM_BITS - (bits(&s.a, own[0]) + bits(&s.b, own[1])).ceil() as i32 - 1
        };
        let rooms: Vec<i32> = terms.iter().map(room).collect();
        let found = factors(&ratios, &rooms, self.config);
        let (mut factors, mut drop) = found.ok_or_else(|| self.too_coarse(slot))?;
        if shift.iter().any(|&t| t != 0.0) {
            // More low bits, so that the shift is precise.
            while drop < self.config.limb_bits && (bound * out_scale).log2() + f64::from(drop) < f64::from(SUM_BITS - 2)
            {
                drop += 1;
                factors.iter_mut().for_each(|f| *f *= 2);
            }
        }
        let one = self.builder.constant(1);
        let mut emitted = Vec::new();
        for ((s, own), factor) in terms.iter().zip(factors) {
            let a = self.side(&s.a, own[0], bucket)?;
            let b = self.side(&s.b, own[1], bucket)?;
            emitted.push(Term { factor, a, b });
        }
        if shift.iter().any(|&t| t != 0.0) {
            let scale = out_scale * 2f64.powi(i32::from(drop));
            let a = shift.iter().map(|t| self.builder.constant(integer(t * scale))).collect::<Vec<_>>();
            emitted.push(Term { factor: 1, b: vec![one; a.len()], a });
        }
        if emitted.is_empty() {
            emitted.push(Term { factor: 0, a: vec![one; bucket.elements.len()], b: vec![one; bucket.elements.len()] });
        }
        if emitted.len() > 2 {
            return Err(self.too_coarse(slot));
        }
        let name = self.name(self.plan.slots[slot].site);
        let requant = self.requant(slot, drop);
        let (r, y) = self.builder.product(&name, emitted, requant);
        Ok((0..bucket.elements.len()).map(|i| (r.at(i), y.map(|y| y.at(i)))).collect())
    }

    /// Whether all sums are so small that they are zero in the scale of their slot.
    fn is_zero(&self, slot: usize, sums: &[Sum], shift: &[f64], bucket: &Bucket) -> bool {
        let size = |i: usize| {
            let terms = sums.iter().map(|s| s.factor.abs() * self.magnitude_of(s.a[i]) * self.magnitude_of(s.b[i]));
            terms.sum::<f64>() + shift[i].abs()
        };
        bucket.elements.iter().all(|&i| size(i) * self.plan.slots[slot].scale < 0.5)
    }

    /// The scale of constant operands: 1 for integers, else fine, but at most `limit`.
    fn constant_scale(&self, list: &[Factor], bucket: &Bucket, magnitude: f64, limit: f64) -> f64 {
        let integers = bucket.elements.iter().all(|&i| matches!(list[i], Factor::Constant(c) if c.fract() == 0.0));
        if integers && magnitude < 2f64.powi(20) {
            return 1.0;
        }
        let fine = scale_for(magnitude, 2 * u32::from(self.config.limb_bits) - 1);
        fine.min(2f64.powi(limit.log2().floor() as i32)).max(2f64.powi(-60))
    }

    fn side(&mut self, list: &[Factor], scale: f64, bucket: &Bucket) -> Result<Vec<Wire>, CompileError> {
        let mut wires = Vec::with_capacity(bucket.elements.len());
        let mut values = Vec::new();
        for &i in &bucket.elements {
            match list[i] {
                Factor::Constant(c) => wires.push(self.builder.constant(integer(c * scale))),
                Factor::Value(v) => values.push((v, scale)),
            }
        }
        if values.is_empty() { Ok(wires) } else { self.at_scales(&values) }
    }

    pub(super) fn too_coarse(&self, slot: usize) -> CompileError {
        let slot = &self.plan.slots[slot];
        self.graph.imprecise(slot.site, slot.span, "no scale is both wide and fine enough")
    }
}
