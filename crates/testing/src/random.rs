//! Random programs: small ones, and wide ones with large drops, weights near the limits and limbs of many widths.

use std::collections::BTreeMap;

use rand::{Rng, SeedableRng};
use rand_chacha::ChaCha8Rng;
use vouch_program::{Builder, Interval, Program, Requant, Segment, Term, Visibility, WeightMode, Wire};

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
        match rng.gen_range(0..6) {
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
            3 => {
                let wide = rng.gen_bool(0.3);
                let (rows, n) = (rng.gen_range(1..=9u32), rng.gen_range(1..=if wide { 40 } else { 7u32 }));
                let w = (0..rows * n).map(|_| rng.gen_range(-40..40)).collect();
                let rq = (0..n).map(|_| requant(&mut p, rng)).collect();
                let m = p.matrix(&format!("s{i}"), rows, n, w, rq);
                for _ in 0..rng.gen_range(1..=2) {
                    let count = rng.gen_range(1..=3);
                    let x = indices(&mut p, rng, &wires, rows, count);
                    wires.extend(p.select(&format!("s{i}"), m, x).wires());
                }
            }
            4 => {
                let [m, k, n] = [(); 3].map(|()| rng.gen_range(1..=3));
                let (x, y) = (pick(rng, &wires, m * k), pick(rng, &wires, k * n));
                let rq = requant(&mut p, rng);
                wires.extend(p.mat_mul(&format!("mm{i}"), k as u32, x, y, rq).wires());
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

/// Indices of a matrix's rows: constants, or functions of other wires that have no other values.
fn indices(p: &mut Builder, rng: &mut ChaCha8Rng, wires: &[Wire], rows: u32, count: usize) -> Vec<Wire> {
    let half = 1i32 << (p.limb_bits() - 1);
    let segments = (0..2 * half).map(|_| Segment { base: rng.gen_range(0..i64::from(rows)), slope: 0 }).collect();
    let table = p.table("index", 1.0, -half, segments);
    let one = p.constant(1);
    (0..count)
        .map(|_| {
            if rng.gen_bool(0.3) {
                return p.constant(rng.gen_range(0..i64::from(rows)));
            }
            let a = vec![wires[rng.gen_range(0..wires.len())]];
            let term = Term { factor: 1, a, b: vec![one] };
            let (_, y) = p.product("index", vec![term], Requant::table(rng.gen_range(0..3), table, 0));
            y.map_or(one, |y| y.at(0))
        })
        .collect()
}

/// The program with its input `x` hashed, unless that has too many bits to be hidden.
pub fn hidden(program: Program) -> Program {
    let names = BTreeMap::from([("x".to_owned(), Visibility::Hashed)]);
    program.clone().with_visibility(&names).unwrap_or(program)
}

/// A random program with limbs of four to eight bits, drops up to 59, weights up to 2^57, factors up to 2^41, hidden tensors, private
/// weights and batches; and an input that it accepts, as often as there is one.
pub fn wide_program(seed: u64) -> Option<(Program, Vec<i64>)> {
    let mut rng = ChaCha8Rng::seed_from_u64(seed);
    (0..60).find_map(|_| wide(&mut rng))
}

fn pick(rng: &mut ChaCha8Rng, wires: &[Wire], n: usize) -> Vec<Wire> {
    (0..n).map(|_| wires[rng.gen_range(0..wires.len())]).collect()
}

fn wide(rng: &mut ChaCha8Rng) -> Option<(Program, Vec<i64>)> {
    let bits = rng.gen_range(4..=8u8);
    let b = u32::from(bits);
    let mut p = Program::builder(bits);
    let mut wires: Vec<Wire> = Vec::new();
    let mut bounds = Vec::new();
    // Small inputs leave room for weights near the limits.
    let small = rng.gen_bool(0.5);
    for i in 0..rng.gen_range(1..=3) {
        let n = rng.gen_range(0..=4u32);
        let (lo, hi) = if small {
            (-1, 1)
        } else {
            let lo = -(1i64 << rng.gen_range(0..2 * b - 1)) + rng.gen_range(0..3);
            (lo, lo + rng.gen_range(0..1i64 << (2 * b).min(30)))
        };
        wires.extend(p.input(&format!("x{i}"), &[n], 1.0, Interval::new(lo, hi)).wires());
        bounds.extend((0..n).map(|_| (lo, hi)));
    }
    let constant = if small { -1 } else { rng.gen_range(-(1i64 << 20)..1 << 20) };
    wires.extend([1, 0, constant].map(|v| p.constant(v)));
    let declared = wires.len();
    for i in 0..rng.gen_range(1..=4) {
        // Results need not be small: where inputs are, instructions read nothing else.
        let from = if small { declared } else { wires.len() };
        let made = wide_instruction(&mut p, rng, &wires[..from], bits, i);
        wires.extend(made);
    }
    for i in 0..rng.gen_range(1..=2) {
        let n = rng.gen_range(1..=9);
        let own = pick(rng, &wires, n);
        p.output(&format!("y{i}"), &[own.len() as u32], 1.0, own);
    }
    let mut program = p.finish().ok()?;
    if rng.gen_bool(0.3) {
        program = program.clone().with_weights(WeightMode::Private).unwrap_or(program);
    }
    let modes = [Visibility::Public, Visibility::Hashed, Visibility::Private];
    let names = program.inputs().iter().map(|t| &t.name).chain(program.outputs().iter().map(|t| &t.name));
    for name in names.cloned().collect::<Vec<_>>() {
        let one = BTreeMap::from([(name, modes[rng.gen_range(0..3)])]);
        program = program.clone().with_visibility(&one).unwrap_or(program);
    }
    let batch = if rng.gen_bool(0.2) { 2 } else { 1 };
    let single = program.clone();
    let program = program.batched(batch).ok()?;
    (0..40).find_map(|_| {
        let x = wide_inputs(rng, &single, batch as usize, &bounds);
        program.run(&x).is_ok().then(|| (program.clone(), x))
    })
}

/// Inputs of a batch: each value is an end of its range, zero, or anything between.
fn wide_inputs(rng: &mut ChaCha8Rng, single: &Program, batch: usize, bounds: &[(i64, i64)]) -> Vec<i64> {
    let mut draw = |&(lo, hi): &(i64, i64)| match rng.gen_range(0..4) {
        0 => lo,
        1 => hi,
        2 => 0i64.clamp(lo, hi),
        _ => rng.gen_range(lo..=hi),
    };
    let items: Vec<Vec<i64>> = (0..batch).map(|_| bounds.iter().map(&mut draw).collect()).collect();
    let mut x = Vec::new();
    let mut at = 0;
    for t in single.inputs() {
        let n = t.shape[0] as usize;
        items.iter().for_each(|item| x.extend(&item[at..at + n]));
        at += n;
    }
    x
}

fn wide_requant(p: &mut Builder, rng: &mut ChaCha8Rng, top: u8) -> Requant {
    let half = 1i64 << (p.limb_bits() - 1);
    let drop = if rng.gen_bool(0.3) { rng.gen_range(0..=top) } else { top };
    if rng.gen_bool(0.6) {
        return Requant::rescale(drop);
    }
    let first = if rng.gen_bool(0.5) { -half } else { rng.gen_range(-half..0) };
    let len = if rng.gen_bool(0.5) { half - first } else { rng.gen_range(1..=half - first) };
    let mut segment = || Segment { base: rng.gen_range(-90_000..90_000), slope: rng.gen_range(-900..900) };
    let segments = (0..len).map(|_| segment()).collect();
    let table = p.table("t", 1.0, first as i32, segments);
    Requant::table(drop, table, rng.gen_range(-50_000..50_000))
}

fn wide_instruction(p: &mut Builder, rng: &mut ChaCha8Rng, wires: &[Wire], bits: u8, i: usize) -> Vec<Wire> {
    let top = [0, bits, 2 * bits, 3 * bits, 40, 59][rng.gen_range(0..6)].min(59);
    match rng.gen_range(0..6) {
        0 | 1 => {
            let (k, n) = (rng.gen_range(1..=4usize), [1, 2, 5, 33, 70][rng.gen_range(0..5)]);
            let requant: Vec<Requant> = (0..n).map(|_| wide_requant(p, rng, top)).collect();
            // Up to what a word holds after the column's drop.
            let mut weight = |r: &Requant| {
                let m = 1i64 << rng.gen_range(0..=(u32::from(r.drop) + 2 * u32::from(bits) - 4).min(57));
                if rng.gen_bool(0.2) { 0 } else { rng.gen_range(-m..=m) }
            };
            let weights = (0..k).flat_map(|_| requant.iter().map(&mut weight).collect::<Vec<_>>()).collect();
            let id = p.matrix(&format!("m{i}"), k as u32, n as u32, weights, requant);
            let mut out = Vec::new();
            for _ in 0..rng.gen_range(1..=3) {
                let positions = rng.gen_range(1..=7usize);
                let grid = rng.gen_range(1..=8);
                let x = if rng.gen_bool(0.5) {
                    let line = pick(rng, wires, positions + k);
                    (0..positions).flat_map(|t| line[t..t + k].to_vec()).collect()
                } else {
                    pick(rng, wires, positions * k)
                };
                out.extend(p.linear(&format!("l{i}"), id, positions as u32, grid, x).wires());
            }
            out
        }
        2 => {
            let len = rng.gen_range(1..=3);
            let f = 1i64 << rng.gen_range(1..=u32::from(top).min(40) + 1);
            let mut term =
                || Term { factor: rng.gen_range(-f..=f), a: pick(rng, wires, len), b: pick(rng, wires, len) };
            let mut terms = vec![term(), term()];
            terms.truncate(rng.gen_range(1..=2));
            let requant = wide_requant(p, rng, top);
            let (r, y) = p.product(&format!("p{i}"), terms, requant);
            r.wires().into_iter().chain(y.into_iter().flat_map(|y| y.wires())).collect()
        }
        3 => {
            let (rows, n) = (rng.gen_range(1..=20u32), [1, 2, 9, 40][rng.gen_range(0..4)]);
            let requant: Vec<Requant> = (0..n).map(|_| wide_requant(p, rng, top)).collect();
            let mut weight = |r: &Requant| {
                let m = 1i64 << rng.gen_range(0..=(u32::from(r.drop) + 2 * u32::from(bits) - 3).min(57));
                rng.gen_range(-m..m)
            };
            let weights = (0..rows).flat_map(|_| requant.iter().map(&mut weight).collect::<Vec<_>>()).collect();
            let id = p.matrix(&format!("s{i}"), rows, n, weights, requant);
            let count = rng.gen_range(1..=4);
            let x = indices(p, rng, wires, rows, count);
            p.select(&format!("s{i}"), id, x).wires()
        }
        4 => {
            let [m, k, n] = [(); 3].map(|()| rng.gen_range(1..=5));
            let (x, y) = (pick(rng, wires, m * k), pick(rng, wires, k * n));
            let requant = wide_requant(p, rng, top);
            p.mat_mul(&format!("mm{i}"), k as u32, x, y, requant).wires()
        }
        _ => {
            let size = rng.gen_range(1..=5);
            let groups = rng.gen_range(1..=2);
            let x = pick(rng, wires, size * groups);
            p.max(&format!("max{i}"), size, x).wires()
        }
    }
}
