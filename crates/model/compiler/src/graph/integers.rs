//! Finding values that are integers although their type does not say so: masks and counts that were cast to floats.

use super::{Graph, Kind};
use crate::function::Function;

impl Graph {
    /// Marks what operations make of integers alone. Unlike values of a site of integers, these are exact only where a
    /// word holds them: quantization sees to that.
    pub(crate) fn infer_integers(&mut self) {
        if !self.inputs.iter().any(|p| p.integer) {
            return;
        }
        let whole = |list: &[f64]| list.iter().all(|v| v.fract() == 0.0);
        let exact: Vec<bool> = self.matrices.iter().map(|m| whole(&m.weights) && whole(&m.bias)).collect();
        for i in 0..self.ops.len() {
            let op = &self.ops[i];
            let operation = match &op.kind {
                Kind::Linear { matrix, .. } | Kind::Select { matrix, .. } => exact[matrix.index()],
                Kind::Product { terms } => terms.iter().all(|t| t.factor.fract() == 0.0),
                Kind::Affine { scale, shift, .. } => whole(scale) && whole(shift),
                Kind::Apply { function, .. } => match function {
                    Function::Relu | Function::Abs => true,
                    Function::Clip(lo, hi) => [lo, hi].iter().all(|v| v.is_infinite() || v.fract() == 0.0),
                    _ => false,
                },
                Kind::Max { .. } | Kind::MatMul { .. } => true,
                // Its site is one of integers.
                Kind::Floor { .. } => false,
            };
            if operation && op.operands().all(|v| self.is_integer(v)) {
                for v in self.ops[i].out.clone() {
                    self.integers[v.index()] = true;
                }
            }
        }
    }
}
