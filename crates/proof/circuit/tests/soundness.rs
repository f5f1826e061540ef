//! Every gate, argument and instruction: an honest witness is accepted, and with one cell changed it is rejected.
#![allow(missing_docs)]

mod support;

use halo2_proofs::halo2curves::bn256::Fr;
use rand::{Rng, SeedableRng};
use rand_chacha::ChaCha8Rng;
use support::{Bench, Place};
use vouch_circuit::{CircuitError, CircuitParams, Column, FirstPhase, Layout};
use vouch_program::{Interval, Program, Requant, Term};
use vouch_testing::random_program;

#[test]
fn honest_witnesses_are_accepted() {
    for seed in 0..300 {
        let (program, x) = random_program(seed);
        let trace = program.run(&x).unwrap();
        let bench = Bench::new(program);
        let first = bench.first(&trace);
        let second = bench.second(&first);
        let columns = bench.columns(&first, &second);
        assert_eq!(bench.violation(&columns), None, "seed {seed}");
        let mut again = first.clone();
        bench.recount(&mut again);
        assert!(again.multiplicity == first.multiplicity, "seed {seed}: multiplicities");
    }
}

/// Every meaningful cell of the first phase, changed by 1, by −1 and at random; the second phase and the multiplicities follow as a
/// cheating prover would compute them.
#[test]
fn every_first_phase_cell_is_bound() {
    let mut rng = ChaCha8Rng::seed_from_u64(1);
    let mut tried = 0;
    for seed in 0..120 {
        let (program, x) = random_program(seed);
        let trace = program.run(&x).unwrap();
        let bench = Bench::new(program);
        let honest = bench.first(&trace);
        for place in bench.binding() {
            let deltas = [Fr::one(), -Fr::one(), Fr::from(rng.r#gen::<u64>())];
            let delta = deltas[tried % 3];
            let mut first = honest.clone();
            *place.of(&mut first) += delta;
            bench.recount(&mut first);
            let second = bench.second(&first);
            let columns = bench.columns(&first, &second);
            assert!(bench.violation(&columns).is_some(), "seed {seed}: {place:?} is free");
            tried += 1;
        }
    }
    assert!(tried > 5_000, "only {tried} cells");
}

/// Every cell of the second phase on usable rows.
#[test]
fn every_second_phase_cell_is_bound() {
    let mut selections = 0;
    for seed in 0..20 {
        let (program, x) = random_program(seed);
        let trace = program.run(&x).unwrap();
        let bench = Bench::new(program);
        selections += bench.layout.selections.len();
        let first = bench.first(&trace);
        let second = bench.second(&first);
        let honest = bench.columns(&first, &second);
        let u = bench.layout.params.usable();
        let mut places: Vec<(usize, usize)> = Vec::new();
        for (lane, rows) in bench.config.linear.iter().zip(&bench.layout.linear) {
            places.extend((1..=rows.len()).map(|r| (lane.acc.index(), r)));
        }
        for piece in &bench.layout.pieces {
            let lane = &bench.config.matrix[piece.lane];
            places.extend((0..piece.rows.len()).map(|i| (lane.x.index(), (piece.row + i).index())));
            places.extend((0..piece.rows.len()).map(|i| (lane.acc.index(), (piece.row + i + 1).index())));
        }
        for selection in &bench.layout.selections {
            let lane = &bench.config.select[selection.at.lane.index()];
            let (entries, reads) = bench.places(selection);
            places
                .extend(entries.flat_map(|r| [(lane.index.index(), r), (lane.weights.combined().unwrap().index(), r)]));
            places.extend(reads.flat_map(|r| [(lane.index.index(), r), (lane.value.index(), r)]));
        }
        places.extend(bench.config.select.iter().flat_map(|lane| (0..=u).map(|r| (lane.psi.index(), r))));
        if let Some(chip) = &bench.config.lookup {
            places.extend((0..u).map(|r| (chip.multiplicity.index(), r)));
            places.extend((0..=u).map(|r| (chip.phi.index(), r)));
            places.extend(chip.helpers.iter().flat_map(|h| (0..u).map(|r| (h.index(), r))));
        }
        for (column, row) in places {
            let mut columns = honest.clone();
            columns.advice[column][row] += Fr::from(3);
            assert!(bench.violation(&columns).is_some(), "seed {seed}: advice {column} row {row} is free");
        }
    }
    assert!(selections > 1, "only {selections} selections");
}

/// A prover who changes a value together with all its copies (in the first phase) cannot get through either.
#[test]
fn every_wire_is_bound_with_all_its_copies() {
    let mut tried = 0;
    for seed in 0..60 {
        let (program, x) = random_program(seed);
        let trace = program.run(&x).unwrap();
        let inputs = program.constants().len() + program.input_len();
        let bench = Bench::new(program);
        let honest = bench.first(&trace);
        for wire in inputs..trace.values.len() {
            let home = bench.layout.home[wire];
            let class: Vec<Place> = bench.class(home);
            if class.is_empty() {
                continue;
            }
            for delta in [Fr::one(), -Fr::one(), Fr::from(1 << 12)] {
                let mut first = honest.clone();
                for place in &class {
                    *place.of(&mut first) += delta;
                }
                bench.recount(&mut first);
                let second = bench.second(&first);
                let columns = bench.columns(&first, &second);
                assert!(bench.violation(&columns).is_some(), "seed {seed}: wire {wire} can be changed");
                tried += 1;
            }
        }
    }
    assert!(tried > 1_000, "only {tried}");
}

/// Public values that are not those of the run.
#[test]
fn every_public_value_is_bound() {
    for seed in 0..60 {
        let (program, x) = random_program(seed);
        let trace = program.run(&x).unwrap();
        let bench = Bench::new(program);
        let first = bench.first(&trace);
        for i in 0..first.instance.len() {
            let used = bench
                .layout
                .copies
                .iter()
                .any(|(a, b)| [a, b].iter().any(|c| c.column == Column::Instance && c.row == i));
            let mut wrong = first.clone();
            wrong.instance[i] += Fr::one();
            let second = bench.second(&wrong);
            let columns = bench.columns(&wrong, &second);
            // An input that nothing uses is bound by the transcript alone.
            assert_eq!(bench.violation(&columns).is_some(), used, "seed {seed}: public value {i}");
        }
    }
}

/// More products of each kind than a lane has rows: lanes with and without columns for a second term, one with rows of both kinds, and a maximum
/// that crosses from a lane into the next.
fn products_in_many_lanes() -> (Program, Vec<i64>) {
    let mut b = Program::builder(4);
    let x = b.input("x", &[4], 1.0, Interval::new(-5, 5));
    let many = |from: usize, n: usize| (0..n).map(|i| x.at((from + i) % 4)).collect::<Vec<_>>();
    let term = |factor, from, n| Term { factor, a: many(from, n), b: many(from + 1, n) };
    let (one, _) = b.product("one", vec![term(3, 0, 20)], Requant::rescale(1));
    let (two, _) = b.product("two", vec![term(1, 0, 30), term(-2, 2, 30)], Requant::exact());
    let max = b.max("max", 20, one.wires());
    b.output("y", &[3], 1.0, vec![one.at(19), two.at(29), max.at(0)]);
    (b.finish().unwrap(), vec![1, -2, 3, 5])
}

#[test]
fn lanes_without_a_second_term_are_bound() {
    let (program, x) = products_in_many_lanes();
    let trace = program.run(&x).unwrap();
    let params = CircuitParams { product_lanes: 3, two_term_lanes: 2, ..CircuitParams::minimal(&program, 5).unwrap() };
    let short = CircuitParams { two_term_lanes: 1, ..params.clone() };
    assert!(matches!(Layout::new(&program, &short), Err(CircuitError::Rows { what: "products of two terms", .. })));
    let bench = Bench::with_params(program, params);
    let operands: Vec<usize> = bench.config.product.iter().map(|lane| lane.operands.len()).collect();
    assert_eq!(operands, [4, 4, 3]);
    assert!(bench.layout.product.iter().all(|rows| !rows.is_empty()));
    let honest = bench.first(&trace);
    let violation = |first: &FirstPhase| bench.violation(&bench.columns(first, &bench.second(first)));
    assert_eq!(violation(&honest), None);
    let (mut tried, mut lanes) = (0, [false; 3]);
    for place in bench.binding() {
        let mut first = honest.clone();
        *place.of(&mut first) += Fr::one();
        bench.recount(&mut first);
        assert!(violation(&first).is_some(), "{place:?} is free");
        if let Place::Operand(lane, ..) = place {
            lanes[lane] = true;
        }
        tried += 1;
    }
    assert!(tried > 400 && lanes == [true; 3], "{tried} cells, lanes {lanes:?}");
}
