//! `vouch disclose verify`.

use std::{
    fmt::Write,
    path::{Path, PathBuf},
    time::Instant,
};

use serde_json::json;
use vouch::{fact_words, open_verifying_key, read_proof};
use vouch_disclosure::{expected_of, spec_of, statement_of};
use vouch_envelope::{ProofEnvelope, TensorHash};
use vouch_verifier::{Expected, Section, TensorSpec, VerifierKey, verify_bytes};

use super::fact::{self, FactArgs};
use crate::{
    Output,
    commands::report,
    failure::{Failure, Kind},
    progress::Show,
    usage::seconds,
};

#[derive(Debug, clap::Args)]
#[command(group = clap::ArgGroup::new("against").required(true))]
pub(crate) struct Args {
    /// The proof of the fact
    pub(crate) proof: PathBuf,
    /// The verifying key of the tensor's facts (disclosure/NAME/verifier.key), made by yourself or from a source that you trust
    #[arg(long, value_name = "FILE")]
    pub(crate) key: PathBuf,
    /// The hash that a proof of the model shows of the tensor, after that proof was verified
    #[arg(long, value_name = "HEX", group = "against")]
    pub(crate) hash: Option<String>,
    /// The proof of the model; it is verified too
    #[arg(long, value_name = "PROOF", group = "against", requires = "original_key")]
    pub(crate) original: Option<PathBuf>,
    /// The verifying key of the model
    #[arg(long, value_name = "FILE", requires = "original")]
    pub(crate) original_key: Option<PathBuf>,
    /// The fact that you expect; without, what the proof states is shown
    #[command(flatten)]
    pub(crate) fact: FactArgs,
    /// The nonce that you asked with
    #[arg(long, value_name = "HEX")]
    pub(crate) nonce: Option<String>,
    /// Accept keys whose reference string was made for development: whoever made it can forge proofs
    #[arg(long)]
    pub(crate) allow_development: bool,
}

pub(super) fn run(args: &Args, show: Show) -> Result<Output, Failure> {
    let key = open_verifying_key(&args.key)?;
    let spec = spec_of(&key)?;
    report::note_development([&key], args.allow_development, show);
    let hash = match (&args.hash, &args.original, &args.original_key) {
        (Some(hash), _, _) => hash.parse()?,
        (None, Some(proof), Some(model)) => original(proof, &open_verifying_key(model)?, spec, args.allow_development)?,
        _ => return Err(Failure::new(Kind::Usage, "a fact is verified against --hash HEX or --original PROOF")),
    };
    let bytes = read_proof(&args.proof)?;
    let refused = |e: &dyn std::fmt::Display| Failure::new(Kind::Refused, format!("{}: {e}", args.proof.display()));
    let envelope = ProofEnvelope::decode(&bytes).map_err(|e| refused(&e))?;
    let statement = match fact::statement(&args.fact, spec)? {
        Some(statement) => statement,
        None => statement_of(&key, &envelope).map_err(|e| refused(&e))?,
    };
    let nonce = args.nonce.as_deref().map(str::parse).transpose()?;
    let expected = expected_of(&key, hash, &statement, nonce, args.allow_development)?;
    let start = Instant::now();
    let report = vouch_verifier::report(&key, &expected, &bytes);
    let elapsed = start.elapsed();
    let mut text = format!("{}: {}\n", args.proof.display(), if report.accepted { "VERIFIED" } else { "REFUSED" });
    report::lines(&mut text, &report.checks);
    let words = fact_words(&statement, spec);
    let json = json!({
        "accepted": report.accepted,
        "checks": report.checks,
        "statement": fact::json(&statement, spec),
        "hash": hash.to_string(),
        "nonce": envelope.nonce.to_string(),
        "model_id": key.model_id().to_string(),
        "srs_kind": key.srs_kind(),
        "seconds": seconds(elapsed),
    });
    if report.accepted {
        let _ = writeln!(text, "  {words}\n  where {} has the hash {hash}", spec.name);
        return Ok(Output { text, json });
    }
    let reason = report::refusals(&report.checks).next().map(|why| format!("refused by the check of the {why}"));
    let reason = reason.unwrap_or_default();
    let mut failure = refused(&reason);
    failure.report = Some(text);
    failure.details = Some(json);
    Err(failure)
}

/// The hash that a proof of the model shows of a tensor, after its verification.
fn original(
    proof: &Path,
    model: &VerifierKey,
    spec: &TensorSpec,
    allow_development_srs: bool,
) -> Result<TensorHash, Failure> {
    let refused = |e: &dyn std::fmt::Display| Failure::new(Kind::Refused, format!("{}: {e}", proof.display()));
    let position = model.schema().hashed(Section::Inputs).position(|t| t == spec).ok_or_else(|| {
        let message =
            format!("the model has no hashed input like `{}` of the key: they do not belong together", spec.name);
        Failure::new(Kind::Damaged, message)
    })?;
    let expected = Expected { allow_development_srs, ..Expected::default() };
    let claim = verify_bytes(model, &expected, &read_proof(proof)?);
    let claim = claim.map_err(|error| refused(&report::reason(&error)))?;
    claim.public().input_hashes.get(position).copied().ok_or_else(|| refused(&"it shows no hash of the tensor"))
}
