//! One program for several inputs of one model: the matrices are shared, so a proof reads each weight once.

use crate::{
    Instruction, Product, Program, ProgramError, Term, Wire,
    number::{count, index},
    types::len_of,
};

impl Program {
    /// The program that runs this one on `n` inputs. Every input and output tensor gets a leading dimension of n.
    ///
    /// # Errors
    /// When the result would be too large, or n is zero.
    pub fn batched(&self, n: u32) -> Result<Self, ProgramError> {
        if n == 0 {
            return Err(ProgramError::Malformed { name: "batch".into(), reason: "its size is zero".into() });
        }
        if n == 1 {
            return Ok(self.clone());
        }
        let items = index(n);
        let lead = |shape: &[u32]| std::iter::once(n).chain(shape.iter().copied()).collect::<Vec<_>>();
        let constants = self.constants.len();
        // Before anything of that size is made.
        let others = self.wires().saturating_sub(constants);
        crate::codec::limit("batch", others.saturating_mul(items).saturating_add(constants))?;
        // map[item][wire of one] = wire of the batch
        let mut map: Vec<Vec<Wire>> = vec![(0..count(constants)).map(Wire).collect(); items];
        let mut next = count(constants);
        for t in &self.inputs {
            for own in &mut map {
                let len = count(len_of(&t.shape));
                own.extend((next..next.saturating_add(len)).map(Wire));
                next = next.saturating_add(len);
            }
        }
        let mut instructions = Vec::with_capacity(self.instructions.len().saturating_mul(items));
        for ins in &self.instructions {
            for (item, own) in map.iter_mut().enumerate() {
                let to = |list: &[Wire]| list.iter().map(|w| own[w.index()]).collect::<Vec<_>>();
                let mut ins_of_item = match ins {
                    Instruction::Linear(l) => Instruction::Linear(crate::Linear { x: to(&l.x), ..l.clone() }),
                    Instruction::Product(p) => Instruction::Product(Product {
                        terms: p.terms.iter().map(|t| Term { factor: t.factor, a: to(&t.a), b: to(&t.b) }).collect(),
                        ..p.clone()
                    }),
                    Instruction::Max(m) => Instruction::Max(crate::Max { x: to(&m.x), ..m.clone() }),
                    Instruction::MatMul(m) => {
                        Instruction::MatMul(crate::MatMul { x: to(&m.x), y: to(&m.y), ..m.clone() })
                    }
                    Instruction::Select(s) => Instruction::Select(crate::Select { x: to(&s.x), ..s.clone() }),
                };
                let name = match &mut ins_of_item {
                    Instruction::Linear(l) => &mut l.name,
                    Instruction::Product(p) => &mut p.name,
                    Instruction::Max(m) => &mut m.name,
                    Instruction::MatMul(m) => &mut m.name,
                    Instruction::Select(s) => &mut s.name,
                };
                *name = format!("{name}#{item}");
                let len = count(self.arity_out(ins));
                own.extend((next..next.saturating_add(len)).map(Wire));
                next = next.saturating_add(len);
                instructions.push(ins_of_item);
            }
        }
        let batch = Self {
            limb_bits: self.limb_bits,
            constants: self.constants.clone(),
            inputs: self.inputs.iter().map(|t| crate::TensorSpec { shape: lead(&t.shape), ..t.clone() }).collect(),
            outputs: self
                .outputs
                .iter()
                .map(|t| crate::OutputTensor {
                    shape: lead(&t.shape),
                    wires: map.iter().flat_map(|own| t.wires.iter().map(|w| own[w.index()])).collect(),
                    ..t.clone()
                })
                .collect(),
            tables: self.tables.clone(),
            matrices: self.matrices.clone(),
            instructions,
            weights: self.weights,
        };
        batch.validate()?;
        Ok(batch)
    }
}
