//! `vouch srs`.

use serde_json::json;
use vouch_envelope::hex;
use vouch_prover::Srs;
use vouch_verifier::SrsKind;

use crate::{
    Said,
    args::{Srs as Args, SrsCommand},
    failure::Failure,
    progress::{DEVELOPMENT, Show},
};

/// What a reference string is, for people and machines.
pub(crate) fn describe(srs: &Srs) -> Said {
    let identity = hex::encode(&srs.identity());
    let kind = match srs.kind {
        SrsKind::Development => "made for development: do not rely on it",
        SrsKind::Ceremony => "from a ceremony",
    };
    Said {
        text: format!("reference string of 2^{} powers, {kind}\nidentity {identity}\n", srs.k()),
        json: json!({ "k": srs.k(), "srs_kind": srs.kind, "identity": identity }),
    }
}

pub(crate) fn run(args: &Args, show: Show) -> Result<Said, Failure> {
    match &args.command {
        SrsCommand::Generate { k, output } => {
            let seconds = 0.2 * f64::from(1u32 << k.saturating_sub(11));
            let srs = show.working("making an SRS", seconds, || Srs::development(*k));
            srs.save(output)?;
            show.note(DEVELOPMENT);
            Ok(describe(&srs))
        }
        SrsCommand::Verify { file } => Ok(describe(&show.working("checking the SRS", 0.5, || Srs::load(file))?)),
    }
}
