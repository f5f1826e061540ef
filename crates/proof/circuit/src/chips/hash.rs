//! Salted hashes of tensors (Poseidon, see [`vouch_poseidon`]).
//!
//! A lane has three columns for the state s and three for work w, and does one of three things in a row. t = s + k are the state plus the round's constants, M is the matrix.
//!
//! ```text
//! round, full:     w_i = t_i²                 s'_j = Σ_i M_ji·t_i·w_i²
//! round, partial:  w_0 = t_0²                 s'_j = M_j0·t_0·w_0² + M_j1·t_1 + M_j2·t_2
//! input:           s'_0 = [s_0] + k_0,   s'_1 = [s_1] + w_1,   s'_2 = [s_2] + w_2        ([ ] only if it is not the first of a hash; k_0: number of values)
//! packing:         w'_1 = k_0·w_1 + w_0 + 2^31                     (k_0: 2^32, or 0 for the first value of an element; w_0: a value)
//! ```
//!
//! Copies tie w_0 of packing rows to the tensor's values, w_1 and w_2 of input rows to the ends of packed elements (the first one of a hash, the salt, is free, a missing last one is 0), and s_1 after the
//! last round to the instance. Values of a hashed tensor are integers of 32 bits (outputs by [`Program::bounds`](vouch_program::Program::bounds), inputs by the bound rows of
//! [`super::product`]), so that seven packed ones do not exceed the field and packing is injective.

use std::sync::LazyLock;

use halo2_proofs::{
    halo2curves::bn256::Fr,
    plonk::{Advice, Column, ConstraintSystem, Expression, FirstPhase, Fixed},
    poly::Rotation,
};
use vouch_poseidon::{Poseidon, VALUE_BITS};

use crate::config::pow2;

/// The permutation.
pub(crate) static POSEIDON: LazyLock<Poseidon<Fr>> = LazyLock::new(Poseidon::new);

/// The columns of one lane.
#[derive(Clone, Debug)]
pub struct HashLane {
    /// The state.
    pub state: [Column<Advice>; 3],
    /// Squares, inputs, or packing.
    pub work: [Column<Advice>; 3],
    /// Round constants, number of values, or the multiplier of packing.
    pub constants: [Column<Fixed>; 3],
    /// 1 on full rounds.
    pub full: Column<Fixed>,
    /// 1 on partial rounds.
    pub partial: Column<Fixed>,
    /// 1 on rows of input.
    pub input: Column<Fixed>,
    /// 1 on rows of input but the first of a hash.
    pub keep: Column<Fixed>,
    /// 1 on rows of packing.
    pub pack: Column<Fixed>,
}

impl HashLane {
    pub(crate) fn columns(meta: &mut ConstraintSystem<Fr>) -> Self {
        let lane = Self {
            state: std::array::from_fn(|_| meta.advice_column_in(FirstPhase)),
            work: std::array::from_fn(|_| meta.advice_column_in(FirstPhase)),
            constants: std::array::from_fn(|_| meta.fixed_column()),
            full: meta.fixed_column(),
            partial: meta.fixed_column(),
            input: meta.fixed_column(),
            keep: meta.fixed_column(),
            pack: meta.fixed_column(),
        };
        for column in lane.work.iter().chain([&lane.state[1]]) {
            meta.enable_equality(*column);
        }
        lane
    }

    pub(crate) fn gate(&self, meta: &mut ConstraintSystem<Fr>) {
        meta.create_gate("hash: round", |meta| {
            let full = meta.query_fixed(self.full, Rotation::cur());
            let partial = meta.query_fixed(self.partial, Rotation::cur());
            let any = full.clone() + partial.clone();
            let t: [Expression<Fr>; 3] = std::array::from_fn(|i| {
                meta.query_advice(self.state[i], Rotation::cur()) + meta.query_fixed(self.constants[i], Rotation::cur())
            });
            let w = self.work.map(|c| meta.query_advice(c, Rotation::cur()));
            let next = self.state.map(|c| meta.query_advice(c, Rotation::next()));
            let mut out: Vec<Expression<Fr>> = (0..3)
                .map(|i| {
                    let on = if i == 0 { any.clone() } else { full.clone() };
                    on * (w[i].clone() - t[i].clone() * t[i].clone())
                })
                .collect();
            let boxed: [Expression<Fr>; 3] = std::array::from_fn(|i| t[i].clone() * w[i].clone() * w[i].clone());
            for (next, row) in next.into_iter().zip(POSEIDON.mds()) {
                let mut step = any.clone() * (next - boxed[0].clone() * row[0]);
                for i in 1..3 {
                    step = step - (full.clone() * boxed[i].clone() + partial.clone() * t[i].clone()) * row[i];
                }
                out.push(step);
            }
            out
        });
        meta.create_gate("hash: input", |meta| {
            let input = meta.query_fixed(self.input, Rotation::cur());
            let keep = meta.query_fixed(self.keep, Rotation::cur());
            (0..3)
                .map(|i| {
                    let state = meta.query_advice(self.state[i], Rotation::cur());
                    let next = meta.query_advice(self.state[i], Rotation::next());
                    let added = if i == 0 {
                        meta.query_fixed(self.constants[0], Rotation::cur())
                    } else {
                        meta.query_advice(self.work[i], Rotation::cur())
                    };
                    input.clone() * (next - added) - keep.clone() * state
                })
                .collect::<Vec<_>>()
        });
        meta.create_gate("hash: packing", |meta| {
            let pack = meta.query_fixed(self.pack, Rotation::cur());
            let by = meta.query_fixed(self.constants[0], Rotation::cur());
            let value = meta.query_advice(self.work[0], Rotation::cur());
            let element = meta.query_advice(self.work[1], Rotation::cur());
            let next = meta.query_advice(self.work[1], Rotation::next());
            vec![pack * (next - by * element - value - Expression::Constant(pow2(VALUE_BITS - 1)))]
        });
    }
}
