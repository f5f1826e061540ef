//! The program of a tensor accepts a statement exactly if it is true.
#![allow(missing_docs)]

use proptest::prelude::*;
use vouch_circuit::Objective;
use vouch_disclosure::{DisclosureError, Form, MAX_WEIGHT, Statement, disclosure_program};
use vouch_program::RunError;
use vouch_proving::plan;
use vouch_verifier::{TensorSpec, Visibility};

fn spec(values: u32, min: i64, max: i64) -> TensorSpec {
    TensorSpec {
        name: "x".to_owned(),
        shape: vec![1, values],
        unit: "h".to_owned(),
        scale: 16.0,
        min,
        max,
        visibility: Visibility::Hashed,
    }
}

/// A tensor, values, weights, and bounds close to the weighted sum or anywhere.
fn cases() -> impl Strategy<Value = (TensorSpec, Vec<i64>, Vec<i64>, i64, i64)> {
    let (first, last) = (i64::from(i32::MIN), i64::from(i32::MAX));
    let shape = (1u32..60, 0u32..=32).prop_flat_map(move |(m, bits)| {
        let width = (1i64 << bits) - 1;
        let near_zero = (-width).max(first)..=(last - width).min(0);
        (Just(m), prop_oneof![first..=last - width, near_zero].prop_map(move |min| (min, width)))
    });
    shape.prop_flat_map(|(m, (min, width))| {
        let spec = spec(m, min, min + width);
        let m = m as usize;
        let end = prop_oneof![Just(min), Just(min + width), min..=min + width];
        let weight = prop_oneof![Just(0), Just(1), Just(-MAX_WEIGHT), Just(MAX_WEIGHT), -MAX_WEIGHT..=MAX_WEIGHT];
        let near = || {
            prop_oneof![
                -3i64..=3,
                -100_000i64..=100_000,
                any::<i32>().prop_map(i64::from),
                Just(i64::MAX),
                Just(i64::MIN)
            ]
        };
        (Just(spec), prop::collection::vec(end, m), prop::collection::vec(weight, m), near(), near())
    })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(400))]

    #[test]
    fn a_program_accepts_what_is_true((spec, values, weights, below, above) in cases()) {
        let form = Form::of(&spec).unwrap();
        let sum: i64 = values.iter().zip(&weights).map(|(x, w)| x * w).sum();
        let bound = |by: i64| sum.saturating_add(by).clamp(-form.max_sum, form.max_sum);
        let (lo, hi) = (bound(below), bound(above));
        let program = disclosure_program(&spec).unwrap();
        // As the words are, whatever the order of the bounds.
        let inputs = [values.as_slice(), &weights, &form.words(lo), &form.words(hi)].concat();
        let run = program.run(&inputs);
        prop_assert_eq!(run.is_ok(), lo <= sum && sum <= hi, "{} in [{}, {}]: {:?}", sum, lo, hi, run.err());
        let statement = Statement::weighted(&spec, weights, lo, hi);
        match statement {
            Err(DisclosureError::Empty { .. }) => prop_assert!(lo > hi),
            Err(e) => return Err(TestCaseError::fail(e.to_string())),
            Ok(statement) => {
                prop_assert_eq!(statement.check_values(&spec, &values).is_ok(), lo <= sum && sum <= hi);
                prop_assert_eq!(&statement.inputs(&spec).unwrap(), &inputs[values.len()..]);
                prop_assert_eq!(&Statement::from_inputs(&spec, &inputs[values.len()..]).unwrap(), &statement);
            }
        }
    }

    #[test]
    fn words_are_a_number_and_fit((spec, _, _, by, _) in cases()) {
        let form = Form::of(&spec).unwrap();
        let s = by.clamp(-form.max_sum, form.max_sum);
        let [high, low] = form.words(s);
        prop_assert_eq!((high << form.digit_bits) + low, s);
        prop_assert!(high.abs() <= form.max_high && (0..1i64 << form.digit_bits).contains(&low));
    }
}

#[test]
fn a_false_statement_is_refused_by_the_range_of_a_difference() {
    let spec = spec(3, -50, 50);
    let program = disclosure_program(&spec).unwrap();
    let form = Form::of(&spec).unwrap();
    let run = |lo, hi| program.run(&[&[7, -8, 9], [0, 1, 0].as_slice(), &form.words(lo), &form.words(hi)].concat());
    assert!(run(-8, -8).is_ok() && run(-8, 300).is_ok());
    for (lo, hi, tensor) in [(-7, 0, "at least the lower bound"), (-300, -9, "at most the upper bound")] {
        match run(lo, hi) {
            Err(RunError::OutOfRange { tensor: got, lo: 0, .. }) => assert_eq!(got, tensor),
            other => panic!("[{lo}, {hi}]: {other:?}"),
        }
    }
}

#[test]
fn what_is_no_statement_is_refused() {
    let of = spec(3, -50, 50);
    let whole = vec![1, 1, 1];
    assert!(matches!(Statement::element(&of, 3, 0, 0), Err(DisclosureError::Index { index: 3, values: 3, .. })));
    assert!(matches!(Statement::weighted(&of, vec![1], 0, 0), Err(DisclosureError::Length { got: 1, .. })));
    assert!(matches!(
        Statement::weighted(&of, vec![1, 1001, 1], 0, 0),
        Err(DisclosureError::Weight { index: 1, got: 1001, .. })
    ));
    assert!(matches!(Statement::weighted(&of, whole.clone(), 1, 0), Err(DisclosureError::Empty { .. })));
    let max = 3 * 50 * MAX_WEIGHT;
    assert!(Statement::weighted(&of, whole.clone(), -max, max).is_ok());
    for (lo, hi) in [(-max - 1, 0), (0, max + 1), (i64::MIN, i64::MAX)] {
        assert!(matches!(Statement::weighted(&of, whole.clone(), lo, hi), Err(DisclosureError::Bound { .. })));
    }
    let other = Statement { tensor: "y".to_owned(), weights: whole, lo: 0, hi: 0 };
    assert!(matches!(other.check(&of), Err(DisclosureError::OtherTensor { .. })));
    let public = TensorSpec { visibility: Visibility::Public, ..of.clone() };
    assert!(matches!(disclosure_program(&public), Err(DisclosureError::NotHashed { visibility: "public", .. })));
    for shape in [vec![1 << 16, 1 << 15], vec![(1 << 16) + 1], vec![1 << 20]] {
        let huge = TensorSpec { shape, ..of.clone() };
        assert!(matches!(disclosure_program(&huge), Err(DisclosureError::TooLarge { .. })));
        assert!(matches!(Statement::element(&huge, 0, 0, 0), Err(DisclosureError::TooLarge { .. })));
    }
}

/// Words that are not those of a bound, and other numbers of them, are no statement.
#[test]
fn a_statement_has_one_encoding() {
    let of = spec(3, -50, 50);
    let form = Form::of(&of).unwrap();
    let inputs = Statement::element(&of, 1, -7, 9).unwrap().inputs(&of).unwrap();
    assert_eq!(inputs.len(), 3 + 4);
    let mut other = inputs.clone();
    other[3] -= 1;
    other[4] += 1 << form.digit_bits;
    assert!(matches!(Statement::from_inputs(&of, &other), Err(DisclosureError::Inputs { .. })));
    for len in [0, 2, 3, 6] {
        assert!(matches!(Statement::from_inputs(&of, &inputs[..len]), Err(DisclosureError::Inputs { .. })));
    }
    for high in [i64::MIN, i64::MAX] {
        other[3] = high;
        assert!(Statement::from_inputs(&of, &other).is_err());
    }
}

/// Tensors may have the names of the program's own.
#[test]
fn a_tensor_may_have_any_name() {
    for name in ["weights", "lower", "upper", "within"] {
        let spec = TensorSpec { name: name.to_owned(), ..spec(2, 0, 9) };
        let program = disclosure_program(&spec).unwrap();
        assert_eq!(program.inputs()[0].name, name);
        let hashed = program.inputs().iter().filter(|t| t.visibility == vouch_program::Visibility::Hashed).count();
        assert_eq!((hashed, program.public_len()), (1, 1 + 2 + 4));
    }
}

/// The circuits for the inputs of the default model (17 bits) have 2^10 rows, for smaller ones less.
#[test]
fn circuits_are_small() {
    for (values, max, k) in [(5, 255, 8), (5, 98_304, 10), (40, 98_304, 11), (40, 255, 9)] {
        let program = disclosure_program(&spec(values, 0, max)).unwrap();
        let estimate = plan(&program, 1, Objective::default(), None).unwrap().estimate;
        println!("{values} values up to {max}: limbs of {} bits, {estimate:?}", program.limb_bits());
        assert_eq!(estimate.params.k, k, "{values} values up to {max}");
    }
}
