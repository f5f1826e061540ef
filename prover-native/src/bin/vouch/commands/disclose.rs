//! `vouch disclose`: keys, proofs and verification of facts about hashed inputs.

mod fact;
mod verify;

use std::{
    path::{Path, PathBuf},
    time::Instant,
};

use serde_json::json;
use vouch::{
    KeyFiles, Model, PROVER_KEY_FILE, Salt, Srs, SrsKind, Statement, disclosure_dir, fact_keys, fact_rows, fact_words,
    files, hashed_input, open_fact_key, prove_fact,
};
use vouch_verifier::{Schema, Section, TensorSpec};

use self::fact::FactArgs;
use super::prove::nonce;
use crate::{
    Output,
    args::SampleArg,
    failure::{Failure, Kind},
    inputs,
    progress::{DEVELOPMENT, Show},
    usage::{bytes, seconds},
};

#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    #[command(subcommand)]
    pub(crate) command: Command,
}

#[derive(Debug, clap::Subcommand)]
pub(crate) enum Command {
    /// Make the keys for facts about each hashed input of a compiled model
    Setup {
        /// Folder of the bundle; keys go to its folder disclosure/NAME
        dir: PathBuf,
        /// Reference string; without it one is made for development, which must not be relied on
        #[arg(long, value_name = "FILE")]
        srs: Option<PathBuf>,
    },
    /// Prove a fact about a hashed input; nothing else of it is learned
    Prove(ProveArgs),
    /// Verify the proof of a fact, against the hash that a proof of the model shows
    Verify(verify::Args),
}

#[derive(Debug, clap::Args)]
pub(crate) struct ProveArgs {
    /// Folder of the bundle
    pub(crate) dir: PathBuf,
    /// The inputs that the proof of the model was about (.npy, .npz, .json by input name)
    #[arg(long, value_name = "FILE")]
    pub(crate) input: PathBuf,
    #[command(flatten)]
    pub(crate) sample: SampleArg,
    /// The secret that the proof of the model was made with
    #[arg(long, value_name = "HEX")]
    pub(crate) salt: String,
    /// The input that the fact is about
    #[arg(long, value_name = "NAME")]
    pub(crate) tensor: String,
    #[command(flatten)]
    pub(crate) fact: FactArgs,
    /// Show the value itself, whatever it is
    #[arg(long, requires = "index", conflicts_with_all = ["value_range", "weights"])]
    pub(crate) reveal: bool,
    /// 64 hexadecimal digits chosen by whoever asks for the proof [default: random]
    #[arg(long, value_name = "HEX")]
    pub(crate) nonce: Option<String>,
    /// The proof
    #[arg(short, long, value_name = "PROOF")]
    pub(crate) output: PathBuf,
}

pub(crate) fn run(args: &Args, show: Show) -> Result<Output, Failure> {
    match &args.command {
        Command::Setup { dir, srs } => setup(dir, srs.as_deref(), show),
        Command::Prove(args) => prove(args, show),
        Command::Verify(args) => verify::run(args, show),
    }
}

/// The hashed inputs, of which there must be some.
fn hashed(schema: &Schema) -> Result<Vec<TensorSpec>, Failure> {
    let found: Vec<TensorSpec> = schema.hashed(Section::Inputs).cloned().collect();
    if found.is_empty() {
        let message = "the model has no hashed inputs (`vouch compile --visibility NAME=hashed` makes them)";
        return Err(Failure::new(Kind::Input, message));
    }
    Ok(found)
}

/// The hashed input of a name.
fn named(schema: &Schema, name: &str) -> Result<TensorSpec, Failure> {
    hashed(schema)?;
    Ok(hashed_input(schema, name)?.clone())
}

fn setup(dir: &Path, srs: Option<&Path>, show: Show) -> Result<Output, Failure> {
    let model = Model::open(dir)?;
    let tensors = hashed(&model.program.schema())?;
    let mut needed = 0;
    for spec in &tensors {
        needed = needed.max(fact_rows(spec)?);
    }
    let srs = match srs {
        Some(file) => show.working("checking the SRS", 0.5, || Srs::open(file))?,
        None => show.working("making an SRS", 0.2, || Srs::development(needed)),
    };
    if srs.kind() == SrsKind::Development {
        show.note(DEVELOPMENT);
    }
    let mut text = String::new();
    let mut keys = Vec::new();
    for spec in &tensors {
        let key = show.working(&format!("making keys for {}", spec.name), 0.5, || fact_keys(spec, &srs))?;
        let folder = disclosure_dir(dir, &spec.name);
        let KeyFiles { prover, prover_bytes, verifier, verifier_bytes } = key.save(&folder)?;
        let (id, k, proof_bytes) = (key.model_id(), key.k(), key.verifying_key().proof_len());
        text += &format!(
            "{}: 2^{k} rows, prover key {}, verifier key {}, proofs {proof_bytes} bytes -> {}\n  key id {id}\n",
            spec.name,
            bytes(prover_bytes),
            bytes(verifier_bytes),
            folder.display()
        );
        keys.push(json!({
            "tensor": spec.name,
            "model_id": id.to_string(),
            "k": k,
            "prover_key": prover,
            "verifier_key": verifier,
            "prover_key_bytes": prover_bytes,
            "verifier_key_bytes": verifier_bytes,
            "proof_bytes": proof_bytes,
        }));
    }
    Ok(Output { text, json: json!({ "srs_kind": srs.kind(), "keys": keys }) })
}

fn prove(args: &ProveArgs, show: Show) -> Result<Output, Failure> {
    let (nonce, salt) = (nonce(args.nonce.as_deref())?, args.salt.parse::<Salt>()?);
    let model = Model::open(&args.dir)?.program.schema();
    let spec = named(&model, &args.tensor)?;
    let all = inputs::of_schema(&model, &args.input, args.sample)?;
    let own = model.inputs.iter().zip(all).find(|(t, _)| t.name == spec.name);
    let values = own.map(|(_, values)| values).unwrap_or_default();
    let statement = match args.fact.index {
        Some(index) if args.reveal => {
            let value = values.get(index).copied().unwrap_or_default();
            Statement::element(&spec, index, value, value)?
        }
        _ => fact::statement(&args.fact, &spec)?.ok_or_else(|| {
            Failure::new(
                Kind::Usage,
                "say which fact: --index I --reveal, or --index I or --weights FILE with --value-range LO,HI",
            )
        })?,
    };
    // The statement's own refusal comes before the key is read.
    statement.check_values(&spec, &values)?;
    let folder = disclosure_dir(&args.dir, &spec.name);
    let file = folder.join(PROVER_KEY_FILE);
    if !file.exists() {
        let dir = args.dir.display();
        let message = format!("there is no {}: run `vouch disclose setup {dir}`", file.display());
        return Err(Failure::new(Kind::Other, message));
    }
    let key = open_fact_key(&folder)?;
    let start = Instant::now();
    let envelope = show.working("proving", 0.2, || prove_fact(&key, &values, salt, &statement, nonce))?;
    let elapsed = start.elapsed();
    let encoded = envelope.encode().map_err(vouch::Error::from)?;
    files::write(&args.output, &[&encoded])?;
    let hash = envelope.public.input_hashes.first().map(ToString::to_string).unwrap_or_default();
    let text = format!(
        "{}\nproof of {} in {:.2} s -> {}\nhash of {}: {hash}\nnonce {nonce}\n",
        fact_words(&statement, &spec),
        bytes(encoded.len() as u64),
        elapsed.as_secs_f64(),
        args.output.display(),
        spec.name,
    );
    let json = json!({
        "proof": args.output,
        "statement": fact::json(&statement, &spec),
        "hash": hash,
        "model_id": envelope.model_id.to_string(),
        "nonce": nonce.to_string(),
        "envelope_bytes": encoded.len(),
        "prove_seconds": seconds(elapsed),
    });
    Ok(Output { text, json })
}
