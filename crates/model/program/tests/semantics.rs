//! The rules of docs/semantics.md, one test each.
#![allow(missing_docs)]

use proptest::prelude::*;
use vouch_program::{Interval, Program, ProgramError, Requant, RunError, Segment, Term};

const WIDE: Interval = Interval::new(-100_000, 100_000);

/// One input through one requantization, with limbs of 4 bits.
fn requantized(requant: Requant, tables: &[(i32, Vec<Segment>)]) -> Program {
    let mut b = Program::builder(4);
    let x = b.input("x", &[1], 1.0, WIDE);
    for (first, segments) in tables {
        b.table("f", 1.0, *first, segments.clone());
    }
    let m = b.matrix("one", 1, 1, vec![1], vec![requant]);
    let y = b.linear("y", m, 1, 1, x.wires());
    b.output("y", &[1], 1.0, y.wires());
    b.finish().unwrap()
}

fn output(program: &Program, inputs: &[i64]) -> Result<Vec<i64>, RunError> {
    program.run(inputs).map(|trace| program.outputs_of(&trace))
}

#[test]
fn division_rounds_half_up() {
    let program = requantized(Requant::rescale(1), &[]);
    for (z, r) in [(-4, -2), (-3, -1), (-2, -1), (-1, 0), (0, 0), (1, 1), (2, 1), (3, 2)] {
        assert_eq!(output(&program, &[z]), Ok(vec![r]), "{z}");
    }
}

#[test]
fn a_requantized_sum_is_a_word() {
    let program = requantized(Requant::rescale(2), &[]);
    assert_eq!(output(&program, &[127 * 4 + 1]), Ok(vec![127]));
    assert_eq!(output(&program, &[-128 * 4 - 2]), Ok(vec![-128]));
    for (z, value) in [(127 * 4 + 2, 128), (-128 * 4 - 3, -129)] {
        let error = RunError::OutOfRange { tensor: "y".into(), index: 0, value, lo: -128, hi: 127 };
        assert_eq!(output(&program, &[z]), Err(error));
    }
}

#[test]
fn tables_are_exact_and_refuse_what_is_outside() {
    let segments = vec![Segment { base: 100, slope: -2 }, Segment { base: 7, slope: 3 }];
    let program = requantized(Requant::table(0, vouch_program::TableId(0), 1000), &[(-1, segments)]);
    for (r, y) in [(-16, 1100), (-15, 1098), (-1, 1070), (0, 1007), (15, 1052)] {
        assert_eq!(output(&program, &[r]), Ok(vec![y]), "{r}");
    }
    for r in [-17, 16] {
        let error = RunError::OutOfRange { tensor: "y".into(), index: 0, value: r, lo: -16, hi: 15 };
        assert_eq!(output(&program, &[r]), Err(error));
    }
}

#[test]
fn inputs_are_counted_and_bounded() {
    let program = requantized(Requant::exact(), &[]);
    assert_eq!(output(&program, &[1, 2]), Err(RunError::InputLength { got: 2, expected: 1 }));
    assert!(matches!(output(&program, &[100_001]), Err(RunError::InputRange { index: 0, value: 100_001, .. })));
}

/// A product with a function, and a maximum of its results.
fn product_and_max() -> Program {
    let mut b = Program::builder(4);
    let x = b.input("x", &[2], 1.0, Interval::new(-20, 20));
    let identity = (0..16).map(|i| Segment { base: (i - 8) * 16, slope: 1 }).collect();
    let f = b.table("identity", 1.0, -8, identity);
    let (a, c) = (x.wires(), vec![x.at(1), x.at(0)]);
    let terms = vec![Term { factor: 3, a: a.clone(), b: a.clone() }, Term { factor: -1, a, b: c }];
    let (r, y) = b.product("p", terms, Requant::table(2, f, 5));
    let y = y.unwrap();
    let max = b.max("max", 2, vec![r.at(0), y.at(1), x.at(0), x.at(1)]);
    b.output("r", &[2], 1.0, r.wires());
    b.output("y", &[2], 1.0, y.wires());
    b.output("max", &[2], 1.0, max.wires());
    b.finish().unwrap()
}

#[test]
fn products_give_the_sum_and_its_function() {
    // 3·4² − 4·(−6) = 72, 3·6² + 24 = 132.
    assert_eq!(output(&product_and_max(), &[4, -6]), Ok(vec![18, 33, 23, 38, 38, 4]));
}

#[test]
fn operands_of_a_maximum_are_close() {
    let mut b = Program::builder(4);
    let x = b.input("x", &[2], 1.0, WIDE);
    let max = b.max("max", 2, x.wires());
    b.output("max", &[1], 1.0, max.wires());
    let program = b.finish().unwrap();
    assert_eq!(output(&program, &[-100, 155]), Ok(vec![155]));
    let error = RunError::MaxSpread { tensor: "max".into(), index: 0, spread: 256, limit: 255 };
    assert_eq!(output(&program, &[156, -100]), Err(error));
}

#[test]
fn a_batch_runs_each_of_its_items() {
    let one = product_and_max();
    let three = one.batched(3).unwrap();
    let items = [[4, -6], [0, 1], [-7, 7]];
    let got = output(&three, items.as_flattened()).unwrap();
    for (item, x) in items.iter().enumerate() {
        let alone = output(&one, x).unwrap();
        for (tensor, values) in alone.chunks(2).enumerate() {
            let start = (tensor * 3 + item) * 2;
            assert_eq!(&got[start..start + 2], values, "item {item}, output {tensor}");
        }
    }
    assert_ne!(one.digest(), three.digest());
    let refused = |n: u32| match one.batched(n) {
        Err(ProgramError::Malformed { name, reason }) => (name, reason),
        other => panic!("{other:?}"),
    };
    assert_eq!(refused(0), ("batch".into(), "its size is zero".into()));
    assert_eq!(refused(u32::MAX), ("batch".into(), "it has more than 2^27 elements".into()));
}

#[test]
fn bytes_are_validated() {
    let program = product_and_max();
    let bytes = program.to_bytes();
    assert_eq!(Program::from_bytes(&bytes).as_ref(), Ok(&program));
    for len in 0..bytes.len() {
        assert!(Program::from_bytes(&bytes[..len]).is_err(), "{len} bytes");
    }
    let longer = [bytes.as_slice(), &[0]].concat();
    assert_eq!(Program::from_bytes(&longer), Err(ProgramError::Decode("1 trailing bytes".into())));
}

#[test]
fn sums_beyond_the_exact_range_are_refused() {
    // 1024 products of 2^59 and 2^59 are 2^128, which is 0 in arithmetic that wraps around at 128 bits.
    for rows in [1u32, 256, 1024, 4096] {
        let mut b = Program::builder(10);
        let x = b.input("x", &[rows], 1.0, Interval::new(1 << 59, 1 << 59));
        let m = b.matrix("m", rows, 1, vec![1 << 59; rows as usize], vec![Requant::rescale(50)]);
        let y = b.linear("y", m, 1, 1, x.wires());
        b.output("y", &[1], 1.0, y.wires());
        assert!(matches!(b.finish(), Err(ProgramError::Overflow { .. })), "{rows} rows");
    }
    let mut b = Program::builder(10);
    let x = b.input("x", &[1], 1.0, Interval::new(1 << 59, 1 << 59));
    let term = || Term { factor: 1 << 8, a: x.wires(), b: x.wires() };
    let (y, _) = b.product("p", vec![term(), term()], Requant::rescale(50));
    b.output("y", &[1], 1.0, y.wires());
    assert!(matches!(b.finish(), Err(ProgramError::Overflow { .. })));
}

proptest! {
    #[test]
    fn values_stay_in_their_bounds(x in -20i64..=20, y in -20i64..=20) {
        let program = product_and_max();
        let bounds = program.bounds().unwrap();
        if let Ok(trace) = program.run(&[x, y]) {
            for (wire, (value, interval)) in trace.values.iter().zip(&bounds.wires).enumerate() {
                prop_assert!(interval.contains(*value), "wire {}: {} outside {:?}", wire, value, interval);
            }
        }
    }

    #[test]
    fn changed_bytes_do_not_panic(at in 0usize..400, to: u8) {
        let mut bytes = product_and_max().to_bytes();
        let at = at % bytes.len();
        bytes[at] = to;
        let _ = Program::from_bytes(&bytes);
    }
}

/// A program of a few bytes does not take gigabytes: wires are in proportion to what is written down.
#[test]
fn few_bytes_make_few_wires() {
    let input = |n: u32| {
        let mut b = Program::builder(10);
        let x = b.input("x", &[n], 1.0, Interval::new(0, 1));
        b.output("y", &[1], 1.0, vec![x.at(0)]);
        b.finish()
    };
    assert!(input(1 << 20).is_ok());
    let refused = input(1 << 27).unwrap_err().to_string();
    assert!(refused.contains("134217728 wires"), "{refused}");
    // 1,024 columns for each of 4,096 positions of one operand.
    let mut b = Program::builder(10);
    let x = b.input("x", &[1], 1.0, Interval::new(0, 1));
    let m = b.matrix("m", 1, 1024, vec![1; 1024], vec![Requant::exact(); 1024]);
    let y = b.linear("y", m, 4096, 1, vec![x.at(0); 4096]);
    b.output("y", &[1], 1.0, vec![y.at(0)]);
    assert!(matches!(b.finish(), Err(ProgramError::Malformed { .. })));
}

proptest! {
    /// Positions and columns are computed several at a time.
    #[test]
    fn sums_of_many_positions_are_the_definition(
        (rows, cols, x, w) in (1usize..12, 1usize..10, 1usize..12).prop_flat_map(|(rows, cols, positions)| (
            Just(rows),
            Just(cols),
            prop::collection::vec(-1000i64..1001, positions * rows),
            prop::collection::vec(-1000i64..1001, rows * cols),
        ))
    ) {
        let positions = x.len() / rows;
        let mut b = Program::builder(16);
        let input = b.input("x", &[x.len() as u32], 1.0, WIDE);
        let m = b.matrix("m", rows as u32, cols as u32, w.clone(), vec![Requant::exact(); cols]);
        let y = b.linear("y", m, positions as u32, 1, input.wires());
        b.output("y", &[y.len], 1.0, y.wires());
        let sum = |p: usize, n: usize| (0..rows).map(|k| x[p * rows + k] * w[k * cols + n]).sum::<i64>();
        let expected: Vec<i64> = (0..positions).flat_map(|p| (0..cols).map(move |n| (p, n))).map(|(p, n)| sum(p, n)).collect();
        prop_assert_eq!(output(&b.finish().unwrap(), &x), Ok(expected));
    }
}

/// Rows of 3 by two indices, the second of which is one less.
fn select() -> Program {
    let mut b = Program::builder(8);
    let x = b.input("x", &[2], 1.0, Interval::new(-5, 5));
    let t = b.table("t", 1.0, -128, (0..256).map(|i| Segment { base: 2 * i - 256, slope: 0 }).collect());
    let requant = vec![Requant::exact(), Requant::rescale(1), Requant::table(0, t, 7)];
    let m = b.matrix("w", 3, 3, vec![10, 11, 0, 20, 21, 256, -30, -31, -256], requant);
    let y = b.select("y", m, x.wires());
    b.output("y", &[2, 3], 1.0, y.wires());
    b.finish().unwrap()
}

#[test]
fn rows_are_selected_or_the_run_is_refused() {
    let program = select();
    assert_eq!(output(&program, &[0, 2]), Ok(vec![10, 6, 7, -30, -15, 5]));
    assert_eq!(output(&program, &[1, 1]), Ok(vec![20, 11, 9, 20, 11, 9]));
    for value in [-1, 3, 5, -5] {
        let error = RunError::NoSuchRow { tensor: "y".into(), index: 1, value, rows: 3 };
        assert_eq!(output(&program, &[0, value]), Err(error));
    }
    let bounds = program.bounds().unwrap();
    let first = program.constants().len() + 2;
    let row = [Interval::new(-30, 20), Interval::new(-15, 11), Interval::new(5, 9)];
    assert_eq!(bounds.wires[first..], [row, row].concat());
    assert_eq!(Program::from_bytes(&program.to_bytes()).unwrap(), program);
    let batch = program.batched(2).unwrap();
    assert_eq!(output(&batch, &[0, 2, 1, 1]).unwrap(), [[10, 6, 7, -30, -15, 5], [20, 11, 9, 20, 11, 9]].concat());
    let private = program.with_weights(vouch_program::WeightMode::Private).unwrap();
    assert_eq!(private.bounds().unwrap().wires[first], private.word());
}

#[test]
fn a_matrix_is_multiplied_with_or_selected_from() {
    let mut b = Program::builder(4);
    let x = b.input("x", &[1], 1.0, Interval::new(0, 1));
    let m = b.matrix("w", 1, 1, vec![3], vec![Requant::exact()]);
    let (y, z) = (b.linear("y", m, 1, 1, x.wires()), b.select("z", m, x.wires()));
    b.output("y", &[2], 1.0, [y.wires(), z.wires()].concat());
    let error = b.finish().unwrap_err().to_string();
    assert_eq!(error, "`w`: it is multiplied with, and rows are selected from it: use two matrices");
}
