//! All columns and gates of a circuit.

use halo2_proofs::{
    halo2curves::{
        bn256::Fr,
        ff::{Field, PrimeField},
    },
    plonk::{Challenge, Column, ConstraintSystem, FirstPhase, Fixed, Instance},
};

use crate::{
    CircuitParams,
    chips::{
        hash::HashLane,
        linear::LinearLane,
        lookup::{Lookup, LookupChip},
        matrix::{MatrixLane, WeightColumns},
        product::ProductLane,
        select::SelectLane,
    },
    number::index,
};

/// The gates' degree, and with it the pieces of the quotient and the columns of one permutation product.
pub(crate) const DEGREE: usize = 5;
/// Pieces of the quotient.
pub(crate) const PIECES: usize = DEGREE - 1;
/// Columns of one product of the permutation argument.
pub(crate) const PRODUCT_COLUMNS: usize = DEGREE - 2;

/// 2^e as a field element, e ≤ 253.
pub(crate) fn pow2(e: u32) -> Fr {
    let mut raw = [0u64; 4];
    raw[index(e / 64)] = 1 << (e % 64);
    Fr::from_raw(raw)
}

/// 2^(−e) as a field element, e ≤ 253.
pub(crate) fn inverse_pow2(e: u32) -> Fr {
    // 2^−1 is a constant of the field: nothing is inverted.
    Fr::TWO_INV.pow_vartime([u64::from(e)])
}

/// A signed integer as a field element.
pub(crate) fn signed(v: i128) -> Fr {
    let m = v.unsigned_abs();
    #[expect(clippy::as_conversions, reason = "the low and the high word")]
    let f = Fr::from_raw([m as u64, (m >> 64) as u64, 0, 0]);
    if v < 0 { -f } else { f }
}

/// `v·2^up` as a field element, up ≤ 253.
///
/// Weights and factors of columns that drop fewer bits than their lane are scaled up by the difference. A program's weights
/// and factors stay below 2^60, a lane drops at most 59 + b − 1 ≤ 74 bits: |v·2^up| < 2^134, which is more than an i128
/// holds and less than p/2.
pub(crate) fn scaled(v: i64, up: u32) -> Fr {
    let v = i128::from(v);
    // |v| ≤ 2^63.
    if up < 64 { signed(v << up) } else { signed(v) * pow2(up) }
}

/// The columns and challenges of a circuit.
#[derive(Clone, Debug)]
pub struct ModelConfig {
    /// Inputs, then outputs.
    pub instance: Column<Instance>,
    /// Constants of the program.
    pub constants: Column<Fixed>,
    /// 1 on the usable rows.
    pub usable: Column<Fixed>,
    /// Lanes of [`crate::chips::linear`].
    pub linear: Vec<LinearLane>,
    /// Lanes of [`crate::chips::product`].
    pub product: Vec<ProductLane>,
    /// Lanes of [`crate::chips::matrix`].
    pub matrix: Vec<MatrixLane>,
    /// Lanes of [`crate::chips::select`].
    pub select: Vec<SelectLane>,
    /// Lanes of [`crate::chips::hash`].
    pub hash: Vec<HashLane>,
    /// The lookup argument, if anything is looked up.
    pub lookup: Option<LookupChip>,
    /// μ: combines outputs.
    pub mu: Challenge,
    /// σ: combines positions of a row.
    pub sigma: Option<Challenge>,
    /// τ: combines rows of positions.
    pub tau: Challenge,
    /// β of the lookup argument.
    pub beta: Challenge,
    /// θ of the lookup argument.
    pub theta: Challenge,
}

impl ModelConfig {
    /// Allocates columns and creates the gates.
    pub fn configure(meta: &mut ConstraintSystem<Fr>, p: &CircuitParams) -> Self {
        Self::configure_without(meta, p, &|_| false)
    }

    /// As [`configure`](Self::configure), without the lookups for which `left_out` is true: an unsound circuit, for tests
    /// that show what each lookup is for.
    #[doc(hidden)]
    pub fn configure_without(
        meta: &mut ConstraintSystem<Fr>,
        p: &CircuitParams,
        left_out: &dyn Fn(&Lookup) -> bool,
    ) -> Self {
        // The cost model and the columns of one permutation product rely on it, also where a program needs less.
        meta.set_minimum_degree(DEGREE);
        let instance = meta.instance_column();
        let constants = meta.fixed_column();
        let usable = meta.fixed_column();
        let linear: Vec<_> = (0..p.linear_lanes).map(|_| LinearLane::columns(meta, p)).collect();
        let product: Vec<_> = (0..p.product_lanes).map(|lane| ProductLane::columns(meta, p, lane)).collect();
        let matrix: Vec<_> = (0..p.matrix_lanes).map(|_| MatrixLane::columns(meta, p)).collect();
        let select: Vec<_> = (0..p.select_lanes).map(|_| SelectLane::columns(meta, p)).collect();
        let hash: Vec<_> = (0..p.hash_lanes).map(|_| HashLane::columns(meta)).collect();
        let lookup =
            (!linear.is_empty() || !product.is_empty()).then(|| LookupChip::columns(meta, &linear, &product, left_out));
        if linear.is_empty() && product.is_empty() {
            // halo2 needs an advice column in the first phase for challenges to exist after it.
            let _ = meta.advice_column_in(FirstPhase);
        }
        meta.enable_equality(instance);
        meta.enable_equality(constants);
        let mu = meta.challenge_usable_after(FirstPhase);
        let tau = meta.challenge_usable_after(FirstPhase);
        let beta = meta.challenge_usable_after(FirstPhase);
        let theta = meta.challenge_usable_after(FirstPhase);
        let sigma = p.grid.then(|| meta.challenge_usable_after(FirstPhase));
        let config = Self {
            instance,
            constants,
            usable,
            linear,
            product,
            matrix,
            select,
            hash,
            lookup,
            mu,
            sigma,
            tau,
            beta,
            theta,
        };
        config.gates(meta, p);
        config
    }

    /// The weights that the key commits to, of each lane one after the other.
    pub fn weights(&self) -> impl Iterator<Item = &WeightColumns> {
        self.matrix.iter().map(|lane| &lane.weights).chain(self.select.iter().map(|lane| &lane.weights))
    }

    fn gates(&self, meta: &mut ConstraintSystem<Fr>, p: &CircuitParams) {
        for lane in &self.linear {
            lane.gate(meta, p, self.usable, self.mu, self.sigma);
        }
        for lane in &self.product {
            lane.gate(meta, p);
        }
        for lane in &self.matrix {
            lane.gate(meta, p, self.usable, (self.mu, self.sigma, self.tau));
        }
        // Outputs of selections are in linear lanes, so there is a lookup argument.
        if let Some(lookup) = &self.lookup {
            for lane in &self.select {
                lane.gate(meta, (self.usable, lookup.edge), (self.mu, self.beta, self.theta));
            }
        }
        for lane in &self.hash {
            lane.gate(meta);
        }
        if let Some(lookup) = &self.lookup {
            lookup.gate(meta, p.limb_bits, (&self.linear, &self.product), self.usable, (self.beta, self.theta));
        }
    }
}
