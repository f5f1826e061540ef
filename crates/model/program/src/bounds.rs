//! Interval arithmetic: what every wire can hold *in any satisfying witness*, given the input bounds that the verifier checks.
//!
//! By induction over the instructions: if the operands are inside their intervals, the sum is inside the interval computed
//! here, and the requantized value is inside its intersection with what the circuit's limbs (2b bits) or table
//! can represent. The circuit relies on these bounds for soundness (packing of several sums into one field element), so
//! they come from the program alone and never from calibration data.
//!
//! Private weights are any field elements that the key commits to, and the bounds must be those that everybody can compute: a sum of
//! such a matrix is whatever limbs can hold, its requantized value any word or anything in the table's domain.

use std::{cell::OnceCell, collections::HashMap};

use serde::{Deserialize, Serialize};
use vouch_schema::TensorSpec;

use crate::{
    Instruction, Matrix, Program, ProgramError, Requant, WeightMode, Wire,
    number::{index, pow2},
    table::TableRanges,
    types::len_of,
};

/// A closed interval of integers.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Interval {
    /// Lower end, inclusive.
    pub lo: i64,
    /// Upper end, inclusive.
    pub hi: i64,
}

impl From<&TensorSpec> for Interval {
    fn from(spec: &TensorSpec) -> Self {
        Self::new(spec.min, spec.max)
    }
}

impl Interval {
    /// The interval [lo, hi].
    pub const fn new(lo: i64, hi: i64) -> Self {
        Self { lo, hi }
    }

    /// The smallest interval that holds both.
    pub fn union(self, other: Self) -> Self {
        Self::new(self.lo.min(other.lo), self.hi.max(other.hi))
    }

    /// The common part, if any.
    pub fn intersection(self, other: Self) -> Option<Self> {
        let (lo, hi) = (self.lo.max(other.lo), self.hi.min(other.hi));
        (lo <= hi).then_some(Self { lo, hi })
    }

    /// Whether `v` is inside.
    pub fn contains(self, v: i64) -> bool {
        self.lo <= v && v <= self.hi
    }

    /// The largest magnitude.
    pub fn magnitude(self) -> i128 {
        i128::from(self.lo).abs().max(i128::from(self.hi).abs())
    }

    fn times(self, w: i64) -> (i128, i128) {
        let (a, b) = (product(self.lo, w), product(self.hi, w));
        (a.min(b), a.max(b))
    }

    fn times_interval(self, other: Self) -> (i128, i128) {
        let p = [
            product(self.lo, other.lo),
            product(self.lo, other.hi),
            product(self.hi, other.lo),
            product(self.hi, other.hi),
        ];
        (p.iter().copied().min().unwrap_or(0), p.iter().copied().max().unwrap_or(0))
    }
}

/// The product of two integers: at most 2^126.
#[expect(clippy::arithmetic_side_effects, reason = "|a·b| ≤ 2^63·2^63")]
const fn product(a: i64, b: i64) -> i128 {
    // `i128::from` is not const.
    #[expect(clippy::as_conversions, reason = "lossless")]
    let (a, b) = (a as i128, b as i128);
    a * b
}

/// Magnitudes of sums and table values stay below 2^60, so that i64 arithmetic in the interpreter cannot overflow.
pub(crate) const SUM_BITS: u32 = 60;

/// Every sum that the interpreter computes exactly.
const ANY_SUM: Interval = Interval::new(1 - (1 << SUM_BITS), (1 << SUM_BITS) - 1);

/// What a program's values can be.
#[derive(Clone, Debug)]
pub struct Bounds {
    /// One for each wire.
    pub wires: Vec<Interval>,
    /// For each matrix and column, the interval of its sums over all applications.
    pub sums: Vec<Vec<Interval>>,
}

/// The ranges of all tables, each made when it is needed.
type Tables = [OnceCell<TableRanges>];

/// Sums and outputs of a matrix, column by column.
type Applied = Vec<(Interval, Interval)>;

impl Program {
    /// The signed numbers of 2·limb_bits bits.
    pub fn word(&self) -> Interval {
        // At most 2^31.
        let half = pow2(self.limb_bits().saturating_mul(2).saturating_sub(1));
        Interval::new(half.saturating_neg(), half.saturating_sub(1))
    }

    /// The interval of r for a sum in `sum`.
    fn requantized(
        &self,
        name: &str,
        rq: &Requant,
        sum: Interval,
        tables: &Tables,
    ) -> Result<(Interval, Option<Interval>), ProgramError> {
        let r = Interval::new(rescale(sum.lo, rq.drop), rescale(sum.hi, rq.drop)).intersection(self.word());
        self.looked_up(name, rq, r.ok_or_else(|| ProgramError::EmptyRange { name: name.to_owned() })?, tables)
    }

    /// The part of r that the lookup accepts, and its values.
    fn looked_up(
        &self,
        name: &str,
        rq: &Requant,
        mut r: Interval,
        tables: &Tables,
    ) -> Result<(Interval, Option<Interval>), ProgramError> {
        let empty = || ProgramError::EmptyRange { name: name.to_owned() };
        let Some(lookup) = rq.lookup else { return Ok((r, None)) };
        let table = self.tables.get(index(lookup.table.0)).ok_or(ProgramError::UndefinedReference {
            name: name.to_owned(),
            what: "table",
            index: lookup.table.0,
        })?;
        r = r.intersection(table.domain(self.limb_bits())).ok_or_else(empty)?;
        let ranges = tables.get(index(lookup.table.0)).ok_or_else(empty)?;
        let y = ranges.get_or_init(|| TableRanges::new(table, self.limb_bits())).on(r).ok_or_else(empty)?;
        let shifted = |v: i64| i128::from(v).saturating_add(i128::from(lookup.offset));
        let y = checked(name, shifted(y.lo), shifted(y.hi))?;
        Ok((r, Some(y)))
    }

    /// Sums and outputs of a matrix applied to values in intervals, column by column.
    ///
    /// `largest` is the largest magnitude of a weight.
    fn applied(
        &self,
        name: &str,
        m: &Matrix,
        largest: u64,
        x: &[Interval],
        tables: &Tables,
    ) -> Result<Applied, ProgramError> {
        let n = index(m.cols);
        let sums = match short_sums(m, n, largest, x) {
            Some(sums) => sums,
            None => {
                let mut sums = vec![(0i128, 0i128); n];
                for (b, weights) in x.iter().zip(m.weights.chunks_exact(n)).filter(|(b, _)| b.lo != 0 || b.hi != 0) {
                    for (z, &w) in sums.iter_mut().zip(weights) {
                        *z = sum(name, *z, b.times(w))?;
                    }
                }
                sums.into_iter().map(|z| checked(name, z.0, z.1)).collect::<Result<_, _>>()?
            }
        };
        sums.into_iter()
            .zip(&m.requant)
            .map(|(z, requant)| {
                let (z, (r, y)) = match self.weights {
                    WeightMode::Fixed => (z, self.requantized(name, requant, z, tables)?),
                    WeightMode::Private => (ANY_SUM, self.looked_up(name, requant, self.word(), tables)?),
                };
                Ok((z, y.unwrap_or(r)))
            })
            .collect()
    }

    /// The interval of a matrix's entries, column by column.
    fn entries(&self, m: &Matrix) -> Vec<Interval> {
        let n = index(m.cols);
        if self.weights == WeightMode::Private {
            return vec![ANY_SUM; n];
        }
        let mut rows = m.weights.chunks_exact(n);
        let mut all: Vec<Interval> = rows.next().unwrap_or(&[]).iter().map(|&w| Interval::new(w, w)).collect();
        for row in rows {
            all.iter_mut().zip(row).for_each(|(own, &w)| *own = Interval::new(own.lo.min(w), own.hi.max(w)));
        }
        all
    }

    /// Intervals of all wires and sums.
    ///
    /// # Errors
    /// When a sum could exceed the interpreter's exact range, or a value can never be inside its range.
    pub fn bounds(&self) -> Result<Bounds, ProgramError> {
        let mut wires: Vec<Interval> = self.constants.iter().map(|&c| Interval::new(c, c)).collect();
        for t in &self.inputs {
            wires.extend(std::iter::repeat_n(Interval::from(t), len_of(&t.shape)));
        }
        let mut sums: Vec<Vec<Option<Interval>>> = self.matrices.iter().map(|m| vec![None; index(m.cols)]).collect();
        let tables: Vec<OnceCell<TableRanges>> = self.tables.iter().map(|_| OnceCell::new()).collect();
        let largest = |m: &Matrix| m.weights.iter().map(|w| w.unsigned_abs()).max().unwrap_or(0);
        let largest: Vec<u64> = self.matrices.iter().map(largest).collect();
        // Items of a batch have equal intervals: what a matrix makes of them is computed once, and found where it was put.
        let mut known: HashMap<(usize, Vec<Interval>), usize> = HashMap::new();
        // What is selected from a matrix does not depend on the index.
        let mut selected: HashMap<usize, usize> = HashMap::new();
        for ins in &self.instructions {
            match ins {
                Instruction::Linear(l) => {
                    let id = index(l.matrix.0);
                    let m = &self.matrices[id];
                    let k = index(m.rows);
                    for x in l.x.chunks_exact(k) {
                        let x: Vec<Interval> = x.iter().map(|w| wires[w.index()]).collect();
                        let key = (id, x);
                        if let Some(&first) = known.get(&key) {
                            wires.extend_from_within(first..first.saturating_add(index(m.cols)));
                            continue;
                        }
                        let outputs = self.applied(&l.name, m, largest[id], &key.1, &tables)?;
                        for (s, (z, _)) in sums[id].iter_mut().zip(&outputs) {
                            *s = Some(s.map_or(*z, |s| s.union(*z)));
                        }
                        known.insert(key, wires.len());
                        wires.extend(outputs.iter().map(|(_, out)| *out));
                    }
                }
                Instruction::Product(p) => {
                    let mut ys = Vec::new();
                    for i in 0..index(p.len) {
                        let mut z = (0i128, 0i128);
                        for t in &p.terms {
                            let (a, b) = wires[t.a[i].index()].times_interval(wires[t.b[i].index()]);
                            let f = i128::from(t.factor);
                            let pair = a.checked_mul(f).zip(b.checked_mul(f)).ok_or_else(|| overflow(&p.name))?;
                            z = sum(&p.name, z, (pair.0.min(pair.1), pair.0.max(pair.1)))?;
                        }
                        let z = checked(&p.name, z.0, z.1)?;
                        let (r, y) = self.requantized(&p.name, &p.requant, z, &tables)?;
                        wires.push(r);
                        ys.extend(y);
                    }
                    wires.extend(ys);
                }
                Instruction::MatMul(m) => {
                    let (k, n) = (index(m.inner), m.cols());
                    let of = |list: &[Wire]| list.iter().map(|w| wires[w.index()]).collect::<Vec<Interval>>();
                    let (x, y) = (of(&m.x), of(&m.y));
                    for x in x.chunks_exact(k) {
                        let mut row = vec![(0i128, 0i128); n];
                        for (a, right) in x.iter().zip(y.chunks_exact(n)) {
                            for (z, b) in row.iter_mut().zip(right) {
                                *z = sum(&m.name, *z, a.times_interval(*b))?;
                            }
                        }
                        for (lo, hi) in row {
                            let z = checked(&m.name, lo, hi)?;
                            let (r, y) = self.requantized(&m.name, &m.requant, z, &tables)?;
                            wires.push(y.unwrap_or(r));
                        }
                    }
                }
                Instruction::Select(s) => {
                    let id = index(s.matrix.0);
                    let m = &self.matrices[id];
                    // Of all rows, whatever the index.
                    if sums[id].iter().any(Option::is_none) {
                        sums[id] = self.entries(m).into_iter().map(Some).collect();
                    }
                    let first = selected.get(&id).copied().unwrap_or(wires.len());
                    if selected.insert(id, first).is_none() {
                        for (z, requant) in sums[id].iter().zip(&m.requant) {
                            let z = z.unwrap_or(ANY_SUM);
                            let (r, y) = match self.weights {
                                WeightMode::Fixed => self.requantized(&s.name, requant, z, &tables)?,
                                WeightMode::Private => self.looked_up(&s.name, requant, self.word(), &tables)?,
                            };
                            wires.push(y.unwrap_or(r));
                        }
                    } else {
                        wires.extend_from_within(first..first.saturating_add(index(m.cols)));
                    }
                    for _ in 1..s.x.len() {
                        wires.extend_from_within(first..first.saturating_add(index(m.cols)));
                    }
                }
                Instruction::Max(m) => {
                    let size = m.size();
                    for g in m.x.chunks_exact(size) {
                        let at = |w: &Wire| wires[w.index()];
                        let lo = g.iter().map(|w| at(w).lo).max().unwrap_or(0);
                        let hi = g.iter().map(|w| at(w).hi).max().unwrap_or(0);
                        wires.push(Interval::new(lo, hi));
                    }
                }
            }
        }
        let sums =
            sums.into_iter().map(|m| m.into_iter().map(|s| s.unwrap_or(Interval::new(0, 0))).collect()).collect();
        Ok(Bounds { wires, sums })
    }
}

/// The intervals of a matrix's sums, where even the sum of all magnitudes is in the exact range, so that 64 bits hold every
/// partial sum.
fn short_sums(m: &Matrix, n: usize, largest: u64, x: &[Interval]) -> Option<Vec<Interval>> {
    let reach = x.iter().map(|b| b.magnitude()).fold(0i128, i128::saturating_add);
    if reach.checked_mul(i128::from(largest))? >= 1 << SUM_BITS {
        return None;
    }
    let mut sums = vec![Interval::new(0, 0); n];
    for (b, weights) in x.iter().zip(m.weights.chunks_exact(n)).filter(|(b, _)| b.lo != 0 || b.hi != 0) {
        for (z, &w) in sums.iter_mut().zip(weights) {
            // Below 2^60 each, and so are the sums.
            let (a, b) = (b.lo.wrapping_mul(w), b.hi.wrapping_mul(w));
            *z = Interval::new(z.lo.wrapping_add(a.min(b)), z.hi.wrapping_add(a.max(b)));
        }
    }
    Some(sums)
}

/// The sum of two intervals. Partial sums may be far beyond the exact range, but not beyond 128 bits.
fn sum(name: &str, a: (i128, i128), b: (i128, i128)) -> Result<(i128, i128), ProgramError> {
    a.0.checked_add(b.0).zip(a.1.checked_add(b.1)).ok_or_else(|| overflow(name))
}

fn overflow(name: &str) -> ProgramError {
    ProgramError::Overflow { name: name.to_owned(), bound: i128::MAX, limit_bits: SUM_BITS }
}

fn checked(name: &str, lo: i128, hi: i128) -> Result<Interval, ProgramError> {
    let bound = lo.saturating_abs().max(hi.saturating_abs());
    match (i64::try_from(lo), i64::try_from(hi)) {
        (Ok(lo), Ok(hi)) if bound < 1 << SUM_BITS => Ok(Interval::new(lo, hi)),
        _ => Err(ProgramError::Overflow { name: name.to_owned(), bound, limit_bits: SUM_BITS }),
    }
}

/// `floor((z + 2^(d−1)) / 2^d)`: division by 2^d, rounding half up. Exact for |z| < 2^62 and d < 60; sums of a valid program
/// are below 2^60.
pub(crate) fn rescale(z: i64, drop: u8) -> i64 {
    let half = drop.checked_sub(1).map_or(0, |bits| pow2(u32::from(bits)));
    z.saturating_add(half) >> u32::from(drop).min(63)
}
