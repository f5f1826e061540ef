//! `vouch verify`.

use std::{
    fmt::Write,
    path::{Path, PathBuf},
    time::Instant,
};

use serde_json::{Map, json};
use vouch_envelope::{ProofEnvelope, VerificationReport};
use vouch_prover::files;
use vouch_verifier::{
    Expected, KEY_MAGIC, Outcome, Section, Together, VerifiedClaim, VerifierKey, Visibility, verify_together,
};

use super::report;
use crate::{
    Said,
    args::Verify,
    failure::{Failure, Kind},
    inputs,
    progress::Show,
    usage::seconds,
};

/// Larger proofs do not exist.
const MAX_ENVELOPE: u64 = 64 << 20;
/// Larger verifying keys do not either.
const MAX_KEY: u64 = 64 << 20;

/// The bytes of an envelope: the binary form, or that of the JSON export.
pub(crate) fn read_envelope(path: &Path) -> Result<Vec<u8>, Failure> {
    let bytes = files::read(path, MAX_ENVELOPE)?;
    if bytes.first() == Some(&b'{') {
        let wrong = |e: &dyn std::fmt::Display| Failure::new(Kind::Refused, format!("{}: {e}", path.display()));
        let envelope: ProofEnvelope = serde_json::from_slice(&bytes).map_err(|e| wrong(&e))?;
        return envelope.encode().map_err(|e| wrong(&e));
    }
    Ok(bytes)
}

pub(crate) fn read_key(path: &Path) -> Result<VerifierKey, Failure> {
    let bytes = files::read(path, MAX_KEY)?;
    if let Some(kind) = files::kind_of(&bytes)
        && !bytes.starts_with(&KEY_MAGIC)
    {
        let reason = format!("{}: this is {kind}, not a verifying key (verifier.key)", path.display());
        return Err(Failure::new(Kind::Damaged, reason));
    }
    Ok(VerifierKey::from_bytes(&bytes)?)
}

pub(crate) fn run(args: &Verify, show: Show) -> Result<Said, Failure> {
    let key = read_key(&args.key)?;
    let expected = Expected {
        model_id: args.model_id.as_deref().map(str::parse).transpose()?,
        nonce: args.nonce.as_deref().map(str::parse).transpose()?,
        allow_development_srs: args.allow_development,
        ..expected_inputs(&key, args)?
    };
    report::note_development([&key], args.allow_development, show);
    let items = args.proofs.iter().map(|path| Ok((expected.clone(), read_envelope(path)?)));
    let items = items.collect::<Result<Vec<_>, Failure>>()?;
    let start = Instant::now();
    let Together { outcomes, together } = verify_together(&key, items);
    let elapsed = start.elapsed();
    let accepted = outcomes.iter().all(|outcome| outcome.claim.is_some());
    let mut text = String::new();
    let mut proofs = Vec::new();
    for (path, Outcome { report, claim }) in args.proofs.iter().zip(&outcomes) {
        describe(&mut text, &path.display().to_string(), claim.as_ref(), report);
        proofs.push(json!({
            "proof": path,
            "accepted": claim.is_some(),
            "checks": report.checks,
            "inputs": claim.as_ref().map(|c| named(c, Section::Inputs)),
            "outputs": claim.as_ref().map(|c| named(c, Section::Outputs)),
            "nonce": claim.as_ref().map(|c| c.nonce().to_string()),
        }));
    }
    text.push_str(&way(outcomes.len(), together));
    let json = json!({
        "accepted": accepted,
        "model_id": key.model_id().to_string(),
        "srs_kind": key.srs_kind(),
        "seconds": seconds(elapsed),
        "way": if together > 0 { "batch" } else { "one by one" },
        "proofs": proofs,
    });
    if accepted {
        return Ok(Said { text, json });
    }
    let refused = |(path, outcome): (&PathBuf, &Outcome)| {
        let name = path.display().to_string();
        report::refusals(&outcome.report.checks).map(|why| format!("{name}: refused by the check of the {why}")).next()
    };
    let refused: Vec<String> = args.proofs.iter().zip(&outcomes).filter_map(refused).collect();
    let mut failure = Failure::new(Kind::Refused, refused.join("\n       "));
    failure.report = Some(text);
    failure.details = Some(json);
    Err(failure)
}

/// How the pairing equations were checked, for people; nothing of a single proof.
fn way(proofs: usize, together: usize) -> String {
    match (proofs, together) {
        (0 | 1, _) => String::new(),
        (_, 0) => format!("{proofs} proofs, one by one: each has a pairing equation of its own\n"),
        _ if proofs == together => format!("{proofs} proofs in one batch: one pairing equation for all\n"),
        _ => format!("{proofs} proofs, {together} of them in one batch: one pairing equation for those\n"),
    }
}

/// What is expected of the inputs.
fn expected_inputs(key: &VerifierKey, args: &Verify) -> Result<Expected, Failure> {
    let Some(file) = &args.input else { return Ok(Expected::default()) };
    let schema = key.schema();
    let values = inputs::of_schema(schema, file, args.sample)?;
    let public = schema.inputs.iter().zip(&values).filter(|(t, _)| t.visibility == Visibility::Public);
    let inputs = Some(public.flat_map(|(_, own)| own.iter().copied()).collect());
    let input_hashes = match &args.salt {
        Some(salt) => {
            let hashes = inputs::hashes(schema, &values, salt.parse()?)?;
            Some(hashes.into_iter().map(|(_, hash)| hash).collect())
        }
        None if schema.hashes(Section::Inputs) > 0 => {
            let message =
                "the key's hashed inputs can only be compared with --salt HEX, the secret that the proof was made with";
            return Err(Failure::new(Kind::Input, message));
        }
        None => None,
    };
    Ok(Expected { inputs, input_hashes, ..Expected::default() })
}

pub(crate) fn describe(text: &mut String, name: &str, claim: Option<&VerifiedClaim>, report: &VerificationReport) {
    let verdict = if claim.is_some() { "VERIFIED" } else { "REFUSED" };
    let _ = writeln!(text, "{name}: {verdict}");
    report::lines(text, &report.checks);
    let Some(claim) = claim else { return };
    for section in [Section::Inputs, Section::Outputs] {
        let values = real(claim, section);
        let mut rest = values.as_slice();
        let mut hashes = claim.public().section(section).1.iter();
        for t in claim.schema().section(section) {
            match t.visibility {
                Visibility::Public => {}
                Visibility::Hashed => {
                    let hash = hashes.next().map(ToString::to_string).unwrap_or_default();
                    let _ = writeln!(text, "  {section:<7} {} has the hash {hash}", t.name);
                    continue;
                }
                Visibility::Private => {
                    let _ = writeln!(text, "  {section:<7} {} is private", t.name);
                    continue;
                }
            }
            let (own, tail) = rest.split_at(t.values().unwrap_or(0).min(rest.len()));
            rest = tail;
            let shown: Vec<String> = own.iter().take(8).map(|v| format!("{v:.6}")).collect();
            let more = if own.len() > 8 { format!(" … ({} values)", own.len()) } else { String::new() };
            let _ = writeln!(text, "  {section:<7} {} = {}{more} {}", t.name, shown.join(", "), t.unit);
        }
    }
}

fn real(claim: &VerifiedClaim, section: Section) -> Vec<f64> {
    match section {
        Section::Inputs => claim.real_inputs(),
        Section::Outputs => claim.real_outputs(),
    }
}

pub(crate) fn named(claim: &VerifiedClaim, section: Section) -> Map<String, serde_json::Value> {
    let values = real(claim, section);
    let mut rest = values.as_slice();
    let mut out = Map::new();
    let mut hashes = claim.public().section(section).1.iter();
    for t in claim.schema().section(section) {
        match t.visibility {
            Visibility::Public => {}
            Visibility::Hashed => {
                out.insert(t.name.clone(), json!({ "hash": hashes.next().map(ToString::to_string) }));
                continue;
            }
            Visibility::Private => {
                out.insert(t.name.clone(), serde_json::Value::Null);
                continue;
            }
        }
        let (own, tail) = rest.split_at(t.values().unwrap_or(0).min(rest.len()));
        rest = tail;
        let shape: Vec<usize> = t.shape.iter().map(|d| *d as usize).collect();
        out.insert(t.name.clone(), inputs::nested(&shape, own));
    }
    out
}
