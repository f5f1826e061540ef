//! Circuits for tests: every feature on and off, several lanes.

use halo2_proofs::{halo2curves::bn256::Fr, plonk::ConstraintSystem};
use vouch_circuit::CircuitParams;

use crate::keys::constraint_system;

/// The columns and gates of each, with its parameters.
pub(crate) fn of_every_feature() -> impl Iterator<Item = (CircuitParams, ConstraintSystem<Fr>)> {
    (0..128u32).map(|features| {
        let on = |bit: u32| features >> bit & 1 == 1;
        let params = CircuitParams {
            k: 10,
            limb_bits: 8,
            linear_lanes: 1 + 2 * usize::from(on(0)),
            linear_limbs: 2 + (features % 5) as usize,
            product_lanes: 2 * usize::from(on(1)),
            product_limbs: 5,
            two_term_lanes: usize::from(on(1)),
            max: on(2) && on(1),
            matrix_lanes: 1 + usize::from(on(0)),
            weight_columns: 1 + (features % 4) as usize,
            private_weights: on(3),
            virtual_weights: !on(3) && features % 2 == 0,
            hash_lanes: usize::from(on(4)),
            grid: on(5),
            mat_mul: on(5) && on(6),
            select_lanes: (features % 5 / 3) as usize,
        };
        let cs = constraint_system(&params);
        (params, cs)
    })
}
