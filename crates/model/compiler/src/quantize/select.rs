//! Rows of matrices.

use vouch_program::Requant;

use super::{emit::Emitter, integer};
use crate::{
    CompileError,
    graph::{MatrixId, ValueId},
};

impl Emitter<'_> {
    /// Emits rows of a matrix, whose entries have the scale of their slot. Nothing is rounded but the entries themselves.
    pub(super) fn select(&mut self, matrix: MatrixId, x: &[ValueId], out: &[ValueId]) -> Result<(), CompileError> {
        let m = &self.graph.matrices[matrix.index()];
        let name = self.name(m.site);
        let known = self.selected.get(&matrix.index()).copied();
        let id = known.unwrap_or_else(|| {
            let scale = self.plan.slots[self.plan.sites[&m.site]].scale;
            let weights = m.weights.iter().map(|w| integer(w * scale)).collect();
            let requant = vec![Requant::exact(); m.cols];
            self.builder.matrix(&name, m.rows as u32, m.cols as u32, weights, requant)
        });
        self.selected.insert(matrix.index(), id);
        let indices = x.iter().map(|&v| (v, 1.0)).collect::<Vec<_>>();
        let x = self.at_scales(&indices)?;
        let span = self.builder.select(&name, id, x);
        out.iter().enumerate().for_each(|(i, v)| self.wires[v.index()] = Some(span.at(i)));
        Ok(())
    }
}
