//! Operands times weights: the other side of the linear checks.
//!
//! For outputs Z = X·W (X of shape \[T, K\], W of shape \[K, N\]), with columns of W packed J at a time into
//! `P[i,g] = Σ_j 2^(B·j)·W[i, gJ+j]` (G = ⌈N/J⌉ fixed cells for each operand), random μ, and random position weights π_t (products of powers of σ
//! inside a row of positions and τ across rows):
//!
//! ```text
//! Σ_t π_t Σ_g μ^(G−1−g) Z'[t,g]  =  Σ_i ( Σ_t π_t X[t,i] ) · ( Σ_g μ^(G−1−g) P[i,g] )
//! ```
//!
//! where Z'\[t,g\] are the packed sums of [`super::linear`]. For challenges drawn after Z and X are committed, all T·N equations hold
//! except with probability at most (T + G)/p < 2^-226: the difference of the two sides is a polynomial in μ, σ and τ in which each pair (t, g) has a
//! monomial of its own, of degree at most T + G − 2 (Schwartz-Zippel). A program has at most 2^27 values, so T·N ≤ 2^27 and T + G ≤ 2^27 + 1; p > 2^253.5.
//!
//! A lane has C weight columns, two second-phase cells a row, and one gate for everything:
//!
//! ```text
//! acc[i+1] = acc[i]·(f_1 + f_μ·μ^C + f_σ·σ + f_τ·τ) + x[i]·Σ_c w_c[i]·μ^(C−1−c)
//! ```
//!
//! * *Weights*: x is the operand (or its combination over positions), w_c are packed weights, the multiplier is 1 inside a chunk of C packs
//!   and μ^C between chunks.
//! * *Combination over positions*: w = (0, …, 0, 1), the multiplier is σ or τ. Equal partial combinations are computed once, which
//!   makes a convolution cost about |X|·k_w cells rather than |Y|·C·k_h·k_w.
//!
//! x is copy-constrained to the operand's cell or to the end of another chain.
//!
//! # Private weights
//!
//! The weight columns are then no columns of the circuit: the verifying key has a hiding commitment to each, and the lane has a second-phase column w and a fixed
//! column `unit` instead:
//!
//! ```text
//! acc[i+1] = acc[i]·(f_1 + f_μ·μ^C + f_σ·σ + f_τ·τ) + x[i]·(unit[i] + (1 − unit[i])·w[i])
//! ```
//!
//! That w = Σ_c w_c·μ^(C−1−c) on all rows that gates look at is proved outside the circuit, from the commitments (docs/private-weights.md): so w is fixed by what the key committed to before μ
//! was drawn. J = 1: without bounds on the weights, sums cannot be packed. The check holds for weights that are any field elements; whatever they are, outputs are a function of inputs.

use halo2_proofs::{
    halo2curves::bn256::Fr,
    plonk::{Advice, Challenge, Column, ConstraintSystem, Expression, Fixed, SecondPhase, VirtualCells},
    poly::Rotation,
};

use crate::CircuitParams;

/// The columns of one lane.
#[derive(Clone, Debug)]
pub struct MatrixLane {
    /// Second phase: the operand.
    pub x: Column<Advice>,
    /// Second phase: the running sum.
    pub acc: Column<Advice>,
    /// Packed weights, where they are fixed.
    pub weights: Vec<Column<Fixed>>,
    /// What stands for them where they are private.
    pub private: Option<PrivateColumns>,
    /// Multiplier 1.
    pub by_one: Column<Fixed>,
    /// Multiplier μ^C.
    pub by_mu: Column<Fixed>,
    /// Multiplier σ, where positions come in rows.
    pub by_sigma: Option<Column<Fixed>>,
    /// Multiplier τ.
    pub by_tau: Column<Fixed>,
}

/// The columns of a lane whose weights are private.
#[derive(Clone, Copy, Debug)]
pub struct PrivateColumns {
    /// Second phase: the combination of the weights.
    pub combined: Column<Advice>,
    /// 1 where the operand is multiplied by 1.
    pub unit: Column<Fixed>,
}

impl MatrixLane {
    pub(crate) fn columns(meta: &mut ConstraintSystem<Fr>, p: &CircuitParams) -> Self {
        let fixed = if p.private_weights { 0 } else { p.weight_columns };
        let lane = Self {
            x: meta.advice_column_in(SecondPhase),
            acc: meta.advice_column_in(SecondPhase),
            weights: (0..fixed).map(|_| meta.fixed_column()).collect(),
            private: p
                .private_weights
                .then(|| PrivateColumns { combined: meta.advice_column_in(SecondPhase), unit: meta.fixed_column() }),
            by_one: meta.fixed_column(),
            by_mu: meta.fixed_column(),
            by_sigma: p.grid.then(|| meta.fixed_column()),
            by_tau: meta.fixed_column(),
        };
        meta.enable_equality(lane.x);
        meta.enable_equality(lane.acc);
        lane
    }

    pub(crate) fn gate(
        &self,
        meta: &mut ConstraintSystem<Fr>,
        p: &CircuitParams,
        usable: Column<Fixed>,
        (mu, sigma, tau): (Challenge, Option<Challenge>, Challenge),
    ) {
        meta.create_gate("matrix: operands times weights", |meta| {
            let q = meta.query_fixed(usable, Rotation::cur());
            let x = meta.query_advice(self.x, Rotation::cur());
            let acc = meta.query_advice(self.acc, Rotation::cur());
            let next = meta.query_advice(self.acc, Rotation::next());
            let w = self.factor(meta, mu);
            let mut mu_c = mu.expr();
            for _ in 1..p.weight_columns {
                mu_c = mu_c * mu.expr();
            }
            let mut by = meta.query_fixed(self.by_one, Rotation::cur())
                + meta.query_fixed(self.by_mu, Rotation::cur()) * mu_c
                + meta.query_fixed(self.by_tau, Rotation::cur()) * tau.expr();
            if let (Some(column), Some(sigma)) = (self.by_sigma, sigma) {
                by = by + meta.query_fixed(column, Rotation::cur()) * sigma.expr();
            }
            vec![q * (next - acc * by - x * w)]
        });
    }

    /// What the operand is multiplied by.
    fn factor(&self, meta: &mut VirtualCells<'_, Fr>, mu: Challenge) -> Expression<Fr> {
        let one = Expression::Constant(Fr::one());
        if let Some(private) = &self.private {
            let unit = meta.query_fixed(private.unit, Rotation::cur());
            let w = meta.query_advice(private.combined, Rotation::cur());
            return unit.clone() + (one - unit) * w;
        }
        // Horner in μ: w_0 is the highest power.
        let mut columns = self.weights.iter().map(|c| meta.query_fixed(*c, Rotation::cur()));
        let Some(first) = columns.next() else { return one };
        columns.fold(first, |w, c| w * mu.expr() + c)
    }
}
