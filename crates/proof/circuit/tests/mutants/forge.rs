//! What a cheating prover does after changing something: computes forward all that follows from it.

use std::collections::HashMap;

use halo2_proofs::halo2curves::bn256::Fr;
use vouch_circuit::{Cell, Column, FirstPhase, HashRow, Lane, ProductRow, Row};

use crate::support::{Bench, Columns, Place};

/// An integer as a field element.
pub fn int(v: i64) -> Fr {
    let m = Fr::from(v.unsigned_abs());
    if v < 0 { -m } else { m }
}

/// The integer that a field element stands for.
pub fn integer(v: Fr) -> i64 {
    let small = |v: Fr| {
        let bytes = v.to_bytes();
        let (low, high) = bytes.split_at(8);
        let low = u64::from_le_bytes(low.try_into().unwrap());
        high.iter().all(|b| *b == 0).then(|| i64::try_from(low).unwrap())
    };
    small(v).or_else(|| small(-v).map(|v| -v)).unwrap()
}

/// Counts again what is looked up, and computes the second phase.
pub fn finish(bench: &Bench, first: &FirstPhase) -> Columns {
    let mut first = first.clone();
    bench.recount(&mut first);
    bench.columns(&first, &bench.second(&first))
}

/// Gives a wire another value, with all its copies.
pub fn set_wire(bench: &Bench, first: &mut FirstPhase, wire: usize, to: Fr) {
    let home = bench.layout.home[wire];
    let delta = to - first.value(&bench.layout, home).unwrap();
    for place in bench.class(home) {
        *place.of(first) += delta;
    }
}

/// The wire of a public output.
pub fn output(bench: &Bench, i: usize) -> usize {
    bench.program.output_wires().nth(i).unwrap().index()
}

/// A row of a maximum as it must look for the claim `y`, as far as it can: the high limb holds what is left where the difference is negative.
pub fn maximum_row(first: &mut FirstPhase, bench: &Bench, row: usize, y: i64, start: i64) -> i64 {
    let ProductRow::Max { .. } = bench.layout.product[0][row] else { panic!("not a row of a maximum") };
    let b = 1i64 << bench.layout.params.limb_bits;
    let own = &mut first.product[0];
    let from = [0, 1].map(|i| y - integer(own.operands[i][row]));
    for (i, d) in from.into_iter().enumerate() {
        let d = d.max(0);
        own.limbs[2 * i][row] = int(d % b);
        own.limbs[2 * i + 1][row] = int(d / b);
    }
    own.y[row] = int(y);
    own.operands[2][row] = int(start);
    let next = start * from[0] * from[1];
    own.r[row] = int(next);
    next
}

/// The two cells that the linear check of the first matrix compares.
pub fn sides(bench: &Bench) -> (Cell, Cell) {
    let of_check = |(a, b): &&(Cell, Cell)| {
        matches!(a.column, Column::LinearAcc(_) | Column::MatrixAcc(_)) && matches!(b.column, Column::MatrixAcc(_))
    };
    *bench.layout.copies.iter().find(of_check).unwrap()
}

/// The advice column and row of a cell.
pub fn at<'a>(bench: &Bench, columns: &'a mut Columns, cell: Cell) -> &'a mut Fr {
    let own = bench.config.cell(cell).unwrap();
    &mut columns.advice[own.column.index()][own.row_offset]
}

/// Computes matrix lanes forward, with some advice cells kept as they are given.
fn forward(bench: &Bench, columns: &mut Columns, kept: &HashMap<(usize, usize), Fr>) {
    for ((column, row), v) in kept {
        columns.advice[*column][*row] = *v;
    }
    let partner: HashMap<Cell, Cell> = bench.layout.copies.iter().copied().collect();
    for piece in &bench.layout.pieces {
        let lane = &bench.config.matrix[piece.lane];
        for i in 0..piece.rows.len() {
            let at = piece.row + i;
            let row = at.index();
            if !kept.contains_key(&(lane.x.index(), row)) {
                let source = partner[&Cell { column: Column::MatrixX(piece.lane), row: at }];
                columns.advice[lane.x.index()][row] = bench.cell(source, columns);
            }
            let (position, next) = (piece.lane.index(), (lane.acc.index(), row + 1));
            solve(bench, columns, "matrix: operands times weights", position, 0, row, next);
        }
    }
}

/// Makes both sides of the linear check equal by the choice of one advice cell in a matrix lane.
pub fn balance(bench: &Bench, columns: &mut Columns, cell: (usize, usize)) {
    let (a, b) = sides(bench);
    let mut mismatch = |v: Fr| {
        forward(bench, columns, &HashMap::from([(cell, v)]));
        bench.cell(a, columns) - bench.cell(b, columns)
    };
    let (zero, one) = (mismatch(Fr::zero()), mismatch(Fr::one()));
    // The mismatch is an affine function of the cell.
    let v = -zero * (one - zero).invert().unwrap();
    assert_eq!(mismatch(v), Fr::zero());
}

/// Sets an advice cell so that a polynomial of a gate, which is affine in it, is zero; leaves a cell on which it does not depend.
fn solve(
    bench: &Bench,
    columns: &mut Columns,
    gate: &str,
    position: usize,
    polynomial: usize,
    row: usize,
    (column, at): (usize, usize),
) {
    let gate = bench.cs.gates().iter().filter(|g| g.name() == gate).nth(position).unwrap();
    let polynomial = &gate.polynomials()[polynomial];
    let now = bench.eval(polynomial, row, columns);
    columns.advice[column][at] += Fr::one();
    let slope = bench.eval(polynomial, row, columns) - now;
    columns.advice[column][at] -= Fr::one();
    if slope != Fr::zero() {
        columns.advice[column][at] -= now * slope.invert().unwrap();
    }
}

/// Computes the only hash lane forward from the values of its tensor, with one advice cell changed by 1, and shows the digest.
pub fn rehash(bench: &Bench, first: &FirstPhase, changed: Option<Place>) -> Columns {
    let mut columns = finish(bench, first);
    assert_eq!(bench.config.hash.len(), 1);
    let lane = &bench.config.hash[0];
    let place = changed.map(|place| match place {
        Place::HashState(_, i, row) => (lane.state[i].index(), row),
        Place::HashWork(_, i, row) => (lane.work[i].index(), row),
        _ => panic!("not a cell of a hash"),
    });
    let partner: HashMap<Cell, Cell> = bench.layout.copies.iter().copied().collect();
    let set = |columns: &mut Columns, gate: &str, polynomial, row, cell: (usize, usize)| {
        solve(bench, columns, gate, 0, polynomial, row, cell);
        if place == Some(cell) {
            columns.advice[cell.0][cell.1] += Fr::one();
        }
    };
    let copy = |columns: &mut Columns, i: usize, row: usize| {
        let Some(source) = partner.get(&Cell { column: Column::HashWork(Lane::default(), i), row: Row::new(row) })
        else {
            return;
        };
        let cell = (lane.work[i].index(), row);
        columns.advice[cell.0][cell.1] = bench.cell(*source, columns);
        if place == Some(cell) {
            columns.advice[cell.0][cell.1] += Fr::one();
        }
    };
    for (row, r) in bench.layout.hash[0].iter().enumerate() {
        match r {
            HashRow::Pack { .. } => {
                copy(&mut columns, 0, row);
                set(&mut columns, "hash: packing", 0, row, (lane.work[1].index(), row + 1));
            }
            HashRow::Input { .. } => {
                (1..3).for_each(|i| copy(&mut columns, i, row));
                (0..3).for_each(|i| set(&mut columns, "hash: input", i, row, (lane.state[i].index(), row + 1)));
            }
            HashRow::Round(_) => {
                (0..3).for_each(|i| set(&mut columns, "hash: round", i, row, (lane.work[i].index(), row)));
                (0..3).for_each(|i| set(&mut columns, "hash: round", 3 + i, row, (lane.state[i].index(), row + 1)));
            }
            HashRow::Packed | HashRow::Digest => {}
        }
    }
    let digest = bench.layout.hashes[0].digest;
    columns.instance[0] = bench.cell(Cell { column: Column::HashState(digest.lane), row: digest.row }, &columns);
    columns
}
