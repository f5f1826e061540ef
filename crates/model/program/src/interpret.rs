//! The interpreter, which is the definition of what is proved.

use crate::{
    Instruction, Linear, MatMul, Max, Product, Program, Requant, RunError, Select, Wire,
    bounds::rescale,
    number::{index, pow2},
    types::len_of,
};

/// Every value of one run.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Trace {
    /// The value of each wire.
    pub values: Vec<i64>,
    /// For each instruction, the sums before requantization (`Linear` and `Select`: \[positions, cols\]; `Product`: \[len\];
    /// `MatMul`: \[m, n\]; `Max`: empty).
    pub sums: Vec<Vec<i64>>,
}

impl Program {
    /// Runs the program on the flat input integers (all inputs, in order).
    ///
    /// # Errors
    /// [`RunError`] when the number of inputs is wrong or any value leaves its range; the message names the tensor, the value, the range
    /// and the remedy.
    pub fn run(&self, inputs: &[i64]) -> Result<Trace, RunError> {
        if !self.has_weights() {
            return Err(RunError::NoWeights);
        }
        let expected = self.input_len();
        if inputs.len() != expected {
            return Err(RunError::InputLength { got: inputs.len(), expected });
        }
        let mut values = Vec::with_capacity(self.wires());
        values.extend_from_slice(&self.constants);
        let mut rest = inputs;
        for t in &self.inputs {
            let (own, tail) = rest.split_at(len_of(&t.shape));
            rest = tail;
            for (index, &value) in own.iter().enumerate() {
                if !t.contains(value) {
                    return Err(RunError::InputRange {
                        tensor: t.name.clone(),
                        index,
                        value,
                        real: t.real(value),
                        lo: t.real(t.min),
                        hi: t.real(t.max),
                    });
                }
            }
            values.extend_from_slice(own);
        }
        let mut sums = Vec::with_capacity(self.instructions.len());
        for ins in &self.instructions {
            sums.push(match ins {
                Instruction::Linear(l) => self.run_linear(l, &mut values)?,
                Instruction::Product(p) => self.run_product(p, &mut values)?,
                Instruction::Max(m) => {
                    self.run_max(m, &mut values)?;
                    Vec::new()
                }
                Instruction::MatMul(m) => self.run_mat_mul(m, &mut values)?,
                Instruction::Select(s) => self.run_select(s, &mut values)?,
            });
        }
        Ok(Trace { values, sums })
    }

    /// The output values of a run, all outputs in order.
    pub fn outputs_of(&self, trace: &Trace) -> Vec<i64> {
        self.output_wires().map(|w| trace.values[w.index()]).collect()
    }

    fn run_linear(&self, l: &Linear, values: &mut Vec<i64>) -> Result<Vec<i64>, RunError> {
        let m = &self.matrices[index(l.matrix.0)];
        let (k, n) = (index(m.rows), index(m.cols));
        let x: Vec<i64> = l.x.iter().map(|w| values[w.index()]).collect();
        let sums = crate::dense::sums(&x, &m.weights, k, n).unwrap_or_else(|| {
            let mut sums = vec![0i64; index(l.positions).saturating_mul(n)];
            for (x, z) in x.chunks_exact(k).zip(sums.chunks_exact_mut(n)) {
                for (&v, row) in x.iter().zip(m.weights.chunks_exact(n)).filter(|(v, _)| **v != 0) {
                    for (z, &w) in z.iter_mut().zip(row) {
                        // The sum is below 2^60 (validated); wrapping keeps partial sums exact modulo 2^64.
                        *z = z.wrapping_add(v.wrapping_mul(w));
                    }
                }
            }
            sums
        });
        for ((i, &z), requant) in sums.iter().enumerate().zip(m.requant.iter().cycle()) {
            let (r, y) = self.requantize(&l.name, i, z, requant)?;
            values.push(y.unwrap_or(r));
        }
        Ok(sums)
    }

    fn run_product(&self, p: &Product, values: &mut Vec<i64>) -> Result<Vec<i64>, RunError> {
        let len = index(p.len);
        let mut sums = Vec::with_capacity(len);
        let mut mapped = Vec::new();
        for i in 0..len {
            let mut z = 0i64;
            for t in &p.terms {
                let product = values[t.a[i].index()].wrapping_mul(values[t.b[i].index()]);
                z = z.wrapping_add(t.factor.wrapping_mul(product));
            }
            let (r, y) = self.requantize(&p.name, i, z, &p.requant)?;
            sums.push(z);
            values.push(r);
            mapped.extend(y);
        }
        values.extend(mapped);
        Ok(sums)
    }

    fn run_mat_mul(&self, m: &MatMul, values: &mut Vec<i64>) -> Result<Vec<i64>, RunError> {
        let (k, n) = (index(m.inner), m.cols());
        let value = |list: &[Wire]| list.iter().map(|w| values[w.index()]).collect::<Vec<i64>>();
        let (x, y) = (value(&m.x), value(&m.y));
        let mut sums = vec![0i64; m.rows().saturating_mul(n)];
        for (x, z) in x.chunks_exact(k).zip(sums.chunks_exact_mut(n)) {
            for (&v, row) in x.iter().zip(y.chunks_exact(n)) {
                // The sum is below 2^60 (validated); wrapping keeps partial sums exact modulo 2^64.
                z.iter_mut().zip(row).for_each(|(z, &w)| *z = z.wrapping_add(v.wrapping_mul(w)));
            }
        }
        for (i, &z) in sums.iter().enumerate() {
            let (r, y) = self.requantize(&m.name, i, z, &m.requant)?;
            values.push(y.unwrap_or(r));
        }
        Ok(sums)
    }

    fn run_select(&self, s: &Select, values: &mut Vec<i64>) -> Result<Vec<i64>, RunError> {
        let m = &self.matrices[index(s.matrix.0)];
        let n = index(m.cols);
        let mut sums = Vec::with_capacity(s.x.len().saturating_mul(n));
        for (position, w) in s.x.iter().enumerate() {
            let value = values[w.index()];
            let row = usize::try_from(value).ok().and_then(|row| m.weights.chunks_exact(n).nth(row));
            sums.extend_from_slice(row.ok_or_else(|| RunError::NoSuchRow {
                tensor: s.name.clone(),
                index: position,
                value,
                rows: m.rows,
            })?);
        }
        for ((i, &z), requant) in sums.iter().enumerate().zip(m.requant.iter().cycle()) {
            let (r, y) = self.requantize(&s.name, i, z, requant)?;
            values.push(y.unwrap_or(r));
        }
        Ok(sums)
    }

    fn run_max(&self, m: &Max, values: &mut Vec<i64>) -> Result<(), RunError> {
        let limit = pow2(self.limb_bits().saturating_mul(2)).saturating_sub(1);
        let size = m.size();
        for (group, g) in m.x.chunks_exact(size).enumerate() {
            let operands = || g.iter().map(|w| values[w.index()]);
            let (hi, lo) = (operands().max().unwrap_or(0), operands().min().unwrap_or(0));
            // Values are below 2^60.
            let spread = hi.saturating_sub(lo);
            if spread > limit {
                return Err(RunError::MaxSpread { tensor: m.name.clone(), index: group, spread, limit });
            }
            values.push(hi);
        }
        Ok(())
    }

    /// r, and y if there is a lookup.
    fn requantize(&self, name: &str, element: usize, z: i64, rq: &Requant) -> Result<(i64, Option<i64>), RunError> {
        let r = rescale(z, rq.drop);
        let word = self.word();
        let refuse = |range: crate::Interval| RunError::OutOfRange {
            tensor: name.to_owned(),
            index: element,
            value: r,
            lo: range.lo,
            hi: range.hi,
        };
        if !word.contains(r) {
            return Err(refuse(word));
        }
        let Some(lookup) = rq.lookup else { return Ok((r, None)) };
        let table = &self.tables[index(lookup.table.0)];
        match table.eval(r, self.limb_bits()) {
            // Both are below 2^60.
            Some(y) => Ok((r, Some(y.saturating_add(lookup.offset)))),
            None => Err(refuse(table.domain(self.limb_bits()))),
        }
    }
}
