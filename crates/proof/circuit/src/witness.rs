//! The values of all advice columns.
//!
//! [`FirstPhase`] comes from a program's trace. [`SecondPhase`] is computed from the first phase's *columns* and the challenges alone, so
//! that a test can change any cell of the first phase and let the rest follow as a cheating prover would.

mod hash;
mod limbs;
mod select;
mod weights;

use ff::BatchInvert;
use halo2_proofs::halo2curves::bn256::Fr;
use rayon::prelude::*;
use vouch_program::{Instruction, Program, Requant, Trace, Visibility};

pub use hash::HashColumns;
use limbs::{EXACT, Limbs};
pub(crate) use limbs::{FIRST_TABLE, IDENTITY, bound, tag};

use crate::{
    CircuitError, CircuitParams, ModelConfig,
    cells::{Count, LaneRow, Row, rows_to},
    chips::lookup::Lookup,
    config::{inverse_pow2, pow2, signed},
    layout::{Cell, Column, Layout, LinearRow, Mul, ProductRow, Weights},
};

/// First-phase columns of a linear lane.
#[derive(Clone, Debug, PartialEq)]
pub struct LinearColumns {
    /// Limbs, least significant first.
    pub limbs: Vec<Vec<Fr>>,
    /// Slopes.
    pub slope: Vec<Fr>,
    /// Outputs.
    pub y: Vec<Fr>,
}

/// First-phase columns of a product lane.
#[derive(Clone, Debug, PartialEq)]
pub struct ProductColumns {
    /// Operands.
    pub operands: Vec<Vec<Fr>>,
    /// Limbs, least significant first.
    pub limbs: Vec<Vec<Fr>>,
    /// Slopes.
    pub slope: Vec<Fr>,
    /// Function values and maxima.
    pub y: Vec<Fr>,
    /// Rescaled sums and running products of maxima.
    pub r: Vec<Fr>,
}

/// All first-phase columns; each has `usable + 1` rows.
#[derive(Clone, Debug, PartialEq)]
pub struct FirstPhase {
    /// Of each tensor, inputs first: its values, its hash, or nothing.
    pub instance: Vec<Fr>,
    /// One for each linear lane.
    pub linear: Vec<LinearColumns>,
    /// One for each product lane.
    pub product: Vec<ProductColumns>,
    /// One for each select lane: the indices, and how often each row of a matrix is selected.
    pub select: Vec<Vec<Fr>>,
    /// One for each hash lane.
    pub hash: Vec<HashColumns>,
    /// Uses of each row of the lookup table.
    pub multiplicity: Vec<Fr>,
}

/// The challenges drawn after the first phase.
#[derive(Clone, Copy, Debug)]
pub struct Challenges {
    /// Combines outputs.
    pub mu: Fr,
    /// Combines positions of a row.
    pub sigma: Fr,
    /// Combines rows of positions.
    pub tau: Fr,
    /// Lookup argument.
    pub beta: Fr,
    /// Lookup argument.
    pub theta: Fr,
}

/// All second-phase columns; each has `usable + 1` rows.
#[derive(Clone, Debug, PartialEq)]
pub struct SecondPhase {
    /// `acc` of each linear lane.
    pub linear_acc: Vec<Vec<Fr>>,
    /// `x` of each matrix lane.
    pub matrix_x: Vec<Vec<Fr>>,
    /// `acc` of each matrix lane.
    pub matrix_acc: Vec<Vec<Fr>>,
    /// `value` of each select lane.
    pub select_value: Vec<Vec<Fr>>,
    /// Running sum of each select lane.
    pub select_psi: Vec<Vec<Fr>>,
    /// Combined weights of each matrix lane and then of each select lane, where the key commits to them.
    pub weights: Vec<Vec<Fr>>,
    /// Helpers of the lookup argument.
    pub helpers: Vec<Vec<Fr>>,
    /// Its running sum.
    pub phi: Vec<Fr>,
}

impl FirstPhase {
    /// Fills the first-phase columns from a run of the program.
    ///
    /// `salts`: one for each hashed tensor, inputs first.
    ///
    /// # Errors
    /// If the trace is not one of this program, or there is not one salt for each hashed tensor.
    pub fn new(program: &Program, layout: &Layout, trace: &Trace, salts: &[Fr]) -> Result<Self, CircuitError> {
        let p = &layout.params;
        let len = column_length(p);
        let column = || vec![Fr::zero(); len];
        let mut limbs = Limbs::new(program, layout, len);
        let mut linear = Vec::with_capacity(p.linear_lanes);
        for rows in &layout.linear {
            let mut own = LinearColumns { limbs: vec![column(); p.linear_limbs], slope: column(), y: column() };
            for (row, r) in rows.iter().enumerate() {
                let rq = requant(program, r);
                let d = limbs.decompose(trace.sums[r.instruction][r.element], rq, p.linear_limbs)?;
                for (column, l) in own.limbs.iter_mut().zip(&d.limbs) {
                    column[row] = Fr::from(u64::from(*l));
                }
                own.slope[row] = signed(i128::from(d.slope));
                own.y[row] = signed(i128::from(d.y));
            }
            limbs.unused(p.usable().saturating_sub(rows.len()), p.linear_limbs)?;
            linear.push(own);
        }
        let mut product = Vec::with_capacity(p.product_lanes);
        let mut chain = Fr::one();
        for (lane, rows) in layout.product.iter().enumerate() {
            let mut own = ProductColumns {
                operands: vec![column(); p.operands(lane)],
                limbs: vec![column(); p.product_limbs],
                slope: column(),
                y: column(),
                r: column(),
            };
            for (row, r) in rows.iter().enumerate() {
                limbs.product_row(trace, r, row, &mut own, &mut chain)?;
            }
            limbs.unused(p.usable().saturating_sub(rows.len()), p.product_limbs)?;
            product.push(own);
        }
        let multiplicity = limbs.multiplicities();
        let select = select::first_phase(program, layout, trace);
        let hash = hash::columns(layout, trace, salts)?;
        let instance = instance(program, layout, trace, &hash);
        Ok(Self { instance, linear, product, select, hash, multiplicity })
    }

    /// The value of a cell that takes part in copy constraints, if it is in this phase.
    pub fn value(&self, layout: &Layout, cell: Cell) -> Option<Fr> {
        let row = cell.row.index();
        match cell.column {
            Column::Instance => self.instance.get(row).copied(),
            Column::Constant => layout.constants.get(row).map(|c| signed(i128::from(*c))),
            Column::LinearY(lane) => self.linear.get(lane.index())?.y.get(row).copied(),
            Column::Operand(lane, i) => self.product.get(lane.index())?.operands.get(i)?.get(row).copied(),
            Column::ProductY(lane) => self.product.get(lane.index())?.y.get(row).copied(),
            Column::ProductR(lane) => self.product.get(lane.index())?.r.get(row).copied(),
            Column::HashState(lane) => self.hash.get(lane.index())?.state[1].get(row).copied(),
            Column::HashWork(lane, i) => self.hash.get(lane.index())?.work.get(i)?.get(row).copied(),
            Column::SelectIndex(lane) => self.select.get(lane.index())?.get(row).copied(),
            Column::LinearAcc(_) | Column::MatrixX(_) | Column::MatrixAcc(_) | Column::SelectValue(_) => None,
        }
    }
}

/// Rows of a column down to the last one that is not random: the usable ones, and one after them.
pub(crate) fn column_length(p: &CircuitParams) -> usize {
    (Count::new(p.usable()) + 1).get()
}

/// The public values of a run.
fn instance(program: &Program, layout: &Layout, trace: &Trace, hash: &[HashColumns]) -> Vec<Fr> {
    let digest = |LaneRow { lane, row }: LaneRow| Some(*hash.get(lane.index())?.state[1].get(row.index())?);
    let mut digests = layout.hashes.iter().filter_map(|h| digest(h.digest));
    let mut out = Vec::with_capacity(program.public_len());
    for (visibility, wires) in program.tensors() {
        match visibility {
            Visibility::Public => out.extend(wires.iter().map(|w| signed(i128::from(trace.values[w.index()])))),
            Visibility::Hashed => out.extend(digests.next()),
            Visibility::Private => {}
        }
    }
    out
}

fn requant<'a>(program: &'a Program, r: &LinearRow) -> &'a Requant {
    r.requant(program).unwrap_or(&EXACT)
}

impl SecondPhase {
    /// Computes the second phase.
    pub fn new(program: &Program, layout: &Layout, config: &ModelConfig, first: &FirstPhase, ch: &Challenges) -> Self {
        let (sums, (helpers, phi)) = rayon::join(
            || Self::sums(program, layout, first, ch),
            || lookup_columns(program, layout, config, first, ch),
        );
        Self { helpers, phi, ..sums }
    }

    /// The columns of the linear checks; those of the lookup argument are empty.
    fn sums(program: &Program, layout: &Layout, first: &FirstPhase, ch: &Challenges) -> Self {
        let p = &layout.params;
        let len = column_length(p);
        let factor = |mul: Mul| match mul {
            Mul::Start => Fr::zero(),
            Mul::Pow2(e) => pow2(e),
            Mul::Mu(e) => ch.mu * inverse_pow2(e),
            Mul::Sigma(e) => ch.sigma * inverse_pow2(e),
            Mul::Tau => ch.tau,
            // Times the operand of the row.
            Mul::Operand(e) => pow2(e),
        };
        let offset = signed(p.offset(p.linear_limbs));
        let powers: Vec<Fr> = (0..p.linear_limbs).map(|i| pow2(p.bits(i))).collect();
        let linear_acc: Vec<Vec<Fr>> = first
            .linear
            .iter()
            .zip(&layout.linear)
            .map(|(columns, rows)| {
                let mut acc = vec![Fr::zero(); len];
                for row in rows_to(p.usable()) {
                    let mut z = -offset;
                    for (l, power) in columns.limbs.iter().zip(&powers) {
                        z += l[row] * power;
                    }
                    let by = rows.get(row.index()).map_or(Fr::zero(), |r| factor(r.mul));
                    acc[row + 1] = acc[row] * by + z;
                }
                acc
            })
            .collect();
        let mut mu_c = Fr::one();
        for _ in 0..p.weight_columns {
            mu_c *= ch.mu;
        }
        let mut x = vec![vec![Fr::zero(); len]; p.matrix_lanes];
        let mut acc = vec![vec![Fr::zero(); len]; p.matrix_lanes];
        let mut combined = vec![vec![Fr::zero(); len]; p.matrix_lanes];
        let weights = weights::combined(program, layout, ch.mu);
        let mut next: Vec<Row> = vec![Row::TOP; layout.checks.len()];
        for piece in &layout.pieces {
            for (i, r) in piece.rows.iter().enumerate() {
                let row = piece.row + i;
                let lane = piece.lane;
                let cell = layout.cell_of(r.source);
                let value = match cell.column {
                    Column::LinearAcc(from) => linear_acc[from][cell.row],
                    Column::MatrixAcc(from) => acc[from][cell.row],
                    _ => first.value(layout, cell).unwrap_or(Fr::zero()),
                };
                let w = match r.weights {
                    Weights::Unit => Fr::one(),
                    Weights::Nothing => Fr::zero(),
                    Weights::Packed { check, .. } => {
                        let at = next[check];
                        next[check] = at + 1;
                        weights[check][at]
                    }
                };
                // Private weights leave out the rows that multiply by 1.
                let unit = p.private_weights && r.weights == Weights::Unit;
                if let Some(column) = combined.get_mut(lane.index()).filter(|_| !unit) {
                    column[row] = w;
                }
                let by = match r.mul {
                    Mul::Mu(_) => mu_c,
                    Mul::Operand(_) => value * factor(r.mul),
                    _ => factor(r.mul),
                };
                x[lane][row] = value;
                acc[lane][row + 1] = acc[lane][row] * by + value * w;
            }
            // Rows below the last piece are unused: their multiplier is 0, so the sum stays 0 there.
        }
        let select = select::second_phase(program, layout, first, &linear_acc, ch);
        combined.extend(select.weights);
        if !(p.private_weights || p.virtual_weights) {
            combined.clear();
        }
        Self {
            linear_acc,
            matrix_x: x,
            matrix_acc: acc,
            select_value: select.value,
            select_psi: select.psi,
            weights: combined,
            helpers: Vec::new(),
            phi: Vec::new(),
        }
    }
}

/// Helpers and running sum of the lookup argument.
fn lookup_columns(
    program: &Program,
    layout: &Layout,
    config: &ModelConfig,
    first: &FirstPhase,
    ch: &Challenges,
) -> (Vec<Vec<Fr>>, Vec<Fr>) {
    let Some(chip) = &config.lookup else { return (Vec::new(), Vec::new()) };
    let p = &layout.params;
    let (len, u) = (column_length(p), p.usable());
    let inverses = |lookup: &Lookup| {
        let mut d = denominators(program, layout, config, first, ch, lookup);
        d.par_chunks_mut(512).for_each(|c| {
            c.iter_mut().batch_invert();
        });
        d
    };
    let helpers: Vec<Vec<Fr>> = chip
        .groups
        .par_iter()
        .map(|group| {
            let mut h = vec![Fr::zero(); len];
            for lookup in group {
                for (h, d) in h.iter_mut().zip(inverses(lookup)) {
                    *h += d;
                }
            }
            h
        })
        .collect();
    let direct: Vec<Vec<Fr>> = chip.direct.par_iter().map(&inverses).collect();
    let mut table: Vec<Fr> = table_entries(program, layout, u)
        .into_par_iter()
        .map(|e| ch.beta + e[1] + ch.theta * (e[2] + ch.theta * (e[3] + ch.theta * e[0])))
        .collect();
    table.par_chunks_mut(512).for_each(|c| {
        c.iter_mut().batch_invert();
    });
    let mut phi = vec![Fr::zero(); len];
    for row in rows_to(u) {
        let mut step = -(first.multiplicity[row] * table[row]);
        for h in helpers.iter().chain(&direct) {
            step += h[row];
        }
        phi[row + 1] = phi[row] + step;
    }
    (helpers, phi)
}

/// (tag, key, base, slope) of every usable row of the table.
pub(crate) fn table_entries(program: &Program, layout: &Layout, rows: usize) -> Vec<[Fr; 4]> {
    let b = layout.params.limb_bits;
    let mut out = vec![[Fr::zero(); 4]; rows];
    // Integers as field elements, whose sums cannot overflow. The first row is the null entry.
    let half = pow2(b.saturating_mul(2).saturating_sub(1));
    let ranges = out.iter_mut().skip(1).zip(0..1u64 << b);
    for (entry, v) in ranges {
        *entry = [Fr::from(IDENTITY), Fr::from(v), Fr::from(v) * pow2(b) - half, Fr::one()];
    }
    let half = pow2(b.saturating_sub(1));
    for (tag, (table, first)) in (FIRST_TABLE..).zip(program.tables().iter().zip(&layout.tables)) {
        let mut key = signed(i128::from(table.first)) + half;
        for (entry, s) in out.iter_mut().skip(first.index()).zip(&table.segments) {
            let (base, slope) = (signed(i128::from(s.base)), signed(i128::from(s.slope)));
            *entry = [Fr::from(tag), key, base, slope];
            key += Fr::one();
        }
    }
    out
}

/// β + key + θ·value + θ²·slope + θ³·tag of one lookup in every usable row.
fn denominators(
    program: &Program,
    layout: &Layout,
    config: &ModelConfig,
    first: &FirstPhase,
    ch: &Challenges,
    lookup: &Lookup,
) -> Vec<Fr> {
    let p: &CircuitParams = &layout.params;
    let u = p.usable();
    let theta = ch.theta;
    let row_of = |tag: u64, offset: i64, limbs: &[Vec<Fr>], slope: Fr, y: Fr, i: usize| {
        // A lane has at least two limbs.
        let (top, fraction) = (limbs.len().saturating_sub(1), limbs.len().saturating_sub(2));
        let value = y - signed(i128::from(offset)) - slope * limbs[fraction][i];
        ch.beta + limbs[top][i] + theta * (value + theta * (slope + theta * Fr::from(tag)))
    };
    match *lookup {
        Lookup::Linear(lane) => {
            let c = &first.linear[lane];
            (0..u)
                .map(|i| {
                    let rq = layout.linear[lane].get(i).map(|r| requant(program, r));
                    let offset = rq.and_then(|r| r.lookup).map_or(0, |l| l.offset);
                    row_of(rq.map_or(0, tag), offset, &c.limbs, c.slope[i], c.y[i], i)
                })
                .collect()
        }
        Lookup::Product(lane) => {
            let c = &first.product[lane];
            (0..u)
                .map(|i| {
                    // A maximum looks up the null entry.
                    let entry = layout.product[lane].get(i).and_then(|r| match *r {
                        ProductRow::Product { instruction, .. } => match &program.instructions()[instruction] {
                            Instruction::Product(q) => {
                                Some((tag(&q.requant), q.requant.lookup.map_or(0, |l| l.offset)))
                            }
                            _ => None,
                        },
                        ProductRow::Bound { input, upper } => Some((IDENTITY, bound(program, input, upper).offset)),
                        ProductRow::Max { .. } => None,
                    });
                    let (tag, offset) = entry.unwrap_or((0, 0));
                    let y = if entry.is_some() { c.y[i] } else { Fr::zero() };
                    row_of(tag, offset, &c.limbs, c.slope[i], y, i)
                })
                .collect()
        }
        Lookup::Limb(column) => {
            let limbs = config
                .linear
                .iter()
                .zip(&first.linear)
                .flat_map(|(l, v)| l.limbs.iter().zip(&v.limbs))
                .chain(config.product.iter().zip(&first.product).flat_map(|(l, v)| l.limbs.iter().zip(&v.limbs)));
            let values = limbs.into_iter().find(|(c, _)| **c == column).map(|(_, v)| v.as_slice()).unwrap_or(&[]);
            let scale = Fr::one() + theta * pow2(p.limb_bits);
            let half = pow2(p.limb_bits.saturating_mul(2).saturating_sub(1));
            let constant = ch.beta + theta * (theta * (theta + Fr::one()) - half);
            values[..u].iter().map(|v| *v * scale + constant).collect()
        }
    }
}
