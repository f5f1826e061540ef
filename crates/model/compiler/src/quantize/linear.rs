//! Applications of matrices.

use vouch_program::{MatrixId as ProgramMatrix, WeightMode};

use super::{emit::Emitter, integer, plan::Place, product::SUM_BITS, scale_for};
use crate::{
    CompileError,
    function::Function,
    graph::{MatrixId, SiteId, Span, ValueId},
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
        let compared = self.compared(matrix, &scales).is_some();
        let has_bias = compared || self.has_bias(&self.bias(matrix));
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
        let compared = self.compared(matrix, &scales);
        // Neighbouring floats are compared right with that many low bits.
        let mut drop = if compared.is_some() { 2 * self.config.limb_bits } else { self.config.drop };
        for (n, &slot) in slots.iter().enumerate() {
            let products = (0..m.rows).map(|k| m.weights[k * m.cols + n].abs() * magnitudes[k]).sum::<f64>();
            let constant = if compared.is_some() { bias[n].abs().min(1.1 * products) } else { bias[n].abs() };
            let sum = products + constant;
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
        if rows == 0 || self.has_bias(&bias) || compared.is_some() {
            rows += 1;
            let rounded = |n: usize| integer(bias[n] * sum_scale(n));
            match compared {
                Some(scale) => {
                    for n in 0..m.cols {
                        weights.push(self.threshold(matrix, n, scale, weights[n], bias[n], drop)?);
                    }
                }
                None => weights.extend((0..m.cols).map(rounded)),
            }
        }
        let requant = slots.iter().map(|&slot| self.requant(slot, drop)).collect();
        let name = self.name(m.site);
        let cols = m.cols as u32;
        Ok((self.builder.matrix(&name, rows, cols, weights, requant), scales))
    }

    /// The scale of what a matrix compares with thresholds, if it does only that.
    fn compared(&self, matrix: MatrixId, scales: &[Option<f64>]) -> Option<f64> {
        match scales {
            [Some(scale)] if self.compares(matrix) => Some(*scale),
            _ => None,
        }
    }

    /// Whether a matrix compares each of its operands with thresholds and does nothing else.
    fn compares(&self, matrix: MatrixId) -> bool {
        let only = |&slot: &usize| self.plan.slots[slot].function == Some(Function::NonNegative);
        self.graph.matrices[matrix.index()].rows == 1 && self.plan.columns[matrix.index()].iter().all(only)
    }

    /// The bias with which the sign of the rounded sum of a column is right for every integer X of its operand.
    ///
    /// The column is `W·X + bias`, and its r = floor((W·X + bias + 2^(d−1)) / 2^d). With the bias −W·T − 2^(d−1) (−W·T if
    /// d = 0) it is at least zero if X ≥ T (for W > 0) or X ≤ T (for W < 0), whatever W and d are. The threshold
    /// t = −bias / w in units is rounded as the operand itself is, so that equal numbers remain equal. With a scale that the
    /// caller fixes, one that is halfway between two integers stays between them: inputs are integers of that scale then.
    /// An integer is compared with t itself.
    fn threshold(
        &self,
        matrix: MatrixId,
        n: usize,
        scale: f64,
        weight: i64,
        bias: f64,
        drop: u8,
    ) -> Result<i64, CompileError> {
        let m = &self.graph.matrices[matrix.index()];
        let site = m.site;
        let operands: Vec<ValueId> = self.row(matrix, 0).collect();
        let spans = operands.iter().map(|&v| self.plan.span_of(self.graph, v));
        let span = spans.reduce(Span::union).unwrap_or(Span::new(0.0, 0.0));
        if weight == 0 {
            return Err(self.graph.imprecise(site, span, "its scale is too coarse for a comparison"));
        }
        let t = -bias / m.weights[n] * scale;
        let whole = operands.iter().all(|&v| self.graph.is_integer(v));
        let t = match (whole, weight > 0) {
            (true, true) => t.ceil(),
            (true, false) => t.floor(),
            (false, _) if !self.has_fixed_scale(operands[0]) => t.round(),
            (false, positive) => {
                // As a float of 32 bits a decimal fraction is not quite the multiple of 1/2 that is meant.
                let near = (2.0 * t).round() / 2.0;
                let t = if (t - near).abs() <= (2f64.powi(-22) * t.abs()).min(1e-3) { near } else { t };
                if positive { (t + 0.5).floor() } else { (t - 0.5).ceil() }
            }
        };
        // Outside the operand's range all thresholds are alike.
        let span = if self.plan.depth_of(operands[0]) == 0 { span } else { span.with_slack() };
        let t = t.clamp((span.lo * scale).floor() - 1.0, (span.hi * scale).ceil() + 1.0);
        let half = if drop == 0 { 0.0 } else { 2f64.powi(i32::from(drop) - 1) };
        Ok(integer(-(weight as f64) * t - half))
    }

    /// Whether a value is an input with a scale that the caller fixes.
    fn has_fixed_scale(&self, v: ValueId) -> bool {
        matches!(self.plan.places[v.index()], Place::Sum(slot) if self.plan.slots[slot].fixed.is_some())
    }

    /// One scale for all operands of a row: the coarsest, and not so fine that weights become imprecise.
    fn row_scale(&self, matrix: MatrixId, k: usize, magnitude: f64) -> f64 {
        let id = matrix.index();
        let m = &self.graph.matrices[id];
        let b = i32::from(self.config.limb_bits);
        let least = self.row(matrix, k).filter_map(|v| self.plan.scale_of(v)).fold(f64::INFINITY, f64::min);
        // A comparison takes all bits of what it compares.
        if self.compares(matrix) {
            return least;
        }
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
