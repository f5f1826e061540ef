//! Shares sum to one within a bound that follows from the program (models/restaking-allocation/README.md states it).

use std::sync::OnceLock;

use proptest::prelude::*;
use vouch::LIMB_BITS;
use vouch_compiler::{CompileOptions, NamedTensors, compile_model, quantize_inputs};
use vouch_program::{Instruction, Interval, Matrix, Product, Program, Requant, Table, Wire};

use crate::shipped::{ALLOCATION, compiled, onnx, samples};

/// What the README states of the largest possible |Σ shares − 1|.
const STATED: f64 = 1.5e-4;
/// The same for programs with limbs of 10, 11 and 12 bits, compiled without samples.
const STATED_BY_WIDTH: [f64; 3] = [1.9e-4, 2.9e-4, 1.6e-4];

/// The instructions of the softmax whose values are an output tensor.
struct Softmax<'a> {
    /// Number of values (n).
    len: i64,
    /// x − max x, and the exponential of it.
    difference: &'a Product,
    exp: &'a Table,
    /// Σ E, and its reciprocal.
    matrix: &'a Matrix,
    reciprocal: &'a Table,
    /// E · R.
    product: &'a Product,
    /// Integers a unit of the output (S).
    scale: i64,
    limb_bits: u32,
}

/// The wires of a list of `n` from `first` on.
fn wires(first: u32, n: usize) -> Vec<Wire> {
    (first..).take(n).map(Wire).collect()
}

impl<'a> Softmax<'a> {
    /// Finds the four instructions, and checks that they are wired as [`Softmax::bound`] takes for granted.
    fn find(program: &'a Program, output: &str) -> Self {
        let output = program.outputs().iter().find(|o| o.name == output).unwrap();
        let n = output.wires.len();
        let mut next = (program.constants().len() + program.input_len()) as u32;
        let mut defined = Vec::new();
        for instruction in program.instructions() {
            defined.push((next, instruction));
            next += program.arity_out(instruction) as u32;
        }
        let find = |wire: Wire| *defined.iter().rev().find(|(first, _)| *first <= wire.0).unwrap();
        let (first, Instruction::Product(product)) = find(output.wires[0]) else { panic!("no product") };
        assert_eq!((wires(first, n), product.terms.len(), product.requant.lookup), (output.wires.clone(), 1, None));
        let (exps, inverse) = (&product.terms[0].a, product.terms[0].b[0]);
        assert!(product.terms[0].b.iter().all(|w| *w == inverse));

        // The reciprocal of the sum of the same wires, with one weight for all.
        let (first, Instruction::Linear(sum)) = find(inverse) else { panic!("no sum") };
        let matrix = &program.matrices()[sum.matrix.0 as usize];
        assert_eq!((first, &sum.x, sum.positions, matrix.cols), (inverse.0, exps, 1, 1));
        assert!(matrix.weights.len() == n && matrix.weights.iter().all(|w| *w == matrix.weights[0]));

        // exp(x − max x): the second half of the wires are the function's values.
        let (first, Instruction::Product(difference)) = find(exps[0]) else { panic!("no difference") };
        assert_eq!(&wires(first + n as u32, n), exps);
        let [x, m] = &difference.terms[..] else { panic!("{difference:?}") };
        let one = |w: &Wire| program.constants().get(w.index()) == Some(&1);
        assert!(x.factor == -m.factor && x.factor > 0 && x.b.iter().chain(&m.b).all(one));
        let (max, Instruction::Max(own)) = find(m.a[0]) else { panic!("no maximum") };
        assert!(own.x == x.a && own.groups == 1 && m.a.iter().all(|w| w.0 == max));
        let table = |r: &Requant| &program.tables()[r.lookup.unwrap().table.0 as usize];
        Self {
            len: n as i64,
            difference,
            exp: table(&difference.requant),
            matrix,
            reciprocal: table(&matrix.requant[0]),
            product,
            scale: output.scale as i64,
            limb_bits: program.limb_bits(),
        }
    }

    /// The values that Σ E can have, E = exp-table(d) + offset at d ≤ 0: at least one d is 0, that of the largest x.
    fn sums(&self) -> Interval {
        let n = self.len;
        let offset = self.difference.requant.lookup.unwrap().offset;
        let value = |d: i64| self.exp.eval(d, self.limb_bits).unwrap() + offset;
        let (least, most) = (self.exp.domain(self.limb_bits).lo..=0)
            .map(value)
            .fold((i64::MAX, i64::MIN), |(least, most), e| (least.min(e), most.max(e)));
        Interval::new(value(0) + (n - 1) * least, value(0) + (n - 1) * most)
    }

    /// The largest |Σ y − S|·2^d over all that the program accepts, where the outputs y = share·S.
    ///
    /// With A = Σ E the program computes
    ///
    /// ```text
    /// r = ⌊(w·A + 2^(e−1)) / 2^e⌋      R = T(r) ≈ 1/A, scaled      y_i = ⌊(f·E_i·R + 2^(d−1)) / 2^d⌋
    /// ```
    ///
    /// ⌊z + 1/2⌋ is at most 1/2 from z, so Σ y is at most n/2 from f·R·A/2^d, whatever the E are:
    ///
    /// ```text
    /// |Σ y − S|·2^d  ≤  n·2^(d−1) + max over A of |f·R·A − S·2^d|
    /// ```
    ///
    /// The A with one r are an interval, on which R is constant and f·R·A linear: the largest is at one of its ends. There are few enough r to
    /// try all. What makes the maximum: T is within its segments' rounded slopes of 1/A (2^(b−2) units of R, with limbs of b bits), and r within 1/2.
    fn bound(&self) -> i128 {
        let Requant { drop: e, lookup: Some(lookup) } = self.matrix.requant[0] else { panic!("no reciprocal") };
        let (w, d, f) = (self.matrix.weights[0], self.product.requant.drop, i128::from(self.product.terms[0].factor));
        let (all, half) = (self.sums(), (1i64 << e) / 2);
        let one = i128::from(self.scale) << d;
        let r_of = |a: i64| (w * a + half) >> e;
        let mut most = 0;
        for r in r_of(all.lo)..=r_of(all.hi) {
            // w·A + half from r·2^e to (r + 1)·2^e − 1.
            let lo = ((r << e) - half + w - 1).div_euclid(w).max(all.lo);
            let hi = (((r + 1) << e) - 1 - half).div_euclid(w).min(all.hi);
            let inverse = i128::from(self.reciprocal.eval(r, self.limb_bits).unwrap() + lookup.offset);
            for a in [lo, hi] {
                most = most.max((f * inverse * i128::from(a) - one).abs());
            }
        }
        most + (i128::from(self.len) << d) / 2
    }
}

/// A program, and how far from `scale` its shares can sum: `bound`/2^`drop`.
struct Bounded {
    program: Program,
    bound: i128,
    drop: u8,
    scale: i64,
}

impl Bounded {
    fn new(program: Program) -> Self {
        let softmax = Softmax::find(&program, "shares");
        let (bound, drop, scale) = (softmax.bound(), softmax.product.requant.drop, softmax.scale);
        Self { program, bound, drop, scale }
    }

    fn bound(&self) -> f64 {
        self.bound as f64 / 2f64.powi(i32::from(self.drop)) / self.scale as f64
    }

    /// How far the shares of a run sum from one; panics if it is beyond the bound.
    fn off(&self, x: &[i64]) -> f64 {
        let shares = self.program.outputs().iter().find(|o| o.name == "shares").unwrap();
        let trace = self.program.run(x).unwrap();
        let sum: i64 = shares.wires.iter().map(|w| trace.values[w.index()]).sum();
        let far = i128::from((sum - self.scale).abs()) << self.drop;
        assert!(far <= self.bound, "they sum to {sum} of {}", self.scale);
        (sum - self.scale).abs() as f64 / self.scale as f64
    }

    /// The largest on all samples that come with the model.
    fn most(&self) -> f64 {
        let integers = |s: &NamedTensors| quantize_inputs(&self.program, s).unwrap();
        decisions().iter().map(|s| self.off(&integers(s))).fold(0.0, f64::max)
    }
}

fn decisions() -> Vec<NamedTensors> {
    ["samples.npz", "markets.npz"].into_iter().flat_map(|file| samples(ALLOCATION, file)).collect()
}

fn shipped() -> &'static Bounded {
    static SHIPPED: OnceLock<Bounded> = OnceLock::new();
    SHIPPED.get_or_init(|| Bounded::new(compiled(ALLOCATION).program))
}

#[test]
fn shares_of_markets_sum_to_one_within_what_is_stated() {
    let (bound, most) = (shipped().bound(), shipped().most());
    println!("bound {bound:.3e}, largest {most:.3e}");
    assert!(bound <= STATED, "{bound:e}");
    // The bound is not far above what happens.
    assert!(most > 0.4 * bound, "{most:e} {bound:e}");
}

#[test]
fn programs_of_all_widths_have_bounds() {
    for (limb_bits, stated) in LIMB_BITS.into_iter().zip(STATED_BY_WIDTH) {
        let options = CompileOptions { limb_bits, target_error: 1e-3, aim: 0.5, ..CompileOptions::default() };
        let program = Bounded::new(compile_model(&onnx(ALLOCATION), &options).unwrap().program);
        let (bound, most) = (program.bound(), program.most());
        println!("{limb_bits} bits: bound {bound:.3e}, largest {most:.3e}");
        assert!(bound <= stated && most > 0.1 * bound, "{limb_bits} bits: {bound:e} {most:e}");
    }
}

/// Each input anywhere in its declared range, or at an end of it, or as in one of the decisions; all tokens alike, or each its own.
fn any_inputs() -> impl Strategy<Value = Vec<i64>> {
    let program = &shipped().program;
    let decisions: Vec<Vec<i64>> = decisions().iter().map(|s| quantize_inputs(program, s).unwrap()).collect();
    let lengths: Vec<usize> = program.inputs().iter().map(|t| t.shape.iter().map(|d| *d as usize).product()).collect();
    let tensor = |bounds: Interval, len: usize| {
        let value = prop_oneof![4 => bounds.lo..=bounds.hi, 1 => Just(bounds.lo), 1 => Just(bounds.hi)];
        let own = prop::collection::vec(value.clone(), len);
        prop_oneof![3 => own, 1 => value.prop_map(move |v| vec![v; len])].boxed()
    };
    let tensors: Vec<_> =
        program.inputs().iter().zip(&lengths).map(|(t, len)| tensor(Interval::from(t), *len)).collect();
    let known = prop::collection::vec(any::<bool>(), lengths.len());
    (tensors, known, 0..decisions.len()).prop_map(move |(mut tensors, known, decision)| {
        let mut rest = decisions[decision].as_slice();
        for ((own, known), len) in tensors.iter_mut().zip(known).zip(&lengths) {
            let (values, tail) = rest.split_at(*len);
            if known {
                own.copy_from_slice(values);
            }
            rest = tail;
        }
        tensors.concat()
    })
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 3_000, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn shares_sum_to_one(x in any_inputs()) {
        shipped().off(&x);
    }
}
