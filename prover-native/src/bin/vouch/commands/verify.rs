//! `vouch verify`.

use std::{fmt::Write, path::PathBuf, time::Instant};

use serde_json::{Map, json};
use vouch::{open_verifying_key, read_proof};
use vouch_envelope::VerificationReport;
use vouch_verifier::{Expected, Outcome, Section, Together, VerifiedClaim, VerifierKey, Visibility, verify_together};

use super::report;
use crate::{
    Said,
    args::SampleArg,
    failure::{Failure, Kind},
    inputs,
    progress::Show,
    usage::seconds,
};

#[derive(Debug, clap::Args)]
#[command(mut_arg("sample", |sample| sample.requires("input")))]
pub(crate) struct Args {
    /// Proofs; several are verified together, with one pairing equation if all are good
    #[arg(required = true, value_name = "PROOF")]
    pub(crate) proofs: Vec<PathBuf>,
    /// The verifying key, from a source that you trust
    #[arg(long, value_name = "FILE")]
    pub(crate) key: PathBuf,
    /// The model that you expect, if you do not trust the key
    #[arg(long, value_name = "HEX")]
    pub(crate) model_id: Option<String>,
    /// The inputs that you expect; hashed ones only with --salt, private ones are not compared
    #[arg(long, value_name = "FILE")]
    pub(crate) input: Option<PathBuf>,
    /// The secret that the hashes of the inputs are salted with
    #[arg(long, value_name = "HEX", requires = "input")]
    pub(crate) salt: Option<String>,
    #[command(flatten)]
    pub(crate) sample: SampleArg,
    /// The nonce that you asked with
    #[arg(long, value_name = "HEX")]
    pub(crate) nonce: Option<String>,
    /// Accept a key whose reference string was made for development: whoever made it can forge proofs
    #[arg(long)]
    pub(crate) allow_development: bool,
}

pub(crate) fn run(args: &Args, show: Show) -> Result<Said, Failure> {
    let key = open_verifying_key(&args.key)?;
    let expected = Expected {
        model_id: args.model_id.as_deref().map(str::parse).transpose()?,
        nonce: args.nonce.as_deref().map(str::parse).transpose()?,
        allow_development_srs: args.allow_development,
        ..expected_inputs(&key, args)?
    };
    report::note_development([&key], args.allow_development, show);
    let items = args.proofs.iter().map(|path| Ok((expected.clone(), read_proof(path)?)));
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
fn expected_inputs(key: &VerifierKey, args: &Args) -> Result<Expected, Failure> {
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
