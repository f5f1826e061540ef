//! Running the graph in floating point.

use super::{Graph, Kind, ValueId};
use crate::NamedTensors;

impl Graph {
    /// All values for one set of inputs, in the order of value numbers.
    pub(crate) fn run(&self, inputs: &NamedTensors) -> Vec<f64> {
        self.run_with(inputs, 0, &[])
    }

    /// As [`Graph::run`], where the results of the first `steps` steps (the inputs are the first one, each operation is
    /// one) are replaced by those `given` for them.
    pub(crate) fn run_with(&self, inputs: &NamedTensors, steps: usize, given: &[Option<f64>]) -> Vec<f64> {
        let own = |v: ValueId, computed: f64| given.get(v.index()).copied().flatten().unwrap_or(computed);
        let mut values: Vec<f64> = self.constants.iter().map(|c| c.unwrap_or(0.0)).collect();
        for port in &self.inputs {
            if let Some(t) = inputs.get(&port.name) {
                let read = |v: ValueId, x: f64| if steps > 0 { own(v, x) } else { x };
                port.values.iter().zip(&t.data).for_each(|(v, &x)| values[v.index()] = read(*v, x));
            }
        }
        for (i, op) in self.ops.iter().enumerate() {
            let at = |v: ValueId| values[v.index()];
            let results: Vec<f64> = match &op.kind {
                Kind::Linear { matrix, x, .. } => {
                    let m = &self.matrices[matrix.index()];
                    let x: Vec<f64> = x.iter().map(|&v| at(v)).collect();
                    m.apply_all(&x)
                }
                Kind::Select { matrix, x } => {
                    let m = &self.matrices[matrix.index()];
                    x.iter().flat_map(|&v| m.row(at(v))).copied().collect()
                }
                Kind::MatMul { inner, x, y } => {
                    let of = |list: &[ValueId]| list.iter().map(|&v| at(v)).collect::<Vec<f64>>();
                    multiply(*inner, &of(x), &of(y))
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
            let replaced = i + 1 < steps;
            op.out.iter().zip(results).for_each(|(v, r)| values[v.index()] = if replaced { own(*v, r) } else { r });
        }
        values
    }
}

/// x \[m, inner\] times y \[inner, n\].
fn multiply(inner: usize, x: &[f64], y: &[f64]) -> Vec<f64> {
    let n = y.len() / inner;
    let mut out = vec![0.0; x.len() / inner * n];
    for (x, out) in x.chunks_exact(inner).zip(out.chunks_exact_mut(n)) {
        for (v, row) in x.iter().zip(y.chunks_exact(n)) {
            out.iter_mut().zip(row).for_each(|(o, w)| *o += v * w);
        }
    }
    out
}
