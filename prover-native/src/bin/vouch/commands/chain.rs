//! `vouch chain`.

mod expected;

use std::{
    fmt::Write,
    path::{Path, PathBuf},
};

use serde_json::json;
use vouch::{files, open_verifying_key, parse_link, read_chain};
use vouch_envelope::{CHAIN_VERSION, ChainReport, ProofChain, ProofEnvelope, Section};
use vouch_verifier::{
    ChainOutcome, ChainStep, ChainVerification, Expected, Link, VerifiedChain, VerifierKey, verify_chain,
};

use crate::{
    Output,
    args::SampleArg,
    commands::{report, verify},
    failure::{Failure, Kind},
    inputs,
    progress::Show,
};

#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    #[command(subcommand)]
    pub(crate) command: Command,
}

#[derive(Debug, clap::Subcommand)]
pub(crate) enum Command {
    /// Make a chain of proofs, if it holds
    Link(LinkArgs),
    /// Verify a chain: each proof, and each link
    Verify(VerifyArgs),
}

/// What the models and links of a chain are.
#[derive(Debug, clap::Args)]
pub(crate) struct ShapeArgs {
    /// The verifying key of each proof, in the chain's order, from a source that you trust
    #[arg(long, required = true, value_name = "FILE")]
    pub(crate) key: Vec<PathBuf>,
    /// Outputs that are inputs of a later proof: `0:hours=6:redemption_hours[0]`, a tensor or a range `[A..B]` of it; or by position, `0:outputs[0..1]=6:inputs[18..19]`
    #[arg(long, value_name = "PROOF:OUTPUT=PROOF:INPUT")]
    pub(crate) link: Vec<String>,
}

#[derive(Debug, clap::Args)]
pub(crate) struct LinkArgs {
    /// The proofs, in order
    #[arg(required = true, value_name = "PROOF")]
    pub(crate) proofs: Vec<PathBuf>,
    #[command(flatten)]
    pub(crate) shape: ShapeArgs,
    /// The chain
    #[arg(short, long, value_name = "CHAIN")]
    pub(crate) output: PathBuf,
}

#[derive(Debug, clap::Args)]
pub(crate) struct VerifyArgs {
    /// The chain
    pub(crate) chain: PathBuf,
    #[command(flatten)]
    pub(crate) shape: ShapeArgs,
    /// The nonces that you asked with, one for each proof
    #[arg(long, value_name = "HEX")]
    pub(crate) nonce: Vec<String>,
    /// The inputs of a proof that you expect, but for tensors that links fill (.npz, .json by input name)
    #[arg(long, value_name = "PROOF=FILE")]
    pub(crate) input: Vec<String>,
    /// Links, nonces and inputs in one file of JSON, as the verifier's other faces take it: `{"steps": […], "links": […]}`
    #[arg(long, value_name = "FILE", conflicts_with_all = ["link", "nonce", "input"])]
    pub(crate) expected: Option<PathBuf>,
    /// Accept a key whose reference string was made for development: whoever made it can forge proofs
    #[arg(long)]
    pub(crate) allow_development: bool,
}

pub(crate) fn run(args: &Args, show: Show) -> Result<Output, Failure> {
    match &args.command {
        Command::Link(args) => link(args, show),
        Command::Verify(args) => verify_file(args, show),
    }
}

/// The keys and links that were given.
fn shape(args: &ShapeArgs) -> Result<(Vec<VerifierKey>, Vec<Link>), Failure> {
    let keys = args.key.iter().map(open_verifying_key).collect::<Result<Vec<_>, _>>()?;
    let wrong = |e| Failure::new(Kind::Usage, format!("--link {e}"));
    let links = args.link.iter().map(|text| parse_link(text, &keys).map_err(wrong)).collect::<Result<_, _>>()?;
    Ok((keys, links))
}

fn link(args: &LinkArgs, show: Show) -> Result<Output, Failure> {
    let (keys, links) = shape(&args.shape)?;
    if keys.len() != args.proofs.len() {
        return Err(count("--key", args.proofs.len(), keys.len()));
    }
    // Making a chain trusts nobody: whoever verifies it decides about the setup.
    report::note_development(&keys, true, show);
    let mut proofs = Vec::with_capacity(args.proofs.len());
    for path in &args.proofs {
        let bytes = vouch::read_proof(path)?;
        let wrong = |e| Failure::new(Kind::Damaged, format!("{}: {e}", path.display()));
        proofs.push(ProofEnvelope::decode(&bytes).map_err(wrong)?);
    }
    let chain = ProofChain::new(proofs, links).map_err(|e| Failure::new(Kind::Usage, e))?;
    let any = |key| ChainStep { key, expected: Expected { allow_development_srs: true, ..Expected::default() } };
    let steps: Vec<_> = keys.iter().map(any).collect();
    verify_chain(&steps, chain.links(), &chain).map_err(|e| Failure::new(Kind::Refused, e))?;
    let bytes = chain.encode().map_err(|e| Failure::new(Kind::Damaged, e))?;
    files::write(&args.output, &[&bytes])?;
    let (proofs, links) = (chain.proofs().len(), chain.links());
    let mut text = format!("{}: {proofs} proofs, {} bytes\n", args.output.display(), bytes.len());
    for link in links {
        let _ = writeln!(text, "  {link}");
    }
    let json = json!({ "output": args.output, "bytes": bytes.len(), "proofs": proofs, "links": links });
    Ok(Output { text, json })
}

fn count(option: &str, proofs: usize, got: usize) -> Failure {
    Failure::new(Kind::Usage, format!("expected one {option} for each of {proofs} proofs, got {got}"))
}

/// What is expected of each proof.
fn expectations(args: &VerifyArgs, keys: &[VerifierKey], links: &[Link]) -> Result<Vec<Expected>, Failure> {
    if !args.nonce.is_empty() && args.nonce.len() != keys.len() {
        return Err(count("--nonce", keys.len(), args.nonce.len()));
    }
    let any = Expected { allow_development_srs: args.allow_development, ..Expected::default() };
    let mut expected = vec![any; keys.len()];
    for (expected, nonce) in expected.iter_mut().zip(&args.nonce) {
        expected.nonce = Some(nonce.parse()?);
    }
    for text in &args.input {
        let wrong = || Failure::new(Kind::Usage, format!("--input {text}: expected PROOF=FILE, a proof of the chain"));
        let (proof, file) = text.split_once('=').ok_or_else(wrong)?;
        let proof: usize = proof.parse().map_err(|_| wrong())?;
        let (key, expected) = keys.get(proof).zip(expected.get_mut(proof)).ok_or_else(wrong)?;
        expected.inputs = Some(known_inputs(key, proof, links, Path::new(file))?);
    }
    Ok(expected)
}

/// The public inputs of a file that no link fills. Tensors that are filled whole are not in the file.
fn known_inputs(key: &VerifierKey, proof: usize, links: &[Link], file: &Path) -> Result<Vec<i64>, Failure> {
    let linked =
        |at: &usize| links.iter().any(|link| usize::try_from(link.to.proof) == Ok(proof) && link.inputs().contains(at));
    let mut schema = key.schema().clone();
    let mut known = Vec::new();
    schema.inputs.retain(|tensor| {
        let Some(range) = key.schema().public_range(Section::Inputs, &tensor.name) else { return false };
        let own: Vec<bool> = range.map(|at| !linked(&at)).collect();
        let wanted = own.contains(&true);
        if wanted {
            known.push(own);
        }
        wanted
    });
    let values = inputs::of_schema(&schema, file, SampleArg::default())?;
    let kept = values.iter().zip(&known).flat_map(|(values, known)| values.iter().zip(known));
    Ok(kept.filter(|(_, known)| **known).map(|(value, _)| *value).collect())
}

fn verify_file(args: &VerifyArgs, show: Show) -> Result<Output, Failure> {
    let (keys, links) = shape(&args.shape)?;
    let bytes = read_chain(&args.chain)?;
    let (expected, links) = match &args.expected {
        Some(file) => expected::read(file, keys.len(), args.allow_development)?,
        None => (expectations(args, &keys, &links)?, links),
    };
    let allowed = keys.iter().zip(&expected).filter(|(_, expected)| expected.allow_development_srs);
    report::note_development(allowed.map(|(key, _)| key), true, show);
    let step = |(key, expected)| ChainStep { key, expected };
    let steps = keys.iter().zip(expected).map(step).collect();
    let ChainOutcome { report, verified } = ChainVerification::new(steps, links, bytes).complete();
    let text = describe_report(&args.chain, &report, verified.as_ref());
    let claims = verified.iter().flat_map(VerifiedChain::claims).map(|claim| {
        let named = |section| verify::named(claim, section);
        let model_id = claim.model_id().to_string();
        json!({ "model_id": model_id, "inputs": named(Section::Inputs), "outputs": named(Section::Outputs) })
    });
    let json = json!({
        "accepted": verified.is_some(),
        "chain": args.chain,
        "report": report,
        "claims": claims.collect::<Vec<_>>(),
    });
    if verified.is_some() {
        return Ok(Output { text, json });
    }
    let proofs = report.proofs.iter().enumerate().map(|(i, proof)| (format!("proof {i}: "), &proof.checks));
    let all = [(String::new(), &report.checks)].into_iter().chain(proofs).chain([("link ".to_owned(), &report.links)]);
    let refused = all.flat_map(|(what, checks)| report::refusals(checks).map(move |why| format!("{what}{why}")));
    let refused = refused.collect::<Vec<_>>().join("\n       ");
    let message = format!("{}: refused: {refused}", args.chain.display());
    let mut failure = Failure::new(Kind::Refused, message);
    (failure.report, failure.details) = (Some(text), Some(json));
    Err(failure)
}

fn describe_report(path: &Path, report: &ChainReport, verified: Option<&VerifiedChain>) -> String {
    let verdict = if verified.is_some() { "VERIFIED" } else { "REFUSED" };
    let mut text = format!("{}: {verdict}\n", path.display());
    report::lines(&mut text, &report.checks);
    for (number, proof) in report.proofs.iter().enumerate() {
        let claim = verified.and_then(|verified| verified.claims().get(number));
        verify::describe(&mut text, &format!("proof {number}"), claim, proof);
    }
    if !report.links.is_empty() {
        text.push_str("links\n");
        report::lines(&mut text, &report.links);
    }
    text
}

/// What a file says, for `vouch inspect`.
pub(crate) fn describe(path: &Path) -> Result<Output, Failure> {
    let wrong = |e| Failure::new(Kind::Damaged, format!("{}: {e}", path.display()));
    let chain = ProofChain::decode(&read_chain(path)?).map_err(wrong)?;
    let mut text = format!(
        "chain of {} proofs, version {CHAIN_VERSION} (not verified: use `vouch chain verify`)\n",
        chain.proofs().len()
    );
    for (number, proof) in chain.proofs().iter().enumerate() {
        let (inputs, outputs) = (proof.public.inputs.len(), proof.public.outputs.len());
        let _ = writeln!(text, "proof {number}: model {}, {inputs} inputs, {outputs} outputs", proof.model_id);
    }
    for link in chain.links() {
        let _ = writeln!(text, "link {link}");
    }
    Ok(Output { text, json: json!({ "kind": "chain", "verified": false, "chain": chain }) })
}
