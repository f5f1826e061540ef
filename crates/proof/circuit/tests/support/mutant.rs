//! Single constraints that a test can leave out of the system.

use std::fmt;

use halo2_proofs::halo2curves::bn256::Fr;
use vouch_circuit::{Cell, Column, Layout, ModelConfig, ProductRow, Weights, chips::lookup::Lookup};

use super::Bench;

/// A constraint of one circuit that is left out.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Mutant {
    /// A polynomial of a gate: its name, its position among the gates of this name, and the polynomial's index.
    Gate { name: String, position: usize, polynomial: usize },
    /// All copies of a class.
    Copies(&'static str),
    /// A lookup in every row of all lanes.
    Lookup(Site),
    /// φ = 0 in the first row.
    FirstSum,
    /// φ = 0 after the last row.
    LastSum,
    /// Two challenges are one.
    Equal(Pair),
    /// Matrices of one select lane have tags of their own.
    Tags,
    /// Combined private weights are those that the key commits to.
    PrivateWeights,
    /// The same for fixed weights, whose combination is a virtual column.
    VirtualWeights,
}

/// A lookup of every lane of a kind.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Site {
    /// Range check of this limb of linear lanes.
    LinearLimb(usize),
    /// Range check of this limb of product lanes.
    ProductLimb(usize),
    /// Function of linear lanes.
    LinearFunction,
    /// Function of product lanes.
    ProductFunction,
}

/// Challenges that one argument uses.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Pair {
    MuTau,
    MuSigma,
    SigmaTau,
    BetaTheta,
    MuTheta,
}

impl fmt::Display for Mutant {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Gate { name, polynomial, .. } => write!(f, "gate, {name} [{polynomial}]"),
            Self::Copies(class) => write!(f, "copies, {class}"),
            Self::Lookup(Site::LinearLimb(i)) => write!(f, "lookup, limb {i} of linear lanes"),
            Self::Lookup(Site::ProductLimb(i)) => write!(f, "lookup, limb {i} of product lanes"),
            Self::Lookup(Site::LinearFunction) => f.write_str("lookup, function of linear lanes"),
            Self::Lookup(Site::ProductFunction) => f.write_str("lookup, function of product lanes"),
            Self::FirstSum => f.write_str("lookup, φ[0] = 0"),
            Self::LastSum => f.write_str("lookup, φ[u] = 0"),
            Self::Equal(Pair::MuTau) => f.write_str("challenges, μ and τ differ"),
            Self::Equal(Pair::MuSigma) => f.write_str("challenges, μ and σ differ"),
            Self::Equal(Pair::SigmaTau) => f.write_str("challenges, σ and τ differ"),
            Self::Equal(Pair::BetaTheta) => f.write_str("challenges, β and θ differ"),
            Self::Equal(Pair::MuTheta) => f.write_str("challenges, μ and θ differ"),
            Self::Tags => f.write_str("select, tags of matrices differ"),
            Self::PrivateWeights => f.write_str("private weights, the key's"),
            Self::VirtualWeights => f.write_str("virtual column of weights, the key's"),
        }
    }
}

impl Site {
    /// Whether a lookup is one of this site.
    pub fn holds(self, config: &ModelConfig, lookup: &Lookup) -> bool {
        let limb = |i: usize, column| {
            let linear = config.linear.iter().any(|lane| lane.limbs[..lane.limbs.len() - 1].get(i) == Some(&column));
            let product = config.product.iter().any(|lane| lane.limbs[..lane.limbs.len() - 1].get(i) == Some(&column));
            (linear, product)
        };
        match (self, *lookup) {
            (Self::LinearLimb(i), Lookup::Limb(column)) => limb(i, column).0,
            (Self::ProductLimb(i), Lookup::Limb(column)) => limb(i, column).1,
            (Self::LinearFunction, Lookup::Linear(_)) | (Self::ProductFunction, Lookup::Product(_)) => true,
            _ => false,
        }
    }
}

/// What a copy is for.
pub fn class(layout: &Layout, (a, b): (Cell, Cell)) -> &'static str {
    let constant = b.column == Column::Constant;
    match a.column {
        Column::Operand(lane, i) => match (layout.product[lane][a.row], i) {
            (ProductRow::Product { .. }, 0) => "product, a",
            (ProductRow::Product { .. }, 1) => "product, b",
            (ProductRow::Product { .. }, 2) => "product, c",
            (ProductRow::Product { .. }, _) => "product, d",
            (ProductRow::Bound { upper: false, .. }, 0) => "lower bound, value",
            (ProductRow::Bound { upper: false, .. }, _) => "lower bound, ones",
            (ProductRow::Bound { upper: true, .. }, 0) => "upper bound, value",
            (ProductRow::Bound { upper: true, .. }, 1) => "upper bound, first one",
            (ProductRow::Bound { upper: true, .. }, 2) => "upper bound, second one",
            (ProductRow::Bound { upper: true, .. }, _) => "upper bound, third one",
            (ProductRow::Max { .. }, 0) => "maximum, first operand",
            (ProductRow::Max { .. }, 1) => "maximum, second operand",
            (ProductRow::Max { .. }, _) if constant => "maximum, product starts at 1",
            (ProductRow::Max { .. }, _) => "maximum, product goes on",
        },
        Column::ProductY(_) => "maximum, rows share it",
        Column::ProductR(_) => "maximum, product ends at 0",
        Column::MatrixX(lane) => {
            let piece = layout.pieces.iter().find(|p| p.lane == lane && (p.row..p.row + p.rows.len()).contains(&a.row));
            let own = piece.unwrap().rows[a.row.index() - piece.unwrap().row.index()].weights;
            let weights = matches!(own, Weights::Packed { .. });
            match (b.column, weights) {
                (Column::MatrixAcc(_), _) if own == Weights::Nothing => "matrix, second factor is a combination",
                (_, _) if own == Weights::Nothing => "matrix, second factor is a value",
                (Column::MatrixAcc(_), true) => "matrix, operand is a combination",
                // It begins with what the piece in the lane before ends with.
                (Column::MatrixAcc(_), false) if a.row == 0 && b.row == layout.params.usable() => {
                    "matrix, combination goes on in the next lane"
                }
                (Column::MatrixAcc(_), false) if a.row == piece.unwrap().row => "matrix, first item is a combination",
                (Column::MatrixAcc(_), false) => "matrix, item is a combination",
                (Column::LinearAcc(_), _) => "matrix, item is a combination of outputs",
                (_, true) => "matrix, operand is a value",
                (_, false) if constant => "matrix, item is a constant",
                (_, false) => "matrix, item is a value",
            }
        }
        Column::SelectIndex(_) => "select, index",
        Column::SelectValue(_) => "select, value",
        Column::Instance if matches!(b.column, Column::HashState(_)) => "hash, digest is public",
        Column::Instance => "public output",
        Column::HashWork(_, 0) => "hash, packed value",
        Column::HashWork(_, 1) if constant => "hash, missing first element",
        Column::HashWork(_, _) if constant => "hash, missing second element",
        Column::HashWork(_, 1) => "hash, first element",
        Column::HashWork(_, _) => "hash, second element",
        // Of a check: sums of outputs, and of operands times weights.
        Column::LinearAcc(_) | Column::LinearY(_) | Column::MatrixAcc(_) | Column::Constant | Column::HashState(_) => {
            "matrix, both sides are equal"
        }
    }
}

impl Bench {
    /// Every constraint that can be left out of this circuit.
    pub fn mutants(&self) -> Vec<Mutant> {
        let mut out = Vec::new();
        for (i, gate) in self.cs.gates().iter().enumerate() {
            let before = &self.cs.gates()[..i];
            let position = before.iter().filter(|g| g.name() == gate.name()).count();
            let name = gate.name().to_owned();
            out.extend((0..gate.polynomials().len()).map(|polynomial| Mutant::Gate {
                name: name.clone(),
                position,
                polynomial,
            }));
        }
        let mut classes: Vec<_> = self.layout.copies.iter().map(|copy| class(&self.layout, *copy)).collect();
        classes.sort_unstable();
        classes.dedup();
        out.extend(classes.into_iter().map(Mutant::Copies));
        if self.config.lookup.is_some() {
            out.extend([Mutant::FirstSum, Mutant::LastSum, Mutant::Equal(Pair::BetaTheta)]);
            let limbs = |lanes: usize, limbs: usize| 0..if lanes > 0 { limbs - 1 } else { 0 };
            let p = &self.layout.params;
            out.extend(limbs(p.linear_lanes, p.linear_limbs).map(|i| Mutant::Lookup(Site::LinearLimb(i))));
            out.extend(limbs(p.product_lanes, p.product_limbs).map(|i| Mutant::Lookup(Site::ProductLimb(i))));
            out.extend((p.linear_lanes > 0).then_some(Mutant::Lookup(Site::LinearFunction)));
            out.extend((p.product_lanes > 0).then_some(Mutant::Lookup(Site::ProductFunction)));
        }
        if !self.config.matrix.is_empty() {
            out.push(Mutant::Equal(Pair::MuTau));
        }
        if self.config.sigma.is_some() {
            out.extend([Mutant::Equal(Pair::MuSigma), Mutant::Equal(Pair::SigmaTau)]);
        }
        if !self.config.select.is_empty() {
            out.extend([Mutant::Tags, Mutant::Equal(Pair::MuTheta)]);
        }
        let p = &self.layout.params;
        out.extend(p.private_weights.then_some(Mutant::PrivateWeights));
        out.extend(p.virtual_weights.then_some(Mutant::VirtualWeights));
        out
    }

    /// Two of the challenges made one.
    pub(super) fn confuse(&mut self, pair: Pair) {
        let ch = &mut self.challenges;
        match pair {
            Pair::MuTau => ch.tau = ch.mu,
            Pair::MuSigma => ch.sigma = ch.mu,
            Pair::SigmaTau => ch.sigma = ch.tau,
            Pair::BetaTheta => ch.beta = ch.theta,
            Pair::MuTheta => ch.theta = ch.mu,
        }
    }

    /// Whether a gate's polynomial counts.
    pub(super) fn keeps(&self, gate: usize, polynomial: usize) -> bool {
        let Some(Mutant::Gate { name, position, polynomial: out }) = &self.mutant else { return true };
        let gates = self.cs.gates();
        let own = gates[gate].name() == name && gates[..gate].iter().filter(|g| g.name() == name).count() == *position;
        !(own && polynomial == *out)
    }

    /// Copies that count.
    pub fn copies(&self) -> impl Iterator<Item = (Cell, Cell)> + '_ {
        let out = match self.mutant {
            Some(Mutant::Copies(class)) => Some(class),
            _ => None,
        };
        self.layout.copies.iter().copied().filter(move |copy| out != Some(class(&self.layout, *copy)))
    }

    /// Switches the edge of φ off in a row.
    pub(super) fn free_sum(&mut self, last: bool) {
        let row = if last { self.layout.params.usable() } else { 0 };
        let edge = self.config.lookup.as_ref().map(|chip| chip.edge.index());
        if let Some(edge) = edge {
            self.fixed[edge][row] = Fr::zero();
        }
    }
}
