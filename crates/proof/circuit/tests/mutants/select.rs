//! Rows that wires select: the running sum, what it is about, and the matrix behind it.

use halo2_proofs::halo2curves::bn256::Fr;

use crate::{
    Attack,
    forge::{finish, set_wire},
    gate, subjects,
    support::{Bench, Columns, mutant::Mutant},
};

const INPUTS: [i64; 2] = [1, 2];

/// A run that gives row 3 of the first matrix for the index 1.
fn other_row(bench: &Bench) -> vouch_circuit::FirstPhase {
    let honest = bench.program.run(&INPUTS).unwrap();
    let other = bench.program.run(&[3, 2]).unwrap();
    let mut trace = other.clone();
    let first = bench.program.constants().len();
    trace.values[first..first + 2].copy_from_slice(&honest.values[first..first + 2]);
    bench.first(&trace)
}

fn psi(bench: &Bench) -> usize {
    bench.config.select[0].psi.index()
}

/// The false row with another index in the select lane: the running sum is right, the copy is not.
fn index(bench: &Bench) -> Columns {
    let mut first = other_row(bench);
    let read = bench.places(&bench.layout.selections[0]).1.start;
    first.select[0][read] = Fr::from(3);
    finish(bench, &first)
}

/// The false row with the combination of the true one in the select lane.
fn value(bench: &Bench) -> Columns {
    let honest = finish(bench, &bench.first(&bench.program.run(&INPUTS).unwrap()));
    let mut columns = finish(bench, &other_row(bench));
    let lane = &bench.config.select[0];
    for column in [lane.value.index(), lane.psi.index(), lane.index.index()] {
        columns.advice[column] = honest.advice[column].clone();
    }
    columns
}

pub fn attacks() -> Vec<Attack> {
    let attack = |mutant, forge: fn(&Bench) -> Columns| Attack::new(mutant, subjects::select(-5), forge);
    vec![
        attack(gate("select: running sum", 0), |bench| {
            let mut columns = finish(bench, &other_row(bench));
            let last = bench.layout.params.usable();
            columns.advice[psi(bench)][last] = Fr::zero();
            columns
        }),
        // Both ends.
        attack(gate("select: running sum", 1), |bench| finish(bench, &other_row(bench))),
        attack(Mutant::Copies("select, index"), index),
        attack(Mutant::Copies("select, value"), value),
        attack(Mutant::VirtualWeights, |bench| {
            let other = subjects::select(-4);
            let first = bench.first(&other.program.run(&INPUTS).unwrap());
            let own = Bench { program: std::sync::Arc::new(other.program), ..Bench::new((*bench.program).clone()) };
            finish(&own, &first)
        }),
    ]
}

/// A row of another matrix in the same lane, whose index is the same, is no row of this one.
#[test]
fn rows_of_another_matrix_are_rejected() {
    let bench = Bench::new(subjects::select(-5).program);
    assert_eq!(bench.config.select.len(), 1);
    assert_ne!(bench.layout.selections[0].tag, bench.layout.selections[1].tag);
    let honest = bench.program.run(&[2, 2]).unwrap();
    let outputs: Vec<usize> = bench.program.output_wires().map(|w| w.index()).collect();
    for [to, from] in [[0, 2], [2, 0]] {
        let mut trace = honest.clone();
        for i in 0..2 {
            trace.values[outputs[to + i]] = honest.values[outputs[from + i]];
            trace.sums[to / 2][i] = honest.sums[from / 2][i];
        }
        assert_ne!(trace, honest);
        let columns = finish(&bench, &bench.first(&trace));
        assert!(bench.violation(&columns).is_some_and(|v| v.starts_with("select")));
    }
}

/// An index beyond the matrix has no row, whatever the outputs are.
#[test]
fn an_index_beyond_the_matrix_has_no_row() {
    let bench = Bench::new(subjects::select(-5).program);
    let honest = bench.program.run(&INPUTS).unwrap();
    let x = bench.program.constants().len() + 1;
    for index in [3, 4, -1, 1 << 20] {
        let mut first = bench.first(&honest);
        let to = crate::forge::int(index);
        set_wire(&bench, &mut first, x, to);
        first.instance[1] = to;
        let columns = finish(&bench, &first);
        assert!(bench.violation(&columns).is_some_and(|v| v.starts_with("select")), "{index}");
    }
}
