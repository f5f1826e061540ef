//! Exported gates against halo2's expressions, at random points.

use std::collections::HashMap;

use halo2_proofs::{
    halo2curves::ff::Field,
    plonk::{Advice, Challenge, FirstPhase, Fixed, Instance, VirtualCells},
};
use rand::{Rng, SeedableRng};
use rand_chacha::ChaCha8Rng;

use super::*;

/// Values of cells, by kind, column and rotation, and of challenges: drawn when they are first
/// asked for.
struct Values {
    cells: HashMap<(ColumnKind, u32, i32), Fr>,
    challenges: HashMap<u32, Fr>,
    rng: ChaCha8Rng,
}

impl Values {
    fn new(seed: u64) -> Self {
        Self { cells: HashMap::new(), challenges: HashMap::new(), rng: ChaCha8Rng::seed_from_u64(seed) }
    }

    fn cell(&mut self, kind: ColumnKind, column: u32, rotation: i32) -> Fr {
        *self.cells.entry((kind, column, rotation)).or_insert_with(|| Fr::random(&mut self.rng))
    }

    fn challenge(&mut self, index: u32) -> Fr {
        *self.challenges.entry(index).or_insert_with(|| Fr::random(&mut self.rng))
    }
}

/// The gates as halo2 evaluates their expressions.
fn expected(cs: &ConstraintSystem<Fr>, values: &std::cell::RefCell<Values>) -> Vec<Fr> {
    let cell = |kind, column: usize, rotation: Rotation| values.borrow_mut().cell(kind, column as u32, rotation.0);
    let polynomials = cs.gates().iter().flat_map(|gate| gate.polynomials());
    polynomials
        .map(|e| {
            e.evaluate(
                &|c| c,
                &|_| panic!("a selector"),
                &|q| cell(ColumnKind::Fixed, q.column_index(), q.rotation()),
                &|q| cell(ColumnKind::Advice, q.column_index(), q.rotation()),
                &|q| cell(ColumnKind::Instance, q.column_index(), q.rotation()),
                &|c| values.borrow_mut().challenge(c.index() as u32),
                &|a| -a,
                &|a, b| a + b,
                &|a, b| a * b,
                &|a, c| a * c,
            )
        })
        .collect()
}

/// Exports the gates; checks their form; evaluates them node by node.
fn exported(cs: &ConstraintSystem<Fr>, values: &std::cell::RefCell<Values>) -> Vec<Fr> {
    let queries = [
        queries(cs.advice_queries()).unwrap(),
        queries(cs.fixed_queries()).unwrap(),
        queries(cs.instance_queries()).unwrap(),
    ];
    let [advice, fixed, instance] = &queries;
    let gates = gates(cs, [advice, fixed, instance]).unwrap();
    let mut results: Vec<Fr> = Vec::new();
    let mut used = vec![false; gates.nodes.len()];
    gates.polynomials.iter().for_each(|p| used[*p as usize] = true);
    for (i, node) in gates.nodes.iter().enumerate() {
        assert!(!gates.nodes[..i].contains(node), "node {i} occurs twice: {node:?}");
        node.operands().for_each(|o| used[o as usize] = true);
        let at = |o: NodeId| results[o as usize];
        let cell = |kind, q: &ColumnQuery| values.borrow_mut().cell(kind, q.column, q.rotation);
        let value = match *node {
            Node::Constant(bytes) => Fr::from_repr(bytes).unwrap(),
            Node::Advice(q) => cell(ColumnKind::Advice, &advice[q as usize]),
            Node::Fixed(q) => cell(ColumnKind::Fixed, &fixed[q as usize]),
            Node::Instance(q) => cell(ColumnKind::Instance, &instance[q as usize]),
            Node::Challenge(c) => values.borrow_mut().challenge(c),
            Node::Negated(a) => -at(a),
            Node::Sum(a, b) => at(a) + at(b),
            Node::Difference(a, b) => at(a) - at(b),
            Node::Product(a, b) => at(a) * at(b),
        };
        results.push(value);
    }
    assert!(used.iter().all(|used| *used), "a node that nothing uses");
    gates.polynomials.iter().map(|p| results[*p as usize]).collect()
}

fn agree(cs: &ConstraintSystem<Fr>, seed: u64) {
    let values = std::cell::RefCell::new(Values::new(seed));
    let expected = expected(cs, &values);
    let drawn = values.borrow().cells.len();
    assert_eq!(exported(cs, &values), expected, "seed {seed}");
    // No cell that halo2 does not look at.
    assert_eq!(values.borrow().cells.len(), drawn, "seed {seed}");
}

/// The columns that random expressions are about: of each kind some with the same numbers.
struct Columns {
    advice: Vec<Column<Advice>>,
    fixed: Vec<Column<Fixed>>,
    instance: Column<Instance>,
    challenges: Vec<Challenge>,
}

fn random(columns: &Columns, meta: &mut VirtualCells<'_, Fr>, rng: &mut ChaCha8Rng, depth: u32) -> Expression<Fr> {
    let rotation = Rotation(rng.gen_range(-2..3));
    if depth == 0 || rng.gen_bool(0.1) {
        return match rng.gen_range(0..6) {
            0 => meta.query_fixed(columns.fixed[rng.gen_range(0..2)], rotation),
            1 => meta.query_instance(columns.instance, rotation),
            2 => columns.challenges[rng.gen_range(0..2)].expr(),
            3 => Expression::Constant([Fr::zero(), Fr::one(), -Fr::one(), Fr::random(&mut *rng)][rng.gen_range(0..4)]),
            _ => meta.query_advice(columns.advice[rng.gen_range(0..2)], rotation),
        };
    }
    let a = random(columns, meta, rng, depth - 1);
    match rng.gen_range(0..8) {
        0 => Expression::Negated(Box::new(a)),
        1 => Expression::Scaled(Box::new(a), Fr::from(rng.gen_range(0..3))),
        // The same part on both sides.
        2 => a.clone() + a,
        3 => a.clone() * a.clone() - a,
        4 => a - random(columns, meta, rng, depth - 1),
        5 => random(columns, meta, rng, depth - 1) - a,
        6 => a + random(columns, meta, rng, depth - 1),
        _ => a * random(columns, meta, rng, depth - 1),
    }
}

#[test]
fn random_expressions_are_exported() {
    for seed in 0..300 {
        let mut rng = ChaCha8Rng::seed_from_u64(seed);
        let mut cs = ConstraintSystem::<Fr>::default();
        let columns = Columns {
            advice: (0..2).map(|_| cs.advice_column_in(FirstPhase)).collect(),
            fixed: (0..2).map(|_| cs.fixed_column()).collect(),
            instance: cs.instance_column(),
            challenges: (0..2).map(|_| cs.challenge_usable_after(FirstPhase)).collect(),
        };
        for name in ["first", "second", "third"] {
            cs.create_gate(name, |meta| {
                // A gate without a cell is refused by halo2.
                let cell = meta.query_advice(columns.advice[0], Rotation::cur());
                (0..2).map(|_| cell.clone() * random(&columns, meta, &mut rng, 5)).collect::<Vec<_>>()
            });
        }
        agree(&cs, seed);
    }
}

/// The gates of circuits: every feature on and off, several lanes.
#[test]
fn circuits_are_exported() {
    for (seed, (_, cs)) in (0..).zip(crate::circuits::of_every_feature()) {
        agree(&cs, seed);
    }
}

#[test]
fn a_selector_and_an_unknown_cell_are_errors() {
    let mut cs = ConstraintSystem::<Fr>::default();
    let (advice, selector) = (cs.advice_column_in(FirstPhase), cs.selector());
    cs.create_gate("switched", |meta| {
        let q = meta.query_selector(selector);
        vec![q * meta.query_advice(advice, Rotation::next())]
    });
    let queries = queries(cs.advice_queries()).unwrap();
    assert_eq!(gates(&cs, [&queries, &[], &[]]), Err(ExportError::Selector { gate: "switched".into(), selector: 0 }));
    let mut cs = ConstraintSystem::<Fr>::default();
    let advice = cs.advice_column_in(FirstPhase);
    cs.create_gate("plain", |meta| vec![meta.query_advice(advice, Rotation::next())]);
    let unknown = ExportError::Query { gate: "plain".into(), kind: ColumnKind::Advice, column: 0, rotation: 1 };
    assert_eq!(gates(&cs, [&[], &[], &[]]), Err(unknown));
}
