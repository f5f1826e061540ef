//! The width of limbs, chosen by what it makes the proof cost.
//!
//! Narrow limbs mean a small lookup table, but coarse functions of few segments: where arguments have a wide range, the compiler must then clamp them,
//! which takes four rows an element. Wide limbs mean the opposite. Which is cheaper depends on the model, and on how
//! many inputs a proof is about: all share the table, each has its own rows.

use vouch_circuit::{Estimate, Objective};
use vouch_compiler::{CompileError, CompileOptions, Compiled, OnnxModel, Prepared};
use vouch_proving::plan;

use crate::{Error, ErrorKind, Result};

/// The widths that are tried.
pub const LIMB_BITS: [u8; 3] = [10, 11, 12];

/// The widths that are tried where none of those reaches the acceptable errors. Their tables are large.
pub const WIDE_LIMB_BITS: [u8; 2] = [13, 14];

/// The part of the acceptable errors that compilations aim at, so that inputs other than the measured ones have room.
const AIM: f64 = 0.5;

/// Compiles a model with each of `widths` and keeps the program whose proof about `batch` inputs is cheapest, of those whose errors are acceptable; if
/// those of none are, the most accurate ([`Compiled::check_accuracy`] tells).
///
/// # Errors
/// The error of the first width, if no width compiles and has a layout for a batch of that size.
pub fn compile_cheapest(
    model: &OnnxModel,
    options: &CompileOptions,
    widths: &[u8],
    batch: u32,
    objective: Objective,
) -> Result<Compiled> {
    cheapest(&Prepared::new(model, options)?, options, widths, batch, objective)
}

fn cheapest(
    model: &Prepared<'_>,
    options: &CompileOptions,
    widths: &[u8],
    batch: u32,
    objective: Objective,
) -> Result<Compiled> {
    let mut failure: Option<Error> = None;
    let mut best: Option<(Compiled, bool, f64)> = None;
    for &limb_bits in widths {
        vouch_proving::stage("compiling")?;
        let (compiled, estimate) = match compile_for(model, limb_bits, AIM * options.aim, batch, objective) {
            Ok(found) => found,
            Err(e) if e.kind() == ErrorKind::Stopped => return Err(e),
            Err(e) => {
                failure.get_or_insert(e);
                continue;
            }
        };
        let excess = compiled.report.accuracy.excess();
        let reached = excess <= 1.0;
        let cost = if reached { estimate.weight(objective, batch) } else { excess };
        let better = best.as_ref().is_none_or(|(_, r, c)| (reached, -cost) > (*r, -*c));
        if better {
            best = Some((compiled, reached, cost));
        }
    }
    match (best, failure) {
        (Some((compiled, ..)), _) => Ok(compiled),
        (None, Some(e)) => Err(e),
        // Without widths, with the options' own.
        (None, None) => Ok(compile_for(model, options.limb_bits, options.aim, batch, objective)?.0),
    }
}

/// Compiles a model with the usual widths, and with wide ones where those are not precise enough. The program is as
/// accurate as demanded, or its errors are [accepted](CompileOptions::accepted).
///
/// # Errors
/// As [`compile_cheapest`], and [`CompileError::Accuracy`] if no width is accurate enough.
pub fn compile_precise(
    model: &OnnxModel,
    options: &CompileOptions,
    batch: u32,
    objective: Objective,
) -> Result<Compiled> {
    let prepared = Prepared::new(model, options)?;
    let with = |widths: &[u8]| -> Result<Compiled> {
        let compiled = cheapest(&prepared, options, widths, batch, objective)?;
        compiled.check_accuracy()?;
        Ok(compiled)
    };
    let usual = with(&LIMB_BITS);
    let cause = usual.as_ref().err().and_then(Error::get_ref).and_then(|cause| cause.downcast_ref());
    let imprecise = matches!(
        cause,
        Some(
            CompileError::Accuracy { .. }
                | CompileError::Precision { .. }
                | CompileError::Program(_)
                | CompileError::Run { .. }
        )
    );
    // If wide limbs do not help, what the usual ones say is what can be acted on.
    if imprecise { with(&WIDE_LIMB_BITS).or(usual) } else { usual }
}

/// Compiles with one width, and says what a proof about `batch` inputs costs.
fn compile_for(
    model: &Prepared<'_>,
    limb_bits: u8,
    aim: f64,
    batch: u32,
    objective: Objective,
) -> Result<(Compiled, Estimate)> {
    let mut compiled = model.compile(limb_bits, aim)?;
    let estimate = plan(&compiled.program, batch, objective, None)?.estimate;
    compiled.report.configuration.batch = batch;
    Ok((compiled, estimate))
}
