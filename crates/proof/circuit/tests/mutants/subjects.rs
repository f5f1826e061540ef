//! Small programs in which each constraint occurs, and inputs for them.

use std::collections::BTreeMap;

use vouch_circuit::{CircuitParams, Layout, choose};
use vouch_program::{Interval, Program, Requant, Segment, TableId, Term, Visibility, WeightMode, Wire};

/// A program with its layout, and an input that it accepts.
#[derive(Clone)]
pub struct Subject {
    pub program: Program,
    pub params: CircuitParams,
    pub inputs: Vec<i64>,
}

impl Subject {
    fn new(program: Program, inputs: &[i64]) -> Self {
        let params = choose(&program, 1, Default::default(), None).unwrap().params;
        Self { program, params, inputs: inputs.to_vec() }
    }

    /// The layout with fewer weight columns and 2^k rows.
    fn narrow(self, k: u32, columns: usize) -> Self {
        let mut params = CircuitParams { weight_columns: columns, ..CircuitParams::minimal(&self.program, k).unwrap() };
        while Layout::new(&self.program, &params).is_err() {
            params.matrix_lanes += 1;
        }
        Self { params, ..self }
    }
}

/// A function with a jump at the end of every segment, on all words of four-bit limbs.
fn table(b: &mut vouch_program::Builder) -> TableId {
    b.table("t", 1.0, -8, (0..16).map(|i| Segment { base: 37 * i * i - 900, slope: 1 + i % 5 }).collect())
}

/// y = f((w·x) / 2^6): four limbs of four bits.
pub fn linear(w: i64) -> Subject {
    let mut b = Program::builder(4);
    let x = b.input("x", &[2], 1.0, Interval::new(-80, 80));
    let t = table(&mut b);
    let m = b.matrix("w", 2, 1, vec![w, -7], vec![Requant::table(6, t, -5)]);
    let y = b.linear("l", m, 1, 1, x.wires());
    b.output("y", &[1], 1.0, y.wires());
    Subject::new(b.finish().unwrap(), &[70, -20])
}

/// r = (f·x0·x1 − 200·x2·x3) / 2^9 and a function of it: five limbs of four bits. Each operand is the input of this index.
pub fn product(factor: i64, operands: [usize; 4]) -> Subject {
    let mut b = Program::builder(4);
    let x = b.input("x", &[4], 1.0, Interval::new(-8, 8));
    let t = table(&mut b);
    let [p, q, r, s] = operands.map(|i| vec![x.at(i)]);
    let terms = vec![Term { factor, a: p, b: q }, Term { factor: -200, a: r, b: s }];
    let (r, y) = b.product("p", terms, Requant::table(9, t, 3));
    b.output("r", &[1], 1.0, r.wires());
    b.output("y", &[1], 1.0, y.unwrap().wires());
    Subject::new(b.finish().unwrap(), &[7, 5, 3, 2])
}

/// The largest of four.
pub fn maximum(inputs: [i64; 4]) -> Subject {
    let mut b = Program::builder(4);
    let x = b.input("x", &[4], 1.0, Interval::new(-8, 8));
    let y = b.max("m", 4, x.wires());
    b.output("y", &[1], 1.0, y.wires());
    Subject::new(b.finish().unwrap(), &inputs)
}

/// y = x for an x in [−5, 9] that nobody sees.
pub fn bounded() -> Subject {
    let mut b = Program::builder(4);
    let x = b.input("x", &[1], 1.0, Interval::new(-5, 9));
    let one = b.constant(1);
    let (y, _) = b.product("y", vec![Term { factor: 64, a: x.wires(), b: vec![one] }], Requant::rescale(6));
    b.output("y", &[1], 1.0, y.wires());
    let hidden = BTreeMap::from([("x".to_owned(), Visibility::Private)]);
    Subject::new(b.finish().unwrap().with_visibility(&hidden).unwrap(), &[9])
}

/// y = x[0], and the hash of 13 values: salt and two elements, so that the second block has an element and none.
pub fn hashed() -> Subject {
    let mut b = Program::builder(4);
    let x = b.input("x", &[13], 1.0, Interval::new(-100, 100));
    let one = b.constant(1);
    let (y, _) = b.product("y", vec![Term { factor: 1, a: vec![x.at(0)], b: vec![one] }], Requant::exact());
    b.output("y", &[1], 1.0, y.wires());
    let hidden = BTreeMap::from([("x".to_owned(), Visibility::Hashed)]);
    let inputs: Vec<i64> = (0..13).map(|i| 7 * i - 50).collect();
    Subject::new(b.finish().unwrap().with_visibility(&hidden).unwrap(), &inputs)
}

/// Four positions in two rows, with padding: combinations of values, of combinations and of outputs.
pub fn convolution(w: i64) -> Subject {
    let mut b = Program::builder(4);
    let x = b.input("x", &[4], 1.0, Interval::new(-8, 8));
    let zero = b.constant(0);
    let m = b.matrix("w", 2, 25, (0..50).map(|i| w + i % 5).collect(), vec![Requant::exact(); 25]);
    let [p, q, r, s]: [Wire; 4] = std::array::from_fn(|i| x.at(i));
    let y = b.linear("c", m, 4, 2, vec![p, q, q, zero, r, s, s, zero]);
    b.output("y", &[3], 1.0, vec![y.at(0), y.at(26), y.at(99)]);
    Subject::new(b.finish().unwrap(), &[3, -2, 5, 1])
}

/// Twenty operands, whose weights do not fit in one lane.
pub fn long(w: i64) -> Subject {
    let mut b = Program::builder(4);
    let x = b.input("x", &[20], 1.0, Interval::new(-1, 1));
    let m =
        b.matrix("w", 20, 1, (0..20).map(|i| if i == 19 { w } else { i % 4 - 1 }).collect(), vec![Requant::exact()]);
    let first = b.linear("a", m, 1, 1, x.wires());
    let mut wires = x.wires();
    wires.rotate_left(1);
    let second = b.linear("b", m, 1, 1, wires);
    b.output("y", &[2], 1.0, vec![first.at(0), second.at(0)]);
    Subject::new(b.finish().unwrap(), &[1; 20]).narrow(5, 1)
}

/// Columns of [`packs`], more than one field element holds.
pub const COLUMNS: u32 = 40;

/// The same weights for each of `positions`, in rows of `grid`, with more columns than one field element packs.
pub fn packs(positions: u32, grid: u32) -> Subject {
    let mut b = Program::builder(4);
    let x = b.input("x", &[positions], 1.0, Interval::new(-3, 3));
    let n = COLUMNS;
    let m = b.matrix("w", 1, n, (0..i64::from(n)).map(|i| i % 7 - 3).collect(), vec![Requant::exact(); n as usize]);
    let y = b.linear("l", m, positions, grid, x.wires());
    b.output("y", &[positions, n], 1.0, y.wires());
    let inputs: Vec<i64> = (0..i64::from(positions)).map(|i| i % 4 - 1).collect();
    Subject::new(b.finish().unwrap(), &inputs)
}

/// X·Y of six inputs each: X has two rows, Y `columns` columns.
pub fn mat_mul(columns: u32) -> Subject {
    let mut b = Program::builder(4);
    let inner = 6 / columns;
    let x = b.input("x", &[2, inner], 1.0, Interval::new(-4, 4));
    let y = b.input("y", &[inner, columns], 1.0, Interval::new(-4, 4));
    let z = b.mat_mul("z", inner, x.wires(), y.wires(), Requant::exact());
    b.output("z", &[2, columns], 1.0, z.wires());
    let inputs: Vec<i64> = (0..2 * inner + 6).map(|i| i64::from(i * i % 7) - 3).collect();
    Subject::new(b.finish().unwrap(), &inputs)
}

/// Row x of five rows, of entries from `w` on, and row z of three others: two matrices in one lane.
pub fn select(w: i64) -> Subject {
    select_columns(w, 2)
}

/// The same with so many columns.
pub fn select_columns(w: i64, n: u32) -> Subject {
    let mut b = Program::builder(4);
    let x = b.input("x", &[2], 1.0, Interval::new(0, 4));
    let rows = |b: &mut vouch_program::Builder, name, rows: u32, w| {
        let weights = (0..i64::from(n * rows)).map(|i| w + i * i % 53).collect();
        b.matrix(name, rows, n, weights, vec![Requant::exact(); n as usize])
    };
    let (five, three) = (rows(&mut b, "m", 5, w), rows(&mut b, "n", 3, w + 4));
    let (p, q) = (b.select("p", five, vec![x.at(0)]), b.select("q", three, vec![x.at(1)]));
    b.output("p", &[n], 1.0, p.wires());
    b.output("q", &[n], 1.0, q.wires());
    Subject::new(b.finish().unwrap(), &[1, 2])
}

/// Weights that only their owner knows.
pub fn private(w: i64) -> Subject {
    let linear = linear(w);
    let program = linear.program.with_weights(WeightMode::Private).unwrap();
    Subject::new(program, &linear.inputs)
}
