//! The hash of a tensor: a digest that is not that of the values.

use vouch_poseidon::Poseidon;

use crate::{
    Attack,
    forge::rehash,
    gate, subjects,
    subjects::Subject,
    support::{Bench, Columns, Place, mutant::Mutant},
};
use vouch_circuit::HashRow;

/// The digest shown is not that of the input with the salt of the witness.
fn other_digest(bench: &Bench, columns: &Columns, subject: &Subject) -> bool {
    let digest = Poseidon::new().hash(bench.salts()[0], &subject.inputs).unwrap();
    columns.instance[0] != digest
}

/// The first row of the hash lane for which `found` is true, after row `from`.
fn row(bench: &Bench, from: usize, found: fn(&HashRow) -> bool) -> usize {
    from + bench.layout.hash[0][from..].iter().position(found).unwrap()
}

/// A cell of the hash is changed, and everything after it computed forward.
fn attack(mutant: Mutant, place: fn(&Bench) -> Option<Place>) -> Attack {
    let subject = subjects::hashed();
    let inputs = subject.inputs.clone();
    let forge = move |bench: &Bench| {
        let first = bench.first(&bench.program.run(&inputs).unwrap());
        rehash(bench, &first, place(bench))
    };
    Attack { mutant, subject, forge: Box::new(forge), lie: other_digest }
}

/// The row of the second block's input.
fn second_block(bench: &Bench) -> usize {
    row(bench, 0, |r| matches!(r, HashRow::Input { pair: 1, .. }))
}

pub fn attacks() -> Vec<Attack> {
    const ROUND: fn(&HashRow) -> bool = |r| matches!(r, HashRow::Round(2));
    const PACK: fn(&HashRow) -> bool = |r| matches!(r, HashRow::Pack { .. });
    let mut out = vec![
        attack(gate("hash: round", 0), |b| Some(Place::HashWork(0, 0, row(b, 0, ROUND)))),
        attack(gate("hash: round", 1), |b| Some(Place::HashWork(0, 1, row(b, 0, ROUND)))),
        attack(gate("hash: round", 2), |b| Some(Place::HashWork(0, 2, row(b, 0, ROUND)))),
        attack(gate("hash: round", 3), |b| Some(Place::HashState(0, 0, 1 + row(b, 0, ROUND)))),
        attack(gate("hash: round", 4), |b| Some(Place::HashState(0, 1, 1 + row(b, 0, ROUND)))),
        attack(gate("hash: round", 5), |b| Some(Place::HashState(0, 2, 1 + row(b, 0, ROUND)))),
        attack(gate("hash: input", 0), |b| Some(Place::HashState(0, 0, 1 + second_block(b)))),
        attack(gate("hash: input", 1), |b| Some(Place::HashState(0, 1, 1 + second_block(b)))),
        attack(gate("hash: input", 2), |b| Some(Place::HashState(0, 2, 1 + second_block(b)))),
        attack(gate("hash: packing", 0), |b| Some(Place::HashWork(0, 1, 1 + row(b, 0, PACK)))),
        attack(Mutant::Copies("hash, packed value"), |b| Some(Place::HashWork(0, 0, row(b, 0, PACK)))),
        attack(Mutant::Copies("hash, first element"), |b| Some(Place::HashWork(0, 1, second_block(b)))),
        attack(Mutant::Copies("hash, second element"), |b| {
            Some(Place::HashWork(0, 2, row(b, 0, |r| matches!(r, HashRow::Input { pair: 0, .. }))))
        }),
        attack(Mutant::Copies("hash, missing second element"), |b| Some(Place::HashWork(0, 2, second_block(b)))),
    ];
    // The start of the capacity, which is the number of values: another number, computed forward.
    out.push(attack(gate("hash: input", 0), |b| {
        Some(Place::HashState(0, 0, 1 + row(b, 0, |r| matches!(r, HashRow::Input { pair: 0, .. }))))
    }));
    let mut shown = attack(Mutant::Copies("hash, digest is public"), |_| None);
    let honest = shown.forge;
    shown.forge = Box::new(move |bench| {
        let mut columns = honest(bench);
        columns.instance[0] += halo2_proofs::halo2curves::bn256::Fr::one();
        columns
    });
    out.push(shown);
    out
}
