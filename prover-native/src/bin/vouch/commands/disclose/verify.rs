//! `vouch disclose verify`.

use std::{fmt::Write, path::Path, time::Instant};

use serde_json::json;
use vouch_disclosure::{expected_of, spec_of, statement_of};
use vouch_envelope::{ProofEnvelope, TensorHash};
use vouch_verifier::{Expected, TensorSpec, VerifierKey, verify_bytes};

use super::{fact, hashed_inputs, read_envelope, read_key};
use crate::{
    Said,
    args::DiscloseVerify,
    commands::report,
    failure::{Failure, Kind},
    progress::Show,
    usage::seconds,
};

pub(super) fn run(args: &DiscloseVerify, show: Show) -> Result<Said, Failure> {
    let key = read_key(&args.key)?;
    let spec = spec_of(&key)?;
    report::note_development([&key], args.allow_development, show);
    let hash = match (&args.hash, &args.original, &args.original_key) {
        (Some(hash), _, _) => hash.parse()?,
        (None, Some(proof), Some(model)) => original(proof, &read_key(model)?, spec, args.allow_development)?,
        _ => return Err(Failure::new(Kind::Usage, "a fact is verified against --hash HEX or --original PROOF")),
    };
    let bytes = read_envelope(&args.proof)?;
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
    let words = fact::words(&statement, spec);
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
        return Ok(Said { text, json });
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
    let position = hashed_inputs(model.schema()).position(|t| t == spec).ok_or_else(|| {
        let message =
            format!("the model has no hashed input like `{}` of the key: they do not belong together", spec.name);
        Failure::new(Kind::Damaged, message)
    })?;
    let expected = Expected { allow_development_srs, ..Expected::default() };
    let claim = verify_bytes(model, &expected, &read_envelope(proof)?);
    let claim = claim.map_err(|error| refused(&report::reason(&error)))?;
    claim.public().input_hashes.get(position).copied().ok_or_else(|| refused(&"it shows no hash of the tensor"))
}
