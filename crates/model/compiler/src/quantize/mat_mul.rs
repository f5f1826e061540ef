//! Products of two matrices of computed values.

use vouch_program::Wire;

use super::{emit::Emitter, product::SUM_BITS, scale_for};
use crate::{CompileError, graph::ValueId};

impl Emitter<'_> {
    /// Emits x \[m, inner\] times y \[inner, n\] into a slot. Each side has one scale, a power of two, so that the
    /// requantization of a sum is exact.
    pub(super) fn mat_mul(
        &mut self,
        slot: usize,
        inner: usize,
        sides: [&[ValueId]; 2],
        out: &[ValueId],
    ) -> Result<(), CompileError> {
        let most = 2f64.powi(3 * i32::from(self.config.limb_bits));
        let word_bits = 2 * u32::from(self.config.limb_bits) - 1;
        let (out_scale, integer) = (self.plan.slots[slot].scale, self.plan.slots[slot].integer);
        let magnitudes = sides.map(|list| self.largest(list));
        let mut scales = [0, 1].map(|i| if integer { 1.0 } else { self.side_scale(sides[i], magnitudes[i]) });
        let sum_bits = |scales: [f64; 2]| {
            let products = inner as f64 * magnitudes[0] * magnitudes[1] * scales[0] * scales[1];
            products.max(1.0).log2()
        };
        // Operands that are too fine for the result are made coarser, the one of more bits first.
        while scales[0] * scales[1] > out_scale * most || sum_bits(scales) >= f64::from(SUM_BITS) {
            let bits = [0, 1].map(|i| magnitudes[i] * scales[i]);
            let side = usize::from(bits[1] > bits[0]);
            if integer || bits[side] < 2.0 {
                return Err(self.too_coarse(slot));
            }
            // A word has room for the larger of the two at first; then a bit less each time.
            let word = scale_for(magnitudes[side] * 1.01, word_bits - 1);
            scales[side] = if word < scales[side] { word } else { scales[side] / 2.0 };
        }
        // A result that is finer than the products of its operands.
        if scales[0] * scales[1] < out_scale {
            scales[0] = out_scale / scales[1];
        }
        let drop = (scales[0] * scales[1] / out_scale).log2();
        if drop.fract() != 0.0 || sum_bits(scales) >= f64::from(SUM_BITS) {
            return Err(self.too_coarse(slot));
        }
        let [x, y] = [0, 1].map(|i| sides[i].iter().map(|&v| (v, scales[i])).collect::<Vec<_>>());
        let (x, y): (Vec<Wire>, Vec<Wire>) = (self.at_scales(&x)?, self.at_scales(&y)?);
        let name = self.name(self.plan.slots[slot].site);
        let requant = self.requant(slot, drop as u8);
        let span = self.builder.mat_mul(&name, inner as u32, x, y, requant);
        out.iter().enumerate().for_each(|(i, v)| self.wires[v.index()] = Some(span.at(i)));
        Ok(())
    }

    fn largest(&self, list: &[ValueId]) -> f64 {
        list.iter().map(|&v| self.plan.magnitude_of(self.graph, v)).fold(0.0, f64::max)
    }

    /// The coarsest scale of the values, down to a power of two; a fine one for constants alone.
    fn side_scale(&self, list: &[ValueId], magnitude: f64) -> f64 {
        let least = list.iter().filter_map(|&v| self.plan.scale_of(v)).fold(f64::INFINITY, f64::min);
        if least.is_finite() {
            return 2f64.powi(least.log2().floor() as i32);
        }
        scale_for(magnitude, 2 * u32::from(self.config.limb_bits) - 1)
    }
}
