//! The width of limbs, chosen by what it makes the proof cost.
//!
//! Narrow limbs mean a small lookup table, but coarse functions of few segments: where arguments have a wide range, the compiler must then clamp them,
//! which takes four rows an element. Wide limbs mean the opposite. Which is cheaper depends on the model.

use vouch_circuit::{Objective, choose};
use vouch_compiler::{CompileError, CompileOptions, Compiled, OnnxModel, compile_model};

/// The widths that are tried.
pub const LIMB_BITS: [u8; 3] = [10, 11, 12];

/// Compiles a model with each of `widths` and keeps the program whose proof is cheapest, of those that reach the target error; if none does, the most
/// accurate.
///
/// # Errors
/// The error of the first width, if no width compiles.
///
/// Each compilation aims at half the target, so that inputs other than the measured ones have room.
pub fn compile_cheapest(
    model: &OnnxModel,
    options: &CompileOptions,
    widths: &[u8],
    objective: Objective,
) -> Result<Compiled, CompileError> {
    let mut first_error = None;
    let mut best: Option<(Compiled, bool, f64)> = None;
    for &limb_bits in widths {
        let aim = CompileOptions { limb_bits, target_error: options.target_error / 2.0, ..options.clone() };
        let mut compiled = match compile_model(model, &aim) {
            Ok(compiled) => compiled,
            Err(e) => {
                first_error.get_or_insert(e);
                continue;
            }
        };
        let error = compiled.report.accuracy.max_relative;
        let reached = error <= options.target_error;
        compiled.report.accuracy.target = options.target_error;
        compiled.report.warnings.retain(|w| !(reached && w.starts_with("the target error")));
        let Ok(estimate) = choose(&compiled.program, 1, objective, None) else { continue };
        let cost = if reached { estimate.weight(objective, 1) } else { error };
        let better = best.as_ref().is_none_or(|(_, r, c)| (reached, -cost) > (*r, -*c));
        if better {
            best = Some((compiled, reached, cost));
        }
    }
    match (best, first_error) {
        (Some((compiled, ..)), _) => Ok(compiled),
        (None, Some(e)) => Err(e),
        // Nothing has a layout: say so with the first width's program.
        (None, None) => compile_model(model, options),
    }
}
