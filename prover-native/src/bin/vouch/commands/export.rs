//! `vouch export`.

use std::path::PathBuf;

use serde_json::json;
use vouch::{files, read_proof};
use vouch_envelope::ProofEnvelope;

use crate::{
    Said,
    failure::{Failure, Kind},
};

#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// The proof, binary or JSON
    pub(crate) proof: PathBuf,
    /// The other form
    #[arg(short, long, value_name = "FILE")]
    pub(crate) output: PathBuf,
}

pub(crate) fn run(args: &Args) -> Result<Said, Failure> {
    let was_json = files::read(&args.proof, 64 << 20)?.first() == Some(&b'{');
    let bytes = read_proof(&args.proof)?;
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
