//! `vouch export`.

use serde_json::json;
use vouch_envelope::ProofEnvelope;
use vouch_prover::files;

use crate::{
    Said,
    args::Export,
    commands::verify::read_envelope,
    failure::{Failure, Kind},
};

pub(crate) fn run(args: &Export) -> Result<Said, Failure> {
    let was_json = files::read(&args.proof, 64 << 20)?.first() == Some(&b'{');
    let bytes = read_envelope(&args.proof)?;
    let wrong = |e: &dyn std::fmt::Display| Failure::new(Kind::Damaged, format!("{}: {e}", args.proof.display()));
    let envelope = ProofEnvelope::decode(&bytes).map_err(|e| wrong(&e))?;
    let (form, out) = if was_json {
        ("binary", bytes)
    } else {
        ("json", serde_json::to_vec_pretty(&envelope).map_err(|e| wrong(&e))?)
    };
    files::write(&args.output, &[&out])?;
    Ok(Said {
        text: format!("{} -> {} ({form}, {} bytes)\n", args.proof.display(), args.output.display(), out.len()),
        json: json!({ "output": args.output, "form": form, "bytes": out.len() }),
    })
}
