//! Rows that wires select: the running sum, what it is about, and the matrix behind it.

use halo2_proofs::halo2curves::bn256::Fr;

use crate::{
    Attack,
    forge::{finish, set_wire},
    gate, subjects,
    support::{
        Bench, Columns,
        mutant::{Mutant, Pair},
    },
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

/// The second matrix's row for the first matrix's index, with `more` added to its first output; and the uses of both rows
/// counted as the lie needs them.
fn row_of_the_other(bench: &Bench, more: i64) -> Columns {
    let n = bench.program.matrices()[0].cols as usize;
    let mut trace = bench.program.run(&[1, 1]).unwrap();
    let first = bench.program.constants().len() + bench.program.input_len();
    for i in 0..n {
        let v = trace.sums[1][i] + if i == 0 { more } else { 0 };
        (trace.sums[0][i], trace.values[first + i]) = (v, v);
    }
    let mut witness = bench.first(&trace);
    bench.recount(&mut witness);
    for (selection, uses) in bench.layout.selections.iter().zip([0, 2]) {
        witness.select[0][bench.places(selection).0.start + 1] = Fr::from(uses);
    }
    bench.columns(&witness, &bench.second(&witness))
}

/// Takes what the running sum ends with off all of it.
fn lowered(bench: &Bench) -> Columns {
    let mut columns = finish(bench, &other_row(bench));
    let own = &mut columns.advice[psi(bench)][..=bench.layout.params.usable()];
    let total = own[own.len() - 1];
    own.iter_mut().for_each(|v| *v -= total);
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
        attack(Mutant::LastSum, |bench| finish(bench, &other_row(bench))),
        attack(Mutant::FirstSum, lowered),
        attack(Mutant::Tags, |bench| row_of_the_other(bench, 0)),
        // The tag has the factor θ², and the first of two packs θ·μ: a pack that is one more pays for a tag that is one less.
        Attack::new(Mutant::Equal(Pair::MuTheta), subjects::select_columns(-5, 40), |bench| row_of_the_other(bench, 1)),
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
