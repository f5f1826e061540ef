//! `vouch publish`.

use std::fmt::Write;

use serde_json::json;
use vouch_program::{Program, WeightMode};
use vouch_prover::{MODEL_FILE, ModelBundle, ProverError, VERIFIER_KEY_FILE, files, parse_stated};
use vouch_verifier::VerifierKey;

use super::{compile::stated, verify::read_key};
use crate::{
    Said,
    args::Publish,
    failure::{Failure, Kind},
    progress::Show,
};

/// What is said about bundles of versions whose tables fit the weights' ranges exactly.
const FINE: &str = "\
WARNING: this model was compiled with ranges that fit its weights exactly: scales and ends of tables tell about
         eight bits of each neuron that has a table of its own. Run `vouch compile --weights private` again.";

/// Whether the ranges of a program with private weights were rounded; `None` if the bundle does not say, as one that was
/// published already. Ranges of fixed weights hide nothing.
fn coarse(bundle: &ModelBundle) -> Option<bool> {
    if bundle.program.weights() == WeightMode::Fixed {
        return Some(false);
    }
    bundle.manifest.report.as_ref().map(|report| report.configuration.weights == WeightMode::Private)
}

/// Checks that a key is of the published program, or of a batch of it. A key that an older compilation left in the folder has
/// commitments to weights that hide nothing, if those were fixed.
fn check_program(name: &str, key: &VerifierKey, program: &Program) -> Result<(), String> {
    let batch = match name.strip_prefix("verifier-b").and_then(|rest| rest.strip_suffix(".key")) {
        Some(batch) => {
            batch.parse::<u32>().map_err(|_| "is not named as `vouch setup --batch N` names it".to_owned())?
        }
        None => 1,
    };
    let digest = program.batched(batch).map_err(|e| format!("cannot be of this program: {e}"))?.public_digest();
    if key.description().program_digest != digest {
        return Err("is another program's: run `vouch setup` again, or remove it".to_owned());
    }
    Ok(())
}

pub(crate) fn run(args: &Publish, show: Show) -> Result<Said, Failure> {
    let mut bundle = ModelBundle::load(&args.dir)?;
    let wrong = |e: &dyn std::fmt::Display| Failure::new(Kind::Input, format!("--accuracy: {e}"));
    bundle.manifest.stated.extend(parse_stated(&args.accuracy).map_err(|e| wrong(&e))?);
    bundle.manifest.check_stated(&bundle.program).map_err(|e| wrong(&e))?;
    if bundle.program.weights() == WeightMode::Private && coarse(&bundle) == Some(false) {
        show.note(FINE);
    }
    let public = bundle.without_weights();
    let file = |source| ProverError::File { path: args.dir.clone(), source };
    let mut keys: Vec<(String, VerifierKey)> = Vec::new();
    for entry in std::fs::read_dir(&args.dir).map_err(file)? {
        let name = entry.map_err(file)?.file_name().to_string_lossy().into_owned();
        if name == VERIFIER_KEY_FILE || (name.starts_with("verifier-b") && name.ends_with(".key")) {
            keys.push((name.clone(), read_key(&args.dir.join(name))?));
        }
    }
    keys.sort_by(|a, b| a.0.cmp(&b.0));
    if !keys.iter().any(|(name, _)| name == VERIFIER_KEY_FILE) {
        let message = format!("{}: no {VERIFIER_KEY_FILE}: make one with `vouch setup`", args.dir.display());
        return Err(Failure::new(Kind::Damaged, message));
    }
    for (name, key) in &keys {
        check_program(name, key, &public.program)
            .map_err(|what| Failure::new(Kind::Damaged, format!("{}: {name} {what}", args.dir.display())))?;
    }
    public.save(&args.output)?;
    let mut text = format!("{}\n", args.output.join(MODEL_FILE).display());
    for (name, key) in &keys {
        files::write(&args.output.join(name), &[key.to_bytes()])?;
        let _ = writeln!(text, "{}  model id {}", args.output.join(name).display(), key.model_id());
    }
    let private = public.program.weights() == WeightMode::Private;
    let said = if private {
        "The weights are not in it, and no number that was computed with them beside the program."
    } else {
        "The weights are in it: they are fixed."
    };
    let _ = writeln!(text, "{said}");
    text.push_str(&stated(&public.manifest));
    if let Some(test) = &public.manifest.test {
        let _ = writeln!(text, "  test error {} ({}), stated in the card", test.mean_abs, test.source);
    }
    let named: Vec<_> =
        keys.iter().map(|(name, key)| json!({ "file": name, "model_id": key.model_id().to_string() })).collect();
    let json = json!({
        "output": args.output,
        "weights": public.program.weights(),
        "keys": named,
        "stated": public.manifest.stated,
        "coarse": coarse(&bundle),
    });
    Ok(Said { text, json })
}
