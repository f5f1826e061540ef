//! `vouch check-key`.

use serde_json::json;
use vouch_program::WeightMode;
use vouch_prover::{ModelBundle, ProvingError, Srs, SrsFile, check_key, key_files};
use vouch_verifier::{SrsKind, VerifyError};

use super::{report, verify::read_key};
use crate::{
    Said,
    args::CheckKey,
    failure::{Failure, Kind},
    progress::Show,
};

pub(crate) fn run(args: &CheckKey, show: Show) -> Result<Said, Failure> {
    let bundle = ModelBundle::load(&args.dir)?;
    let key = read_key(&args.key.clone().unwrap_or_else(|| args.dir.join(key_files(args.batch).1)))?;
    if key.srs_kind() == SrsKind::Development && !args.allow_development {
        return Err(Failure::new(Kind::Refused, report::reason(&VerifyError::DevelopmentSetup)));
    }
    report::note_development([&key], args.allow_development, show);
    let srs = show.working("checking the SRS", 0.5, || Srs::load(&args.srs))?;
    let program =
        if args.batch > 1 { bundle.program.batched(args.batch).map_err(ProvingError::from)? } else { bundle.program };
    show.working("making the key again", 0.3, || check_key(&program, &srs, &key))?;
    let model = key.model_id();
    let weights = program.weights();
    let said = match weights {
        WeightMode::Fixed => "its weights are those of the bundle",
        WeightMode::Private => "its weights are those that it commits to, the same in every proof",
    };
    let text = format!("model id {model}\nThe key is that of this program and reference string; {said}.\n");
    Ok(Said {
        text,
        json: json!({ "checked": true, "model_id": model.to_string(), "weights": weights, "srs_kind": key.srs_kind() }),
    })
}
