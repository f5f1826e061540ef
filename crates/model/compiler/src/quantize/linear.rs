//! Applications of matrices.

use vouch_program::{MatrixId as ProgramMatrix, WeightMode};

use super::{emit::Emitter, integer, product::SUM_BITS, scale_for};
use crate::{
    CompileError,
    graph::{MatrixId, SiteId, ValueId},
};

impl Emitter<'_> {
    pub(super) fn linear(
        &mut self,
        site: SiteId,
        matrix: MatrixId,
        positions: usize,
        grid: usize,
        x: &[ValueId],
        out: &[ValueId],
    ) -> Result<(), CompileError> {
        let id = matrix.index();
        if !self.matrices.contains_key(&id) {
            let emitted = self.matrix(matrix)?;
            self.matrices.insert(id, emitted);
        }
        let (emitted, scales) = self.matrices[&id].clone();
        let has_bias = self.has_bias(&self.bias(matrix));
        let rows = scales.len();
        let kept: Vec<usize> = (0..rows).filter(|&k| scales[k].is_some()).collect();
        let mut targets = Vec::with_capacity(positions * kept.len());
        for p in 0..positions {
            targets.extend(kept.iter().map(|&k| (x[p * rows + k], scales[k].unwrap_or(1.0))));
        }
        let operands = self.at_scales(&targets)?;
        let one = self.builder.constant(1);
        let mut wires = Vec::with_capacity(operands.len() + positions);
        for p in 0..positions {
            wires.extend_from_slice(&operands[p * kept.len()..(p + 1) * kept.len()]);
            if has_bias || kept.is_empty() {
                wires.push(one);
            }
        }
        let name = self.name(site);
        let span = self.builder.linear(&name, emitted, positions as u32, grid as u32, wires);
        let cols = self.plan.columns[id].len();
        for (i, v) in out.iter().enumerate() {
            if self.plan.slots[self.plan.columns[id][i % cols]].function.is_some() {
                self.mapped.insert(*v, span.at(i));
            } else {
                self.wires[v.index()] = Some(span.at(i));
            }
        }
        Ok(())
    }

    /// The bias, with rows whose operands are one and the same constant everywhere.
    fn bias(&self, matrix: MatrixId) -> Vec<f64> {
        let m = &self.graph.matrices[matrix.index()];
        let mut bias = m.bias.clone();
        for k in 0..m.rows {
            if let Some(c) = self.constant_row(matrix, k).filter(|&c| c != 0.0) {
                let row = &m.weights[k * m.cols..(k + 1) * m.cols];
                bias.iter_mut().zip(row).for_each(|(b, w)| *b += c * w);
            }
        }
        bias
    }

    /// Whether a matrix has a row for its bias. One with private weights always has: that a bias is zero is not published.
    fn has_bias(&self, bias: &[f64]) -> bool {
        self.config.weights == WeightMode::Private || bias.iter().any(|&b| b != 0.0)
    }

    /// The operands of a row over all applications and positions.
    fn row(&self, matrix: MatrixId, k: usize) -> impl Iterator<Item = ValueId> + '_ {
        let rows = self.graph.matrices[matrix.index()].rows;
        let applications = &self.applications[matrix.index()];
        applications.iter().flat_map(move |x| x.iter().skip(k).step_by(rows).copied())
    }

    fn constant_row(&self, matrix: MatrixId, k: usize) -> Option<f64> {
        let mut values = self.row(matrix, k).map(|v| self.graph.constant_of(v));
        let first = values.next()??;
        values.all(|v| v == Some(first)).then_some(first)
    }

    /// Emits a matrix and returns the scale of each row.
    fn matrix(&mut self, matrix: MatrixId) -> Result<(ProgramMatrix, Vec<Option<f64>>), CompileError> {
        let id = matrix.index();
        let m = &self.graph.matrices[id];
        let slots = self.plan.columns[id].clone();
        let bias = self.bias(matrix);
        let mut magnitudes = vec![0f64; m.rows];
        let mut scales: Vec<Option<f64>> = Vec::with_capacity(m.rows);
        for (k, magnitude) in magnitudes.iter_mut().enumerate() {
            *magnitude = self.row(matrix, k).map(|v| self.plan.magnitude_of(self.graph, v)).fold(0.0, f64::max);
            scales.push(if self.constant_row(matrix, k).is_some() {
                None
            } else {
                Some(self.row_scale(matrix, k, *magnitude))
            });
        }
        // Few enough dropped bits that sums stay in range.
        let mut drop = self.config.drop;
        for (n, &slot) in slots.iter().enumerate() {
            let sum = (0..m.rows).map(|k| m.weights[k * m.cols + n].abs() * magnitudes[k]).sum::<f64>() + bias[n].abs();
            let bits = (sum * self.plan.slots[slot].scale).max(1.0).log2().ceil() as i32;
            drop = drop.min((SUM_BITS - bits).clamp(0, 255) as u8);
        }
        let sum_scale = |n: usize| self.plan.slots[slots[n]].scale * 2f64.powi(i32::from(drop));
        let mut weights = Vec::with_capacity((m.rows + 1) * m.cols);
        let mut rows = 0;
        for (k, scale) in scales.iter().enumerate() {
            let Some(scale) = scale else { continue };
            rows += 1;
            let row = &m.weights[k * m.cols..(k + 1) * m.cols];
            weights.extend(row.iter().enumerate().map(|(n, w)| integer(w * sum_scale(n) / scale)));
        }
        if rows == 0 || self.has_bias(&bias) {
            rows += 1;
            weights.extend(bias.iter().enumerate().map(|(n, b)| integer(b * sum_scale(n))));
        }
        let requant = slots.iter().map(|&slot| self.requant(slot, drop)).collect();
        let name = self.name(m.site);
        let cols = m.cols as u32;
        Ok((self.builder.matrix(&name, rows, cols, weights, requant), scales))
    }

    /// One scale for all operands of a row: the coarsest, and not so fine that weights become imprecise.
    fn row_scale(&self, matrix: MatrixId, k: usize, magnitude: f64) -> f64 {
        let id = matrix.index();
        let m = &self.graph.matrices[id];
        let b = i32::from(self.config.limb_bits);
        let least = self.row(matrix, k).filter_map(|v| self.plan.scale_of(v)).fold(f64::INFINITY, f64::min);
        let depth = self.row(matrix, k).map(|v| self.plan.depth_of(v)).max().unwrap_or(0);
        let coarser = scale_for(magnitude * 1.01, self.plan.bits_at(depth, self.config));
        let largest = m.weights.iter().fold(0.0, |m: f64, w| m.max(w.abs()));
        let coarsest = self.plan.columns[id].iter().map(|&s| self.plan.slots[s].scale).fold(f64::INFINITY, f64::min);
        let weight = largest * coarsest * 2f64.powi(i32::from(self.config.drop)) / least;
        // Only function values are finer than a word.
        let fine = magnitude * least > 2f64.powi(2 * b);
        if fine && weight < 2f64.powi(b + 3) { least.min(coarser) } else { least }
    }
}
