//! Running the graph in floating point.

use super::{Graph, Kind, ValueId};
use crate::NamedTensors;

impl Graph {
    /// All values for one set of inputs, in the order of value numbers.
    pub(crate) fn run(&self, inputs: &NamedTensors) -> Vec<f64> {
        let mut values: Vec<f64> = self.constants.iter().map(|c| c.unwrap_or(0.0)).collect();
        for port in &self.inputs {
            if let Some(t) = inputs.get(&port.name) {
                port.values.iter().zip(&t.data).for_each(|(v, &x)| values[v.index()] = x);
            }
        }
        for op in &self.ops {
            let at = |v: ValueId| values[v.index()];
            let results: Vec<f64> = match &op.kind {
                Kind::Linear { matrix, x, .. } => {
                    let m = &self.matrices[matrix.index()];
                    let x: Vec<f64> = x.iter().map(|&v| at(v)).collect();
                    x.chunks_exact(m.rows).flat_map(|x| m.apply(x)).collect()
                }
                Kind::Product { terms } => {
                    (0..op.out.len()).map(|i| terms.iter().map(|t| t.factor * at(t.a[i]) * at(t.b[i])).sum()).collect()
                }
                Kind::Affine { x, scale, shift } => (0..x.len()).map(|i| at(x[i]) * scale[i] + shift[i]).collect(),
                Kind::Floor { x, scale, shift } => x.iter().map(|&v| (at(v) * scale + shift).floor()).collect(),
                Kind::Apply { function, x } => x.iter().map(|&v| function.eval(at(v))).collect(),
                Kind::Max { size, x } => {
                    x.chunks_exact(*size).map(|g| g.iter().map(|&v| at(v)).fold(f64::NEG_INFINITY, f64::max)).collect()
                }
            };
            op.out.iter().zip(results).for_each(|(v, r)| values[v.index()] = r);
        }
        values
    }
}
