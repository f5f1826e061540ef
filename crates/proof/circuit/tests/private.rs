//! Private weights: honest witnesses are accepted; one cell changed, or weights that are not those of the key, are rejected; the circuit tells nothing of them.
#![allow(missing_docs)]

mod support;

use std::sync::Arc;

use halo2_proofs::halo2curves::bn256::Fr;
use rand::{Rng, SeedableRng};
use rand_chacha::ChaCha8Rng;
use support::Bench;
use vouch_circuit::{
    CircuitParams, FirstPhase, Layout, ModelCircuit, Piece, Weights, chips::select::SelectLane, choose,
};
use vouch_program::{Instruction, Program, WeightMode};
use vouch_testing::random_program;

/// A random program with private weights; those without a matrix are left out, as are those whose sums the wider bounds refuse.
fn private_program(seed: u64) -> Option<(Program, Vec<i64>)> {
    let (program, x) = random_program(seed);
    let linear = program.instructions().iter().any(|i| matches!(i, Instruction::Linear(_)));
    linear.then(|| program.with_weights(WeightMode::Private).ok()).flatten().map(|p| (p, x))
}

fn programs(seeds: std::ops::Range<u64>) -> impl Iterator<Item = (u64, Program, Vec<i64>)> {
    seeds.filter_map(|seed| private_program(seed).map(|(program, x)| (seed, program, x)))
}

fn violation(bench: &Bench, first: &FirstPhase) -> Option<String> {
    bench.violation(&bench.columns(first, &bench.second(first)))
}

/// The cheapest layout that has so many weight columns, and so continues chains from chunk to chunk.
fn narrow(program: &Program, columns: usize) -> CircuitParams {
    let mut params = choose(program, 1, Default::default(), None).unwrap().params;
    params.weight_columns = columns;
    while Layout::new(program, &params).is_err() {
        params.matrix_lanes += usize::from(params.matrix_lanes > 0);
        params.weight_columns += usize::from(params.matrix_lanes == 0 || params.select_lanes > 0);
    }
    params
}

#[test]
fn honest_witnesses_are_accepted() {
    let mut tried = 0;
    for (seed, program, x) in programs(0..500) {
        let trace = program.run(&x).unwrap();
        for columns in [1, 3] {
            let bench = Bench::with_params(program.clone(), narrow(&program, columns));
            assert!(bench.layout.params.private_weights && !bench.weights.is_empty());
            assert_eq!(violation(&bench, &bench.first(&trace)), None, "seed {seed}");
        }
        tried += 1;
    }
    assert!(tried > 100, "only {tried}");
}

/// Columns, gates, fixed values and copies are those of the program without weights: a key that everybody can make again, but for the commitments.
#[test]
fn the_circuit_does_not_depend_on_weights() {
    for (seed, program, _) in programs(0..60) {
        let public = program.without_weights();
        assert!(!public.has_weights() && program.has_weights());
        assert_eq!(public.public_digest(), program.public_digest(), "seed {seed}");
        assert_ne!(public.digest(), program.digest());
        assert_eq!(Program::from_bytes(&public.to_bytes()).unwrap(), public);
        let params = choose(&program, 1, Default::default(), None).unwrap();
        assert_eq!(choose(&public, 1, Default::default(), None).unwrap(), params);
        let bench = Bench::with_params(program, params.params.clone());
        let layout = Layout::new(&public, &params.params).unwrap();
        assert_eq!(layout.copies, bench.layout.copies);
        let own = ModelCircuit::fixed(&bench.program, &bench.layout, &bench.config);
        assert_eq!(ModelCircuit::fixed(&public, &layout, &bench.config), own, "seed {seed}");
        assert_eq!(public.run(&[]), Err(vouch_program::RunError::NoWeights));
    }
}

#[test]
fn every_first_phase_cell_is_bound() {
    let mut rng = ChaCha8Rng::seed_from_u64(1);
    let mut tried = 0;
    for (seed, program, x) in programs(0..90) {
        let trace = program.run(&x).unwrap();
        let bench = Bench::new(program);
        let honest = bench.first(&trace);
        for place in bench.binding() {
            let deltas = [Fr::one(), -Fr::one(), Fr::from(rng.r#gen::<u64>())];
            let mut first = honest.clone();
            *place.of(&mut first) += deltas[tried % 3];
            bench.recount(&mut first);
            assert!(violation(&bench, &first).is_some(), "seed {seed}: {place:?} is free");
            tried += 1;
        }
    }
    assert!(tried > 2_000, "only {tried} cells");
}

/// Operands, running sums and combined weights, on every row that a chain uses.
#[test]
fn every_cell_of_a_matrix_lane_is_bound() {
    let mut tried = 0;
    for (seed, program, x) in programs(0..30) {
        let trace = program.run(&x).unwrap();
        let bench = Bench::with_params(program.clone(), narrow(&program, 2));
        let first = bench.first(&trace);
        let honest = bench.columns(&first, &bench.second(&first));
        for selection in &bench.layout.selections {
            let lane = &bench.config.select[selection.at.lane.index()];
            let combined = lane.weights.combined().unwrap();
            for row in bench.places(selection).0 {
                for column in [combined, lane.index] {
                    let mut columns = honest.clone();
                    columns.advice[column.index()][row] += Fr::from(3);
                    assert!(bench.violation(&columns).is_some(), "seed {seed}: {column:?} row {row} is free");
                }
            }
        }
        for piece in &bench.layout.pieces {
            let lane = &bench.config.matrix[piece.lane];
            let combined = lane.weights.combined().unwrap();
            for row in (0..piece.rows.len()).map(|i| piece.row + i) {
                for (column, row) in [(lane.x, row), (lane.acc, row + 1), (combined, row)] {
                    let mut columns = honest.clone();
                    columns.advice[column.index()][row] += Fr::from(3);
                    assert!(bench.violation(&columns).is_some(), "seed {seed}: {column:?} row {row} is free");
                    tried += 1;
                }
            }
        }
    }
    assert!(tried > 500, "only {tried}");
}

/// A run with one weight changed, against the key of the unchanged ones.
#[test]
fn other_weights_are_rejected() {
    let mut tried = 0;
    for (seed, program, x) in programs(0..300) {
        let bench = Bench::new(program.clone());
        let Some(other) = with_another_weight(&program, seed) else { continue };
        let Ok(trace) = other.run(&x) else { continue };
        if trace == program.run(&x).unwrap() {
            continue;
        }
        let first = bench.first(&trace);
        // Its own weights against the key's commitments; the key's weights against its own sums.
        let own = Bench { program: Arc::new(other), ..Bench::new(program.clone()) };
        assert!(own.violation(&own.columns(&first, &own.second(&first))).is_some_and(|v| v.starts_with("weights")));
        assert!(violation(&bench, &first).is_some_and(|v| !v.starts_with("weights")), "seed {seed}");
        tried += 1;
    }
    assert!(tried > 40, "only {tried}");
}

/// The program with one weight one larger.
fn with_another_weight(program: &Program, seed: u64) -> Option<Program> {
    let mut rng = ChaCha8Rng::seed_from_u64(seed);
    let mut json = serde_json::to_value(program).ok()?;
    let matrices = json.get_mut("matrices")?.as_array_mut()?;
    let i = rng.gen_range(0..matrices.len());
    let weights = matrices[i].get_mut("weights")?.as_array_mut()?;
    let j = rng.gen_range(0..weights.len());
    weights[j] = (weights[j].as_i64()? + 1).into();
    serde_json::from_value(json).ok()
}

#[test]
fn mock_prover_agrees() {
    for (seed, program, x) in programs(0..12) {
        let trace = program.run(&x).unwrap();
        Bench::new(program).mock_prover_agrees(&trace, 41, &format!("seed {seed}"));
    }
}

/// Whoever makes the key may commit to anything in any row. Where nothing looks at it, the honest witness of the program still
/// fits. `unseen` gives such rows: lane among those of weights, column of the combination, and row.
fn anything_may_be_committed(unseen: impl Fn(&Bench) -> Vec<(usize, usize, usize)>) -> usize {
    let mut tried = 0;
    for (seed, program, x) in programs(0..300) {
        let trace = program.run(&x).unwrap();
        let mut bench = Bench::with_params(program.clone(), narrow(&program, 2));
        let first = bench.first(&trace);
        let mut columns = bench.columns(&first, &bench.second(&first));
        for (lane, combined, row) in unseen(&bench) {
            // The last column has the power μ^0.
            bench.weights[lane].last_mut().unwrap()[row] = Fr::from(5);
            columns.advice[combined][row] = Fr::from(5);
            tried += 1;
        }
        assert_eq!(bench.violation(&columns), None, "seed {seed}");
    }
    tried
}

/// Rows that multiply two combinations.
#[test]
fn committed_weights_do_not_reach_products_of_wires() {
    let tried = anything_may_be_committed(|bench| {
        let of = |piece: &Piece| {
            let combined = bench.config.matrix[piece.lane].weights.combined().unwrap().index();
            let (lane, first) = (piece.lane.index(), piece.row.index());
            let rows = piece.rows.iter().enumerate().filter(|(_, r)| r.weights == Weights::Nothing);
            rows.map(move |(i, _)| (lane, combined, first + i)).collect::<Vec<_>>()
        };
        bench.layout.pieces.iter().flat_map(of).collect()
    });
    assert!(tried > 20, "only {tried}");
}

/// Rows of a select lane that are not those of a matrix.
#[test]
fn committed_weights_outside_of_a_matrix_are_not_selected() {
    let tried = anything_may_be_committed(|bench| {
        let p = &bench.layout.params;
        let of = |(lane, own): (usize, &SelectLane)| {
            let combined = own.weights.combined().unwrap().index();
            let matrices = bench.layout.selections.iter().filter(|s| s.at.lane == lane);
            let taken: Vec<_> = matrices.map(|s| bench.places(s).0).collect();
            let free = (0..p.usable()).filter(move |row| !taken.iter().any(|t| t.contains(row)));
            free.map(move |row| (p.matrix_lanes + lane, combined, row)).collect::<Vec<_>>()
        };
        bench.config.select.iter().enumerate().flat_map(of).collect()
    });
    assert!(tried > 100, "only {tried}");
}
