//! `vouch hash`.

use std::{fmt::Write, path::PathBuf};

use serde_json::{Map, json};
use vouch::open_verifying_key;

use crate::{
    Output,
    args::SampleArg,
    failure::{Failure, Kind},
    inputs,
};

#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// The verifying key: it says which tensors are hashed, and their scales
    #[arg(long, value_name = "FILE")]
    pub(crate) key: PathBuf,
    /// The inputs (.npy, .npz, .json by input name)
    #[arg(long, value_name = "FILE")]
    pub(crate) input: PathBuf,
    #[command(flatten)]
    pub(crate) sample: SampleArg,
    /// The secret that the proof was made with
    #[arg(long, value_name = "HEX")]
    pub(crate) salt: String,
}

pub(crate) fn run(args: &Args) -> Result<Output, Failure> {
    let key = open_verifying_key(&args.key)?;
    let values = inputs::of_schema(key.schema(), &args.input, args.sample)?;
    let hashes = inputs::hashes(key.schema(), &values, args.salt.parse()?)?;
    if hashes.is_empty() {
        let message = "the key has no hashed inputs (`vouch compile --visibility NAME=hashed` makes them)";
        return Err(Failure::new(Kind::Input, message));
    }
    let mut text = String::new();
    for (name, hash) in &hashes {
        let _ = writeln!(text, "{hash}  {name}");
    }
    let named: Map<String, serde_json::Value> =
        hashes.into_iter().map(|(name, hash)| (name, hash.to_string().into())).collect();
    Ok(Output { text, json: json!({ "model_id": key.model_id().to_string(), "hashes": named }) })
}
