//! `vouch srs`.

use serde_json::json;
use vouch_envelope::hex;
use vouch_prover::{Source, Srs, SrsFile};
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

/// What was imported, and what nobody can check for the user.
fn imported(srs: &Srs, source: Source) -> Said {
    let mut said = describe(srs);
    let (format, from) = match source {
        Source::Ptau { power, contributions } => {
            said.json["contributions"] = json!(contributions);
            ("ptau", format!("a .ptau file of 2^{power} powers, {contributions} contributions"))
        }
        Source::Halo2 { k, compressed: false } => ("halo2-raw", format!("halo2's parameters of 2^{k} powers, raw")),
        Source::Halo2 { k, .. } => ("halo2-processed", format!("halo2's parameters of 2^{k} powers, processed")),
    };
    said.json["format"] = json!(format);
    said.json["source_k"] = json!(source.k());
    said.text += &format!(
        "taken from {from}\nThe points are powers of one secret. That nobody knows it is the ceremony's promise: compare the identity with\n\
         others who imported it, and check the contributions with `snarkjs powersoftau verify`.\n"
    );
    said
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
        SrsCommand::Import { file, k, development, output } => {
            let kind = if *development { SrsKind::Development } else { SrsKind::Ceremony };
            let seconds = 0.5 * f64::from(1u32 << k.unwrap_or(vouch_prover::DEFAULT_K).saturating_sub(11));
            let (srs, source) = show.working("importing the SRS", seconds, || Srs::import(file, *k, kind))?;
            srs.save(output)?;
            Ok(imported(&srs, source))
        }
        SrsCommand::Verify { file } => Ok(describe(&show.working("checking the SRS", 0.5, || Srs::load(file))?)),
    }
}
