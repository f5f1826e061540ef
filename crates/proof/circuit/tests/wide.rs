//! Programs near every limit: large drops beside none, weights up to the exact range, limbs of every width. Honest witnesses
//! are accepted; carries between limbs are not.
#![allow(missing_docs)]

mod support;

use std::collections::BTreeMap;

use ff::Field;

use halo2_proofs::halo2curves::bn256::Fr;
use support::{Bench, Place};
use vouch_circuit::{CircuitError, FirstPhase, Layout, choose};
use vouch_program::{Instruction, Interval, Program, Requant, Term};
use vouch_testing::{random_program, wide_program};

fn violation(bench: &Bench, first: &FirstPhase) -> Option<String> {
    bench.violation(&bench.columns(first, &bench.second(first)))
}

#[test]
fn honest_witnesses_of_wide_programs_are_accepted() {
    let (mut tried, mut linear, mut packs, mut beyond) = (0, 0, 0, 0);
    for seed in 0..460 {
        let Some((program, x)) = wide_program(seed) else { continue };
        let trace = program.run(&x).unwrap();
        let mut params = match choose(&program, 1, Default::default(), None) {
            Ok(estimate) => estimate.params,
            Err(CircuitError::Width { .. }) => continue,
            Err(e) => panic!("seed {seed}: {e}"),
        };
        // Another number of weight columns now and then.
        if params.matrix_lanes > 0 && seed % 3 == 0 {
            params.weight_columns = 1 + (seed % 5) as usize;
            while Layout::new(&program, &params).is_err() {
                params.matrix_lanes += 1;
                // A row that is selected lies across them.
                params.weight_columns += usize::from(params.select_lanes > 0);
            }
        }
        let bench = Bench::with_params(program, params);
        let first = bench.first(&trace);
        assert_eq!(violation(&bench, &first), None, "seed {seed}");
        let mut again = first.clone();
        bench.recount(&mut again);
        assert!(again.multiplicity == first.multiplicity, "seed {seed}: multiplicities");
        tried += 1;
        linear += usize::from(bench.program.instructions().iter().any(|i| matches!(i, Instruction::Linear(_))));
        packs += usize::from(bench.layout.checks.iter().any(|c| c.per_pack > 1 && c.packs() > 1));
        beyond += usize::from(leaves_64_bits(&bench));
    }
    assert!(tried > 200 && linear > 100 && packs >= 8 && beyond >= 5, "{tried} {linear} {packs} {beyond}");
}

/// Whether a weight, scaled up to its lane's drop, has more bits than an i64.
fn leaves_64_bits(bench: &Bench) -> bool {
    let p = &bench.layout.params;
    let drop = p.limb_bits * (p.linear_limbs as u32 - 2);
    bench.program.matrices().iter().any(|m| {
        let up = |i: usize| drop - u32::from(m.requant[i % m.cols as usize].drop);
        m.weights.iter().enumerate().any(|(i, w)| *w != 0 && 64 - w.unsigned_abs().leading_zeros() + up(i) > 63)
    })
}

/// A column that drops nothing beside one that drops 50 bits: its weight is scaled by 2^50, beyond 64 bits.
fn scaled(weight: i64, bias: i64) -> Program {
    let mut b = Program::builder(10);
    let x = b.input("x", &[1], 1.0, Interval::new(-1, 1));
    let one = b.constant(1);
    let big = b.matrix("a", 1, 1, vec![1 << 50], vec![Requant::rescale(50)]);
    let a = b.linear("a", big, 1, 1, x.wires());
    let m = b.matrix("w", 2, 1, vec![weight, bias], vec![Requant::exact()]);
    let y = b.linear("y", m, 1, 1, vec![a.at(0), one]);
    b.output("y", &[1], 1.0, y.wires());
    b.finish().unwrap()
}

/// 2^18·2^50 is 0 modulo 2^64, and the circuit of the one program was that of the other.
#[test]
fn weights_are_those_of_the_program_beyond_64_bits() {
    let honest = scaled(1 << 18, 5);
    let bench = Bench::new(honest.clone());
    let first = bench.first(&honest.run(&[1]).unwrap());
    assert_eq!(honest.outputs_of(&honest.run(&[1]).unwrap()), [262_149]);
    assert_eq!(violation(&bench, &first), None);
    for weight in [0, 1, (1 << 18) - 1, (1 << 18) + (1 << 14), -(1 << 18)] {
        let other = scaled(weight, 5);
        let first = bench.first(&other.run(&[1]).unwrap());
        assert!(violation(&bench, &first).is_some_and(|v| v.starts_with("copy")), "weight {weight}");
    }
}

/// The largest weight and drop that a program may have, for every width of limbs.
#[test]
fn the_largest_scale_is_exact_for_every_width() {
    for bits in 4..=16u8 {
        let build = |weight: i64| {
            let mut b = Program::builder(bits);
            let x = b.input("x", &[1], 1.0, Interval::new(-1, 1));
            let one = b.constant(1);
            let term = Term { factor: weight, a: x.wires(), b: vec![one] };
            // Drops 59 beside one that drops nothing.
            let (big, _) = b.product("big", vec![term], Requant::rescale(59));
            let term = Term { factor: 5, a: vec![big.at(0)], b: vec![one] };
            let (y, _) = b.product("y", vec![term], Requant::exact());
            b.output("y", &[2], 1.0, vec![big.at(0), y.at(0)]);
            b.finish().unwrap()
        };
        let program = build((1 << 60) - 1);
        let trace = program.run(&[1]).unwrap();
        assert_eq!(program.outputs_of(&trace), [2, 10]);
        let bench = Bench::new(program);
        assert_eq!(violation(&bench, &bench.first(&trace)), None, "{bits} bits");
        let other = build(1 << 59);
        let first = bench.first(&other.run(&[1]).unwrap());
        assert!(violation(&bench, &first).is_some(), "{bits} bits");
    }
}

/// Every pair of limbs of every used row: the sum stays, the limbs do not.
#[test]
fn no_carry_is_accepted() {
    let (mut tried, mut reasons) = (0, BTreeMap::<String, usize>::new());
    let programs = (0..40).map(random_program).chain((0..12).filter_map(wide_program));
    for (number, (program, x)) in programs.enumerate() {
        let Ok(estimate) = choose(&program, 1, Default::default(), None) else { continue };
        // The evaluator goes through all rows for each pair.
        if estimate.params.k > 8 {
            continue;
        }
        let trace = program.run(&x).unwrap();
        let bench = Bench::with_params(program, estimate.params);
        let honest = bench.first(&trace);
        for (linear, lane, row, limbs) in rows(&bench) {
            let limb = |i| if linear { Place::LinearLimb(lane, i, row) } else { Place::ProductLimb(lane, i, row) };
            for (i, j) in (1..limbs).flat_map(|j| (0..j).map(move |i| (i, j))).step_by(1 + limbs / 6) {
                let mut first = honest.clone();
                *limb(j).of(&mut first) += Fr::one();
                *limb(i).of(&mut first) -=
                    Fr::from(2).pow_vartime([u64::from(bench.layout.params.limb_bits) * (j - i) as u64]);
                bench.recount(&mut first);
                let refused = violation(&bench, &first);
                let refused = refused.unwrap_or_else(|| panic!("{number}, linear {linear}, row {row}: {i} {j}"));
                *reasons.entry(refused.split(" at row").next().unwrap().to_owned()).or_default() += 1;
                tried += 1;
            }
        }
    }
    assert!(tried > 3_000, "only {tried}: {reasons:?}");
    // It is the range check that refuses most: gates see the same sum.
    assert!(reasons["lookup: running sum [1]"] > tried / 2, "{reasons:?}");
}

/// Rows with limbs: (of a linear lane, lane, row, number of limbs).
fn rows(bench: &Bench) -> Vec<(bool, usize, usize, usize)> {
    let p = &bench.layout.params;
    let linear = bench.layout.linear.iter().enumerate();
    let linear = linear.flat_map(|(lane, rows)| (0..rows.len()).map(move |row| (true, lane, row, p.linear_limbs)));
    let product = bench.layout.product.iter().enumerate();
    let product = product.flat_map(|(lane, rows)| (0..rows.len()).map(move |row| (false, lane, row, p.product_limbs)));
    linear.chain(product).collect()
}

/// Parameters of another program, or beyond what a circuit can have, make no layout.
#[test]
fn parameters_are_checked() {
    let (program, _) = random_program(3);
    let good = choose(&program, 1, Default::default(), None).unwrap().params;
    let refused = |change: fn(&mut vouch_circuit::CircuitParams)| {
        let mut p = good.clone();
        change(&mut p);
        assert!(matches!(Layout::new(&program, &p), Err(CircuitError::Params(_))), "{p:?}");
    };
    refused(|p| p.k = 0);
    refused(|p| p.k = 63);
    refused(|p| p.limb_bits += 1);
    refused(|p| p.linear_limbs = 0);
    refused(|p| p.linear_limbs += 1);
    refused(|p| p.product_limbs = 400);
    refused(|p| p.max ^= true);
    refused(|p| p.grid ^= true);
    refused(|p| p.private_weights ^= true);
    refused(|p| p.weight_columns = 0);
    refused(|p| p.weight_columns = usize::MAX);
    refused(|p| p.linear_lanes = usize::MAX);
    refused(|p| p.two_term_lanes = p.product_lanes + 1);
}

/// A copy of a cell without a column is an error of key generation, not a constraint less.
#[test]
fn a_copy_without_a_column_is_refused() {
    let (program, x) = random_program(3);
    let trace = program.run(&x).unwrap();
    let bench = Bench::new(program);
    let first = bench.first(&trace);
    let missing = vouch_circuit::Cell {
        column: vouch_circuit::Column::LinearY(vouch_circuit::Lane::new(9)),
        row: vouch_circuit::Row::TOP,
    };
    let mut layout = (*bench.layout).clone();
    layout.copies.push((missing, missing));
    let circuit = vouch_circuit::ModelCircuit::with_first_phase(
        bench.program.clone(),
        std::sync::Arc::new(layout),
        first.clone(),
    );
    let refused = halo2_proofs::dev::MockProver::run(bench.layout.params.k, &circuit, vec![first.instance.clone()]);
    assert!(refused.is_err());
}
