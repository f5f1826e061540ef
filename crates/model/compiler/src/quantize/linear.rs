//! Applications of matrices.

use vouch_program::{MatrixId as ProgramMatrix, WeightMode};

use super::{emit::Emitter, integer, plan::Place, product::SUM_BITS, scale_for};
use crate::{
    CompileError,
    function::Function,
    graph::{MatrixId, SiteId, Span, ValueId},
};

/// A matrix of the program.
#[derive(Clone, Debug)]
pub(super) struct Emitted {
    id: ProgramMatrix,
    /// The scale of each row (`None`: the row is left out).
    scales: Vec<Option<f64>>,
    /// Whether its last row is a bias.
    has_bias: bool,
}

/// The operands of one row of a matrix, over all applications and positions.
#[derive(Clone, Copy, Debug)]
struct Row {
    constant: Constant,
    /// Largest magnitude, in units.
    magnitude: f64,
    /// The coarsest scale.
    least: f64,
    depth: usize,
}

/// Whether the operands of a row are one and the same constant.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Constant {
    Unseen,
    Same(f64),
    Mixed,
}

impl Row {
    fn constant(self) -> Option<f64> {
        match self.constant {
            Constant::Same(c) => Some(c),
            _ => None,
        }
    }
}

/// What the scales of all rows of a matrix depend on.
struct Limits {
    /// The largest magnitude of a weight.
    largest: f64,
    /// The coarsest scale of a column.
    coarsest: f64,
    compares: bool,
    /// The smallest weight that is not zero, if all are powers of two: those are exact at any scale that does not round them
    /// away.
    least_power: Option<f64>,
}

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
        let Emitted { id: emitted, scales, has_bias } = self.matrices[&id].clone();
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
            if has_bias {
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
    fn bias(&self, matrix: MatrixId, rows: &[Row]) -> Vec<f64> {
        let m = &self.graph.matrices[matrix.index()];
        let mut bias = m.bias.clone();
        for (own, weights) in rows.iter().zip(m.weights.chunks_exact(m.cols)) {
            if let Some(c) = own.constant().filter(|&c| c != 0.0) {
                bias.iter_mut().zip(weights).for_each(|(b, w)| *b += c * w);
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

    /// What the operands of each row are.
    fn rows(&self, matrix: MatrixId) -> Vec<Row> {
        let unseen = Row { constant: Constant::Unseen, magnitude: 0.0, least: f64::INFINITY, depth: 0 };
        let count = self.graph.matrices[matrix.index()].rows;
        let mut rows = vec![unseen; count];
        for position in self.applications[matrix.index()].iter().flat_map(|x| x.chunks_exact(count)) {
            for (row, &v) in rows.iter_mut().zip(position) {
                row.constant = match (row.constant, self.graph.constant_of(v)) {
                    (Constant::Unseen, Some(c)) => Constant::Same(c),
                    (Constant::Same(c), Some(own)) if c == own => Constant::Same(c),
                    _ => Constant::Mixed,
                };
                row.magnitude = row.magnitude.max(self.plan.magnitude_of(self.graph, v));
                row.least = row.least.min(self.plan.scale_of(v).unwrap_or(f64::INFINITY));
                row.depth = row.depth.max(self.plan.depth_of(v));
            }
        }
        rows
    }

    /// Emits a matrix.
    fn matrix(&mut self, matrix: MatrixId) -> Result<Emitted, CompileError> {
        let id = matrix.index();
        let m = &self.graph.matrices[id];
        let slots = self.plan.columns[id].clone();
        let operands = self.rows(matrix);
        let bias = self.bias(matrix, &operands);
        let limits = Limits {
            largest: m.weights.iter().fold(0.0, |m: f64, w| m.max(w.abs())),
            coarsest: slots.iter().map(|&s| self.plan.slots[s].scale).fold(f64::INFINITY, f64::min),
            compares: self.compares(matrix),
            // Whether private weights are powers of two is not published.
            least_power: if self.config.weights == WeightMode::Private { None } else { least_power(&m.weights) },
        };
        let scale = |row: &Row| row.constant().is_none().then(|| self.row_scale(row, &limits));
        let scales: Vec<Option<f64>> = operands.iter().map(scale).collect();
        // Few enough dropped bits that sums stay in range.
        let compared = self.compared(matrix, &scales);
        // Neighbouring floats are compared right with that many low bits.
        let mut drop = if compared.is_some() { 2 * self.config.limb_bits } else { self.config.drop };
        let mut products = vec![0f64; m.cols];
        for (row, weights) in operands.iter().zip(m.weights.chunks_exact(m.cols)) {
            products.iter_mut().zip(weights).for_each(|(p, w)| *p += w.abs() * row.magnitude);
        }
        for ((&slot, products), bias) in slots.iter().zip(products).zip(&bias) {
            let constant = if compared.is_some() { bias.abs().min(1.1 * products) } else { bias.abs() };
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
        let has_bias = rows == 0 || self.has_bias(&bias) || compared.is_some();
        if has_bias {
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
        let id = self.builder.matrix(&name, rows, cols, weights, requant);
        Ok(Emitted { id, scales, has_bias })
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
    fn row_scale(&self, row: &Row, limits: &Limits) -> f64 {
        let b = i32::from(self.config.limb_bits);
        let least = row.least;
        // A comparison takes all bits of what it compares.
        if limits.compares {
            return least;
        }
        let coarser = scale_for(row.magnitude * 1.01, self.plan.bits_at(row.depth, self.config));
        let up = limits.coarsest * 2f64.powi(i32::from(self.config.drop)) / least;
        if limits.least_power.is_some_and(|w| w * up >= 1.0) {
            return least;
        }
        let weight = limits.largest * up;
        // Only function values are finer than a word.
        let fine = row.magnitude * least > 2f64.powi(2 * b);
        if fine && weight < 2f64.powi(b + 3) { least.min(coarser) } else { least }
    }
}

/// The smallest magnitude of weights that are powers of two or zero.
fn least_power(weights: &[f64]) -> Option<f64> {
    let power = |w: f64| w == w.log2().round().exp2();
    weights
        .iter()
        .map(|w| w.abs())
        .filter(|w| *w != 0.0)
        .try_fold(f64::INFINITY, |least, w| power(w).then(|| least.min(w)))
}
