//! Verifies a proof of a forecast, and shows what happens to four lies about it.
//!
//! ```sh
//! cargo run --release --example verify
//! ```
//!
//! `staking-lstm.key` and `forecast.proof` were made by `vouch setup` and `vouch prove` for the model and the example input in
//! `models/staking-lstm`. The key says which model it is; the proof comes from whoever ran it and is trusted in nothing.

use std::{error::Error, time::Instant};

use vouch_verifier::{Expected, Nonce, ProofEnvelope, Section, TensorSpec, VerifierKey, verify};

const KEY: &[u8] = include_bytes!("staking-lstm.key");
const PROOF: &[u8] = include_bytes!("forecast.proof");
/// What we asked about, in natural units.
const QUESTION: &str = include_str!("../../models/staking-lstm/example.json");
/// The number that we sent with the question, so that an old answer cannot be used again.
const NONCE: &str = "aa0c21b86dc47d7fa605aef71685127588c83f04185ff005e39193a8ba6e4681";

fn main() -> Result<(), Box<dyn Error>> {
    let key = VerifierKey::from_bytes(KEY)?;
    let envelope = ProofEnvelope::decode(PROOF)?;
    println!("model  {}", key.model_id());
    println!("proof  {} bytes, key {} bytes\n", PROOF.len(), KEY.len());

    // What we know ourselves. The key's reference string is for development: whoever made it could forge proofs.
    let expected = Expected {
        model_id: Some(key.model_id()),
        nonce: Some(NONCE.parse()?),
        inputs: Some(question(key.schema().section(Section::Inputs))?),
        allow_development_srs: true,
        ..Expected::default()
    };
    let start = Instant::now();
    let claim = verify(&key, &expected, &envelope)?;
    let time = start.elapsed();
    let forecast = &claim.schema().section(Section::Outputs)[0];
    let hours = claim.real_outputs()[0];
    println!("ACCEPTED in {:.1} ms: {} = {hours:.1} {}\n", 1e3 * time.as_secs_f64(), forecast.name, forecast.unit);

    for (lie, expected, envelope) in lies(&expected, &envelope) {
        match verify(&key, &expected, &envelope) {
            Ok(_) => return Err(format!("a lie was accepted: {lie}").into()),
            Err(reason) => println!("REFUSED   {lie}\n          {reason}\n"),
        }
    }
    Ok(())
}

/// The integers that the program computes on: natural units times the scale of each input.
fn question(inputs: &[TensorSpec]) -> Result<Vec<i64>, Box<dyn Error>> {
    let natural: serde_json::Value = serde_json::from_str(QUESTION)?;
    let mut integers = Vec::new();
    for input in inputs {
        let mut rest = vec![natural.get(&input.name).ok_or("the question lacks an input")?];
        let mut reals = Vec::new();
        while let Some(value) = rest.pop() {
            match value {
                serde_json::Value::Array(items) => rest.extend(items.iter().rev()),
                number => reals.push(number.as_f64().ok_or("not a number")?),
            }
        }
        integers.extend(input.quantize(&reals)?);
    }
    Ok(integers)
}

/// Four ways to lie with a proof that is good in itself.
fn lies(expected: &Expected, honest: &ProofEnvelope) -> [(&'static str, Expected, ProofEnvelope); 4] {
    let mut faster = honest.clone();
    faster.public.outputs[0] /= 2;
    let mut cheaper = honest.clone();
    cheaper.proof[100] ^= 1;
    let mut richer = honest.clone();
    richer.public.inputs[0] += 1;
    let later = Expected { nonce: Some(Nonce([7; 32])), ..expected.clone() };
    [
        ("half the hours, with the honest proof", expected.clone(), faster),
        ("the answer to another question", expected.clone(), richer),
        ("an old answer to a new request", later, honest.clone()),
        ("a proof with one bit changed", expected.clone(), cheaper),
    ]
}

#[test]
fn the_example_runs() {
    main().unwrap();
}
