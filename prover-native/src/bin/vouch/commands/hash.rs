//! `vouch hash`.

use std::fmt::Write;

use serde_json::{Map, json};

use super::verify::read_key;
use crate::{
    Said,
    args::Hash,
    failure::{Failure, Kind},
    inputs,
};

pub(crate) fn run(args: &Hash) -> Result<Said, Failure> {
    let key = read_key(&args.key)?;
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
    Ok(Said { text, json: json!({ "model_id": key.model_id().to_string(), "hashes": named }) })
}
