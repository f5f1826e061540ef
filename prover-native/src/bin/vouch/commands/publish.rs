//! `vouch publish`.

use std::{fmt::Write, path::PathBuf};

use serde_json::json;
use vouch::{MODEL_FILE, Model, Published, WeightMode, parse_stated};

use super::compile::stated;
use crate::{
    Output,
    failure::{Failure, Kind},
    progress::Show,
};

#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// Folder of the bundle, with its keys
    pub(crate) dir: PathBuf,
    /// The folder for everybody
    #[arg(short, long, value_name = "DIR")]
    pub(crate) output: PathBuf,
    /// Largest absolute error of an output against the float model, in its unit, that you answer for; it is published as your statement
    #[arg(long, value_name = "OUTPUT=ABS")]
    pub(crate) accuracy: Vec<String>,
}

/// What is said about bundles of versions whose tables fit the weights' ranges exactly.
const FINE: &str = "\
WARNING: this model was compiled with ranges that fit its weights exactly: scales and ends of tables tell about
         eight bits of each neuron that has a table of its own. Run `vouch compile --weights private` again.";

pub(crate) fn run(args: &Args, show: Show) -> Result<Output, Failure> {
    let mut model = Model::open(&args.dir)?;
    let wrong = |e: &dyn std::fmt::Display| Failure::new(Kind::Input, format!("--accuracy: {e}"));
    model.state_accuracy(parse_stated(&args.accuracy).map_err(|e| wrong(&e))?).map_err(|e| wrong(&e))?;
    if model.program.weights() == WeightMode::Private && model.has_coarse_ranges() == Some(false) {
        show.note(FINE);
    }
    let Published { model: public, keys } = model.publish(&args.dir, &args.output)?;
    let mut text = format!("{}\n", args.output.join(MODEL_FILE).display());
    for (name, key) in &keys {
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
        "coarse": model.has_coarse_ranges(),
    });
    Ok(Output { text, json })
}
