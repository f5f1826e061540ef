//! The values of select lanes.

use ff::BatchInvert;
use halo2_proofs::halo2curves::bn256::Fr;
use vouch_program::{Program, Trace};

use super::{Challenges, FirstPhase, column_length, weights::combined_rows};
use crate::{
    cells::{LaneRow, rows_to},
    config::signed,
    layout::{Column, Layout},
    number::long,
};

/// The indices, and how often each row of a matrix is selected.
pub(super) fn first_phase(program: &Program, layout: &Layout, trace: &Trace) -> Vec<Vec<Fr>> {
    let p = &layout.params;
    let mut lanes = vec![vec![Fr::zero(); column_length(p)]; p.select_lanes];
    for selection in &layout.selections {
        let LaneRow { lane, row } = selection.at;
        let entries = selection.entries(program);
        let own = &mut lanes[lane];
        for (i, (wire, _)) in selection.reads.iter().enumerate() {
            let value = trace.values[wire.index()];
            own[row + entries + i] = signed(i128::from(value));
            // The program has refused others.
            if let Some(entry) = usize::try_from(value).ok().filter(|entry| *entry < entries) {
                own[row + entry] += Fr::one();
            }
        }
    }
    lanes
}

/// Second-phase columns, one of each kind for each lane.
pub(super) struct SecondPhaseColumns {
    pub(super) value: Vec<Vec<Fr>>,
    pub(super) psi: Vec<Vec<Fr>>,
    pub(super) weights: Vec<Vec<Fr>>,
}

pub(super) fn second_phase(
    program: &Program,
    layout: &Layout,
    first: &FirstPhase,
    linear_acc: &[Vec<Fr>],
    ch: &Challenges,
) -> SecondPhaseColumns {
    let p = &layout.params;
    let columns = || vec![vec![Fr::zero(); column_length(p)]; p.select_lanes];
    let (mut value, mut psi, mut weights) = (columns(), columns(), columns());
    // Denominators, and what is divided by them.
    let mut denominators = vec![vec![Fr::one(); p.usable()]; p.select_lanes];
    let mut numerators = vec![vec![Fr::zero(); p.usable()]; p.select_lanes];
    for selection in &layout.selections {
        let LaneRow { lane, row } = selection.at;
        let entries: Vec<usize> = (0..selection.entries(program)).collect();
        let tag = ch.theta * Fr::from(selection.tag);
        let d = |index: Fr, value: Fr| ch.beta + index + ch.theta * (value + tag);
        let combined = combined_rows(program, layout, &selection.check, 0, &entries, ch.mu);
        for (entry, w) in entries.iter().zip(combined) {
            let at = row + *entry;
            weights[lane][at] = w;
            denominators[lane][at] = d(Fr::from(long(*entry)), w);
            numerators[lane][at] = -first.select[lane][at];
        }
        for (i, (_, source)) in selection.reads.iter().enumerate() {
            let at = row + entries.len() + i;
            let cell = layout.cell_of(*source);
            let f = match cell.column {
                Column::LinearAcc(from) => linear_acc[from.index()][cell.row],
                _ => Fr::zero(),
            };
            value[lane][at] = f;
            denominators[lane][at] = d(first.select[lane][at], f);
            numerators[lane][at] = Fr::one();
        }
    }
    for ((psi, denominators), numerators) in psi.iter_mut().zip(&mut denominators).zip(numerators) {
        denominators.iter_mut().batch_invert();
        for row in rows_to(p.usable()) {
            psi[row + 1] = psi[row] + numerators[row] * denominators[row];
        }
    }
    SecondPhaseColumns { value, psi, weights }
}
