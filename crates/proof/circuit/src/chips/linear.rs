//! Outputs of `Linear`: limbs, table value and the running combination of sums.
//!
//! One row holds one output. With limbs `l_0 … l_{L−1}` (b bits each, by the lookup argument) the row's sum is *implicit*:
//!
//! ```text
//! z = Σ_i l_i·2^(b·i) − 2^(b·L−1) − 2^(D−1),   D = b·(L−2)
//! ```
//!
//! so z is unique for given limbs, and `r = l_{L−1}·2^b + l_{L−2} − 2^(2b−1) = floor((z + 2^(D−1)) / 2^D)`. A column that drops d < D bits has its
//! weights multiplied by 2^(D−d), which gives the same r.
//!
//! The output is looked up: the entry `(tag, l_{L−1}, y − offset − slope·l_{L−2}, slope)` is in the table of
//! [`super::lookup`]. A plain rescale is the identity function of that table.
//!
//! In the second phase the sums of a chain of rows are combined by Horner's rule:
//!
//! ```text
//! acc[i+1] = acc[i]·(m_c[i] + m_μ[i]·μ + m_σ[i]·σ) + z[i]
//! ```
//!
//! with fixed multipliers: 0 at the start of a chain; a power of two 2^B between sums that are packed into one field element; μ·2^(−B(J−1)) before
//! the first sum of a further pack of J sums (whose own multiplications by 2^B leave μ); σ likewise between positions. B is such that |z − z'| < 2^B for every limb value z and every true sum z', so packed sums that agree as field elements
//! agree one by one (two expansions in base 2^B with digits of absolute value below 2^B that differ cannot be equal, and at most 253 bits
//! are packed). Different lists of packs have equal combinations in powers of μ, σ and τ for at most a fraction (T + G)/p < 2^-226 of all challenges, for
//! T positions of G packs ([`super::matrix`]).
//! (Freivalds, "Probabilistic machines can use less running time", 1977.)

use halo2_proofs::{
    halo2curves::bn256::Fr,
    plonk::{Advice, Challenge, Column, ConstraintSystem, Expression, FirstPhase, Fixed, SecondPhase, VirtualCells},
    poly::Rotation,
};

use super::lookup::Tuple;
use crate::{
    CircuitParams,
    config::{pow2, signed},
};

/// The columns of one lane.
#[derive(Clone, Debug)]
pub struct LinearLane {
    /// Limbs, least significant first.
    pub limbs: Vec<Column<Advice>>,
    /// The slope of the table's segment.
    pub slope: Column<Advice>,
    /// The output.
    pub y: Column<Advice>,
    /// Second phase: the running combination.
    pub acc: Column<Advice>,
    /// Which function of the table.
    pub tag: Column<Fixed>,
    /// Added to the table's value.
    pub offset: Column<Fixed>,
    /// Constant multiplier of the running combination.
    pub by_const: Column<Fixed>,
    /// Multiplier μ.
    pub by_mu: Column<Fixed>,
    /// Multiplier σ, where positions come in rows.
    pub by_sigma: Option<Column<Fixed>>,
}

impl LinearLane {
    pub(crate) fn columns(meta: &mut ConstraintSystem<Fr>, p: &CircuitParams) -> Self {
        let lane = Self {
            limbs: (0..p.linear_limbs).map(|_| meta.advice_column_in(FirstPhase)).collect(),
            slope: meta.advice_column_in(FirstPhase),
            y: meta.advice_column_in(FirstPhase),
            acc: meta.advice_column_in(SecondPhase),
            tag: meta.fixed_column(),
            offset: meta.fixed_column(),
            by_const: meta.fixed_column(),
            by_mu: meta.fixed_column(),
            by_sigma: p.grid.then(|| meta.fixed_column()),
        };
        meta.enable_equality(lane.y);
        meta.enable_equality(lane.acc);
        lane
    }

    pub(crate) fn gate(
        &self,
        meta: &mut ConstraintSystem<Fr>,
        p: &CircuitParams,
        usable: Column<Fixed>,
        mu: Challenge,
        sigma: Option<Challenge>,
    ) {
        meta.create_gate("linear: running combination", |meta| {
            let q = meta.query_fixed(usable, Rotation::cur());
            let next = meta.query_advice(self.acc, Rotation::next());
            let acc = meta.query_advice(self.acc, Rotation::cur());
            let mut by = meta.query_fixed(self.by_const, Rotation::cur())
                + meta.query_fixed(self.by_mu, Rotation::cur()) * mu.expr();
            if let (Some(column), Some(sigma)) = (self.by_sigma, sigma) {
                by = by + meta.query_fixed(column, Rotation::cur()) * sigma.expr();
            }
            let z = sum(meta, p, &self.limbs);
            vec![q * (next - acc * by - z)]
        });
    }

    pub(crate) fn tuple(&self, meta: &mut VirtualCells<'_, Fr>) -> Tuple {
        let (fraction, top) = ends(&self.limbs);
        let slope = meta.query_advice(self.slope, Rotation::cur());
        Tuple {
            tag: meta.query_fixed(self.tag, Rotation::cur()),
            key: meta.query_advice(top, Rotation::cur()),
            value: meta.query_advice(self.y, Rotation::cur())
                - meta.query_fixed(self.offset, Rotation::cur())
                - slope.clone() * meta.query_advice(fraction, Rotation::cur()),
            slope,
        }
    }
}

/// The two highest limbs of a lane, which has at least two: the fraction in a segment, and the segment.
pub(crate) fn ends(limbs: &[Column<Advice>]) -> (Column<Advice>, Column<Advice>) {
    let [.., fraction, top] = limbs else { unreachable!("a lane has at least two limbs") };
    (*fraction, *top)
}

/// `Σ_i l_i·2^(b·i) − offset`.
pub(crate) fn sum(meta: &mut VirtualCells<'_, Fr>, p: &CircuitParams, limbs: &[Column<Advice>]) -> Expression<Fr> {
    let mut z = Expression::Constant(-signed(p.offset(limbs.len())));
    for (i, l) in limbs.iter().enumerate() {
        let l = meta.query_advice(*l, Rotation::cur());
        z = z + if i == 0 { l } else { l * pow2(p.bits(i)) };
    }
    z
}
