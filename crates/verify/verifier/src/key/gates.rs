//! Gate polynomials as one list of nodes with shared subexpressions.
//!
//! A node refers to earlier nodes only, so one pass over the list evaluates everything, each subexpression once. A
//! gate of the circuit says: on every row, this polynomial in the queried cells and the challenges is zero.

use std::collections::BTreeMap;

use vouch_schema::num::index;

/// Position of a node in its list.
pub type NodeId = u32;

/// A step of the evaluation of the gates.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Node {
    /// A constant: canonical little-endian bytes of a scalar.
    Constant([u8; 32]),
    /// The evaluation of a fixed column, by the index of its query.
    Fixed(u32),
    /// The evaluation of an advice column, by the index of its query.
    Advice(u32),
    /// The evaluation of the instance column, by the index of its query.
    Instance(u32),
    /// A challenge of the circuit.
    Challenge(u32),
    /// The negative of a node.
    Negated(NodeId),
    /// The sum of two nodes.
    Sum(NodeId, NodeId),
    /// The first node minus the second.
    Difference(NodeId, NodeId),
    /// The product of two nodes.
    Product(NodeId, NodeId),
}

impl Node {
    /// The nodes that this one is computed from.
    pub fn operands(&self) -> impl Iterator<Item = NodeId> {
        let (left, right) = match *self {
            Self::Constant(_) | Self::Fixed(_) | Self::Advice(_) | Self::Instance(_) | Self::Challenge(_) => {
                (None, None)
            }
            Self::Negated(a) => (Some(a), None),
            Self::Sum(a, b) | Self::Difference(a, b) | Self::Product(a, b) => (Some(a), Some(b)),
        };
        left.into_iter().chain(right)
    }

    fn map_operands(self, map: impl Fn(NodeId) -> NodeId) -> Self {
        match self {
            Self::Negated(a) => Self::Negated(map(a)),
            Self::Sum(a, b) => Self::Sum(map(a), map(b)),
            Self::Difference(a, b) => Self::Difference(map(a), map(b)),
            Self::Product(a, b) => Self::Product(map(a), map(b)),
            leaf @ (Self::Constant(_) | Self::Fixed(_) | Self::Advice(_) | Self::Instance(_) | Self::Challenge(_)) => {
                leaf
            }
        }
    }
}

/// The gate polynomials of a circuit.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Gates {
    /// All subexpressions; operands come before what uses them.
    pub nodes: Vec<Node>,
    /// The nodes that are zero on every row, in the circuit's order.
    pub polynomials: Vec<NodeId>,
}

/// Makes [`Gates`]: equal subexpressions become one node, and what no gate needs is dropped.
#[derive(Debug, Clone, Default)]
pub struct GateBuilder {
    pub(crate) nodes: Vec<Node>,
    known: BTreeMap<Node, NodeId>,
    polynomials: Vec<NodeId>,
}

impl GateBuilder {
    /// A builder without gates.
    pub fn new() -> Self {
        Self::default()
    }

    /// The position of a node, new or known.
    pub fn node(&mut self, node: Node) -> NodeId {
        // a + (-b) is a - b.
        let node = if let Node::Sum(a, b) = node
            && let Some(Node::Negated(b)) = self.get(b)
        {
            Node::Difference(a, b)
        } else {
            node
        };
        let Self { nodes, known, .. } = self;
        *known.entry(node).or_insert_with(|| {
            let id = last_id(nodes.len());
            nodes.push(node);
            id
        })
    }

    fn get(&self, id: NodeId) -> Option<Node> {
        self.nodes.get(index(id)).copied()
    }

    /// Adds a gate: the node is zero on every row.
    pub fn gate(&mut self, polynomial: NodeId) {
        self.polynomials.push(polynomial);
    }

    /// The gates, with the nodes that they use, in the order of their making.
    pub fn finish(self) -> Gates {
        let mut used = vec![false; self.nodes.len()];
        let mark = |used: &mut [bool], id: NodeId| {
            if let Some(used) = used.get_mut(index(id)) {
                *used = true;
            }
        };
        for &id in &self.polynomials {
            mark(&mut used, id);
        }
        for (position, node) in self.nodes.iter().enumerate().rev() {
            if used.get(position) == Some(&true) {
                node.operands().for_each(|id| mark(&mut used, id));
            }
        }
        let mut places = vec![0; self.nodes.len()];
        let mut nodes = Vec::new();
        for ((node, place), _) in self.nodes.iter().zip(0usize..).zip(&used).filter(|(_, used)| **used) {
            let moved = node.map_operands(|id| lookup(&places, id));
            if let Some(slot) = places.get_mut(place) {
                *slot = last_id(nodes.len());
            }
            nodes.push(moved);
        }
        let polynomials = self.polynomials.iter().map(|&id| lookup(&places, id)).collect();
        Gates { nodes, polynomials }
    }
}

fn lookup(places: &[NodeId], id: NodeId) -> NodeId {
    places.get(index(id)).copied().unwrap_or(NodeId::MAX)
}

/// The position of a node after `len` others. No key has `NodeId::MAX` of them: such a position is refused.
fn last_id(len: usize) -> NodeId {
    NodeId::try_from(len).unwrap_or(NodeId::MAX)
}
