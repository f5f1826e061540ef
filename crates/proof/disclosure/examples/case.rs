//! Makes what the tests of the prover's `.wasm` need (`cargo xtask prover --test`), and checks what they made:
//!
//! * `case make DIR`: keys for a tensor like the default model's (five values of 17 bits), values, salt, hash, statements;
//! * `case check DIR`: verifies `DIR/ENVELOPES` that the module proved.

use std::{env, error::Error, fs, path::Path};

use serde::{Deserialize, Serialize};
use vouch_disclosure::{Statement, disclosure_keys, verify_statement};
use vouch_envelope::{Nonce, ProofEnvelope, Section, TensorHash};
use vouch_proving::{Salt, Srs, tensor_hash};
use vouch_verifier::{TensorSpec, VerifierKey, Visibility};

#[derive(Serialize, Deserialize)]
struct Case {
    values: Vec<i64>,
    salt: String,
    hash: TensorHash,
    nonce: Nonce,
    /// All true; `N.envelope` is the proof of the N-th.
    statements: Vec<Statement>,
    r#false: Statement,
}

fn main() -> Result<(), Box<dyn Error>> {
    let args: Vec<String> = env::args().collect();
    match args.get(1..).unwrap_or_default() {
        [command, dir] if command == "make" => make(Path::new(dir)),
        [command, dir] if command == "check" => check(Path::new(dir)),
        _ => Err("usage: case make|check DIR".into()),
    }
}

fn make(dir: &Path) -> Result<(), Box<dyn Error>> {
    let spec = TensorSpec {
        name: "queue_position_eth".to_owned(),
        shape: vec![1, 5, 1],
        unit: "ETH".to_owned(),
        scale: 0.25,
        min: 0,
        max: 75_000,
        visibility: Visibility::Hashed,
    };
    let key = disclosure_keys(&spec, &Srs::development(10))?;
    let (values, salt) = (vec![637, 191, 610, 75_000, 0], Salt::random());
    let case = Case {
        hash: tensor_hash(&salt, Section::Inputs, &spec.name, &values)?,
        salt: salt.to_string(),
        nonce: Nonce(Salt::random().0),
        statements: vec![
            Statement::element(&spec, 1, 191, 191)?,
            Statement::element(&spec, 3, 70_000, 75_000)?,
            Statement::weighted(&spec, vec![1000, -1000, 1, 0, 7], -1000, 446_610)?,
        ],
        r#false: Statement::element(&spec, 1, 192, 75_000)?,
        values,
    };
    fs::create_dir_all(dir)?;
    fs::write(dir.join("prover.key"), key.to_bytes()?)?;
    fs::write(dir.join("verifier.key"), key.verifier.to_bytes())?;
    Ok(fs::write(dir.join("case.json"), serde_json::to_vec(&case)?)?)
}

fn check(dir: &Path) -> Result<(), Box<dyn Error>> {
    let key = VerifierKey::from_bytes(&fs::read(dir.join("verifier.key"))?)?;
    let case: Case = serde_json::from_slice(&fs::read(dir.join("case.json"))?)?;
    for (index, statement) in case.statements.iter().enumerate() {
        let envelope = ProofEnvelope::decode(&fs::read(dir.join(format!("{index}.envelope")))?)?;
        verify_statement(&key, case.hash, statement, Some(case.nonce), true, &envelope)?;
    }
    println!("native: {} proofs of the module accepted", case.statements.len());
    Ok(())
}
