//! Removing what no output needs.

use super::{Graph, Kind};

impl Graph {
    pub(super) fn remove_dead(&mut self) {
        let mut live = vec![false; self.len()];
        for v in self.outputs.iter().flat_map(|o| &o.values).chain(&self.kept) {
            live[v.index()] = true;
        }
        let matrices = &self.matrices;
        for op in self.ops.iter_mut().rev() {
            let own: Vec<bool> = op.out.iter().map(|v| live[v.index()]).collect();
            // A linear position, a selected row and a product of matrices are needed as a whole.
            let width = match &op.kind {
                Kind::Linear { matrix, .. } | Kind::Select { matrix, .. } => matrices[matrix.index()].cols,
                Kind::MatMul { .. } => op.out.len().max(1),
                _ => 1,
            };
            let keep: Vec<bool> = own.chunks(width).map(|c| c.contains(&true)).collect();
            if keep.contains(&false) {
                match &mut op.kind {
                    Kind::Linear { matrix, positions, grid, x } => {
                        retain(x, &keep, matrices[matrix.index()].rows);
                        *positions = keep.iter().filter(|k| **k).count();
                        *grid = (*positions).max(1);
                    }
                    Kind::MatMul { x, y, .. } => {
                        x.clear();
                        y.clear();
                    }
                    Kind::Product { terms } => terms.iter_mut().for_each(|t| {
                        retain(&mut t.a, &keep, 1);
                        retain(&mut t.b, &keep, 1);
                    }),
                    Kind::Affine { x, scale, shift } => {
                        retain(x, &keep, 1);
                        retain(scale, &keep, 1);
                        retain(shift, &keep, 1);
                    }
                    Kind::Apply { x, .. } | Kind::Floor { x, .. } | Kind::Select { x, .. } => retain(x, &keep, 1),
                    Kind::Max { size, x } => retain(x, &keep, *size),
                }
                retain(&mut op.out, &keep, width);
            }
            for v in op.operands() {
                live[v.index()] = true;
            }
        }
        self.ops.retain(|op| !op.out.is_empty());
    }
}

/// Keeps the chunks of `size` that are marked.
fn retain<T>(list: &mut Vec<T>, keep: &[bool], size: usize) {
    let mut i = 0;
    list.retain(|_| {
        i += 1;
        keep[(i - 1) / size]
    });
}
