//! Ranges and scales of the inputs: the caller's, the model's own, those of calibration data.

use crate::{
    CompileError, CompileOptions, InputRange, OnnxModel, Schema,
    graph::{Graph, Span},
};

/// Integers of an input with a fixed scale have at most this many bits: of the 58 of a sum, 18 are left for a weight.
const INTEGER_BITS: i32 = 40;

/// Every name that an option mentions is an input.
fn known<'a>(
    model: &OnnxModel,
    option: &'static str,
    mut names: impl Iterator<Item = &'a String>,
) -> Result<(), CompileError> {
    match names.find(|name| !model.inputs().iter().any(|i| i.name == **name)) {
        None => Ok(()),
        Some(name) => {
            let known = model.inputs().iter().map(|i| i.name.as_str()).collect::<Vec<_>>().join(", ");
            let reason = format!("there is no input `{name}`; inputs are {known}");
            Err(CompileError::Option { option, reason })
        }
    }
}

/// The range of each input: declared, else from the model's schema, else from calibration data.
pub(super) fn ranges(model: &OnnxModel, options: &CompileOptions) -> Result<Vec<InputRange>, CompileError> {
    known(model, "input-range", options.ranges.inputs.keys())?;
    let mut out = Vec::new();
    for spec in model.inputs() {
        let calibrated = || {
            let values = options.calibration.as_ref()?.iter().filter_map(|s| s.get(&spec.name)).flat_map(|t| &t.data);
            let empty = Span::new(f64::INFINITY, f64::NEG_INFINITY);
            let seen = values.fold(empty, |s, &v| s.union(Span::new(v, v)));
            let wide = seen.widened(options.margin);
            (seen.lo <= seen.hi).then_some((wide.lo, wide.hi))
        };
        let schema = model.schema().and_then(|s| s.range(&spec.name));
        let (source, range) = if let Some(range) = options.ranges.of(&spec.name) {
            ("option", range)
        } else if let Some(range) = schema {
            ("schema", range)
        } else if let Some(range) = calibrated() {
            ("calibration", range)
        } else {
            return Err(CompileError::MissingRange { input: spec.name.clone() });
        };
        let (lo, hi) = range;
        let fail = |reason| Err(CompileError::Range { input: spec.name.clone(), lo, hi, reason });
        if !(lo.is_finite() && hi.is_finite()) {
            return fail("its ends must be finite");
        }
        if lo > hi {
            return fail("its lower end is above its upper end");
        }
        if lo.abs().max(hi.abs()) > 1e12 {
            return fail("it is absurdly wide");
        }
        let unit = model.schema().map_or("", |s| Schema::unit(&s.inputs, &spec.name)).to_owned();
        out.push(InputRange { name: spec.name.clone(), unit, lo, hi, source: source.into() });
    }
    Ok(out)
}

/// Gives the inputs the scales that options or the model's schema fix.
pub(super) fn fix_scales(
    graph: &mut Graph,
    model: &OnnxModel,
    options: &CompileOptions,
    ranges: &[InputRange],
) -> Result<(), CompileError> {
    known(model, "input-scale", options.scales.0.keys())?;
    for (port, range) in graph.inputs.iter_mut().zip(ranges) {
        let own = options.scales.0.get(&port.name).copied();
        let Some(scale) = own.or_else(|| model.schema()?.scale(&port.name)) else { continue };
        let (lo, hi) = (range.lo, range.hi);
        let fail = |reason| Err(CompileError::Scale { input: port.name.clone(), scale, lo, hi, reason });
        if !(scale.is_finite() && scale > 0.0) {
            return fail("a scale is a positive finite number");
        }
        if lo.abs().max(hi.abs()) * scale >= 2f64.powi(INTEGER_BITS) {
            return fail("its integers would have more than 40 bits");
        }
        if lo < hi && (hi - lo) * scale < 1.0 {
            return fail("the whole range would be less than one integer wide");
        }
        port.scale = Some(scale);
    }
    Ok(())
}
