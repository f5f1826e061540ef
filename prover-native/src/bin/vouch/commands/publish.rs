//! `vouch publish`.

use std::fmt::Write;

use serde_json::json;
use vouch_program::WeightMode;
use vouch_prover::{MODEL_FILE, ModelBundle, ProverError, VERIFIER_KEY_FILE, files};
use vouch_verifier::VerifierKey;

use super::verify::read_key;
use crate::{
    Said,
    args::Publish,
    failure::{Failure, Kind},
};

pub(crate) fn run(args: &Publish) -> Result<Said, Failure> {
    let bundle = ModelBundle::load(&args.dir)?;
    let public = bundle.without_weights();
    let digest = public.program.digest();
    let file = |source| ProverError::File { path: args.dir.clone(), source };
    let mut keys: Vec<(String, VerifierKey)> = Vec::new();
    for entry in std::fs::read_dir(&args.dir).map_err(file)? {
        let name = entry.map_err(file)?.file_name().to_string_lossy().into_owned();
        if name == VERIFIER_KEY_FILE || (name.starts_with("verifier-b") && name.ends_with(".key")) {
            keys.push((name.clone(), read_key(&args.dir.join(name))?));
        }
    }
    keys.sort_by(|a, b| a.0.cmp(&b.0));
    let Some((_, first)) = keys.iter().find(|(name, _)| name == VERIFIER_KEY_FILE) else {
        let message = format!("{}: no {VERIFIER_KEY_FILE}: make one with `vouch setup`", args.dir.display());
        return Err(Failure::new(Kind::Damaged, message));
    };
    if first.description().program_digest != digest {
        let message =
            format!("{}: {VERIFIER_KEY_FILE} is another program's: run `vouch setup` again", args.dir.display());
        return Err(Failure::new(Kind::Damaged, message));
    }
    public.save(&args.output)?;
    let mut text = format!("{}\n", args.output.join(MODEL_FILE).display());
    for (name, key) in &keys {
        files::write(&args.output.join(name), &[key.to_bytes()])?;
        let _ = writeln!(text, "{}  model id {}", args.output.join(name).display(), key.model_id());
    }
    let private = public.program.weights() == WeightMode::Private;
    let said = if private { "The weights are not in it." } else { "The weights are in it: they are fixed." };
    let _ = writeln!(text, "{said}");
    let named: Vec<_> =
        keys.iter().map(|(name, key)| json!({ "file": name, "model_id": key.model_id().to_string() })).collect();
    Ok(Said { text, json: json!({ "output": args.output, "weights": public.program.weights(), "keys": named }) })
}
