//! The evaluation of gate polynomials at x: one pass over the list of nodes, each subexpression once.

use vouch_schema::num::index;

use crate::bn254::Fr;
use crate::error::{KeyError, VerifyError};
use crate::field;
use crate::key::{Gates, Node};

#[cfg(test)]
mod properties;

/// How many values of each kind a node may refer to.
pub(crate) struct Leaves {
    pub(crate) fixed: usize,
    pub(crate) advice: usize,
    pub(crate) instance: usize,
    pub(crate) challenges: usize,
}

/// The values at x that gates are evaluated on.
#[derive(Clone, Copy)]
pub(crate) struct LeafValues<'a> {
    pub(crate) fixed: &'a [Fr],
    pub(crate) advice: &'a [Fr],
    pub(crate) instance: &'a [Fr],
    pub(crate) challenges: &'a [Fr],
}

/// Gates whose references have been checked.
#[derive(Debug, Clone)]
pub(crate) struct Evaluator {
    steps: Vec<Step>,
    polynomials: Vec<usize>,
    degree: u32,
}

#[derive(Debug, Clone, Copy)]
enum Step {
    Constant(Fr),
    Fixed(usize),
    Advice(usize),
    Instance(usize),
    Challenge(usize),
    Negated(usize),
    Sum(usize, usize),
    Difference(usize, usize),
    Product(usize, usize),
}

impl Evaluator {
    /// Checks that every reference has something to refer to, and every constant is canonical.
    #[expect(clippy::disallowed_methods, reason = "a node that no gate uses may have any degree; others are limited")]
    pub(crate) fn new(gates: &Gates, leaves: &Leaves) -> Result<Self, KeyError> {
        let found = |what, position, limit: usize, got: u32| {
            let index = Some(index(got)).filter(|&index| index < limit);
            index.ok_or(KeyError::Index { what, position, limit, got: u64::from(got) })
        };
        let mut steps = Vec::with_capacity(gates.nodes.len());
        let mut degrees: Vec<u32> = Vec::with_capacity(gates.nodes.len());
        for (position, node) in gates.nodes.iter().enumerate() {
            let operand = |got| found("operand of node", position, position, got);
            let degree = |step: usize| degrees.get(step).copied().unwrap_or(u32::MAX);
            let (step, degree) = match *node {
                Node::Constant(bytes) => {
                    let scalar =
                        field::from_canonical(&bytes).ok_or(KeyError::Scalar { what: "constant of node", position })?;
                    (Step::Constant(scalar), 0)
                }
                Node::Fixed(i) => (Step::Fixed(found("fixed query of node", position, leaves.fixed, i)?), 1),
                Node::Advice(i) => (Step::Advice(found("advice query of node", position, leaves.advice, i)?), 1),
                Node::Instance(i) => {
                    (Step::Instance(found("instance query of node", position, leaves.instance, i)?), 1)
                }
                Node::Challenge(i) => (Step::Challenge(found("challenge of node", position, leaves.challenges, i)?), 0),
                Node::Negated(a) => {
                    let a = operand(a)?;
                    (Step::Negated(a), degree(a))
                }
                Node::Sum(a, b) => {
                    let (a, b) = (operand(a)?, operand(b)?);
                    (Step::Sum(a, b), degree(a).max(degree(b)))
                }
                Node::Difference(a, b) => {
                    let (a, b) = (operand(a)?, operand(b)?);
                    (Step::Difference(a, b), degree(a).max(degree(b)))
                }
                Node::Product(a, b) => {
                    let (a, b) = (operand(a)?, operand(b)?);
                    (Step::Product(a, b), degree(a).saturating_add(degree(b)))
                }
            };
            steps.push(step);
            degrees.push(degree);
        }
        let polynomials = gates
            .polynomials
            .iter()
            .enumerate()
            .map(|(position, &id)| found("gate", position, steps.len(), id))
            .collect::<Result<Vec<_>, _>>()?;
        let degree = polynomials.iter().filter_map(|&id| degrees.get(id).copied()).max().unwrap_or(0);
        Ok(Self { steps, polynomials, degree })
    }

    /// The largest degree of a gate.
    pub(crate) fn degree(&self) -> u32 {
        self.degree
    }

    /// The values of the gates, in order.
    pub(crate) fn evaluate(&self, leaves: LeafValues<'_>) -> Result<Vec<Fr>, VerifyError> {
        let mut values: Vec<Fr> = Vec::with_capacity(self.steps.len());
        let leaf = |values: &[Fr], index: usize, what| values.get(index).copied().ok_or(VerifyError::Missing { what });
        for step in &self.steps {
            let operand = |index| leaf(&values, index, "operand");
            let value = match *step {
                Step::Constant(scalar) => scalar,
                Step::Fixed(i) => leaf(leaves.fixed, i, "fixed query")?,
                Step::Advice(i) => leaf(leaves.advice, i, "advice query")?,
                Step::Instance(i) => leaf(leaves.instance, i, "instance query")?,
                Step::Challenge(i) => leaf(leaves.challenges, i, "challenge")?,
                Step::Negated(a) => -operand(a)?,
                Step::Sum(a, b) => operand(a)? + operand(b)?,
                Step::Difference(a, b) => operand(a)? - operand(b)?,
                Step::Product(a, b) => operand(a)? * operand(b)?,
            };
            values.push(value);
        }
        self.polynomials.iter().map(|&id| leaf(&values, id, "gate")).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::key::GateBuilder;

    const LEAVES: Leaves = Leaves { fixed: 1, advice: 2, instance: 1, challenges: 1 };

    /// fixed · (advice 0 · advice 1 - (advice 0 + 5)) + challenge · instance
    fn gates() -> Gates {
        let mut builder = GateBuilder::new();
        let [fixed, a, b] = [Node::Fixed(0), Node::Advice(0), Node::Advice(1)].map(|node| builder.node(node));
        let five = builder.node(Node::Constant(field::to_bytes(&Fr::from(5u64))));
        let product = builder.node(Node::Product(a, b));
        let sum = builder.node(Node::Sum(a, five));
        let negated = builder.node(Node::Negated(sum));
        let difference = builder.node(Node::Sum(product, negated));
        let left = builder.node(Node::Product(fixed, difference));
        let [challenge, instance] = [Node::Challenge(0), Node::Instance(0)].map(|node| builder.node(node));
        let right = builder.node(Node::Product(challenge, instance));
        let gate = builder.node(Node::Sum(left, right));
        let again = builder.node(Node::Product(a, b));
        assert_eq!(again, product);
        builder.gate(gate);
        builder.finish()
    }

    #[test]
    fn gates_are_shared_pruned_and_evaluated() {
        let gates = gates();
        assert!(!gates.nodes.iter().any(|node| matches!(node, Node::Negated(_))), "{gates:?}");
        let evaluator = Evaluator::new(&gates, &LEAVES).unwrap();
        assert_eq!(evaluator.degree(), 3);
        let scalars = |values: &[u64]| values.iter().map(|&v| Fr::from(v)).collect::<Vec<_>>();
        let (fixed, advice, instance, challenges) = (scalars(&[2]), scalars(&[3, 7]), scalars(&[11]), scalars(&[13]));
        let leaves = LeafValues { fixed: &fixed, advice: &advice, instance: &instance, challenges: &challenges };
        assert_eq!(evaluator.evaluate(leaves), Ok(scalars(&[2 * (21 - 8) + 13 * 11])));
        let without = LeafValues { advice: &advice[..1], ..leaves };
        assert_eq!(evaluator.evaluate(without), Err(VerifyError::Missing { what: "advice query" }));
    }

    #[test]
    fn references_are_checked() {
        let refused = |nodes: Vec<Node>, polynomials| Evaluator::new(&Gates { nodes, polynomials }, &LEAVES).err();
        let found = |what, position, limit, got| Some(KeyError::Index { what, position, limit, got });
        assert_eq!(refused(vec![Node::Fixed(1)], vec![]), found("fixed query of node", 0, 1, 1));
        assert_eq!(refused(vec![Node::Advice(2)], vec![]), found("advice query of node", 0, 2, 2));
        assert_eq!(refused(vec![Node::Instance(1)], vec![]), found("instance query of node", 0, 1, 1));
        assert_eq!(refused(vec![Node::Challenge(1)], vec![]), found("challenge of node", 0, 1, 1));
        assert_eq!(refused(vec![Node::Fixed(0), Node::Sum(0, 1)], vec![]), found("operand of node", 1, 1, 1));
        assert_eq!(refused(vec![Node::Fixed(0)], vec![1]), found("gate", 0, 1, 1));
        let scalar = KeyError::Scalar { what: "constant of node", position: 0 };
        assert_eq!(refused(vec![Node::Constant([0xff; 32])], vec![]), Some(scalar));
    }

    #[test]
    fn degrees_do_not_overflow() {
        let mut nodes = vec![Node::Advice(0)];
        nodes.extend((0..100).map(|i| Node::Product(i, i)));
        let evaluator = Evaluator::new(&Gates { nodes, polynomials: vec![100] }, &LEAVES).unwrap();
        assert_eq!(evaluator.degree(), u32::MAX);
    }
}
