//! The layout that a key says it has, checked before anything is made of it.
//!
//! A key's layout is whatever its maker wrote, and every number in it becomes columns of 2^k cells. So each must be one that
//! [`plan`](crate::plan) could have chosen for the program: features and limbs follow from the program, lanes from the rows
//! that have to be placed, and weight columns are at most as many as the packs of a check.

#![cfg_attr(not(test), deny(clippy::arithmetic_side_effects, clippy::as_conversions))]

use vouch_circuit::{Check, CircuitParams, Layout, MAX_LANES, ProductRow, Selection};
use vouch_program::{Instruction, Program, Visibility};

use crate::{MAX_K, number::index};

/// Most values that one row has room for: one in each linear lane, a sum and its function in each product lane, and one in
/// the instance column.
const MAX_VALUES_IN_ROW: usize = 3 * MAX_LANES + 1;

/// Lays a program out as a key says.
///
/// # Errors
/// Says which number is not one that a layout of the program has.
pub(crate) fn layout_of(program: &Program, params: &CircuitParams) -> Result<Layout, String> {
    let features = CircuitParams::minimal(program, params.k).map_err(|e| e.to_string())?;
    if with_counts_of(params, &features) != features {
        return Err("its features are not those that the program needs".to_owned());
    }
    check_rows(program, 1, params.k)?;
    check_size(program, params)?;
    let layout = Layout::new(program, params).map_err(|e| e.to_string())?;
    check_use(program, &layout)?;
    Ok(layout)
}

/// Checks that 2^k rows have room for the values of `batch` runs of a program, whatever the lanes.
///
/// # Errors
/// Says how many values there are.
pub(crate) fn check_rows(program: &Program, batch: usize, k: u32) -> Result<(), String> {
    within("k", index(k), index(program.limb_bits()).saturating_add(1), index(MAX_K))?;
    within("values", values(program).saturating_mul(batch), 0, MAX_VALUES_IN_ROW << k)
}

/// Values that take rows: all but constants, and maxima of one operand, which are that operand. At least one.
fn values(program: &Program) -> usize {
    let of = |ins: &Instruction| match ins {
        Instruction::Max(m) if m.x.len() == index(m.groups) => 0,
        _ => program.arity_out(ins),
    };
    program.instructions().iter().map(of).fold(program.input_len(), usize::saturating_add).max(1)
}

/// `params` with the lanes and columns of others, and their kind of weight columns, which [`CircuitParams::check`] compares.
fn with_counts_of(params: &CircuitParams, counts: &CircuitParams) -> CircuitParams {
    CircuitParams {
        linear_lanes: counts.linear_lanes,
        product_lanes: counts.product_lanes,
        two_term_lanes: counts.two_term_lanes,
        matrix_lanes: counts.matrix_lanes,
        weight_columns: counts.weight_columns,
        virtual_weights: counts.virtual_weights,
        hash_lanes: counts.hash_lanes,
        select_lanes: counts.select_lanes,
        ..params.clone()
    }
}

/// Bounds every number before the layout is made.
fn check_size(program: &Program, p: &CircuitParams) -> Result<(), String> {
    let usable = p.usable();
    within("rows of the lookup table", Layout::table_rows(program), 0, usable)?;
    within("public values", program.public_len(), 0, usable)?;
    let hashed = program.tensors().iter().filter(|(visibility, _)| *visibility == Visibility::Hashed).count();
    within("linear_lanes", p.linear_lanes, 0, MAX_LANES)?;
    within("product_lanes", p.product_lanes, 0, MAX_LANES)?;
    within("two_term_lanes", p.two_term_lanes, 0, p.product_lanes)?;
    within("matrix_lanes", p.matrix_lanes, 0, MAX_LANES + 1)?;
    within("select_lanes", p.select_lanes, 0, MAX_LANES)?;
    within("weight_columns", p.weight_columns, 1, p.most_weight_columns())?;
    // A hash is two blocks of rows, which may lie in different lanes.
    within("hash_lanes", p.hash_lanes, 0, hashed.saturating_mul(2))
}

/// Checks that the layout has rows in each of its lanes. Matrix lanes may be one more than the rows need: the cost model
/// tries that, too.
fn check_use(program: &Program, layout: &Layout) -> Result<(), String> {
    let p = &layout.params;
    let two_terms = |row: &ProductRow| match *row {
        ProductRow::Bound { .. } => true,
        ProductRow::Max { .. } => false,
        ProductRow::Product { instruction, .. } => {
            matches!(&program.instructions()[instruction], Instruction::Product(q) if q.terms.len() > 1)
        }
    };
    let exactly = |name, got, used| within(name, got, used, used);
    exactly("linear_lanes", p.linear_lanes, layout.linear.iter().filter(|rows| !rows.is_empty()).count())?;
    exactly("product_lanes", p.product_lanes, layout.product.iter().filter(|rows| !rows.is_empty()).count())?;
    let with_two = layout.product.iter().filter(|rows| rows.iter().any(two_terms)).count();
    exactly("two_term_lanes", p.two_term_lanes, with_two)?;
    exactly("hash_lanes", p.hash_lanes, layout.hash.iter().filter(|rows| !rows.is_empty()).count())?;
    let lane = |selection: &Selection| selection.at.lane.index().saturating_add(1);
    exactly("select_lanes", p.select_lanes, layout.selections.iter().map(lane).max().unwrap_or(0))?;
    // The layout has refused fewer columns than a selected row needs.
    let packs = layout.checks.iter().chain(layout.selections.iter().map(|s| &s.check)).map(Check::packs);
    within("weight_columns", p.weight_columns, 1, packs.max().unwrap_or(1))?;
    if layout.checks.is_empty() && !p.mat_mul {
        return exactly("matrix_lanes", p.matrix_lanes, 0);
    }
    let used = layout.pieces.iter().map(|piece| piece.lane.index().saturating_add(1)).max().unwrap_or(1);
    within("matrix_lanes", p.matrix_lanes, used, used.saturating_add(1))
}

fn within(name: &str, got: usize, min: usize, max: usize) -> Result<(), String> {
    if (min..=max).contains(&got) { Ok(()) } else { Err(format!("{name}: expected {min} to {max}, got {got}")) }
}

#[cfg(test)]
mod tests {
    use vouch_circuit::Objective;

    use vouch_testing::random::{hidden, random_program};

    use super::*;
    use crate::{CircuitPlan, plan};

    /// Every layout that is chosen is accepted; with one lane or column more or less than a layout of the program has, it is
    /// refused before or after it is laid out.
    #[test]
    fn layouts_are_those_of_the_program() {
        let mut refused = [0; 7];
        for seed in 0..60 {
            let (program, _) = random_program(seed);
            let program = if seed % 3 == 0 { hidden(program) } else { program };
            for objective in [Objective::Prover, Objective::Proof, Objective::Memory] {
                let CircuitPlan { program: planned, estimate, .. } =
                    plan(&program, 1 + (seed % 2) as u32, objective, None).unwrap();
                let chosen = estimate.params;
                let layout = layout_of(&planned, &chosen).unwrap_or_else(|e| panic!("seed {seed}: {e}, {chosen:?}"));
                assert_eq!(layout.params, chosen);
                type Count = fn(&mut CircuitParams) -> &mut usize;
                let counts: [Count; 7] = [
                    |p| &mut p.linear_lanes,
                    |p| &mut p.product_lanes,
                    |p| &mut p.two_term_lanes,
                    |p| &mut p.matrix_lanes,
                    |p| &mut p.weight_columns,
                    |p| &mut p.hash_lanes,
                    |p| &mut p.select_lanes,
                ];
                for (count, refused) in counts.into_iter().zip(&mut refused) {
                    for wrong in [0, *count(&mut chosen.clone()) + 2, 400, 1 << 40, usize::MAX] {
                        let mut params = chosen.clone();
                        let got = std::mem::replace(count(&mut params), wrong);
                        let possible = layout_of(&planned, &params).is_ok();
                        // Any number of weight columns up to the packs of a check is a layout.
                        let columns = params.weight_columns != chosen.weight_columns && (1..48).contains(&wrong);
                        assert!(!possible || got == wrong || columns, "seed {seed}: {wrong} accepted in {params:?}");
                        *refused += usize::from(!possible);
                    }
                }
            }
        }
        assert!(refused.iter().all(|n| *n > 100), "{refused:?}");
    }

    #[test]
    fn features_and_rows_are_those_of_the_program() {
        let (program, _) = random_program(1);
        let CircuitPlan { program: planned, estimate, .. } = plan(&program, 1, Objective::default(), None).unwrap();
        let chosen = estimate.params;
        let refused = |change: &dyn Fn(&mut CircuitParams)| {
            let mut params = chosen.clone();
            change(&mut params);
            layout_of(&planned, &params).unwrap_err()
        };
        for change in [
            &(|p: &mut CircuitParams| p.limb_bits += 1) as &dyn Fn(&mut CircuitParams),
            &|p| p.linear_limbs += 1,
            &|p| p.product_limbs = usize::MAX,
            &|p| p.max = !p.max,
            &|p| p.grid = !p.grid,
            &|p| p.private_weights = !p.private_weights,
        ] {
            assert_eq!(refused(change), "its features are not those that the program needs");
        }
        for k in [0, 1, planned.limb_bits(), MAX_K + 1, 64, u32::MAX] {
            let least = planned.limb_bits() + 1;
            assert_eq!(refused(&|p| p.k = k), format!("k: expected {least} to {MAX_K}, got {k}"));
        }
        let batch = (MAX_VALUES_IN_ROW << chosen.k) / values(&planned) + 1;
        assert_eq!(check_rows(&planned, batch - 1, chosen.k), Ok(()));
        assert!(check_rows(&planned, batch, chosen.k).is_err());
    }
}
