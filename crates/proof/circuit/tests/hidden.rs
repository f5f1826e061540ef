//! Tensors that are not public: honest witnesses are accepted, and with one cell changed they are rejected; hashes are those of the library; ranges hold.
#![allow(missing_docs)]

mod support;

use std::collections::BTreeMap;

use halo2_proofs::halo2curves::bn256::Fr;
use rand::{Rng, SeedableRng};
use rand_chacha::ChaCha8Rng;
use support::{Bench, Place};
use vouch_circuit::{CircuitError, FirstPhase, ProductRow};
use vouch_disclosure::{Statement, disclosure_program};
use vouch_poseidon::Poseidon;
use vouch_program::{Interval, Program, Requant, Visibility};
use vouch_testing::random_program;
use vouch_verifier::TensorSpec;

/// A random program some of whose tensors are hidden.
fn hidden_program(seed: u64) -> (Program, Vec<i64>) {
    let mut rng = ChaCha8Rng::seed_from_u64(seed);
    let (program, x) = random_program(seed);
    let modes = [Visibility::Public, Visibility::Hashed, Visibility::Private];
    let names = program.inputs().iter().map(|t| &t.name).chain(program.outputs().iter().map(|t| &t.name));
    let mut wanted: BTreeMap<_, _> = names.map(|n| (n.clone(), modes[rng.gen_range(0..3)])).collect();
    if wanted.values().all(|v| *v == Visibility::Public) {
        wanted.insert(program.inputs()[0].name.clone(), modes[1 + seed as usize % 2]);
    }
    match program.clone().with_visibility(&wanted) {
        Ok(program) => (program, x),
        // An input whose range has more bits than a word stays public.
        Err(_) => {
            wanted.values_mut().for_each(|v| *v = Visibility::Public);
            wanted.insert(program.outputs()[0].name.clone(), Visibility::Hashed);
            (program.with_visibility(&wanted).unwrap(), x)
        }
    }
}

fn violation(bench: &Bench, first: &FirstPhase) -> Option<String> {
    bench.violation(&bench.columns(first, &bench.second(first)))
}

#[test]
fn honest_witnesses_are_accepted_and_show_the_right_values() {
    let poseidon = Poseidon::new();
    let (mut hashed, mut private) = (0, 0);
    for seed in 0..150 {
        let (program, x) = hidden_program(seed);
        let trace = program.run(&x).unwrap();
        let bench = Bench::new(program);
        let first = bench.first(&trace);
        assert_eq!(violation(&bench, &first), None, "seed {seed}");
        let mut again = first.clone();
        bench.recount(&mut again);
        assert!(again.multiplicity == first.multiplicity, "seed {seed}: multiplicities");
        let mut salts = bench.salts().into_iter();
        let mut expected = Vec::new();
        for (visibility, wires) in bench.program.tensors() {
            let values: Vec<i64> = wires.iter().map(|w| trace.values[w.index()]).collect();
            match visibility {
                Visibility::Public => expected.extend(values.iter().map(|v| {
                    let m = Fr::from(v.unsigned_abs());
                    if *v < 0 { -m } else { m }
                })),
                Visibility::Hashed => {
                    expected.push(poseidon.hash(salts.next().unwrap(), &values).unwrap());
                    hashed += 1;
                }
                Visibility::Private => private += 1,
            }
        }
        assert_eq!(first.instance, expected, "seed {seed}");
        assert_eq!(bench.program.public_len(), expected.len());
    }
    assert!(hashed > 50 && private > 50, "{hashed} hashed, {private} private");
}

#[test]
fn every_first_phase_cell_is_bound() {
    let mut rng = ChaCha8Rng::seed_from_u64(1);
    let (mut tried, mut of_hash) = (0, 0);
    for seed in 0..40 {
        let (program, x) = hidden_program(seed);
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
            of_hash += usize::from(matches!(place, Place::HashState(..) | Place::HashWork(..)));
        }
    }
    assert!(tried > 5_000 && of_hash > 3_000, "only {tried} cells, {of_hash} of hashes");
}

/// A hash that is not that of the values, and public values that are not those of the run.
#[test]
fn every_public_value_is_bound() {
    for seed in 0..40 {
        let (program, x) = hidden_program(seed);
        let trace = program.run(&x).unwrap();
        let bench = Bench::new(program);
        let honest = bench.first(&trace);
        let inputs = &bench.program.tensors()[..bench.program.inputs().len()];
        let mut row = 0;
        for (tensor, (visibility, wires)) in bench.program.tensors().iter().enumerate() {
            for _ in 0..visibility.public_values(wires.len()) {
                let mut wrong = honest.clone();
                wrong.instance[row] += Fr::one();
                let free = tensor < inputs.len()
                    && *visibility == Visibility::Public
                    && !bench.layout.copies.iter().any(|(a, b)| {
                        [a, b].iter().any(|c| c.column == vouch_circuit::Column::Instance && c.row == row)
                    });
                assert_eq!(violation(&bench, &wrong).is_none(), free, "seed {seed}: public value {row}");
                row += 1;
            }
        }
    }
}

/// Values of a wire changed with all copies, the hash recomputed by nobody: a cheating prover cannot change what was computed.
#[test]
fn every_wire_is_bound_with_all_its_copies() {
    let mut tried = 0;
    for seed in 0..40 {
        let (program, x) = hidden_program(seed);
        let trace = program.run(&x).unwrap();
        let start = program.constants().len() + program.input_len();
        let bench = Bench::new(program);
        let honest = bench.first(&trace);
        let own: Vec<_> = bench.layout.home[..start].to_vec();
        for wire in start..trace.values.len() {
            let home = bench.layout.home[wire];
            let class = bench.class(home);
            if class.is_empty() || own.contains(&home) {
                continue;
            }
            for delta in [Fr::one(), -Fr::one(), Fr::from(1 << 12)] {
                let mut first = honest.clone();
                for place in &class {
                    *place.of(&mut first) += delta;
                }
                bench.recount(&mut first);
                assert!(violation(&bench, &first).is_some(), "seed {seed}: wire {wire} can be changed");
                tried += 1;
            }
        }
    }
    assert!(tried > 500, "only {tried}");
}

/// y = x, for an x in [−5, 9] that nobody sees, rescaled by so many bits that sums have low limbs.
fn identity(visibility: Visibility) -> Bench {
    let mut b = Program::builder(4);
    let x = b.input("x", &[1], 1.0, Interval::new(-5, 9));
    let one = b.constant(1);
    let term = vouch_program::Term { factor: 64, a: vec![x.at(0)], b: vec![one] };
    let (y, _) = b.product("y", vec![term], Requant::rescale(6));
    b.output("y", &[1], 1.0, y.wires());
    let wanted = BTreeMap::from([("x".to_owned(), visibility)]);
    Bench::new(b.finish().unwrap().with_visibility(&wanted).unwrap())
}

/// The witness of a prover whose interpreter does not check the range: everything is as it would be for that input, as far as rows can hold it.
#[test]
fn hidden_inputs_stay_inside_their_range() {
    for visibility in [Visibility::Hashed, Visibility::Private] {
        let bench = identity(visibility);
        for x in -5..=9 {
            let first = bench.first(&bench.program.run(&[x]).unwrap());
            assert_eq!(violation(&bench, &first), None, "{x}");
        }
        let mut trace = bench.program.run(&[0]).unwrap();
        for x in [-6, 10, -7, 100, -100] {
            trace.values[bench.program.constants().len()] = x;
            trace.sums[0][0] = 64 * x;
            *trace.values.last_mut().unwrap() = x;
            // The limbs of one of the two ends cannot hold the difference.
            let refused = FirstPhase::new(&bench.program, &bench.layout, &trace, &bench.salts());
            assert!(matches!(refused, Err(CircuitError::Params(_))), "{x}: {refused:?}");
        }
    }
}

/// Limbs of a bound row that stand for a number that is no integer (its sum is scaled by a power of two) do not make the input one.
#[test]
fn a_hidden_input_is_an_integer() {
    let bench = identity(Visibility::Private);
    let honest = bench.first(&bench.program.run(&[3]).unwrap());
    let p = &bench.layout.params;
    assert!(p.product_limbs > 2, "sums are not scaled");
    let (lane, row) = (0..bench.layout.product.len())
        .find_map(|lane| {
            let at = |r: &ProductRow| matches!(r, ProductRow::Bound { upper: false, .. });
            Some((lane, bench.layout.product[lane].iter().position(at)?))
        })
        .unwrap();
    let scale = Fr::from(1u64 << (p.limb_bits * (p.product_limbs as u32 - 2)));
    // The lowest limb plus one, the operand plus 2^(−D): the sum is right, and r the same.
    let mut first = honest;
    first.product[lane].limbs[0][row] += Fr::one();
    first.product[lane].operands[0][row] += scale.invert().unwrap();
    bench.recount(&mut first);
    assert!(violation(&bench, &first).is_some_and(|v| v.starts_with("copy")));
}

#[test]
fn salts_are_counted() {
    let bench = identity(Visibility::Hashed);
    let trace = bench.program.run(&[3]).unwrap();
    for salts in [vec![], vec![Fr::one(); 2]] {
        let got = salts.len();
        let refused = FirstPhase::new(&bench.program, &bench.layout, &trace, &salts);
        assert!(matches!(refused, Err(CircuitError::Salts { expected: 1, got: g }) if g == got));
    }
}

/// Two salts, two hashes; everything else is equal.
#[test]
fn the_salt_hides() {
    let bench = identity(Visibility::Hashed);
    let trace = bench.program.run(&[3]).unwrap();
    let of = |salt: u64| FirstPhase::new(&bench.program, &bench.layout, &trace, &[Fr::from(salt)]).unwrap().instance;
    assert_ne!(of(1)[0], of(2)[0]);
    assert_eq!(of(1)[1], of(2)[1]);
}

#[test]
fn mock_prover_agrees() {
    for seed in 0..12 {
        let (program, x) = hidden_program(seed);
        let trace = program.run(&x).unwrap();
        Bench::new(program).mock_prover_agrees(&trace, 41, &format!("seed {seed}"));
    }
}

/// The program of a fact about a hashed input (docs/disclosure.md): every cell, and every public value, which is the statement.
#[test]
fn a_disclosure_is_bound() {
    let spec = TensorSpec {
        name: "x".to_owned(),
        shape: vec![3],
        unit: String::new(),
        scale: 1.0,
        min: -20,
        max: 40,
        visibility: vouch_verifier::Visibility::Hashed,
    };
    let program = disclosure_program(&spec).unwrap();
    let statement = Statement::weighted(&spec, vec![1, -1000, 7], -15_000, 12).unwrap();
    let x = [[5, -20, 40].as_slice(), &statement.inputs(&spec).unwrap()].concat();
    assert!(program.run(&x).is_err(), "20285 is not below 12");
    let statement = Statement::weighted(&spec, vec![1, -1000, 7], 20_285, 20_285).unwrap();
    let x = [[5, -20, 40].as_slice(), &statement.inputs(&spec).unwrap()].concat();
    let trace = program.run(&x).unwrap();
    let bench = Bench::new(program);
    let honest = bench.first(&trace);
    assert_eq!(violation(&bench, &honest), None);
    let mut rng = ChaCha8Rng::seed_from_u64(3);
    let places = bench.binding();
    assert!(places.len() > 500, "only {} cells", places.len());
    for place in places {
        for delta in [Fr::one(), -Fr::one(), Fr::from(rng.r#gen::<u64>())] {
            let mut first = honest.clone();
            *place.of(&mut first) += delta;
            bench.recount(&mut first);
            assert!(violation(&bench, &first).is_some(), "{place:?} is free");
        }
    }
    for row in 0..honest.instance.len() {
        let mut wrong = honest.clone();
        wrong.instance[row] += Fr::one();
        assert!(violation(&bench, &wrong).is_some(), "public value {row} is free");
    }
}
