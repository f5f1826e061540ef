//! The types of a program. Their fields are public for reading; a [`Program`] is only made through
//! [`Builder::finish`](crate::Builder::finish) or [`Program::from_bytes`], which validate it.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use vouch_schema::{Schema, TensorSpec, Visibility};

use crate::{
    Interval, ProgramError, Table,
    number::{count, index},
};

/// A value's place: constants first, then inputs, then instruction outputs in program order.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Wire(pub u32);

impl Wire {
    /// The wire's index into [`Trace::values`](crate::Trace).
    pub fn index(self) -> usize {
        index(self.0)
    }
}

/// Index of a [`Matrix`] in its program.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct MatrixId(pub u32);

/// Index of a [`Table`] in its program.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct TableId(pub u32);

/// The function applied to a requantized sum: `table(r) + offset`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Lookup {
    /// Which table.
    pub table: TableId,
    /// Added to the table's value. (A sigmoid is a shifted hyperbolic tangent: both share one table.)
    pub offset: i64,
}

/// What happens to a sum z: `r = floor((z + 2^(d−1)) / 2^d)` with d = `drop` (`r = z` where d = 0), a signed number of
/// 2·`limb_bits` bits; and, with a lookup, `y = table(r) + offset`.
///
/// A sum whose r needs more bits, or leaves the table's domain, is refused ([`RunError`](crate::RunError)); the
/// circuit has no witness for it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Requant {
    /// How many low bits are rounded away.
    pub drop: u8,
    /// The function applied to r, if any.
    pub lookup: Option<Lookup>,
}

impl Requant {
    /// Keeps the sum as it is.
    pub fn exact() -> Self {
        Self { drop: 0, lookup: None }
    }

    /// Division by 2^`drop`, rounding half up.
    pub fn rescale(drop: u8) -> Self {
        Self { drop, lookup: None }
    }

    /// Division by 2^`drop`, then `table + offset`.
    pub fn table(drop: u8, table: TableId, offset: i64) -> Self {
        Self { drop, lookup: Some(Lookup { table, offset }) }
    }
}

/// A constant matrix of shape \[rows, cols\], with the requantization of each column.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Matrix {
    /// For messages and reports.
    pub name: String,
    /// Number of operands (K).
    pub rows: u32,
    /// Number of sums (N).
    pub cols: u32,
    /// Row-major \[rows, cols\]; empty in a program without weights ([`Program::without_weights`]).
    pub weights: Vec<i64>,
    /// One for each column.
    pub requant: Vec<Requant>,
}

/// `out[p, n] = requant_n( Σ_k x[p, k] · W[k, n] )` for each position p.
///
/// All applications of one matrix (time steps, positions of a convolution, items of a batch) are proved by one check.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Linear {
    /// For messages and reports.
    pub name: String,
    /// The matrix W.
    pub matrix: MatrixId,
    /// Number of positions (P).
    pub positions: u32,
    /// Positions come in rows of this many (a convolution's output width); only a hint for sharing partial sums.
    pub grid: u32,
    /// The operands, \[positions, rows\].
    pub x: Vec<Wire>,
}

/// One product of wires times a constant.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Term {
    /// The constant factor.
    pub factor: i64,
    /// Left operands, one a lane.
    pub a: Vec<Wire>,
    /// Right operands, one a lane.
    pub b: Vec<Wire>,
}

/// `r[i] = rescale( Σ_terms factor · a[i] · b[i] )`, and with a lookup a second output `y[i] = table(r[i]) + offset`.
///
/// Outputs are all r, then (with a lookup) all y.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Product {
    /// For messages and reports.
    pub name: String,
    /// Number of elements.
    pub len: u32,
    /// One or two terms.
    pub terms: Vec<Term>,
    /// What happens to the sum.
    pub requant: Requant,
}

/// `out[m, n] = requant( Σ_k x[m, k] · y[k, n] )`: two matrices of wires.
///
/// One random check proves all outputs; its cost is that of the three matrices, not of m·k·n products.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct MatMul {
    /// For messages and reports.
    pub name: String,
    /// Products in a sum (K).
    pub inner: u32,
    /// The left matrix, \[m, inner\].
    pub x: Vec<Wire>,
    /// The right matrix, \[inner, n\].
    pub y: Vec<Wire>,
    /// What happens to each sum.
    pub requant: Requant,
}

impl MatMul {
    /// Rows of the left matrix.
    pub fn rows(&self) -> usize {
        self.x.len().checked_div(index(self.inner)).unwrap_or(0)
    }

    /// Columns of the right matrix.
    pub fn cols(&self) -> usize {
        self.y.len().checked_div(index(self.inner)).unwrap_or(0)
    }
}

/// `out[p, n] = requant_n( W[x[p], n] )`: rows of a constant matrix, chosen by wires. An index that is no row is refused.
///
/// A matrix that rows are selected from is not multiplied with.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Select {
    /// For messages and reports.
    pub name: String,
    /// The matrix W.
    pub matrix: MatrixId,
    /// The indices.
    pub x: Vec<Wire>,
}

/// `out[g] = max_m x[g, m]`. Operands may be at most 2^(2·limb_bits) − 1 apart.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Max {
    /// For messages and reports.
    pub name: String,
    /// Number of groups.
    pub groups: u32,
    /// The operands, \[groups, size\], size ≥ 1.
    pub x: Vec<Wire>,
}

impl Max {
    /// Operands of a group.
    pub fn size(&self) -> usize {
        self.x.len().checked_div(index(self.groups)).unwrap_or(0)
    }
}

/// One step of a program.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub enum Instruction {
    /// Constant matrix times wires.
    Linear(Linear),
    /// Products of wires.
    Product(Product),
    /// Maximum over groups.
    Max(Max),
    /// Matrix of wires times matrix of wires.
    MatMul(MatMul),
    /// Rows of a constant matrix.
    Select(Select),
}

impl Instruction {
    /// The instruction's name.
    pub fn name(&self) -> &str {
        match self {
            Self::Linear(i) => &i.name,
            Self::Product(i) => &i.name,
            Self::Max(i) => &i.name,
            Self::MatMul(i) => &i.name,
            Self::Select(i) => &i.name,
        }
    }
}

/// Who learns the weights (the entries of all matrices) from verifying key and proofs.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum WeightMode {
    /// They are fixed parts of the circuit: a key does not publish them, but each proof reveals something of them.
    #[default]
    Fixed,
    /// Nobody: the key has a hiding commitment to them, and proofs reveal nothing. What is proved does not rest on how large
    /// they are: sums of such matrices have the range that limbs have.
    Private,
}

impl std::fmt::Display for WeightMode {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Self::Fixed => "fixed",
            Self::Private => "private",
        })
    }
}

impl std::str::FromStr for WeightMode {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        [Self::Fixed, Self::Private]
            .into_iter()
            .find(|v| v.to_string() == text)
            .ok_or_else(|| format!("expected fixed or private, got `{text}`"))
    }
}

/// A named output. `real = integer / scale`. Its bounds follow from the program: [`Program::schema`] has them.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct OutputTensor {
    /// ONNX name.
    pub name: String,
    /// Shape; its product is the number of wires.
    pub shape: Vec<u32>,
    /// Physical unit, empty if unknown.
    pub unit: String,
    /// Integers a unit.
    pub scale: f64,
    /// Where the values are.
    pub wires: Vec<Wire>,
    /// Who learns the values.
    pub visibility: Visibility,
}

/// A validated integer program.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Program {
    pub(crate) limb_bits: u8,
    pub(crate) constants: Vec<i64>,
    pub(crate) inputs: Vec<TensorSpec>,
    pub(crate) outputs: Vec<OutputTensor>,
    pub(crate) tables: Vec<Table>,
    pub(crate) matrices: Vec<Matrix>,
    pub(crate) instructions: Vec<Instruction>,
    pub(crate) weights: WeightMode,
}

impl Program {
    /// Bits of a limb: requantized values have 2·limb_bits bits, tables have segments of 2^limb_bits.
    pub fn limb_bits(&self) -> u32 {
        u32::from(self.limb_bits)
    }

    /// The values of the first wires.
    pub fn constants(&self) -> &[i64] {
        &self.constants
    }

    /// The inputs, in order.
    pub fn inputs(&self) -> &[TensorSpec] {
        &self.inputs
    }

    /// The outputs, in order.
    pub fn outputs(&self) -> &[OutputTensor] {
        &self.outputs
    }

    /// The tables.
    pub fn tables(&self) -> &[Table] {
        &self.tables
    }

    /// The matrices.
    pub fn matrices(&self) -> &[Matrix] {
        &self.matrices
    }

    /// The instructions, in order.
    pub fn instructions(&self) -> &[Instruction] {
        &self.instructions
    }

    /// Number of input values.
    pub fn input_len(&self) -> usize {
        self.inputs.iter().map(|t| len_of(&t.shape)).fold(0, usize::saturating_add)
    }

    /// Number of output values.
    pub fn output_len(&self) -> usize {
        self.outputs.iter().map(|t| t.wires.len()).sum()
    }

    /// Wires and visibility of each tensor, inputs first.
    pub fn tensors(&self) -> Vec<(Visibility, Vec<Wire>)> {
        let mut next = count(self.constants.len());
        let inputs = self.inputs.iter().map(|t| {
            let start = next;
            next = next.saturating_add(count(len_of(&t.shape)));
            (t.visibility, (start..next).map(Wire).collect())
        });
        let mut all: Vec<_> = inputs.collect();
        all.extend(self.outputs.iter().map(|t| (t.visibility, t.wires.clone())));
        all
    }

    /// Number of public values of a proof: all values of public tensors, and the hash of each hashed one.
    pub fn public_len(&self) -> usize {
        let inputs = self.inputs.iter().map(|t| t.visibility.public_values(len_of(&t.shape)));
        let outputs = self.outputs.iter().map(|t| t.visibility.public_values(t.wires.len()));
        inputs.chain(outputs).sum()
    }

    /// Describes inputs and outputs, as a verifying key does. The range of an output is what its wires can hold
    /// ([`Program::bounds`]); an output without values has the widest range.
    pub fn schema(&self) -> Schema {
        // A program that has been validated has bounds.
        let bounds = self.bounds().map(|bounds| bounds.wires).unwrap_or_default();
        let output = |t: &OutputTensor| {
            let values = t.wires.iter().filter_map(|w| bounds.get(w.index()).copied());
            let range = values.reduce(Interval::union).unwrap_or(Interval::new(i64::MIN, i64::MAX));
            TensorSpec {
                name: t.name.clone(),
                shape: t.shape.clone(),
                unit: t.unit.clone(),
                scale: t.scale,
                min: range.lo,
                max: range.hi,
                visibility: t.visibility,
            }
        };
        Schema { inputs: self.inputs.clone(), outputs: self.outputs.iter().map(output).collect() }
    }

    /// Changes who learns the tensors of these names; the others stay as they are.
    ///
    /// # Errors
    /// [`ProgramError::UnknownTensor`], or [`ProgramError::Malformed`] if a hidden tensor's values have too many bits.
    pub fn with_visibility(mut self, names: &BTreeMap<String, Visibility>) -> Result<Self, ProgramError> {
        for (name, &visibility) in names {
            let inputs = self.inputs.iter_mut().filter(|t| t.name == *name).map(|t| &mut t.visibility);
            let outputs = self.outputs.iter_mut().filter(|t| t.name == *name).map(|t| &mut t.visibility);
            let mut found = false;
            for own in inputs.chain(outputs) {
                (*own, found) = (visibility, true);
            }
            if !found {
                let known = self.inputs.iter().map(|t| &t.name).chain(self.outputs.iter().map(|t| &t.name));
                let known = known.map(|n| format!("`{n}`")).collect::<Vec<_>>().join(", ");
                return Err(ProgramError::UnknownTensor { name: name.clone(), known });
            }
        }
        self.validate()?;
        Ok(self)
    }

    /// Who learns the weights.
    pub fn weights(&self) -> WeightMode {
        self.weights
    }

    /// Changes who learns the weights.
    ///
    /// # Errors
    /// [`ProgramError`] if a program whose weights are not there were to have fixed ones, or a bound is exceeded that the weights' ranges had kept.
    pub fn with_weights(mut self, mode: WeightMode) -> Result<Self, ProgramError> {
        if self.weights == mode {
            return Ok(self);
        }
        self.weights = mode;
        self.validate()?;
        Ok(self)
    }

    /// What everybody may know: the program itself if its weights are fixed, else all but the weights. It has the same circuit, and cannot be run.
    pub fn without_weights(&self) -> Self {
        let mut own = self.clone();
        if self.weights == WeightMode::Private {
            own.matrices.iter_mut().for_each(|m| m.weights.clear());
        }
        own
    }

    /// Whether the weights are there, so that the program can be run.
    pub fn has_weights(&self) -> bool {
        self.matrices.iter().all(|m| !m.weights.is_empty())
    }

    /// The wires of all outputs, in order.
    pub fn output_wires(&self) -> impl Iterator<Item = Wire> + '_ {
        self.outputs.iter().flat_map(|t| t.wires.iter().copied())
    }

    /// Number of model parameters (entries of matrices).
    pub fn parameters(&self) -> usize {
        self.matrices.iter().map(|m| index(m.rows).saturating_mul(index(m.cols))).sum()
    }

    /// How many wires instruction `i` defines.
    pub fn arity_out(&self, instruction: &Instruction) -> usize {
        match instruction {
            Instruction::Linear(l) => {
                let cols = self.matrices.get(index(l.matrix.0)).map_or(0, |m| m.cols);
                index(l.positions).saturating_mul(index(cols))
            }
            Instruction::Product(p) => index(p.len).saturating_mul(if p.requant.lookup.is_some() { 2 } else { 1 }),
            Instruction::Max(m) => index(m.groups),
            Instruction::MatMul(m) => m.rows().saturating_mul(m.cols()),
            Instruction::Select(s) => {
                let cols = self.matrices.get(index(s.matrix.0)).map_or(0, |m| m.cols);
                s.x.len().saturating_mul(index(cols))
            }
        }
    }

    /// Number of wires.
    pub fn wires(&self) -> usize {
        let results = self.instructions.iter().map(|i| self.arity_out(i));
        results.fold(self.constants.len().saturating_add(self.input_len()), usize::saturating_add)
    }
}

pub(crate) fn len_of(shape: &[u32]) -> usize {
    shape.iter().fold(1usize, |n, &d| n.saturating_mul(index(d)))
}
