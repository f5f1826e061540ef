//! `vouch compile`.

mod args;

use std::{
    collections::{BTreeMap, BTreeSet},
    fmt::Write,
    path::Path,
};

use serde_json::json;
use vouch::{
    Card, CompileOptions, CompileReport, MODEL_FILE, Manifest, Model, OnnxModel, Program, Visibility, WeightMode, data,
};
use vouch_compiler::{GivenSamples, InputShapes, OutputAccuracy};
use vouch_program::{Instruction, Wire};

use crate::{
    Output,
    failure::{Failure, Kind},
    progress::Show,
};

pub(crate) use self::args::{Args, Ranges};

/// Reads a model and the options of its compilation.
fn options(model: &OnnxModel, ranges: &Ranges) -> Result<CompileOptions, Failure> {
    let mut options =
        CompileOptions { margin: ranges.margin, target_error: ranges.target_error, ..CompileOptions::default() };
    for range in &ranges.input_range {
        options.ranges.add(range)?;
    }
    for scale in &ranges.input_scale {
        options.scales.add(scale)?;
    }
    for error in &ranges.max_error {
        options.max_errors.add(error)?;
    }
    for error in &ranges.accept_error {
        options.accepted.accept(error)?;
    }
    let read = |file: &Path| data::read_inputs(file, model.inputs(), model.outputs());
    if let Some(file) = &ranges.calibration {
        options.calibration = Some(read(file)?);
    }
    if let Some(file) = &ranges.samples {
        let source = file.file_name().unwrap_or_default().to_string_lossy().into_owned();
        options.given = Some(GivenSamples { source, samples: read(file)? });
    }
    Ok(options)
}

/// Reads a model, with the shapes that were asked for.
pub(crate) fn load(path: &Path, ranges: &Ranges) -> Result<vouch::Compile, Failure> {
    let mut shapes = InputShapes::default();
    for dim in &ranges.dim {
        shapes.add_dim(dim)?;
    }
    for shape in &ranges.shape {
        shapes.add_shape(shape)?;
    }
    Ok(Model::compile_with(path, &shapes)?)
}

/// A compilation with the options that were given.
pub(crate) fn configured(
    mut compile: vouch::Compile,
    ranges: &Ranges,
    weights: WeightMode,
) -> Result<vouch::Compile, Failure> {
    *compile.options_mut() = CompileOptions { weights, ..options(compile.onnx(), ranges)? };
    Ok(match ranges.limb_bits {
        Some(bits) => compile.limb_bits(bits),
        None => compile,
    })
}

/// Compiles, with a progress bar.
pub(crate) fn build(compile: vouch::Compile, show: Show) -> Result<Model, Failure> {
    Ok(show.working("compiling", 3.0, || compile.build())?)
}

/// What proofs show of which tensor.
fn visibilities(options: &[String]) -> Result<BTreeMap<String, Visibility>, Failure> {
    let wrong = |option: &str, reason: &str| {
        Failure::new(Kind::Input, format!("--visibility {option}: {reason}, as in `--visibility x=hashed`"))
    };
    let mut out = BTreeMap::new();
    for option in options {
        let (name, mode) = option.split_once('=').ok_or_else(|| wrong(option, "expected NAME=MODE"))?;
        let mode = mode.parse::<Visibility>().map_err(|e| wrong(option, &e.to_string()))?;
        if out.insert(name.to_owned(), mode).is_some() {
            return Err(wrong(option, "the name is there twice"));
        }
    }
    Ok(out)
}

/// What the author says: options before the card's file.
fn card(args: &Args, program: &Program) -> Result<Card, Failure> {
    let beside = args.model.with_extension("card.json");
    let file = args.card.clone().or_else(|| beside.is_file().then_some(beside));
    let mut card = file.map(|file| Card::load(&file, program)).transpose()?.unwrap_or_default();
    let options = [
        (&mut card.version, &args.model_version),
        (&mut card.author, &args.author),
        (&mut card.description, &args.description),
    ];
    for (own, option) in options {
        if let Some(option) = option {
            own.clone_from(option);
        }
    }
    if card.version.is_empty() {
        "1".clone_into(&mut card.version);
    }
    Ok(card)
}

/// Names in a message; more are counted.
const NAMES: usize = 8;

/// What of a model with private weights is not in a matrix, and so public.
fn public_numbers(program: &Program) -> Option<String> {
    let telling = |c: i64| !(0..=1).contains(&c);
    let constants = program.constants().iter().filter(|c| telling(**c)).count();
    let factors = |i: &Instruction| match i {
        Instruction::Product(p) => p.terms.iter().filter(|t| telling(t.factor)).count(),
        _ => 0,
    };
    let number: usize = program.instructions().iter().map(factors).sum();
    if constants + number == 0 {
        return None;
    }
    let constant = |w: &Wire| program.constants().get(w.index()).is_some_and(|c| telling(*c));
    let uses = |i: &Instruction| match i {
        Instruction::Linear(l) => l.x.iter().any(constant),
        Instruction::Product(p) => p.terms.iter().any(|t| t.a.iter().chain(&t.b).any(constant)),
        Instruction::Max(m) => m.x.iter().any(constant),
        Instruction::MatMul(m) => m.x.iter().chain(&m.y).any(constant),
        Instruction::Select(s) => s.x.iter().any(constant),
    };
    let used = program.instructions().iter().filter(|i| factors(i) > 0 || uses(i));
    let names: BTreeSet<&str> = used.map(Instruction::name).collect();
    let more = if names.len() > NAMES { format!(" and {} more", names.len() - NAMES) } else { String::new() };
    let names = names.into_iter().take(NAMES).collect::<Vec<_>>().join(", ");
    Some(format!(
        "NOTE: {constants} constants and {number} factors of this model are not in matrices and stay public (scalers, batch normalizations that no matrix takes in, initial states, slopes, limits). They are in: {names}{more}"
    ))
}

pub(crate) fn run(args: &Args, show: Show) -> Result<Output, Failure> {
    let start = std::time::Instant::now();
    let mut compile = load(&args.model, &args.ranges)?;
    for (tensor, visibility) in visibilities(&args.visibility)? {
        compile = compile.visibility(&tensor, visibility);
    }
    if let Some(name) = &args.name {
        compile = compile.name(name);
    }
    let compile = configured(compile, &args.ranges, args.weights)?;
    let model = build(compile.batch(args.batch).objective(args.objective.into()), show)?;
    if args.weights == WeightMode::Private
        && let Some(note) = public_numbers(&model.program)
    {
        show.note(&note);
    }
    let card = card(args, &model.program)?;
    let model = model.with_card(card)?;
    model.save(&args.output)?;
    let report = model.manifest.report.as_ref();
    for w in report.iter().flat_map(|report| &report.warnings) {
        show.note(&format!("WARNING: {w}"));
    }
    let path = args.output.join(MODEL_FILE);
    let mut text = format!("{} ({} parameters) -> {}\n", model.manifest.name, model.parameters(), path.display());
    text.extend(report.map(accuracy));
    text.push_str(&stated(&model.manifest));
    let json = json!({
        "bundle": path,
        "name": model.manifest.name,
        "program_digest": model.manifest.program_digest,
        "weights": args.weights,
        "seconds": crate::usage::seconds(start.elapsed()),
        "report": report,
    });
    Ok(Output { text, json })
}

/// The errors of one output, in a line.
fn errors(o: &OutputAccuracy) -> String {
    let mut demanded = o.max_error.map_or(String::new(), |e| format!("  (at most {e:.2e} demanded)"));
    if let Some(e) = o.accepted {
        let _ = write!(demanded, "  (at most {e:.2e} accepted)");
    }
    format!(
        "  {:<24} max {:.2e}  mean {:.2e}  seen in [{:.4}, {:.4}]{demanded}\n",
        o.name, o.max_abs, o.mean_abs, o.lo, o.hi
    )
}

/// The bounds that the owner states.
pub(crate) fn stated(manifest: &Manifest) -> String {
    let line = |(name, bound): (&String, &f64)| format!("  {name:<24} at most {bound:.2e}, stated by the owner\n");
    manifest.stated.iter().map(line).collect()
}

/// The accuracy report for people.
pub(crate) fn accuracy(report: &CompileReport) -> String {
    let a = &report.accuracy;
    let mut out = String::new();
    let _ = writeln!(
        out,
        "accuracy against {} on {} inputs ({}): max error {:.2e}, mean {:.2e}; {:.2e} of the outputs' range (target {:.0e})",
        a.oracle, a.samples, a.source, a.max_abs, a.mean_abs, a.max_relative, a.target
    );
    for o in &a.outputs {
        out.push_str(&errors(o));
    }
    // Of a single source the same.
    for set in a.sets.iter().filter(|_| a.sets.len() > 1) {
        let _ = writeln!(out, "on {} inputs ({})", set.samples, set.source);
        for o in &set.outputs {
            out.push_str(&errors(o));
        }
    }
    let c = &report.configuration;
    let _ = writeln!(
        out,
        "quantized with limbs of {} bits, values of {} to {} bits, {} table segments (configuration {} of those tried)",
        c.limb_bits, c.first_bits, c.last_bits, c.table_segments, c.tried
    );
    if c.batch > 1 {
        let _ = writeln!(out, "for proofs about {} inputs at once", c.batch);
    }
    for r in &report.ranges.inputs {
        let unit = if r.unit.is_empty() { String::new() } else { format!(" {}", r.unit) };
        let _ = writeln!(out, "  input {:<18} [{}, {}]{unit} (from {})", r.name, r.lo, r.hi, r.source);
    }
    out
}
