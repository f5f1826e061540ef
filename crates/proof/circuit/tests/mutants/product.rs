//! Products, bounds of hidden inputs, maxima.

use halo2_proofs::halo2curves::bn256::Fr;
use vouch_circuit::{FirstPhase, ProductRow};

use crate::{
    Attack,
    forge::{finish, int, integer, maximum_row, output, set_wire},
    gate,
    limbs::honest,
    subjects::{self, Subject},
    support::{
        Bench, Columns,
        mutant::{Mutant, Site},
    },
};

/// The run of another program with the same columns.
fn run_of(other: Subject) -> impl Fn(&Bench) -> Columns {
    move |bench| {
        let twin = Bench::with_params(other.program.clone(), other.params.clone());
        finish(bench, &twin.first(&other.program.run(&other.inputs).unwrap()))
    }
}

/// A change of cells.
type Change = fn(&mut FirstPhase);

/// A claim of the largest of four values: in each of its two rows the value y, and where the product of differences starts
/// (where there is no other number, it goes on).
struct Claim {
    inputs: [i64; 4],
    y: [i64; 2],
    starts: [Option<i64>; 2],
    /// What is changed at the end.
    change: Change,
}

impl Claim {
    fn new(inputs: [i64; 4], y: i64) -> Self {
        Self { inputs, y: [y; 2], starts: [None; 2], change: |_| {} }
    }

    fn forge(&self, bench: &Bench) -> Columns {
        let mut first = bench.first(&bench.program.run(&self.inputs).unwrap());
        let mut next = 1;
        for (row, (y, start)) in self.y.into_iter().zip(self.starts).enumerate() {
            next = maximum_row(&mut first, bench, row, y, start.unwrap_or(next));
        }
        first.instance[4] = int(self.y[0]);
        (self.change)(&mut first);
        finish(bench, &first)
    }

    fn attack(self, mutant: Mutant) -> Attack {
        Attack::new(mutant, subjects::maximum(self.inputs), move |bench| self.forge(bench))
    }
}

fn maxima() -> Vec<Attack> {
    // The largest is the first or the second operand; the claims are another operand, and 6, which is none.
    let (first, second) = ([5, 3, 1, 2], [3, 5, 1, 2]);
    let too_high = |starts| Claim { starts, ..Claim::new(first, 6) };
    let operand = |i: usize| -> Change {
        if i == 0 { |f| f.product[0].operands[0][0] = int(3) } else { |f| f.product[0].operands[1][0] = int(3) }
    };
    let mut out = vec![
        Claim::new(first, 3).attack(gate("max", 0)),
        Claim::new(second, 3).attack(gate("max", 1)),
        Claim { change: |f| f.product[0].r[1] = Fr::zero(), ..Claim::new(first, 6) }.attack(gate("max", 2)),
        too_high([Some(0), None]).attack(Mutant::Copies("maximum, product starts at 1")),
        too_high([None, Some(0)]).attack(Mutant::Copies("maximum, product goes on")),
        too_high([None, None]).attack(Mutant::Copies("maximum, product ends at 0")),
        Claim { y: [3, 5], ..Claim::new([3, 1, 5, 2], 3) }.attack(Mutant::Copies("maximum, rows share it")),
        Claim { change: operand(0), ..Claim::new(first, 3) }.attack(Mutant::Copies("maximum, first operand")),
        Claim { change: operand(1), ..Claim::new(second, 3) }.attack(Mutant::Copies("maximum, second operand")),
    ];
    // 3 − 5 in the low limb, or in the high one with 14 in the low one; of the first operand, or of the second.
    let limbs: [(usize, Change); 4] = [
        (0, |f| f.product[0].limbs[0][0] = int(-2)),
        (1, |f| (f.product[0].limbs[0][0], f.product[0].limbs[1][0]) = (int(14), int(-1))),
        (2, |f| f.product[0].limbs[2][0] = int(-2)),
        (3, |f| (f.product[0].limbs[2][0], f.product[0].limbs[3][0]) = (int(14), int(-1))),
    ];
    out.extend(limbs.into_iter().map(|(i, change)| {
        let inputs = if i < 2 { first } else { second };
        Claim { change, ..Claim::new(inputs, 3) }.attack(Mutant::Lookup(Site::ProductLimb(i)))
    }));
    out
}

/// The run of the input 10, which is above its upper bound. The row of the upper bound is given other operands.
fn above(operand: usize, to: i64) -> Attack {
    let classes = ["upper bound, value", "upper bound, first one", "upper bound, second one", "upper bound, third one"];
    let forge = move |bench: &Bench| {
        let x = bench.program.constants().len();
        let honest = bench.program.run(&[9]).unwrap();
        let mut trace = honest.clone();
        // What the rows of the product and of the lower bound look like for 10; that of the upper bound, for what its operands make.
        trace.values[x] = 10;
        trace.sums[0][0] = 640;
        *trace.values.last_mut().unwrap() = 10;
        let row = |upper: bool| {
            let found = |r: &ProductRow| matches!(r, ProductRow::Bound { upper: u, .. } if *u == upper);
            bench.layout.product[0].iter().position(found).unwrap()
        };
        let mut first = bench.first(&honest);
        let of_ten = FirstPhase::new(&wide(bench), &bench.layout, &trace, &[]).unwrap();
        for (own, from) in [(&mut first.product[0], &of_ten.product[0])] {
            let rows = (0..bench.layout.product[0].len()).filter(|r| *r != row(true));
            for r in rows {
                own.operands.iter_mut().zip(&from.operands).for_each(|(to, from)| to[r] = from[r]);
                own.limbs.iter_mut().zip(&from.limbs).for_each(|(to, from)| to[r] = from[r]);
                (own.slope[r], own.y[r], own.r[r]) = (from.slope[r], from.y[r], from.r[r]);
            }
        }
        let u = row(true);
        let own = &mut first.product[0];
        own.operands[0][u] = int(10);
        own.operands[operand][u] = int(to);
        // −v·1 + (hi − 2^7)·1·1, scaled by 2^D.
        let [v, one, a, b] = [0, 1, 2, 3].map(|i| integer(own.operands[i][u]));
        let r = -v * one + (9 - 128) * a * b;
        let p = &bench.layout.params;
        let shifted = r + 128;
        let top = p.product_limbs - 1;
        own.limbs[top][u] = int(shifted >> 4);
        own.limbs[top - 1][u] = int(shifted & 15);
        own.r[u] = int(r);
        own.y[u] = int(r);
        first.instance[0] = int(10);
        finish(bench, &first)
    };
    let lie = |_: &Bench, columns: &Columns, _: &Subject| !(-5..=9).contains(&integer(columns.instance[0]));
    Attack { mutant: Mutant::Copies(classes[operand]), subject: subjects::bounded(), forge: Box::new(forge), lie }
}

/// The program with a range that 10 is in.
fn wide(bench: &Bench) -> vouch_program::Program {
    let mut json = serde_json::to_value(&*bench.program).unwrap();
    json["inputs"][0]["max"] = "100".into();
    serde_json::from_value(json).unwrap()
}

pub fn attacks() -> Vec<Attack> {
    let product = |operands| subjects::product(300, operands);
    let honest_product = product([0, 1, 2, 3]);
    let mut out = vec![
        Attack::new(gate("product", 0), honest_product.clone(), run_of(subjects::product(150, [0, 1, 2, 3]))),
        Attack::new(gate("product", 1), honest_product.clone(), |bench| {
            let mut first = honest(bench);
            let r = first.product[0].r[0];
            set_wire(bench, &mut first, output(bench, 0), r + Fr::one());
            finish(bench, &first)
        }),
        Attack::new(Mutant::Copies("public output"), honest_product.clone(), |bench| {
            let mut first = honest(bench);
            first.instance[4] += Fr::one();
            finish(bench, &first)
        }),
    ];
    let others = [[1, 1, 2, 3], [0, 0, 2, 3], [0, 1, 0, 3], [0, 1, 2, 0]];
    let classes = ["product, a", "product, b", "product, c", "product, d"];
    out.extend(classes.into_iter().zip(others).map(|(class, operands)| {
        Attack::new(Mutant::Copies(class), honest_product.clone(), run_of(product(operands)))
    }));
    out.extend(maxima());
    out.extend([above(0, 9), above(1, 0), above(2, 0), above(3, 0)]);
    out
}
