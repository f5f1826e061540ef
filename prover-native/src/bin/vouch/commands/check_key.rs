//! `vouch check-key`.

use std::path::PathBuf;

use serde_json::json;
use vouch::{Model, Srs, SrsKind, WeightMode, check_key, key_files, open_verifying_key};
use vouch_verifier::VerifyError;

use super::report;
use crate::{
    Output,
    args::BATCH,
    failure::{Failure, Kind},
    progress::Show,
};

#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// Folder of the published bundle
    pub(crate) dir: PathBuf,
    /// The reference string that the key was made with
    #[arg(long, value_name = "FILE")]
    pub(crate) srs: PathBuf,
    /// The key [default: that of the folder]
    #[arg(long, value_name = "FILE")]
    pub(crate) key: Option<PathBuf>,
    /// Accept a reference string that was made for development: whoever made it can forge proofs
    #[arg(long)]
    pub(crate) allow_development: bool,
    /// Inputs that one proof is about
    #[arg(long, default_value_t = 1, value_name = "N", value_parser = clap::value_parser!(u32).range(BATCH))]
    pub(crate) batch: u32,
}

pub(crate) fn run(args: &Args, show: Show) -> Result<Output, Failure> {
    let model = Model::open(&args.dir)?;
    let key = open_verifying_key(args.key.clone().unwrap_or_else(|| args.dir.join(key_files(args.batch).1)))?;
    if key.srs_kind() == SrsKind::Development && !args.allow_development {
        return Err(Failure::new(Kind::Refused, report::reason(&VerifyError::DevelopmentSetup)));
    }
    report::note_development([&key], args.allow_development, show);
    let srs = show.working("checking the SRS", 0.5, || Srs::open(&args.srs))?;
    show.working("making the key again", 0.3, || check_key(&model, args.batch, &srs, &key))?;
    let (model_id, weights) = (key.model_id(), model.program.weights());
    let said = match weights {
        WeightMode::Fixed => "its weights are those of the bundle",
        WeightMode::Private => "its weights are those that it commits to, the same in every proof",
    };
    let text = format!("model id {model_id}\nThe key is that of this program and reference string; {said}.\n");
    Ok(Output {
        text,
        json: json!({ "checked": true, "model_id": model_id.to_string(), "weights": weights, "srs_kind": key.srs_kind() }),
    })
}
