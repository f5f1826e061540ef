//! Outputs that are all shifted by one constant, with everything that follows from them computed as an honest prover would: the error that
//! shipped circuits have let through, for every kind of instruction.
#![allow(missing_docs)]

mod support;

use halo2_proofs::halo2curves::bn256::Fr;
use support::{Bench, Place};
use vouch_program::{Interval, Program, Requant, Segment, Term, Trace};

const X: [i64; 6] = [3, -2, 5, 1, -4, 2];

/// A program of one instruction, whose results are the outputs.
fn program(kind: &str) -> Program {
    let mut b = Program::builder(5);
    let x = b.input("x", &[6], 1.0, Interval::new(-8, 8));
    let table = b.table("t", 1.0, -16, (0..32).map(|i| Segment { base: 7 * i - 90, slope: 3 - i % 5 }).collect());
    let requant = match kind.rsplit(' ').next().unwrap() {
        "drop" => Requant::rescale(3),
        "table" => Requant::table(4, table, -5),
        _ => Requant::exact(),
    };
    let outputs = match kind.split(' ').next().unwrap() {
        "linear" => {
            let weights = (0..12).map(|i| 11 * i % 23 - 9).collect();
            let m = b.matrix("w", 3, 4, weights, vec![requant; 4]);
            b.linear("l", m, 2, 2, x.wires()).wires()
        }
        "product" => {
            let w = x.wires();
            let mut terms = vec![Term { factor: 3, a: w[..3].to_vec(), b: w[3..].to_vec() }];
            if kind.contains("two") {
                terms.push(Term { factor: -2, a: w[1..4].to_vec(), b: w[2..5].to_vec() });
            }
            let (r, y) = b.product("p", terms, requant);
            let mut out = r.wires();
            out.extend(y.into_iter().flat_map(|y| y.wires()));
            out
        }
        "select" => {
            let weights = (0..24).map(|i| 13 * i % 29 - 11).collect();
            let m = b.matrix("w", 6, 4, weights, vec![requant; 4]);
            b.select("s", m, vec![x.at(0), x.at(2), x.at(0)]).wires()
        }
        "matmul" => {
            let w = x.wires();
            b.mat_mul("mm", 3, w.clone(), w, requant).wires()
        }
        _ => b.max("m", 3, x.wires()).wires(),
    };
    b.output("y", &[outputs.len() as u32], 1.0, outputs);
    b.finish().unwrap()
}

/// The trace with every sum shifted so that every rescaled value is `delta` higher.
fn shifted(program: &Program, trace: &Trace, delta: i64) -> Option<Trace> {
    let mut out = trace.clone();
    let first = program.constants().len() + program.input_len();
    out.values.truncate(first);
    let (requants, len): (Vec<Requant>, usize) = match &program.instructions()[0] {
        vouch_program::Instruction::Linear(l) => {
            (program.matrices()[l.matrix.0 as usize].requant.clone(), trace.sums[0].len())
        }
        vouch_program::Instruction::Product(p) => (vec![p.requant], p.len as usize),
        vouch_program::Instruction::Select(s) => {
            (program.matrices()[s.matrix.0 as usize].requant.clone(), trace.sums[0].len())
        }
        vouch_program::Instruction::MatMul(m) => (vec![m.requant], trace.sums[0].len()),
        vouch_program::Instruction::Max(_) => return None,
    };
    let linear = matches!(
        &program.instructions()[0],
        vouch_program::Instruction::Linear(_)
            | vouch_program::Instruction::MatMul(_)
            | vouch_program::Instruction::Select(_)
    );
    let mut mapped = Vec::new();
    for i in 0..len {
        let rq = &requants[i % requants.len()];
        out.sums[0][i] += delta << rq.drop;
        let half = if rq.drop == 0 { 0 } else { 1 << (rq.drop - 1) };
        let r = (out.sums[0][i] + half) >> rq.drop;
        let y = match rq.lookup {
            Some(l) => Some(program.tables()[l.table.0 as usize].eval(r, program.limb_bits())? + l.offset),
            None => None,
        };
        if linear {
            out.values.push(y.unwrap_or(r));
        } else {
            out.values.push(r);
            mapped.extend(y);
        }
    }
    out.values.extend(mapped);
    Some(out)
}

#[test]
fn shifted_outputs_are_rejected() {
    for kind in [
        "linear exact",
        "linear drop",
        "linear table",
        "product exact",
        "product drop",
        "product table",
        "product two exact",
        "product two drop",
        "product two table",
        "select exact",
        "select drop",
        "select table",
        "matmul exact",
        "matmul drop",
        "matmul table",
    ] {
        let program = program(kind);
        let trace = program.run(&X).unwrap();
        let bench = Bench::new(program);
        let mut tried = 0;
        for delta in [1i64, -1, 2, 7, -12] {
            let Some(wrong) = shifted(&bench.program, &trace, delta) else { continue };
            assert_ne!(bench.program.outputs_of(&wrong), bench.program.outputs_of(&trace), "{kind}");
            let first = bench.first(&wrong);
            let second = bench.second(&first);
            assert!(bench.violation(&bench.columns(&first, &second)).is_some(), "{kind} shifted by {delta}");
            tried += 1;
        }
        assert!(tried >= 2, "{kind}: only {tried} shifts stay in range");
        // The same machinery with no shift gives the honest witness.
        let same = shifted(&bench.program, &trace, 0).unwrap();
        assert_eq!(same, trace, "{kind}");
        let first = bench.first(&same);
        let second = bench.second(&first);
        assert_eq!(bench.violation(&bench.columns(&first, &second)), None, "{kind}");
    }
}

/// Maxima that are too high, with limbs, running products and copies that fit as far as they can; and too low.
#[test]
fn shifted_maxima_are_rejected() {
    let program = program("max");
    let trace = program.run(&X).unwrap();
    let bench = Bench::new(program);
    let honest = bench.first(&trace);
    let base = Fr::from(1 << 5);
    for delta in [1i64, 2, 40, -1] {
        let shift = if delta < 0 { -Fr::from(delta.unsigned_abs()) } else { Fr::from(delta as u64) };
        let mut first = honest.clone();
        for (lane, rows) in bench.layout.product.iter().enumerate() {
            let mut chain = Fr::one();
            for (row, r) in rows.iter().enumerate() {
                let vouch_circuit::ProductRow::Max { pair, .. } = r else { panic!("only maxima") };
                *Place::ProductY(lane, row).of(&mut first) += shift;
                let y = first.product[lane].y[row];
                if pair.0 == 0 {
                    chain = Fr::one();
                }
                let mut next = chain;
                for (i, lo) in [(0, 0), (1, 2)] {
                    let from = y - first.product[lane].operands[i][row];
                    next *= from;
                    // The largest low limb that leaves a small high one.
                    let bytes = from.to_bytes();
                    let small = u64::from_le_bytes(bytes[..8].try_into().unwrap());
                    let (low, high) = if bytes[8..].iter().all(|b| *b == 0) {
                        (Fr::from(small & 31), Fr::from(small >> 5))
                    } else {
                        (Fr::zero(), from * base.invert().unwrap())
                    };
                    first.product[lane].limbs[lo][row] = low;
                    first.product[lane].limbs[lo + 1][row] = high;
                }
                first.product[lane].operands[2][row] = chain;
                first.product[lane].r[row] = next;
                chain = next;
            }
        }
        for i in 0..bench.program.output_len() {
            first.instance[bench.program.input_len() + i] += shift;
        }
        bench.recount(&mut first);
        let second = bench.second(&first);
        let violation = bench.violation(&bench.columns(&first, &second));
        assert!(violation.is_some(), "maxima shifted by {delta}");
    }
}
