//! The columns of hash lanes.
use halo2_proofs::halo2curves::bn256::Fr;
use vouch_poseidon::{Poseidon, VALUE_BITS};
use vouch_program::{Trace, Wire};

use crate::{
    CircuitError, Layout,
    cells::{Count, in_rows},
    chips::hash::POSEIDON,
    config::{pow2, signed},
    layout::HashRow,
    witness::column_length,
};

/// First-phase columns of a hash lane.
#[derive(Clone, Debug, PartialEq)]
pub struct HashColumns {
    /// The state.
    pub state: [Vec<Fr>; 3],
    /// Squares, inputs, packing.
    pub work: [Vec<Fr>; 3],
}

/// Packing and rounds of every hash, each with its salt.
pub(super) fn columns(layout: &Layout, trace: &Trace, salts: &[Fr]) -> Result<Vec<HashColumns>, CircuitError> {
    let expected = layout.hashes.len();
    if salts.len() != expected {
        return Err(CircuitError::Salts { expected, got: salts.len() });
    }
    let len = column_length(&layout.params);
    let column = || std::array::from_fn(|_| vec![Fr::zero(); len]);
    let mut lanes = vec![HashColumns { state: column(), work: column() }; layout.hash.len()];
    let of = |values: &[Wire]| values.iter().map(|w| trace.values[w.index()]).collect::<Vec<_>>();
    let mut elements = Vec::with_capacity(expected);
    for (h, salt) in layout.hashes.iter().zip(salts) {
        let packed = Poseidon::<Fr>::pack(&of(&h.wires));
        let packed = packed.map_err(|e| CircuitError::Params(e.to_string()))?;
        elements.push(std::iter::once(*salt).chain(packed).collect::<Vec<_>>());
    }
    for (own, rows) in lanes.iter_mut().zip(&layout.hash) {
        let mut state = [Fr::zero(); 3];
        for (row, r) in in_rows(rows) {
            let mut set = |state: [Fr; 3], work: [Fr; 3]| {
                own.state.iter_mut().zip(state).for_each(|(column, v)| column[row] = v);
                own.work.iter_mut().zip(work).for_each(|(column, v)| column[row] = v);
            };
            match *r {
                HashRow::Pack { wire, first } => {
                    let v = signed(i128::from(trace.values[wire.index()]));
                    let element = own.work[1][row];
                    own.work[0][row] = v;
                    let shifted = if first { Fr::zero() } else { element * pow2(VALUE_BITS) };
                    own.work[1][row + 1] = shifted + v + pow2(VALUE_BITS - 1);
                }
                HashRow::Packed => {}
                HashRow::Input { hash, pair } => {
                    let at =
                        |i: usize| elements[hash].get((2 * Count::new(pair) + i).get()).copied().unwrap_or(Fr::zero());
                    let before = if pair == 0 { [Fr::zero(); 3] } else { state };
                    set(before, [Fr::zero(), at(0), at(1)]);
                    let start = if pair == 0 { Poseidon::start(layout.hashes[hash].wires.len()) } else { state };
                    state = [start[0], start[1] + at(0), start[2] + at(1)];
                }
                HashRow::Round(round) => {
                    let constants = POSEIDON.constants()[round];
                    let mut squares: [Fr; 3] = std::array::from_fn(|i| (state[i] + constants[i]).square());
                    if !Poseidon::<Fr>::is_full(round) {
                        squares[1..].fill(Fr::zero());
                    }
                    set(state, squares);
                    state = POSEIDON.round(round, state);
                }
                HashRow::Digest => set(state, [Fr::zero(); 3]),
            }
        }
    }
    Ok(lanes)
}
