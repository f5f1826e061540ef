//! `Product` and `Max`.
//!
//! A product row (q_product = 1) states, with limbs as in [`super::linear`]:
//!
//! ```text
//! Σ_i l_i·2^(b·i) − 2^(b·L−1) − 2^(D−1) = k_1·a·b + k_2·c·d
//! r = l_{L−1}·2^b + l_{L−2} − 2^(2b−1)
//! (tag, l_{L−1}, y − offset − slope·l_{L−2}, slope) is in the table
//! ```
//!
//! so one row gives both the rescaled sum r and a function y of it (an LSTM's c' and tanh c').
//!
//! The range [lo, hi] of an input that is not public takes two product rows, for r = v − lo − 2^(2b−1) and r = hi − v − 2^(2b−1) (v·1 and a constant times 1·1). The input *is* the
//! first one's `y = r + lo + 2^(2b−1)`, an integer from lo on, since r is made of limbs; that it goes into the second one's sum shows that it is at most hi. (It could not be the operand: sums are
//! scaled by 2^D, and an operand that is not an integer could make one that its limbs do not see.)
//!
//! A maximum of M operands takes ⌈M/2⌉ rows (q_max = 1) that share y by copies:
//!
//! ```text
//! y − a = l_1·2^b + l_0,   y − b = l_3·2^b + l_2        (so y ≥ every operand)
//! r = c·(y − a)·(y − b)                                  (c: 1 in the first row, then the r of the row before)
//! ```
//!
//! and the last r is copy-constrained to 0: y equals at least one operand. The lookup of such a row is the table's null entry (l_4 = 0, slope = 0).

use halo2_proofs::{
    halo2curves::bn256::Fr,
    plonk::{Advice, Column, ConstraintSystem, Expression, FirstPhase, Fixed, VirtualCells},
    poly::Rotation,
};

use super::{
    linear::{ends, sum},
    lookup::Tuple,
};
use crate::{CircuitParams, config::pow2};

/// The columns of one lane.
#[derive(Clone, Debug)]
pub struct ProductLane {
    /// a, b, and where needed c, d.
    pub operands: Vec<Column<Advice>>,
    /// Limbs, least significant first.
    pub limbs: Vec<Column<Advice>>,
    /// The slope of the table's segment.
    pub slope: Column<Advice>,
    /// The function's value, or the maximum.
    pub y: Column<Advice>,
    /// The rescaled sum, or the running product of a maximum.
    pub r: Column<Advice>,
    /// Constant factors, one for each term.
    pub factors: Vec<Column<Fixed>>,
    /// 1 on product rows.
    pub q_product: Column<Fixed>,
    /// 1 on rows of a maximum.
    pub q_max: Option<Column<Fixed>>,
    /// Which function of the table.
    pub tag: Column<Fixed>,
    /// Added to the table's value.
    pub offset: Column<Fixed>,
}

impl ProductLane {
    pub(crate) fn columns(meta: &mut ConstraintSystem<Fr>, p: &CircuitParams, index: usize) -> Self {
        let lane = Self {
            operands: (0..p.operands(index)).map(|_| meta.advice_column_in(FirstPhase)).collect(),
            limbs: (0..p.product_limbs).map(|_| meta.advice_column_in(FirstPhase)).collect(),
            slope: meta.advice_column_in(FirstPhase),
            y: meta.advice_column_in(FirstPhase),
            r: meta.advice_column_in(FirstPhase),
            factors: (0..p.terms(index)).map(|_| meta.fixed_column()).collect(),
            q_product: meta.fixed_column(),
            q_max: p.max.then(|| meta.fixed_column()),
            tag: meta.fixed_column(),
            offset: meta.fixed_column(),
        };
        for c in lane.operands.iter().chain([&lane.y, &lane.r]) {
            meta.enable_equality(*c);
        }
        lane
    }

    pub(crate) fn gate(&self, meta: &mut ConstraintSystem<Fr>, p: &CircuitParams) {
        let (fraction, top) = ends(&self.limbs);
        meta.create_gate("product", |meta| {
            let q = meta.query_fixed(self.q_product, Rotation::cur());
            let z = sum(meta, p, &self.limbs);
            let mut products: Option<Expression<Fr>> = None;
            for (factor, pair) in self.factors.iter().zip(self.operands.chunks_exact(2)) {
                let term = meta.query_fixed(*factor, Rotation::cur())
                    * meta.query_advice(pair[0], Rotation::cur())
                    * meta.query_advice(pair[1], Rotation::cur());
                products = Some(match products {
                    None => term,
                    Some(s) => s + term,
                });
            }
            let r = meta.query_advice(top, Rotation::cur()) * pow2(p.limb_bits)
                + meta.query_advice(fraction, Rotation::cur())
                - Expression::Constant(pow2(p.bits(2).saturating_sub(1)));
            let products = products.unwrap_or(Expression::Constant(Fr::zero()));
            vec![q.clone() * z - products, q * (meta.query_advice(self.r, Rotation::cur()) - r)]
        });
        let Some(q_max) = self.q_max else { return };
        meta.create_gate("max", |meta| {
            let q = meta.query_fixed(q_max, Rotation::cur());
            let at = |meta: &mut VirtualCells<'_, Fr>, c: Column<Advice>| meta.query_advice(c, Rotation::cur());
            let y = at(meta, self.y);
            let from_a = y.clone() - at(meta, self.operands[0]);
            let from_b = y - at(meta, self.operands[1]);
            let pair = |meta: &mut VirtualCells<'_, Fr>, [lo, hi]: [usize; 2]| {
                at(meta, self.limbs[lo]) + at(meta, self.limbs[hi]) * pow2(p.limb_bits)
            };
            let (la, lb) = (pair(meta, [0, 1]), pair(meta, [2, 3]));
            let chain = at(meta, self.operands[2]);
            let r = at(meta, self.r);
            vec![
                q.clone() * (from_a.clone() - la),
                q.clone() * (from_b.clone() - lb),
                q * (r - chain * from_a * from_b),
            ]
        });
    }

    pub(crate) fn tuple(&self, meta: &mut VirtualCells<'_, Fr>) -> Tuple {
        let (fraction, top) = ends(&self.limbs);
        let slope = meta.query_advice(self.slope, Rotation::cur());
        Tuple {
            tag: meta.query_fixed(self.tag, Rotation::cur()),
            key: meta.query_advice(top, Rotation::cur()),
            value: meta.query_fixed(self.q_product, Rotation::cur()) * meta.query_advice(self.y, Rotation::cur())
                - meta.query_fixed(self.offset, Rotation::cur())
                - slope.clone() * meta.query_advice(fraction, Rotation::cur()),
            slope,
        }
    }
}
