//! The random linear checks: both sides, their copies, their challenges, and private weights.

use halo2_proofs::halo2curves::bn256::Fr;
use vouch_circuit::{Cell, Column, Weights};

use crate::{
    Attack,
    forge::{at, balance, finish, sides},
    gate,
    subjects::{self, Subject},
    support::{
        Bench, Columns,
        mutant::{Mutant, Pair, class},
    },
};

/// The outputs of a program with another weight, whose check does not hold.
fn other_weights(bench: &Bench, other: &Subject) -> Columns {
    finish(bench, &bench.first(&other.program.run(&other.inputs).unwrap()))
}

/// Makes the check hold by the operand of the first copy of a class.
fn operand(class_of: &'static str, subject: Subject, other: Subject) -> Attack {
    Attack::new(Mutant::Copies(class_of), subject, move |bench| {
        let mut columns = other_weights(bench, &other);
        let own = |copy: &&(Cell, Cell)| class(&bench.layout, **copy) == class_of;
        let (a, _) = bench.layout.copies.iter().find(own).unwrap();
        let Column::MatrixX(lane) = a.column else { panic!("not an operand") };
        balance(bench, &mut columns, (bench.config.matrix[lane].x.index(), a.row.index()));
        columns
    })
}

/// The first output of a product of wires is wrong by 1, and its check holds by the operand of the first copy of a class.
fn factor(class_of: &'static str, subject: Subject) -> Attack {
    let inputs = subject.inputs.clone();
    Attack::new(Mutant::Copies(class_of), subject, move |bench| {
        let mut columns = wrong(bench, &inputs, &[(0, 1)]);
        let own = |copy: &&(Cell, Cell)| class(&bench.layout, **copy) == class_of;
        let (a, _) = bench.layout.copies.iter().find(own).unwrap();
        let Column::MatrixX(lane) = a.column else { panic!("not an operand") };
        balance(bench, &mut columns, (bench.config.matrix[lane].x.index(), a.row.index()));
        columns
    })
}

/// Outputs of the first instruction that are wrong by these amounts.
fn wrong(bench: &Bench, inputs: &[i64], changes: &[(usize, i64)]) -> Columns {
    let mut trace = bench.program.run(inputs).unwrap();
    let start = bench.program.constants().len() + bench.program.input_len();
    for &(element, delta) in changes {
        trace.sums[0][element] += delta;
        trace.values[start + element] += delta;
    }
    finish(bench, &bench.first(&trace))
}

/// Two outputs that are wrong by opposite amounts, whose factors in the check are powers of two challenges.
fn opposite(pair: Pair, subject: Subject, elements: fn(usize) -> [usize; 2]) -> Attack {
    let inputs = subject.inputs.clone();
    Attack::new(Mutant::Equal(pair), subject, move |bench| {
        let [higher, lower] = elements(bench.layout.checks.first().map_or(1, |check| check.per_pack));
        wrong(bench, &inputs, &[(higher, 1), (lower, -1)])
    })
}

/// Makes the check hold by the combined weight of the first operand.
fn combined(bench: &Bench, other: &Subject) -> Columns {
    let mut columns = other_weights(bench, other);
    let piece = bench.layout.pieces.iter().find(|p| matches!(p.rows[0].weights, Weights::Packed { .. })).unwrap();
    let w = bench.config.matrix[piece.lane].weights.combined().unwrap();
    balance(bench, &mut columns, (w.index(), piece.row.index()));
    columns
}

pub fn attacks() -> Vec<Attack> {
    let linear = || subjects::linear(11);
    let convolution = || subjects::convolution(1);
    let equal = |bench: &Bench, columns: &mut Columns, left: bool| {
        let (a, b) = sides(bench);
        let (to, from) = if left { (a, b) } else { (b, a) };
        let v: Fr = bench.cell(from, columns);
        *at(bench, columns, to) = v;
    };
    let mut out = vec![
        Attack::new(gate("linear: running combination", 0), linear(), move |bench| {
            let mut columns = other_weights(bench, &subjects::linear(9));
            equal(bench, &mut columns, true);
            columns
        }),
        Attack::new(gate("matrix: operands times weights", 0), linear(), move |bench| {
            let mut columns = other_weights(bench, &subjects::linear(9));
            equal(bench, &mut columns, false);
            columns
        }),
        Attack::new(Mutant::Copies("matrix, both sides are equal"), linear(), |bench| {
            other_weights(bench, &subjects::linear(9))
        }),
        operand("matrix, operand is a value", linear(), subjects::linear(9)),
        operand("matrix, combination goes on in the next lane", subjects::long(1), subjects::long(2)),
        Attack::new(Mutant::PrivateWeights, subjects::private(11), |bench| combined(bench, &subjects::private(9))),
        Attack::new(Mutant::VirtualWeights, linear(), |bench| combined(bench, &subjects::linear(9))),
    ];
    for class in [
        "matrix, operand is a combination",
        "matrix, first item is a combination",
        "matrix, item is a combination",
        "matrix, item is a combination of outputs",
        "matrix, item is a value",
        "matrix, item is a constant",
    ] {
        out.push(operand(class, convolution(), subjects::convolution(2)));
    }
    out.extend([
        factor("matrix, second factor is a combination", subjects::mat_mul(2)),
        factor("matrix, second factor is a value", subjects::mat_mul(1)),
        // Factors of an output of row m and column n: τ^(1−m)·σ^(1−n).
        opposite(Pair::SigmaTau, subjects::mat_mul(2), |_| [1, 2]),
    ]);
    // Factors of pack g of position t, of two packs and T positions: τ^(T−1−t)·μ^(1−g), or σ for τ inside a row.
    const N: usize = subjects::COLUMNS as usize;
    out.extend([
        opposite(Pair::MuTau, subjects::packs(2, 1), |pack| [pack, N]),
        opposite(Pair::MuSigma, subjects::packs(2, 2), |pack| [pack, N]),
        opposite(Pair::SigmaTau, subjects::packs(4, 2), |_| [N, 2 * N]),
    ]);
    out
}
