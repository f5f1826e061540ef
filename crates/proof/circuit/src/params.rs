//! The shape of a circuit.

use serde::{Deserialize, Serialize};
use vouch_program::{Instruction, Program, Visibility, WeightMode};

use crate::{
    CircuitError,
    number::{index, small},
};

/// Public parameters: how many rows and lanes, and which features the gates need. Part of the verifying key.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct CircuitParams {
    /// log2 of the number of rows.
    pub k: u32,
    /// Bits of a limb (the program's).
    pub limb_bits: u32,
    /// Lanes for outputs of `Linear`.
    pub linear_lanes: usize,
    /// Limbs of a sum there.
    pub linear_limbs: usize,
    /// Lanes for `Product` and `Max`.
    pub product_lanes: usize,
    /// Limbs of a sum there.
    pub product_limbs: usize,
    /// How many of them, from the first on, have columns for a second term.
    pub two_term_lanes: usize,
    /// Whether there is a `Max`.
    pub max: bool,
    /// Lanes for operands times weights.
    pub matrix_lanes: usize,
    /// Weight columns of a matrix lane or a select lane: fixed ones, or those behind the key's commitments.
    pub weight_columns: usize,
    /// Whether weights are private.
    pub private_weights: bool,
    /// Whether the combination of a lane's fixed weights is a virtual column ([`crate::chips::matrix`]). Keys that were made
    /// before there were virtual columns have fixed ones.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub virtual_weights: bool,
    /// Lanes for hashes of tensors.
    pub hash_lanes: usize,
    /// Whether positions come in rows of more than one (convolutions), which takes one more challenge. Products of two
    /// matrices of wires take it, too.
    pub grid: bool,
    /// Whether there is a product of two matrices of wires, so that matrix lanes multiply their sum by an operand.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub mat_mul: bool,
    /// Lanes for rows of matrices that wires select ([`crate::chips::select`]).
    #[serde(default, skip_serializing_if = "none")]
    pub select_lanes: usize,
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "as serde calls it")]
fn none(lanes: &usize) -> bool {
    *lanes == 0
}

/// Rows at the bottom that halo2 fills with random values (`blinding_factors` + 1; every advice column is opened at two points).
pub(crate) const BLINDING_ROWS: usize = 6;

/// Largest k of a circuit.
pub(crate) const MAX_K: u32 = 24;
/// Most lanes of one kind.
pub const MAX_LANES: usize = 64;
/// Most weight columns of a matrix lane.
pub const MAX_WEIGHT_COLUMNS: usize = 48;
/// Most weight columns of a matrix lane whose combination is a virtual column. Each is a commitment in the key, and a point in
/// the verifier's sum.
pub const MAX_VIRTUAL_COLUMNS: usize = 512;

/// Most weight columns of all lanes together: what verifiers accept.
const MAX_ALL_WEIGHT_COLUMNS: usize = 1 << 12;

impl CircuitParams {
    /// The features that the program needs, with one lane of each kind it uses.
    ///
    /// # Errors
    /// Never for a valid program at present; reserved.
    pub fn minimal(program: &Program, k: u32) -> Result<Self, CircuitError> {
        let b = program.limb_bits();
        let mut p = Self { k, limb_bits: b, weight_columns: 1, ..Self::default() };
        let mut linear_drop = 0;
        let mut product_drop = 0;
        for ins in program.instructions() {
            match ins {
                Instruction::Linear(l) => {
                    let m = &program.matrices()[index(l.matrix.0)];
                    linear_drop = m.requant.iter().map(|r| u32::from(r.drop)).fold(linear_drop, u32::max);
                    p.linear_lanes = 1;
                    p.matrix_lanes = 1;
                    p.grid |= l.grid > 1 && l.positions > 1;
                }
                Instruction::Product(q) => {
                    product_drop = product_drop.max(u32::from(q.requant.drop));
                    p.product_lanes = 1;
                    p.two_term_lanes |= usize::from(q.terms.len() > 1);
                }
                Instruction::MatMul(m) => {
                    linear_drop = linear_drop.max(u32::from(m.requant.drop));
                    p.linear_lanes = 1;
                    p.matrix_lanes = 1;
                    p.grid = true;
                    p.mat_mul = true;
                }
                Instruction::Select(s) => {
                    let m = &program.matrices()[index(s.matrix.0)];
                    linear_drop = m.requant.iter().map(|r| u32::from(r.drop)).fold(linear_drop, u32::max);
                    p.linear_lanes = 1;
                    p.select_lanes = 1;
                }
                Instruction::Max(m) => {
                    if m.size() > 1 {
                        p.product_lanes = 1;
                        p.max = true;
                    }
                }
            }
        }
        if program.inputs().iter().any(|t| t.visibility != Visibility::Public) {
            // Both ends of a hidden input's range are products with a second term.
            p.product_lanes = 1;
            p.two_term_lanes = 1;
        }
        let weights = p.matrix_lanes > 0 || p.select_lanes > 0;
        p.private_weights = weights && program.weights() == WeightMode::Private;
        p.virtual_weights = weights && !p.private_weights;
        p.hash_lanes = usize::from(program.tensors().iter().any(|(v, _)| *v == Visibility::Hashed));
        p.linear_limbs = index(linear_drop.div_ceil(b)).saturating_add(2);
        p.product_limbs = index(product_drop.div_ceil(b)).saturating_add(2);
        if p.max {
            p.product_limbs = p.product_limbs.max(5);
        }
        Ok(p)
    }

    /// Checks that these are parameters of a program: its limbs and features, and lanes and columns in numbers that a circuit
    /// can have. Every layout is made of checked parameters, also those that come from a stranger's key.
    ///
    /// # Errors
    /// [`CircuitError::Params`] names what does not fit.
    pub fn check(&self, program: &Program) -> Result<(), CircuitError> {
        let refuse = |what: &str| Err(CircuitError::Params(what.to_owned()));
        if !(1..=MAX_K).contains(&self.k) {
            return refuse("k is not from 1 to 24");
        }
        let base = Self::minimal(program, self.k)?;
        if (self.limb_bits, self.linear_limbs, self.product_limbs)
            != (base.limb_bits, base.linear_limbs, base.product_limbs)
        {
            return refuse("limbs of another width or number");
        }
        let features = |p: &Self| (p.max, p.grid, p.mat_mul, p.private_weights);
        if features(self) != features(&base) {
            return refuse("other features");
        }
        if self.select_lanes.min(1) != base.select_lanes {
            return refuse("other features");
        }
        let lanes = [self.linear_lanes, self.product_lanes, self.matrix_lanes, self.hash_lanes, self.select_lanes];
        if self.two_term_lanes > self.product_lanes || lanes.iter().any(|n| *n > MAX_LANES) {
            return refuse("number of lanes");
        }
        if self.virtual_weights && !base.virtual_weights {
            return refuse("virtual columns for weights that are not fixed");
        }
        if !(1..=self.most_weight_columns()).contains(&self.weight_columns) {
            return refuse("number of weight columns");
        }
        if !self.has_room_for_weights() {
            return refuse("more weight columns than a verifying key may have");
        }
        Ok(())
    }

    /// Whether a verifying key may have the weight columns of all lanes.
    pub(crate) fn has_room_for_weights(&self) -> bool {
        let lanes = self.matrix_lanes.saturating_add(self.select_lanes);
        lanes.saturating_mul(self.weight_columns) <= MAX_ALL_WEIGHT_COLUMNS
    }

    /// Most weight columns that a lane may have.
    pub fn most_weight_columns(&self) -> usize {
        if self.virtual_weights { MAX_VIRTUAL_COLUMNS } else { MAX_WEIGHT_COLUMNS }
    }

    /// Terms that a product lane has columns for.
    pub fn terms(&self, lane: usize) -> usize {
        if lane < self.two_term_lanes { 2 } else { 1 }
    }

    /// Operand columns of a product lane: two for each term; a maximum takes three.
    pub fn operands(&self, lane: usize) -> usize {
        self.terms(lane).saturating_mul(2).max(if self.max { 3 } else { 2 })
    }

    /// Operand columns of all product lanes.
    pub fn all_operands(&self) -> usize {
        (0..self.product_lanes).map(|lane| self.operands(lane)).sum()
    }

    /// Number of rows.
    pub fn n(&self) -> usize {
        1 << self.k
    }

    /// Rows that lanes and the table may use: all but the blinding rows and one, which holds the results of chains that end in the
    /// row before it.
    pub fn usable(&self) -> usize {
        self.n().saturating_sub(BLINDING_ROWS + 1)
    }

    /// Bits of `limbs` limbs together: at most 98 in checked parameters.
    pub(crate) fn bits(&self, limbs: usize) -> u32 {
        self.limb_bits.saturating_mul(small(limbs))
    }

    /// Bits that a sum of `limbs` limbs loses when it is requantized.
    pub(crate) fn drop_of(&self, limbs: usize) -> u32 {
        self.bits(limbs.saturating_sub(2))
    }

    /// `2^(b·L−1) + 2^(D−1)`: what is added to a (scaled) sum to make its limbs non-negative and its division round half up.
    pub(crate) fn offset(&self, limbs: usize) -> i128 {
        let pow2 = |e: u32| e.checked_sub(1).and_then(|e| 1i128.checked_shl(e)).unwrap_or(0);
        pow2(self.bits(limbs)).saturating_add(pow2(self.drop_of(limbs)))
    }
}
