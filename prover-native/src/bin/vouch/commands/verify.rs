//! `vouch verify`.

use std::{fmt::Write, path::Path, time::Instant};

use serde_json::{Map, json};
use vouch_envelope::{ProofEnvelope, VerificationReport};
use vouch_prover::files;
use vouch_verifier::{Expected, Section, SrsKind, VerifiedClaim, VerifierKey, Visibility, report, verify_batch};

use crate::{
    Said,
    args::Verify,
    failure::{Failure, Kind},
    inputs,
    progress::{DEVELOPMENT, Show},
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
    Ok(VerifierKey::from_bytes(&files::read(path, MAX_KEY)?)?)
}

pub(crate) fn run(args: &Verify, show: Show) -> Result<Said, Failure> {
    let key = read_key(&args.key)?;
    let expected = Expected {
        model_id: args.model_id.as_deref().map(str::parse).transpose()?,
        nonce: args.nonce.as_deref().map(str::parse).transpose()?,
        allow_development_srs: !args.production,
        ..expected_inputs(&key, args)?
    };
    if key.srs_kind() == SrsKind::Development && !args.production {
        show.note(DEVELOPMENT);
    }
    let envelopes = args.proofs.iter().map(|p| read_envelope(p)).collect::<Result<Vec<_>, _>>()?;
    let start = Instant::now();
    let (verdicts, reports): (Vec<Option<VerifiedClaim>>, Vec<VerificationReport>) = if envelopes.len() == 1 {
        let report = report(&key, &expected, &envelopes[0]);
        let claim =
            report.accepted.then(|| vouch_verifier::verify_bytes(&key, &expected, &envelopes[0]).ok()).flatten();
        (vec![claim], vec![report])
    } else {
        batch(&key, &expected, &envelopes)
    };
    let elapsed = start.elapsed();
    let accepted = verdicts.iter().all(Option::is_some);
    let mut text = String::new();
    let mut proofs = Vec::new();
    for ((path, claim), report) in args.proofs.iter().zip(&verdicts).zip(&reports) {
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
    let json = json!({
        "accepted": accepted,
        "model_id": key.model_id().to_string(),
        "srs_kind": key.srs_kind(),
        "seconds": seconds(elapsed),
        "proofs": proofs,
    });
    if accepted {
        return Ok(Said { text, json });
    }
    let failed: Vec<String> = reports
        .iter()
        .zip(&args.proofs)
        .filter_map(|(r, p)| Some((p, r.checks.iter().find(|c| !c.passed)?)))
        .map(|(p, c)| format!("{}: refused by the check of the {}: {}", p.display(), c.name, c.detail))
        .collect();
    let mut failure = Failure::new(Kind::Refused, failed.join("\n       "));
    failure.report = Some(text);
    failure.details = Some(json);
    Err(failure)
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

/// Many proofs with one pairing; those that fail get a report of their own.
fn batch(
    key: &VerifierKey,
    expected: &Expected,
    envelopes: &[Vec<u8>],
) -> (Vec<Option<VerifiedClaim>>, Vec<VerificationReport>) {
    let decoded: Vec<_> = envelopes.iter().map(|e| ProofEnvelope::decode(e).ok()).collect();
    let items: Vec<_> = decoded.iter().flatten().map(|e| (expected.clone(), e.clone())).collect();
    let mut verdicts = verify_batch(key, &items).into_iter();
    envelopes
        .iter()
        .zip(&decoded)
        .map(|(bytes, decoded)| match decoded.as_ref().and_then(|_| verdicts.next()) {
            Some(Ok(claim)) => {
                let check = vouch_envelope::Check {
                    name: "batch".into(),
                    passed: true,
                    code: vouch_envelope::Check::OK.into(),
                    detail: format!("one pairing for {} proofs", items.len()),
                    micros: 0,
                };
                (Some(claim), VerificationReport::new(key.model_id(), vec![check]))
            }
            _ => (None, report(key, expected, bytes)),
        })
        .unzip()
}

pub(crate) fn describe(text: &mut String, name: &str, claim: Option<&VerifiedClaim>, report: &VerificationReport) {
    let verdict = if claim.is_some() { "VERIFIED" } else { "REFUSED" };
    let _ = writeln!(text, "{name}: {verdict}");
    for c in &report.checks {
        let _ = writeln!(text, "  {} {:<18} {}", if c.passed { "ok" } else { "NO" }, c.name, c.detail);
    }
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
