//! Limbs of sums, and what they look up.
//!
//! The arithmetic here is about values, not about rows, and is checked: a trace that is not one of the program is refused.

use halo2_proofs::halo2curves::bn256::Fr;
use vouch_program::{Instruction, Max, Program, Requant, Trace, Wire};

use super::ProductColumns;
use crate::{
    CircuitError,
    config::signed,
    layout::{Layout, ProductRow},
    number::{index, long, pow2},
};

/// Tag of the identity function, which is also the range check.
pub(crate) const IDENTITY: u64 = 1;

/// Tag of the first table; the others follow.
pub(crate) const FIRST_TABLE: u64 = 2;

/// Tag of a table.
pub(crate) fn tag(rq: &Requant) -> u64 {
    rq.lookup.map_or(IDENTITY, |l| u64::from(l.table.0).saturating_add(FIRST_TABLE))
}

/// A sum that is looked up as it is.
pub(crate) const EXACT: Requant = Requant { drop: 0, lookup: None };

/// One end of a hidden input's range.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Bound {
    /// The factor of the value.
    pub sign: i64,
    /// What is added to make it a sum r that fits 2·limb_bits bits.
    pub constant: i64,
    /// What is added to r for the row's output.
    pub offset: i64,
}

/// The rows of a hidden input (see [`crate::chips::product`]). Bounds of inputs are below 2^60.
pub(crate) fn bound(program: &Program, input: usize, upper: bool) -> Bound {
    let half = program.word().lo;
    let mut tensors = program.inputs().iter().flat_map(|t| {
        let len = t.shape.iter().map(|d| index(*d)).product::<usize>();
        std::iter::repeat_n(vouch_program::Interval::from(t), len)
    });
    let Some(bounds) = tensors.nth(input) else { return Bound::default() };
    if upper {
        Bound { sign: -1, constant: bounds.hi.saturating_add(half), offset: 0 }
    } else {
        let offset = bounds.lo.saturating_sub(half);
        Bound { sign: 1, constant: offset.saturating_neg(), offset }
    }
}

/// One function lookup: limbs, slope and value.
pub(super) struct Decomposed {
    pub(super) limbs: Vec<u32>,
    pub(super) slope: i64,
    pub(super) y: i64,
    pub(super) r: i64,
}

/// Counts the uses of the table's rows while limbs are written.
pub(super) struct Limbs<'a> {
    program: &'a Program,
    layout: &'a Layout,
    counts: Vec<u64>,
}

fn refuse() -> CircuitError {
    CircuitError::Params("the trace leaves the range of a lane".into())
}

impl<'a> Limbs<'a> {
    /// Nothing is looked up so far, in a table of `rows` rows.
    pub(super) fn new(program: &'a Program, layout: &'a Layout, rows: usize) -> Self {
        Self { program, layout, counts: vec![0; rows] }
    }

    /// How often each row of the table was looked up.
    pub(super) fn multiplicities(&self) -> Vec<Fr> {
        self.counts.iter().map(|c| Fr::from(*c)).collect()
    }

    /// Counts uses of a row of the table.
    fn uses(&mut self, row: usize, times: u64) -> Result<(), CircuitError> {
        let count = self.counts.get_mut(row).ok_or_else(refuse)?;
        *count = count.checked_add(times).ok_or_else(refuse)?;
        Ok(())
    }

    /// Counts what the unused rows of a lane look up: the null entry, and zero limbs.
    pub(super) fn unused(&mut self, rows: usize, limbs: usize) -> Result<(), CircuitError> {
        self.uses(0, long(rows))?;
        self.uses(1, long(rows).saturating_mul(long(limbs).saturating_sub(1)))
    }

    /// Counts the range check of a limb, which is below 2^b.
    fn limb(&mut self, limb: u32) -> Result<(), CircuitError> {
        self.uses(index(limb).saturating_add(1), 1)
    }

    /// Splits a scaled-up sum and looks its function up.
    pub(super) fn decompose(&mut self, z: i64, rq: &Requant, limbs: usize) -> Result<Decomposed, CircuitError> {
        let p = &self.layout.params;
        let b = p.limb_bits;
        let up = p.drop_of(limbs).checked_sub(u32::from(rq.drop)).ok_or_else(refuse)?;
        // A sum that is scaled beyond 128 bits is beyond the lane's b·L ≤ 98, too.
        let scaled = 1i128.checked_shl(up).and_then(|by| i128::from(z).checked_mul(by)).ok_or_else(refuse)?;
        let shifted = scaled.checked_add(p.offset(limbs)).ok_or_else(refuse)?;
        if shifted < 0 || shifted >> p.bits(limbs) != 0 {
            return Err(refuse());
        }
        let mask = i128::from(pow2(b).saturating_sub(1));
        let limb = |i| u32::try_from((shifted >> p.bits(i)) & mask).map_err(|_| refuse());
        let out = (0..limbs).map(limb).collect::<Result<Vec<u32>, _>>()?;
        // l_{L−1}·2^b + l_{L−2} − 2^(2b−1)
        let word = i64::try_from(shifted >> p.drop_of(limbs)).map_err(|_| refuse())?;
        let r = word.saturating_sub(pow2(b.saturating_mul(2).saturating_sub(1)));
        let [.., fraction, top] = out.as_slice() else { return Err(refuse()) };
        let (fraction, top) = (i64::from(*fraction), *top);
        let (row, slope, y) = match rq.lookup {
            None => (index(top).saturating_add(1), 1, r),
            Some(l) => {
                let id = index(l.table.0);
                let table = self.program.tables().get(id).ok_or_else(refuse)?;
                let first = i64::from(table.first).saturating_add(pow2(b.saturating_sub(1)));
                let number = usize::try_from(i64::from(top).saturating_sub(first)).map_err(|_| refuse())?;
                let segment = table.segments.get(number).ok_or_else(refuse)?;
                let rise = segment.slope.checked_mul(fraction).ok_or_else(refuse)?;
                let y = segment.base.checked_add(rise).and_then(|y| y.checked_add(l.offset)).ok_or_else(refuse)?;
                (self.layout.tables.get(id).ok_or_else(refuse)?.index().saturating_add(number), segment.slope, y)
            }
        };
        for l in out.iter().take(limbs.saturating_sub(1)) {
            self.limb(*l)?;
        }
        self.uses(row, 1)?;
        Ok(Decomposed { limbs: out, slope, y, r })
    }

    /// Fills a row of a product lane. `chain`: the running product of a maximum.
    pub(super) fn product_row(
        &mut self,
        trace: &Trace,
        r: &ProductRow,
        row: usize,
        own: &mut ProductColumns,
        chain: &mut Fr,
    ) -> Result<(), CircuitError> {
        let limbs = self.layout.params.product_limbs;
        let at = |w: &Wire| trace.values[w.index()];
        match *r {
            ProductRow::Product { instruction, element } => {
                let Instruction::Product(q) = &self.program.instructions()[instruction] else { return Err(refuse()) };
                for (t, pair) in q.terms.iter().zip(own.operands.chunks_exact_mut(2)) {
                    pair[0][row] = signed(i128::from(at(&t.a[element])));
                    pair[1][row] = signed(i128::from(at(&t.b[element])));
                }
                let d = self.decompose(trace.sums[instruction][element], &q.requant, limbs)?;
                write(&d, own, row, d.y);
            }
            ProductRow::Bound { input, upper } => {
                let v = trace.values[self.program.constants().len().saturating_add(input)];
                let end = bound(self.program, input, upper);
                let sum = end.sign.checked_mul(v).and_then(|v| v.checked_add(end.constant)).ok_or_else(refuse)?;
                let d = self.decompose(sum, &EXACT, limbs)?;
                own.operands[0][row] = signed(i128::from(v));
                own.operands[1..4].iter_mut().for_each(|column| column[row] = Fr::one());
                write(&d, own, row, d.y.checked_add(end.offset).ok_or_else(refuse)?);
            }
            ProductRow::Max { instruction, group, pair, .. } => {
                let Instruction::Max(m) = &self.program.instructions()[instruction] else { return Err(refuse()) };
                self.maximum(m, group, pair, trace, row, own, chain)?;
            }
        }
        Ok(())
    }

    /// Fills a row of a maximum: both differences in two limbs each, and their product times that of the rows before.
    #[expect(clippy::too_many_arguments, reason = "a row: which, of what, to where")]
    fn maximum(
        &mut self,
        m: &Max,
        group: usize,
        pair: (usize, usize),
        trace: &Trace,
        row: usize,
        own: &mut ProductColumns,
        chain: &mut Fr,
    ) -> Result<(), CircuitError> {
        let far = || CircuitError::Params("operands of a maximum are too far apart".into());
        let group = m.x.chunks_exact(m.size().max(1)).nth(group).ok_or_else(refuse)?;
        let at = |w: &Wire| trace.values[w.index()];
        let y = group.iter().map(at).max().unwrap_or(0);
        let (a, c) = (at(&group[pair.0]), at(&group[pair.1]));
        let from = |v: i64| y.checked_sub(v).ok_or_else(far);
        let (from_a, from_c) = (from(a)?, from(c)?);
        let b = self.layout.params.limb_bits;
        let mask = pow2(b).saturating_sub(1);
        let digits = [from_a & mask, from_a >> b, from_c & mask, from_c >> b];
        let limbs = own.limbs.len();
        for (i, column) in own.limbs.iter_mut().enumerate() {
            let l = digits.get(i).copied().unwrap_or(0);
            column[row] = signed(i128::from(l));
            // The last one is the key of the null entry.
            if i != limbs.saturating_sub(1) {
                self.limb(u32::try_from(l).ok().filter(|l| i64::from(*l) <= mask).ok_or_else(far)?)?;
            }
        }
        self.uses(0, 1)?;
        if pair.0 == 0 {
            *chain = Fr::one();
        }
        own.operands[0][row] = signed(i128::from(a));
        own.operands[1][row] = signed(i128::from(c));
        own.operands[2][row] = *chain;
        // Both differences are below 2^(2b).
        *chain *= signed(i128::from(from_a)) * signed(i128::from(from_c));
        own.r[row] = *chain;
        own.y[row] = signed(i128::from(y));
        Ok(())
    }
}

/// Writes limbs, slope and rescaled sum of a row, and its output.
fn write(d: &Decomposed, own: &mut ProductColumns, row: usize, y: i64) {
    for (column, l) in own.limbs.iter_mut().zip(&d.limbs) {
        column[row] = Fr::from(u64::from(*l));
    }
    own.slope[row] = signed(i128::from(d.slope));
    own.y[row] = signed(i128::from(y));
    own.r[row] = signed(i128::from(d.r));
}
