//! What has to be placed: chains of rows, before they have places. Depends on k and the limbs only.

use std::collections::HashMap;

use vouch_program::{Bounds, Instruction, MatMul, Program, Visibility, Wire};

use super::{Check, LinearRow, MatrixRow, Mul, ProductRow, Selection, Source, Weights};
use crate::{
    CircuitError, CircuitParams,
    cells::{Count, LaneRow},
    number::{index, small},
};

/// At most this many bits are packed into one field element (p > 2^253).
const PACK_BITS: u32 = 253;

/// A true sum, scaled up to what its lane drops, has at most this many bits.
const SCALED_BITS: u32 = 126;

/// Rows of positions of one matrix: (instruction, first position, one past the last).
type PositionRow = (usize, usize, usize);

/// Everything that has to be placed.
#[derive(Clone, Debug, Default)]
pub(crate) struct Plan {
    /// Chains of outputs; the rows of one lie below each other.
    pub leaves: Vec<Vec<LinearRow>>,
    /// Rows of products and maxima: those with two terms first, then any; those of one maximum follow each other.
    pub products: Vec<ProductRow>,
    /// How many of them have two terms.
    pub two_terms: usize,
    /// Combinations over positions; sources come first.
    pub chains: Vec<Vec<MatrixRow>>,
    pub checks: Vec<Check>,
    /// Matrices that rows are selected from, or blocks of their columns.
    pub selections: Vec<Selection>,
    /// Combinations that are equal: of the outputs of a product of wires, and of its operands.
    pub equal: Vec<(Source, Source)>,
    /// Equal lists are combined once; empty when the plan is made.
    known: HashMap<(Vec<Source>, Mul), Source>,
}

impl Plan {
    pub(crate) fn new(program: &Program, p: &CircuitParams) -> Result<Self, CircuitError> {
        let mut plan = Self::default();
        let bounds = program.bounds()?;
        let mut two_terms = Vec::new();
        let hidden = program.inputs().iter().flat_map(|t| {
            let len = t.shape.iter().map(|d| index(*d)).product::<usize>();
            std::iter::repeat_n(t.visibility != Visibility::Public, len)
        });
        for (input, _) in hidden.enumerate().filter(|(_, hidden)| *hidden) {
            two_terms.extend([false, true].map(|upper| ProductRow::Bound { input, upper }));
        }
        let mut rows: Vec<Vec<PositionRow>> = vec![Vec::new(); program.matrices().len()];
        let mut reads: Vec<Vec<(usize, usize, Wire)>> = vec![Vec::new(); program.matrices().len()];
        for (i, ins) in program.instructions().iter().enumerate() {
            match ins {
                Instruction::Linear(l) => {
                    let (positions, grid) = (index(l.positions), index(l.grid));
                    let own = &mut rows[index(l.matrix.0)];
                    let end = |a| (Count::new(a) + grid).get().min(positions);
                    own.extend((0..positions).step_by(grid).map(|a| (i, a, end(a))));
                }
                Instruction::Product(q) => {
                    limbs(&q.name, q.requant.drop, p.drop_of(p.product_limbs.max(2)))?;
                    let rows = (0..index(q.len)).map(|element| ProductRow::Product { instruction: i, element });
                    if q.terms.len() > 1 { two_terms.extend(rows) } else { plan.products.extend(rows) }
                }
                Instruction::MatMul(m) => {
                    limbs(&m.name, m.requant.drop, p.drop_of(p.linear_limbs.max(2)))?;
                    plan.mat_mul(program, p, i, m);
                }
                Instruction::Select(s) => {
                    let own = &mut reads[index(s.matrix.0)];
                    own.extend(s.x.iter().enumerate().map(|(position, wire)| (i, position, *wire)));
                }
                Instruction::Max(m) => {
                    let size = m.size();
                    if size > 1 {
                        for group in 0..index(m.groups) {
                            // The last operand of an odd number is paired with itself.
                            let operands: Vec<usize> = (0..size).collect();
                            let pairs = operands.chunks(2).map(|two| (two[0], two[two.len().saturating_sub(1)]));
                            plan.products.extend(pairs.map(|pair| ProductRow::Max {
                                instruction: i,
                                group,
                                pair,
                                last: operands.last() == Some(&pair.1),
                            }));
                        }
                    }
                }
            }
        }
        plan.two_terms = two_terms.len();
        plan.products.splice(0..0, two_terms);
        for (matrix, rows) in rows.iter().enumerate() {
            if !rows.is_empty() {
                plan.matrix(program, p, &bounds, matrix, rows)?;
            }
        }
        for (matrix, reads) in reads.iter().enumerate().filter(|(_, reads)| !reads.is_empty()) {
            plan.select(program, p, &bounds, matrix, reads)?;
        }
        plan.known = HashMap::new();
        Ok(plan)
    }

    /// Rows of matrix lanes that weights take with `c` weight columns.
    pub(crate) fn weight_rows(&self, c: usize) -> Count {
        let rows = self.checks.iter().map(|k| k.chunks(c) * Count::new(k.operands.len()));
        rows.fold(Count::default(), |sum, rows| sum + rows)
    }

    /// Rows of matrix lanes that combinations over positions take.
    pub(crate) fn chain_rows(&self) -> Count {
        self.chains.iter().map(Vec::len).sum()
    }

    /// The chain that computes a check's right-hand side with `c` weight columns.
    pub(crate) fn weight_chain(check: &Check, index: usize, c: usize) -> Vec<MatrixRow> {
        let mut rows = Vec::new();
        for chunk in 0..check.chunks(c) {
            for (i, &(operand, source)) in check.operands.iter().enumerate() {
                let mul = match (chunk, i) {
                    (0, 0) => Mul::Start,
                    (_, 0) => Mul::Mu(0),
                    _ => Mul::Pow2(0),
                };
                rows.push(MatrixRow { source, mul, weights: Weights::Packed { check: index, operand, chunk } });
            }
        }
        rows
    }

    fn matrix(
        &mut self,
        program: &Program,
        p: &CircuitParams,
        bounds: &Bounds,
        matrix: usize,
        rows: &[PositionRow],
    ) -> Result<(), CircuitError> {
        let m = &program.matrices()[matrix];
        let n = index(m.cols);
        let Packing { bits, per_pack, block } = Packing::new(program, p, bounds, matrix)?;
        let operands: Vec<(usize, Source)> = (0..index(m.rows))
            .map(|k| (k, self.operand(program, rows, k)))
            .filter(|(_, s)| *s != Source::Zero)
            .collect();
        for first in (0..n).step_by(block) {
            let columns = block.min(n.saturating_sub(first));
            let mut check =
                Check { matrix, first, columns, bits, per_pack, outputs: Source::Zero, operands: operands.clone() };
            check.outputs = self.outputs(p, &check, n, rows);
            self.checks.push(check);
        }
        Ok(())
    }

    /// Rows of a matrix that wires select: instruction, position and index of each (see [`crate::chips::select`]).
    fn select(
        &mut self,
        program: &Program,
        p: &CircuitParams,
        bounds: &Bounds,
        matrix: usize,
        reads: &[(usize, usize, Wire)],
    ) -> Result<(), CircuitError> {
        let n = index(program.matrices()[matrix].cols);
        let Packing { bits, per_pack, block } = Packing::new(program, p, bounds, matrix)?;
        // A row lies across the weight columns.
        let most = (per_pack * Count::new(p.most_weight_columns())).get().min(block);
        // Blocks of about one width, since the widest one decides how many columns each lane has.
        let block = (n.div_ceil(n.div_ceil(most)).div_ceil(per_pack) * Count::new(per_pack)).get().min(most);
        for first in (0..n).step_by(block) {
            let columns = block.min(n.saturating_sub(first));
            let check = Check { matrix, first, columns, bits, per_pack, outputs: Source::Zero, operands: Vec::new() };
            let read = |&(instruction, position, wire): &(usize, usize, Wire)| {
                let end = (Count::new(position) + 1).get();
                (wire, self.outputs(p, &check, n, &[(instruction, position, end)]))
            };
            let reads = reads.iter().map(read).collect();
            self.selections.push(Selection { check, at: LaneRow::default(), tag: 0, reads });
        }
        Ok(())
    }

    /// Both sides of the check of a product of wires (see [`crate::chips::matrix`]).
    fn mat_mul(&mut self, program: &Program, p: &CircuitParams, instruction: usize, m: &MatMul) {
        let (inner, n) = (index(m.inner), m.cols());
        let row = |of: usize| {
            let first = of * Count::new(n);
            (0..n).map(move |column| (first + column).get())
        };
        let mut ends = Vec::with_capacity(m.rows());
        for elements in (0..m.rows()).map(row) {
            // A chain of outputs is never longer than a lane.
            let list = if n <= p.usable() {
                vec![self.leaf(instruction, elements)]
            } else {
                elements.map(|element| self.leaf(instruction, std::iter::once(element))).collect()
            };
            ends.push(self.combine(list, Mul::Sigma(0)));
        }
        let outputs = self.combine(ends, Mul::Tau);
        // The plan has refused products that drop more than the lane.
        let up = p.drop_of(p.linear_limbs).saturating_sub(u32::from(m.requant.drop));
        let source = |w: &Wire| match program.constants().get(w.index()) {
            Some(0) => Source::Zero,
            _ => Source::Wire(*w),
        };
        let mut products = Vec::with_capacity(inner);
        for (k, right) in m.y.chunks_exact(n).enumerate() {
            let left: Vec<Source> = m.x.iter().skip(k).step_by(inner).map(source).collect();
            let right: Vec<Source> = right.iter().map(source).collect();
            // Zero, whatever the other factors are.
            if [&left, &right].iter().any(|list| list.iter().all(|s| *s == Source::Zero)) {
                continue;
            }
            let factors = [self.combine(left, Mul::Tau), self.combine(right, Mul::Sigma(0))];
            products.push(Source::Chain(self.chains.len()));
            self.chains.push(vec![
                MatrixRow { source: factors[0], mul: Mul::Start, weights: Weights::Unit },
                MatrixRow { source: factors[1], mul: Mul::Operand(up), weights: Weights::Nothing },
            ]);
        }
        let sum = self.combine(products, Mul::Pow2(0));
        self.equal.push((outputs, sum));
    }

    /// A chain of outputs, whose combination has a power of σ for each.
    fn leaf(&mut self, instruction: usize, elements: impl Iterator<Item = usize>) -> Source {
        let mul = |i: usize| if i == 0 { Mul::Start } else { Mul::Sigma(0) };
        let rows = elements.enumerate().map(|(i, element)| LinearRow { instruction, element, mul: mul(i) });
        self.leaves.push(rows.collect());
        Source::Leaf(self.leaves.len().saturating_sub(1))
    }

    /// Combines operand k over all positions.
    fn operand(&mut self, program: &Program, rows: &[PositionRow], k: usize) -> Source {
        let zero = |w: Wire| program.constants().get(w.index()) == Some(&0);
        let mut ends = Vec::with_capacity(rows.len());
        for &(i, a, b) in rows {
            let Instruction::Linear(l) = &program.instructions()[i] else { continue };
            let count = Count::new(l.x.len().checked_div(index(l.positions)).unwrap_or(0));
            let list: Vec<Source> = (a..b)
                .map(|t| l.x[(t * count + k).get()])
                .map(|w| if zero(w) { Source::Zero } else { Source::Wire(w) })
                .collect();
            ends.push(self.combine(list, Mul::Sigma(0)));
        }
        self.combine(ends, Mul::Tau)
    }

    /// Combines the outputs of a check: packs by powers of two, packs of a position by μ, positions of a row by σ, rows by τ.
    fn outputs(&mut self, p: &CircuitParams, check: &Check, n: usize, rows: &[PositionRow]) -> Source {
        let mut ends = Vec::with_capacity(rows.len());
        let columns: Vec<usize> = (0..check.columns).collect();
        for &(instruction, a, b) in rows {
            // One chain for a whole row, where each position is a single pack.
            let outputs = (Count::new(b) - a) * check.columns;
            let whole = check.packs() == 1 && outputs.get() <= p.usable();
            let mut leaf = Vec::new();
            let mut list = Vec::new();
            for t in a..b {
                for (g, pack) in columns.chunks(check.per_pack).enumerate() {
                    // What the sums of the pack after its first one multiply by: at most the 253 bits of a pack.
                    let rest = check.bits.saturating_mul(small(pack.len()).saturating_sub(1));
                    // Horner takes the most significant sum of a pack first.
                    for (j, col) in pack.iter().rev().enumerate() {
                        let mul = match (leaf.is_empty(), j, g) {
                            (true, _, _) => Mul::Start,
                            (_, 0, 0) => Mul::Sigma(rest),
                            (_, 0, _) => Mul::Mu(rest),
                            _ => Mul::Pow2(check.bits),
                        };
                        let element = t * Count::new(n) + check.first + *col;
                        leaf.push(LinearRow { instruction, element: element.get(), mul });
                    }
                }
                if !whole || b.checked_sub(1) == Some(t) {
                    list.push(Source::Leaf(self.leaves.len()));
                    self.leaves.push(std::mem::take(&mut leaf));
                }
            }
            ends.push(self.combine(list, Mul::Sigma(0)));
        }
        self.combine(ends, Mul::Tau)
    }

    /// `Σ_t mul^(T−1−t)·list[t]`, once for equal lists.
    fn combine(&mut self, list: Vec<Source>, mul: Mul) -> Source {
        let list: Vec<Source> = list.into_iter().skip_while(|s| *s == Source::Zero).collect();
        match list.as_slice() {
            [] => return Source::Zero,
            [one] => return *one,
            _ => {}
        }
        let key = (list, mul);
        if let Some(known) = self.known.get(&key) {
            return *known;
        }
        let rows = key
            .0
            .iter()
            .enumerate()
            .map(|(t, &source)| MatrixRow {
                source,
                mul: if t == 0 { Mul::Start } else { mul },
                weights: Weights::Unit,
            })
            .collect();
        let out = Source::Chain(self.chains.len());
        self.chains.push(rows);
        self.known.insert(key, out);
        out
    }
}

/// How sums of a matrix are packed into field elements.
struct Packing {
    /// Bits of a sum (B).
    bits: u32,
    /// Sums in a pack (J).
    per_pack: usize,
    /// Columns of one check: all, or as many whole packs as a lane has room for, since a chain of outputs is never longer.
    block: usize,
}

impl Packing {
    fn new(program: &Program, p: &CircuitParams, bounds: &Bounds, matrix: usize) -> Result<Self, CircuitError> {
        let m = &program.matrices()[matrix];
        for r in &m.requant {
            limbs(&m.name, r.drop, p.drop_of(p.linear_limbs.max(2)))?;
        }
        // Nothing is known of the sums of private weights: each is compared by itself.
        let bits = if p.private_weights { PACK_BITS } else { pack_bits(program, p, bounds, matrix)? };
        let per_pack = index(PACK_BITS.checked_div(bits).unwrap_or(PACK_BITS)).clamp(1, 32);
        let whole = p.usable().saturating_sub(p.usable().checked_rem(per_pack).unwrap_or(0));
        let all = index(m.cols);
        Ok(Self { bits, per_pack, block: if all <= p.usable() { all } else { whole.max(1) } })
    }
}

fn limbs(name: &str, drop: u8, limit: u32) -> Result<(), CircuitError> {
    if u32::from(drop) <= limit { Ok(()) } else { Err(CircuitError::Limbs { name: name.to_owned(), drop, limit }) }
}

/// B with |limb value − true sum| < 2^B for every column of the matrix.
///
/// Limb values: the lower limbs are below 2^b, the top limb is a segment's index in [0, 2^b), so the sum is in
/// [−offset, 2^(b·L) − 1 − offset]. True sums: [`Program::bounds`] times the column's scale-up.
///
/// # Errors
/// [`CircuitError::Width`] if a scaled sum may have more than 126 bits, so that a difference may leave an i128.
fn pack_bits(program: &Program, p: &CircuitParams, bounds: &Bounds, matrix: usize) -> Result<u32, CircuitError> {
    let m = &program.matrices()[matrix];
    let wide = |bits| CircuitError::Width { name: m.name.clone(), bits, limit: SCALED_BITS };
    // Limbs have at most 98 bits, sums at most 126, so their differences have at most 127.
    let difference = |a: i128, b: i128| a.checked_sub(b).ok_or_else(|| wide(i128::BITS));
    let lo = difference(0, p.offset(p.linear_limbs))?;
    let limbs = 1i128.checked_shl(p.bits(p.linear_limbs)).ok_or_else(|| wide(p.bits(p.linear_limbs)))?;
    let hi = difference(difference(limbs, 1)?, p.offset(p.linear_limbs))?;
    let mut worst = 1i128;
    for (sum, rq) in bounds.sums[matrix].iter().zip(&m.requant) {
        let up = p.drop_of(p.linear_limbs).saturating_sub(u32::from(rq.drop));
        let bits = bits_of(sum.magnitude().unsigned_abs()).saturating_add(up);
        if bits > SCALED_BITS {
            return Err(wide(bits));
        }
        let (a, b) = (i128::from(sum.lo) << up, i128::from(sum.hi) << up);
        worst = worst.max(difference(hi, a)?).max(difference(b, lo)?);
    }
    Ok(bits_of(worst.unsigned_abs()))
}

/// Bits of a number: 0 for 0.
fn bits_of(v: u128) -> u32 {
    u128::BITS.saturating_sub(v.leading_zeros())
}
