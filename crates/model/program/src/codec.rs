//! Bytes of a program, and its validation: a program read from a file is checked as strictly as one built in memory.

use std::collections::BTreeSet;

use crate::{
    Bounds, Instruction, Interval, Matrix, MatrixId, Program, ProgramError, Requant, Visibility, WeightMode, Wire,
    bounds::SUM_BITS,
    number::{index, pow2},
    types::len_of,
};

/// BLAKE2b-256 of a program's bytes.
pub type ProgramDigest = [u8; 32];

/// No program has more wires or weights than this.
const MAX_ELEMENTS: usize = 1 << 27;
/// Nor more wires than this, and this many for each element that is written down: a few bytes describe little.
const FREE_WIRES: usize = 1 << 20;
const WIRES_OF_AN_ELEMENT: usize = 64;
/// No product of two matrices of wires adds up more products than this.
const MAX_PRODUCTS: u64 = 1 << 32;

impl Program {
    /// The program's bytes (postcard).
    pub fn to_bytes(&self) -> Vec<u8> {
        postcard::to_stdvec(self).unwrap_or_default()
    }

    /// Reads and validates a program.
    ///
    /// # Errors
    /// [`ProgramError`] for bytes that are not a program, for trailing bytes, and for a program that breaks a rule.
    pub fn from_bytes(bytes: &[u8]) -> Result<Self, ProgramError> {
        let (program, rest) =
            postcard::take_from_bytes::<Self>(bytes).map_err(|e| ProgramError::Decode(e.to_string()))?;
        if !rest.is_empty() {
            return Err(ProgramError::Decode(format!("{} trailing bytes", rest.len())));
        }
        program.validate()?;
        Ok(program)
    }

    /// The program's identity.
    pub fn digest(&self) -> ProgramDigest {
        let hash = blake2b_simd::Params::new().hash_length(32).personal(b"Vouch-program\0\0\0").hash(&self.to_bytes());
        let mut out = [0; 32];
        out.copy_from_slice(hash.as_bytes());
        out
    }

    /// The identity of [what everybody may know](Program::without_weights) of the program: the one that a verifying key names.
    pub fn public_digest(&self) -> ProgramDigest {
        match self.weights {
            WeightMode::Fixed => self.digest(),
            WeightMode::Private => self.without_weights().digest(),
        }
    }

    pub(crate) fn validate(&self) -> Result<(), ProgramError> {
        if !(4..=16).contains(&self.limb_bits) {
            return Err(ProgramError::LimbBits { got: self.limb_bits });
        }
        self.validate_tables()?;
        self.validate_matrices()?;
        let mut defined = self.constants.len();
        for t in &self.inputs {
            scale(&t.name, t.scale)?;
            if t.min > t.max {
                return Err(malformed(&t.name, "its lower bound is above its upper bound"));
            }
            magnitude(&t.name, Interval::from(t).magnitude())?;
            defined = defined.saturating_add(len_of(&t.shape));
        }
        for c in &self.constants {
            magnitude("constant", i128::from(*c).abs())?;
        }
        self.validate_uses()?;
        for ins in &self.instructions {
            limit(ins.name(), defined)?;
            self.validate_instruction(ins, defined)?;
            defined = defined.saturating_add(self.arity_out(ins));
        }
        limit("program", defined)?;
        let most = FREE_WIRES.saturating_add(self.written().saturating_mul(WIRES_OF_AN_ELEMENT));
        if defined > most {
            return Err(malformed(
                "program",
                &format!("it has {defined} wires, and what is written down is enough for {most}"),
            ));
        }
        for t in &self.outputs {
            scale(&t.name, t.scale)?;
            length("wires", &t.name, t.wires.len(), len_of(&t.shape))?;
            wires(&t.name, &t.wires, defined)?;
        }
        if self.outputs.iter().all(|t| t.wires.is_empty()) {
            return Err(malformed("program", "it has no outputs"));
        }
        self.validate_hidden(&self.bounds()?)
    }

    /// Elements of all lists: operands, outputs, columns of matrices, segments of tables and constants.
    fn written(&self) -> usize {
        let operands = self.instructions.iter().map(|ins| match ins {
            Instruction::Linear(l) => l.x.len(),
            Instruction::Product(p) => {
                p.terms.iter().fold(0usize, |n, t| n.saturating_add(t.a.len()).saturating_add(t.b.len()))
            }
            Instruction::Max(m) => m.x.len(),
            Instruction::MatMul(m) => m.x.len().saturating_add(m.y.len()),
            Instruction::Select(s) => s.x.len(),
        });
        let outputs = self.outputs.iter().map(|t| t.wires.len());
        let columns = self.matrices.iter().map(|m| m.requant.len());
        let segments = self.tables.iter().map(|t| t.segments.len());
        let lists = operands.chain(outputs).chain(columns).chain(segments);
        lists.fold(self.constants.len(), usize::saturating_add)
    }

    /// What is hashed has at most 32 bits, and the range of a hidden input at most 2·limb_bits: the circuit checks both ends with one word each.
    fn validate_hidden(&self, bounds: &Bounds) -> Result<(), ProgramError> {
        let hashed = Interval::new(i64::from(i32::MIN), i64::from(i32::MAX));
        for t in self.inputs.iter().filter(|t| t.visibility != Visibility::Public) {
            let own = Interval::from(t);
            let width = i128::from(own.hi).saturating_sub(i128::from(own.lo));
            let bits = self.limb_bits().saturating_mul(2).min(32);
            if width >> bits != 0 || hashed.intersection(own) != Some(own) {
                return Err(malformed(&t.name, &format!("a hidden input has at most {bits} bits")));
            }
        }
        for t in self.outputs.iter().filter(|t| t.visibility == Visibility::Hashed) {
            let own = |w: &Wire| bounds.wires.get(w.index()).copied();
            if let Some(all) = t.wires.iter().filter_map(own).reduce(Interval::union)
                && hashed.intersection(all) != Some(all)
            {
                return Err(malformed(&t.name, "a hashed output has at most 32 bits"));
            }
        }
        Ok(())
    }

    fn validate_tables(&self) -> Result<(), ProgramError> {
        let half = 1i32.checked_shl(self.limb_bits().saturating_sub(1)).unwrap_or(0);
        for t in &self.tables {
            scale(&t.name, t.scale)?;
            let last = i32::try_from(t.segments.len()).ok().and_then(|len| t.first.checked_add(len));
            if t.segments.is_empty() || t.first < half.saturating_neg() || last.is_none_or(|last| last > half) {
                return Err(malformed(&t.name, "its segments are not inside the signed range of an index"));
            }
            for s in &t.segments {
                let rise = i128::from(s.slope).saturating_abs().saturating_mul(i128::from(pow2(self.limb_bits())));
                magnitude(&t.name, i128::from(s.base).saturating_abs().saturating_add(rise))?;
            }
        }
        Ok(())
    }

    fn validate_matrices(&self) -> Result<(), ProgramError> {
        // All or none: a program without weights has none in any matrix.
        let left_out = self.weights == WeightMode::Private && self.matrices.iter().all(|m| m.weights.is_empty());
        for m in &self.matrices {
            let (k, n) = (index(m.rows), index(m.cols));
            if k == 0 || n == 0 {
                return Err(malformed(&m.name, "it is empty"));
            }
            let entries = k.saturating_mul(n);
            length("weights", &m.name, m.weights.len(), if left_out { 0 } else { entries })?;
            length("requant", &m.name, m.requant.len(), n)?;
            limit(&m.name, entries)?;
            for w in &m.weights {
                magnitude(&m.name, i128::from(*w).abs())?;
            }
            m.requant.iter().try_for_each(|r| self.validate_requant(&m.name, r))?;
        }
        Ok(())
    }

    fn validate_requant(&self, name: &str, r: &Requant) -> Result<(), ProgramError> {
        if u32::from(r.drop) >= SUM_BITS {
            return Err(malformed(name, "it drops all bits"));
        }
        if let Some(l) = r.lookup {
            if index(l.table.0) >= self.tables.len() {
                return Err(ProgramError::UndefinedReference {
                    name: name.to_owned(),
                    what: "table",
                    index: l.table.0,
                });
            }
            magnitude(name, i128::from(l.offset).abs())?;
        }
        Ok(())
    }

    fn matrix(&self, name: &str, id: MatrixId) -> Result<&Matrix, ProgramError> {
        let missing = || ProgramError::UndefinedReference { name: name.to_owned(), what: "matrix", index: id.0 };
        self.matrices.get(index(id.0)).ok_or_else(missing)
    }

    /// A matrix is multiplied with, or rows are selected from it: the two are proved in different places.
    fn validate_uses(&self) -> Result<(), ProgramError> {
        let of = |select: bool| {
            let ids = self.instructions.iter().filter_map(move |ins| match ins {
                Instruction::Linear(l) if !select => Some(l.matrix),
                Instruction::Select(s) if select => Some(s.matrix),
                _ => None,
            });
            ids.collect::<BTreeSet<MatrixId>>()
        };
        match of(true).intersection(&of(false)).next() {
            None => Ok(()),
            Some(both) => {
                let name = self.matrices.get(index(both.0)).map_or("matrix", |m| m.name.as_str());
                Err(malformed(name, "it is multiplied with, and rows are selected from it: use two matrices"))
            }
        }
    }

    fn validate_instruction(&self, ins: &Instruction, defined: usize) -> Result<(), ProgramError> {
        match ins {
            Instruction::Linear(l) => {
                let m = self.matrix(&l.name, l.matrix)?;
                if l.positions == 0 || l.grid == 0 {
                    return Err(malformed(&l.name, "it has no positions"));
                }
                length("operands", &l.name, l.x.len(), index(l.positions).saturating_mul(index(m.rows)))?;
                wires(&l.name, &l.x, defined)
            }
            Instruction::Product(p) => {
                if p.len == 0 || p.terms.is_empty() || p.terms.len() > 2 {
                    return Err(malformed(&p.name, "a product has one or two terms and at least one element"));
                }
                for t in &p.terms {
                    magnitude(&p.name, i128::from(t.factor).abs())?;
                    for side in [&t.a, &t.b] {
                        length("operands", &p.name, side.len(), index(p.len))?;
                        wires(&p.name, side, defined)?;
                    }
                }
                self.validate_requant(&p.name, &p.requant)
            }
            Instruction::Max(m) => {
                let groups = index(m.groups);
                if groups == 0 || m.x.is_empty() || !m.x.len().is_multiple_of(groups) {
                    return Err(malformed(&m.name, "groups are empty or of different sizes"));
                }
                wires(&m.name, &m.x, defined)
            }
            Instruction::MatMul(m) => {
                let (k, rows, cols) = (index(m.inner), m.rows(), m.cols());
                if rows == 0 || cols == 0 || !m.x.len().is_multiple_of(k) || !m.y.len().is_multiple_of(k) {
                    return Err(malformed(&m.name, "its matrices are empty, or do not fit each other"));
                }
                let products = [rows, cols, k].map(|n| u64::try_from(n).unwrap_or(u64::MAX));
                if products.into_iter().fold(1, u64::saturating_mul) > MAX_PRODUCTS {
                    return Err(malformed(&m.name, "it has more than 2^32 products"));
                }
                wires(&m.name, &m.x, defined)?;
                wires(&m.name, &m.y, defined)?;
                self.validate_requant(&m.name, &m.requant)
            }
            Instruction::Select(s) => {
                self.matrix(&s.name, s.matrix)?;
                if s.x.is_empty() {
                    return Err(malformed(&s.name, "it has no indices"));
                }
                wires(&s.name, &s.x, defined)
            }
        }
    }
}

fn malformed(name: &str, reason: &str) -> ProgramError {
    ProgramError::Malformed { name: name.to_owned(), reason: reason.to_owned() }
}

fn length(what: &'static str, name: &str, got: usize, expected: usize) -> Result<(), ProgramError> {
    if got == expected { Ok(()) } else { Err(ProgramError::Length { what, name: name.to_owned(), got, expected }) }
}

pub(crate) fn limit(name: &str, elements: usize) -> Result<(), ProgramError> {
    if elements <= MAX_ELEMENTS { Ok(()) } else { Err(malformed(name, "it has more than 2^27 elements")) }
}

fn scale(name: &str, scale: f64) -> Result<(), ProgramError> {
    if scale.is_finite() && scale > 0.0 { Ok(()) } else { Err(malformed(name, "its scale is not a positive number")) }
}

fn magnitude(name: &str, bound: i128) -> Result<(), ProgramError> {
    if bound < 1 << SUM_BITS {
        Ok(())
    } else {
        Err(ProgramError::Overflow { name: name.to_owned(), bound, limit_bits: SUM_BITS })
    }
}

fn wires(name: &str, list: &[Wire], defined: usize) -> Result<(), ProgramError> {
    match list.iter().find(|w| w.index() >= defined) {
        None => Ok(()),
        Some(w) => Err(ProgramError::UndefinedWire { name: name.to_owned(), wire: w.0, defined }),
    }
}
