//! Ranges and scales of the inputs: the caller's, the model's own, those of calibration data.

use crate::{
    CompileError, CompileOptions, InputError, InputRange, InputSpec, NamedTensors, OnnxModel, Schema,
    graph::{Graph, Port, Span},
};

/// Integers of an input with a fixed scale have at most this many bits: of the 58 of a sum, 18 are left for a weight.
const INTEGER_BITS: i32 = 40;

/// Every name that an option mentions is one of the inputs or outputs.
fn known<'a>(
    what: &str,
    known: &[&str],
    option: &'static str,
    mut names: impl Iterator<Item = &'a String>,
) -> Result<(), CompileError> {
    match names.find(|name| !known.contains(&name.as_str())) {
        None => Ok(()),
        Some(name) => {
            let reason = format!("there is no {what} `{name}`; {what}s are {}", known.join(", "));
            Err(CompileError::Option { option, reason })
        }
    }
}

/// Every name that an option mentions is one of the model's.
pub(super) fn check_names(model: &OnnxModel, options: &CompileOptions) -> Result<(), CompileError> {
    let inputs: Vec<&str> = model.inputs().iter().map(|i| i.name.as_str()).collect();
    let outputs: Vec<&str> = model.outputs().iter().map(String::as_str).collect();
    known("input", &inputs, "input-range", options.ranges.inputs.keys())?;
    known("input", &inputs, "input-scale", options.scales.0.keys())?;
    known("output", &outputs, "accept-error", options.accepted.0.keys())?;
    known("output", &outputs, "max-error", options.max_errors.0.keys())
}

/// The range of each input: declared, else from the model's schema, from calibration data, from what uses it, or from
/// its type.
pub(super) fn ranges(
    model: &OnnxModel,
    graph: &Graph,
    options: &CompileOptions,
) -> Result<Vec<InputRange>, CompileError> {
    let mut out = Vec::new();
    for (spec, port) in model.inputs().iter().zip(&graph.inputs) {
        let used = integer_range(spec, port, graph);
        let calibrated = || {
            let values = options.calibration.as_ref()?.iter().filter_map(|s| s.get(&spec.name)).flat_map(|t| &t.data);
            let empty = Span::new(f64::INFINITY, f64::NEG_INFINITY);
            let seen = values.fold(empty, |s, &v| s.union(Span::new(v, v)));
            let wide = if port.integer { widened(seen, options.margin, used) } else { seen.widened(options.margin) };
            (seen.lo <= seen.hi).then_some((wide.lo, wide.hi))
        };
        let schema = model.schema().and_then(|s| s.range(&spec.name));
        let hull = |data: &Vec<f64>| {
            let ends = data.iter().fold((f64::INFINITY, f64::NEG_INFINITY), |(lo, hi), &v| (lo.min(v), hi.max(v)));
            if data.is_empty() { (0.0, 0.0) } else { ends }
        };
        let (source, range) = if let Some(data) = &port.required {
            ("calibration", hull(data))
        } else if let Some(range) = options.ranges.of(&spec.name) {
            ("option", range)
        } else if let Some(range) = schema {
            ("schema", range)
        } else if let Some(range) = calibrated() {
            ("calibration", range)
        } else if let Some(span) = used {
            ("use", (span.lo, span.hi))
        } else if port.values.is_empty() {
            ("use", (0.0, 0.0))
        } else {
            return Err(CompileError::MissingRange { input: spec.name.clone() });
        };
        let (lo, hi) = if port.integer { (range.0.ceil(), range.1.floor()) } else { range };
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

/// What an input of integers can be, as far as its type (if it is a small one) and what uses it say.
fn integer_range(spec: &InputSpec, port: &Port, graph: &Graph) -> Option<Span> {
    let (lo, hi) = spec.dtype.integers()?;
    let small = hi < 2f64.powi(16);
    let of_type = if small { Span::new(lo, hi) } else { Span::new(f64::NEG_INFINITY, f64::INFINITY) };
    let span = port.values.iter().filter_map(|&v| graph.bound_of(v)).fold(of_type, |s, (lo, hi)| {
        // What one use allows, another may not: the narrowest range counts.
        Span::new(s.lo.max(lo), s.hi.min(hi))
    });
    (span.lo.is_finite() && span.hi.is_finite()).then_some(span)
}

/// A range of integers with a margin, which does not reach across zero or out of what the input can be.
fn widened(seen: Span, margin: f64, used: Option<Span>) -> Span {
    let wide = seen.widened(margin);
    let lo = if seen.lo >= 0.0 { wide.lo.max(0.0) } else { wide.lo };
    let hi = if seen.hi <= 0.0 { wide.hi.min(0.0) } else { wide.hi };
    let used = used.unwrap_or(Span::new(f64::NEG_INFINITY, f64::INFINITY));
    Span::new(lo.floor().max(used.lo).min(seen.lo), hi.ceil().min(used.hi).max(seen.hi))
}

/// Gives the inputs the scales that options or the model's schema fix.
pub(super) fn fix_scales(
    graph: &mut Graph,
    model: &OnnxModel,
    options: &CompileOptions,
    ranges: &[InputRange],
) -> Result<(), CompileError> {
    for (port, range) in graph.inputs.iter_mut().zip(ranges) {
        let own = options.scales.0.get(&port.name).copied();
        let given = own.or_else(|| model.schema()?.scale(&port.name));
        let Some(scale) = given.or(port.integer.then_some(1.0)) else { continue };
        let (lo, hi) = (range.lo, range.hi);
        let fail = |reason| Err(CompileError::Scale { input: port.name.clone(), scale, lo, hi, reason });
        if !(scale.is_finite() && scale > 0.0) {
            return fail("a scale is a positive finite number");
        }
        if port.integer && scale != 1.0 {
            return fail("its elements are integers, whose scale is 1");
        }
        if lo.abs().max(hi.abs()) * scale >= 2f64.powi(INTEGER_BITS) {
            return fail("its integers would have more than 40 bits");
        }
        if lo < hi && (hi - lo) * scale < 1.0 {
            return fail("the whole range would be less than one integer wide");
        }
        port.scale = given.or(port.scale);
    }
    Ok(())
}

/// Samples have every input, in its length and finite, and inside its range where `ranges` are given.
pub(super) fn check_samples(
    model: &OnnxModel,
    set: &str,
    samples: &[NamedTensors],
    ranges: Option<&[InputRange]>,
) -> Result<(), CompileError> {
    for (sample, tensors) in samples.iter().enumerate() {
        let wrong = |source| CompileError::Sample { set: set.to_owned(), sample, source };
        check_sample(model, tensors, ranges).map_err(wrong)?;
    }
    Ok(())
}

fn check_sample(model: &OnnxModel, tensors: &NamedTensors, ranges: Option<&[InputRange]>) -> Result<(), InputError> {
    for (i, spec) in model.inputs().iter().enumerate() {
        let name = spec.name.clone();
        let tensor = tensors.get(&name).ok_or(InputError::Missing { name: name.clone() })?;
        let expected = spec.shape.iter().product();
        if tensor.data.len() != expected {
            let shape = format!("{:?}", spec.shape);
            return Err(InputError::Length { name, got: tensor.data.len(), expected, shape });
        }
        if let Some(index) = tensor.data.iter().position(|v| !v.is_finite()) {
            return Err(InputError::NotFinite { name, index, value: tensor.data[index] });
        }
        if spec.dtype.is_integer()
            && let Some(index) = tensor.data.iter().position(|v| v.fract() != 0.0)
        {
            let (value, dtype) = (tensor.data[index], spec.dtype);
            return Err(InputError::NotInteger { name, index, value, dtype });
        }
        let Some(InputRange { lo, hi, .. }) = ranges.and_then(|r| r.get(i)) else { continue };
        // Compared as floats of 32 bits, as the float model takes them: in these, an end of the range may be another number.
        let inside = |v: f64| (*lo as f32..=*hi as f32).contains(&(v as f32));
        if let Some((index, &value)) = tensor.data.iter().enumerate().find(|(_, v)| !inside(**v)) {
            return Err(InputError::OutOfRange { name, index, value, lo: *lo, hi: *hi });
        }
    }
    Ok(())
}
