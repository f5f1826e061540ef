//! What the arguments rely on: order of commitments, boundary rows, full lanes; and halo2's own checker as a second opinion.
#![allow(missing_docs)]

mod support;

use halo2_proofs::halo2curves::bn256::Fr;
use support::Bench;
use vouch_circuit::CircuitParams;
use vouch_program::{Interval, Program, Requant};
use vouch_testing::random_program;

/// Everything that a challenge is applied to is committed before the challenge is drawn, and nothing else is.
#[test]
fn challenges_come_after_what_they_bind() {
    for seed in 0..40 {
        let bench = Bench::new(random_program(seed).0);
        let phase = bench.cs.advice_column_phase();
        let c = &bench.config;
        let mut first = Vec::new();
        let mut second = Vec::new();
        for lane in &c.linear {
            first.extend(lane.limbs.iter().chain([&lane.slope, &lane.y]));
            second.push(&lane.acc);
        }
        for lane in &c.product {
            first.extend(lane.operands.iter().chain(&lane.limbs).chain([&lane.slope, &lane.y, &lane.r]));
        }
        for lane in &c.matrix {
            second.extend([&lane.x, &lane.acc]);
        }
        for lane in &c.select {
            first.push(&lane.index);
            second.extend([&lane.value, &lane.psi]);
        }
        // Combined weights are what the key commits to, for μ.
        let weights: Vec<_> = c.weights().filter_map(|weights| weights.combined()).collect();
        second.extend(&weights);
        if let Some(lookup) = &c.lookup {
            first.push(&lookup.multiplicity);
            second.extend(lookup.helpers.iter().chain([&lookup.phi]));
        }
        assert!(first.iter().all(|c| phase[c.index()] == 0), "seed {seed}");
        assert!(second.iter().all(|c| phase[c.index()] == 1), "seed {seed}");
        assert!(first.len() + second.len() >= phase.len() - 1, "seed {seed}: a column of unknown role");
        assert!(bench.cs.challenge_phase().iter().all(|p| *p == 0), "seed {seed}");
    }
}

/// Rows that halo2 fills with random values are outside every gate: no fixed column has anything there.
#[test]
fn blinding_rows_are_unused() {
    for seed in 0..40 {
        let bench = Bench::new(random_program(seed).0);
        let p = &bench.layout.params;
        assert!(p.usable() + 1 + bench.cs.blinding_factors() < p.n(), "seed {seed}");
        for (i, column) in bench.fixed.iter().enumerate() {
            assert_eq!(column.len(), p.n());
            let unused = column[p.usable() + 1..].iter().all(|v| *v == Fr::zero());
            assert!(unused, "seed {seed}: fixed column {i}");
        }
    }
}

/// A program whose linear lanes are filled to the last usable row, so that a running combination ends in the row after it.
fn full_lanes() -> (Program, Vec<i64>) {
    let mut b = Program::builder(4);
    let x = b.input("x", &[2], 1.0, Interval::new(-3, 3));
    let usable = CircuitParams { k: 5, ..CircuitParams::default() }.usable();
    let columns = usable;
    let weights = (0..2 * columns as i64).map(|i| i % 3 - 1).collect();
    let m = b.matrix("w", 2, columns as u32, weights, vec![Requant::exact(); columns]);
    let first = b.linear("a", m, 1, 1, x.wires());
    let second = b.linear("b", m, 1, 1, vec![x.at(1), x.at(0)]);
    let mut outputs = first.wires();
    outputs.truncate(3);
    outputs.push(second.at(columns - 1));
    b.output("y", &[4], 1.0, outputs);
    (b.finish().unwrap(), vec![2, -3])
}

#[test]
fn lanes_can_be_full_to_the_last_row() {
    let (program, x) = full_lanes();
    let trace = program.run(&x).unwrap();
    let params = CircuitParams { linear_lanes: 2, ..CircuitParams::minimal(&program, 5).unwrap() };
    let bench = Bench::with_params(program, params);
    let p = &bench.layout.params;
    assert!(bench.layout.linear.iter().any(|l| l.len() == p.usable()), "{:?}", p);
    let first = bench.first(&trace);
    let second = bench.second(&first);
    let honest = bench.columns(&first, &second);
    assert_eq!(bench.violation(&honest), None);
    let last = p.usable() - 1;
    for place in bench.binding().into_iter().filter(|place| place.row() == last) {
        let mut first = first.clone();
        *place.of(&mut first) += Fr::one();
        bench.recount(&mut first);
        let second = bench.second(&first);
        assert!(bench.violation(&bench.columns(&first, &second)).is_some(), "{place:?} is free");
    }
    for lane in &bench.config.linear {
        for row in [last, last + 1] {
            let mut columns = honest.clone();
            columns.advice[lane.acc.index()][row] += Fr::one();
            assert!(bench.violation(&columns).is_some(), "the combination is free at row {row}");
        }
    }
}

/// halo2's own checker agrees: honest witnesses pass, and one with a wrong output, operand or limb does not.
#[test]
fn mock_prover_agrees() {
    for seed in 0..25 {
        let (program, x) = random_program(seed);
        let trace = program.run(&x).unwrap();
        Bench::new(program).mock_prover_agrees(&trace, 7, &format!("seed {seed}"));
    }
}
