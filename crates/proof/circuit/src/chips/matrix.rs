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
//! # Products of wires
//!
//! For Z = X·Y with both sides computed (X of shape \[M, K\], Y of shape \[K, N\]), the three matrices are combined with powers of
//! τ for rows and of σ for columns:
//!
//! ```text
//! Σ_m τ^(M−1−m) Σ_n σ^(N−1−n) Z[m,n]  =  Σ_k ( Σ_m τ^(M−1−m) X[m,k] ) · ( Σ_n σ^(N−1−n) Y[k,n] )
//! ```
//!
//! The left side is a combination of sums of [`super::linear`] as above, the factors on the right are combinations over positions. A row
//! multiplies two of them: the running sum is the first, x the second, and f_x is 2^(D−d) for a product that drops d bits
//! in lanes that drop D, as for weights. All of X, Y and Z are committed before σ and τ are drawn. The difference of the sides is a
//! polynomial in them in which each output has a monomial of its own, of degree at most M + N − 2: a false output remains
//! unnoticed with probability at most (M + N)/p. So M·N rows of outputs and K·(M + N + 3) + M rows of a matrix lane take the place of
//! M·N·K products.
//!
//! ```text
//! acc[i+1] = acc[i]·(f_1 + f_μ·μ^C + f_σ·σ + f_τ·τ + f_x·x[i]) + x[i]·Σ_c w_c[i]·μ^(C−1−c)
//! ```
//!
//! In a row with f_x the weights are zero. Private weights are not known to be, so there the operand's factor is
//! unit + weighted·w, with a fixed column for each.
//!
//! # Weights outside of the circuit
//!
//! The sum over c is one number a row, w = Σ_c w_c·μ^(C−1−c). So the w_c need not be columns of the circuit: the verifying key
//! has a commitment to each, and the lane has one second-phase column w.
//!
//! * *Fixed weights*: w is a *virtual* column. No proof commits to it: the verifier combines the key's commitments in the same
//!   powers of μ, and w is opened against the result. So w is that combination on all rows, for any C, at the cost of one column.
//!   The gate is the one above.
//! * *Private weights*: the commitments hide, and w is committed in the proof, with random last rows. That it is the combination
//!   on all rows that gates look at is proved outside of the circuit, from the commitments (docs/private-weights.md). There is a
//!   fixed column `unit`, so that nothing but weights is behind the commitments:
//!
//! ```text
//! acc[i+1] = acc[i]·(f_1 + f_μ·μ^C + f_σ·σ + f_τ·τ) + x[i]·(unit[i] + (1 − unit[i])·w[i])
//! ```
//!
//!   J = 1: without bounds on the weights, sums cannot be packed. The check holds for weights that are any field elements;
//!   whatever they are, outputs are a function of inputs.
//!
//! In both cases w is fixed by the key before μ is drawn.

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
    /// What operands are multiplied by.
    pub weights: WeightColumns,
    /// Multiplier 1.
    pub by_one: Column<Fixed>,
    /// Multiplier μ^C.
    pub by_mu: Column<Fixed>,
    /// Multiplier σ, where positions come in rows.
    pub by_sigma: Option<Column<Fixed>>,
    /// Multiplier τ.
    pub by_tau: Column<Fixed>,
    /// Multiplier x, times a power of two, where matrices of wires are multiplied.
    pub by_operand: Option<Column<Fixed>>,
}

/// The columns of a lane that hold its weights.
#[derive(Clone, Debug)]
pub enum WeightColumns {
    /// Packed weights, as columns of the circuit.
    Fixed(Vec<Column<Fixed>>),
    /// The combination of packed weights to which the key commits, in the second phase. No proof commits to it.
    Virtual(Column<Advice>),
    /// As above, for private weights: proofs commit to it.
    Private {
        /// Second phase: the combination of the weights.
        combined: Column<Advice>,
        /// In matrix lanes, 1 where the operand is multiplied by 1.
        unit: Option<Column<Fixed>>,
        /// 1 where it is multiplied by weights, in circuits with rows in which it is multiplied by neither.
        weighted: Option<Column<Fixed>>,
    },
}

impl WeightColumns {
    pub(crate) fn columns(meta: &mut ConstraintSystem<Fr>, p: &CircuitParams) -> Self {
        if p.private_weights {
            Self::Private { combined: meta.advice_column_in(SecondPhase), unit: None, weighted: None }
        } else if p.virtual_weights {
            Self::Virtual(meta.advice_column_in(SecondPhase))
        } else {
            Self::Fixed((0..p.weight_columns).map(|_| meta.fixed_column()).collect())
        }
    }

    /// `Σ_c w_c·μ^(C−1−c)`.
    pub(crate) fn combination(&self, meta: &mut VirtualCells<'_, Fr>, mu: Challenge) -> Expression<Fr> {
        match self {
            Self::Virtual(combined) | Self::Private { combined, .. } => meta.query_advice(*combined, Rotation::cur()),
            Self::Fixed(columns) => {
                // Horner in μ: w_0 is the highest power.
                let mut columns = columns.iter().map(|c| meta.query_fixed(*c, Rotation::cur()));
                let Some(first) = columns.next() else { return Expression::Constant(Fr::one()) };
                columns.fold(first, |w, c| w * mu.expr() + c)
            }
        }
    }

    /// The column that holds the combination of weights to which the key commits.
    pub fn combined(&self) -> Option<Column<Advice>> {
        match self {
            Self::Fixed(_) => None,
            Self::Virtual(combined) | Self::Private { combined, .. } => Some(*combined),
        }
    }

    /// The same column, if proofs commit to it.
    pub fn private(&self) -> Option<Column<Advice>> {
        match self {
            Self::Fixed(_) | Self::Virtual(_) => None,
            Self::Private { combined, .. } => Some(*combined),
        }
    }

    /// The same column, if proofs do not commit to it.
    pub fn virtual_column(&self) -> Option<Column<Advice>> {
        match self {
            Self::Virtual(combined) => Some(*combined),
            Self::Fixed(_) | Self::Private { .. } => None,
        }
    }

    /// The fixed column that is 1 where the operand is multiplied by 1, where there is one.
    pub(crate) fn unit(&self) -> Option<Column<Fixed>> {
        match self {
            Self::Fixed(columns) => columns.last().copied(),
            Self::Virtual(_) => None,
            Self::Private { unit, .. } => *unit,
        }
    }

    /// The fixed column that is 1 where the operand is multiplied by private weights, where there is one.
    pub(crate) fn weighted(&self) -> Option<Column<Fixed>> {
        if let Self::Private { weighted, .. } = self { *weighted } else { None }
    }

    /// The fixed columns of packed weights.
    pub(crate) fn fixed(&self) -> &[Column<Fixed>] {
        if let Self::Fixed(columns) = self { columns } else { &[] }
    }
}

impl MatrixLane {
    pub(crate) fn columns(meta: &mut ConstraintSystem<Fr>, p: &CircuitParams) -> Self {
        let (x, acc) = (meta.advice_column_in(SecondPhase), meta.advice_column_in(SecondPhase));
        let mut weights = WeightColumns::columns(meta, p);
        if let WeightColumns::Private { unit, weighted, .. } = &mut weights {
            *unit = Some(meta.fixed_column());
            *weighted = p.mat_mul.then(|| meta.fixed_column());
        }
        let lane = Self {
            x,
            acc,
            weights,
            by_one: meta.fixed_column(),
            by_mu: meta.fixed_column(),
            by_sigma: p.grid.then(|| meta.fixed_column()),
            by_tau: meta.fixed_column(),
            by_operand: p.mat_mul.then(|| meta.fixed_column()),
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
            let mu_c = self.power(mu, p.weight_columns);
            let mut by = meta.query_fixed(self.by_one, Rotation::cur())
                + meta.query_fixed(self.by_mu, Rotation::cur()) * mu_c
                + meta.query_fixed(self.by_tau, Rotation::cur()) * tau.expr();
            if let (Some(column), Some(sigma)) = (self.by_sigma, sigma) {
                by = by + meta.query_fixed(column, Rotation::cur()) * sigma.expr();
            }
            if let Some(column) = self.by_operand {
                by = by + meta.query_fixed(column, Rotation::cur()) * x.clone();
            }
            vec![q * (next - acc * by - x * w)]
        });
    }

    /// μ^C. By squares where there may be hundreds of columns; keys without virtual columns have the product of C factors.
    fn power(&self, mu: Challenge, c: usize) -> Expression<Fr> {
        let mut power = mu.expr();
        if self.weights.virtual_column().is_none() {
            for _ in 1..c {
                power = power * mu.expr();
            }
            return power;
        }
        for bit in (0..c.checked_ilog2().unwrap_or(0)).rev() {
            power = power.clone() * power;
            if c.checked_shr(bit).is_some_and(|c| c & 1 == 1) {
                power = power * mu.expr();
            }
        }
        power
    }

    /// What the operand is multiplied by.
    fn factor(&self, meta: &mut VirtualCells<'_, Fr>, mu: Challenge) -> Expression<Fr> {
        if let WeightColumns::Private { combined, unit: Some(unit), weighted } = &self.weights {
            let unit = meta.query_fixed(*unit, Rotation::cur());
            let w = meta.query_advice(*combined, Rotation::cur());
            let weighted = weighted.map(|column| meta.query_fixed(column, Rotation::cur()));
            return unit.clone() + weighted.unwrap_or(Expression::Constant(Fr::one()) - unit) * w;
        }
        self.weights.combination(meta, mu)
    }
}
