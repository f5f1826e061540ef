//! Rows of a constant matrix that wires select: the embedding of a token, for example.
//!
//! Row t of the matrix W lies across the weight columns in one row of a lane, so the lane's combination of weights
//! ([`super::matrix`]) is there
//!
//! ```text
//! w = Σ_g μ^(G−1−g)·P[t,g],     P[t,g] = Σ_j 2^(B·j)·W[t, gJ+j]
//! ```
//!
//! for packs of J columns. The outputs z\[0\], …, z\[N−1\] of one index are a chain of [`super::linear`], which ends in the same
//! combination f = Σ_g μ^(G−1−g)·Z'\[g\]. So an index i selects row i if (i, f) is one of the pairs (t, w) of the lane, which one
//! sum of inverses shows for all indices (logUp, see [`super::lookup`]). With a tag for each matrix of the lane:
//!
//! ```text
//! D = β + t + θ·w + θ²·tag                in a row of a matrix
//! D = β + i + θ·f + θ²·tag                in a row that selects
//!
//! ψ[r+1] − ψ[r] = (read[r] − table[r]·m[r]) / D[r],     ψ[0] = ψ[u] = 0
//! ```
//!
//! where m says how often a row is selected; i and m are one column of the first phase.
//!
//! The first phase and the key determine i, m, w and f once μ is drawn, and β and θ are independent of it. With R rows of
//! matrices, N selections and C weight columns a false selection passes with probability at most (C + 2·(N + R) + 2·R + 1)/p:
//! for C/p a false output has the combination of its row; the others are those of [`super::lookup`], and β = 0, the
//! denominator of unused rows.
//! (Haböck, "Multivariate lookups based on logarithmic derivatives", eprint 2022/1530.)

use halo2_proofs::{
    halo2curves::bn256::Fr,
    plonk::{Advice, Challenge, Column, ConstraintSystem, FirstPhase, Fixed, SecondPhase},
    poly::Rotation,
};

use super::matrix::WeightColumns;
use crate::CircuitParams;

/// The columns of one lane.
#[derive(Clone, Debug)]
pub struct SelectLane {
    /// First phase: the index; in a row of a matrix, how often it is selected.
    pub index: Column<Advice>,
    /// Second phase: the combination of the outputs.
    pub value: Column<Advice>,
    /// Second phase: the running sum.
    pub psi: Column<Advice>,
    /// The rows of the matrices.
    pub weights: WeightColumns,
    /// 1 in a row that selects.
    pub read: Column<Fixed>,
    /// 1 in a row of a matrix.
    pub table: Column<Fixed>,
    /// The number of the matrix's row.
    pub row: Column<Fixed>,
    /// Which matrix of the lane.
    pub tag: Column<Fixed>,
}

impl SelectLane {
    pub(crate) fn columns(meta: &mut ConstraintSystem<Fr>, p: &CircuitParams) -> Self {
        let lane = Self {
            index: meta.advice_column_in(FirstPhase),
            value: meta.advice_column_in(SecondPhase),
            psi: meta.advice_column_in(SecondPhase),
            weights: WeightColumns::columns(meta, p),
            read: meta.fixed_column(),
            table: meta.fixed_column(),
            row: meta.fixed_column(),
            tag: meta.fixed_column(),
        };
        meta.enable_equality(lane.index);
        meta.enable_equality(lane.value);
        lane
    }

    pub(crate) fn gate(
        &self,
        meta: &mut ConstraintSystem<Fr>,
        (usable, edge): (Column<Fixed>, Column<Fixed>),
        (mu, beta, theta): (Challenge, Challenge, Challenge),
    ) {
        meta.create_gate("select: running sum", |meta| {
            let mut fixed = |column| meta.query_fixed(column, Rotation::cur());
            let (q, edge) = (fixed(usable), fixed(edge));
            let (read, table) = (fixed(self.read), fixed(self.table));
            let (row, tag) = (fixed(self.row), fixed(self.tag));
            let index = meta.query_advice(self.index, Rotation::cur());
            let value = meta.query_advice(self.value, Rotation::cur());
            let psi = meta.query_advice(self.psi, Rotation::cur());
            let next = meta.query_advice(self.psi, Rotation::next());
            let w = self.weights.combination(meta, mu);
            let pair = (row + read.clone() * index.clone(), read.clone() * value + table.clone() * w);
            let d = beta.expr() + pair.0 + theta.expr() * (pair.1 + theta.expr() * tag);
            vec![q * ((next - psi.clone()) * d - read + table * index), edge * psi]
        });
    }
}
