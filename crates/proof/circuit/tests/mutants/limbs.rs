//! Range checks and function lookups: sums that stay, limbs that do not.

use halo2_proofs::halo2curves::bn256::Fr;
use vouch_circuit::FirstPhase;

use crate::{
    Attack,
    forge::{finish, int, integer, output, set_wire},
    subjects,
    support::{
        Bench, Columns,
        mutant::{Mutant, Site},
    },
};

/// Moves one unit from a limb that is not checked to the limbs that are looked at: the sum is the same, the result is not.
fn carry(bench: &Bench, product: bool, limb: usize) -> Columns {
    let mut first = honest(bench);
    let b = bench.layout.params.limb_bits;
    let size = 1i64 << b;
    let (limbs, slope) = if product {
        let own = &mut first.product[0];
        (&mut own.limbs, &mut own.slope)
    } else {
        let own = &mut first.linear[0];
        (&mut own.limbs, &mut own.slope)
    };
    let top = limbs.len() - 1;
    let segments = &bench.program.tables()[0];
    let mut index = integer(limbs[top][0]) - size / 2 - i64::from(segments.first);
    let mut fraction = integer(limbs[top - 1][0]);
    if limb + 1 == top {
        // The next segment, with a fraction that is negative.
        index += 1;
        fraction -= size;
        limbs[top][0] += Fr::one();
    } else {
        fraction += 1;
        assert!(fraction < size);
        limbs[limb][0] -= int(1 << (b * (top - 1 - limb) as u32));
    }
    limbs[top - 1][0] = int(fraction);
    let segment = segments.segments[usize::try_from(index).unwrap()];
    slope[0] = int(segment.slope);
    let value = segment.base + segment.slope * fraction;
    if product {
        let r = integer(first.product[0].r[0]) + i64::from(limb + 1 != top);
        set_wire(bench, &mut first, output(bench, 0), int(r));
        set_wire(bench, &mut first, output(bench, 1), int(value + 3));
    } else {
        set_wire(bench, &mut first, output(bench, 0), int(value - 5));
    }
    finish(bench, &first)
}

pub fn honest(bench: &Bench) -> FirstPhase {
    let inputs = if bench.config.linear.is_empty() { vec![7, 5, 3, 2] } else { vec![70, -20] };
    bench.first(&bench.program.run(&inputs).unwrap())
}

/// The value of a function, one larger.
pub fn other_value(bench: &Bench, i: usize) -> FirstPhase {
    let mut first = honest(bench);
    let wire = output(bench, i);
    let value = first.value(&bench.layout, bench.layout.home[wire]).unwrap();
    set_wire(bench, &mut first, wire, value + Fr::one());
    first
}

pub fn attacks() -> Vec<Attack> {
    let (linear, product) = (subjects::linear(11), subjects::product(300, [0, 1, 2, 3]));
    assert_eq!((linear.params.linear_limbs, product.params.product_limbs), (4, 5));
    let mut out = Vec::new();
    out.extend((0..3).map(|i| {
        Attack::new(Mutant::Lookup(Site::LinearLimb(i)), linear.clone(), move |bench| carry(bench, false, i))
    }));
    out.extend((0..4).map(|i| {
        Attack::new(Mutant::Lookup(Site::ProductLimb(i)), product.clone(), move |bench| carry(bench, true, i))
    }));
    out.push(Attack::new(Mutant::Lookup(Site::LinearFunction), linear, |bench| finish(bench, &other_value(bench, 0))));
    out.push(Attack::new(Mutant::Lookup(Site::ProductFunction), product, |bench| {
        finish(bench, &other_value(bench, 1))
    }));
    out
}
