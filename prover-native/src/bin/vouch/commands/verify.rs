//! `vouch verify`.

use std::{fmt::Write, path::PathBuf, time::Instant};

use serde_json::{Map, json};
use vouch::{Content, open_verifying_key, read_proof};
use vouch_envelope::VerificationReport;
use vouch_verifier::{
    ClaimedTensor, Expected, Outcome, Section, Shown, SrsKind, Together, VerifiedClaim, VerifierKey, Visibility,
    verify_together,
};

use super::report;
use crate::{
    Output,
    args::SampleArg,
    failure::{Failure, Kind},
    inputs, own,
    progress::Show,
    usage::seconds,
};

const MADE_HERE: &str = "\
NOTE: the development setup of this key was made by `vouch setup` on this machine, so this proof convinces only you.
      The maker of such a setup can forge proofs.";

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
    /// Accept a key whose reference string was made for development: its maker can forge proofs. Keys that you made yourself,
    /// with `vouch setup` on this machine, are accepted without it
    #[arg(long)]
    pub(crate) allow_development: bool,
}

pub(crate) fn run(args: &Args, show: Show) -> Result<Output, Failure> {
    let key = open_verifying_key(&args.key)?;
    let made_here = !args.allow_development && key.srs_kind() == SrsKind::Development && own::made_here(key.model_id());
    let expected = Expected {
        model_id: args.model_id.as_deref().map(str::parse).transpose()?,
        nonce: args.nonce.as_deref().map(str::parse).transpose()?,
        allow_development_srs: args.allow_development || made_here,
        ..expected_inputs(&key, args)?
    };
    report::note_development([&key], args.allow_development, show);
    if made_here {
        show.note(MADE_HERE);
    }
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
            "claim": claim.as_ref().map(Content::from),
        }));
    }
    text.push_str(&way(outcomes.len(), together));
    let json = json!({
        "accepted": accepted,
        "model_id": key.model_id().to_string(),
        "srs_kind": key.srs_kind(),
        "made_here": made_here,
        "seconds": seconds(elapsed),
        "way": if together > 0 { "batch" } else { "one by one" },
        "proofs": proofs,
    });
    if accepted {
        return Ok(Output { text, json });
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
    for section in Section::ALL {
        for t in claim.tensors(section) {
            let name = &t.spec.name;
            let _ = match (t.shown, t.reals()) {
                (Shown::Hash(hash), _) => writeln!(text, "  {section:<7} {name} has the hash {hash}"),
                (_, Some(values)) => {
                    let shown: Vec<String> = values.iter().take(8).map(|v| format!("{v:.6}")).collect();
                    let more = if values.len() > 8 { format!(" … ({} values)", values.len()) } else { String::new() };
                    writeln!(text, "  {section:<7} {name} = {}{more} {}", shown.join(", "), t.spec.unit)
                }
                (_, None) => writeln!(text, "  {section:<7} {name} is private"),
            };
        }
    }
}

/// The tensors of a section by name: nested lists of real numbers, a hash, or null.
pub(crate) fn named(claim: &VerifiedClaim, section: Section) -> Map<String, serde_json::Value> {
    let value = |t: &ClaimedTensor<'_>| match (t.shown, t.reals()) {
        (Shown::Hash(hash), _) => json!({ "hash": hash.to_string() }),
        (_, Some(values)) => {
            let shape: Vec<usize> = t.spec.shape.iter().map(|d| *d as usize).collect();
            inputs::nested(&shape, &values)
        }
        (_, None) => serde_json::Value::Null,
    };
    claim.tensors(section).iter().map(|t| (t.spec.name.clone(), value(t))).collect()
}
