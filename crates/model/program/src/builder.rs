//! Building programs.

use std::collections::HashMap;

use crate::{
    Instruction, Interval, Linear, MatMul, Matrix, MatrixId, Max, OutputTensor, Product, Program, ProgramError,
    Requant, Segment, Select, Table, TableId, TensorSpec, Term, Visibility, WeightMode, Wire,
    number::{count, index},
    types::len_of,
};

/// A run of consecutive wires.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Span {
    /// The first wire.
    pub start: u32,
    /// How many.
    pub len: u32,
}

impl Span {
    /// The i-th wire.
    pub fn at(self, i: usize) -> Wire {
        debug_assert!(i < index(self.len));
        Wire(self.start.saturating_add(count(i)))
    }

    /// All wires.
    pub fn wires(self) -> Vec<Wire> {
        (self.start..self.start.saturating_add(self.len)).map(Wire).collect()
    }
}

/// Collects a program. Constants and inputs are declared before the first instruction.
///
/// Since constants come first in the numbering but are found on the way, the builder numbers them apart (from the top of the `u32` range) and
/// [`finish`](Builder::finish) renumbers every reference.
pub struct Builder {
    limb_bits: u8,
    constants: Vec<i64>,
    known: HashMap<i64, Wire>,
    inputs: Vec<TensorSpec>,
    outputs: Vec<OutputTensor>,
    tables: Vec<Table>,
    matrices: Vec<Matrix>,
    instructions: Vec<Instruction>,
    next: u32,
}

const CONSTANT: u32 = 1 << 31;

impl Program {
    /// Starts a program with limbs of `limb_bits` bits (10 unless there is a reason).
    pub fn builder(limb_bits: u8) -> Builder {
        Builder {
            limb_bits,
            constants: Vec::new(),
            known: HashMap::new(),
            inputs: Vec::new(),
            outputs: Vec::new(),
            tables: Vec::new(),
            matrices: Vec::new(),
            instructions: Vec::new(),
            next: 0,
        }
    }
}

impl Builder {
    /// Bits of a limb.
    pub fn limb_bits(&self) -> u32 {
        u32::from(self.limb_bits)
    }

    /// The wire that holds `value`.
    pub fn constant(&mut self, value: i64) -> Wire {
        let next = Wire(CONSTANT.saturating_add(count(self.constants.len())));
        *self.known.entry(value).or_insert_with(|| {
            self.constants.push(value);
            next
        })
    }

    /// Declares an input, before any instruction.
    ///
    /// # Panics
    /// If an instruction was already added.
    pub fn input(&mut self, name: &str, shape: &[u32], scale: f64, bounds: Interval) -> Span {
        assert!(self.instructions.is_empty(), "inputs are declared before instructions");
        self.inputs.push(TensorSpec {
            name: name.to_owned(),
            shape: shape.to_vec(),
            unit: String::new(),
            scale,
            min: bounds.lo,
            max: bounds.hi,
            visibility: Visibility::Public,
        });
        self.span(len_of(shape))
    }

    /// Sets the unit of the last declared input.
    pub fn input_unit(&mut self, unit: &str) {
        if let Some(t) = self.inputs.last_mut() {
            unit.clone_into(&mut t.unit);
        }
    }

    /// Declares an output.
    pub fn output(&mut self, name: &str, shape: &[u32], scale: f64, wires: Vec<Wire>) {
        self.outputs.push(OutputTensor {
            name: name.to_owned(),
            shape: shape.to_vec(),
            unit: String::new(),
            scale,
            wires,
            visibility: Visibility::Public,
        });
    }

    /// Sets the unit of the last declared output.
    pub fn output_unit(&mut self, unit: &str) {
        if let Some(t) = self.outputs.last_mut() {
            unit.clone_into(&mut t.unit);
        }
    }

    /// Adds a table, or finds an equal one.
    pub fn table(&mut self, name: &str, scale: f64, first: i32, segments: Vec<Segment>) -> TableId {
        if let Some(i) = self.tables.iter().position(|t| t.first == first && t.segments == segments) {
            return TableId(count(i));
        }
        let id = TableId(count(self.tables.len()));
        self.tables.push(Table { name: name.to_owned(), scale, first, segments });
        id
    }

    /// A table added before.
    pub fn table_of(&self, id: TableId) -> Option<&Table> {
        self.tables.get(index(id.0))
    }

    /// Adds a matrix of shape \[rows, cols\].
    pub fn matrix(&mut self, name: &str, rows: u32, cols: u32, weights: Vec<i64>, requant: Vec<Requant>) -> MatrixId {
        let id = MatrixId(count(self.matrices.len()));
        self.matrices.push(Matrix { name: name.to_owned(), rows, cols, weights, requant });
        id
    }

    /// Applies a matrix at `positions` positions; `x` is \[positions, rows\]. Returns \[positions, cols\].
    pub fn linear(&mut self, name: &str, matrix: MatrixId, positions: u32, grid: u32, x: Vec<Wire>) -> Span {
        let cols = self.matrices.get(index(matrix.0)).map_or(0, |m| m.cols);
        self.instructions.push(Instruction::Linear(Linear { name: name.to_owned(), matrix, positions, grid, x }));
        self.span(index(positions).saturating_mul(index(cols)))
    }

    /// Adds a product; returns r, and y if the requantization has a lookup.
    pub fn product(&mut self, name: &str, terms: Vec<Term>, requant: Requant) -> (Span, Option<Span>) {
        let len = terms.first().map_or(0, |t| t.a.len());
        self.instructions.push(Instruction::Product(Product {
            name: name.to_owned(),
            len: count(len),
            terms,
            requant,
        }));
        let r = self.span(len);
        (r, requant.lookup.map(|_| self.span(len)))
    }

    /// Adds a product of two matrices of wires, x \[m, inner\] and y \[inner, n\]. Returns \[m, n\].
    pub fn mat_mul(&mut self, name: &str, inner: u32, x: Vec<Wire>, y: Vec<Wire>, requant: Requant) -> Span {
        let product = MatMul { name: name.to_owned(), inner, x, y, requant };
        let len = product.rows().saturating_mul(product.cols());
        self.instructions.push(Instruction::MatMul(product));
        self.span(len)
    }

    /// Adds rows of a matrix, chosen by the wires of `x`. Returns \[indices, cols\].
    pub fn select(&mut self, name: &str, matrix: MatrixId, x: Vec<Wire>) -> Span {
        let cols = self.matrices.get(index(matrix.0)).map_or(0, |m| index(m.cols));
        let len = x.len().saturating_mul(cols);
        self.instructions.push(Instruction::Select(Select { name: name.to_owned(), matrix, x }));
        self.span(len)
    }

    /// Adds a maximum over groups of `size`.
    pub fn max(&mut self, name: &str, size: usize, x: Vec<Wire>) -> Span {
        let groups = x.len().checked_div(size).unwrap_or(0);
        self.instructions.push(Instruction::Max(Max { name: name.to_owned(), groups: count(groups), x }));
        self.span(groups)
    }

    /// Numbers the wires and validates.
    ///
    /// # Errors
    /// [`ProgramError`] names the first rule that is broken.
    pub fn finish(mut self) -> Result<Program, ProgramError> {
        let shift = count(self.constants.len());
        let renumber = |w: &mut Wire| w.0 = w.0.checked_sub(CONSTANT).unwrap_or(w.0.saturating_add(shift));
        for ins in &mut self.instructions {
            match ins {
                Instruction::Linear(l) => l.x.iter_mut().for_each(renumber),
                Instruction::Product(p) => {
                    p.terms.iter_mut().flat_map(|t| t.a.iter_mut().chain(&mut t.b)).for_each(renumber);
                }
                Instruction::Max(m) => m.x.iter_mut().for_each(renumber),
                Instruction::MatMul(m) => m.x.iter_mut().chain(&mut m.y).for_each(renumber),
                Instruction::Select(s) => s.x.iter_mut().for_each(renumber),
            }
        }
        self.outputs.iter_mut().flat_map(|t| &mut t.wires).for_each(renumber);
        let program = Program {
            limb_bits: self.limb_bits,
            constants: self.constants,
            inputs: self.inputs,
            outputs: self.outputs,
            tables: self.tables,
            matrices: self.matrices,
            instructions: self.instructions,
            weights: WeightMode::Fixed,
        };
        program.validate()?;
        Ok(program)
    }

    fn span(&mut self, len: usize) -> Span {
        let start = self.next;
        self.next = self.next.saturating_add(count(len));
        Span { start, len: count(len) }
    }
}
