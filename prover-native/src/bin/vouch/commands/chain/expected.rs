//! What is expected of a chain, from one file: the JSON that the verifier's other faces take.

use std::path::Path;

use serde::{Deserialize, Deserializer, de::Error};
use vouch::files;
use vouch_envelope::{ModelId, Nonce, TensorHash};
use vouch_verifier::{Expected, Link};

use crate::failure::{Failure, Kind};

/// Larger files of expectations do not exist.
const MAX_BYTES: u64 = 1 << 26;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    steps: Vec<Step>,
    links: Vec<Link>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Step {
    #[serde(default)]
    model_id: Option<ModelId>,
    #[serde(default)]
    nonce: Option<Nonce>,
    #[serde(default, deserialize_with = "integers")]
    inputs: Option<Vec<i64>>,
    #[serde(default, deserialize_with = "integers")]
    outputs: Option<Vec<i64>>,
    #[serde(default)]
    input_hashes: Option<Vec<TensorHash>>,
    #[serde(default)]
    output_hashes: Option<Vec<TensorHash>>,
    #[serde(default)]
    allow_development_srs: bool,
}

/// Integers are decimal text, or numbers.
fn integers<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<Vec<i64>>, D::Error> {
    #[derive(Deserialize)]
    #[serde(untagged)]
    enum Integer {
        Number(i64),
        Text(String),
    }
    let given: Option<Vec<Integer>> = Option::deserialize(deserializer)?;
    let integer = |given| match given {
        Integer::Number(number) => Ok(number),
        Integer::Text(text) => text.parse().map_err(|e| D::Error::custom(format!("{text:?}: {e}"))),
    };
    given.map(|all| all.into_iter().map(integer).collect()).transpose()
}

/// Reads what is expected of each of `proofs` proofs, and the links. A development setup is accepted where the file
/// says so; `allow_development` accepts it for all.
pub(super) fn read(path: &Path, proofs: usize, allow_development: bool) -> Result<(Vec<Expected>, Vec<Link>), Failure> {
    let bytes = files::read(path, MAX_BYTES)?;
    let wrong = |e: &dyn std::fmt::Display| Failure::new(Kind::Input, format!("{}: {e}", path.display()));
    let file: File = serde_json::from_slice(&bytes).map_err(|e| wrong(&e))?;
    if file.steps.len() != proofs {
        return Err(wrong(&format!("expected one step for each of {proofs} keys, got {}", file.steps.len())));
    }
    let steps = file.steps.into_iter().map(|step| Expected {
        model_id: step.model_id,
        nonce: step.nonce,
        inputs: step.inputs,
        outputs: step.outputs,
        input_hashes: step.input_hashes,
        output_hashes: step.output_hashes,
        allow_development_srs: step.allow_development_srs || allow_development,
    });
    Ok((steps.collect(), file.links))
}
