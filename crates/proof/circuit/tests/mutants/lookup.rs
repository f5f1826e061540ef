//! The argument behind the lookups: its sums, and its two challenges.

use halo2_proofs::halo2curves::bn256::Fr;

use crate::{
    Attack,
    forge::{int, integer, output, set_wire},
    gate,
    limbs::{honest, other_value},
    subjects,
    support::{
        Bench, Columns,
        mutant::{Mutant, Pair},
    },
};

/// A function value that is in no row of the table, so that φ does not return to 0; and what φ ends with.
fn unbalanced(bench: &Bench) -> (Columns, Fr) {
    let columns = crate::forge::finish(bench, &other_value(bench, 0));
    let phi = bench.config.lookup.as_ref().unwrap().phi.index();
    let total = columns.advice[phi][bench.layout.params.usable()];
    (columns, total)
}

/// Takes `total` off φ from a row on.
fn lower(bench: &Bench, columns: &mut Columns, total: Fr, from: usize) {
    let phi = bench.config.lookup.as_ref().unwrap().phi.index();
    columns.advice[phi][from..=bench.layout.params.usable()].iter_mut().for_each(|v| *v -= total);
}

/// With β = θ an entry is `key + θ·(value + 1) + θ²·slope + θ³·tag`: twice a row of tag 1 looks like one of tag 2, and half a
/// use of the row pays for it.
fn twice(bench: &Bench) -> Columns {
    let mut first = honest(bench);
    let own = &first.linear[0];
    let (top, b) = (own.limbs.len() - 1, bench.layout.params.limb_bits);
    let key = integer(own.limbs[top][0]);
    assert_eq!(key % 2, 0, "the top limb must be even");
    let row = key / 2;
    let value = 2 * ((row << b) - (1 << (2 * b - 1)) + 1) - 1;
    let y = value - 5 + 2 * integer(own.limbs[top - 1][0]);
    first.linear[0].slope[0] = int(2);
    set_wire(bench, &mut first, output(bench, 0), int(y));
    bench.recount(&mut first);
    first.multiplicity[1 + usize::try_from(row).unwrap()] += Fr::from(2).invert().unwrap();
    bench.columns(&first, &bench.second(&first))
}

pub fn attacks() -> Vec<Attack> {
    let subject = subjects::linear(11);
    let attack = |mutant, forge: fn(&Bench) -> Columns| Attack::new(mutant, subject.clone(), forge);
    vec![
        attack(Mutant::LastSum, |bench| unbalanced(bench).0),
        attack(Mutant::FirstSum, |bench| {
            let (mut columns, total) = unbalanced(bench);
            lower(bench, &mut columns, total, 0);
            columns
        }),
        attack(gate("lookup: running sum", 0), |bench| {
            let (mut columns, total) = unbalanced(bench);
            lower(bench, &mut columns, total, 3);
            columns
        }),
        // Both ends.
        attack(gate("lookup: running sum", 1), |bench| unbalanced(bench).0),
        attack(gate("lookup: helper", 0), |bench| {
            let (mut columns, total) = unbalanced(bench);
            let helper = bench.config.lookup.as_ref().unwrap().helpers[0].index();
            columns.advice[helper][2] -= total;
            lower(bench, &mut columns, total, 3);
            columns
        }),
        attack(Mutant::Equal(Pair::BetaTheta), twice),
    ]
}
