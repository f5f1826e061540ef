//! Random expressions: what a builder makes of them and an evaluator computes is what the
//! expressions say.

use std::collections::BTreeMap;

use rand::{Rng, SeedableRng};
use rand_chacha::ChaCha8Rng;

use super::*;
use crate::key::{GateBuilder, NodeId};

enum Tree {
    Leaf(Node),
    Negated(Box<Tree>),
    Sum(Box<Tree>, Box<Tree>),
    Difference(Box<Tree>, Box<Tree>),
    Product(Box<Tree>, Box<Tree>),
}

const LEAVES: Leaves = Leaves { fixed: 2, advice: 3, instance: 2, challenges: 2 };

/// A tree of few different leaves, so that equal parts are frequent; the same number means other
/// things for other kinds of leaves.
fn random(rng: &mut ChaCha8Rng, depth: u32) -> Tree {
    if depth == 0 || rng.gen_bool(0.1) {
        let small = [Fr::ZERO, Fr::from(1u64), -Fr::from(1u64), field::random(rng)][rng.gen_range(0..4)];
        return Tree::Leaf(match rng.gen_range(0..5) {
            0 => Node::Constant(field::to_bytes(&small)),
            1 => Node::Fixed(rng.gen_range(0..2)),
            2 => Node::Advice(rng.gen_range(0..3)),
            3 => Node::Instance(rng.gen_range(0..2)),
            _ => Node::Challenge(rng.gen_range(0..2)),
        });
    }
    let mut part = || Box::new(random(rng, depth - 1));
    let (a, b) = (part(), part());
    match rng.gen_range(0..6) {
        0 => Tree::Negated(a),
        // Becomes a difference.
        1 => Tree::Sum(a, Box::new(Tree::Negated(b))),
        2 => Tree::Sum(a, b),
        3 => Tree::Difference(a, b),
        _ => Tree::Product(a, b),
    }
}

struct Point {
    fixed: Vec<Fr>,
    advice: Vec<Fr>,
    instance: Vec<Fr>,
    challenges: Vec<Fr>,
}

impl Point {
    fn random(rng: &mut ChaCha8Rng) -> Self {
        let mut draw = |count| (0..count).map(|_| field::random(rng)).collect();
        Self {
            fixed: draw(LEAVES.fixed),
            advice: draw(LEAVES.advice),
            instance: draw(LEAVES.instance),
            challenges: draw(LEAVES.challenges),
        }
    }

    fn values(&self) -> LeafValues<'_> {
        let Self { fixed, advice, instance, challenges } = self;
        LeafValues { fixed, advice, instance, challenges }
    }
}

/// Value and degree of a tree, by the definition; its node; and the values that each node has been
/// given.
fn build(tree: &Tree, at: &Point, builder: &mut GateBuilder, seen: &mut BTreeMap<NodeId, Fr>) -> (NodeId, Fr, u32) {
    let mut of = |tree: &Tree, builder: &mut GateBuilder| build(tree, at, builder, seen);
    let (node, value, degree) = match tree {
        Tree::Leaf(node) => match *node {
            Node::Constant(bytes) => (*node, field::from_canonical(&bytes).unwrap(), 0),
            Node::Fixed(i) => (*node, at.fixed[i as usize], 1),
            Node::Advice(i) => (*node, at.advice[i as usize], 1),
            Node::Instance(i) => (*node, at.instance[i as usize], 1),
            Node::Challenge(i) => (*node, at.challenges[i as usize], 0),
            _ => panic!("not a leaf"),
        },
        Tree::Negated(a) => {
            let (a, value, degree) = of(a, builder);
            (Node::Negated(a), -value, degree)
        }
        Tree::Sum(a, b) => {
            let ((a, x, d), (b, y, e)) = (of(a, builder), of(b, builder));
            (Node::Sum(a, b), x + y, d.max(e))
        }
        Tree::Difference(a, b) => {
            let ((a, x, d), (b, y, e)) = (of(a, builder), of(b, builder));
            (Node::Difference(a, b), x - y, d.max(e))
        }
        Tree::Product(a, b) => {
            let ((a, x, d), (b, y, e)) = (of(a, builder), of(b, builder));
            (Node::Product(a, b), x * y, d + e)
        }
    };
    let id = builder.node(node);
    // What is shared has one value at a random point: different expressions are never one node.
    assert_eq!(*seen.entry(id).or_insert(value), value, "{node:?}");
    (id, value, degree)
}

/// Operands come first, nothing occurs twice, and everything is needed by a gate.
fn well_formed(gates: &Gates) {
    let mut used = vec![false; gates.nodes.len()];
    gates.polynomials.iter().for_each(|p| used[*p as usize] = true);
    for (i, node) in gates.nodes.iter().enumerate().rev() {
        assert!(used[i], "{node:?} is used by nothing");
        assert!(!gates.nodes[..i].contains(node), "{node:?} occurs twice");
        for operand in node.operands() {
            assert!((operand as usize) < i);
            used[operand as usize] = true;
        }
    }
}

#[test]
fn random_expressions_keep_their_values_and_degrees() {
    let mut shared = 0;
    for seed in 0..400 {
        let mut rng = ChaCha8Rng::seed_from_u64(seed);
        let at = Point::random(&mut rng);
        let (mut builder, mut seen) = (GateBuilder::new(), BTreeMap::new());
        let mut expected = Vec::new();
        let mut largest = 0;
        for gate in 0..4 {
            let tree = random(&mut rng, 6);
            let (id, value, degree) = build(&tree, &at, &mut builder, &mut seen);
            // The second is made and not used.
            if gate != 1 {
                builder.gate(id);
                expected.push(value);
                largest = largest.max(degree);
            }
        }
        let made = builder.nodes.len();
        let gates = builder.finish();
        well_formed(&gates);
        shared += usize::from(gates.nodes.len() < made);
        let evaluator = Evaluator::new(&gates, &LEAVES).unwrap();
        assert_eq!(evaluator.degree(), largest, "seed {seed}");
        assert_eq!(evaluator.evaluate(at.values()).unwrap(), expected, "seed {seed}");
    }
    assert!(shared > 200, "nothing was dropped in most cases: {shared}");
}

/// A change of one reference or constant changes the values, or is refused.
#[test]
fn every_reference_counts() {
    let mut changed = 0;
    for seed in 0..60 {
        let mut rng = ChaCha8Rng::seed_from_u64(1000 + seed);
        let at = Point::random(&mut rng);
        let mut builder = GateBuilder::new();
        // All leaves and all kinds of nodes, none of which cancels: a sum with random factors.
        let mut sum = builder.node(Node::Challenge(0));
        for i in 0..12u32 {
            let factor = builder.node(Node::Constant(field::to_bytes(&field::random(&mut rng))));
            let leaf = [Node::Fixed(i % 2), Node::Advice(i % 3), Node::Instance(i % 2), Node::Challenge(i % 2)];
            let leaf = builder.node(leaf[i as usize % 4]);
            let term = builder.node(Node::Product(factor, leaf));
            let square = builder.node(Node::Product(term, term));
            let negated = builder.node(Node::Negated(square));
            sum = builder.node(if i % 3 == 0 { Node::Difference(sum, negated) } else { Node::Sum(sum, square) });
        }
        builder.gate(sum);
        let gates = builder.finish();
        let value = Evaluator::new(&gates, &LEAVES).unwrap().evaluate(at.values()).unwrap();
        for position in 0..gates.nodes.len() {
            let mut other = gates.clone();
            let node = &mut other.nodes[position];
            *node = match *node {
                Node::Constant(_) => Node::Constant(field::to_bytes(&field::random(&mut rng))),
                Node::Fixed(i) => Node::Fixed(1 - i),
                Node::Advice(i) => Node::Advice((i + 1) % 3),
                Node::Instance(i) => Node::Instance(1 - i),
                Node::Challenge(i) => Node::Challenge(1 - i),
                Node::Negated(a) => Node::Sum(a, a),
                Node::Sum(a, b) => Node::Difference(a, b),
                Node::Difference(a, b) => Node::Difference(b, a),
                Node::Product(a, b) => Node::Sum(a, b),
            };
            let found = Evaluator::new(&other, &LEAVES).unwrap().evaluate(at.values()).unwrap();
            assert_ne!(found, value, "seed {seed}: {:?} for {:?}", other.nodes[position], gates.nodes[position]);
            changed += 1;
        }
        // A reference past the end, to itself, or to what comes later.
        for (position, operand) in gates.nodes.iter().enumerate().filter_map(|(i, n)| Some((i, n.operands().next()?))) {
            assert!((operand as usize) < position);
            for wrong in [position, position + 1, gates.nodes.len(), u32::MAX as usize] {
                let mut other = gates.clone();
                other.nodes[position] = Node::Product(0, NodeId::try_from(wrong).unwrap());
                let error = Evaluator::new(&other, &LEAVES).err();
                assert!(matches!(error, Some(KeyError::Index { position: p, .. }) if p == position), "{error:?}");
            }
        }
    }
    assert!(changed > 1000);
}
