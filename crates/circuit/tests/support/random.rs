//! Random programs.
#![allow(dead_code, missing_docs, unreachable_pub)]

use rand::{Rng, SeedableRng};
use rand_chacha::ChaCha8Rng;
use vouch_program::{Interval, Program, Requant, Segment, Term, Wire};

/// A random program with small limbs, and inputs that it accepts.
pub fn random_program(seed: u64) -> (Program, Vec<i64>) {
    let mut rng = ChaCha8Rng::seed_from_u64(seed);
    for _ in 0..1000 {
        if let Some(found) = attempt(&mut rng) {
            return found;
        }
    }
    panic!("no program for seed {seed}");
}

fn attempt(rng: &mut ChaCha8Rng) -> Option<(Program, Vec<i64>)> {
    let bits = rng.gen_range(4..=5u8);
    let b = u32::from(bits);
    let half = 1i64 << (b - 1);
    let mut p = Program::builder(bits);
    let inputs = rng.gen_range(1..=4usize);
    let bound = 1i64 << rng.gen_range(2..2 * b - 1);
    let x = p.input("x", &[inputs as u32], 1.0, Interval::new(-bound, bound));
    let mut wires = x.wires();
    wires.push(p.constant(1));
    wires.push(p.constant(0));
    let table = |p: &mut vouch_program::Builder, rng: &mut ChaCha8Rng| {
        let first = rng.gen_range(-half..0) as i32;
        let len = rng.gen_range(1..=(half - i64::from(first)).min(12));
        let segments =
            (0..len).map(|_| Segment { base: rng.gen_range(-500..500), slope: rng.gen_range(-9..9) }).collect();
        p.table("t", 1.0, first, segments)
    };
    let requant = |p: &mut vouch_program::Builder, rng: &mut ChaCha8Rng| {
        let drop = rng.gen_range(0..=2 * bits);
        if rng.gen_bool(0.5) {
            let t = table(p, rng);
            Requant::table(drop, t, rng.gen_range(-50..50))
        } else {
            Requant::rescale(drop)
        }
    };
    for i in 0..rng.gen_range(1..=4) {
        let pick = |rng: &mut ChaCha8Rng, wires: &[Wire], n: usize| -> Vec<Wire> {
            (0..n).map(|_| wires[rng.gen_range(0..wires.len())]).collect()
        };
        match rng.gen_range(0..4) {
            0 | 1 => {
                let wide = rng.gen_bool(0.2);
                let (k, n) = (rng.gen_range(1..=4usize), rng.gen_range(1..=if wide { 40 } else { 5usize }));
                let w = (0..k * n).map(|_| rng.gen_range(-40..40)).collect();
                let rq = (0..n).map(|_| requant(&mut p, rng)).collect();
                let m = p.matrix(&format!("m{i}"), k as u32, n as u32, w, rq);
                for _ in 0..rng.gen_range(1..=2) {
                    let positions = rng.gen_range(1..=5usize);
                    let grid = rng.gen_range(1..=3);
                    let x = if rng.gen_bool(0.5) {
                        // A sliding window, as in a convolution.
                        let line = pick(rng, &wires, positions + k);
                        (0..positions).flat_map(|t| line[t..t + k].to_vec()).collect()
                    } else {
                        pick(rng, &wires, positions * k)
                    };
                    wires.extend(p.linear(&format!("l{i}"), m, positions as u32, grid, x).wires());
                }
            }
            2 => {
                let len = rng.gen_range(1..=3);
                let terms = (0..rng.gen_range(1..=2))
                    .map(|_| Term {
                        factor: rng.gen_range(-5..6),
                        a: pick(rng, &wires, len),
                        b: pick(rng, &wires, len),
                    })
                    .collect();
                let rq = requant(&mut p, rng);
                let (r, y) = p.product(&format!("p{i}"), terms, rq);
                wires.extend(r.wires());
                wires.extend(y.into_iter().flat_map(|y| y.wires()));
            }
            _ => {
                let size = rng.gen_range(1..=4);
                let groups = rng.gen_range(1..=2);
                let x = pick(rng, &wires, size * groups);
                wires.extend(p.max(&format!("max{i}"), size, x).wires());
            }
        }
    }
    let outputs = (0..rng.gen_range(1..=3)).map(|_| wires[wires.len() - 1 - rng.gen_range(0..3.min(wires.len()))]);
    let outputs: Vec<Wire> = outputs.collect();
    p.output("y", &[outputs.len() as u32], 1.0, outputs);
    let program = p.finish().ok()?;
    for _ in 0..30 {
        let x: Vec<i64> = (0..inputs).map(|_| rng.gen_range(-bound..=bound)).collect();
        if program.run(&x).is_ok() {
            return Some((program, x));
        }
    }
    None
}
