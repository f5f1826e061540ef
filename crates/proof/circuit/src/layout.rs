//! Which cell holds what: a deterministic function of the program and the circuit parameters.

mod place;
mod plan;

use halo2_proofs::halo2curves::bn256::Fr;
use vouch_program::{Instruction, Program, Requant, Wire};

pub(crate) use place::place;
pub(crate) use plan::Plan;

use crate::{
    CircuitError, CircuitParams,
    cells::{Count, Lane, LaneRow, Row},
    config::{pow2, scaled},
    number::index,
};

/// A column that takes part in copy constraints.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Column {
    /// Inputs, then outputs.
    Instance,
    /// The program's constants (fixed).
    Constant,
    /// Output of a linear lane.
    LinearY(Lane),
    /// Running combination of a linear lane.
    LinearAcc(Lane),
    /// Operand (lane, which) of a product lane.
    Operand(Lane, usize),
    /// Function value or maximum of a product lane.
    ProductY(Lane),
    /// Rescaled sum of a product lane.
    ProductR(Lane),
    /// State (lane, which) of a hash lane; the second one.
    HashState(Lane),
    /// Work column (lane, which) of a hash lane.
    HashWork(Lane, usize),
    /// Operand of a matrix lane.
    MatrixX(Lane),
    /// Running sum of a matrix lane.
    MatrixAcc(Lane),
    /// Index of a select lane.
    SelectIndex(Lane),
    /// Combination of selected values of a select lane.
    SelectValue(Lane),
}

/// A cell that takes part in copy constraints.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Cell {
    /// Its column.
    pub column: Column,
    /// Its row.
    pub row: Row,
}

/// Where an operand of a matrix lane comes from.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Source {
    /// Always zero.
    Zero,
    /// A value of the program.
    Wire(Wire),
    /// The end of a chain of outputs.
    Leaf(usize),
    /// The end of a chain of operands.
    Chain(usize),
}

/// The multiplier of a running sum before a row is added.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Mul {
    /// 0: the row starts a chain.
    Start,
    /// 1 (2^0) or the base of the next packed sum.
    Pow2(u32),
    /// μ·2^(−e) before a pack whose first sum is then multiplied by 2^e (matrix lanes: μ^C between chunks of C packs).
    Mu(u32),
    /// σ·2^(−e) before a position of a row, likewise.
    Sigma(u32),
    /// τ between rows.
    Tau,
    /// The row's operand times 2^e: the product of two combinations.
    Operand(u32),
}

/// A row of a linear lane: one output of a `Linear`, a `MatMul` or a `Select`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct LinearRow {
    /// Index of the instruction.
    pub instruction: usize,
    /// Flat index \[position, column\] or \[row, column\] of the output.
    pub element: usize,
    /// What the running combination is multiplied by.
    pub mul: Mul,
}

impl LinearRow {
    /// How the output is requantized: as its column of a constant matrix, or as all outputs of a product of wires. `None`
    /// for an instruction whose outputs are not in linear lanes.
    pub(crate) fn requant<'a>(&self, program: &'a Program) -> Option<&'a Requant> {
        match &program.instructions()[self.instruction] {
            Instruction::Linear(l) => {
                let matrix = &program.matrices()[index(l.matrix.0)];
                matrix.requant.get(self.element.checked_rem(index(matrix.cols))?)
            }
            Instruction::Select(s) => {
                let matrix = &program.matrices()[index(s.matrix.0)];
                matrix.requant.get(self.element.checked_rem(index(matrix.cols))?)
            }
            Instruction::MatMul(m) => Some(&m.requant),
            Instruction::Product(_) | Instruction::Max(_) => None,
        }
    }
}

/// A row of a product lane.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ProductRow {
    /// One element of a `Product`.
    Product {
        /// Index of the instruction.
        instruction: usize,
        /// Index of the element.
        element: usize,
    },
    /// Two operands of a `Max`.
    Max {
        /// Index of the instruction.
        instruction: usize,
        /// Index of the group.
        group: usize,
        /// Indexes of the two operands in the group.
        pair: (usize, usize),
        /// Whether these are the group's last.
        last: bool,
    },
    /// One end of the range of a hidden input.
    Bound {
        /// Index of the input value.
        input: usize,
        /// Which end.
        upper: bool,
    },
}

/// A row of a hash lane.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum HashRow {
    /// A value is packed; `first` begins an element.
    Pack {
        /// The value.
        wire: Wire,
        /// Whether it is the first of an element.
        first: bool,
    },
    /// What is left of packing: the last element.
    Packed,
    /// Two elements go into the state.
    Input {
        /// Index of the hash.
        hash: usize,
        /// Which two.
        pair: usize,
    },
    /// A round of the permutation.
    Round(usize),
    /// What is left of a hash: its value.
    Digest,
}

/// Where a hash is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Hash {
    /// The tensor's values.
    pub wires: Vec<Wire>,
    /// Where each packed element ends.
    pub elements: Vec<LaneRow>,
    /// The first row of the rounds.
    pub start: LaneRow,
    /// Where the value is.
    pub digest: LaneRow,
}

/// What the operand of a matrix row is multiplied by.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Weights {
    /// One.
    Unit,
    /// Zero: the operand is not added.
    Nothing,
    /// A chunk of the packed weights of an operand.
    Packed {
        /// Index of the check.
        check: usize,
        /// Row of the matrix.
        operand: usize,
        /// Which chunk of C packs.
        chunk: usize,
    },
}

/// A row of a matrix lane.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct MatrixRow {
    /// The operand.
    pub source: Source,
    /// What the running sum is multiplied by.
    pub mul: Mul,
    /// What the operand is multiplied by.
    pub weights: Weights,
}

/// One random linear check: some columns of one matrix, over all its applications.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Check {
    /// Index of the matrix.
    pub matrix: usize,
    /// The first column.
    pub first: usize,
    /// How many columns.
    pub columns: usize,
    /// Bits of a packed sum.
    pub bits: u32,
    /// Sums in a pack (J).
    pub per_pack: usize,
    /// Combination of the outputs.
    pub outputs: Source,
    /// Operands (row of the matrix, combination over positions) that are not always zero.
    pub operands: Vec<(usize, Source)>,
}

impl Check {
    /// Number of packs (G).
    pub fn packs(&self) -> usize {
        self.columns.div_ceil(self.per_pack)
    }

    /// Number of chunks of `c` packs.
    pub fn chunks(&self, c: usize) -> usize {
        self.packs().div_ceil(c)
    }

    /// What each weight of an operand is multiplied by in `Σ_i μ^(C−1−i)·P[i]` of one chunk's packs: the chunk's first column
    /// among those of the check, and the factors of that and the following ones.
    pub(crate) fn factors(&self, program: &Program, p: &CircuitParams, chunk: usize, mu: Fr) -> (usize, Vec<Fr>) {
        let m = &program.matrices()[self.matrix];
        let c = Count::new(p.weight_columns);
        let pad = self.chunks(p.weight_columns) * c - self.packs();
        let drop = p.drop_of(p.linear_limbs);
        let first = (chunk * c).less(pad) * self.per_pack;
        let end = ((chunk * c + c).less(pad) * self.per_pack).get().min(self.columns);
        let mut factors = Vec::with_capacity(end.saturating_sub(first.get()));
        let columns: Vec<usize> = (first.get()..end).collect();
        let base = pow2(self.bits);
        let mut power = Fr::one();
        for pack in columns.chunks(self.per_pack).rev() {
            let mut digit = power;
            let own: Vec<Fr> = pack
                .iter()
                .map(|col| {
                    let col = self.first + Count::new(*col);
                    // The plan has refused columns that drop more than the lane.
                    let up = drop.saturating_sub(u32::from(m.requant[col.get()].drop));
                    let factor = digit * pow2(up);
                    digit *= base;
                    factor
                })
                .collect();
            factors.extend(own.into_iter().rev());
            power *= mu;
        }
        factors.reverse();
        (first.get(), factors)
    }

    /// The packed weights of one operand in one chunk, C field elements, the one with the highest power of μ first:
    /// `P[g] = Σ_j 2^(B·j)·2^(D−d)·W[operand, g·J + j]` for pack g, where column g·J + j drops d bits and the lane D.
    /// The first chunk starts with zeros.
    ///
    /// The sum is computed in the field, so it is exact modulo p whatever the size of the weights. What makes packed sums
    /// that agree modulo p agree one by one is B alone (see [`crate::chips::linear`]).
    pub(crate) fn packed(&self, program: &Program, p: &CircuitParams, operand: usize, chunk: usize) -> Vec<Fr> {
        (0..p.weight_columns).map(|column| self.pack(program, p, operand, chunk, column)).collect()
    }

    /// One of the packed weights of [`packed`](Self::packed): that of a weight column.
    pub(crate) fn pack(&self, program: &Program, p: &CircuitParams, operand: usize, chunk: usize, column: usize) -> Fr {
        let m = &program.matrices()[self.matrix];
        let c = Count::new(p.weight_columns);
        let pad = self.chunks(p.weight_columns) * c - self.packs();
        let Some(g) = (chunk * c + column).get().checked_sub(pad.get()) else { return Fr::zero() };
        let row = operand * Count::new(index(m.cols));
        let drop = p.drop_of(p.linear_limbs);
        let base = pow2(self.bits);
        let first = g * Count::new(self.per_pack);
        let columns = first.get()..self.columns.min((first + self.per_pack).get());
        // Horner from the most significant digit.
        columns.rev().fold(Fr::zero(), |sum, col| {
            let col = self.first + Count::new(col);
            // The plan has refused columns that drop more than the lane.
            let up = drop.saturating_sub(u32::from(m.requant[col.get()].drop));
            sum * base + scaled(m.weights[(row + col).get()], up)
        })
    }
}

/// A matrix that rows are selected from, or a block of its columns: its rows in a select lane, and below them a row for each
/// index.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Selection {
    /// The block, packed as the weights of a check are, a row of the matrix in one chunk. It has no operands.
    pub check: Check,
    /// Where the first row of the matrix is.
    pub at: LaneRow,
    /// Which matrix of its lane, from 1.
    pub tag: u64,
    /// The indices, and the combinations of the outputs.
    pub reads: Vec<(Wire, Source)>,
}

impl Selection {
    /// Rows of the matrix.
    pub(crate) fn entries(&self, program: &Program) -> usize {
        index(program.matrices()[self.check.matrix].rows)
    }

    /// Rows that it takes.
    pub(crate) fn rows(&self, program: &Program) -> Count {
        Count::new(self.entries(program)) + self.reads.len()
    }
}

/// A piece of a chain that lies in one lane.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Piece {
    /// The chain it belongs to (a chain that is continued in another lane has one number for each piece).
    pub chain: usize,
    /// Matrix lane.
    pub lane: Lane,
    /// First row.
    pub row: Row,
    /// Its rows.
    pub rows: Vec<MatrixRow>,
}

/// The whole assignment of the program to cells.
#[derive(Clone, Debug)]
pub struct Layout {
    /// The shape.
    pub params: CircuitParams,
    /// The random linear checks.
    pub checks: Vec<Check>,
    /// For each linear lane, its rows from the top (`None`: unused).
    pub linear: Vec<Vec<LinearRow>>,
    /// For each product lane, its rows from the top.
    pub product: Vec<Vec<ProductRow>>,
    /// Matrices that rows are selected from.
    pub selections: Vec<Selection>,
    /// Chains in matrix lanes, in an order in which sources come before uses.
    pub pieces: Vec<Piece>,
    /// For each hash lane, its rows from the top.
    pub hash: Vec<Vec<HashRow>>,
    /// The hashes, in the order of their tensors.
    pub hashes: Vec<Hash>,
    /// Constants, by row of their column.
    pub constants: Vec<i64>,
    /// Copy constraints.
    pub copies: Vec<(Cell, Cell)>,
    /// The cell of every wire (`None`: unused constant).
    pub home: Vec<Cell>,
    /// First row of each table in the lookup table.
    pub tables: Vec<Row>,
    /// Where every leaf ends: its combination is in the row after its last one.
    pub(crate) leaf_end: Vec<LaneRow>,
    /// The same for every chain.
    pub(crate) chain_end: Vec<LaneRow>,
}

impl Layout {
    /// Lays the program out.
    ///
    /// # Errors
    /// [`CircuitError`] if it does not fit the parameters.
    pub fn new(program: &Program, params: &CircuitParams) -> Result<Self, CircuitError> {
        params.check(program)?;
        let plan = Plan::new(program, params)?;
        place(program, params, plan)
    }

    /// Rows of the lookup table.
    pub fn table_rows(program: &Program) -> usize {
        let segments = program.tables().iter().map(|t| t.segments.len()).sum::<Count>();
        (Self::limb_rows(program) + segments).get()
    }

    /// Its first rows: the null entry, and one for each value of a limb. A program's limbs have at most 16 bits.
    pub(crate) fn limb_rows(program: &Program) -> Count {
        Count::new(1usize.checked_shl(program.limb_bits()).unwrap_or(usize::MAX)) + 1
    }
}
